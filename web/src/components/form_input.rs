//! The controls of a form: each shows one value of the text and asks for another one at its place.

use yew::prelude::*;

use super::form_field::{Drawing, Spot};
use super::form_view::Edit;
use crate::browser;
use crate::checks::form_model::Field;
use crate::state::form_value;
use crate::text::json_edit::{quoted, unquoted};
use crate::text::json_tree::parse;

/// What puts a value at the spot when its control says something.
fn setting<E: 'static>(
    drawing: &Drawing<'_>,
    spot: &Spot<'_>,
    value: impl Fn(E) -> Option<String> + 'static,
) -> Callback<E> {
    let (steps, stays) = (spot.steps.clone(), spot.stays);
    drawing.onedit.reform(move |event| match value(event) {
        Some(value) => vec![Edit::Set(steps.clone(), value)],
        None if stays => vec![Edit::Set(steps.clone(), quoted(""))],
        None => vec![Edit::Remove(steps.clone())],
    })
}

fn note(spot: &Spot<'_>) -> String {
    format!("{}-note", spot.id())
}

/// What an empty control says of the spot.
fn absence(drawing: &Drawing<'_>, spot: &Spot<'_>) -> &'static str {
    match drawing.raw(spot.node) {
        "null" => "null",
        "\"\"" => "empty text",
        _ => "not set",
    }
}

/// The text that a control shows: of a string its characters, of anything else what stands there.
fn shown(drawing: &Drawing<'_>, spot: &Spot<'_>) -> String {
    match drawing.raw(spot.node) {
        "null" => String::new(),
        raw => unquoted(raw).unwrap_or_else(|| raw.to_owned()),
    }
}

/// A number, as it is written.
pub fn number(drawing: &Drawing<'_>, spot: &Spot<'_>) -> Html {
    let oninput = setting(drawing, spot, |event: InputEvent| {
        let typed = browser::value_of(&event);
        (!typed.trim().is_empty()).then(|| form_value::number(&typed))
    });
    html! {
        <input id={spot.id()} data-testid={spot.id()} class="mono" inputmode="decimal" value={shown(drawing, spot)} placeholder={absence(drawing, spot)}
            aria-describedby={note(spot)} autocomplete="off" {oninput} />
    }
}

/// A text; over several lines where it has them.
pub fn text(drawing: &Drawing<'_>, spot: &Spot<'_>) -> Html {
    let oninput = setting(drawing, spot, |event: InputEvent| Some(quoted(&browser::value_of(&event))));
    let value = shown(drawing, spot);
    let placeholder = absence(drawing, spot);
    let rows = value.split('\n').count().min(12);
    if rows > 1 {
        return html! {
            <textarea id={spot.id()} data-testid={spot.id()} class="form-lines" rows={rows.to_string()} {value} {placeholder}
                aria-describedby={note(spot)} spellcheck="false" {oninput} />
        };
    }
    html! {
        <input id={spot.id()} data-testid={spot.id()} {value} {placeholder} aria-describedby={note(spot)} autocomplete="off" autocapitalize="none"
            spellcheck="false" {oninput} />
    }
}

/// One of a few words of JSON.
pub fn literal(drawing: &Drawing<'_>, spot: &Spot<'_>, words: &[&'static str]) -> Html {
    let options: Vec<(String, String)> = words.iter().map(|word| ((*word).to_owned(), (*word).to_owned())).collect();
    select(drawing, spot, &options, drawing.raw(spot.node))
}

/// One of the values that the schema lists.
pub fn choice(drawing: &Drawing<'_>, spot: &Spot<'_>, field: &Field) -> Html {
    let words = |choice: &String| unquoted(choice).unwrap_or_else(|| choice.clone());
    let options: Vec<(String, String)> = field.choices.iter().map(|choice| (choice.clone(), words(choice))).collect();
    let raw = drawing.raw(spot.node);
    let current = form_value::chosen(field, raw).map_or(raw, |index| field.choices[index].as_str());
    select(drawing, spot, &options, current)
}

fn select(drawing: &Drawing<'_>, spot: &Spot<'_>, options: &[(String, String)], current: &str) -> Html {
    let onchange = setting(drawing, spot, |event: Event| {
        let value = browser::value_of(&event);
        (!value.is_empty()).then_some(value)
    });
    let known = options.iter().any(|(value, _)| value == current);
    let option = |(value, words): &(String, String)| {
        html! { <option value={value.clone()} selected={value == current}>{ words.clone() }</option> }
    };
    html! {
        <select id={spot.id()} data-testid={spot.id()} aria-describedby={note(spot)} {onchange}>
            if !spot.stays {
                <option value="" selected={current.is_empty()}>{ "not set" }</option>
            }
            if !known && !current.is_empty() {
                <option value={current.to_owned()} selected=true>{ current.to_owned() }</option>
            }
            { options.iter().map(option).collect::<Html>() }
        </select>
    }
}

/// Any JSON, as it is written. What is not JSON is a text.
pub fn raw(drawing: &Drawing<'_>, spot: &Spot<'_>) -> Html {
    let value = drawing.raw(spot.node).to_owned();
    // A text that would be read as something else keeps its quotes.
    let value = match unquoted(&value) {
        Some(inner) if parse(inner.trim()).is_none() => inner,
        _ => value,
    };
    let oninput = setting(drawing, spot, |event: InputEvent| {
        let typed = browser::value_of(&event);
        match typed.trim() {
            "" => None,
            json if parse(json).is_some() && !json.starts_with(|first: char| first.is_ascii_alphabetic()) => {
                Some(json.to_owned())
            }
            word @ ("true" | "false" | "null") => Some(word.to_owned()),
            _ => Some(quoted(&typed)),
        }
    });
    let rows = value.split('\n').count().clamp(1, 12).to_string();
    html! {
        <textarea id={spot.id()} data-testid={spot.id()} class="form-lines mono" {rows} {value} placeholder="any JSON" aria-describedby={note(spot)}
            spellcheck="false" {oninput} />
    }
}

/// Properties of [`NewMember`].
#[derive(Clone, PartialEq, Properties)]
pub struct NewMemberProps {
    /// The `id` and test id of the name; its button has it with `-add`.
    pub id: AttrValue,
    /// What gets one more.
    pub of: AttrValue,
    /// Names that are there already.
    pub taken: Vec<String>,
    /// Called with the name.
    pub onadd: Callback<String>,
}

/// One more member, under a name of its own.
#[component]
pub fn NewMember(props: &NewMemberProps) -> Html {
    let name = use_state(String::new);
    let oninput = {
        let name = name.setter();
        Callback::from(move |event: InputEvent| name.set(browser::value_of(&event)))
    };
    let taken = props.taken.contains(&name);
    let add = {
        let (name, onadd) = (name.clone(), props.onadd.clone());
        Callback::from(move |()| {
            if !name.is_empty() && !taken {
                onadd.emit((*name).clone());
                name.set(String::new());
            }
        })
    };
    let onkeydown = {
        let add = add.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Enter" && !event.ctrl_key() && !event.meta_key() {
                add.emit(());
            }
        })
    };
    html! {
        <div class="form-new">
            <input id={props.id.clone()} data-testid={props.id.clone()} class="mono" value={(*name).clone()} placeholder="name" autocomplete="off"
                spellcheck="false" aria-label={format!("Name of one more property of {}", props.of)} aria-invalid={taken.then_some("true")}
                {oninput} {onkeydown} />
            <button type="button" class="quiet" data-testid={format!("{}-add", props.id)} disabled={name.is_empty() || taken}
                onclick={add.reform(|_: MouseEvent| ())}>{ if taken { "is there already" } else { "Add" } }</button>
        </div>
    }
}

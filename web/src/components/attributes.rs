//! Attributes of a message as rows of name and value.

use yew::prelude::*;

use super::icons;
use crate::browser;
use crate::state::form::{AttributeRow, BY_HAND, FormAction, ProduceForm, SENT_BY};

/// Properties of [`attributes`].
#[derive(Clone, PartialEq, Properties)]
pub struct AttributesProps {
    /// The form they belong to.
    pub form: UseReducerHandle<ProduceForm>,
}

/// The rows. Test ids: `attribute-add`, `attribute-by-hand`, and for each row N from 0 `attribute-key-N`,
/// `attribute-value-N`, `attribute-remove-N`.
pub fn attributes(props: &AttributesProps) -> Html {
    let form = &props.form;
    let add = {
        let form = form.dispatcher();
        Callback::from(move |_: MouseEvent| form.dispatch(FormAction::AddAttribute))
    };
    let mark = {
        let form = form.dispatcher();
        Callback::from(move |event: Event| form.dispatch(FormAction::ByHand(browser::checked_of(&event))))
    };
    let row = |(index, row): (usize, &AttributeRow)| {
        let problem = form.attribute_problem(index);
        let note = format!("attribute-note-{index}");
        let remove = {
            let form = form.dispatcher();
            Callback::from(move |_: MouseEvent| form.dispatch(FormAction::RemoveAttribute(index)))
        };
        let key = {
            let (form, value) = (form.dispatcher(), row.value.clone());
            Callback::from(move |event: InputEvent| {
                let row = AttributeRow { key: browser::value_of(&event), value: value.clone() };
                form.dispatch(FormAction::SetAttribute(index, row));
            })
        };
        let value = {
            let (form, key) = (form.dispatcher(), row.key.clone());
            Callback::from(move |event: InputEvent| {
                let row = AttributeRow { key: key.clone(), value: browser::value_of(&event) };
                form.dispatch(FormAction::SetAttribute(index, row));
            })
        };
        html! {
            <li class="attribute" key={index}>
                <input class="mono" data-testid={format!("attribute-key-{index}")} aria-label={format!("Name of attribute {}", index + 1)}
                    placeholder="name" value={row.key.clone()} oninput={key} autocomplete="off" autocapitalize="none" spellcheck="false"
                    aria-invalid={problem.is_some().then_some("true")} aria-describedby={problem.is_some().then(|| note.clone())} />
                <input class="mono" data-testid={format!("attribute-value-{index}")} aria-label={format!("Value of attribute {}", index + 1)}
                    placeholder="value" value={row.value.clone()} oninput={value} autocomplete="off" autocapitalize="none" spellcheck="false" />
                <button type="button" class="quiet icon-button" data-testid={format!("attribute-remove-{index}")}
                    aria-label={format!("Remove attribute {}", index + 1)} onclick={remove}>{ icons::close() }</button>
                if let Some(problem) = problem {
                    <p class="note problem" id={note}>{ problem }</p>
                }
            </li>
        }
    };
    html! {
        <fieldset class="attributes">
            <legend>{ "Attributes" }</legend>
            if !form.attributes.is_empty() {
                <ul>{ form.attributes.iter().enumerate().map(row).collect::<Html>() }</ul>
            }
            <div class="attributes-foot">
                <button type="button" class="quiet add" data-testid="attribute-add" onclick={add}>{ icons::add() }{ "Add attribute" }</button>
                <label class="check by-hand" title={format!("Adds the attribute {SENT_BY}={BY_HAND}")}>
                    <input type="checkbox" data-testid="attribute-by-hand" checked={form.by_hand()} onchange={mark} />
                    { "Mark as sent by hand" }
                </label>
            </div>
        </fieldset>
    }
}

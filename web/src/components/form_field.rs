//! The fields of a form, one function to a kind of them. Draws a place of the text and asks for changes to it; decides
//! nothing about the text itself.

use yew::prelude::*;

use super::form_input::{NewMember, choice, literal, number, raw, text};
use super::form_view::Edit;
use super::icons;
use crate::browser;
use crate::checks::form_model::{Field, Shape};
use crate::state::form_value::{blank, branch_of, member, resolved, tagged};
use crate::text::json_edit::{Step, child, members, pointer};
use crate::text::json_tree::Node;

/// Items of a list or map drawn; further ones are edited as text.
const ITEMS_MAX: usize = 100;

/// Levels drawn: a value that holds itself has no end of them.
const LEVELS_MAX: usize = 24;

/// What all fields of a form share.
pub struct Drawing<'a> {
    /// The whole form.
    pub root: &'a Field,
    /// The text.
    pub text: &'a str,
    /// What is wrong: a JSON pointer and a sentence each.
    pub notes: &'a [(String, String)],
    /// Called with changes to make together.
    pub onedit: &'a Callback<Vec<Edit>>,
}

/// One place of the text and the field it is drawn as.
#[derive(Clone)]
pub struct Spot<'a> {
    /// The field.
    pub field: &'a Field,
    /// What it is called here.
    pub label: String,
    /// The way to it.
    pub steps: Vec<Step>,
    /// What stands there.
    pub node: Option<&'a Node>,
    /// Whether the field may be taken away.
    pub removable: bool,
    /// It stays when its control is emptied: an item, a member of a map, a branch. A property goes.
    pub stays: bool,
}

impl Spot<'_> {
    /// Its `id` and test id.
    #[must_use]
    pub fn id(&self) -> String {
        format!("form{}", pointer(&self.steps))
    }
}

impl Drawing<'_> {
    /// What asks for these changes when it is clicked.
    #[must_use]
    pub fn asking(&self, edits: Vec<Edit>) -> Callback<MouseEvent> {
        self.onedit.reform(move |_: MouseEvent| edits.clone())
    }

    /// The text of a value.
    #[must_use]
    pub fn raw(&self, node: Option<&Node>) -> &str {
        node.map_or("", |node| &self.text[node.range().clone()])
    }

    /// What is wrong at a place; with `within`, also below it.
    fn problems(&self, spot: &Spot<'_>, within: bool) -> Vec<&str> {
        let here = pointer(&spot.steps);
        let is_here = |place: &str| {
            place == here || (within && place.strip_prefix(&here).is_some_and(|rest| rest.starts_with('/')))
        };
        self.notes.iter().filter(|(place, _)| is_here(place)).map(|(_, sentence)| sentence.as_str()).collect()
    }
}

/// The whole value.
pub fn draw_root(drawing: &Drawing<'_>, tree: &Node) -> Html {
    let label = if drawing.root.title.is_empty() { "Message" } else { &drawing.root.title };
    let spot = Spot {
        field: drawing.root,
        label: label.to_owned(),
        steps: Vec::new(),
        node: Some(tree),
        removable: false,
        stays: true,
    };
    draw(drawing, &spot)
}

fn draw(drawing: &Drawing<'_>, spot: &Spot<'_>) -> Html {
    let field = resolved(drawing.root, spot.field);
    if spot.steps.len() > LEVELS_MAX {
        return leaf(drawing, spot, raw(drawing, spot));
    }
    match field.shape() {
        Shape::Object => object(drawing, spot, field),
        Shape::Map => group(drawing, spot, "{}", others(drawing, spot, field, &[])),
        Shape::List => list(drawing, spot, field),
        Shape::OneOf => one_of(drawing, spot, field),
        Shape::Boolean => leaf(drawing, spot, literal(drawing, spot, &["true", "false"])),
        Shape::Null => leaf(drawing, spot, literal(drawing, spot, &["null"])),
        Shape::Integer | Shape::Number => leaf(drawing, spot, number(drawing, spot)),
        Shape::Text => leaf(drawing, spot, text(drawing, spot)),
        Shape::Choice => leaf(drawing, spot, choice(drawing, spot, field)),
        Shape::Any | Shape::Never | Shape::Again => leaf(drawing, spot, raw(drawing, spot)),
    }
}

/// A field with one control.
fn leaf(drawing: &Drawing<'_>, spot: &Spot<'_>, control: Html) -> Html {
    let id = spot.id();
    let problems = drawing.problems(spot, true);
    let tone = (!problems.is_empty()).then_some("invalid");
    html! {
        <div class={classes!("field", "form-field", tone)} key={id.clone()}>
            <div class="form-label">
                <label for={id.clone()}>{ &spot.label }</label>
                { kind(spot) }
                { buttons(drawing, spot) }
            </div>
            { control }
            { notes(spot, &problems) }
        </div>
    }
}

/// What a field is, in small letters.
fn kind(spot: &Spot<'_>) -> Html {
    let required = if spot.field.required && !spot.stays { " · required" } else { "" };
    html! { <span class="note form-kind">{ format!("{}{required}", spot.field.type_name) }</span> }
}

/// Null and away, where they can be.
fn buttons(drawing: &Drawing<'_>, spot: &Spot<'_>) -> Html {
    let id = spot.id();
    let is_null = drawing.raw(spot.node) == "null";
    let to_null = drawing.asking(vec![Edit::Set(spot.steps.clone(), "null".to_owned())]);
    let remove = drawing.asking(vec![Edit::Remove(spot.steps.clone())]);
    html! {
        <>
            if spot.field.nullable && !is_null {
                <button type="button" class="quiet" data-testid={format!("{id}-null")} aria-label={format!("Set {} to null", spot.label)}
                    onclick={to_null}>{ "null" }</button>
            }
            if spot.removable && spot.node.is_some() {
                <button type="button" class="quiet icon-button" data-testid={format!("{id}-remove")} aria-label={format!("Remove {}", spot.label)}
                    onclick={remove}>{ icons::close() }</button>
            }
        </>
    }
}

fn notes(spot: &Spot<'_>, problems: &[&str]) -> Html {
    let Field { doc, bounds, absent, .. } = spot.field;
    let mut words = vec![doc.trim().to_owned()];
    words.push(bounds.clone());
    words.extend(absent.as_ref().map(|default| format!("{default} when left out")));
    words.retain(|word| !word.is_empty());
    let id = format!("{}-note", spot.id());
    html! {
        <div id={id}>
            { problems.iter().map(|problem| html! { <p class="note problem" data-testid={format!("{}-problem", spot.id())}>{ *problem }</p> }).collect::<Html>() }
            if !words.is_empty() { <p class="note">{ words.join(" · ") }</p> }
        </div>
    }
}

/// A field with fields in it. What stands there but is no such container is shown as it is.
fn group(drawing: &Drawing<'_>, spot: &Spot<'_>, empty: &str, content: Html) -> Html {
    let opening = if empty == "[]" { '[' } else { '{' };
    let value = drawing.raw(spot.node);
    let id = spot.id();
    let add = {
        let value = match empty {
            "" => blank(drawing.root, resolved(drawing.root, spot.field)),
            empty => empty.to_owned(),
        };
        drawing.asking(vec![Edit::Set(spot.steps.clone(), value)])
    };
    let body = match value {
        "" | "null" => html! {
            <button type="button" class="quiet" data-testid={format!("{id}-add")} onclick={add}>
                { icons::add() }{ format!("Add {}", spot.label) }{ if value.is_empty() { "" } else { " (null now)" } }</button>
        },
        _ if value.starts_with(opening) => content,
        _ => raw(drawing, spot),
    };
    html! {
        <fieldset class="form-group" key={id.clone()} data-testid={id}>
            <legend>{ &spot.label }{ " " }{ kind(spot) }{ buttons(drawing, spot) }</legend>
            { notes(spot, &drawing.problems(spot, false)) }
            { body }
        </fieldset>
    }
}

fn object(drawing: &Drawing<'_>, spot: &Spot<'_>, field: &Field) -> Html {
    let mut drawn: Vec<&str> = Vec::new();
    let mut content = Vec::new();
    for part in &field.parts {
        if let Some(group) = &part.group {
            if !drawn.contains(&group.as_str()) {
                drawn.push(group);
                content.push(alternatives(drawing, spot, field, group));
            }
            continue;
        }
        content.push(draw(drawing, &below(drawing, spot, part)));
    }
    let known: Vec<&str> = field.parts.iter().flat_map(|part| [part.name.as_str(), part.also.as_str()]).collect();
    content.push(others(drawing, spot, field, &known));
    group(drawing, spot, "", content.into_iter().collect())
}

fn below<'a>(drawing: &Drawing<'a>, spot: &Spot<'a>, part: &'a Field) -> Spot<'a> {
    let (name, node) = member(part, drawing.text, spot.node);
    let label = if part.title.is_empty() { part.name.clone() } else { part.title.clone() };
    let steps = spot.steps.iter().cloned().chain([Step::Key(name)]).collect();
    Spot { field: part, label, steps, node, removable: !part.required, stays: false }
}

/// Protobuf's oneof: which field is set, and that one.
fn alternatives(drawing: &Drawing<'_>, spot: &Spot<'_>, field: &Field, group: &str) -> Html {
    let spots: Vec<Spot<'_>> = field
        .parts
        .iter()
        .filter(|part| part.group.as_deref() == Some(group))
        .map(|part| Spot { removable: false, stays: true, ..below(drawing, spot, part) })
        .collect();
    let set: Vec<&Spot<'_>> = spots.iter().filter(|one| one.node.is_some()).collect();
    let away: Vec<Edit> = set.iter().map(|one| Edit::Remove(one.steps.clone())).collect();
    let values: Vec<(String, Edit)> = spots
        .iter()
        .map(|one| (one.field.name.clone(), Edit::Set(one.steps.clone(), blank(drawing.root, one.field))))
        .collect();
    let id = format!("{}-{group}", spot.id());
    let onchange = drawing.onedit.reform(move |event: Event| {
        let chosen = browser::value_of(&event);
        let new = values.iter().find(|(name, _)| *name == chosen).map(|(_, edit)| edit.clone());
        away.iter().cloned().chain(new).collect()
    });
    let current = set.first().map_or("", |one| one.field.name.as_str());
    html! {
        <div class="form-one-of" key={id.clone()}>
            <div class="field">
                <div class="form-label"><label for={id.clone()}>{ group.to_owned() }</label><span class="note form-kind">{ "one of" }</span></div>
                <select id={id.clone()} data-testid={id} {onchange}>
                    <option value="" selected={current.is_empty()}>{ "none" }</option>
                    { spots.iter().map(|one| html! {
                        <option value={one.field.name.clone()} selected={one.field.name == current}>{ one.field.name.clone() }</option>
                    }).collect::<Html>() }
                </select>
            </div>
            { set.iter().map(|one| draw(drawing, one)).collect::<Html>() }
        </div>
    }
}

/// One of several branches: which, and that one.
fn one_of(drawing: &Drawing<'_>, spot: &Spot<'_>, field: &Field) -> Html {
    let current = spot.node.and_then(|node| branch_of(drawing.root, &field.parts, drawing.text, node));
    let values: Vec<String> = field.parts.iter().map(|branch| tagged(branch, &blank(drawing.root, branch))).collect();
    let steps = spot.steps.clone();
    let onchange = drawing.onedit.reform(move |event: Event| {
        let chosen = browser::value_of(&event).parse().ok().and_then(|index: usize| values.get(index));
        chosen.map(|value| Edit::Set(steps.clone(), value.clone())).into_iter().collect()
    });
    let id = format!("{}-branch", spot.id());
    let option = |(index, branch): (usize, &Field)| {
        html! { <option value={index.to_string()} selected={current == Some(index)}>{ &branch.name }</option> }
    };
    let inner = current.map(|index| {
        let branch = &field.parts[index];
        let (steps, node) = match &branch.tag {
            Some(tag) => {
                let step = Step::Key(tag.clone());
                let node = spot.node.and_then(|node| child(drawing.text, node, &step));
                (spot.steps.iter().cloned().chain([step]).collect(), node)
            }
            None => (spot.steps.clone(), spot.node),
        };
        draw(drawing, &Spot { field: branch, label: branch.name.clone(), steps, node, removable: false, stays: true })
    });
    let unknown = spot.node.is_some() && current.is_none();
    html! {
        <fieldset class="form-group" key={spot.id()}>
            <legend>{ &spot.label }{ " " }{ kind(spot) }{ buttons(drawing, spot) }</legend>
            { notes(spot, &drawing.problems(spot, unknown)) }
            <select id={id.clone()} data-testid={id} aria-label={format!("Which kind of {}", spot.label)} {onchange}>
                <option value="" selected={current.is_none()}>{ if unknown { "none of these" } else { "choose" } }</option>
                { field.parts.iter().enumerate().map(option).collect::<Html>() }
            </select>
            if unknown { { raw(drawing, spot) } }
            { inner.unwrap_or_default() }
        </fieldset>
    }
}

fn list(drawing: &Drawing<'_>, spot: &Spot<'_>, field: &Field) -> Html {
    let items: &[Node] = match spot.node {
        Some(Node::Array(_, items)) => items,
        _ => &[],
    };
    let field_of = |index: usize| field.parts.get(index).or(field.rest.as_deref());
    let any = Field::default();
    let item = |(index, node)| {
        let steps = spot.steps.iter().cloned().chain([Step::Item(index)]).collect();
        let field = field_of(index).unwrap_or(&any);
        draw(
            drawing,
            &Spot {
                field,
                label: format!("{} {}", spot.label, index + 1),
                steps,
                node: Some(node),
                removable: true,
                stays: true,
            },
        )
    };
    let more = items.len().saturating_sub(ITEMS_MAX);
    let add = field_of(items.len()).map(|next| {
        let steps = spot.steps.iter().cloned().chain([Step::Item(items.len())]).collect();
        drawing.asking(vec![Edit::Set(steps, blank(drawing.root, next))])
    });
    let content = html! {
        <>
            { items.iter().take(ITEMS_MAX).enumerate().map(item).collect::<Html>() }
            if more > 0 { <p class="note">{ format!("and {more} more, in the text") }</p> }
            if let Some(onclick) = add {
                <button type="button" class="quiet" data-testid={format!("{}-add", spot.id())} {onclick}>{ icons::add() }{ "Add an item" }</button>
            }
        </>
    };
    group(drawing, spot, "[]", content)
}

/// Members under names that are not fields: those of a map, and what the schema does not describe.
fn others(drawing: &Drawing<'_>, spot: &Spot<'_>, field: &Field, known: &[&str]) -> Html {
    let any = Field::default();
    let rest = field.rest.as_deref();
    let unknown: Vec<(String, &Node)> = spot
        .node
        .map(|node| members(drawing.text, node).filter(|(key, _)| !known.contains(&key.as_str())).collect())
        .unwrap_or_default();
    let row = |(key, node): &(String, &Node)| {
        let steps = spot.steps.iter().cloned().chain([Step::Key(key.clone())]).collect();
        let field = rest.unwrap_or(&any);
        draw(drawing, &Spot { field, label: key.clone(), steps, node: Some(*node), removable: true, stays: true })
    };
    let value = rest.map(|rest| blank(drawing.root, rest));
    let steps = spot.steps.clone();
    let taken: Vec<String> =
        unknown.iter().map(|(key, _)| key.clone()).chain(known.iter().map(|key| (*key).to_owned())).collect();
    let onadd = value.map(|value| {
        drawing.onedit.reform(move |name: String| {
            vec![Edit::Set(steps.iter().cloned().chain([Step::Key(name)]).collect(), value.clone())]
        })
    });
    let more = unknown.len().saturating_sub(ITEMS_MAX);
    html! {
        <>
            { unknown.iter().take(ITEMS_MAX).map(row).collect::<Html>() }
            if more > 0 { <p class="note">{ format!("and {more} more, in the text") }</p> }
            if let Some(onadd) = onadd {
                <NewMember id={format!("{}-name", spot.id())} of={spot.label.clone()} {taken} {onadd} />
            }
        </>
    }
}

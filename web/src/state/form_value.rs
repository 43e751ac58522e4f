//! Values for the fields of a form: what a new one begins with, which branch of several a value is, what stands
//! for a field in a text. Draws nothing, judges nothing.

use crate::checks::form_model::{Field, Shape};
use crate::text::json_edit::{Step, child, members, quoted, unquoted};
use crate::text::json_tokens::Kind;
use crate::text::json_tree::Node;

/// A new value holds required values to this depth; deeper ones are left for a person.
const BLANK_LEVELS_MAX: usize = 8;

/// The field that says how this one is edited: itself, or the one further up that it repeats.
#[must_use]
pub fn resolved<'a>(root: &'a Field, field: &'a Field) -> &'a Field {
    if field.shape() != Shape::Again {
        return field;
    }
    find(root, &field.again_path, &field.again_schema_path).unwrap_or(field)
}

fn find<'a>(field: &'a Field, path: &str, schema_path: &str) -> Option<&'a Field> {
    if field.path == path && field.schema_path == schema_path && field.shape() != Shape::Again {
        return Some(field);
    }
    if !path.starts_with(&field.path) {
        return None;
    }
    field.parts.iter().chain(field.rest.as_deref()).find_map(|below| find(below, path, schema_path))
}

/// What a new value of a field begins with, as JSON.
#[must_use]
pub fn blank(root: &Field, field: &Field) -> String {
    blank_at(root, field, 0)
}

fn blank_at(root: &Field, field: &Field, level: usize) -> String {
    // What a person adds is more than the null it is when it is left out.
    if let Some(default) = field.absent.as_ref().filter(|default| level > 0 || *default != "null") {
        return default.clone();
    }
    if level > BLANK_LEVELS_MAX {
        return "null".to_owned();
    }
    let value = match field.shape() {
        Shape::Any | Shape::Never | Shape::Null => "null".to_owned(),
        Shape::Boolean => "false".to_owned(),
        Shape::Integer | Shape::Number => {
            field.least.clone().filter(|least| !least.starts_with('-')).unwrap_or_else(|| "0".to_owned())
        }
        Shape::Text => "\"\"".to_owned(),
        Shape::Choice => field.choices.first().cloned().unwrap_or_else(|| "null".to_owned()),
        Shape::Object => {
            let needed = field.parts.iter().filter(|part| part.required);
            let member =
                |part: &Field| format!("{}:{}", quoted(&part.name), tagged(part, &blank_at(root, part, level + 1)));
            format!("{{{}}}", needed.map(member).collect::<Vec<_>>().join(","))
        }
        Shape::Map => "{}".to_owned(),
        Shape::List => "[]".to_owned(),
        Shape::OneOf => field.parts.first().map_or("null".to_owned(), |branch| blank_branch(root, branch, level)),
        Shape::Again => blank_at(root, resolved(root, field), level + 1),
    };
    if field.nullable && field.shape() != Shape::Again && level > 0 { "null".to_owned() } else { value }
}

fn blank_branch(root: &Field, branch: &Field, level: usize) -> String {
    tagged(branch, &blank_at(root, branch, level + 1))
}

/// A branch's value as it stands in the text.
#[must_use]
pub fn tagged(branch: &Field, value: &str) -> String {
    match &branch.tag {
        Some(tag) => format!("{{{}:{value}}}", quoted(tag)),
        None => value.to_owned(),
    }
}

/// The branch that a value is most like; none where it is like none of them.
#[must_use]
pub fn branch_of(root: &Field, branches: &[Field], text: &str, node: &Node) -> Option<usize> {
    let scores =
        branches.iter().enumerate().filter_map(|(index, branch)| Some((likeness(root, branch, text, node)?, index)));
    // Of those that are as like, the first.
    scores.max_by_key(|(score, index)| (*score, std::cmp::Reverse(*index))).map(|(_, index)| index)
}

/// How like a field a value is; none where it cannot be meant as one.
fn likeness(root: &Field, branch: &Field, text: &str, node: &Node) -> Option<i32> {
    if let Some(tag) = &branch.tag {
        let mut all = members(text, node);
        return (all.next().is_some_and(|(key, _)| key == *tag) && all.next().is_none()).then_some(100);
    }
    let field = resolved(root, branch);
    let raw = &text[node.range().clone()];
    let fits = |fits: bool| fits.then_some(10);
    match (field.shape(), node) {
        (Shape::Any, _) => Some(1),
        (Shape::Null, _) => fits(raw == "null"),
        (Shape::Boolean, _) => fits(raw == "true" || raw == "false"),
        (Shape::Integer, Node::Scalar(Kind::Number, _)) => fits(!raw.contains(['.', 'e', 'E'])).map(|score| score + 1),
        (Shape::Number, Node::Scalar(Kind::Number, _)) => Some(10),
        (Shape::Text, Node::Scalar(Kind::String, _)) => Some(10),
        (Shape::Choice, _) => fits(chosen(field, raw).is_some()).map(|score| score + 2),
        (Shape::List, Node::Array(..)) | (Shape::Map, Node::Object(..)) => Some(10),
        (Shape::OneOf, _) => field.parts.iter().filter_map(|part| likeness(root, part, text, node)).max(),
        (Shape::Object, Node::Object(..)) => {
            Some(10 + field.parts.iter().map(|part| member_likeness(part, text, node)).sum::<i32>())
        }
        _ => None,
    }
}

/// What one property speaks for or against an object: a constant speaks loudest.
fn member_likeness(part: &Field, text: &str, node: &Node) -> i32 {
    match member(part, text, Some(node)).1 {
        None => -3 * i32::from(part.required),
        Some(value) if part.shape() == Shape::Choice => {
            if chosen(part, &text[value.range().clone()]).is_some() {
                20
            } else {
                -20
            }
        }
        Some(_) => 2,
    }
}

/// Which of its choices a value is.
#[must_use]
pub fn chosen(field: &Field, raw: &str) -> Option<usize> {
    let plain = unquoted(raw);
    field.choices.iter().position(|choice| choice == raw || (plain.is_some() && unquoted(choice) == plain))
}

/// A number as typed, or what is none as text, so that nothing typed is lost and the check says what is wrong.
#[must_use]
pub fn number(typed: &str) -> String {
    let typed = typed.trim();
    let is_number = matches!(crate::text::json_tree::parse(typed), Some(Node::Scalar(Kind::Number, _)))
        && typed.ends_with(|last: char| last.is_ascii_digit());
    if is_number { typed.to_owned() } else { quoted(typed) }
}

/// What stands in a text for one part of an object, and the key it stands under: Protobuf's fields have two names.
#[must_use]
pub fn member<'a>(part: &Field, text: &'a str, node: Option<&'a Node>) -> (String, Option<&'a Node>) {
    let find = |name: &str| child(text, node?, &Step::Key(name.to_owned()));
    match find(&part.name) {
        None if !part.also.is_empty() && find(&part.also).is_some() => (part.also.clone(), find(&part.also)),
        found => (part.name.clone(), found),
    }
}

#[cfg(test)]
mod tests;

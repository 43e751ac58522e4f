//! Changes to one place of a JSON text. The rest stays as it was written, byte for byte: numbers, white space, order,
//! keys that nobody knows. Knows no schema.

use std::ops::Range;

use super::json_format::pretty;
use super::json_tree::{Node, parse};

/// One step from a value to one within it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The member of that name; of several, the last, as parsers take it.
    Key(String),
    /// The item with that index.
    Item(usize),
}

/// A JSON pointer of steps.
#[must_use]
pub fn pointer(steps: &[Step]) -> String {
    let mut out = String::new();
    for step in steps {
        out.push('/');
        match step {
            Step::Key(key) => out.push_str(&key.replace('~', "~0").replace('/', "~1")),
            Step::Item(index) => out.push_str(&index.to_string()),
        }
    }
    out
}

/// A text as a JSON string.
#[must_use]
pub fn quoted(text: &str) -> String {
    literal(text, |out, number| {
        out.push_str("\\u00");
        out.extend([number >> 4, number & 15].iter().filter_map(|digit| char::from_digit(*digit, 16)));
    })
}

/// A text between double quotes, as JSON and many languages write it, but for control characters that have no letter:
/// each language writes those in its own way. Not by `{:?}`, whose tables weigh more than this file.
pub fn literal(text: &str, write_control: impl Fn(&mut String, u32)) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' || control == '\u{7f}' => write_control(&mut out, u32::from(control)),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// The text that a JSON string with its quotes stands for; of a half surrogate, the replacement character.
#[must_use]
pub fn unquoted(raw: &str) -> Option<String> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    let mut units = Vec::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            units.extend(character.encode_utf16(&mut [0; 2]).iter());
            continue;
        }
        units.push(match rest.next()? {
            'n' => 10,
            't' => 9,
            'r' => 13,
            'b' => 8,
            'f' => 12,
            'u' => u16::from_str_radix(&rest.by_ref().take(4).collect::<String>(), 16).ok()?,
            other => u16::try_from(u32::from(other)).ok()?,
        });
    }
    Some(String::from_utf16_lossy(&units))
}

/// The members of an object by name; nothing of what is none.
pub fn members<'a>(text: &'a str, node: &'a Node) -> impl DoubleEndedIterator<Item = (String, &'a Node)> {
    let members: &[(Range<usize>, Node)] = match node {
        Node::Object(_, members) => members,
        Node::Array(..) | Node::Scalar(..) => &[],
    };
    members.iter().map(|(key, value)| (unquoted(&text[key.clone()]).unwrap_or_default(), value))
}

/// A value within another.
#[must_use]
pub fn child<'a>(text: &'a str, node: &'a Node, step: &Step) -> Option<&'a Node> {
    match (node, step) {
        (Node::Object(..), Step::Key(name)) => {
            members(text, node).rev().find(|(key, _)| key == name).map(|found| found.1)
        }
        (Node::Array(_, items), Step::Item(index)) => items.get(*index),
        _ => None,
    }
}

/// The text with a value at a place, which is made where it is missing; `None` where the text is not JSON, or the way
/// there leads through something that has no such steps. An empty text is a value still to be made.
#[must_use]
pub fn set(text: &str, steps: &[Step], value: &str) -> Option<String> {
    if text.trim().is_empty() {
        return Some(laid_out(&nested(steps, value)?, ""));
    }
    let tree = parse(text)?;
    let mut node = &tree;
    for (index, step) in steps.iter().enumerate() {
        if let Some(next) = child(text, node, step) {
            node = next;
            continue;
        }
        let value = nested(&steps[index + 1..], value)?;
        return match (node, step) {
            (Node::Object(range, members), Step::Key(name)) => {
                let last = members.last().map(|(key, value)| key.start..value.range().end);
                Some(append(text, range, last, &format!("{}: ", quoted(name)), &value))
            }
            (Node::Array(range, items), Step::Item(at)) if *at == items.len() => {
                Some(append(text, range, items.last().map(|item| item.range().clone()), "", &value))
            }
            _ => None,
        };
    }
    let indent = indent_at(text, node.range().start);
    Some(spliced(text, node.range().clone(), &laid_out(value, indent)))
}

/// The text without the value at a place, or as it was where there is none; `None` where the text is not JSON.
#[must_use]
pub fn remove(text: &str, steps: &[Step]) -> Option<String> {
    let tree = parse(text)?;
    let Some((last, way)) = steps.split_last() else { return Some(String::new()) };
    let mut node = &tree;
    for step in way {
        match child(text, node, step) {
            Some(next) => node = next,
            None => return Some(text.to_owned()),
        }
    }
    let ranges: Vec<Range<usize>> = match node {
        Node::Object(_, members) => members.iter().map(|(key, value)| key.start..value.range().end).collect(),
        Node::Array(_, items) => items.iter().map(|item| item.range().clone()).collect(),
        Node::Scalar(..) => return Some(text.to_owned()),
    };
    let at = match last {
        Step::Key(name) => {
            members(text, node).rev().position(|(key, _)| key == *name).map(|back| ranges.len() - 1 - back)
        }
        Step::Item(index) => Some(*index).filter(|index| *index < ranges.len()),
    };
    let Some(at) = at else { return Some(text.to_owned()) };
    let gone = match (at, ranges.len()) {
        (_, 1) => node.range().start + 1..node.range().end - 1,
        (at, count) if at + 1 < count => ranges[at].start..ranges[at + 1].start,
        _ => ranges[at - 1].end..ranges[at].end,
    };
    Some(spliced(text, gone, ""))
}

/// The text with a member under another name.
#[must_use]
pub fn rename(text: &str, steps: &[Step], name: &str) -> Option<String> {
    let tree = parse(text)?;
    let (Step::Key(old), way) = steps.split_last()? else { return None };
    let node = way.iter().try_fold(&tree, |node, step| child(text, node, step))?;
    let Node::Object(_, members) = node else { return None };
    let found = members.iter().rev().find(|(key, _)| unquoted(&text[key.clone()]).as_deref() == Some(old));
    found.map(|(key, _)| spliced(text, key.clone(), &quoted(name)))
}

/// A value within all that must be made around it.
fn nested(steps: &[Step], value: &str) -> Option<String> {
    steps.iter().rev().try_fold(value.to_owned(), |inner, step| match step {
        Step::Key(name) => Some(format!("{{{}:{inner}}}", quoted(name))),
        Step::Item(0) => Some(format!("[{inner}]")),
        Step::Item(_) => None,
    })
}

fn spliced(text: &str, range: Range<usize>, new: &str) -> String {
    let mut out = String::with_capacity(text.len() + new.len());
    out.push_str(&text[..range.start]);
    out.push_str(new);
    out.push_str(&text[range.end..]);
    out
}

/// The white space that the line of a byte begins with.
fn indent_at(text: &str, byte: usize) -> &str {
    let line = &text[text[..byte].rfind('\n').map_or(0, |at| at + 1)..];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// An object or array over lines, all but the first behind an indent.
fn laid_out(value: &str, indent: &str) -> String {
    match value.starts_with(['{', '[']).then(|| pretty(value)).flatten() {
        Some(lines) => lines.replace('\n', &format!("\n{indent}")),
        None => value.to_owned(),
    }
}

/// One more member or item, on a line of its own where the last one has one.
fn append(text: &str, container: &Range<usize>, last: Option<Range<usize>>, key: &str, value: &str) -> String {
    let Some(last) = last else {
        let outer = indent_at(text, container.start);
        let indent = format!("{outer}  ");
        let new = format!("\n{indent}{key}{}\n{outer}", laid_out(value, &indent));
        return spliced(text, container.start + 1..container.end - 1, &new);
    };
    let own_line = text[container.start..last.start].contains('\n');
    let indent = indent_at(text, last.start);
    let new = match own_line {
        true => format!(",\n{indent}{key}{}", laid_out(value, indent)),
        false => format!(", {key}{value}"),
    };
    spliced(text, last.end..last.end, &new)
}

#[cfg(test)]
mod tests;

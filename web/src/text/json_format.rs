//! Lays JSON text out anew, two spaces a level. Changes white space only: every
//! number, string and duplicate key stays as it was written.

use super::json_tree::{Node, parse};

/// The text laid out over lines; `None` where it is not one JSON value.
#[must_use]
pub fn pretty(text: &str) -> Option<String> {
    let tree = parse(text)?;
    let mut out = String::with_capacity(text.len() * 2);
    write(&mut out, text, &tree, 0);
    Some(out)
}

fn write(out: &mut String, text: &str, node: &Node, level: usize) {
    match node {
        Node::Scalar(_, range) => out.push_str(&text[range.clone()]),
        Node::Object(_, members) if members.is_empty() => out.push_str("{}"),
        Node::Array(_, items) if items.is_empty() => out.push_str("[]"),
        Node::Object(_, members) => {
            out.push('{');
            for (index, (key, value)) in members.iter().enumerate() {
                start_line(out, index, level + 1);
                out.push_str(&text[key.clone()]);
                out.push_str(": ");
                write(out, text, value, level + 1);
            }
            end_line(out, level, '}');
        }
        Node::Array(_, items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                start_line(out, index, level + 1);
                write(out, text, item, level + 1);
            }
            end_line(out, level, ']');
        }
    }
}

fn start_line(out: &mut String, index: usize, level: usize) {
    if index > 0 {
        out.push(',');
    }
    new_line(out, level);
}

fn end_line(out: &mut String, level: usize, bracket: char) {
    new_line(out, level);
    out.push(bracket);
}

fn new_line(out: &mut String, level: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", level));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_white_space_changes() {
        assert_eq!(
            pretty("{\"b\":[1.0,{}],\"a\" :[],\n\"b\":\"x y\"}").unwrap(),
            "{\n  \"b\": [\n    1.0,\n    {}\n  ],\n  \"a\": [],\n  \"b\": \"x y\"\n}"
        );
        assert_eq!(pretty("{\"a\": }"), None);
    }
}

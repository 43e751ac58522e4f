//! JSON text of any size without a tree of it: whether it is one value, what a list or an object holds, the text laid out
//! anew as far as it is shown. Goes through the bytes and keeps nothing; who edits takes the tree of [`json_tree`](super::json_tree).

use std::ops::Range;

use super::json_tokens::{Kind, is_word};
use super::json_tree::DEPTH_MAX;

/// What a list or an object holds in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The key with its quotes; none in a list.
    pub key: Option<Range<usize>>,
    /// The value, brackets and quotes included.
    pub value: Range<usize>,
}

/// Whether a text is one JSON value, and is not deeper than a tree of it may be.
#[must_use]
pub fn is_value(text: &str) -> bool {
    let mut scan = Scan::from(text, 0);
    // What closes each list and object that is open.
    let mut open = Vec::new();
    loop {
        if open.len() > DEPTH_MAX {
            return false;
        }
        match scan.opening() {
            Some(closing) if !scan.take(closing) => {
                open.push(closing);
                if !scan.key_where(closing) {
                    return false;
                }
                continue;
            }
            Some(_) => {}
            None if scan.scalar() => {}
            None => return false,
        }
        loop {
            let Some(&closing) = open.last() else { return scan.peek().is_none() };
            if scan.take(closing) {
                open.pop();
            } else if scan.take(b',') && scan.key_where(closing) {
                break;
            } else {
                return false;
            }
        }
    }
}

/// What the value that stands there is; none: a list or an object.
#[must_use]
pub fn scalar_kind(text: &str, value: &Range<usize>) -> Option<Kind> {
    match text.as_bytes().get(value.start)? {
        b'{' | b'[' => None,
        b'"' => Some(Kind::String),
        b'-' | b'0'..=b'9' => Some(Kind::Number),
        _ => Some(Kind::Literal),
    }
}

/// What the list or object that stands there holds, in its order. The text is one value.
#[must_use]
pub fn members(text: &str, value: &Range<usize>) -> Vec<Member> {
    let mut scan = Scan::from(&text[..value.end], value.start);
    let mut found = Vec::new();
    let Some(closing) = scan.opening() else { return found };
    while scan.peek().is_some_and(|byte| byte != closing) {
        let key = (closing == b'}').then(|| scan.skip());
        if key.is_some() {
            scan.take(b':');
        }
        found.push(Member { key, value: scan.skip() });
        scan.take(b',');
    }
    found
}

/// The beginning of a text that is one value, laid out over lines, two spaces a level: whole tokens until there are
/// `bytes_max` bytes. Also how many bytes of the text are left. Only white space changes.
#[must_use]
pub fn laid_out(text: &str, bytes_max: usize) -> (String, usize) {
    let mut scan = Scan::from(text, 0);
    let mut out = String::with_capacity(text.len().saturating_mul(2).min(bytes_max));
    let mut level = 0;
    while out.len() < bytes_max {
        let Some(byte) = scan.peek() else { break };
        if let Some(closing) = scan.opening() {
            out.push(char::from(byte));
            if scan.take(closing) {
                out.push(char::from(closing));
            } else {
                level += 1;
                new_line(&mut out, level);
            }
        } else if scan.take(b',') {
            out.push(',');
            new_line(&mut out, level);
        } else if scan.take(b':') {
            out.push_str(": ");
        } else if scan.take(b'}') || scan.take(b']') {
            level = level.saturating_sub(1);
            new_line(&mut out, level);
            out.push(char::from(byte));
        } else {
            out.push_str(&text[scan.skip()]);
        }
    }
    let left = scan.peek().map_or(0, |_| text.len() - scan.at);
    (out, left)
}

fn new_line(out: &mut String, level: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", level));
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn from(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Takes what opens a list or an object, and answers what closes it.
    fn opening(&mut self) -> Option<u8> {
        let closing = match self.peek()? {
            b'{' => b'}',
            b'[' => b']',
            _ => return None,
        };
        self.at += 1;
        Some(closing)
    }

    /// In an object a key and its colon; in a list nothing has to be there.
    fn key_where(&mut self, closing: u8) -> bool {
        closing != b'}' || (self.peek() == Some(b'"') && self.scalar() && self.take(b':'))
    }

    /// Takes what stands there; whether it is a string, a number or a literal.
    fn scalar(&mut self) -> bool {
        let is_string = self.peek() == Some(b'"');
        let word = &self.text[self.plain()];
        match is_string {
            true => word.len() > 1 && word.ends_with('"'),
            false => is_word(word),
        }
    }

    /// Takes what stands there, whatever it is: a list or an object until it is closed.
    fn skip(&mut self) -> Range<usize> {
        self.peek();
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                None => break,
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b'}' | b']') => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                Some(b',' | b':') => self.at += 1,
                Some(_) => drop(self.plain()),
            }
            if depth == 0 {
                break;
            }
        }
        start..self.at
    }

    /// Takes a string, or a word.
    fn plain(&mut self) -> Range<usize> {
        let (bytes, start) = (self.text.as_bytes(), self.at);
        self.at = match bytes.get(start) {
            Some(b'"') => super::json_tokens::string_end(bytes, start),
            Some(_) => super::json_tokens::word_end(bytes, start),
            None => start,
        };
        start..self.at
    }
}

#[cfg(test)]
mod tests {
    use super::super::json_tree::{Node, parse};
    use super::*;

    const TEXTS: [&str; 30] = [
        "",
        "{",
        "[1,]",
        "{\"a\"}",
        "{\"a\":}",
        "1 2",
        "\"open",
        "\"",
        "[}",
        "{1:2}",
        "nul",
        "1",
        "\"\"",
        "[]",
        "{}",
        "[[],{}]",
        "{\"a\":1,\"a\":2}",
        " [ 1 , \"x\\\"]\" , { \"ü\" : null } ] ",
        "[1 2]",
        "{,}",
        "[,1]",
        "{\"a\":1,}",
        "]",
        "[]]",
        ",",
        ":",
        "[:]",
        "\"a\nb\"",
        "{\"a\" 1}",
        "-0.5e3",
    ];

    #[test]
    fn what_is_a_value_is_what_has_a_tree() {
        for text in TEXTS {
            assert_eq!(is_value(text), parse(text).is_some(), "{text}");
        }
        for levels in [DEPTH_MAX, DEPTH_MAX + 1, DEPTH_MAX + 2, 200_000] {
            for inner in ["", "1"] {
                let text = "[".repeat(levels) + inner + &"]".repeat(levels);
                assert_eq!(is_value(&text), parse(&text).is_some(), "{levels} levels around {inner:?}");
            }
        }
    }

    /// The tree again, from what each list and object holds.
    fn tree(text: &str, value: &Range<usize>) -> Node {
        if let Some(kind) = scalar_kind(text, value) {
            return Node::Scalar(kind, value.clone());
        }
        let held = members(text, value);
        match text.as_bytes()[value.start] {
            b'[' => Node::Array(value.clone(), held.iter().map(|member| tree(text, &member.value)).collect()),
            _ => {
                let member = |member: &Member| (member.key.clone().unwrap(), tree(text, &member.value));
                Node::Object(value.clone(), held.iter().map(member).collect())
            }
        }
    }

    #[test]
    fn what_is_held_is_what_the_tree_holds() {
        for text in TEXTS {
            if let Some(node) = parse(text) {
                assert_eq!(tree(text, node.range()), node, "{text}");
            }
        }
    }

    #[test]
    fn the_beginning_is_laid_out_and_what_is_left_is_told() {
        let text = "{\"b\":[1.0,{}],\"a\" :[],\n\"b\":\"x y\"}";
        let whole = "{\n  \"b\": [\n    1.0,\n    {}\n  ],\n  \"a\": [],\n  \"b\": \"x y\"\n}";
        assert_eq!(laid_out(text, usize::MAX), (whole.to_owned(), 0));
        for bytes_max in 0..whole.len() {
            let (shown, left) = laid_out(text, bytes_max);
            assert!(whole.starts_with(&shown) && shown.len() >= bytes_max, "{bytes_max}: {shown}");
            assert_eq!(left == 0, shown == whole, "{bytes_max}: {left} left");
        }
    }
}

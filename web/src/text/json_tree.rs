//! JSON text as a tree of byte ranges, for the detail view and the formatter. Keeps
//! every number and string as it was written: an id beyond 2^53 stays itself. Strict
//! about structure, and bounded in depth.

use std::ops::Range;

use super::json_tokens::{Kind, Token, tokens};

/// Deeper nesting is not shown as a tree. The parser recurses, and a browser's stack is small.
pub const DEPTH_MAX: usize = 128;

/// A value and where it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// From bracket to bracket; keys with their quotes, in their order, duplicates included.
    Object(Range<usize>, Vec<(Range<usize>, Node)>),
    /// Items in their order.
    Array(Range<usize>, Vec<Node>),
    /// A string with its quotes, a number, or a literal.
    Scalar(Kind, Range<usize>),
}

impl Node {
    /// Where it stands, brackets and quotes included.
    #[must_use]
    pub fn range(&self) -> &Range<usize> {
        match self {
            Node::Object(range, _) | Node::Array(range, _) | Node::Scalar(_, range) => range,
        }
    }
}

/// The tree of a text that is one JSON value; `None` where it is not, or is too deep.
#[must_use]
pub fn parse(text: &str) -> Option<Node> {
    let tokens = tokens(text);
    let mut parser = Parser { text, tokens: &tokens, at: 0 };
    let node = parser.value(0)?;
    (parser.at == tokens.len()).then_some(node)
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).copied()?;
        self.at += 1;
        Some(token)
    }

    fn word(&self, token: Token) -> &str {
        &self.text[token.start..token.end]
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|token| self.word(*token) == word);
        self.at += usize::from(found);
        found
    }

    /// One past the token taken last.
    fn end(&self) -> usize {
        self.tokens[..self.at].last().map_or(0, |token| token.end)
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        if depth > DEPTH_MAX {
            return None;
        }
        let token = self.next()?;
        match token.kind {
            Kind::String | Kind::Key => {
                let word = self.word(token);
                let closed = word.len() > 1 && word.ends_with('"');
                closed.then_some(Node::Scalar(Kind::String, token.start..token.end))
            }
            Kind::Number | Kind::Literal => Some(Node::Scalar(token.kind, token.start..token.end)),
            Kind::Punctuation if self.word(token) == "{" => self.object(depth, token.start),
            Kind::Punctuation if self.word(token) == "[" => self.array(depth, token.start),
            Kind::Punctuation | Kind::Unknown => None,
        }
    }

    fn object(&mut self, depth: usize, start: usize) -> Option<Node> {
        let mut members = Vec::new();
        if self.take("}") {
            return Some(Node::Object(start..self.end(), members));
        }
        loop {
            let key = self.next().filter(|token| token.kind == Kind::Key)?;
            if !self.take(":") {
                return None;
            }
            members.push((key.start..key.end, self.value(depth + 1)?));
            if self.take("}") {
                return Some(Node::Object(start..self.end(), members));
            }
            if !self.take(",") {
                return None;
            }
        }
    }

    fn array(&mut self, depth: usize, start: usize) -> Option<Node> {
        let mut items = Vec::new();
        if self.take("]") {
            return Some(Node::Array(start..self.end(), items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.take("]") {
                return Some(Node::Array(start..self.end(), items));
            }
            if !self.take(",") {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beyond_a_double_stay_as_written() {
        let text = r#"{"id": 9007199254740993}"#;
        let Some(Node::Object(_, members)) = parse(text) else { panic!("an object") };
        let Node::Scalar(Kind::Number, range) = &members[0].1 else { panic!("a number") };
        assert_eq!(&text[range.clone()], "9007199254740993");
    }

    #[test]
    fn text_that_is_not_one_value_has_no_tree() {
        for text in ["", "{", "[1,]", "{\"a\"}", "{\"a\":}", "1 2", "\"open", "\"", "[}", "{1:2}", "nul"] {
            assert_eq!(parse(text), None, "{text}");
        }
        for text in ["1", "\"\"", "[]", "{}", "[[],{}]", "{\"a\":1,\"a\":2}"] {
            assert!(parse(text).is_some(), "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(parse(&nested(DEPTH_MAX + 1)).is_some());
        assert_eq!(parse(&nested(DEPTH_MAX + 2)), None);
        assert_eq!(parse(&nested(200_000)), None);
    }
}

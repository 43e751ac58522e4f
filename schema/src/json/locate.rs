//! Where the values of a JSON text stand, found again by pointer in one pass that keeps nothing else. Not a parser: the
//! text is known to be JSON, and on anything else the search ends early with what it has.

use std::collections::BTreeMap;

use crate::place::ByteRange;

/// The value at a path, or the key that introduces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Value,
    Key,
}

/// One thing to find.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Keys and indices from the root.
    pub path: Vec<String>,
    pub target: Target,
}

/// Splits a JSON pointer into its steps.
pub(crate) fn steps_of(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

/// Joins steps to a JSON pointer.
pub(crate) fn pointer_of(steps: &[String]) -> String {
    steps.iter().map(|step| format!("/{}", escaped(step))).collect()
}

/// One step as a JSON pointer spells it.
pub(crate) fn escaped(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

/// The ranges of all wanted things, `None` where there is none. A key that comes twice is found at its last mention.
pub(crate) fn locate(text: &str, wanted: &[Wanted]) -> Vec<Option<ByteRange>> {
    let mut root = Node::default();
    for (index, one) in wanted.iter().enumerate() {
        let mut node = &mut root;
        for step in &one.path {
            node = node.children.entry(step.as_str()).or_default();
        }
        node.wants.push((index, one.target));
    }
    let mut search = Search { bytes: text.as_bytes(), at: 0, found: vec![None; wanted.len()] };
    // The search ends early only on text that is no JSON; what was found until then stands.
    let _ = search.value(&root, None);
    search.found
}

/// The path of the innermost value that has begun at `offset` or before and has not ended earlier, and its range; for a
/// key, the member it introduces. What was last complained about when a reader stopped at `offset`.
pub(crate) fn path_at(text: &str, offset: usize) -> (String, ByteRange) {
    let mut search = Search { bytes: text.as_bytes(), at: 0, found: Vec::new() };
    let mut path = Vec::new();
    let mut range = ByteRange { start: 0, end: text.len() };
    while let Some((step, key, value)) = search.child_at(range.start, offset) {
        path.push(step);
        range = value;
        if offset <= value.start {
            range = key.unwrap_or(value);
            break;
        }
    }
    (pointer_of(&path), range)
}

/// The wanted paths as a tree.
#[derive(Default)]
struct Node<'a> {
    children: BTreeMap<&'a str, Node<'a>>,
    wants: Vec<(usize, Target)>,
}

struct Search<'a> {
    bytes: &'a [u8],
    at: usize,
    found: Vec<Option<ByteRange>>,
}

impl Search<'_> {
    /// Reads the value at the cursor, descending only where something is wanted, so that the depth of the recursion is
    /// the length of the longest wanted path.
    fn value(&mut self, node: &Node<'_>, key: Option<ByteRange>) -> Option<()> {
        self.space();
        let start = self.at;
        match self.bytes.get(start)? {
            b'{' if !node.children.is_empty() => self.object(node),
            b'[' if !node.children.is_empty() => self.array(node),
            _ => self.skip(),
        }
        .or_else(|| {
            self.at = self.bytes.len();
            None
        });
        let value = ByteRange { start, end: self.at };
        for (index, target) in &node.wants {
            self.found[*index] = match target {
                Target::Value => Some(value),
                Target::Key => Some(key.unwrap_or(value)),
            };
        }
        Some(())
    }

    fn object(&mut self, node: &Node<'_>) -> Option<()> {
        self.at += 1;
        loop {
            self.space();
            match self.bytes.get(self.at)? {
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                b',' => self.at += 1,
                b'"' => {
                    let start = self.at;
                    self.string()?;
                    let range = ByteRange { start, end: self.at };
                    let child = self.key(range).and_then(|key| node.children.get(key.as_str()));
                    self.space();
                    if *self.bytes.get(self.at)? == b':' {
                        self.at += 1;
                    }
                    match child {
                        Some(child) => self.value(child, Some(range))?,
                        None => self.skip()?,
                    }
                }
                _ => return None,
            }
        }
    }

    fn array(&mut self, node: &Node<'_>) -> Option<()> {
        let children: BTreeMap<usize, &Node<'_>> =
            node.children.iter().filter_map(|(step, child)| Some((step.parse().ok()?, child))).collect();
        let mut index = 0;
        self.at += 1;
        loop {
            self.space();
            match self.bytes.get(self.at)? {
                b']' => {
                    self.at += 1;
                    return Some(());
                }
                b',' => self.at += 1,
                _ => {
                    match children.get(&index) {
                        Some(child) => self.value(child, None)?,
                        None => self.skip()?,
                    }
                    index += 1;
                }
            }
        }
    }

    /// The last member of the object or array at `start` that begins before `offset`: its step, key and value.
    fn child_at(&mut self, start: usize, offset: usize) -> Option<(String, Option<ByteRange>, ByteRange)> {
        self.at = start;
        self.space();
        let object = match self.bytes.get(self.at)? {
            b'{' => true,
            b'[' => false,
            _ => return None,
        };
        self.at += 1;
        let (mut last, mut index) = (None, 0_usize);
        loop {
            self.space();
            match self.bytes.get(self.at)? {
                b',' => self.at += 1,
                b'}' | b']' => return last,
                _ if self.at >= offset => return last,
                _ => {
                    let (mut step, mut key) = (index.to_string(), None);
                    if object {
                        let range = ByteRange {
                            start: self.at,
                            end: {
                                self.string()?;
                                self.at
                            },
                        };
                        step = self.key(range)?;
                        key = Some(range);
                        self.space();
                        self.at += 1;
                    }
                    self.space();
                    let value = self.at;
                    self.skip()?;
                    last = Some((step, key, ByteRange { start: value, end: self.at }));
                    index += 1;
                }
            }
        }
    }

    /// The text of a key; `None` for an escape that means no character.
    fn key(&self, range: ByteRange) -> Option<String> {
        let raw = self.bytes.get(range.start..range.end)?;
        if raw.contains(&b'\\') {
            return serde_json::from_slice(raw).ok();
        }
        std::str::from_utf8(raw.get(1..raw.len() - 1)?).ok().map(str::to_owned)
    }

    /// Passes over one value without recursion.
    fn skip(&mut self) -> Option<()> {
        let mut open = 0_usize;
        loop {
            self.space();
            match self.bytes.get(self.at)? {
                b'"' => self.string()?,
                b'{' | b'[' => {
                    open += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    open = open.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' if open > 0 => {
                    self.at += 1;
                    continue;
                }
                _ => self.word()?,
            }
            if open == 0 {
                return Some(());
            }
        }
    }

    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            match self.bytes.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Option<()> {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn space(&mut self) {
        while self.bytes.get(self.at).is_some_and(|byte| b" \t\r\n".contains(byte)) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, pointer: &str, target: Target) -> Option<String> {
        let wanted = Wanted { path: steps_of(pointer), target };
        locate(text, &[wanted])[0].map(|range| text[range.start..range.end].to_owned())
    }

    const TEXT: &str =
        r#" { "a" : [ 10 , { "b/c" : "x\"]" } , [ ] ] , "~" : null , "\u00fc" : -1.5e3 , "0":{"1":true} } "#;

    #[test]
    fn values_and_keys_are_found() {
        assert_eq!(at(TEXT, "", Target::Value).as_deref(), Some(TEXT.trim()));
        assert_eq!(at(TEXT, "/a/0", Target::Value).as_deref(), Some("10"));
        assert_eq!(at(TEXT, "/a/1/b~1c", Target::Value).as_deref(), Some(r#""x\"]""#));
        assert_eq!(at(TEXT, "/a/1/b~1c", Target::Key).as_deref(), Some(r#""b/c""#));
        assert_eq!(at(TEXT, "/a/2", Target::Value).as_deref(), Some("[ ]"));
        assert_eq!(at(TEXT, "/~0", Target::Value).as_deref(), Some("null"));
        assert_eq!(at(TEXT, "/ü", Target::Value).as_deref(), Some("-1.5e3"));
        assert_eq!(at(TEXT, "/0/1", Target::Value).as_deref(), Some("true"));
    }

    #[test]
    fn the_value_before_an_offset_is_found() {
        let text = r#"{"a": {"b": 12, "c": [1, "x"]}, "d": 3}"#;
        let at = |needle: &str| {
            let offset = text.find(needle).unwrap() + needle.len();
            let (pointer, range) = path_at(text, offset);
            (pointer, &text[range.start..range.end])
        };
        assert_eq!(at("12"), ("/a/b".into(), "12"));
        assert_eq!(at("[1"), ("/a/c/0".into(), "1"));
        assert_eq!(at("\"x\""), ("/a/c/1".into(), "\"x\""));
        assert_eq!(at("\"d\""), ("/d".into(), "\"d\""));
        assert_eq!(path_at("x", 1), (String::new(), ByteRange { start: 0, end: 1 }));
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        assert_eq!(at(TEXT, "/a/3", Target::Value), None);
        assert_eq!(at(TEXT, "/b", Target::Value), None);
        assert_eq!(at("", "/b", Target::Value), None);
        assert_eq!(at("{\"b", "/b", Target::Value), None);
    }

    #[test]
    fn deep_text_needs_no_stack() {
        let deep = "[".repeat(1_000_000);
        assert_eq!(at(&deep, "/0/0", Target::Value).map(|text| text.len()), Some(999_998));
    }
}

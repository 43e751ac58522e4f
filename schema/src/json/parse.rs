//! JSON text to a value, stricter than the grammar: no key twice, bounded nesting and memory. Positions come only with
//! faults; [`super::locate`] finds them for everything else.

use std::{cell::RefCell, fmt};

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::locate::{Target, Wanted, locate, pointer_of};
use crate::{
    excerpt::clip,
    limits::{NESTING_LEVELS_MAX, PARSED_BYTES_MAX},
    place::{ByteRange, Places},
    violation::{RULE_DUPLICATE_KEY, RULE_NESTING, RULE_PAYLOAD_BYTES, RULE_SYNTAX},
};

/// Why a text is not acceptable JSON, and where.
#[derive(Debug)]
pub(crate) struct Fault {
    /// One of the `RULE_*` constants.
    pub rule: &'static str,
    /// JSON pointer of the object or array at fault; empty when the text is not JSON at all.
    pub pointer: String,
    pub range: ByteRange,
    pub message: String,
}

/// Reads UTF-8 text. An error is a fault at the first byte that is wrong.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|error| {
        let start = error.valid_up_to();
        let end = start + error.error_len().unwrap_or(bytes.len() - start);
        let shown: Vec<String> = bytes[start..end].iter().map(|byte| format!("0x{byte:02x}")).collect();
        Fault {
            rule: RULE_SYNTAX,
            pointer: String::new(),
            range: ByteRange { start, end },
            message: format!("the text is not UTF-8: {} at byte {start} is no character", shown.join(" ")),
        }
    })
}

/// Reads one JSON value that fills the whole text.
pub(crate) fn parse(text: &str) -> Result<Value, Fault> {
    if text.starts_with('\u{feff}') {
        return Err(syntax(0, 3, "the text starts with a byte order mark; save it as UTF-8 without one".into()));
    }
    if text.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
        return Err(syntax(0, text.len(), "the text is empty where a JSON value is expected".into()));
    }
    let state = RefCell::new(State { parsed_bytes: 0, refusal: None, path: Vec::new() });
    let mut source = serde_json::Deserializer::from_str(text);
    let parsed =
        Strict { state: &state, levels: 0 }.deserialize(&mut source).and_then(|value| source.end().map(|()| value));
    parsed.map_err(|error| {
        let mut state = state.into_inner();
        state.path.reverse();
        match state.refusal {
            Some(refusal) => refused(text, refusal, &state.path),
            None => not_json(text, &error),
        }
    })
}

/// What the parser refuses although the grammar allows it.
enum Refusal {
    DuplicateKey(String),
    Nesting,
    Memory,
}

struct State {
    parsed_bytes: usize,
    refusal: Option<Refusal>,
    /// From the refused container outwards; filled while the error travels up.
    path: Vec<String>,
}

fn refused(text: &str, refusal: Refusal, path: &[String]) -> Fault {
    let pointer = pointer_of(path);
    let place = |path: &[String], target| {
        let wanted = Wanted { path: path.to_vec(), target };
        locate(text, &[wanted])[0].unwrap_or(ByteRange { start: 0, end: text.len() })
    };
    match refusal {
        Refusal::DuplicateKey(key) => {
            let full: Vec<String> = path.iter().cloned().chain([key.clone()]).collect();
            Fault {
                rule: RULE_DUPLICATE_KEY,
                pointer,
                range: place(&full, Target::Key),
                message: format!("key \"{}\" appears more than once in the same object", clip(&key)),
            }
        }
        Refusal::Nesting => {
            let start = place(path, Target::Value).start;
            Fault {
                rule: RULE_NESTING,
                pointer,
                range: ByteRange { start, end: start + 1 },
                message: format!("arrays and objects are nested deeper than {NESTING_LEVELS_MAX} levels"),
            }
        }
        Refusal::Memory => Fault {
            rule: RULE_PAYLOAD_BYTES,
            pointer,
            range: ByteRange { start: 0, end: text.len() },
            message: format!(
                "the text has so many small values that it would take more than {PARSED_BYTES_MAX} bytes once parsed"
            ),
        },
    }
}

fn syntax(start: usize, end: usize, message: String) -> Fault {
    Fault { rule: RULE_SYNTAX, pointer: String::new(), range: ByteRange { start, end }, message }
}

/// Turns the parser's complaint into a place and a sentence.
fn not_json(text: &str, error: &serde_json::Error) -> Fault {
    let complaint = error.to_string();
    let complaint = complaint.split(" at line ").next().unwrap_or(&complaint);
    if error.is_eof() {
        let what = complaint.strip_prefix("EOF while parsing ").unwrap_or("a value").replace("a list", "an array");
        return syntax(text.len(), text.len(), format!("the text is not JSON: it ends inside {what}"));
    }
    let mut start = Places::new(text).offset_of(error.line(), error.column());
    if complaint == "number out of range" {
        let digits = text[..start].trim_end_matches(|c: char| c.is_ascii_digit() || "+-.eE".contains(c));
        start = digits.len();
        let number: String = text[start..].chars().take_while(|c| !",]} \t\r\n".contains(*c)).collect();
        let end = start + number.len();
        return syntax(start, end, format!("number {} is too large to be represented", clip(&number)));
    }
    if matches!(complaint, "expected ident" | "expected value") {
        start = text[..start].trim_end_matches(|c: char| c.is_ascii_alphabetic()).len();
        let word = text[start..].split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        if !word.is_empty() {
            let message = format!("the text is not JSON: {} is no JSON value; text needs double quotes", clip(word));
            return syntax(start, start + word.len(), message);
        }
    }
    if complaint.starts_with("control character") {
        start = text[..start].char_indices().next_back().map_or(0, |(at, _)| at);
    }
    let found = text[start..].chars().next();
    let end = start + found.map_or(0, char::len_utf8);
    let shown = match found {
        Some(found) if found.is_control() => format!("a control character (U+{:04X})", u32::from(found)),
        Some(found) => format!("'{found}'"),
        None => "the end".into(),
    };
    syntax(start, end, format!("the text is not JSON: {}, found {shown}", plain_words(complaint)))
}

/// The library's complaints that a person would not understand; others as they are.
fn plain_words(complaint: &str) -> &str {
    match complaint {
        "expected value" => "expected a value",
        "key must be a string" => "a key must stand in double quotes",
        "trailing characters" => "there is more text after the end of the value",
        "trailing comma" => "a comma is followed by nothing",
        "invalid number" => "the number is not written as JSON allows",
        "invalid escape" => "unknown escape after a backslash",
        "unexpected end of hex escape" | "lone leading surrogate in hex escape" => "half of a surrogate pair",
        _ if complaint.starts_with("control character") => "control characters in strings must be escaped",
        _ => complaint,
    }
}

/// Builds a value and counts as it goes.
#[derive(Clone, Copy)]
struct Strict<'a> {
    state: &'a RefCell<State>,
    levels: usize,
}

/// What a parsed value takes, roughly: a value in a vector, the first leaf of a map, a further entry of a map.
const VALUE_BYTES: usize = 32;
const OBJECT_BYTES: usize = 640;
const MEMBER_BYTES: usize = 90;

impl Strict<'_> {
    fn refuse<E: serde::de::Error>(&self, refusal: Refusal) -> E {
        self.state.borrow_mut().refusal = Some(refusal);
        E::custom("refused")
    }

    fn charge<E: serde::de::Error>(&self, bytes: usize) -> Result<(), E> {
        let parsed_bytes = self.state.borrow().parsed_bytes + bytes;
        self.state.borrow_mut().parsed_bytes = parsed_bytes;
        if parsed_bytes > PARSED_BYTES_MAX { Err(self.refuse(Refusal::Memory)) } else { Ok(()) }
    }

    fn inner<E: serde::de::Error>(&self) -> Result<Self, E> {
        if self.levels >= NESTING_LEVELS_MAX {
            return Err(self.refuse(Refusal::Nesting));
        }
        Ok(Strict { state: self.state, levels: self.levels + 1 })
    }

    /// Notes one step of the path while a refusal travels outwards.
    fn note<T, E>(&self, result: Result<T, E>, step: impl FnOnce() -> String) -> Result<T, E> {
        if result.is_err() {
            self.state.borrow_mut().path.push(step());
        }
        result
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut source: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        let inner = self.inner()?;
        while let Some(item) = {
            let next = source.next_element_seed(inner);
            inner.note(next, || items.len().to_string())?
        } {
            inner.charge(VALUE_BYTES)?;
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        let inner = self.inner()?;
        while let Some(key) = source.next_key::<String>()? {
            inner.charge(if members.is_empty() { OBJECT_BYTES } else { MEMBER_BYTES })?;
            if members.contains_key(&key) {
                return Err(inner.refuse(Refusal::DuplicateKey(key)));
            }
            let next = source.next_value_seed(inner);
            let value = inner.note(next, || key.clone())?;
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> (&'static str, usize, usize, String) {
        let fault = parse(text).unwrap_err();
        (fault.rule, fault.range.start, fault.range.end, fault.message)
    }

    #[test]
    fn faults_of_the_grammar_are_placed_on_the_offending_character() {
        let cases = [
            ("{\"a\":1,}", 7, 8, "the text is not JSON: a comma is followed by nothing, found '}'"),
            ("{\"a\" 1}", 5, 6, "the text is not JSON: expected `:`, found '1'"),
            ("{'a':1}", 1, 2, "the text is not JSON: a key must stand in double quotes, found '''"),
            ("[1,2", 4, 4, "the text is not JSON: it ends inside an array"),
            ("{\"a\":1} x", 8, 9, "the text is not JSON: there is more text after the end of the value, found 'x'"),
            ("", 0, 0, "the text is empty where a JSON value is expected"),
            ("[1e999]", 1, 6, "number 1e999 is too large to be represented"),
            ("\u{feff}{}", 0, 3, "the text starts with a byte order mark; save it as UTF-8 without one"),
        ];
        for (text, start, end, message) in cases {
            assert_eq!(fault(text), (RULE_SYNTAX, start, end, message.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_key_that_comes_twice_is_placed_on_its_second_mention() {
        let text = r#"{"a":[{"b":1,"\u0062":2}]}"#;
        let fault = parse(text).unwrap_err();
        assert_eq!((fault.rule, fault.pointer.as_str()), (RULE_DUPLICATE_KEY, "/a/0"));
        assert_eq!(&text[fault.range.start..fault.range.end], r#""\u0062""#);
        assert_eq!(fault.message, "key \"b\" appears more than once in the same object");
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(&nested(NESTING_LEVELS_MAX)).is_ok());
        let (rule, start, end, message) = fault(&nested(NESTING_LEVELS_MAX + 1));
        assert_eq!((rule, start, end), (RULE_NESTING, NESTING_LEVELS_MAX, NESTING_LEVELS_MAX + 1));
        assert_eq!(message, "arrays and objects are nested deeper than 100 levels");
        assert_eq!(fault(&"[".repeat(1_000_000)).0, RULE_NESTING);
    }

    #[test]
    fn memory_is_bounded() {
        let objects = PARSED_BYTES_MAX / OBJECT_BYTES + 1;
        let text = format!("[{}{{\"\":0}}]", "{\"\":0},".repeat(objects));
        assert_eq!(fault(&text).0, RULE_PAYLOAD_BYTES);
    }

    #[test]
    fn values_are_what_the_library_reads() {
        let text = r#"{"a":[1,-1,1.5,1e2,18446744073709551616,"x\n",true,null,{}],"b":{"":[]}}"#;
        assert_eq!(parse(text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn bytes_that_are_no_text_are_named() {
        let fault = utf8(b"ab\xff\xfe").unwrap_err();
        assert_eq!(fault.message, "the text is not UTF-8: 0xff at byte 2 is no character");
        assert_eq!(fault.range, ByteRange { start: 2, end: 3 });
        assert_eq!(utf8(b"a\xf0\x9f").unwrap_err().range, ByteRange { start: 1, end: 3 });
    }
}

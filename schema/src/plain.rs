//! The types without a definition: text and number. `bytes` accepts everything and needs no code.

use serde_json::Value;

use crate::{
    excerpt::clip,
    json::parse,
    place::ByteRange,
    violation::{Found, RULE_SYNTAX, Violation, finish},
};

/// Text is UTF-8.
pub(crate) fn string(payload: &[u8]) -> Vec<Violation> {
    match parse::utf8(payload) {
        Ok(_) => Vec::new(),
        Err(fault) => {
            let valid = std::str::from_utf8(&payload[..fault.range.start]).unwrap_or_default();
            finish(vec![found(fault.range, RULE_SYNTAX, fault.message)], Some(valid), false, payload.len())
        }
    }
}

/// A number is a JSON number as text, or 4 or 8 bytes as Danube's own clients send them.
pub(crate) fn number(payload: &[u8]) -> Vec<Violation> {
    if matches!(payload.len(), 4 | 8) {
        return Vec::new();
    }
    let text = std::str::from_utf8(payload).ok();
    if text.is_some_and(|text| matches!(serde_json::from_str(text), Ok(Value::Number(_)))) {
        return Vec::new();
    }
    let shown = match text {
        Some(text) => format!("\"{}\"", clip(text)),
        None => format!("payload of {} bytes", payload.len()),
    };
    let message = format!("{shown} is not a number; send decimal text such as 42 or -1.5e3, or exactly 4 or 8 bytes");
    finish(vec![found(ByteRange { start: 0, end: payload.len() }, "number", message)], text, false, payload.len())
}

fn found(range: ByteRange, rule: &str, message: String) -> Found {
    Found { instance_path: String::new(), range, rule: rule.into(), schema_path: String::new(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_text_or_four_or_eight_bytes() {
        for valid in [&b"42"[..], b" -1.5e3\n", b"0", &1_i32.to_le_bytes(), &f64::NAN.to_be_bytes()] {
            assert_eq!(number(valid), Vec::new(), "{valid:?}");
        }
        for invalid in [&b""[..], b"4 2", b"NaN", b"1e999", b"0x100", b"\"421\"", b"\xff"] {
            let violations = number(invalid);
            assert_eq!((violations.len(), violations[0].rule.as_str()), (1, "number"), "{invalid:?}");
        }
        assert_eq!(
            number(b"twelve")[0].message,
            "\"twelve\" is not a number; send decimal text such as 42 or -1.5e3, or exactly 4 or 8 bytes"
        );
    }

    #[test]
    fn text_is_utf8() {
        assert_eq!(string("grüß dich".as_bytes()), Vec::new());
        let violation = &string(b"a\nb\xff")[0];
        assert_eq!((violation.line, violation.column, violation.byte_start, violation.byte_end), (2, 2, 3, 4));
        assert_eq!(violation.rule, RULE_SYNTAX);
    }
}

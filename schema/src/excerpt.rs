//! Values as they appear inside sentences: short, on one line, never the whole payload. Not formatting for machines.

use serde_json::Value;

use crate::limits::{EXCERPT_CHARS_MAX, LISTED_VALUES_MAX};

/// The text up to [`EXCERPT_CHARS_MAX`] characters, with control characters shown as spaces.
pub(crate) fn clip(text: &str) -> String {
    let mut shown: String =
        text.chars().take(EXCERPT_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(EXCERPT_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// A value as JSON when it is short, else its beginning; arrays and objects by their size.
pub(crate) fn value(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", clip(text)),
        Value::Array(items) if items.is_empty() => "[]".into(),
        Value::Object(members) if members.is_empty() => "{}".into(),
        Value::Array(items) => format!("array of {}", counted(items.len() as u64, "item")),
        Value::Object(members) => format!("object of {}", counted(members.len() as u64, "property")),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// A value of a schema, where small arrays and objects are worth spelling out.
pub(crate) fn constant(constant: &Value) -> String {
    match constant {
        Value::Array(_) | Value::Object(_) => clip(&constant.to_string()),
        _ => value(constant),
    }
}

/// What kind of JSON value this is, with its article.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a number",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// `1 item`, `2 items`, `1 property`, `2 properties`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    match (count, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {noun}s"),
    }
}

/// `a, b or c`, cut after [`LISTED_VALUES_MAX`] entries.
pub(crate) fn listed<T>(entries: &[T], show: impl Fn(&T) -> String) -> String {
    if entries.len() > LISTED_VALUES_MAX {
        let shown: Vec<String> = entries.iter().take(LISTED_VALUES_MAX).map(&show).collect();
        return format!("{} or {} more", shown.join(", "), entries.len() - LISTED_VALUES_MAX);
    }
    let shown: Vec<String> = entries.iter().map(&show).collect();
    match shown.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "nothing".into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn long_texts_are_clipped_at_a_character() {
        let long = "ü".repeat(EXCERPT_CHARS_MAX + 1);
        assert_eq!(clip(&long).chars().count(), EXCERPT_CHARS_MAX + 1);
        assert!(clip(&long).ends_with('…'));
        assert_eq!(clip("a\nb"), "a b");
    }

    #[test]
    fn lists_are_bounded() {
        let entries: Vec<u32> = (0..20).collect();
        assert_eq!(listed(&entries, u32::to_string), "0, 1, 2, 3, 4, 5, 6, 7 or 12 more");
        assert_eq!(listed(&entries[..2], u32::to_string), "0 or 1");
        assert_eq!(listed(&entries[..0], u32::to_string), "nothing");
    }

    #[test]
    fn containers_are_shown_by_size() {
        assert_eq!(value(&json!([1, 2])), "array of 2 items");
        assert_eq!(value(&json!({"a": 1})), "object of 1 property");
        assert_eq!(constant(&json!([1, 2])), "[1,2]");
    }
}

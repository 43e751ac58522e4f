//! A message before and after transforms, line by line: what is shown of the difference, and when that would be too much. Pure.

use std::collections::BTreeMap;

use bytes::Bytes;
use irongate_proto::irongate_v1::OutgoingMessage;

use crate::text::hex;
use crate::text::json_format::pretty;
use crate::text::line_diff::{Change, line_diff};

/// The most bytes of a payload that are compared; of a longer one only the sizes are told.
pub const COMPARED_BYTES_MAX: usize = 256 * 1024;

/// The most lines shown of one comparison.
pub const LINES_SHOWN_MAX: usize = 400;

/// Lines shown around a change; more that stayed are counted.
const CONTEXT_LINES: usize = 3;

/// One row of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A line, and what became of it.
    Line(Change, String),
    /// This many lines that stayed.
    Folded(usize),
    /// This many rows that are not shown.
    LeftOut(usize),
}

/// Two things, compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compared {
    /// They are the same.
    Same,
    /// They differ; whether the lines are bytes in hexadecimal.
    Differ {
        /// What is shown.
        rows: Vec<Row>,
        /// The payload is not text.
        is_hex: bool,
    },
    /// They differ, and are too long to be compared.
    TooLong {
        /// Bytes before.
        before: usize,
        /// Bytes after.
        after: usize,
    },
}

/// Payloads: as JSON where both are, as text where both are, otherwise in hexadecimal.
#[must_use]
pub fn payloads(before: &Bytes, after: &Bytes) -> Compared {
    if before == after {
        return Compared::Same;
    }
    if before.len().max(after.len()) > COMPARED_BYTES_MAX {
        return Compared::TooLong { before: before.len(), after: after.len() };
    }
    let (Some(old), Some(new)) = (text(before), text(after)) else {
        return Compared::Differ { rows: rows(&hexadecimal(before), &hexadecimal(after)), is_hex: true };
    };
    let rows = match (pretty(old), pretty(new)) {
        // Where only the layout changed, the texts as they are show it.
        (Some(old), Some(new)) if old != new => rows(&old, &new),
        _ => rows(old, new),
    };
    Compared::Differ { rows, is_hex: false }
}

/// Bytes that a person reads: an Avro datum is often UTF-8 by chance, and then has control characters.
fn text(bytes: &[u8]) -> Option<&str> {
    let is_read = |byte: &u8| *byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r');
    std::str::from_utf8(bytes).ok().filter(|text| text.as_bytes().iter().all(is_read))
}

/// Routing keys and attributes.
#[must_use]
pub fn heads(before: &OutgoingMessage, after: &OutgoingMessage) -> Compared {
    let (old, new) = (head(before), head(after));
    if old == new { Compared::Same } else { Compared::Differ { rows: rows(&old, &new), is_hex: false } }
}

/// One line for the key and for each attribute. A line break in one of them is written as such.
fn head(message: &OutgoingMessage) -> String {
    let attributes: BTreeMap<_, _> = message.attributes.iter().collect();
    let key = message.routing_key.iter().map(|key| format!("routing key: {}\n", key.escape_debug()));
    let attribute = |(name, value): (&String, &String)| format!("{}: {}\n", name.escape_debug(), value.escape_debug());
    key.chain(attributes.into_iter().map(attribute)).collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    // Without offsets: a byte more at the beginning would change every line by them.
    hex::rows(bytes).iter().map(|row| format!("{:<48}  {}\n", row.hex, row.ascii)).collect()
}

fn rows(old: &str, new: &str) -> Vec<Row> {
    let changes = line_diff(old, new);
    let mut rows = Vec::new();
    let mut at = 0;
    while at < changes.len() {
        let (change, line) = changes[at];
        let same = changes[at..].iter().take_while(|(change, _)| *change == Change::Same).count();
        if same == 0 {
            rows.push(Row::Line(change, line.to_owned()));
            at += 1;
            continue;
        }
        let lead = if at == 0 { 0 } else { CONTEXT_LINES };
        let trail = if at + same == changes.len() { 0 } else { CONTEXT_LINES };
        let kept = |range: std::ops::Range<usize>| {
            changes[range].iter().map(|(change, line)| Row::Line(*change, (*line).to_owned())).collect::<Vec<_>>()
        };
        // One line is not worth folding.
        if same > lead + trail + 1 {
            rows.extend(kept(at..at + lead));
            rows.push(Row::Folded(same - lead - trail));
            rows.extend(kept(at + same - trail..at + same));
        } else {
            rows.extend(kept(at..at + same));
        }
        at += same;
    }
    if rows.len() > LINES_SHOWN_MAX {
        let left = rows.len() - LINES_SHOWN_MAX;
        rows.truncate(LINES_SHOWN_MAX);
        rows.push(Row::LeftOut(left));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(compared: &Compared) -> String {
        let Compared::Differ { rows, .. } = compared else { return format!("{compared:?}") };
        let row = |row: &Row| match row {
            Row::Line(Change::Same, line) => format!(" {line};"),
            Row::Line(Change::Removed, line) => format!("-{line};"),
            Row::Line(Change::Added, line) => format!("+{line};"),
            Row::Folded(count) => format!("…{count};"),
            Row::LeftOut(count) => format!("!{count};"),
        };
        rows.iter().map(row).collect()
    }

    fn of(before: &str, after: &str) -> String {
        drawn(&payloads(&Bytes::from(before.to_owned()), &Bytes::from(after.to_owned())))
    }

    #[test]
    fn json_is_compared_member_by_member() {
        let (before, after) = (r#"{"email":"a@b.c","n":1}"#, r#"{"email":"***","n":1}"#);
        assert_eq!(of(before, after), " {;-  \"email\": \"a@b.c\",;+  \"email\": \"***\",;   \"n\": 1; };");
        assert_eq!(of(r#"{"n":1}"#, r#"{ "n":1}"#), "-{\"n\":1};+{ \"n\":1};");
        assert_eq!(of("a\nb", "a\nc"), " a;-b;+c;");
        assert_eq!(of("same", "same"), "Same");
    }

    #[test]
    fn bytes_that_are_no_text_are_compared_in_hexadecimal() {
        let found = payloads(&Bytes::from_static(&[0xff, 0x41]), &Bytes::from_static(b"A"));
        assert!(matches!(found, Compared::Differ { is_hex: true, .. }));
        let drawn = drawn(&found);
        assert!(of("{}", "\u{4}ab").starts_with("-7b 7d"), "a length before a text is no text");
        assert!(drawn.starts_with("-ff 41") && drawn.contains("  .A;+41 ") && drawn.ends_with("  A;"), "{drawn}");
    }

    #[test]
    fn what_stayed_far_from_a_change_is_counted() {
        let lines =
            |word: &'static str| (0..20).map(move |n| if n == 10 { word.to_owned() } else { n.to_string() } + "\n");
        let (old, new): (String, String) = (lines("x").collect(), lines("y").collect());
        assert_eq!(of(&old, &new), "…7; 7; 8; 9;-x;+y; 11; 12; 13;…6;");
    }

    #[test]
    fn keys_and_attributes_are_compared_by_name() {
        let message = |key: Option<&str>, attributes: &[(&str, &str)]| OutgoingMessage {
            routing_key: key.map(str::to_owned),
            attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            ..OutgoingMessage::default()
        };
        let before = message(Some("k"), &[("b", "1"), ("a", "2")]);
        assert_eq!(heads(&before, &before.clone()), Compared::Same);
        let after = message(None, &[("a", "2"), ("b", "two\nlines")]);
        assert_eq!(drawn(&heads(&before, &after)), "-routing key: k; a: 2;-b: 1;+b: two\\nlines;");
    }

    #[test]
    fn what_is_too_long_is_not_compared_and_what_is_too_much_not_shown() {
        let long = Bytes::from(vec![b'a'; COMPARED_BYTES_MAX + 1]);
        let found = payloads(&long, &Bytes::from_static(b"a"));
        assert_eq!(found, Compared::TooLong { before: COMPARED_BYTES_MAX + 1, after: 1 });
        let many: String = (0..LINES_SHOWN_MAX + 5).map(|n| format!("{n}\n")).collect();
        let drawn = of(&many, "");
        assert!(drawn.ends_with("!5;"), "{drawn}");
    }
}

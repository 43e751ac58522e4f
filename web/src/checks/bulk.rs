//! Many messages at once, inside the worker: cuts a file into rows, and checks rows. Each answer is complete in
//! itself; how far a run has come is known to the page alone.

use bytes::Bytes;
use irongate_schema::{Schema, Violation};

use super::answer::examine;
use super::message::Row;
use crate::state::bulk::ROWS_MAX;
use crate::state::encoding::Encoding;
use crate::text::rows::{self, Layout};
use crate::text::size::counted;

/// The rows of a file.
pub(super) fn cut(content: &[u8], layout: u32) -> Result<Vec<Row>, String> {
    let layout = match layout {
        2 => Layout::Array,
        3 => Layout::Csv,
        _ => Layout::Lines,
    };
    let found = rows::cut(content, layout, ROWS_MAX)?;
    let row = |row: rows::Row| Row { line: row.line, payload: row.text.into(), problem: row.problem };
    Ok(found.into_iter().map(row).collect())
}

/// The number that stands for a layout in a question.
#[must_use]
pub fn number_of(layout: Layout) -> u32 {
    match layout {
        Layout::Lines => 1,
        Layout::Array => 2,
        Layout::Csv => 3,
    }
}

/// What becomes of one row. `cells`: it comes from CSV.
pub(super) fn check(schema: &Schema, row: &Bytes, encoding: Encoding, cells: bool) -> Row {
    let (wire, violations) = examine(schema, row, encoding);
    if violations.is_empty() {
        return Row { line: 0, payload: wire.map_or_else(|| row.clone(), Bytes::from), problem: String::new() };
    }
    let place = |violation: &Violation| {
        let at = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX);
        at(violation.byte_start)..at(violation.byte_end)
    };
    if cells
        && let Ok(text) = std::str::from_utf8(row)
        && let Some(text) = rows::with_strings(text, violations.iter().map(place))
    {
        let (wire, left) = examine(schema, text.as_bytes(), encoding);
        if left.is_empty() {
            return Row { line: 0, payload: wire.map_or_else(|| text.into(), Bytes::from), problem: String::new() };
        }
    }
    Row { line: 0, payload: row.clone(), problem: words(&violations) }
}

/// The first violation with its place, and how many there are.
fn words(violations: &[Violation]) -> String {
    let Some(first) = violations.first() else { return String::new() };
    let place = if first.instance_path.is_empty() { String::new() } else { format!("{}: ", first.instance_path) };
    let more = match violations.len() - 1 {
        0 => String::new(),
        others => format!(" (and {})", counted(others, "more violation", "more violations")),
    };
    format!("{place}{}{more}", first.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use irongate_schema::SchemaType;

    fn schema(schema_type: SchemaType, definition: &str) -> Schema {
        Schema::compile(schema_type, definition.as_bytes()).unwrap()
    }

    fn checked(schema: &Schema, text: &str, encoding: Encoding, cells: bool) -> Row {
        check(schema, &Bytes::copy_from_slice(text.as_bytes()), encoding, cells)
    }

    #[test]
    fn a_row_is_good_or_says_why_not() {
        let schema =
            schema(SchemaType::JsonSchema, r#"{"properties":{"id":{"type":"string"},"n":{"type":"integer"}}}"#);
        let row = checked(&schema, r#"{"id":"x","n":1}"#, Encoding::Text, false);
        assert_eq!((row.problem.as_str(), &row.payload[..]), ("", br#"{"id":"x","n":1}"#.as_slice()));
        let row = checked(&schema, r#"{"id":1,"n":"y"}"#, Encoding::Text, false);
        assert!(row.problem.starts_with("/id: ") && row.problem.ends_with("(and 1 more violation)"), "{}", row.problem);
        assert!(!checked(&schema, "{", Encoding::Text, false).problem.is_empty());
    }

    #[test]
    fn digits_are_a_text_where_the_schema_wants_one_and_only_in_csv() {
        let schema =
            schema(SchemaType::JsonSchema, r#"{"properties":{"id":{"type":"string"},"n":{"type":"integer"}}}"#);
        let row = checked(&schema, r#"{"id":123,"n":5}"#, Encoding::Text, true);
        assert_eq!((row.problem.as_str(), &row.payload[..]), ("", br#"{"id":"123","n":5}"#.as_slice()));
        assert!(!checked(&schema, r#"{"id":123,"n":5}"#, Encoding::Text, false).problem.is_empty());
        let row = checked(&schema, r#"{"id":123,"n":5.5}"#, Encoding::Text, true);
        assert!(row.problem.contains("/id") || row.problem.contains("/n"), "{}", row.problem);
    }

    #[test]
    fn a_row_is_encoded_as_it_travels() {
        let avro = schema(SchemaType::Avro, r#"{"type":"record","name":"P","fields":[{"name":"id","type":"string"}]}"#);
        assert_eq!(&checked(&avro, r#"{"id":"ab"}"#, Encoding::Binary, false).payload[..], b"\x04ab");
        assert_eq!(&checked(&avro, r#"{"id":12}"#, Encoding::Binary, true).payload[..], b"\x0412");
    }

    #[test]
    fn a_file_is_cut_by_its_number() {
        for layout in [Layout::Lines, Layout::Array, Layout::Csv] {
            let content: &[u8] = match layout {
                Layout::Lines => b"{\"a\":1}",
                Layout::Array => b"[{\"a\":1}]",
                Layout::Csv => b"a\n1",
            };
            assert_eq!(&cut(content, number_of(layout)).unwrap()[0].payload[..], b"{\"a\":1}");
        }
    }
}

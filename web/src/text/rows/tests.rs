//! Files as people have them: what becomes of each.

use super::*;

fn texts(content: &str, layout: Layout) -> Vec<(u32, String)> {
    cut(content.as_bytes(), layout, 100).unwrap().into_iter().map(|row| (row.line, row.text)).collect()
}

#[test]
fn a_file_is_taken_for_what_it_most_likely_is() {
    assert_eq!(Layout::of("a.CSV", b"[1]"), Layout::Csv);
    assert_eq!(Layout::of("a.json", b" \n[1]"), Layout::Array);
    assert_eq!(Layout::of("a.jsonl", b"[1]"), Layout::Lines);
    assert_eq!(Layout::of("", b"{}"), Layout::Lines);
}

#[test]
fn each_line_is_a_row_and_empty_ones_are_none() {
    let rows = texts("\u{feff}{\"a\":1}\r\n\n  {\"a\": }\n", Layout::Lines);
    assert_eq!(rows, [(1, "{\"a\":1}".to_owned()), (3, "  {\"a\": }".to_owned())]);
}

#[test]
fn the_elements_of_an_array_are_rows_with_their_lines() {
    let rows = texts("\n[\n {\"a\":\"],\\\"\"},\n [1,\n2], 3 ]\n", Layout::Array);
    assert_eq!(rows, [(3, "{\"a\":\"],\\\"\"}".to_owned()), (4, "[1,\n2]".to_owned()), (5, "3".to_owned())]);
    assert_eq!(texts("[1,]", Layout::Array)[1], (1, String::new()), "a comma too many is a row that is not JSON");
    let fault = |text: &str| cut(text.as_bytes(), Layout::Array, 100).unwrap_err();
    assert_eq!(fault("{}"), "the file does not begin with [");
    assert_eq!(fault("[1"), "the array does not end: its ] is missing");
    assert_eq!(fault("[1] 2"), "something follows the end of the array");
    assert_eq!(fault("[ ]"), "there are no rows in this file");
    assert!(fault("[\"\\").contains("does not end"));
}

#[test]
fn cells_become_an_object_under_the_names_of_the_header() {
    let rows = texts("id,note,n\n\n007,\"a, \"\"b\"\"\nc\",1.5\nx,,true\n", Layout::Csv);
    assert_eq!(
        rows,
        [(3, r#"{"id":"007","note":"a, \"b\"\nc","n":1.5}"#.to_owned()), (5, r#"{"id":"x","n":true}"#.to_owned())]
    );
    let rows = cut(b"a,b\n1\n", Layout::Csv, 100).unwrap();
    assert_eq!(rows[0].problem, "has 1 cells, the header has 2");
    assert!(cut(b"a,,a\n1,2,3\n", Layout::Csv, 100).unwrap_err().contains("column 1"));
}

#[test]
fn only_what_json_calls_a_number_stands_bare() {
    for bare in ["0", "-1", "1.5", "1e9", "-0.1E-3", "true", "null"] {
        assert!(is_bare(bare), "{bare}");
    }
    for text in ["", "-", "01", "1.", ".5", "1.e3", "NaN", "inf", "+1", "1 ", "True", "1e", "0x1"] {
        assert!(!is_bare(text), "{text}");
    }
}

#[test]
fn a_number_is_a_text_where_the_schema_says_so() {
    let text = r#"{"id":123,"n":5}"#;
    assert_eq!(with_strings(text, std::iter::once(6..9)).as_deref(), Some(r#"{"id":"123","n":5}"#));
    assert_eq!(with_strings(text, [14..15, 6..9, 6..9].into_iter()).as_deref(), Some(r#"{"id":"123","n":"5"}"#));
    assert_eq!(with_strings(text, std::iter::once(0..16)), None);
}

#[test]
fn too_many_rows_are_refused_with_the_limit() {
    assert!(cut(b"1\n2\n3", Layout::Lines, 3).is_ok());
    assert!(cut(b"1\n2\n3\n4", Layout::Lines, 3).unwrap_err().contains("the 3 that"));
    assert!(cut(b"a\n2\n3\n4\n5", Layout::Csv, 3).unwrap_err().contains("the 3 that"));
    assert!(cut(b"\xff", Layout::Lines, 3).unwrap_err().contains("byte 1"));
}

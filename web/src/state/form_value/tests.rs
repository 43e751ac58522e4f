//! Blank values against the schemas they are for, and branches by what a value is like.

use irongate_schema::{Schema, SchemaType};

use super::*;
use crate::checks::form_model::field;
use crate::text::json_tree::parse;

fn schema(schema_type: SchemaType, definition: &str) -> (Schema, Field) {
    let schema = Schema::compile(schema_type, definition.as_bytes()).unwrap();
    let root = field(&schema.form().root);
    (schema, root)
}

#[test]
fn a_blank_value_is_valid_where_only_presence_is_asked_for() {
    for (schema_type, definition) in [
        (
            SchemaType::JsonSchema,
            r#"{"type":"object","required":["a","b","c","d"],"properties":{"a":{"type":"string"},
            "b":{"type":"integer","minimum":3},"c":{"enum":["x","y"]},"d":{"type":"array"},"e":{"type":"number"}}}"#,
        ),
        (
            SchemaType::Avro,
            r#"{"type":"record","name":"R","fields":[{"name":"u","type":["int","string"]},
            {"name":"n","type":["null","R"],"default":null},{"name":"m","type":{"type":"map","values":"long"}},
            {"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}},{"name":"b","type":"boolean"}]}"#,
        ),
        (
            SchemaType::Protobuf,
            "syntax = \"proto3\"; message M { oneof o { string a = 1; int64 b = 2; } repeated M more = 3; }",
        ),
    ] {
        let (schema, root) = schema(schema_type, definition);
        let text = blank(&root, &root);
        assert_eq!(schema.validate(text.as_bytes()), [], "{text}");
    }
}

#[test]
fn a_value_is_the_branch_it_is_most_like() {
    let (_, root) = schema(
        SchemaType::JsonSchema,
        r#"{"oneOf":[{"type":"object","required":["kind","a"],"properties":{"kind":{"const":"one"},"a":{"type":"string"}}},
        {"type":"object","required":["kind","b"],"properties":{"kind":{"const":"two"},"b":{"type":"string"}}},
        {"type":"integer"},{"type":"string"}]}"#,
    );
    for (text, branch) in [
        (r#"{"kind":"two","a":"x"}"#, Some(1)),
        (r#"{"a":"x"}"#, Some(0)),
        ("5", Some(2)),
        ("\"5\"", Some(3)),
        ("[]", None),
    ] {
        assert_eq!(branch_of(&root, &root.parts, text, &parse(text).unwrap()), branch, "{text}");
    }
    let (_, root) = schema(SchemaType::Avro, r#"["int","string",{"type":"map","values":"int"}]"#);
    for (text, branch) in [(r#"{"string":"x"}"#, Some(1)), (r#"{"map":{}}"#, Some(2)), ("5", None)] {
        assert_eq!(branch_of(&root, &root.parts, text, &parse(text).unwrap()), branch, "{text}");
    }
}

#[test]
fn a_type_that_holds_itself_is_drawn_as_often_as_there_are_values() {
    let (_, root) = schema(
        SchemaType::Avro,
        r#"{"type":"record","name":"N","fields":[{"name":"next","type":["null","N"],"default":null}]}"#,
    );
    assert_eq!(resolved(&root, &root.parts[0]), &root);
    assert_eq!((blank(&root, &root.parts[0]), blank(&root, &root)), ("{}".to_owned(), "{}".to_owned()));
}

#[test]
fn both_names_of_a_protobuf_field_are_known() {
    let (_, root) = schema(SchemaType::Protobuf, "syntax = \"proto3\"; message M { string user_id = 1; }");
    for key in ["userId", "user_id"] {
        let text = format!("{{\"{key}\":\"x\"}}");
        let tree = parse(&text).unwrap();
        let (name, node) = member(&root.parts[0], &text, Some(&tree));
        assert_eq!((name.as_str(), node.is_some()), (key, true));
    }
    assert_eq!(member(&root.parts[0], "", None), ("userId".to_owned(), None));
}

#[test]
fn what_is_no_number_stays_as_text() {
    for (typed, value) in [
        ("1.50", "1.50"),
        (" 7 ", "7"),
        ("-", "\"-\""),
        ("1e", "\"1e\""),
        ("9007199254740993", "9007199254740993"),
        ("true", "\"true\""),
    ] {
        assert_eq!(number(typed), value);
    }
}

//! Schemas and payloads made to hurt: every limit is reached here, and the answer still comes at once and on a small
//! stack. Runs natively and in the browser, whose stack is the smaller one.

use irongate_schema::{
    FormField, FormShape, RULE_MORE, RULE_PAYLOAD_BYTES, RULE_WORK, Schema, SchemaType, Violation, limits,
};
use serde_json::{Value, json};

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

fn validate(schema: &Value, payload: &str) -> Vec<Violation> {
    let schema = Schema::compile(SchemaType::JsonSchema, schema.to_string().as_bytes()).expect("the schema compiles");
    schema.validate(payload.as_bytes())
}

/// A recursive schema with the longest chain allowed between one level and the next, on data of the deepest nesting.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn the_longest_chain_on_the_deepest_data_fits_the_stack() {
    let hops = limits::SCHEMA_CHAIN_HOPS_MAX / 2 - 1;
    let mut schema = json!({"$ref": "#/$defs/a0", "$defs": {}});
    for hop in 0..hops {
        schema["$defs"][format!("a{hop}")] = json!({"anyOf": [{"$ref": format!("#/$defs/a{}", hop + 1)}]});
    }
    schema["$defs"][format!("a{hops}")] = json!({"type": "array", "items": {"$ref": "#"}});
    let levels = limits::NESTING_LEVELS_MAX;
    let valid = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(validate(&schema, &valid), Vec::new());
    let invalid = format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(validate(&schema, &invalid).len(), 1);
}

/// Two ways into the same items double the work with every level: forty levels would take days. Shallow data of the same
/// schema is checked as ever.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn work_that_doubles_with_every_level_is_refused() {
    let schema =
        json!({"anyOf": [{"type": "array", "items": {"$ref": "#"}}, {"type": "array", "items": {"$ref": "#"}}]});
    let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    let deep = validate(&schema, &nested(40));
    assert_eq!((deep.len(), deep[0].rule.as_str()), (1, RULE_WORK));
    assert_eq!(validate(&schema, &nested(8))[0].rule, "anyOf");
    assert_eq!(validate(&schema, "[[[],[[]]],[]]"), Vec::new());
}

/// Many subschemas for each of many values: each is within its limit, the product is not.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn many_subschemas_on_many_values_are_refused() {
    let wide = json!({"items": {"allOf": vec![json!({"minimum": 0}); 1000]}});
    let values = usize::try_from(limits::WORK_VISITS_MAX / 1000).expect("the limit fits");
    let payload = format!("[{}0]", "0,".repeat(values));
    assert_eq!(validate(&wide, &payload)[0].rule, RULE_WORK);
    assert_eq!(validate(&wide, "[0,1,2]"), Vec::new());
}

/// A tree whose branches have names meets each value once, however deep: no reason to refuse.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn a_deep_tree_of_named_branches_is_checked() {
    let schema = json!({"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}, "name": {"type": "string"}}});
    let levels = limits::NESTING_LEVELS_MAX - 1;
    let payload = format!("{}{{\"name\":1}}{}", "{\"left\":{},\"right\":".repeat(levels), "}".repeat(levels));
    let violations = validate(&schema, &payload);
    assert_eq!((violations.len(), violations[0].rule.as_str()), (1, "type"));
}

/// Look-around that tries every split of a long text: stopped by the step limit, reported as a violation.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn a_pattern_that_backtracks_is_stopped() {
    let schema = json!({"pattern": "^(?=(a+)+$)((a+)(a+)(a+)(a+)\\2)+$"});
    let violations = validate(&schema, &format!("\"{}b\"", "a".repeat(200_000)));
    assert_eq!((violations.len(), violations[0].rule.as_str()), (1, "pattern"));
    let too_long = format!("\"{}\"", "a".repeat(limits::BACKTRACKING_PAYLOAD_BYTES_MAX));
    assert_eq!(validate(&schema, &too_long)[0].rule, RULE_PAYLOAD_BYTES);
}

/// The classic that hangs backtracking engines runs in linear time here.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn nested_repetition_is_linear() {
    let violations = validate(&json!({"pattern": "^(a+)+$"}), &format!("\"{}b\"", "a".repeat(1_000_000)));
    assert_eq!(violations.len(), 1);
}

/// A pattern that would compile to gigabytes is refused.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn a_pattern_that_compiles_too_large_is_refused() {
    let schema = json!({"pattern": "((\\w{1000}){1000}){1000}x"}).to_string();
    let error = Schema::compile(SchemaType::JsonSchema, schema.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("is not a regular expression, or one too large"), "{error}");
}

/// Every item breaks a rule: the list is cut, the time is not spent.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn a_million_violations_are_cut() {
    let payload = format!("[{}0]", "0,".repeat(999_999));
    let violations = validate(&json!({"items": {"type": "string"}}), &payload);
    assert_eq!(violations.len(), limits::VIOLATIONS_MAX + 1);
    assert_eq!(violations[limits::VIOLATIONS_MAX].rule, RULE_MORE);
}

/// An unexpected key that fills the payload is cut in the message and in the path.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn a_key_as_long_as_the_payload_is_cut() {
    let payload = format!("{{\"{}\":1}}", "k".repeat(1_000_000));
    let violation = &validate(&json!({"additionalProperties": false}), &payload)[0];
    assert_eq!(violation.instance_path.chars().count(), limits::PATH_CHARS_MAX + 1);
    assert!(violation.message.len() < 200);
}

/// Definitions are bounded in size and nesting.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn definitions_are_bounded() {
    let large = format!("{{\"title\":\"{}\"}}", "x".repeat(limits::DEFINITION_BYTES_MAX));
    let error = Schema::compile(SchemaType::JsonSchema, large.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("the limit is 1048576"), "{error}");
    let deep = "{\"not\":".repeat(100_000);
    let error = Schema::compile(SchemaType::JsonSchema, deep.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("nested deeper than 100 levels"), "{error}");
}

/// Types within types, each used twice: forty small ones would be a form of a million million fields.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn a_form_that_doubles_with_every_type_is_cut() {
    let mut json = json!({"$ref": "#/$defs/t0", "$defs": {"t40": {"type": "string"}}});
    let (mut avro, mut proto) = (json!("string"), "syntax = \"proto3\";".to_owned());
    for at in 0..40 {
        let next = json!({"$ref": format!("#/$defs/t{}", at + 1)});
        json["$defs"][format!("t{at}")] = json!({"type": "object", "properties": {"a": next, "b": next}});
        proto += &format!("message T{at} {{ T{} a = 1; T{} b = 2; }}", at + 1, at + 1);
    }
    proto += "message T40 { string a = 1; }";
    for at in 0..30 {
        let second = match &avro {
            Value::String(_) => avro.clone(),
            record => record["name"].clone(),
        };
        avro = json!({"type": "record", "name": format!("T{at}"), "fields": [{"name": "a", "type": avro}, {"name": "b", "type": second}]});
    }
    for (schema_type, definition) in [
        (SchemaType::JsonSchema, json.to_string()),
        (SchemaType::Avro, avro.to_string()),
        (SchemaType::Protobuf, proto),
    ] {
        let schema = Schema::compile(schema_type, definition.as_bytes()).expect("the schema compiles");
        let form = schema.form();
        assert!(form.is_cut, "{schema_type}");
        assert!(fields(&form.root) <= 2 * limits::FORM_FIELDS_MAX, "{schema_type}");
        assert!(schema.difference(&schema).changes.is_empty());
    }
}

/// A text that is used in many places is repeated in each, up to the limit.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn the_text_of_a_form_is_bounded() {
    let long = "x".repeat(limits::FORM_TEXT_BYTES_MAX / 100);
    let properties: serde_json::Map<String, Value> =
        (0..200).map(|at| (format!("p{at}"), json!({"$ref": "#/$defs/long"}))).collect();
    let schema = json!({"properties": properties, "$defs": {"long": {"type": "string", "description": long}}});
    let schema = Schema::compile(SchemaType::JsonSchema, schema.to_string().as_bytes()).expect("the schema compiles");
    let form = schema.form();
    assert!(form.is_cut);
    let written = serde_json::to_string(&form).expect("a form is data");
    assert!(written.len() < limits::FORM_TEXT_BYTES_MAX + 200_000, "{}", written.len());
}

/// More changes than are listed.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn changes_are_bounded() {
    let with = |kind: &str| {
        let properties: serde_json::Map<String, Value> =
            (0..limits::CHANGES_MAX + 1).map(|at| (format!("p{at}"), json!({"type": kind}))).collect();
        let schema = json!({"properties": properties});
        Schema::compile(SchemaType::JsonSchema, schema.to_string().as_bytes()).expect("the schema compiles")
    };
    let changes = with("string").difference(&with("integer")).changes;
    assert_eq!(changes.len(), limits::CHANGES_MAX + 1);
    assert_eq!(changes[limits::CHANGES_MAX].aspect, "more");
}

fn fields(field: &FormField) -> usize {
    1 + match &field.shape {
        FormShape::Object { fields: inner, others } => {
            inner.iter().map(fields).sum::<usize>() + others.as_deref().map_or(0, fields)
        }
        _ => 0,
    }
}

//! What `sample` makes is valid: for schemas made by chance, and for every schema of the corpus.
#![cfg(not(target_arch = "wasm32"))]

use std::fs;

use irongate_schema::{SampleError, Schema, SchemaType};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Schemas of the corpus that allow nothing.
const WITHOUT_SAMPLE: [&str; 1] = ["boolean_false"];

#[test]
fn every_schema_of_the_corpus_has_valid_samples() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/schema_cases");
    let mut sampled = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let group: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let Some(definition) = group.get("schema") else { continue };
        let definition = definition.as_str().map_or_else(|| definition.to_string(), str::to_owned);
        let schema_type: SchemaType = group["type"].as_str().unwrap().parse().unwrap();
        let schema = Schema::compile(schema_type, definition.as_bytes()).unwrap();
        for seed in 0..20 {
            match schema.sample(seed) {
                Ok(text) => {
                    assert_eq!(schema.validate(text.as_bytes()), [], "{name}: {text}");
                    if schema_type != SchemaType::Bytes {
                        let wire = schema.encode(text.as_bytes()).unwrap_or_else(|broken| panic!("{text}: {broken:?}"));
                        assert_eq!(schema.validate(&wire), [], "{name}: {text} as bytes");
                    }
                    sampled += 1;
                }
                Err(error) => assert!(WITHOUT_SAMPLE.contains(&name), "{name}: {error}"),
            }
        }
    }
    assert!(sampled >= 400, "only {sampled}");
}

/// JSON Schemas of which each has a value; names and bounds vary.
fn satisfiable() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(true)),
        Just(json!({})),
        Just(json!({"type": ["null", "boolean"]})),
        Just(json!({"enum": [1, "x", null, {"a": 1}]})),
        (0..20_u32, 0..9_u32)
            .prop_map(|(min, more)| json!({"type": "string", "minLength": min, "maxLength": min + more})),
        (-50..50_i64, 0..9_i64)
            .prop_map(|(min, more)| json!({"type": "integer", "minimum": min, "maximum": min + more})),
        (-50..50_i64, 1..5_i64)
            .prop_map(|(min, more)| json!({"type": "number", "exclusiveMinimum": min, "exclusiveMaximum": min + more})),
        (1..9_i64).prop_map(|step| json!({"type": "number", "multipleOf": step as f64 / 100.0, "minimum": 3})),
        prop_oneof![
            Just("date-time"),
            Just("email"),
            Just("uuid"),
            Just("ipv6"),
            Just("uri"),
            Just("duration"),
            Just("regex")
        ]
        .prop_map(|format| json!({"type": "string", "format": format})),
        "\\^[a-z]\\[A-Z0-9\\]\\{[1-4]\\}(x\\?|y\\*)\\$"
            .prop_map(|pattern| json!({"pattern": pattern, "type": "string"})),
        Just(json!({"anyOf": [{"type": "null"}, {"type": "array", "items": {"$ref": "#"}, "maxItems": 2}]})),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        let members = prop::collection::btree_map("[a-d]", inner.clone(), 0..4);
        prop_oneof![
            (members.clone(), any::<bool>()).prop_map(|(members, open)| {
                let required: Vec<&String> = members.keys().step_by(2).collect();
                json!({"type": "object", "properties": members, "required": required, "additionalProperties": open})
            }),
            (inner.clone(), 0..3_u32, 0..3_u32).prop_map(
                |(items, min, more)| json!({"type": "array", "items": items, "minItems": min, "maxItems": min + more})
            ),
            (inner.clone(), inner.clone()).prop_map(|(first, rest)| json!({"prefixItems": [first], "items": rest})),
            inner.clone().prop_map(|item| json!({"type": "array", "contains": item, "minContains": 2})),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|branches| json!({"anyOf": branches})),
            (members, 0..4_u32)
                .prop_map(|(members, min)| json!({"type": "object", "properties": members, "minProperties": min})),
            inner.prop_map(|one| json!({"allOf": [one, {"title": "joined"}]})),
        ]
    })
}

/// Avro schemas of every kind, records that may hold themselves among them.
fn avro() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        prop_oneof![Just("null"), Just("boolean"), Just("int"), Just("long"), Just("float"), Just("double")]
            .prop_map(Value::from),
        prop_oneof![Just("string"), Just("bytes")].prop_map(Value::from),
        Just(json!({"type": "string", "logicalType": "uuid"})),
        Just(json!({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2})),
        Just(json!({"type": "int", "logicalType": "date"})),
        Just(json!({"type": "long", "logicalType": "timestamp-micros"})),
        Just(json!(["null", "Root"])),
        Just(json!({"type": "array", "items": "Root"})),
    ];
    let inner = leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|items| json!({"type": "array", "items": items})),
            inner.prop_map(|values| json!({"type": "map", "values": values})),
        ]
    });
    prop::collection::vec(inner, 1..5).prop_map(|types| {
        let fields: Vec<Value> =
            types.into_iter().enumerate().map(|(at, kind)| json!({"name": format!("f{at}"), "type": kind})).collect();
        json!({"type": "record", "name": "Root", "fields": fields})
    })
}

/// Protobuf messages with every kind of field.
fn protobuf() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("double"),
        Just("float"),
        Just("int32"),
        Just("sint64"),
        Just("fixed32"),
        Just("uint64"),
        Just("bool"),
        Just("string"),
        Just("bytes"),
        Just("E"),
        Just("M"),
        Just("google.protobuf.Timestamp"),
        Just("google.protobuf.Duration"),
        Just("google.protobuf.Struct"),
        Just("google.protobuf.FieldMask"),
        Just("google.protobuf.Int64Value"),
        Just("google.protobuf.Empty"),
        Just("google.protobuf.Any"),
    ];
    let label = prop_oneof![Just(""), Just("repeated "), Just("optional "), Just("map")];
    prop::collection::vec((label, scalar), 1..9).prop_map(|fields| {
        let fields: String = fields
            .into_iter()
            .enumerate()
            .map(|(at, (label, kind))| match label {
                "map" => format!("map<int32, {kind}> f{at} = {};", at + 1),
                label => format!("{label}{kind} f{at} = {};", at + 1),
            })
            .collect();
        let imports: String = ["timestamp", "duration", "struct", "field_mask", "wrappers", "empty", "any"]
            .map(|file| format!("import \"google/protobuf/{file}.proto\";"))
            .concat();
        format!("syntax = \"proto3\"; {imports} message M {{ {fields} oneof o {{ string x = 90; M y = 91; }} }} enum E {{ A = 0; B = 7; }}")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn json_samples_are_valid(definition in satisfiable(), seed: u64) {
        let schema = Schema::compile(SchemaType::JsonSchema, definition.to_string().as_bytes()).unwrap();
        let text = schema.sample(seed).map_err(|error| TestCaseError::fail(format!("{definition}: {error}")))?;
        prop_assert_eq!(schema.validate(text.as_bytes()), vec![]);
    }

    #[test]
    fn avro_samples_are_valid(definition in avro(), seed: u64) {
        let schema = Schema::compile(SchemaType::Avro, definition.to_string().as_bytes()).unwrap();
        let text = schema.sample(seed).unwrap();
        let datum = schema.encode(text.as_bytes()).unwrap();
        let decoded = schema.decode(&datum).unwrap();
        prop_assert_eq!(schema.encode(decoded.to_string().as_bytes()), Ok(datum));
    }

    #[test]
    fn protobuf_samples_are_valid(definition in protobuf(), seed: u64) {
        let schema = Schema::compile(SchemaType::Protobuf, definition.as_bytes()).unwrap();
        let text = schema.sample(seed).map_err(|error| TestCaseError::fail(format!("{definition}: {error}")))?;
        let wire = schema.encode(text.as_bytes()).unwrap();
        prop_assert_eq!(schema.validate(&wire), vec![]);
    }

    /// Schemas that may allow nothing at all: a sample is valid, or the error names a rule.
    #[test]
    fn hard_schemas_get_a_valid_sample_or_a_rule(one in satisfiable(), two in satisfiable(), seed: u64) {
        let definition = json!({"allOf": [one], "not": two});
        let schema = Schema::compile(SchemaType::JsonSchema, definition.to_string().as_bytes()).unwrap();
        match schema.sample(seed) {
            Ok(text) => prop_assert_eq!(schema.validate(text.as_bytes()), vec![]),
            Err(SampleError::NotFound { rule, .. }) => prop_assert!(!rule.is_empty()),
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        }
    }
}

//! What holds for every payload whatsoever: no panic, places inside the payload, and the verdict of the validator itself.
//! Native only; the corpus in `cases.rs` shows that the browser agrees.
#![cfg(not(target_arch = "wasm32"))]

use irongate_schema::{
    Compatibility, Difference, Form, RULE_DUPLICATE_KEY, Schema, SchemaType, check_compatibility,
    limits::VIOLATIONS_MAX,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn definition() -> Value {
    json!({
        "type": "object",
        "required": ["a"],
        "properties": {
            "a": {"type": ["string", "integer"], "minLength": 2, "minimum": 0},
            "b": {"type": "array", "items": {"$ref": "#"}, "maxItems": 2, "uniqueItems": true},
            "c": {"anyOf": [{"type": "null"}, {"$ref": "#"}]},
            "ü/~": {"enum": [1, "x", null, [], {}]}
        },
        "patternProperties": {"^d": {"multipleOf": 3}},
        "additionalProperties": false
    })
}

fn small_values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..4_i64).prop_map(Value::from),
        Just(json!(0.5)),
        "[xy]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop_oneof![Just("a"), Just("b")], inner), 0..3)
                .prop_map(|members| members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

/// JSON values that often come near to the definition.
fn near_values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i16>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z\"\\\\\u{fc}\n]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        let key = prop_oneof![Just("a"), Just("b"), Just("c"), Just("d1"), Just("ü/~"), Just("e\"\\")];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..5)
                .prop_map(|members| members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

fn schemas() -> Vec<Schema> {
    let compile = |schema_type, text: &str| Schema::compile(schema_type, text.as_bytes()).expect("the schema compiles");
    vec![
        compile(SchemaType::JsonSchema, &definition().to_string()),
        compile(SchemaType::JsonSchema, "false"),
        compile(SchemaType::JsonSchema, r#"{"pattern":"^(?=a)"}"#),
        compile(SchemaType::Avro, AVRO),
        compile(SchemaType::Avro, r#"["null", "long", {"type": "array", "items": "null"}]"#),
        compile(SchemaType::Protobuf, PROTOBUF),
        compile(SchemaType::String, ""),
        compile(SchemaType::Number, ""),
        compile(SchemaType::Bytes, ""),
    ]
}

/// Every kind of type, recursion among them.
const AVRO: &str = r#"{"type": "record", "name": "R", "fields": [
    {"name": "a", "type": ["null", "string", "long"]},
    {"name": "b", "type": {"type": "array", "items": "R"}, "default": []},
    {"name": "c", "type": ["null", {"type": "map", "values": "double"}, "R"], "default": null},
    {"name": "d1", "type": ["bytes", "boolean", "float"], "default": ""},
    {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["x", "y"]}, "default": "x"},
    {"name": "f", "type": {"type": "fixed", "name": "F", "size": 3}, "default": "abc"}
]}"#;

/// Every kind of field, recursion among them.
const PROTOBUF: &str = r#"syntax = "proto2"; message M {
    required string a = 1; repeated M b = 2; repeated int32 c = 3 [packed = true]; optional group G = 4 { optional M m = 1; }
    map<string, M> d = 5; optional E e = 6; optional fixed64 f = 7; optional float k = 8; oneof h { bytes i = 9; bool j = 10; }
    enum E { X = 1; }
}"#;

/// Bytes that often are fields: a tag of a known number, then something small.
fn near_wire() -> impl Strategy<Value = Vec<u8>> {
    let field = (1..12_u8, 0..6_u8, prop::collection::vec(0..20_u8, 0..5)).prop_map(|(number, wire, body)| {
        let mut bytes = vec![(number << 3) | wire];
        if wire == 2 {
            bytes.push(body.len() as u8);
        }
        bytes.extend(body);
        bytes
    });
    prop::collection::vec(field, 0..8).prop_map(|fields| [vec![10, 1, b'x'], fields.concat()].concat())
}

/// Payloads of the Avro record above, mostly in plain JSON.
fn avro_values() -> impl Strategy<Value = Value> {
    let a = prop_oneof![Just(Value::Null), any::<i64>().prop_map(Value::from), "[a-z]{0,3}".prop_map(Value::from)];
    let d = prop_oneof![any::<bool>().prop_map(Value::from), "[a-z\u{80}-\u{ff}]{0,3}".prop_map(Value::from)];
    let leaf = (a, d).prop_map(|(a, d)| json!({"a": a, "d1": d, "e": "y"}));
    leaf.prop_recursive(3, 12, 3, |inner| {
        (prop::collection::vec(inner.clone(), 0..3), inner, any::<bool>()).prop_map(|(b, c, tagged)| {
            let c = if tagged { json!({"R": c}) } else { json!({"x": 1.5, "y": -2.0}) };
            json!({"a": "x", "b": b, "c": c})
        })
    })
}

fn places_lie_in_the_payload(schema: &Schema, payload: &[u8]) {
    let violations = schema.validate(payload);
    assert!(violations.len() <= VIOLATIONS_MAX + 1);
    for violation in &violations {
        assert!(violation.byte_start <= violation.byte_end, "{violation:?}");
        assert!(violation.byte_end <= payload.len() as u64, "{violation:?}");
        let before = &payload[..violation.byte_start as usize];
        if let Ok(before) = std::str::from_utf8(before)
            && violation.line > 0
        {
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            assert_eq!((violation.line as usize, violation.column as usize), (line, column), "{violation:?}");
        }
    }
}

/// A map's entry without a value was called valid, but its JSON shows an empty message that lacks a required field: the
/// same message was refused on its way back in.
#[test]
fn a_map_entry_without_a_value_lacks_what_the_value_requires() {
    let schema = Schema::compile(SchemaType::Protobuf, PROTOBUF.as_bytes()).unwrap();
    for payload in [&[10, 1, b'x', 42, 0][..], br#"{"a": "x", "d": {"k": {}}}"#] {
        let violations = schema.validate(payload);
        assert_eq!((violations.len(), violations[0].rule.as_str()), (1, "required"), "{violations:?}");
    }
    assert_eq!(schema.validate(&[10, 1, b'x', 42, 5, 18, 3, 10, 1, b'y']), vec![]);
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_no_harm(payload in prop::collection::vec(any::<u8>(), 0..200)) {
        for schema in schemas() {
            places_lie_in_the_payload(&schema, &payload);
        }
    }

    #[test]
    fn text_that_looks_like_json_does_no_harm(payload in "[\\[\\]{}\",:0-9a-eu\\\\ \n.ü-]{0,60}") {
        for schema in schemas() {
            places_lie_in_the_payload(&schema, payload.as_bytes());
        }
    }

    #[test]
    fn the_verdict_is_the_validators(value in near_values(), pretty in any::<bool>()) {
        let definition = definition();
        let schema = Schema::compile(SchemaType::JsonSchema, definition.to_string().as_bytes()).unwrap();
        let expected = jsonschema::options().should_validate_formats(true).build(&definition).unwrap().is_valid(&value);
        let text = if pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
        places_lie_in_the_payload(&schema, text.as_bytes());
        let violations = schema.validate(text.as_bytes());
        prop_assert_eq!(violations.is_empty(), expected);
        for violation in violations.iter().filter(|violation| violation.rule != "additionalProperties") {
            let at = violation.byte_start as usize..violation.byte_end as usize;
            let shown: Value = serde_json::from_str(&text[at]).unwrap();
            prop_assert_eq!(Some(&shown), value.pointer(&violation.instance_path));
        }
    }

    #[test]
    fn what_avro_encodes_decodes_to_the_same_bytes(value in avro_values()) {
        let schema = Schema::compile(SchemaType::Avro, AVRO.as_bytes()).unwrap();
        let datum = schema.encode(value.to_string().as_bytes()).unwrap();
        prop_assert_eq!(schema.validate(&datum), vec![]);
        let json = schema.decode(&datum).unwrap();
        prop_assert_eq!(schema.encode(json.to_string().as_bytes()), Ok(datum));
    }

    /// The library reads what we write, and sees the same in it.
    #[test]
    fn the_avro_library_reads_our_datum(value in avro_values()) {
        let schema = Schema::compile(SchemaType::Avro, AVRO.as_bytes()).unwrap();
        let datum = schema.encode(value.to_string().as_bytes()).unwrap();
        let theirs = apache_avro::Schema::parse_str(AVRO).unwrap();
        let reader = apache_avro::reader::datum::GenericDatumReader::builder(&theirs).build().unwrap();
        let read = reader.read_value(&mut datum.as_slice()).unwrap();
        let writer = apache_avro::writer::datum::GenericDatumWriter::builder(&theirs).build().unwrap();
        prop_assert_eq!(writer.write_value_to_vec(read).unwrap().len(), datum.len());
    }

    /// The verdict agrees with the library's decoder, which knows no unknown fields and no required ones.
    #[test]
    fn a_message_called_valid_decodes(payload in near_wire()) {
        let schema = Schema::compile(SchemaType::Protobuf, PROTOBUF.as_bytes()).unwrap();
        places_lie_in_the_payload(&schema, &payload);
        let violations = schema.validate(&payload);
        if violations.is_empty() {
            let json = schema.decode(&payload).unwrap();
            let again = schema.encode(json.to_string().as_bytes()).unwrap();
            prop_assert_eq!(schema.validate(&again), vec![]);
            prop_assert_eq!(schema.decode(&again), Ok(json));
        }
    }

    #[test]
    fn arbitrary_definitions_do_no_harm(definition in prop::collection::vec(any::<u8>(), 0..100)) {
        for schema_type in SchemaType::ALL {
            if let Err(error) = Schema::compile(schema_type, &definition) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }

    #[test]
    fn what_is_called_compatible_is(
        old in comparable_schemas(), new in comparable_schemas(), values in prop::collection::vec(small_values(), 20)
    ) {
        let compile = |schema: &Value| Schema::compile(SchemaType::JsonSchema, schema.to_string().as_bytes());
        let (Ok(old), Ok(new)) = (compile(&old), compile(&new)) else { return Ok(()) };
        if check_compatibility(Compatibility::Backward, &old, &new).is_empty() {
            for value in values {
                let text = value.to_string();
                let (written, read) = (old.validate(text.as_bytes()), new.validate(text.as_bytes()));
                prop_assert!(!written.is_empty() || read.is_empty(), "{} {:?}", text, read);
            }
        }
    }

    #[test]
    fn what_changes_a_verdict_or_a_form_is_told(
        old in comparable_schemas(), new in comparable_schemas(), values in prop::collection::vec(small_values(), 20)
    ) {
        let compile = |schema: &Value| Schema::compile(SchemaType::JsonSchema, schema.to_string().as_bytes());
        let (Ok(old), Ok(new)) = (compile(&old), compile(&new)) else { return Ok(()) };
        let difference = old.difference(&new);
        if difference.changes.is_empty() && !difference.is_cut {
            prop_assert_eq!(old.form(), new.form());
            for value in values {
                let verdict = |schema: &Schema| schema.validate(value.to_string().as_bytes()).is_empty();
                prop_assert_eq!(verdict(&old), verdict(&new), "{}", value);
            }
        }
        prop_assert_eq!(new.difference(&new), Difference::default());
    }

    #[test]
    fn every_form_reads_back(definition in near_schemas()) {
        let compiled = Schema::compile(SchemaType::JsonSchema, definition.to_string().as_bytes());
        let Ok(schema) = compiled else { return Ok(()) };
        let form = schema.form();
        let written = serde_json::to_string(&form).unwrap();
        prop_assert_eq!(serde_json::from_str::<Form>(&written).unwrap(), form);
    }

    #[test]
    fn every_schema_may_follow_itself(schema in comparable_schemas()) {
        let Ok(schema) = Schema::compile(SchemaType::JsonSchema, schema.to_string().as_bytes()) else { return Ok(()) };
        prop_assert_eq!(check_compatibility(Compatibility::Full, &schema, &schema), vec![]);
    }

    #[test]
    fn schemas_made_of_keywords_do_no_harm(definition in near_schemas(), value in near_values()) {
        if let Ok(schema) = Schema::compile(SchemaType::JsonSchema, definition.to_string().as_bytes()) {
            let text = value.to_string();
            places_lie_in_the_payload(&schema, text.as_bytes());
            let expected = jsonschema::options().should_validate_formats(true).build(&definition).unwrap().is_valid(&value);
            prop_assert_eq!(schema.validate(text.as_bytes()).is_empty(), expected);
        }
    }
}

/// Schemas in which every object names the same property, so that the one lenient rule of the comparison never applies.
fn comparable_schemas() -> impl Strategy<Value = Value> {
    let bounds = (-2..3_i64, -2..3_i64);
    let leaf = prop_oneof![
        Just(json!(false)),
        Just(json!({"type": "null"})),
        Just(json!({"type": ["string", "null"]})),
        Just(json!({"type": "boolean"})),
        Just(json!({"enum": [1, 2, "x"]})),
        Just(json!({"const": 1})),
        Just(json!({"type": "integer", "multipleOf": 2})),
        Just(json!({"type": "integer"})),
        Just(json!({"type": "number"})),
        (0..4_u32, 0..4_u32).prop_map(|(min, max)| json!({"type": "string", "minLength": min, "maxLength": max})),
        bounds.prop_map(|(min, max)| json!({"type": "integer", "minimum": min, "exclusiveMaximum": max})),
    ];
    leaf.prop_recursive(3, 20, 3, |inner| {
        let rest = prop_oneof![Just(json!(true)), Just(json!(false)), inner.clone()];
        prop_oneof![
            (prop::collection::vec(inner.clone(), 1..4), prop_oneof![Just("allOf"), Just("anyOf"), Just("oneOf")])
                .prop_map(|(schemas, keyword)| json!({keyword: schemas})),
            (inner.clone(), 0..3_u32).prop_map(|(item, max)| json!({"type": "array", "items": item, "maxItems": max})),
            (inner.clone(), rest.clone())
                .prop_map(|(first, rest)| json!({"type": "array", "prefixItems": [first], "items": rest})),
            (inner, rest, any::<bool>()).prop_map(|(a, rest, required)| {
                let required = if required { json!(["a"]) } else { json!([]) };
                json!({"type": "object", "properties": {"a": a}, "additionalProperties": rest, "required": required})
            }),
        ]
    })
}

fn near_schemas() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(true)),
        Just(json!(false)),
        Just(json!({"type": "integer"})),
        Just(json!({"type": ["string", "null"], "maxLength": 2})),
        Just(json!({"$ref": "#"})),
        Just(json!({"$ref": "#/properties/a"})),
        Just(json!({"const": {"a": []}})),
        Just(json!({"pattern": "^[a-z]*$"})),
    ];
    leaf.prop_recursive(3, 30, 4, |inner| {
        let several = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            (several.clone(), prop_oneof![Just("allOf"), Just("anyOf"), Just("oneOf")])
                .prop_map(|(schemas, keyword)| json!({keyword: schemas})),
            (inner.clone(), prop_oneof![Just("items"), Just("not"), Just("contains"), Just("unevaluatedProperties")])
                .prop_map(|(schema, keyword)| json!({keyword: schema})),
            (inner.clone(), inner.clone())
                .prop_map(|(a, rest)| json!({"properties": {"a": a}, "additionalProperties": rest, "required": ["c"]})),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| json!({"if": a, "then": b, "else": c})),
        ]
    })
}

/// The one verdict that is stricter than the validator's: what two readers could read in two ways.
#[test]
fn a_key_that_comes_twice_is_refused() {
    let schema = Schema::compile(SchemaType::JsonSchema, b"true").unwrap();
    assert_eq!(schema.validate(br#"{"a":1,"a":1}"#)[0].rule, RULE_DUPLICATE_KEY);
}

//! What every input must leave true, whatever it is: no panic, places inside the payload, one verdict from every function.
//! Schemas for payloads are those of the corpus. Holds no inputs.

use std::{fs, path::Path, sync::OnceLock};

use irongate_schema::{
    Compatibility, Form, Schema, SchemaType, Violation, check_compatibility, limits::VIOLATIONS_MAX,
};
use serde_json::Value;

/// A definition: refused with a sentence, or usable for everything.
pub fn definition(schema_type: SchemaType, definition: &[u8]) {
    let schema = match Schema::compile(schema_type, definition) {
        Ok(schema) => schema,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let form = schema.form();
    let written = serde_json::to_string(&form).expect("a form is data");
    assert_eq!(serde_json::from_str::<Form>(&written).expect("a form reads back"), form);
    assert!(schema.difference(&schema).changes.is_empty());
    if let Ok(sample) = schema.sample(1) {
        judge(&schema, sample.as_bytes());
        let wire = schema.encode(sample.as_bytes()).expect("a sample is valid");
        judge(&schema, &wire);
    }
    for payload in [&b"{}"[..], b"", b"[1,\"x\",null]", b"\x00\x02\x04"] {
        judge(&schema, payload);
    }
}

/// The first byte chooses a schema of the corpus, the rest is the payload.
pub fn payload(schema_type: SchemaType, data: &[u8]) {
    let Some((choice, payload)) = data.split_first() else { return };
    let schemas = corpus(schema_type);
    judge(&schemas[usize::from(*choice) % schemas.len()], payload);
}

/// The first byte chooses the language, a zero byte parts the old version from the new one.
pub fn versions(data: &[u8]) {
    let Some((choice, definitions)) = data.split_first() else { return };
    let schema_type = [SchemaType::JsonSchema, SchemaType::Avro, SchemaType::Protobuf][usize::from(*choice) % 3];
    let Some(middle) = definitions.iter().position(|byte| *byte == 0) else { return };
    let compile = |definition: &[u8]| Schema::compile(schema_type, definition);
    let (Ok(old), Ok(new)) = (compile(&definitions[..middle]), compile(&definitions[middle + 1..])) else { return };
    for schema in [&old, &new] {
        assert!(check_compatibility(Compatibility::Full, schema, schema).is_empty(), "every schema may follow itself");
    }
    old.difference(&new);
    check_compatibility(Compatibility::Full, &old, &new);
}

fn judge(schema: &Schema, payload: &[u8]) {
    let violations = schema.validate(payload);
    assert!(violations.len() <= VIOLATIONS_MAX + 1);
    for violation in &violations {
        lies_within(violation, payload);
    }
    match schema.decode(payload) {
        Ok(value) => {
            assert!(violations.is_empty(), "decoded although {violations:?}");
            if schema.schema_type() != SchemaType::Bytes {
                drop(schema.encode(value.to_string().as_bytes()));
            }
        }
        Err(reasons) => assert!(!reasons.is_empty()),
    }
    if let Ok(wire) = schema.encode(payload) {
        assert!(schema.validate(&wire).is_empty(), "what was encoded is invalid");
    }
}

fn lies_within(violation: &Violation, payload: &[u8]) {
    assert!(violation.byte_start <= violation.byte_end && violation.byte_end <= payload.len() as u64, "{violation:?}");
    assert!(!violation.message.is_empty() && !violation.rule.is_empty());
}

/// The schemas of the corpus that are written in one language.
fn corpus(schema_type: SchemaType) -> &'static [Schema] {
    static SCHEMAS: OnceLock<Vec<Schema>> = OnceLock::new();
    SCHEMAS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/schema_cases");
        let mut files: Vec<_> = fs::read_dir(folder).expect("the corpus").map(|file| file.expect("a file").path()).collect();
        files.sort();
        let groups = files.iter().map(|file| {
            serde_json::from_slice::<Value>(&fs::read(file).expect("a file")).expect("a file of the corpus")
        });
        groups
            .filter(|group| group["type"].as_str() == Some(schema_type.name()))
            .map(|group| {
                let text = group["schema"].as_str().map_or_else(|| group["schema"].to_string(), str::to_owned);
                Schema::compile(schema_type, text.as_bytes()).expect("a schema of the corpus")
            })
            .collect()
    })
}

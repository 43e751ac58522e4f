//! Sections 3 and 5, the registry: ids, types, fingerprints, versions, compatibility, deletion.

use super::fields::{Fields, fields};
use super::wire::*;
use tonic::Code;

const PROTO: &str = r#"syntax = "proto3"; message M { string a = 1; }"#;
const PROTO_FINGERPRINT: &str = "sha256:825fec59701863c19230c3fa7f3e34029cea1772c7410b347cd301c1b6d7a069";
const AVRO: &str = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"string"}]}"#;

/// Whether a subject that holds `old` would take `new`, and what is said against it.
async fn compatible(wire: &Wire, schema_type: &str, old: &str, new: &str, mode: &str) -> Result<(), String> {
    let subject = format!("{schema_type} {old}");
    wire.register(&subject, schema_type, old).await;
    let check = fields().text(1, &subject).text(2, new).text(3, schema_type).text(4, mode);
    let answer = wire.registry("CheckCompatibility", check).await;
    let errors = answer.get_texts(2).join("; ");
    assert_eq!(answer.get_number(1) == 1, errors.is_empty(), "{errors}");
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn version_of(answer: &Fields) -> (u64, bool) {
    (answer.get_number(2), answer.get_number(3) == 1)
}

#[tokio::test]
async fn an_id_names_a_subject_and_all_its_versions() {
    let wire = Wire::start().await;
    for (subject, id) in [("a", 1), ("b", 2)] {
        wire.register(subject, "json_schema", "{}").await;
        wire.unchecked(subject).await;
        let second = wire.register(subject, "json_schema", r#"{"type":"string"}"#).await;
        assert_eq!((second.get_number(1), version_of(&second)), (id, (2, true)));
    }
    let got = wire.registry("GetSchema", fields().number(1, 2).number(2, 1)).await;
    assert_eq!((got.get_text(3), got.get_text(5)), ("b".to_owned(), "{}".to_owned()));
}

#[tokio::test]
async fn every_name_of_a_type_is_taken_in_any_case() {
    let wire = Wire::start().await;
    for (name, definition, known_as) in [
        ("bytes", "", "bytes"),
        ("STRING", "", "string"),
        ("number", "", "number"),
        ("int", "", "number"),
        ("int64", "", "number"),
        ("Float", "", "number"),
        ("double", "", "number"),
        ("avro", AVRO, "avro"),
        ("json_schema", "{}", "json_schema"),
        ("Json", "{}", "json_schema"),
        ("protobuf", PROTO, "protobuf"),
        ("proto", PROTO, "protobuf"),
    ] {
        wire.register(name, name, definition).await;
        let got = wire.registry("GetLatestSchema", fields().text(1, name)).await;
        assert_eq!(got.get_text(4), known_as);
    }
    let refusal = wire.registry_refusal("RegisterSchema", schema("s", "xml", "<a/>")).await;
    assert_eq!(refusal.code(), Code::Internal);
    assert!(refusal.message().contains("unknown schema type 'xml'"), "{refusal}");
}

/// Danube takes any text for Protobuf.
#[tokio::test]
async fn what_does_not_parse_is_refused_and_nothing_is_kept() {
    let wire = Wire::start().await;
    for (schema_type, definition) in [
        ("json_schema", "{"),
        ("json_schema", r#"{"type":"objekt"}"#),
        ("avro", "{"),
        ("avro", r#"{"type":"record","name":"R"}"#),
        ("protobuf", "message {"),
        ("protobuf", "garbage"),
    ] {
        let refusal = wire.registry_refusal("RegisterSchema", schema("s", schema_type, definition)).await;
        assert_eq!(refusal.code(), Code::Internal, "{schema_type} {definition}");
    }
    assert!(wire.registry("ListSubjects", fields()).await.get_messages(1).is_empty());
    // Any JSON Schema is one, also the shortest; string, number and bytes do not look at theirs.
    wire.register("shortest", "json_schema", "true").await;
    wire.register("ignored", "number", "{").await;
}

#[tokio::test]
async fn a_remote_reference_is_refused_by_name_and_never_fetched() {
    let wire = Wire::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let reference = format!("http://{}/a.json", listener.local_addr().expect("an address"));
    let definition = format!(r#"{{"properties":{{"a":{{"$ref":"{reference}"}}}}}}"#);
    let refusal = wire.registry_refusal("RegisterSchema", schema("s", "json_schema", &definition)).await;
    assert!(refusal.message().contains(&reference), "{refusal}");
    let fetched = tokio::time::timeout(std::time::Duration::from_millis(200), listener.accept()).await;
    assert!(fetched.is_err(), "somebody asked for it");
}

#[tokio::test]
async fn fingerprints_are_danubes() {
    let wire = Wire::start().await;
    // Each computed apart: printf '%s' TEXT | sha256sum
    for (schema_type, definition, fingerprint) in [
        // {"properties":{"a":{"type":"string"}},"type":"object"}
        (
            "json_schema",
            "{ \"type\": \"object\",\n \"properties\": {\"a\": {\"type\":\"string\"}} }",
            "sha256:08c8cc0e5745b1461ff0e3254761829dcd326eb328e9f4375a1ad67be880e009",
        ),
        // The text as it is.
        ("protobuf", PROTO, PROTO_FINGERPRINT),
        ("bytes", "ignored", "bytes"),
        ("string", "ignored", "string"),
        ("number", "ignored", "number"),
    ] {
        let got = wire.register(&format!("{schema_type}s"), schema_type, definition).await;
        assert_eq!(got.get_text(4), fingerprint, "{schema_type}");
    }
}

#[tokio::test]
async fn the_same_fingerprint_is_the_same_version_of_its_subject() {
    let wire = Wire::start().await;
    let json = [r#"{"type":"string","title":"t"}"#, "{ \"title\": \"t\", \"type\": \"string\" }"];
    let avro = [AVRO, r#"{"name":"R", "type":"record", "fields":[{"type":"string","name":"a"}]}"#];
    for (schema_type, [first, again]) in [("json_schema", json), ("avro", avro)] {
        assert_eq!(version_of(&wire.register(schema_type, schema_type, first).await), (1, true));
        assert_eq!(version_of(&wire.register(schema_type, schema_type, again).await), (1, false), "{schema_type}");
    }
    // White space matters in Protobuf, documentation in Avro.
    wire.register("protobuf", "protobuf", PROTO).await;
    assert_eq!(version_of(&wire.register("protobuf", "protobuf", &format!("{PROTO} ")).await), (2, true));
    let documented = r#"{"type":"record","name":"R","doc":"d","fields":[{"name":"a","type":"string"}]}"#;
    assert_eq!(version_of(&wire.register("avro", "avro", documented).await), (2, true));
    // An older version is found, too, and another subject knows nothing of it.
    assert_eq!(version_of(&wire.register("avro", "avro", AVRO).await), (1, false));
    assert_eq!(version_of(&wire.register("other", "avro", AVRO).await), (1, true));
}

#[tokio::test]
async fn backward_is_the_default_and_a_type_never_changes() {
    let wire = Wire::start().await;
    wire.register("s", "json_schema", r#"{"type":"string"}"#).await;
    let got = wire.registry("GetLatestSchema", fields().text(1, "s")).await;
    assert_eq!(got.get_text(11), "backward");
    let other = r#"{"type":"integer"}"#;
    for refused in [schema("s", "json_schema", other), schema("s", "avro", AVRO)] {
        let refusal = wire.registry_refusal("RegisterSchema", refused).await;
        assert_eq!(refusal.code(), Code::Internal);
    }
    wire.unchecked("s").await;
    assert_eq!(version_of(&wire.register("s", "avro", AVRO).await), (2, true), "unless nothing is checked");
}

/// Danube looks at the names and types of the first level only.
#[tokio::test]
async fn compatibility_of_json_schemas_is_checked_at_every_depth() {
    let wire = Wire::start().await;
    let nested = |inner: &str| format!(r#"{{"type":"object","properties":{{"a":{{"properties":{{"b":{inner}}}}}}}}}"#);
    let cases = [
        ("a new required field", r#"{"properties":{"a":{}}}"#, r#"{"properties":{"a":{}},"required":["a"]}"#),
        ("an enum that shrinks", r#"{"enum":["a","b"]}"#, r#"{"enum":["a"]}"#),
        ("a bound that tightens", r#"{"maxLength":9}"#, r#"{"maxLength":8}"#),
        ("a closed object", r#"{"type":"object"}"#, r#"{"type":"object","additionalProperties":false}"#),
    ];
    for (what, old, new) in cases {
        let said = compatible(&wire, "json_schema", old, new, "backward").await;
        assert!(said.is_err(), "{what} passes backward");
        compatible(&wire, "json_schema", old, new, "forward").await.expect(what);
        compatible(&wire, "json_schema", old, new, "none").await.expect(what);
        compatible(&wire, "json_schema", old, new, "full").await.expect_err(what);
    }
    let (narrow, wide) = (r#"{"type":"string"}"#, r#"{"type":["string","null"]}"#);
    compatible(&wire, "json_schema", narrow, wide, "backward").await.expect("a type that widens");
    let (text, number) = (nested(narrow), nested(r#"{"type":"integer"}"#));
    for mode in ["backward", "forward", "full"] {
        let said = compatible(&wire, "json_schema", &text, &number, mode).await.expect_err("another type");
        assert!(said.contains("/a/b"), "the place is named: {said}");
    }
}

/// Danube does not compare the types of fields that both have.
#[tokio::test]
async fn compatibility_of_avro_schemas_follows_avros_rules() {
    let wire = Wire::start().await;
    let record = |fields: &str| format!(r#"{{"type":"record","name":"R","fields":[{fields}]}}"#);
    let (a, int, long) = (
        record(r#"{"name":"a","type":"string"}"#),
        record(r#"{"name":"a","type":"int"}"#),
        record(r#"{"name":"a","type":"long"}"#),
    );
    let more = record(r#"{"name":"a","type":"string"},{"name":"b","type":"string"}"#);
    let more_by_default = record(r#"{"name":"a","type":"string"},{"name":"b","type":"string","default":""}"#);
    let renamed = r#"{"type":"record","name":"Q","fields":[{"name":"a","type":"string"}]}"#;
    for (what, old, new, fits) in [
        ("another name", &*a, renamed, false),
        ("another type", &*a, &*int, false),
        ("a promotion", &*int, &*long, true),
        ("the way back", &*long, &*int, false),
        ("a new field", &*a, &*more, false),
        ("a new field with a default", &*a, &*more_by_default, true),
        ("a field less", &*more, &*a, true),
    ] {
        let said = compatible(&wire, "avro", old, new, "backward").await;
        assert_eq!(said.is_ok(), fits, "{what}: {said:?}");
    }
}

/// Danube takes every change.
#[tokio::test]
async fn compatibility_of_protobuf_schemas_is_checked() {
    let wire = Wire::start().await;
    let message = |fields: &str| format!(r#"syntax = "proto3"; message M {{ {fields} }}"#);
    let old = message("string a = 1;");
    for (what, new, fits) in [
        ("a new field", message("string a = 1; int32 b = 2;"), true),
        ("another type under the same number", message("int32 a = 1;"), false),
        ("a string read as bytes", message("bytes a = 1;"), true),
    ] {
        let said = compatible(&wire, "protobuf", &old, &new, "backward").await;
        assert_eq!(said.is_ok(), fits, "{what}: {said:?}");
    }
}

#[tokio::test]
async fn the_registered_text_comes_back_to_the_byte() {
    let wire = Wire::start().await;
    let spaced = "{\n  \"type\" : \"string\" }\n";
    for (schema_type, definition) in
        [("json_schema", spaced), ("avro", AVRO), ("protobuf", PROTO), ("string", "a note"), ("bytes", "")]
    {
        let id = wire.register(schema_type, schema_type, definition).await.get_number(1);
        let latest = wire.registry("GetLatestSchema", fields().text(1, schema_type)).await;
        let by_id = wire.registry("GetSchema", fields().number(1, id)).await;
        assert_eq!((latest.get_text(5), by_id.get_text(5)), (definition.to_owned(), definition.to_owned()));
    }
}

#[tokio::test]
async fn a_deleted_version_is_gone_everywhere() {
    let wire = Wire::start().await;
    let (old, new) = (r#"{"type":"string"}"#, r#"{"type":"integer"}"#);
    wire.register("s", "json_schema", old).await;
    wire.unchecked("s").await;
    wire.register("s", "json_schema", new).await;
    let id = wire.bound_producer(TOPIC, "p", "s").await;
    wire.send(TOPIC, id, b"1").await.expect("valid in the latest");
    let delete = |version| fields().text(1, "s").number(2, version);
    wire.registry("DeleteSchemaVersion", delete(2)).await;
    assert_eq!(wire.registry("GetLatestSchema", fields().text(1, "s")).await.get_number(2), 1);
    let gone = wire.registry_refusal("GetSchema", fields().number(1, 1).number(2, 2)).await;
    assert_eq!(gone.code(), Code::NotFound);
    assert_eq!(wire.registry("ListVersions", fields().text(1, "s")).await.get_messages(1).len(), 1);
    wire.send(TOPIC, id, b"1").await.expect_err("the latest is the first one again");
    wire.send(TOPIC, id, b"\"x\"").await.expect("valid in what is left");
    assert_eq!(version_of(&wire.register("s", "json_schema", new).await), (3, true), "no number comes twice");
    for version in [2, 77] {
        let refusal = wire.registry_refusal("DeleteSchemaVersion", delete(version)).await;
        assert_eq!(refusal.code(), Code::Internal, "version {version} is not there");
    }
    wire.registry("DeleteSchemaVersion", delete(1)).await;
    let refusal = wire.registry_refusal("DeleteSchemaVersion", delete(3)).await;
    assert!(refusal.message().contains(TOPIC), "a topic is bound to it: {refusal}");
}

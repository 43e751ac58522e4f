//! Sections 3 and 5: which topic is bound to what, what the policies do, and what each kind of schema lets in.

use super::fields::{Fields, fields};
use super::wire::*;
use tonic::Code;

const AVRO: &str = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"string"}]}"#;
const PROTO: &str = r#"syntax = "proto3"; message M { string a = 1; }"#;
const ID: &str = r#"{"type":"object","properties":{"id":{"type":"string"}},"required":["id"]}"#;
const VALID: &[u8] = br#"{"id":"x"}"#;
const INVALID: &[u8] = br#"{"id":7}"#;

async fn set_policy(wire: &Wire, policy: &str, payload: bool) {
    let request = fields().text(1, TOPIC).text(2, policy).number(3, payload.into());
    wire.registry("UpdateTopicValidationPolicy", request).await;
}

/// A topic bound to a subject of this schema, and its producer.
async fn bound(schema_type: &str, definition: &str) -> (Wire, u64) {
    let wire = Wire::start().await;
    wire.register("s", schema_type, definition).await;
    let id = wire.bound_producer(TOPIC, "p", "s").await;
    (wire, id)
}

async fn assert_lets_in(schema_type: &str, definition: &str, valid: &[&[u8]], invalid: &[&[u8]]) {
    let (wire, id) = bound(schema_type, definition).await;
    for payload in valid {
        if let Err(status) = wire.send(TOPIC, id, payload).await {
            panic!("{schema_type} refuses {payload:?}: {status}");
        }
    }
    for payload in invalid {
        let Err(refusal) = wire.send(TOPIC, id, payload).await else { panic!("{schema_type} takes {payload:?}") };
        assert_eq!(refusal.code(), Code::PermissionDenied);
        let sentence = "Unable to publish the message: Payload validation failed: ";
        assert!(refusal.message().starts_with(sentence), "{refusal}");
    }
}

/// In Danube the one that creates the topic does not, and its subject need not exist.
#[tokio::test]
async fn the_first_producer_that_names_a_subject_binds_the_topic() {
    let wire = Wire::start().await;
    let create = "danube.ProducerService/CreateProducer";
    let by = |name: &str, subject: &str| producer(TOPIC, name, RELIABLE).message(4, &fields().text(1, subject));
    assert_eq!(wire.code(create, by("p", "unknown")).await, Code::FailedPrecondition);
    assert_eq!(wire.code("danube.Discovery/TopicLookup", fields().text(2, TOPIC)).await, Code::NotFound);
    wire.register("s", "string", "").await;
    wire.register("other", "string", "").await;
    wire.call(create, by("p", "s")).await;
    let config = wire.registry("GetTopicSchemaConfig", fields().text(1, TOPIC)).await;
    assert_eq!(config.get_text(1), "s");
    assert_eq!(wire.code(create, by("q", "other")).await, Code::FailedPrecondition);
    wire.call(create, by("q", "s")).await;
    // A topic that is there already is bound by the first one that names a subject.
    wire.producer("/default/plain", "p", RELIABLE).await;
    wire.bound_producer("/default/plain", "q", "other").await;
    let config = wire.registry("GetTopicSchemaConfig", fields().text(1, "/default/plain")).await;
    assert_eq!(config.get_text(1), "other");
}

/// Danube's answer for it is `warn`, which it does not look at.
#[tokio::test]
async fn an_unbound_topic_validates_nothing() {
    let wire = Wire::start().await;
    let id = wire.producer(TOPIC, "p", RELIABLE).await;
    let config = wire.registry("GetTopicSchemaConfig", fields().text(1, TOPIC)).await;
    assert_eq!((config.get_text(1), config.get_text(2), config.get_number(4)), (String::new(), "none".to_owned(), 0));
    wire.send(TOPIC, id, &[0xff]).await.expect("anything goes");
}

#[tokio::test]
async fn enforce_is_the_policy_of_a_bound_topic_and_refuses() {
    let (wire, id) = bound("json_schema", ID).await;
    let config = wire.registry("GetTopicSchemaConfig", fields().text(1, TOPIC)).await;
    assert_eq!((config.get_text(2), config.get_number(3)), ("enforce".to_owned(), 1));
    wire.send(TOPIC, id, VALID).await.expect("valid");
    assert_eq!(wire.send(TOPIC, id, INVALID).await.expect_err("invalid").code(), Code::PermissionDenied);
    // Without payloads, ids and versions are still looked at.
    set_policy(&wire, "enforce", false).await;
    wire.send(TOPIC, id, INVALID).await.expect("payloads are not looked at");
    wire.try_send(message(TOPIC, id, VALID).number(9, 77)).await.expect_err("no version 77");
    // A producer that names no subject is not let around it.
    set_policy(&wire, "enforce", true).await;
    let plain = wire.producer(TOPIC, "plain", RELIABLE).await;
    wire.send(TOPIC, plain, INVALID).await.expect_err("invalid from anybody");
}

/// Danube's refuses, like `enforce`.
#[tokio::test]
async fn warn_lets_through_and_reports() {
    let (wire, id) = bound("json_schema", ID).await;
    set_policy(&wire, "warn", true).await;
    let mut stream = wire.consumer("s", "c", EXCLUSIVE).await;
    wire.send(TOPIC, id, INVALID).await.expect("let through");
    wire.try_send(message(TOPIC, id, VALID).number(8, 77)).await.expect("let through");
    let got = next(&mut stream).await;
    assert_eq!((&got.get_bytes(3)[..], got.get_number(8), got.get_number(9)), (INVALID, 1, 1));
    let metrics = wire.server.get("/metrics", "").await;
    assert!(metrics.text().contains("warned"), "{}", metrics.text());
    let warned =
        metrics.text().lines().find(|line| line.contains("warned") && !line.starts_with('#')).expect("a counter");
    assert!(warned.ends_with(" 2"), "{warned}");
}

#[tokio::test]
async fn none_looks_at_nothing_and_attaches_nothing() {
    let (wire, id) = bound("json_schema", ID).await;
    set_policy(&wire, "none", true).await;
    let mut stream = wire.consumer("s", "c", EXCLUSIVE).await;
    wire.try_send(message(TOPIC, id, b"anything").number(9, 77)).await.expect("let through");
    wire.send(TOPIC, id, b"anything").await.expect("let through");
    assert_eq!(next(&mut stream).await.get_number(9), 77, "as it was sent");
    assert!(!next(&mut stream).await.present().contains(&8));
}

/// Danube validates against the version that it happened to see first.
#[tokio::test]
async fn a_message_is_validated_against_the_version_it_names() {
    let (wire, id) = bound("json_schema", ID).await;
    wire.unchecked("s").await;
    wire.send(TOPIC, id, VALID).await.expect("the first version has been used");
    wire.register("s", "json_schema", r#"{"required":["name"]}"#).await;
    let second: &[u8] = br#"{"name":"y"}"#;
    let named = async |payload: &[u8], version| {
        wire.try_send(message(TOPIC, id, payload).number(8, 1).number(9, version)).await
    };
    named(VALID, 1).await.expect("version 1 against 1");
    named(second, 2).await.expect("version 2 against 2");
    named(VALID, 2).await.expect_err("version 1 against 2");
    named(second, 1).await.expect_err("version 2 against 1");
    wire.send(TOPIC, id, second).await.expect("without a version, the latest");
}

#[tokio::test]
async fn a_message_that_names_no_version_gets_the_producers() {
    let (wire, _) = bound("json_schema", ID).await;
    wire.unchecked("s").await;
    wire.register("s", "json_schema", r#"{"required":["name"]}"#).await;
    let second: &[u8] = br#"{"name":"y"}"#;
    let create = async |name: &str, field: u64, version: u64| {
        let reference = fields().text(1, "s").number(field, version);
        let request = producer(TOPIC, name, RELIABLE).message(4, &reference);
        wire.try_call("danube.ProducerService/CreateProducer", request).await.map(|answer| answer.get_number(2))
    };
    let (pinned, least, latest) = (3, 4, 2);
    let one = create("pinned", pinned, 1).await.expect("there is a version 1");
    wire.send(TOPIC, one, VALID).await.expect("valid in version 1");
    wire.send(TOPIC, one, second).await.expect_err("pinned to version 1");
    wire.try_send(message(TOPIC, one, second).number(9, 2)).await.expect_err("named against the pin");
    let two = create("least", least, 2).await.expect("there is a version 2");
    wire.send(TOPIC, two, second).await.expect("valid in the latest");
    wire.try_send(message(TOPIC, two, VALID).number(9, 1)).await.expect_err("below the least");
    let any = create("latest", latest, 1).await.expect("there is a latest");
    wire.send(TOPIC, any, second).await.expect("valid in the latest");
    for (name, field) in [("far", pinned), ("farther", least)] {
        let refusal = create(name, field, 77).await.expect_err("there is no version 77");
        assert_eq!(refusal.code(), Code::FailedPrecondition);
    }
}

#[tokio::test]
async fn an_unknown_schema_id_is_refused() {
    let (wire, id) = bound("string", "").await;
    let refusal = wire.try_send(message(TOPIC, id, b"x").number(8, 77)).await.expect_err("unknown");
    assert_eq!(refusal.code(), Code::PermissionDenied);
    assert!(refusal.message().contains("77"), "{refusal}");
}

#[tokio::test]
async fn string_is_utf_8_text() {
    assert_lets_in("string", "", &[b"", "ü".as_bytes()], &[&[0xff, 0xfe]]).await;
}

/// Danube refuses the text of a number, unless it happens to have 4 or 8 characters.
#[tokio::test]
async fn number_is_its_text_or_4_or_8_bytes() {
    assert_lets_in("number", "", &[b"42", b"-1.5e3", &[0; 4], &[255; 8]], &[b"", b"no number", &[0; 5]]).await;
}

#[tokio::test]
async fn bytes_are_anything() {
    assert_lets_in("bytes", "", &[b"", &[0, 255, 128]], &[]).await;
}

/// `format` is asserted in every draft.
#[tokio::test]
async fn json_satisfies_its_schema() {
    let email = r#"{"type":"object","properties":{"to":{"type":"string","format":"email"}}}"#;
    let valid: &[&[u8]] = &[br#"{"to":"ann@example.com"}"#, b"{}"];
    assert_lets_in("json_schema", email, valid, &[br#"{"to":"nobody"}"#, b"[]", b"not json", b""]).await;
}

/// Danube takes object containers alone.
#[tokio::test]
async fn avro_is_json_text_a_datum_or_a_container() {
    let datum: &[u8] = &[2, b'x'];
    let container = avro_container(datum);
    let valid: &[&[u8]] = &[br#"{"a":"x"}"#, datum, &container];
    let cut = &container[..container.len() - 1];
    assert_lets_in("avro", AVRO, valid, &[br#"{"a":7}"#, b"{}", &[2], &[2, b'x', 0], cut, b"not avro at all"]).await;
}

/// An object container file with one record, by the specification.
fn avro_container(datum: &[u8]) -> Vec<u8> {
    let sync = [7; 16];
    let long = |value: usize| {
        let mut zigzag = value * 2;
        let mut bytes = Vec::new();
        while zigzag >= 0x80 {
            bytes.push(zigzag as u8 | 0x80);
            zigzag >>= 7;
        }
        bytes.push(zigzag as u8);
        bytes
    };
    let text = |text: &str| [long(text.len()), text.as_bytes().to_vec()].concat();
    let meta = [long(2), text("avro.schema"), text(AVRO), text("avro.codec"), text("null"), long(0)].concat();
    let block = [long(1), long(datum.len()), datum.to_vec()].concat();
    [&b"Obj\x01"[..], &meta, &sync, &block, &sync].concat()
}

/// Danube's handler dies of the first one.
#[tokio::test]
async fn protobuf_is_decoded() {
    let encoded = fields().text(1, "x").encode();
    let number = fields().number(1, 7).encode();
    let valid: &[&[u8]] = &[&encoded, b"", br#"{"a":"x"}"#];
    assert_lets_in("protobuf", PROTO, valid, &[&number, b"garbage", br#"{"b":1}"#]).await;
}

#[tokio::test]
async fn a_topic_is_bound_by_configuration() {
    let wire = Wire::start().await;
    wire.register("s", "number", "").await;
    let id = wire.producer(TOPIC, "p", NON_RELIABLE).await;
    let configure = |subject: &str| fields().text(1, TOPIC).text(2, subject).text(3, "enforce").number(4, 1);
    let refusal = wire.registry_refusal("ConfigureTopicSchema", configure("unknown")).await;
    assert_eq!(refusal.code(), Code::FailedPrecondition);
    wire.registry("ConfigureTopicSchema", configure("s")).await;
    wire.send(TOPIC, id, b"no number").await.expect_err("bound now");
    wire.send(TOPIC, id, b"42").await.expect("a number");
}

/// Every subject has its own id in `GetTopicSchemaConfig`; Danube answers 0.
#[tokio::test]
async fn the_configuration_names_the_schema_id() {
    let wire = Wire::start().await;
    let id_of = |config: Fields| config.get_number(4);
    for (number, subject) in ["a", "b", "c"].iter().enumerate() {
        wire.register(subject, "string", "").await;
        let topic = format!("/default/{subject}");
        wire.bound_producer(&topic, "p", subject).await;
        let config = wire.registry("GetTopicSchemaConfig", fields().text(1, &topic)).await;
        assert_eq!(id_of(config), number as u64 + 1);
    }
}

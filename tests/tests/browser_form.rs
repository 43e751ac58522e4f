//! The payload as a form of its schema, in all three formats: what is filled in stands in the text, what is typed stands
//! in the form, and nothing that the schema does not describe is lost.

use bytes::Bytes;
use fantoccini::key::Key;
use irongate_proto::danube_schema::RegisterSchemaRequest;
use irongate_tests::{
    Host,
    browser::{Browser, Page, ProducePage, axe},
    until,
};

const JSON_SCHEMA: &str = r#"{"type": "object", "required": ["id", "kind"], "properties": {
    "id": {"type": "string", "minLength": 2, "description": "Names the order."},
    "kind": {"enum": ["new", "paid"]},
    "count": {"type": "integer", "minimum": 1, "maximum": 9},
    "express": {"type": "boolean"},
    "note": {"type": ["string", "null"]},
    "tags": {"type": "array", "items": {"type": "string"}},
    "address": {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}, "additionalProperties": false},
    "payment": {"oneOf": [
        {"title": "card", "type": "object", "required": ["by", "number"], "properties": {"by": {"const": "card"}, "number": {"type": "string"}}},
        {"title": "cash", "type": "object", "required": ["by"], "properties": {"by": {"const": "cash"}}}]},
    "labels": {"type": "object", "additionalProperties": {"type": "integer"}}}}"#;

const AVRO: &str = r#"{"type": "record", "name": "Node", "fields": [
    {"name": "value", "type": ["int", "string"]},
    {"name": "counts", "type": {"type": "map", "values": "long"}},
    {"name": "next", "type": ["null", "Node"], "default": null}]}"#;

const PROTOBUF: &str = "syntax = \"proto3\"; package shop;
enum Kind { KIND_UNKNOWN = 0; KIND_NEW = 1; }
message Order { string order_id = 1; Kind kind = 2; oneof payment { string card = 3; int64 cash = 4; }
map<string, int32> labels = 5; repeated Order parts = 6; }";

async fn open(host: &Host, browser: &Browser, schema_type: &str, definition: &'static str) -> ProducePage {
    let request = RegisterSchemaRequest {
        subject: schema_type.to_owned(),
        schema_type: schema_type.to_owned(),
        schema_definition: Bytes::from_static(definition.as_bytes()),
        ..RegisterSchemaRequest::default()
    };
    host.rpc().await.registry.register_schema(request).await.expect("the schema can be registered");
    let produce = browser.produce(&host.url(), &format!("?topic=/default/{schema_type}")).await;
    produce.subject(schema_type).await;
    produce
}

/// Waits until the text is this value.
async fn text_is(page: &Page, expected: serde_json::Value) {
    let looking = async || {
        let text = page.value("produce-payload").await;
        (serde_json::from_str::<serde_json::Value>(&text).ok()? == expected).then_some(())
    };
    if tokio::time::timeout(until::PATIENCE, async { until::some("the text", looking).await }).await.is_err() {
        panic!("the text is {}, not {expected}", page.value("produce-payload").await);
    }
}

#[tokio::test]
async fn a_form_of_a_json_schema_and_its_text_are_one() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    let produce = open(&host, &browser, "json_schema", JSON_SCHEMA).await;
    let page = produce.page();
    produce.payload("").await;
    page.click("payload-form").await;
    page.click("form-begin").await;
    text_is(page, serde_json::json!({"id": "", "kind": "new"})).await;
    page.text_where("form/id-problem", |text| !text.is_empty()).await;
    page.fill("form/id", "a7").await;
    page.choose("form/kind", "\"paid\"").await;
    page.fill("form/count", "12").await;
    page.text_where("form/count-problem", |text| text.contains('9')).await;
    page.choose("form/express", "true").await;
    page.click("form/note-null").await;
    // The list itself, and two items.
    for _ in 0..3 {
        page.click("form/tags-add").await;
    }
    page.fill("form/tags/0", "first").await;
    page.click("form/address-add").await;
    page.fill("form/address/city", "Zürich \"7\"").await;
    page.choose("form/payment-branch", "0").await;
    page.fill("form/payment/number", "4711").await;
    page.click("form/labels-add").await;
    page.fill("form/labels-name", "weight").await;
    page.press(Key::Enter).await;
    page.fill("form/labels/weight", "3").await;
    text_is(
        page,
        serde_json::json!({"id": "a7", "kind": "paid", "count": 12, "express": true, "note": null, "tags": ["first", ""],
            "address": {"city": "Zürich \"7\""}, "payment": {"by": "card", "number": "4711"}, "labels": {"weight": 3}}),
    )
    .await;
    browser.save_screenshots("form").await;
    let findings = axe::findings(&browser, "the form").await;
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    browser.resize(390, 844).await;
    assert!(page.overflow_width().await <= 0);
    browser.resize(1280, 900).await;

    page.fill("form/count", "").await;
    page.choose("form/payment-branch", "1").await;
    page.click("form/tags/1-remove").await;
    page.click("form/labels-remove").await;
    text_is(
        page,
        serde_json::json!({"id": "a7", "kind": "paid", "express": true, "note": null, "tags": ["first"],
            "address": {"city": "Zürich \"7\""}, "payment": {"by": "cash"}}),
    )
    .await;
    produce.violations(0).await;

    page.click("payload-json").await;
    produce.payload(r#"{ "id":"b8", "kind":"new", "large":9007199254740993, "count": 1.0e0 "#).await;
    page.click("payload-form").await;
    page.text_where("form-waiting", |text| text.contains("not JSON at the moment")).await;
    page.click("payload-json").await;
    page.click("produce-payload").await;
    page.press(Key::End).await;
    page.keys("}").await;
    page.click("payload-form").await;
    assert_eq!(page.value("form/large").await, "9007199254740993", "what the schema does not describe is shown");
    assert_eq!(page.value("form/count").await, "1.0e0", "a number is shown as it is written");
    page.fill("form/id", "c9").await;
    let text = page.value("produce-payload").await;
    assert_eq!(text, r#"{ "id":"c9", "kind":"new", "large":9007199254740993, "count": 1.0e0 }"#, "one place changes");
    page.press(Key::Tab).await;
    assert_eq!(page.focused().await, "form/kind", "Tab leads from field to field");
    produce.send_with_keyboard().await;
    produce.result().await;
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_form_of_an_avro_schema_knows_unions_maps_and_types_that_hold_themselves() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    let produce = open(&host, &browser, "avro", AVRO).await;
    let page = produce.page();
    produce.payload("").await;
    page.click("payload-form").await;
    page.click("form-begin").await;
    text_is(page, serde_json::json!({"value": {"int": 0}, "counts": {}})).await;
    page.choose("form/value-branch", "1").await;
    page.fill("form/value/string", "x").await;
    page.fill("form/counts-name", "a").await;
    page.press(Key::Enter).await;
    page.fill("form/counts/a", "9007199254740993").await;
    page.click("form/next-add").await;
    page.fill("form/next/value/int", "many").await;
    page.text_where("form/next/value/int-problem", |text| !text.is_empty()).await;
    page.fill("form/next/value/int", "-5").await;
    text_is(
        page,
        serde_json::json!({"value": {"string": "x"}, "counts": {"a": 9_007_199_254_740_993_u64},
            "next": {"value": {"int": -5}, "counts": {}}}),
    )
    .await;
    produce.violations(0).await;
    browser.save_screenshots("form-avro").await;
    let findings = axe::findings(&browser, "the form of an Avro schema").await;
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    produce.send_with_keyboard().await;
    produce.result().await;
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_form_of_a_protobuf_message_sets_one_of_a_oneof() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    let produce = open(&host, &browser, "protobuf", PROTOBUF).await;
    let page = produce.page();
    produce.payload(r#"{"order_id": "a"}"#).await;
    page.click("payload-form").await;
    assert_eq!(page.value("form/order_id").await, "a", "a field is known by both its names");
    page.choose("form/kind", "\"KIND_NEW\"").await;
    page.choose("form-payment", "card").await;
    page.fill("form/card", "4711").await;
    page.choose("form-payment", "cash").await;
    page.fill("form/cash", "5").await;
    page.click("form/labels-add").await;
    page.fill("form/labels-name", "w/x").await;
    page.press(Key::Enter).await;
    page.fill("form/labels/w~1x", "1").await;
    page.click("form/parts-add").await;
    page.click("form/parts-add").await;
    page.fill("form/parts/0/orderId", "b").await;
    text_is(
        page,
        serde_json::json!({"order_id": "a", "kind": "KIND_NEW", "cash": 5, "labels": {"w/x": 1}, "parts": [{"orderId": "b"}]}),
    )
    .await;
    produce.violations(0).await;
    page.text_where("wire-length", |text| !text.is_empty()).await;
    browser.save_screenshots("form-protobuf").await;
    let findings = axe::findings(&browser, "the form of a Protobuf message").await;
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    browser.close().await;
    host.assert_never_panicked();
}

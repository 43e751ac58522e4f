//! Generate: a valid message for each of the three formats, made by what the worker fetches for the first sample.

use bytes::Bytes;
use fantoccini::key::Key;
use irongate_proto::danube_schema::RegisterSchemaRequest;
use irongate_tests::{Host, browser::Browser, guide, until};

const SCHEMAS: [(&str, &str, &str); 3] = [
    ("events", "json_schema", guide::SCHEMA),
    (
        "products",
        "avro",
        r#"{"type":"record","name":"P","fields":[{"name":"id","type":"string"},{"name":"price","type":"double"}]}"#,
    ),
    ("orders", "protobuf", "syntax = \"proto3\"; message Order { string id = 1; repeated int32 sizes = 2; }"),
];

#[tokio::test]
async fn a_valid_message_is_made_for_every_format() {
    let host = Host::start().await;
    let mut rpc = host.rpc().await;
    for (subject, schema_type, definition) in SCHEMAS {
        let request = RegisterSchemaRequest {
            subject: subject.to_owned(),
            schema_type: schema_type.to_owned(),
            schema_definition: Bytes::from_static(definition.as_bytes()),
            ..RegisterSchemaRequest::default()
        };
        rpc.registry.register_schema(request).await.expect("the schema can be registered");
    }
    let browser = Browser::open().await;
    let produce = browser.produce(&host.url(), "").await;
    let page = produce.page();
    produce.payload("typed by hand").await;
    assert!(page.elements("produce-generate").await.is_empty(), "without a schema there is nothing to make one from");
    for (subject, _, _) in SCHEMAS {
        produce.topic(&format!("/default/{subject}")).await;
        produce.reliable(true).await;
        produce.subject(subject).await;
        let before = page.value("produce-payload").await;
        page.click("produce-generate").await;
        until::some("a sample", async || (page.value("produce-payload").await != before).then_some(())).await;
        page.text_where("verdict-schema", |text| text.contains("Valid")).await;
        page.click("produce-send").await;
        page.text_where("result-topic", |text| text.contains(subject)).await;
    }
    let mut samples = Vec::new();
    for seed in ["42", "43", "42", "43"] {
        let before = page.value("produce-payload").await;
        page.fill("produce-seed", seed).await;
        page.press(Key::Enter).await;
        until::some("another sample", async || (page.value("produce-payload").await != before).then_some(())).await;
        samples.push(page.value("produce-payload").await);
    }
    assert!(
        samples[..2] == samples[2..] && samples[0] != samples[1],
        "a seed makes the same sample again: {samples:?}"
    );
    browser.save_screenshots("generate").await;
    browser.resize(390, 844).await;
    assert!(page.overflow_width().await <= 0);
    browser.resize(1280, 900).await;
    page.click("produce-history").await;
    until::some("what was typed, in the history", async || {
        for row in page.elements("history-row").await {
            if row.text().await.ok()?.contains("typed by hand") {
                return Some(());
            }
        }
        None
    })
    .await;
    browser.close().await;
    host.assert_never_panicked();
}

//! The Schemas page: a new version with its verdict and its preview on stored messages, the
//! differences, the mode, and a deletion that has to be typed.

use bytes::Bytes;
use irongate_proto::{
    danube::{DispatchStrategy, SchemaReference, schema_reference::VersionRef},
    irongate_v1::PublishRequest,
};
use irongate_tests::{Host, browser::Browser};

const SUBJECT: &str = "orders";
const TOPIC: &str = "/default/orders";
const FIRST: &str = r#"{"type":"object","properties":{"id":{"type":"string"},"note":{"type":"string"}}}"#;
/// Breaks what the mode `backward` protects, and one of the two stored messages.
const STRICTER: &str =
    r#"{"type":"object","properties":{"id":{"type":"string"},"note":{"type":"string"}},"required":["note"]}"#;
/// Breaks neither.
const WIDER: &str =
    r#"{"type":"object","properties":{"id":{"type":"string"},"note":{"type":"string"},"tag":{"type":"string"}}}"#;

#[tokio::test]
async fn a_subject_evolves_and_loses_a_version() {
    let host = Host::start().await;
    let mut rpc = host.rpc().await;
    rpc.register_json(SUBJECT, FIRST).await.expect("the schema can be registered");
    for payload in [r#"{"id":"1","note":"x"}"#, r#"{"id":"2"}"#] {
        let reference = SchemaReference { subject: SUBJECT.to_owned(), version_ref: Some(VersionRef::UseLatest(true)) };
        let request = PublishRequest {
            topic: TOPIC.to_owned(),
            producer_name: "test".to_owned(),
            dispatch_strategy: Some(DispatchStrategy::Reliable as i32),
            schema_ref: Some(reference),
            ..PublishRequest::default()
        };
        rpc.publish_one(request, &Bytes::from_static(payload.as_bytes())).await.expect("the message can be published");
    }
    let browser = Browser::open().await;
    let produce = browser.produce(&host.url(), &format!("?topic={TOPIC}")).await;
    produce.payload(r#"{"id":"{{seq}}"}"#).await;
    produce.page().click("produce-template").await;
    produce.page().click("produce-templates").await;
    produce.page().fill("template-name", "counted").await;
    produce.page().click("template-save").await;
    produce.page().text_where("template-row", |text| text.contains("counted")).await;
    browser.goto(&format!("{}/schemas?subject={SUBJECT}", host.url())).await;
    let page = browser.page();
    page.text_where("subject-definition", |text| text.contains("note")).await;

    page.click("subject-evolve").await;
    assert_eq!(page.value("schema-definition").await, FIRST, "the new version starts from the old one");
    page.fill("schema-definition", STRICTER).await;
    page.text_where("schema-fault", |text| text.contains("does not follow the latest version")).await;
    page.click("evolution-try").await;
    page.text_where("evolution-result", |text| text.contains("1 of 2 stored messages would fail")).await;
    let failing = page.text_where("evolution-failing", |text| !text.is_empty()).await;
    assert!(failing.contains("template counted") && failing.contains("note"), "{failing}");
    page.text_where("evolution-templates", |text| text.contains("1 of 1 template of this browser would fail")).await;
    page.text_where("evolution-result", |text| text.contains("offset 1")).await;
    browser.save_screenshots("schemas-evolution").await;

    page.fill("schema-definition", WIDER).await;
    page.text_where("schema-fault", |text| text == "Compiles.").await;
    page.click("evolution-try").await;
    page.text_where("evolution-result", |text| text.contains("All 2 stored messages of 1 topic satisfy it")).await;
    page.text_where("evolution-templates", |text| text.contains("none would fail")).await;
    page.click("schema-register").await;
    page.text_where("schema-register-result", |text| text.contains("version 2")).await;
    page.click("schema-done").await;

    page.text_where("subject-versions", |text| text.contains("Version 2") && text.contains("Version 1")).await;
    page.choose("subject-compare", "1").await;
    let diff = page.text_where("subject-diff", |text| text.contains("+ ")).await;
    assert!(diff.lines().any(|line| line.starts_with("+ ") && line.contains("tag")), "{diff}");
    assert!(!diff.lines().any(|line| line.starts_with("- ") && line.contains("id")), "{diff}");
    browser.save_screenshots("schemas").await;
    assert!(page.overflow_width().await <= 0);

    page.choose("subject-mode", "full").await;
    page.text_where("subject-row", |text| text.contains("full")).await;

    page.click("subject-delete").await;
    page.fill("confirm-name", "order").await;
    let enabled = page.element("confirm-go").await.is_enabled().await.expect("a button is enabled or not");
    assert!(!enabled, "only the whole name confirms");
    page.fill("confirm-name", SUBJECT).await;
    page.click("confirm-go").await;
    page.text_where("subject-versions", |text| !text.contains("Version 2") && text.contains("Version 1")).await;

    page.click("subject-delete").await;
    page.fill("confirm-name", SUBJECT).await;
    page.click("confirm-go").await;
    let refused = page.text_where("failure", |text| !text.is_empty()).await;
    assert!(refused.contains(TOPIC) && refused.contains("Bind the topic to another subject first"), "{refused}");
    browser.close().await;
    host.assert_never_panicked();
}

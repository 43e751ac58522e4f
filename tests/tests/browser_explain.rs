//! A failure explained where it happened: its cause, what to do, and the button that does it.

use irongate_proto::{
    danube::{DispatchStrategy, SchemaReference, schema_reference::VersionRef},
    irongate_v1::CreateTopicRequest,
};
use irongate_tests::{Host, browser::Browser, guide};

const TOPIC: &str = "/default/bound";

#[tokio::test]
async fn a_message_for_another_subject_is_mended_by_one_press() {
    let host = Host::start().await;
    let mut rpc = host.rpc().await;
    rpc.register_json(guide::SUBJECT, guide::SCHEMA).await.expect("the schema can be registered");
    rpc.register_json("another", guide::SCHEMA).await.expect("another can be registered");
    let version_ref = Some(VersionRef::UseLatest(true));
    let request = CreateTopicRequest {
        topic: TOPIC.to_owned(),
        dispatch_strategy: DispatchStrategy::Reliable as i32,
        schema_ref: Some(SchemaReference { subject: guide::SUBJECT.to_owned(), version_ref }),
        ..CreateTopicRequest::default()
    };
    rpc.topics.create_topic(request).await.expect("the topic can be created");
    let browser = Browser::open().await;
    let produce = browser.produce(&host.url(), &format!("?topic={TOPIC}")).await;
    let page = produce.page();
    produce.subject("another").await;
    produce.payload(guide::VALID).await;
    produce.violations(0).await;
    produce.send_with_keyboard().await;
    page.click("produce-send-anyway").await;
    page.text_where("result-code", |text| text == "FAILED_PRECONDITION").await;
    page.text_where("result-error", |text| text.contains("bound to another subject")).await;
    page.text_where("result-remedy", |text| text == "Use the topic's own subject").await;
    browser.save_screenshots("explained").await;
    page.click("result-remedy").await;
    page.text_where("verdict-broker", |text| text.contains("Accept")).await;
    assert_eq!(page.value("produce-subject").await, "", "as the topic");
    produce.send_with_keyboard().await;
    page.text_where("result-offset", |text| text == "0").await;
    assert!(page.elements("result-remedy").await.is_empty(), "an old failure has no button");
    browser.close().await;
    host.assert_never_panicked();
}

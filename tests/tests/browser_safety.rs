//! What keeps a person from a mistake: a console that only looks, production that asks for the topic's name before
//! anything is sent, and the attribute that tells a message that a person sent.

use std::fs;

use fantoccini::key::Key;
use irongate_proto::irongate_v1::PublishRequest;
use irongate_tests::{
    Host,
    browser::{Browser, Page, ProducePage},
    guide, until,
};

const TOPIC: &str = "/default/guarded";

/// The words that every place greyed by it shows.
const REASON: &str = "This console is read-only: the host was started with --read-only-console";

async fn is_enabled(page: &Page, id: &str) -> bool {
    until::some(&format!("{id} to be there"), async || page.element(id).await.is_enabled().await.ok()).await
}

/// Greyed, with the reason beside it.
async fn is_barred(page: &Page, button: &str, note: &str) {
    page.text_where(note, |text| text.contains(REASON)).await;
    assert!(!is_enabled(page, button).await, "{button} is not to be pressed");
}

#[tokio::test]
async fn a_read_only_console_changes_nothing_and_says_why() {
    let host = Host::start_with(&["--read-only-console"]).await;
    let mut rpc = host.rpc().await;
    rpc.register_json(guide::SUBJECT, guide::SCHEMA).await.expect("the console's rule does not bind other clients");
    let reliable = Some(irongate_proto::danube::DispatchStrategy::Reliable as i32);
    let request = PublishRequest { topic: TOPIC.into(), dispatch_strategy: reliable, ..PublishRequest::default() };
    rpc.publish_one(request, b"sent by a program").await.expect("nor this");
    let browser = Browser::open().await;
    let produce = browser.produce(&host.url(), &format!("?topic={TOPIC}")).await;
    let page = produce.page();
    page.text_where("read-only", |text| text == "read-only").await;
    produce.payload("{\"by\":\"hand\"}").await;
    is_barred(page, "produce-send", "send-barred").await;
    produce.send_with_keyboard().await;
    page.text_where("result-error", |text| text.contains("Not sent.") && text.contains(REASON)).await;
    browser.save_screenshots("read-only-produce").await;
    page.click("produce-bulk").await;
    let file = host.folder().join("rows.jsonl");
    fs::write(&file, "{\"row\":1}\n").expect("a file can be written");
    page.element("bulk-file").await.send_keys(&file.display().to_string()).await.expect("a file field takes a path");
    is_barred(page, "bulk-send", "bulk-barred").await;
    page.click("bulk-close").await;
    page.click("schema-new").await;
    is_barred(page, "schema-register", "register-barred").await;

    for (path, button, note) in [
        ("/topics", "topic-new", "topics-barred"),
        (&*format!("/topics?topic={TOPIC}"), "topic-truncate", "danger-lacking"),
        (&format!("/topics?topic={TOPIC}"), "topic-delete", "danger-lacking"),
        (&format!("/topics?topic={TOPIC}"), "topic-bind", "bind-barred"),
        ("/schemas?subject=user-events", "subject-mode", "subject-barred"),
        ("/schemas?subject=user-events", "subject-delete", "subject-barred"),
        ("/load", "load-start", "load-barred"),
    ] {
        browser.goto(&format!("{}{path}", host.url())).await;
        is_barred(&browser.page(), button, note).await;
    }
    browser.goto(&format!("{}/topics?topic={TOPIC}", host.url())).await;
    browser.page().text_where("danger-lacking", |text| !text.is_empty()).await;
    browser.save_screenshots("read-only-topic").await;
    assert_eq!(rpc.browse_all(&[TOPIC]).await.expect("the topic is there").len(), 1, "only the program's message");
    browser.close().await;
    host.assert_never_panicked();
}

async fn filled(browser: &Browser, host: &Host) -> ProducePage {
    let produce = browser.produce(&host.url(), "").await;
    produce.topic(TOPIC).await;
    produce.reliable(true).await;
    produce.payload("{\"n\":1}").await;
    produce
}

/// Waits until nothing is asked.
async fn answered(page: &Page) {
    until::some("the question to be gone", async || page.elements("confirm-name").await.is_empty().then_some(())).await;
}

#[tokio::test]
async fn production_asks_for_the_topic_before_a_message_and_before_a_file() {
    let host = Host::start_with(&["--environment", "production"]).await;
    let browser = Browser::open().await;
    let produce = filled(&browser, &host).await;
    let page = produce.page();
    page.text_where("environment", |text| text == "production").await;
    produce.send_with_keyboard().await;
    page.fill("confirm-name", "/default/another").await;
    assert!(!is_enabled(page, "confirm-go").await, "another topic's name is no answer");
    browser.save_screenshots("production-asks").await;
    page.press(Key::Escape).await;
    answered(page).await;
    let mut rpc = host.rpc().await;
    assert!(rpc.browse_all(&[TOPIC]).await.is_err(), "whoever leaves the question sends nothing");

    page.click("produce-send").await;
    page.fill("confirm-name", TOPIC).await;
    page.press(Key::Enter).await;
    let (_, _, offset) = produce.result().await;
    assert_eq!(offset, "0");
    answered(page).await;

    page.click("produce-bulk").await;
    let file = host.folder().join("rows.jsonl");
    fs::write(&file, "{\"row\":1}\n{\"row\":2}\n").expect("a file can be written");
    page.element("bulk-file").await.send_keys(&file.display().to_string()).await.expect("a file field takes a path");
    page.click("bulk-send").await;
    page.element("confirm-name").await;
    page.press(Key::Escape).await;
    answered(page).await;
    page.text_where("bulk-counts", |text| text.contains("2 valid and not sent")).await;
    page.click("bulk-send").await;
    page.fill("confirm-name", TOPIC).await;
    page.click("confirm-go").await;
    page.text_where("bulk-counts", |text| text.contains("2 sent")).await;
    assert_eq!(rpc.browse_all(&[TOPIC]).await.expect("the topic is there").len(), 3);
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_message_says_that_a_person_sent_it_where_that_is_asked_for() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    let produce = filled(&browser, &host).await;
    let page = produce.page();
    produce.send_with_keyboard().await;
    produce.result().await;
    page.click("attribute-by-hand").await;
    assert_eq!(page.value("attribute-key-0").await, "x-irongate-sent-by");
    browser.save_screenshots("sent-by-hand").await;
    produce.send_with_keyboard().await;
    page.text_where("result-offset", |text| text == "1").await;
    let stored = host.rpc().await.browse_all(&[TOPIC]).await.expect("the topic is there");
    let marks: Vec<_> = stored
        .iter()
        .map(|stored| stored.message.as_ref().and_then(|it| it.attributes.get("x-irongate-sent-by").cloned()))
        .collect();
    assert_eq!(marks, [None, Some("hand".to_owned())], "off until it is asked for");
    page.click("attribute-by-hand").await;
    until::some("the row to go", async || page.elements("attribute-key-0").await.is_empty().then_some(())).await;
    browser.close().await;
    host.assert_never_panicked();
}

//! The product's promise in the browser: from an empty page to a message that survives
//! a kill, by keyboard and mouse, through the built binary.

use irongate_tests::{
    Host,
    browser::{Browser, SchemasPanel},
    guide,
};

#[tokio::test]
async fn from_a_form_to_a_durable_log() {
    let mut host = Host::start().await;
    let browser = Browser::open().await;

    let produce = browser.produce(&host.url(), "").await;
    let panel = SchemasPanel::open(produce.page()).await;
    let registered = panel.register_json(guide::SUBJECT, guide::SCHEMA).await;
    assert!(registered.contains(guide::SUBJECT), "{registered}");
    panel.close().await;

    produce.topic(guide::TOPIC).await;
    produce.reliable(true).await;
    produce.subject(guide::SUBJECT).await;
    produce.payload(guide::INVALID).await;
    let violations = produce.violations(1).await;
    assert_eq!(violations[0].rule, "type");
    assert_eq!(violations[0].instance_path, "/user_id");
    assert_eq!(violations[0].position, "line 1, column 12");
    assert_eq!(violations[0].schema_path, "/properties/user_id/type");
    assert!(violations[0].message.contains("string"), "{violations:?}");
    browser.save_screenshots("produce-invalid").await;

    produce.payload(guide::VALID).await;
    produce.violations(0).await;
    produce.send_with_keyboard().await;
    let (topic, _, offset) = produce.result().await;
    assert!(topic.contains(guide::TOPIC) && offset.contains('0'), "{topic} {offset}");
    browser.save_screenshots("produce-sent").await;

    let query = format!("?topic={}", guide::TOPIC);
    let tail = browser.tail(&host.url(), &query).await;
    tail.connect_from("earliest").await;
    assert!(tail.offset_of(guide::VALID).await.contains('0'));
    browser.save_screenshots("tail").await;

    host.kill().await;
    host.restart().await;
    let tail = browser.tail(&host.url(), &query).await;
    tail.connect_from("earliest").await;
    assert!(tail.offset_of(guide::VALID).await.contains('0'), "the message survived");
    let produce = browser.produce(&host.url(), &query).await;
    produce.subject(guide::SUBJECT).await;
    produce.payload(guide::INVALID).await;
    assert_eq!(produce.violations(1).await[0].instance_path, "/user_id", "the schema survived");

    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_live_tail_shows_what_is_sent_meanwhile() {
    let host = Host::start().await;
    let (sender, watcher) = (Browser::open().await, Browser::open().await);
    let produce = sender.produce(&host.url(), "?topic=/default/live").await;
    produce.reliable(true).await;
    produce.payload("first").await;
    produce.send_with_keyboard().await;
    produce.result().await;

    let tail = watcher.tail(&host.url(), "?topic=/default/live").await;
    tail.connect_from("earliest").await;
    tail.offset_of("first").await;
    produce.payload("second").await;
    produce.send_with_keyboard().await;
    assert!(tail.offset_of("second").await.contains('1'));
    sender.close().await;
    watcher.close().await;
}

#[tokio::test]
async fn no_page_needs_to_be_scrolled_sideways() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    for width in [1280, 390] {
        browser.resize(width, 844).await;
        let produce = browser.produce(&host.url(), "").await;
        produce.page().element("produce-payload").await;
        assert!(produce.page().overflow_width().await <= 0, "produce at {width}");
        let tail = browser.tail(&host.url(), "").await;
        tail.page().element("tail-connect").await;
        assert!(tail.page().overflow_width().await <= 0, "tail at {width}");
    }
    browser.close().await;
}

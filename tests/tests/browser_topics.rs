//! The Topics page, which arrives as a module of its own: a topic is created, bound, filled, emptied and deleted.

use bytes::Bytes;
use irongate_proto::{danube::DispatchStrategy, irongate_v1::PublishRequest};
use irongate_tests::{Host, browser::Browser, guide};

const TOPIC: &str = "/shop/orders";

#[tokio::test]
async fn a_topic_lives_from_its_creation_to_its_end() {
    let host = Host::start().await;
    let mut rpc = host.rpc().await;
    rpc.register_json(guide::SUBJECT, guide::SCHEMA).await.expect("the schema can be registered");
    let browser = Browser::open().await;
    browser.goto(&format!("{}/topics", host.url())).await;
    let page = browser.page();

    page.click("topic-new").await;
    page.fill("create-name", TOPIC).await;
    page.fill("create-partitions", "2").await;
    page.click("create-go").await;
    let detail = page.text_where("topic-detail", |text| text.contains("2 partitions")).await;
    assert!(detail.contains("/shop/orders-part-1") && detail.contains("Nobody has subscribed"), "{detail}");

    page.choose("topic-subject", guide::SUBJECT).await;
    page.choose("topic-policy", "warn").await;
    page.click("topic-bind").await;
    page.text_where("topic-bind", |text| text == "Change").await;
    for _ in 0..3 {
        let request = PublishRequest {
            topic: TOPIC.to_owned(),
            producer_name: "test".to_owned(),
            dispatch_strategy: Some(DispatchStrategy::Reliable as i32),
            partitions: 2,
            ..PublishRequest::default()
        };
        rpc.publish_one(request, &Bytes::from_static(guide::VALID.as_bytes())).await.expect("it can be published");
    }
    page.click("topic-refresh").await;
    page.text_where("topic-detail", |text| stored(text) == 3).await;
    browser.save_screenshots("topic").await;
    assert!(page.overflow_width().await <= 0);

    page.click("topics-all").await;
    let row = page.text_where("topic-row", |text| text.contains(TOPIC)).await;
    assert!(row.contains(guide::SUBJECT) && row.contains("warn") && row.contains('3'), "{row}");
    page.fill("topics-search", "nothing of that name").await;
    page.text_where("topics-count", |text| text.starts_with("0 topics")).await;
    page.fill("topics-search", "order").await;
    page.choose("topics-namespace", "shop").await;
    page.text_where("topics-count", |text| text.starts_with("1 topic")).await;
    browser.save_screenshots("topics").await;
    browser.resize(390, 844).await;
    assert!(page.overflow_width().await <= 0);
    browser.resize(1280, 900).await;

    page.click("topic-name").await;
    page.click("topic-truncate").await;
    page.fill("confirm-name", "/shop/order").await;
    let enabled = page.element("confirm-go").await.is_enabled().await.expect("a button is enabled or not");
    assert!(!enabled, "only the whole name confirms");
    page.fill("confirm-name", TOPIC).await;
    page.click("confirm-go").await;
    page.text_where("topic-detail", |text| stored(text) == 0).await;

    page.click("topic-delete").await;
    page.fill("confirm-name", TOPIC).await;
    page.click("confirm-go").await;
    page.text_where("empty", |text| text.contains("There are no topics yet")).await;
    browser.close().await;
    host.assert_never_panicked();
}

/// The sum of the last column of the rows of partitions.
fn stored(detail: &str) -> u64 {
    let rows = detail.lines().filter(|line| line.starts_with(TOPIC) && line.contains("-part-"));
    rows.filter_map(|row| row.split_whitespace().last()?.parse::<u64>().ok()).sum()
}

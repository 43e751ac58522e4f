//! A message that is opened in the tail: as a tree, laid out, as it is and in hexadecimal; a large one in parts, and a very large
//! one when a person has said so.

use irongate_proto::{danube::DispatchStrategy, irongate_v1::PublishRequest};
use irongate_tests::{
    Host,
    browser::{Browser, Page},
    until,
};

const ITEMS: usize = 3_000;

/// Beyond what is opened without asking.
const VERY_LARGE_BYTES: usize = 5 << 20;

async fn open(browser: &Browser, host: &Host, topic: &str, payload: &str) -> Page {
    let request = PublishRequest {
        topic: topic.to_owned(),
        dispatch_strategy: Some(DispatchStrategy::Reliable.into()),
        ..Default::default()
    };
    host.rpc().await.publish_one(request, payload.as_bytes()).await.expect("the message is taken");
    let tail = browser.tail(&host.url(), &format!("?topic={topic}&start=earliest")).await;
    let page = tail.page().clone();
    page.click("tail-row").await;
    page
}

/// Waits until the payload shows more characters than this, and answers the first.
async fn beginning(page: &Page, longer_than: usize) -> String {
    let script = "const shown = document.querySelector('[data-testid=\"tail-detail-payload\"] pre');
        return shown && [shown.textContent.length, shown.textContent.slice(0, 40)]";
    until::some("the text of the payload", async || {
        let found = page.script(script).await;
        let is_long = found[0].as_u64().is_some_and(|length| length > longer_than as u64);
        found[1].as_str().filter(|_| is_long).map(str::to_owned)
    })
    .await
}

#[tokio::test]
async fn a_large_message_is_shown_in_parts() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    let items: Vec<String> =
        (0..ITEMS).map(|at| format!("{{\"sku\":\"sku-{at:06}\",\"tags\":[\"ä\",{at}]}}")).collect();
    let page = open(&browser, &host, "/default/large", &format!("{{\"items\":[{}]}}", items.join(","))).await;
    page.text_where("json-more", |text| text == "Show more, 2950 left").await;
    page.click("json-more").await;
    page.text_where("json-more", |text| text == "Show more, 2900 left").await;

    page.click("tail-look-text").await;
    assert!(beginning(&page, 0).await.starts_with("{\n  \"items\": [\n    {\n      \"sku\": "));
    page.click("text-more").await;
    beginning(&page, 100_000).await;
    page.click("tail-look-raw").await;
    until::some("the text as it is", async || {
        beginning(&page, 0).await.starts_with("{\"items\":[{\"sku\":\"sku-000000\",").then_some(())
    })
    .await;
    page.text_where("text-more", |text| text.contains("left")).await;
    page.click("tail-look-hex").await;
    page.text_where("tail-detail-payload", |text| text.starts_with("00000000  7b 22 69 74")).await;
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_very_large_message_waits_for_a_word() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    let text = "y".repeat(VERY_LARGE_BYTES);
    let page = open(&browser, &host, "/default/very-large", &format!("{{\"text\":\"{text}\",\"last\":1}}")).await;
    page.element("tail-load-anyway").await;
    assert!(page.elements("tail-detail-payload").await.is_empty());
    page.click("tail-load-anyway").await;
    let shown = page.text_where("tail-detail-payload", |text| text.contains("\"last\": 1")).await;
    assert!(shown.contains("… and ") && shown.len() < 20_000, "{} bytes are shown", shown.len());
    browser.close().await;
    host.assert_never_panicked();
}

//! Many messages from a file: every row is checked before the first is sent, bad ones stay behind with their reasons, the
//! report names each, and the same file goes on where it was left.

use std::fs;

use irongate_tests::{
    Host,
    browser::{Browser, Page},
    guide, until,
};

const TOPIC: &str = "/default/many";
const ROWS: usize = 1200;

/// Keeps what the page offers for download where a script can read it.
const CATCH_DOWNLOADS: &str = "const make = URL.createObjectURL.bind(URL);
    URL.createObjectURL = blob => { blob.text().then(text => { window.downloaded = text; }); return make(blob); };";

async fn choose(page: &Page, host: &Host, name: &str, content: &str) {
    let path = host.folder().join(name);
    fs::write(&path, content).expect("a file can be written");
    let field = page.element("bulk-file").await;
    field.send_keys(&path.display().to_string()).await.expect("a file field takes a path");
}

/// Twelve hundred rows, of which one is not JSON and one breaks its schema.
fn lines() -> String {
    let row = |index: usize| match index {
        41 => "{\"user_id\":\n".to_owned(),
        899 => "{\"user_id\":899}\n".to_owned(),
        _ => format!("{{\"user_id\":\"u{index}\"}}\n"),
    };
    (1..=ROWS).map(row).collect()
}

async fn open_sheet(browser: &Browser, host: &Host) -> Page {
    let produce = browser.produce(&host.url(), "").await;
    produce.topic(TOPIC).await;
    produce.reliable(true).await;
    produce.subject(guide::SUBJECT).await;
    let page = produce.page().clone();
    page.click("produce-bulk").await;
    page.text_where("bulk-target", |text| text.contains("user-events version 1")).await;
    page
}

#[tokio::test]
async fn the_valid_rows_of_a_file_are_sent_once() {
    let host = Host::start().await;
    let mut rpc = host.rpc().await;
    rpc.register_json(guide::SUBJECT, guide::SCHEMA).await.expect("the schema can be registered");
    let browser = Browser::open().await;
    let page = open_sheet(&browser, &host).await;
    page.script(CATCH_DOWNLOADS).await;
    choose(&page, &host, "many.jsonl", &lines()).await;
    page.text_where("bulk-counts", |text| text.contains("1198 valid and not sent") && text.contains("2 invalid")).await;
    let bad = page.elements("bulk-bad").await;
    assert_eq!(bad.len(), 2);
    let words = bad[1].text().await.expect("a row has text");
    assert!(words.contains("899") && words.contains("/user_id") && words.contains("string"), "{words}");
    assert!(rpc.browse_all(&[TOPIC]).await.is_err(), "nothing is sent before a person says so");
    browser.save_screenshots("bulk").await;
    browser.resize(390, 844).await;
    assert!(page.overflow_width().await <= 0);
    browser.resize(1280, 900).await;

    page.click("bulk-send").await;
    page.text_where("bulk-counts", |text| text.contains("1198 sent") && text.contains("2 invalid")).await;
    assert_eq!(rpc.browse_all(&[TOPIC]).await.expect("the topic is there").len(), ROWS - 2);
    page.click("bulk-report").await;
    let report = until::some("the report", async || {
        page.script("return window.downloaded || null").await.as_str().map(str::to_owned)
    })
    .await;
    assert_eq!(report.lines().count(), ROWS + 1);
    assert!(report.lines().any(|line| line.starts_with("899,invalid,,,\"/user_id: ")), "{report}");
    assert!(report.contains("\r\n1,sent,/default/many,0,"), "{report}");

    let page = open_sheet(&browser, &host).await;
    choose(&page, &host, "again.jsonl", &lines()).await;
    let counts = page.text_where("bulk-counts", |text| text.contains("in an earlier run")).await;
    assert!(counts.contains("1198 sent in an earlier run") && !counts.contains("not sent"), "{counts}");
    assert!(page.elements("bulk-send").await.is_empty(), "there is nothing left to send");
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn an_array_and_a_table_become_messages_and_what_is_neither_says_so() {
    let host = Host::start().await;
    let mut rpc = host.rpc().await;
    rpc.register_json(guide::SUBJECT, guide::SCHEMA).await.expect("the schema can be registered");
    let browser = Browser::open().await;
    let page = open_sheet(&browser, &host).await;
    choose(&page, &host, "broken.json", "[{\"user_id\":\"a\"}").await;
    page.text_where("bulk-unusable", |text| text.contains("its ] is missing")).await;

    choose(&page, &host, "array.json", "[{\"user_id\":\"a\"},\n {\"user_id\":1}]").await;
    page.text_where("bulk-counts", |text| text.contains("1 valid and not sent") && text.contains("1 invalid")).await;

    choose(&page, &host, "table.csv", "user_id,action\n123,login\n456,\n7,a,b\n").await;
    page.text_where("bulk-counts", |text| text.contains("2 valid and not sent") && text.contains("1 invalid")).await;
    page.text_where("bulk-bad", |text| text.contains("has 3 cells, the header has 2")).await;
    page.click("bulk-send").await;
    page.text_where("bulk-counts", |text| text.contains("2 sent")).await;
    let stored = rpc.browse_all(&[TOPIC]).await.expect("the topic is there");
    let payloads: Vec<_> =
        stored.iter().filter_map(|stored| stored.message.as_ref()).map(|it| &it.payload[..]).collect();
    assert_eq!(payloads, [&br#"{"user_id":"123","action":"login"}"#[..], br#"{"user_id":"456"}"#]);
    browser.close().await;
    host.assert_never_panicked();
}

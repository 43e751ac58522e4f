//! What the form does at its limits: up to each it edits, beyond it says where the rest is and leaves it as it is.

use fantoccini::key::Key;
use irongate_tests::{
    Host,
    browser::{Browser, Page, ProducePage},
    until,
};

/// As in the console: items of a list, and members of a map, that a form draws.
const ITEMS_MAX: usize = 100;
/// Levels that have fields of their own.
const LEVELS_MAX: usize = 24;
/// The longest text that is edited as a form.
const FORM_TEXT_BYTES_MAX: usize = 300_000;
/// Violations that are listed one by one.
const VIOLATIONS_MAX: usize = 100;

/// Nodes that hold nodes, lists and maps.
const SCHEMA: &str = r##"{"type": "object", "properties": {"next": {"$ref": "#"}, "word": {"type": "string"},
    "tags": {"type": "array", "items": {"type": "integer"}}, "labels": {"type": "object", "additionalProperties": {"type": "integer"}}}}"##;

async fn open(host: &Host, browser: &Browser) -> ProducePage {
    host.rpc().await.register_json("nodes", SCHEMA).await.expect("the schema can be registered");
    let produce = browser.produce(&host.url(), "?topic=/default/nodes").await;
    produce.subject("nodes").await;
    produce
}

/// The text, which is JSON.
async fn written(page: &Page) -> serde_json::Value {
    serde_json::from_str(&page.value("produce-payload").await).expect("the text is JSON")
}

#[tokio::test]
async fn beyond_a_hundred_items_and_members_the_text_has_the_rest() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    let produce = open(&host, &browser).await;
    let page = produce.page();
    let tags: Vec<usize> = (0..=ITEMS_MAX).collect();
    let labels: serde_json::Map<_, _> = (0..=ITEMS_MAX).map(|at| (format!("l{at:03}"), at.into())).collect();
    let text = format!("{{\"tags\": {},\n\"labels\": {}}}", serde_json::json!(tags), serde_json::json!(labels));
    produce.payload(&text).await;
    page.click("payload-form").await;
    for pointer in ["tags", "labels"] {
        let drawn = format!(
            "return [...document.querySelectorAll('input')].filter(field => field.id.startsWith('form/{pointer}/')).length"
        );
        until::some(&format!("the form of {pointer}"), async || {
            (page.script(&drawn).await.as_u64() == Some(ITEMS_MAX as u64)).then_some(())
        })
        .await;
    }
    page.text_where("form", |text| text.matches("and 1 more, in the text").count() == 2).await;
    assert!(page.elements(&format!("form/tags/{ITEMS_MAX}")).await.is_empty());
    page.fill("form/tags/99", "7").await;
    page.click("form/tags-add").await;
    page.text_where("form", |text| text.contains("and 2 more, in the text")).await;
    let written = written(page).await;
    assert_eq!(written["tags"].as_array().map(Vec::len), Some(ITEMS_MAX + 2));
    assert_eq!((&written["tags"][99], &written["tags"][100]), (&7.into(), &100.into()), "what is not drawn stays");
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn beyond_twenty_four_levels_a_value_is_edited_as_json() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    let produce = open(&host, &browser).await;
    let page = produce.page();
    let deep = LEVELS_MAX + 2;
    let text = format!("{}{{\"word\":\n\"down\"}}{}", "{\"next\": ".repeat(deep), "}".repeat(deep));
    produce.payload(&text).await;
    page.click("payload-form").await;
    let below = format!("form{}", "/next".repeat(LEVELS_MAX + 1));
    assert!(page.value(&below).await.contains("down"), "one level more is shown as it is written");
    assert!(page.elements(&format!("{below}/next")).await.is_empty(), "and has no fields of its own");
    page.click(&below).await;
    page.chord(Key::Control, 'a').await;
    page.keys("{\"word\": \"up\"}").await;
    let pointer = "/next".repeat(LEVELS_MAX + 1);
    until::some("the text to follow", async || {
        (written(page).await.pointer(&pointer) == Some(&serde_json::json!({"word": "up"}))).then_some(())
    })
    .await;
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_text_of_more_than_300_kb_is_edited_as_json() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    let produce = open(&host, &browser).await;
    let page = produce.page();
    let frame = "{\n\"word\": \"\"}";
    let text = |bytes: usize| format!("{{\n\"word\": \"{}\"}}", "x".repeat(bytes - frame.len()));
    produce.payload(&text(FORM_TEXT_BYTES_MAX)).await;
    page.click("payload-form").await;
    page.element("form/word").await;
    page.click("payload-json").await;
    produce.payload(&text(FORM_TEXT_BYTES_MAX + 1)).await;
    page.click("payload-form").await;
    page.text_where("form-waiting", |text| text == "Texts longer than 300 kB are edited as JSON.").await;
    page.click("payload-json").await;
    assert_eq!(page.value("produce-payload").await.len(), FORM_TEXT_BYTES_MAX + 1, "the text stays as it is");
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn beyond_a_hundred_violations_the_list_says_that_there_are_more() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    let produce = open(&host, &browser).await;
    let wrong: Vec<&str> = vec!["\"no number\""; VIOLATIONS_MAX + 1];
    produce.payload(&format!("{{\"tags\": [\n{}]}}", wrong.join(",\n"))).await;
    // In one look: a list of a hundred rows is not read cell by cell.
    let read = "return [...document.querySelectorAll('[data-testid=violation-message]')].map(row => row.textContent)";
    let rows = until::some("the violations", async || {
        let rows = produce.page().script(read).await;
        rows.as_array().filter(|rows| rows.len() == VIOLATIONS_MAX + 1).cloned()
    })
    .await;
    let last = rows.last().and_then(|row| row.as_str()).expect("counted above");
    assert!(last.contains("more violations than the 100 listed"), "{last}");
    browser.close().await;
    host.assert_never_panicked();
}

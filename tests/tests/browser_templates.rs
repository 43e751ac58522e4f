//! Templates on the Produce page: what is filled in is shown, checked and sent, and nothing else; a template is kept under a
//! name through a reload, renamed, loaded and deleted.

use fantoccini::key::Key;
use irongate_tests::{
    Host,
    browser::{Browser, Page, axe},
    until,
};

const TOPIC: &str = "/default/filled";
const SCHEMA: &str = r#"{"type": "object", "required": ["n", "id"], "properties": {"n": {"type": "integer", "maximum": 2}, "id": {"type": "string", "minLength": 36}}}"#;
const TEMPLATE: &str = r#"{"n": {{seq}}, "id": "{{uuid}}", "of": {{random_int(1, 1000000)}}}"#;

/// What is filled in now, once it is JSON with this number.
async fn filled(page: &Page, number: u64) -> String {
    until::some(&format!("message {number} to be filled in"), async || {
        let text = page.text("filled-payload").await?;
        let value: serde_json::Value = serde_json::from_str(&text).ok()?;
        (value["n"] == number).then_some(text)
    })
    .await
}

#[tokio::test]
async fn what_is_shown_is_checked_and_sent() {
    let host = Host::start().await;
    let mut rpc = host.rpc().await;
    rpc.register_json("numbered", SCHEMA).await.expect("the schema can be registered");
    let browser = Browser::open().await;
    let produce = browser.produce(&host.url(), "").await;
    let page = produce.page();
    produce.topic(TOPIC).await;
    produce.reliable(true).await;
    produce.subject("numbered").await;
    page.fill("produce-key", "k{{seq}}").await;
    produce.payload(TEMPLATE).await;
    page.text_where("verdict-schema", |text| !text.contains("Valid") && text.contains("violation")).await;
    page.click("produce-template").await;
    let first = filled(page, 1).await;
    page.text_where("verdict-schema", |text| text.contains("Valid")).await;
    page.text_where("filled-key", |text| text == "k1").await;
    browser.save_screenshots("template").await;
    let findings = axe::findings(&browser, "a template filled in").await;
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    browser.resize(390, 844).await;
    assert!(page.overflow_width().await <= 0);
    browser.resize(1280, 900).await;

    page.click("produce-send").await;
    produce.result().await;
    let second = filled(page, 2).await;
    page.click("produce-send").await;
    page.text_where("result-offset", |text| text == "1").await;
    filled(page, 3).await;
    let broken = produce.violations(1).await;
    assert_eq!(
        (&*broken[0].rule, &*broken[0].instance_path),
        ("maximum", "/n"),
        "the third is checked as it would be sent"
    );
    let stored = rpc.browse_all(&[TOPIC]).await.expect("the topic is there");
    let sent: Vec<_> = stored.iter().filter_map(|stored| stored.message.as_ref()).collect();
    assert_eq!([&sent[0].payload[..], &sent[1].payload[..]], [first.as_bytes(), second.as_bytes()]);
    assert_eq!(sent[1].routing_key.as_deref(), Some("k2"));

    page.fill("filled-seed", "7").await;
    page.press(Key::Tab).await;
    let of_seven = filled(page, 1).await;
    assert_ne!(of_seven, first, "another seed, other values");
    page.fill("filled-seed", "0").await;
    page.press(Key::Tab).await;
    until::some("the first seed's values again", async || (page.text("filled-payload").await? == first).then_some(()))
        .await;

    produce.payload("{\n\"n\": {{nobody}}}").await;
    let said = page.text_where("filled-problem", |text| !text.is_empty()).await;
    assert!(said.contains("The payload") && said.contains("not there") && said.contains("(line 2)"), "{said}");
    page.click("produce-send").await;
    page.text_where("result-error", |text| text.contains("Not sent.") && text.contains("not there")).await;
    assert_eq!(rpc.browse_all(&[TOPIC]).await.expect("the topic is there").len(), 2);
    browser.close().await;
    host.assert_never_panicked();
}

async fn rows(page: &Page, count: usize) {
    until::some(&format!("{count} templates"), async || {
        (page.elements("template-row").await.len() == count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_template_is_saved_loaded_renamed_and_deleted() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    let produce = browser.produce(&host.url(), "").await;
    let page = produce.page();
    produce.topic(TOPIC).await;
    produce.payload(TEMPLATE).await;
    page.click("produce-template").await;
    page.click("produce-templates").await;
    page.fill("template-name", "numbered").await;
    page.press(Key::Enter).await;
    rows(page, 1).await;
    page.fill("template-name", "numbered").await;
    page.text_where("templates", |text| {
        text.contains("There is a template called numbered already")
            || text.contains("there is a template called numbered already")
    })
    .await;
    assert!(!page.element("template-save").await.is_enabled().await.expect("a button"), "no template is written over");
    browser.save_screenshots("templates").await;
    let findings = axe::findings(&browser, "the templates").await;
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    page.click("template-rename").await;
    page.fill("template-rename-name", "counted").await;
    page.press(Key::Enter).await;
    page.text_where("template-row", |text| text.contains("counted") && !text.contains("numbered")).await;
    page.press(Key::Escape).await;

    let produce = browser.produce(&host.url(), "").await;
    let page = produce.page();
    produce.topic("/default/elsewhere").await;
    produce.payload("what was typed meanwhile").await;
    page.click("produce-templates").await;
    rows(page, 1).await;
    page.click("template-load").await;
    until::some("the form to be filled", async || (page.value("produce-payload").await == TEMPLATE).then_some(()))
        .await;
    assert_eq!(page.value("produce-topic").await, TOPIC);
    filled(page, 1).await;
    page.click("produce-history").await;
    page.text_where("history-row", |text| text.contains("what was typed meanwhile")).await;
    page.press(Key::Escape).await;
    page.click("produce-templates").await;
    page.click("template-remove").await;
    rows(page, 0).await;
    page.text_where("templates", |text| text.contains("Nothing is kept yet")).await;
    browser.close().await;
    host.assert_never_panicked();
}

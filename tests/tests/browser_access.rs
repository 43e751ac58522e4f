//! The console for everybody: axe finds nothing on any page or sheet in either look, and the whole way from a form to
//! the tail is gone by keyboard alone.

use fantoccini::key::Key;
use irongate_tests::{
    Host,
    browser::{Browser, Page, axe},
    guide, until,
};

/// Adds what axe has against what is shown, in both looks.
async fn inspect(browser: &Browser, what: &str, findings: &mut Vec<String>) {
    findings.extend(axe::findings(browser, what).await);
}

#[tokio::test]
async fn axe_finds_nothing_on_any_page_in_either_look() {
    let host = Host::start().await;
    host.rpc().await.register_json(guide::SUBJECT, guide::SCHEMA).await.expect("the schema can be registered");
    let browser = Browser::open().await;
    let mut findings = Vec::new();
    let produce = browser.produce(&host.url(), "").await;
    let page = produce.page();
    inspect(&browser, "the empty Produce page", &mut findings).await;
    produce.topic(guide::TOPIC).await;
    produce.reliable(true).await;
    produce.subject(guide::SUBJECT).await;
    produce.payload(guide::INVALID).await;
    produce.violations(1).await;
    inspect(&browser, "a violation", &mut findings).await;
    produce.payload(guide::VALID).await;
    produce.violations(0).await;
    produce.send_with_keyboard().await;
    produce.result().await;
    inspect(&browser, "a result", &mut findings).await;
    for (opens, id) in [
        ("produce-history", "history-row"),
        ("produce-templates", "file-import"),
        ("produce-copy", "copy-text"),
        ("produce-bulk", "bulk-file"),
        ("schema-new", "schema-definition"),
        ("help-open", "help"),
    ] {
        page.click(opens).await;
        page.text_where(id, |_| true).await;
        inspect(&browser, opens, &mut findings).await;
        page.press(Key::Escape).await;
    }
    let tail = browser.tail(&host.url(), &format!("?topic={}", guide::TOPIC)).await;
    inspect(&browser, "the Tail page", &mut findings).await;
    tail.connect_from("earliest").await;
    tail.offset_of(guide::VALID).await;
    inspect(&browser, "a tail", &mut findings).await;
    for (path, id) in [
        ("/topics", "topic-row"),
        ("/topics?topic=/default/user-events", "topic-partition"),
        ("/schemas", "subject-row"),
        ("/schemas?subject=user-events", "subject-definition"),
        ("/load", "load-start"),
        ("/nowhere", "environment"),
    ] {
        browser.goto(&format!("{}{path}", host.url())).await;
        browser.page().text_where(id, |text| !text.is_empty()).await;
        inspect(&browser, path, &mut findings).await;
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    browser.close().await;
    host.assert_never_panicked();
}

/// The test id of what has the focus, or of what it is in.
async fn focused(page: &Page) -> String {
    let script = "return document.activeElement.closest('[data-testid]')?.dataset.testid || ''";
    page.script(script).await.as_str().unwrap_or_default().to_owned()
}

/// Presses Tab until the focus is there, once around the page at most.
async fn tab_to(page: &Page, id: &str) {
    let stops =
        page.script("return document.querySelectorAll('a,button,input,select,textarea,[tabindex]').length").await;
    for _ in 0..=stops.as_u64().unwrap_or_default() + 2 {
        if focused(page).await == id {
            return;
        }
        page.press(Key::Tab).await;
    }
    panic!("Tab does not lead to {id}");
}

#[tokio::test]
async fn from_the_form_to_the_tail_without_a_mouse() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    let produce = browser.produce(&host.url(), "").await;
    let page = produce.page();
    page.element("produce-payload").await;
    tab_to(page, "produce-topic").await;
    page.keys("/default/keys").await;
    tab_to(page, "produce-payload").await;
    page.keys("{\"by\":\"keyboard\"}").await;
    tab_to(page, "produce-reliable").await;
    page.keys(" ").await;
    produce.send_with_keyboard().await;
    produce.result().await;

    tab_to(page, "produce-history").await;
    page.press(Key::Enter).await;
    page.text_where("history-row", |text| text.contains("offset 0")).await;
    page.press(Key::Escape).await;
    until::some("the sheet to close and the focus to go back", async || {
        (focused(page).await == "produce-history").then_some(())
    })
    .await;

    tab_to(page, "nav-tail").await;
    page.press(Key::Enter).await;
    page.element("tail-connect").await;
    tab_to(page, "tail-topics").await;
    page.keys("/default/keys").await;
    tab_to(page, "tail-start").await;
    page.keys("Ear").await;
    tab_to(page, "tail-connect").await;
    page.press(Key::Enter).await;
    page.text_where("tail-row-payload", |text| text.contains("keyboard")).await;
    page.keys("?").await;
    page.text_where("help", |text| text.contains("Send the message")).await;
    page.press(Key::Escape).await;
    browser.close().await;
    host.assert_never_panicked();
}

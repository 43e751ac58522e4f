//! The code editor in the payload and in the register panel: colours, underlines with their sentences, keys, large
//! texts, and the plain text area that stands in for it.

use std::time::{Duration, Instant};

use fantoccini::key::Key;
use irongate_tests::{
    Host,
    browser::{Browser, Page},
    guide, until,
};

/// A text of 1 MB is in the editor within this time.
const LARGE_MS_MAX: u64 = 100;

async fn count(page: &Page, selector: &str) -> u64 {
    page.script(&format!("return document.querySelectorAll({selector:?}).length")).await.as_u64().unwrap_or_default()
}

async fn code_editor(page: &Page) {
    until::some("the code editor", async || (count(page, ".cm-editor").await == 1).then_some(())).await;
}

#[tokio::test]
async fn a_violation_is_underlined_and_its_sentence_stands_in_the_gutter() {
    let host = Host::start().await;
    host.rpc().await.register_json(guide::SUBJECT, guide::SCHEMA).await.expect("the schema can be registered");
    let browser = Browser::open().await;
    let produce = browser.produce(&host.url(), "").await;
    let page = produce.page();
    code_editor(page).await;
    produce.subject(guide::SUBJECT).await;
    produce.payload("{\n  \"action\": \"é😀\",\n  \"user_id\": 123\n}").await;
    produce.violations(1).await;
    until::some("the underline", async || (count(page, ".cm-lintRange-error").await == 1).then_some(())).await;
    let marked = page.script("return document.querySelector('.cm-lintRange-error').textContent").await;
    assert_eq!(marked, "123", "places count characters outside the basic plane as the browser does");
    assert_eq!(count(page, ".cm-lint-marker-error").await, 1);
    for class in ["j-key", "j-string", "j-number", "j-punctuation"] {
        assert!(count(page, &format!(".cm-content .{class}")).await > 0, "{class}");
    }
    let hover = "const mark = document.querySelector('.cm-lint-marker-error'); const at = mark.getBoundingClientRect();
        const options = {bubbles: true, clientX: at.x + 2, clientY: at.y + 2};
        mark.dispatchEvent(new MouseEvent('mousemove', options)); mark.dispatchEvent(new MouseEvent('mouseover', options));";
    page.script(hover).await;
    let sentence = "return document.querySelector('.cm-tooltip .cm-diagnostic')?.textContent || ''";
    until::some("the sentence at the gutter", async || {
        page.script(sentence).await.as_str().filter(|text| text.contains("string")).map(ToOwned::to_owned)
    })
    .await;
    browser.save_screenshots("editor").await;

    page.click("violation").await;
    let at = "const range = getSelection().getRangeAt(0); return range.startContainer.textContent";
    until::some("the caret at the violation", async || {
        page.script(at).await.as_str().is_some_and(|text| text.contains("123")).then_some(())
    })
    .await;
    assert_eq!(page.focused().await, "produce-payload");

    page.press(Key::Tab).await;
    assert_ne!(page.focused().await, "produce-payload", "Tab leaves the editor");
    produce.payload("[").await;
    page.press(Key::Enter).await;
    page.keys("1").await;
    assert_eq!(page.value("produce-payload").await, "[\n1", "nothing is typed that nobody typed");
    page.chord(Key::Control, 'z').await;
    until::some("the undoing", async || (page.value("produce-payload").await != "[\n1").then_some(())).await;
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn what_is_typed_into_the_stand_in_is_in_the_editor_afterwards() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    browser.refuse(&["*/code_editor-*.js"]).await;
    let produce = browser.produce(&host.url(), "?topic=/default/plain").await;
    let page = produce.page();
    let area = page.element("produce-payload").await;
    assert_eq!(area.tag_name().await.expect("an element has a name"), "textarea");
    produce.reliable(true).await;
    produce.payload(r#"{"n": 1}"#).await;
    produce.send_with_keyboard().await;
    produce.result().await;
    assert_eq!(count(page, ".cm-editor").await, 0);

    browser.refuse(&[]).await;
    let produce = browser.produce(&host.url(), "?topic=/default/plain").await;
    code_editor(produce.page()).await;
    assert_eq!(produce.page().value("produce-payload").await, r#"{"n": 1}"#);
    produce.payload(r#"{"n": 2}"#).await;
    produce.send_with_keyboard().await;
    produce.page().text_where("result-offset", |text| text == "1").await;
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_definition_is_coloured_as_its_language() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    let page = browser.produce(&host.url(), "").await.page().clone();
    page.click("schema-new").await;
    page.choose("schema-type", "protobuf").await;
    until::some("both editors", async || (count(&page, ".cm-editor").await == 2).then_some(())).await;
    page.fill("schema-definition", "syntax = \"proto3\";\nmessage Order {\n  string id = 1\n}").await;
    until::some("a colour", async || (count(&page, "dialog .cm-content .j-literal").await > 0).then_some(())).await;
    until::some("the fault", async || (count(&page, "dialog .cm-lint-marker-error").await == 1).then_some(())).await;
    browser.save_screenshots("editor-register").await;
    browser.close().await;
    host.assert_never_panicked();
}

/// A text put in as a paste does it; answers how long the page stood still, in milliseconds.
async fn paste(page: &Page, size_bytes: usize, line: &str) -> f64 {
    page.click("produce-payload").await;
    page.chord(Key::Control, 'a').await;
    let script = format!(
        "const line = {line:?}; const text = line.repeat(Math.ceil({size_bytes} / line.length));
        const data = new DataTransfer(); data.setData('text/plain', text);
        const started = performance.now();
        document.activeElement.dispatchEvent(new ClipboardEvent('paste', {{clipboardData: data, bubbles: true, cancelable: true}}));
        return new Promise(done => requestAnimationFrame(() => setTimeout(() => done(performance.now() - started))))"
    );
    page.script(&script).await.as_f64().expect("a time is a number")
}

#[tokio::test]
async fn large_texts_open_at_once() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    let produce = browser.produce(&host.url(), "").await;
    let page = produce.page();
    code_editor(page).await;
    for (size_bytes, line, ms_max) in [
        (1_000_000, "{\"name\": \"some text\", \"number\": 12345},\n", LARGE_MS_MAX),
        (1_000_000, "{\"name\": \"some text\", \"number\": 12345},", LARGE_MS_MAX),
        (20_000_000, "{\"name\": \"some text\", \"number\": 12345},\n", 3000),
        (20_000_000, "{\"name\": \"some text\", \"number\": 12345},", 3000),
    ] {
        let took_ms = paste(page, size_bytes, line).await;
        println!(
            "{size_bytes} bytes, lines of {}: {took_ms:.0} ms",
            if line.ends_with('\n') { "40 bytes" } else { "all" }
        );
        let started = Instant::now();
        page.press(Key::End).await;
        page.keys("x").await;
        page.value("produce-topic").await;
        let typed = started.elapsed();
        println!("a key after it: {typed:?}");
        // A debug build on a busy machine takes longer than what people have; the figures are printed.
        assert!(took_ms < 10.0 * ms_max as f64 && typed < Duration::from_secs(10), "{took_ms} ms, {typed:?}");
    }
    browser.close().await;
    host.assert_never_panicked();
}

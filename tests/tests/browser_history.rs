//! What the Produce page remembers: the draft through a reload, the history with sending again and editing, links
//! that fill the form and never send, and the message as a command that does the same.

use fantoccini::key::Key;
use irongate_tests::{
    Host,
    browser::{Browser, Page},
    cli, guide, surroundings, until,
};
use tokio::process::Command;

async fn rows(page: &Page, count: usize) {
    until::some(&format!("{count} rows of history"), async || {
        (page.elements("history-row").await.len() == count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_message_is_kept_sent_again_and_edited() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    let produce = browser.produce(&host.url(), "").await;
    let page = produce.page();
    produce.topic("/default/kept").await;
    produce.reliable(true).await;
    produce.payload(r#"{"n":1}"#).await;
    produce.send_with_keyboard().await;
    produce.result().await;
    page.click("produce-private").await;
    produce.payload("a secret").await;
    produce.send_with_keyboard().await;
    page.text_where("result-offset", |text| text.contains('1')).await;

    page.click("produce-history").await;
    rows(page, 1).await;
    let row = page.text_where("history-row", |text| text.contains("offset 0")).await;
    assert!(row.contains("/default/kept") && row.contains(r#"{"n":1}"#), "{row}");
    browser.save_screenshots("history").await;
    page.click("history-resend").await;
    page.text_where("result-offset", |text| text.contains('2')).await;

    let produce = browser.produce(&host.url(), "").await;
    let page = produce.page();
    assert_eq!(page.value("produce-payload").await, r#"{"n":1}"#, "a reload keeps the draft");
    produce.payload("another draft").await;
    page.click("produce-history").await;
    rows(page, 2).await;
    page.click("history-edit").await;
    until::some("the form to be filled", async || (page.value("produce-payload").await == r#"{"n":1}"#).then_some(()))
        .await;

    page.click("produce-history").await;
    page.click("history-clear").await;
    page.text_where("history", |text| text.contains("is kept here")).await;
    let stored = host.rpc().await.browse_all(&["/default/kept"]).await.expect("the topic can be read");
    let payloads: Vec<_> = stored.iter().filter_map(|stored| stored.message.as_ref()).collect();
    assert_eq!(payloads.len(), 3, "editing sends nothing");
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_link_fills_the_form_and_a_command_sends_what_it_holds() {
    let host = Host::start().await;
    host.rpc().await.register_json(guide::SUBJECT, guide::SCHEMA).await.expect("the schema can be registered");
    let browser = Browser::open().await;
    let produce = browser.produce(&host.url(), "").await;
    let page = produce.page();
    produce.topic(guide::TOPIC).await;
    produce.reliable(true).await;
    produce.subject(guide::SUBJECT).await;
    produce.payload(guide::VALID).await;
    page.text_where("verdict-schema", |text| text.contains("Valid")).await;
    page.click("produce-copy").await;
    let command = page.text_where("copy-text", |text| text.starts_with("irongate produce")).await;
    let link = page.value("copy-link").await;
    browser.save_screenshots("copy").await;
    for (index, begins) in [
        (1, "danube-cli produce"),
        (2, "use danube_client"),
        (3, "package main"),
        (4, "import com.danubemessaging.client"),
        (5, "import asyncio"),
    ] {
        page.click(&format!("copy-as-{index}")).await;
        page.text_where("copy-text", |text| text.contains(begins)).await;
    }
    page.click("copy-close").await;
    produce.topic("/default/elsewhere").await;
    produce.payload("typed before the link was opened").await;

    browser.goto(&link).await;
    until::some("the link to fill the form", async || {
        (page.value("produce-payload").await == guide::VALID).then_some(())
    })
    .await;
    assert_eq!(page.value("produce-topic").await, guide::TOPIC);
    page.text_where("verdict-schema", |text| text.contains("Valid")).await;
    page.click("produce-history").await;
    page.text_where("history-row", |text| text.contains("a draft, not sent")).await;
    let mut rpc = host.rpc().await;
    assert!(rpc.browse_all(&[guide::TOPIC]).await.is_err(), "the link has created no topic: it never sends");

    let binary = surroundings::irongate();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &command]).env("PATH", binary.parent().expect("a file is in a folder"));
    let ended = cli::run(host.folder(), shell).await;
    assert_eq!(ended.code, 0, "{command}\n{ended:?}");
    let stored = rpc.browse_all(&[guide::TOPIC]).await.expect("the topic is there now");
    assert_eq!(stored.len(), 1);
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_template_is_copied_as_one() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    let produce = browser.produce(&host.url(), "").await;
    let page = produce.page();
    produce.topic("/default/numbered").await;
    produce.reliable(true).await;
    produce.payload("{\"n\": {{seq}}, \"of\": {{random_int(1, 1000000)}}}").await;
    page.click("produce-template").await;
    page.fill("filled-seed", "7").await;
    page.press(Key::Tab).await;
    let filled = async || page.text("filled-payload").await.filter(|text| text.contains("\"n\": 1"));
    until::some("the template to be filled in", filled).await;
    page.click("produce-copy").await;
    let command = page.text_where("copy-text", |text| text.contains("--seed 7") && text.contains("{{seq}}")).await;
    let link = page.value("copy-link").await;
    page.click("copy-as-1").await;
    page.text_where("copy-text", |text| text.contains("danube-cli") && text.contains("\"n\": 1")).await;
    page.click("copy-close").await;
    // What is filled in for each message cannot be a file's row.
    page.click("produce-bulk").await;
    page.text_where("bulk", |text| text.contains("untick that first")).await;
    assert!(page.elements("bulk-file").await.is_empty(), "no file is taken");
    page.press(Key::Escape).await;
    produce.send_with_keyboard().await;
    produce.result().await;
    produce.payload("something else").await;

    browser.goto(&link).await;
    until::some("the link to fill the form", async || {
        page.value("produce-payload").await.contains("{{seq}}").then_some(())
    })
    .await;
    assert!(page.element("produce-template").await.is_selected().await.expect("a checkbox"));
    assert_eq!(page.value("filled-seed").await, "7");

    let binary = surroundings::irongate();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &command]).env("PATH", binary.parent().expect("a file is in a folder"));
    let ended = cli::run(host.folder(), shell).await;
    assert_eq!(ended.code, 0, "{command}\n{ended:?}");
    let stored = host.rpc().await.browse_all(&["/default/numbered"]).await.expect("the topic is there");
    let payloads: Vec<_> = stored.into_iter().filter_map(|stored| Some(stored.message?.payload)).collect();
    assert_eq!(payloads.len(), 2);
    assert_eq!(payloads[0], payloads[1], "the command fills in what the page has filled in");
    browser.close().await;
    host.assert_never_panicked();
}

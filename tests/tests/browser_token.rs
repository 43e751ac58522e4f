//! A host that asks for tokens, and one before a cluster: the console asks for the token and sends it, keeps it nowhere it can be
//! seen, and greys what the cluster cannot do with the reason.

use std::fs;

use irongate_tests::{Host, browser::Browser, cli::irongate, until};

async fn minted(folder: &std::path::Path, scopes: &str) -> String {
    let arguments =
        ["token", "mint", "--secret-file", "secret", "--name", "console", "--scope", scopes, "--expires-in", "1h"];
    let minted = irongate(folder, &arguments).await;
    assert_eq!(minted.code, 0, "{minted:?}");
    minted.stdout.trim().to_owned()
}

#[tokio::test]
async fn the_console_asks_for_the_token_and_sends_it() {
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    assert_eq!(irongate(folder.path(), &["token", "secret", "secret"]).await.code, 0);
    let secret = folder.path().join("secret").display().to_string();
    let host = Host::start_with(&["--token-secret-file", &secret]).await;
    let token = minted(folder.path(), "produce,consume,schemas,admin").await;
    let browser = Browser::open().await;
    let produce = browser.produce(&host.url(), "").await;
    let page = produce.page();
    page.text_where("token-why", |text| !text.is_empty()).await;
    browser.save_screenshots("token").await;
    page.fill("token-field", "not.a.token").await;
    page.click("token-use").await;
    page.text_where("token-why", |text| !text.is_empty()).await;
    page.fill("token-field", &token).await;
    page.click("token-use").await;
    page.text_where("environment", |text| text == "local").await;
    until::some("the question to be gone", async || page.elements("token-field").await.is_empty().then_some(())).await;
    produce.topic("/default/guarded").await;
    produce.reliable(true).await;
    produce.payload("{\"a\":1}").await;
    produce.send_with_keyboard().await;
    produce.result().await;
    assert!(!page.url().await.contains(&token));
    let kept = page.script("return JSON.stringify({...localStorage})").await;
    assert!(!kept.as_str().unwrap_or_default().contains(&token), "what outlives the tab holds no token");

    browser.goto(&format!("{}/topics", host.url())).await;
    let page = browser.page();
    page.text_where("topic-name", |text| text == "/default/guarded").await;
    page.click("token-open").await;
    page.click("token-forget").await;
    page.text_where("token-why", |text| !text.is_empty()).await;
    browser.close().await;
    host.assert_never_panicked();
    assert!(!host.log().contains(&token));
    drop(fs::remove_file(folder.path().join("secret")));
}

#[tokio::test]
async fn what_a_cluster_lacks_is_greyed_with_the_reason() {
    let cluster = Host::start().await;
    let host = Host::start_with(&["--upstream", &cluster.url()]).await;
    let browser = Browser::open().await;
    browser.goto(&format!("{}/topics", host.url())).await;
    let page = browser.page();
    page.text_where("topics-lacking", |text| text.contains("administ")).await;
    assert!(!page.element("topic-new").await.is_enabled().await.expect("a button"));
    browser.save_screenshots("lacking-topics").await;
    browser.goto(&format!("{}/tail", host.url())).await;
    let page = browser.page();
    page.text_where("tail-lacking", |text| text.contains("administ")).await;
    assert!(!page.element("tail-connect").await.is_enabled().await.expect("a button"));
    assert!(!page.element("tail-start").await.is_enabled().await.expect("a select"));
    browser.save_screenshots("lacking-tail").await;
    browser.goto(&format!("{}/load", host.url())).await;
    let page = browser.page();
    page.text_where("reading-lacking", |text| text.contains("administ")).await;
    assert!(!page.element("load-end-to-end").await.is_enabled().await.expect("a box"));
    browser.save_screenshots("lacking-load").await;

    let with_admin = Host::start_with(&["--upstream", &cluster.url(), "--upstream-admin", &cluster.url()]).await;
    browser.goto(&format!("{}/topics", with_admin.url())).await;
    let page = browser.page();
    page.text_where("environment", |text| text == "local").await;
    assert!(page.element("topic-new").await.is_enabled().await.expect("a button"), "what it can do is not greyed");

    let produce = browser.produce(&with_admin.url(), "").await;
    produce.topic("/default/greyed").await;
    produce.reliable(true).await;
    produce.payload("{\"a\":1}").await;
    produce.send_with_keyboard().await;
    let (topic, _, offset) = produce.result().await;
    assert_eq!((&*topic, &*offset), ("/default/greyed", "–"), "an offset is not made up");
    produce.page().text_where("offsets-lacking", |text| text.contains("offset")).await;
    browser.save_screenshots("lacking-offsets").await;
    browser.goto(&format!("{}/topics?topic=/default/greyed", with_admin.url())).await;
    let page = browser.page();
    page.text_where("detail-lacking", |text| !text.is_empty()).await;
    page.text_where("topic-partition", |text| text.contains('–')).await;
    browser.save_screenshots("lacking-detail").await;
    browser.close().await;
    host.assert_never_panicked();
}

//! The page of transforms: topics with theirs, every plugin of the host with where it runs, what it may do and take; taken away by typing
//! the topic's name; what cannot run says why; a host before a cluster says that it has none.

use std::fs;

use irongate_tests::{
    Host,
    browser::{Browser, axe},
    cli,
    components::{self, stage, transformed},
    until,
};

const TOPIC: &str = "/shop/orders";

/// A pipeline with one stage, which masks and keeps state.
fn pipeline(component: &str) -> String {
    format!(
        "[pipeline]\nname = \"orders-clean\"\nfrom = \"{TOPIC}\"\n[[pipeline.stages]]\nid = \"clean\"\nuses = \"{component}\"\n\
         with = {{ fields = [\"name\"] }}\nallow = {{ state = true }}\nlimits = {{ memory = \"16MiB\", timeout = \"60s\" }}\n\
         [[pipeline.to]]\ntopic = \"/shop/clean\"\n[pipeline.dead_letter]\ntopic = \"/shop/dead\"\n"
    )
}

#[tokio::test]
async fn every_plugin_is_listed_with_where_it_runs_and_what_it_may() {
    let mut host = Host::start().await;
    let browser = Browser::open().await;
    browser.goto(&format!("{}/transforms", host.url())).await;
    let page = browser.page();
    page.text_where("empty", |text| text.contains("No topic has transforms yet")).await;
    page.text_where("step-set-text", |text| text == "irongate topics transform set /default/orders orders.toml").await;
    browser.save_screenshots("transforms-empty").await;
    let mut findings = axe::findings(&browser, "no transforms").await;

    let (mask, split) = (components::example("mask-fields").await, components::example("split-lines").await);
    let chain = stage("split", &split, "") + &stage("mask", &mask, "with = { fields = [\"email\"] }");
    transformed(&host, TOPIC, &chain).await;
    transformed(&host, "/shop/lines", &stage("lines", &split, "")).await;
    let file = host.folder().join("pipeline.toml");
    fs::write(&file, pipeline(&mask.display().to_string())).expect("a file can be written");
    cli::succeeds(&host, &["pipeline", "deploy", &file.display().to_string()]).await;

    page.click("transforms-refresh").await;
    let plugins = until::some("two plugins", async || {
        let mut texts = Vec::new();
        for plugin in page.elements("plugin").await {
            texts.push(plugin.text().await.ok()?);
        }
        (texts.len() == 2).then_some(texts)
    })
    .await;
    // By name: mask-fields runs in the topic and in the pipeline, split-lines in both topics.
    assert!(plugins[0].starts_with("mask-fields ") && plugins[0].contains("pipeline orders-clean"), "{plugins:?}");
    assert!(
        plugins[0].contains("state") && plugins[0].contains("16.8 MB") && plugins[0].contains("Keys of state"),
        "{plugins:?}"
    );
    assert!(plugins[0].contains(&format!("topic {TOPIC}")) && plugins[0].contains("60 s"), "{plugins:?}");
    assert!(plugins[1].starts_with("split-lines ") && plugins[1].contains("topic /shop/lines"), "{plugins:?}");
    assert_eq!(page.elements("plugin-use").await.len(), 4);
    assert_eq!(page.elements("chain").await.len(), 2);
    page.text_where("plugin-digest", |text| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .await;
    browser.save_screenshots("transforms").await;
    findings.extend(axe::findings(&browser, "the transforms").await);
    browser.resize(390, 844).await;
    assert!(page.overflow_width().await <= 0);
    browser.resize(1280, 900).await;
    assert!(findings.is_empty(), "{findings:#?}");

    page.click("chain-file-open").await;
    page.text_where("chain-file", |text| text.contains("id = \"lines\"")).await;

    // Taken away once the name is typed; the first is /shop/lines.
    page.text_where("chain-topic", |text| text == "/shop/lines").await;
    page.click("chain-clear").await;
    page.fill("confirm-name", "/shop/lines").await;
    page.click("confirm-go").await;
    page.text_where("chain-topic", |text| text == TOPIC).await;
    let shown = cli::succeeds(&host, &["topics", "transform", "show", "/shop/lines"]).await;
    assert!(shown.stdout.contains("has no transforms"), "{shown:?}");

    // Without its components the topic takes nothing, and the page says what to do.
    host.kill().await;
    for entry in fs::read_dir(host.data().join("plugins")).expect("the folder of components") {
        fs::write(entry.expect("an entry").path(), "not what it was").expect("a file can be written");
    }
    host.restart().await;
    browser.goto(&format!("{}/transforms", host.url())).await;
    let page = browser.page();
    page.text_where("chain-failure", |text| text.contains("takes no message") && text.contains("not WebAssembly"))
        .await;
    page.text_where("chain-again-text", |text| text.contains(&format!("transform set {TOPIC}"))).await;
    browser.save_screenshots("transforms-failed").await;
    let findings = axe::findings(&browser, "transforms that cannot run").await;
    assert!(findings.is_empty(), "{findings:#?}");
    page.click("chain-produce").await;
    page.text_where("verdict-broker", |text| text.contains("Transform it first")).await;
    assert_eq!(page.value("produce-topic").await, TOPIC);
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_host_before_a_cluster_says_that_it_has_none_and_a_reader_takes_none_away() {
    let host = Host::start_with(&["--read-only-console"]).await;
    let split = components::example("split-lines").await;
    transformed(&host, TOPIC, &stage("lines", &split, "")).await;
    let browser = Browser::open().await;
    browser.goto(&format!("{}/transforms", host.url())).await;
    let page = browser.page();
    page.text_where("transforms-barred", |text| text.contains("read-only")).await;
    let is_enabled = page.element("chain-clear").await.is_enabled().await.expect("a button");
    assert!(!is_enabled, "a read-only console takes nothing away");

    let before = Host::start_with(&["--upstream", &host.url()]).await;
    browser.goto(&format!("{}/transforms", before.url())).await;
    let page = browser.page();
    page.text_where("transforms-lacking", |text| text.contains("keeps no messages itself")).await;
    browser.save_screenshots("transforms-lacking").await;
    browser.close().await;
    host.assert_never_panicked();
    before.assert_never_panicked();
}

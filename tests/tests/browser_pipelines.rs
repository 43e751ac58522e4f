//! The Pipelines page on pipelines that the real command deployed, with a real component: how they stand while they are watched, what each
//! edge carried, and what a host says that runs none.

use std::path::Path;

use fantoccini::key::Key;
use irongate_proto::{
    danube::DispatchStrategy,
    irongate_v1::{OutgoingMessage, PublishRequest},
};
use irongate_tests::{
    Host,
    browser::{Browser, Page, axe},
    cli, components, until,
};

const NAME: &str = "orders-clean";
const ORDERS: &str = "/default/orders";
const CLEAN: &str = "/default/orders-clean";
const LARGE: &str = "/default/orders-large";
const DEAD: &str = "/default/orders-dlq";

/// A pipeline that masks addresses; it has a second target for large orders.
fn pipeline(component: &Path, field: &str) -> String {
    // Roomy, because components start on a busy machine here.
    format!(
        r#"
[pipeline]
name = "{NAME}"
from = "{ORDERS}"
[[pipeline.stages]]
id = "mask"
uses = "{}"
with = {{ fields = ["{field}"] }}
limits = {{ timeout = "60s", memory = "32MiB" }}
[[pipeline.stages]]
id = "names"
uses = "{}"
with = {{ fields = ["name"] }}
limits = {{ timeout = "60s" }}
[[pipeline.to]]
topic = "{CLEAN}"
[[pipeline.to]]
topic = "{LARGE}"
when = {{ json = "/amount", above = 100 }}
[pipeline.dead_letter]
topic = "{DEAD}"
"#,
        component.display(),
        component.display()
    )
}

async fn deploy(host: &Host, field: &str) {
    let file = host.folder().join("orders.toml");
    std::fs::write(&file, pipeline(&components::example("mask-fields").await, field)).expect("a file can be written");
    cli::succeeds(host, &["pipeline", "deploy", &file.display().to_string()]).await;
}

async fn publish(host: &Host, payloads: &[&str]) {
    let message =
        |payload: &&str| OutgoingMessage { payload: (*payload).to_owned().into(), ..OutgoingMessage::default() };
    let request = PublishRequest {
        topic: ORDERS.to_owned(),
        producer_name: "test".to_owned(),
        dispatch_strategy: Some(DispatchStrategy::Reliable as i32),
        messages: payloads.iter().map(message).collect(),
        ..PublishRequest::default()
    };
    host.rpc().await.publish.publish(request).await.expect("it can be published");
}

/// A figure of the text that a page shows: the line behind its name.
fn figure(text: &str, name: &str) -> Option<String> {
    text.lines().skip_while(|line| *line != name).nth(1).map(str::to_owned)
}

fn says(text: &str, figures: &[(&str, &str)]) -> bool {
    figures.iter().all(|(name, value)| figure(text, name).as_deref() == Some(value))
}

#[tokio::test]
async fn pipelines_are_watched_as_they_run() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    browser.goto(&format!("{}/pipelines", host.url())).await;
    let page = browser.page();
    let empty = page.text_where("pipelines-empty", |_| true).await;
    assert!(empty.contains("irongate plugin new") && empty.contains("irongate pipeline deploy"), "{empty}");
    browser.save_screenshots("pipelines-empty").await;
    let mut findings = axe::findings(&browser, "no pipelines").await;

    // Its source is not there. It would go on by itself once it is, within half a minute; a person need not wait.
    deploy(&host, "email").await;
    let failed = page.text_where("pipeline-row", |text| text.contains("Failed")).await;
    assert!(failed.contains(NAME) && failed.contains("does not exist"), "{failed}");
    page.text_where("pipeline-note", |text| text.contains("it is tried again")).await;
    browser.save_screenshots("pipelines-failed").await;
    findings.extend(axe::findings(&browser, "a pipeline that failed").await);
    publish(&host, &["before"]).await;
    cli::succeeds(&host, &["pipeline", "pause", NAME]).await;
    cli::succeeds(&host, &["pipeline", "resume", NAME]).await;
    page.text_where("pipeline-state", |text| text == "Running").await;
    page.text_where("pipeline-row", |text| figure(text, "Backlog").as_deref() == Some("0")).await;

    publish(&host, &["{\"email\":\"a@b.c\",\"amount\":1}", "{\"email\":\"d@e.f\",\"amount\":500}", "no JSON"]).await;
    let figures = [("Records in", "3"), ("Messages out", "3"), ("Dead letters", "1"), ("Backlog", "0")];
    let row = page.text_where("pipeline-row", |text| says(text, &figures)).await;
    assert!(row.contains(&format!("{ORDERS} → {CLEAN}, {LARGE}")) && row.contains("version 1"), "{row}");
    browser.save_screenshots("pipelines").await;
    findings.extend(axe::findings(&browser, "the list of pipelines").await);
    for width in [390, 1280] {
        browser.resize(width, 844).await;
        assert!(page.overflow_width().await <= 0, "at {width}");
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_pipeline_is_drawn_with_its_limits_and_what_each_edge_carried() {
    let host = Host::start().await;
    publish(&host, &["before"]).await;
    deploy(&host, "email").await;
    let browser = Browser::open().await;
    browser.goto(&format!("{}/pipelines?pipeline={NAME}", host.url())).await;
    let page = browser.page();
    page.text_where("pipeline-state", |text| text == "Running").await;
    page.text_where("flow-source", |text| text.contains("backlog 0")).await;
    publish(&host, &["{\"email\":\"a@b.c\",\"amount\":1}", "{\"email\":\"d@e.f\",\"amount\":500}", "no JSON"]).await;
    let settled = [("Settled", "3"), ("Messages out", "3"), ("Filtered", "0")];
    page.text_where("pipeline-detail", |text| says(text, &settled)).await;

    let flow = page.text_where("pipeline-flow", |text| text.contains("1 dead letter")).await;
    for part in [
        "3 records in",
        "2 records in",
        "2 messages out",
        "1 message out",
        "json /amount > 100",
        "mask-fields",
        "32 MiB",
        "60 s",
    ] {
        assert!(flow.contains(part), "{part} in {flow}");
    }
    assert!(flow.contains("Capabilities\nnone") && flow.contains("to the dead letters"), "{flow}");
    let digest = flow.lines().skip_while(|line| *line != "sha256").nth(1).expect("a digest");
    assert!(digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{digest}");
    let way = page.script("return document.querySelector('.flow figcaption').textContent").await;
    let way = way.as_str().expect("a sentence");
    assert!(
        way.contains(&format!("Records of {ORDERS} go through mask, then names to {CLEAN} and {LARGE}; what")),
        "{way}"
    );
    browser.save_screenshots("pipeline").await;
    let findings = axe::findings(&browser, "a pipeline").await;
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    for width in [390, 1280] {
        browser.resize(width, 844).await;
        assert!(page.overflow_width().await <= 0, "at {width}");
    }

    page.script("document.querySelector('.pipe-file summary').click()").await;
    let file = page.text_where("pipeline-file", |text| !text.is_empty()).await;
    assert!(file.contains("[[pipeline.to]]") && file.contains("above = 100"), "{file}");
    // A topic of the picture leads to what comes out of it, and the way back to the same picture.
    page.script("document.querySelector('[data-testid=flow-target] a').click()").await;
    page.element("tail-connect").await;
    let url = page.url().await;
    assert!(url.contains(&format!("/tail?topic={}", CLEAN.replace('/', "%2F"))), "{url}");
    page.script("history.back()").await;
    page.element("pipeline-flow").await;
    page.click("pipelines-all").await;
    page.click("pipeline-name").await;
    page.element("pipeline-flow").await;
    assert!(page.url().await.ends_with(&format!("/pipelines?pipeline={NAME}")), "{}", page.url().await);
    browser.goto(&format!("{}/pipelines?pipeline=none", host.url())).await;
    page.text_where("pipeline-missing", |text| text.contains("There is no pipeline none")).await;
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_pipeline_is_paused_resumed_rolled_back_and_deleted() {
    let host = Host::start().await;
    publish(&host, &["before"]).await;
    deploy(&host, "email").await;
    let browser = Browser::open().await;
    browser.goto(&format!("{}/pipelines?pipeline={NAME}", host.url())).await;
    let page = browser.page();
    page.text_where("pipeline-state", |text| text == "Running").await;
    page.text_where("flow-source", |text| text.contains("backlog 0")).await;
    assert!(!is_enabled(&page, "pipeline-roll-back").await, "there is no version before the first");

    tab_to(&page, "pipeline-pause").await;
    page.press(Key::Enter).await;
    page.text_where("pipelines-told", |text| text == "orders-clean is paused: what was in flight is settled.").await;
    page.text_where("pipeline-state", |text| text == "Paused").await;
    publish(&host, &["{\"email\":\"a@b.c\"}"]).await;
    page.text_where("flow-source", |text| text.contains("backlog 1")).await;
    page.click("pipeline-resume").await;
    page.text_where("pipelines-told", |text| text.contains("goes on where it stood")).await;
    page.text_where("pipeline-detail", |text| says(text, &[("Settled", "1"), ("Backlog", "0")])).await;
    // What was watched is drawn, with its numbers beside it.
    for (chart, lines) in [("pipeline-throughput", 3), ("pipeline-backlog", 1)] {
        page.element(chart).await;
        let drawn = format!(
            "return [...document.querySelectorAll('[data-testid={chart}] polyline')].map(one => one.getAttribute('points').split(' ').length)"
        );
        let drawn = page.script(&drawn).await;
        let drawn = drawn.as_array().expect("a list");
        assert!(drawn.len() == lines && drawn.iter().all(|points| points.as_u64() >= Some(2)), "{chart}: {drawn:?}");
    }
    browser.save_screenshots("pipeline-watched").await;

    deploy(&host, "name").await;
    page.text_where("pipeline-detail", |text| text.contains("version 2 since")).await;
    page.click("pipeline-roll-back").await;
    page.text_where("pipelines-told", |text| text.contains("deployed again, as version 3")).await;
    page.text_where("pipeline-detail", |text| text.contains("version 3 since")).await;
    page.script("document.querySelector('.pipe-file').open = true").await;
    page.text_where("pipeline-file", |text| text.contains("[\"email\"]")).await;

    page.click("pipeline-delete").await;
    page.fill("confirm-name", "orders").await;
    assert!(!is_enabled(&page, "confirm-go").await, "only the whole name confirms");
    page.fill("confirm-name", NAME).await;
    page.click("confirm-go").await;
    page.element("pipelines-empty").await;
    page.text_where("pipelines-told", |text| text.starts_with("orders-clean is deleted")).await;
    assert!(page.url().await.ends_with("/pipelines"));
    assert_eq!(cli::succeeds(&host, &["--json", "pipeline", "list"]).await.stdout, "");
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn production_asks_for_the_name_and_a_read_only_console_changes_nothing() {
    let production = Host::start_with(&["--environment", "production-eu"]).await;
    publish(&production, &["before"]).await;
    deploy(&production, "email").await;
    let browser = Browser::open().await;
    let page = browser.page();
    browser.goto(&format!("{}/pipelines?pipeline={NAME}", production.url())).await;
    page.text_where("pipeline-state", |text| text == "Running").await;
    page.text_where("environment", |text| text == "production-eu").await;
    page.click("pipeline-pause").await;
    page.fill("confirm-name", NAME).await;
    browser.save_screenshots("pipeline-confirm").await;
    page.click("confirm-go").await;
    page.text_where("pipeline-state", |text| text == "Paused").await;
    until::some("the question to close", async || page.elements("confirm-go").await.is_empty().then_some(())).await;

    let looked_at = Host::start_with(&["--read-only-console"]).await;
    publish(&looked_at, &["before"]).await;
    deploy(&looked_at, "email").await;
    browser.goto(&format!("{}/pipelines?pipeline={NAME}", looked_at.url())).await;
    page.text_where("pipeline-barred", |text| text.contains("This console is read-only")).await;
    for id in ["pipeline-pause", "pipeline-roll-back", "pipeline-delete"] {
        assert!(!is_enabled(&page, id).await, "{id}");
    }
    let findings = axe::findings(&browser, "a pipeline in a read-only console").await;
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    browser.close().await;
    production.assert_never_panicked();
}

/// Presses Tab until the focus is there.
async fn tab_to(page: &Page, id: &str) {
    for _ in 0..60 {
        if page.focused().await == id {
            return;
        }
        page.press(Key::Tab).await;
    }
    panic!("Tab does not lead to {id}");
}

/// Whether a button can be pressed. The page draws anew while it is watched.
async fn is_enabled(page: &Page, id: &str) -> bool {
    until::some(id, async || page.element(id).await.is_enabled().await.ok()).await
}

#[tokio::test]
async fn a_token_that_may_not_look_is_told_so_once() {
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    assert_eq!(cli::irongate(folder.path(), &["token", "secret", "secret"]).await.code, 0);
    let secret = folder.path().join("secret").display().to_string();
    let mint = ["token", "mint", "--secret-file", &secret, "--name", "t", "--scope", "consume", "--expires-in", "1h"];
    let token = cli::irongate(folder.path(), &mint).await.stdout;
    let host = Host::start_with(&["--token-secret-file", &secret]).await;
    let browser = Browser::open().await;
    browser.goto(&format!("{}/pipelines", host.url())).await;
    let page = browser.page();
    page.fill("token-field", token.trim()).await;
    page.click("token-use").await;
    let failure = page.text_where("failure", |text| text.contains("PERMISSION_DENIED")).await;
    assert!(failure.contains("admin"), "{failure}");
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_host_before_a_cluster_says_why_it_runs_none() {
    let cluster = Host::start().await;
    let host = Host::start_with(&["--upstream", &cluster.url()]).await;
    let browser = Browser::open().await;
    browser.goto(&format!("{}/pipelines", host.url())).await;
    let page = browser.page();
    page.text_where("pipelines-lacking", |text| text.contains("This host keeps no messages itself")).await;
    browser.save_screenshots("pipelines-lacking").await;
    browser.close().await;
    host.assert_never_panicked();
}

//! The dry run of the message in the editor, on topics whose transforms are real components: what would enter, what is refused or
//! dropped and why, what the stages took and said; nothing is kept until Send.

use irongate_proto::danube_schema::ConfigureTopicSchemaRequest;
use irongate_tests::{
    Host,
    browser::{Browser, Page, axe},
    cli,
    components::{self, stage, transformed},
    until,
};

const TOPIC: &str = "/shop/orders";

/// Runs the message in the editor dry, and answers the whole sheet once the verdict is this one.
async fn dry_run(page: &Page, verdict: &str) -> String {
    page.click("produce-dry-run").await;
    page.text_where("dry-run-verdict", |text| text.contains(verdict)).await;
    page.text_where("dry-run", |_| true).await
}

#[tokio::test]
async fn the_message_in_the_editor_is_run_through_the_topics_transforms() {
    let host = Host::start().await;
    let mask = stage("mask", &components::example("mask-fields").await, "with = { fields = [\"email\"] }");
    transformed(&host, TOPIC, &mask).await;
    cli::succeeds(&host, &["topics", "create", "/shop/plain", "--reliable"]).await;
    let schema = r#"{"type":"object","properties":{"email":{"const":"***"},"n":{"type":"integer"}},"required":["n"]}"#;
    let mut rpc = host.rpc().await;
    rpc.register_json("masked", schema).await.expect("the schema can be registered");
    let binding = ConfigureTopicSchemaRequest {
        topic_name: TOPIC.to_owned(),
        schema_subject: "masked".to_owned(),
        validation_policy: "enforce".to_owned(),
        enable_payload_validation: true,
    };
    assert!(rpc.registry.configure_topic_schema(binding).await.expect("the host answers").into_inner().success);

    let browser = Browser::open().await;
    let produce = browser.produce(&host.url(), "?topic=/shop/plain").await;
    let page = produce.page();
    page.text_where("verdict-broker", |text| text.contains("Accept")).await;
    assert!(page.elements("produce-dry-run").await.is_empty(), "a topic without transforms has nothing to try");

    let produce = browser.produce(&host.url(), &format!("?topic={TOPIC}")).await;
    let page = produce.page();
    page.text_where("verdict-broker", |text| text.contains("Transform it first")).await;
    page.fill("produce-key", "k1").await;
    // As typed it breaks the schema; what the transforms make of it does not.
    produce.payload(r#"{"email":"a@b.c","n":1}"#).await;
    produce.violations(1).await;
    let shown = dry_run(page, "1 message would enter the topic").await;
    assert!(
        shown.contains("- ") && shown.contains(r#""email": "a@b.c""#) && shown.contains(r#""email": "***""#),
        "{shown}"
    );
    assert!(shown.contains("Key and attributes: as it was sent."), "{shown}");
    let stages = page.text_where("dry-run-stage", |text| text.contains("mask")).await;
    assert!(stages.contains("of memory"), "{stages}");
    browser.save_screenshots("dry-run").await;
    browser.resize(390, 844).await;
    assert!(page.overflow_width().await <= 0);
    browser.resize(1280, 900).await;
    let findings = axe::findings(&browser, "the dry run").await;
    assert!(findings.is_empty(), "{findings:#?}");
    page.click("dry-run-close").await;

    // The topic's verdict on what was made, with its violations.
    produce.payload(r#"{"email":"a@b.c"}"#).await;
    produce.violations(2).await;
    let shown = dry_run(page, "Nothing would enter").await;
    assert!(shown.contains("required") && shown.contains("The topic refuses it"), "{shown}");
    browser.save_screenshots("dry-run-refused").await;
    page.click("dry-run-close").await;

    produce.payload("no json").await;
    let shown = dry_run(page, "Refused by the transforms").await;
    assert!(shown.contains("the payload is not JSON"), "{shown}");
    page.click("dry-run-close").await;
    assert_eq!(rpc.browse_all(&[TOPIC]).await.expect("the topic can be read").len(), 0, "nothing is kept");

    // The message itself is sent, by the normal way.
    produce.payload(r#"{"email":"a@b.c","n":2}"#).await;
    produce.violations(1).await;
    page.click("produce-dry-run").await;
    page.text_where("dry-run-verdict", |text| text.contains("1 message would enter")).await;
    page.click("dry-run-send").await;
    produce.result().await;
    let stored = rpc.browse_all(&[TOPIC]).await.expect("the topic can be read");
    let payload = stored[0].message.as_ref().map(|message| message.payload.clone()).unwrap_or_default();
    assert_eq!(&payload[..], br#"{"email":"***","n":2}"#);
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn one_message_becomes_two_or_none() {
    let host = Host::start().await;
    let split = stage("split", &components::example("split-lines").await, "");
    transformed(&host, "/shop/lines", &split).await;
    let browser = Browser::open().await;
    let produce = browser.produce(&host.url(), "?topic=/shop/lines").await;
    let page = produce.page();
    page.text_where("verdict-broker", |text| text.contains("Transform it first")).await;
    produce.payload("one\ntwo").await;
    let shown = dry_run(page, "2 messages would enter the topic").await;
    assert!(shown.contains("Message 2") && shown.contains("+ line: 2"), "{shown}");
    browser.save_screenshots("dry-run-two").await;
    page.click("dry-run-close").await;
    produce.payload("\n").await;
    dry_run(page, "Dropped").await;
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn what_a_stage_logs_and_what_stops_it_is_shown() {
    let host = Host::start().await;
    transformed(&host, "/shop/flood", &stage("flood", &components::hostile("log_flood").await, "")).await;
    transformed(&host, "/shop/panic", &stage("panic", &components::hostile("panic").await, "")).await;
    let browser = Browser::open().await;
    let produce = browser.produce(&host.url(), "?topic=/shop/flood").await;
    let page = produce.page();
    page.text_where("verdict-broker", |text| text.contains("Transform it first")).await;
    produce.payload("poison").await;
    page.click("produce-dry-run").await;
    page.text_where("dry-run-log", |text| text.contains("error flood flood")).await;
    page.text_where("dry-run-stage", |text| text.contains("more log lines were left out")).await;
    page.click("dry-run-again").await;
    page.text_where("dry-run-verdict", |text| text.contains("1 message would enter")).await;

    let produce = browser.produce(&host.url(), "?topic=/shop/panic").await;
    let page = produce.page();
    page.text_where("verdict-broker", |text| text.contains("Transform it first")).await;
    let shown = dry_run(page, "Refused by the transforms").await;
    assert!(shown.contains("the amount is a number") && shown.contains("stopped at a limit or by a trap"), "{shown}");
    browser.close().await;
    host.assert_never_panicked();
}

/// Drops keys that were seen before, masks, and has a second target for large orders.
async fn pipeline() -> String {
    let (deduplicate, mask) = (components::example("deduplicate").await, components::example("mask-fields").await);
    let stages = stage("once", &deduplicate, "allow = { state = true }")
        + &stage("mask", &mask, "with = { fields = [\"email\"] }");
    let stages = stages.replace("[[stages]]", "[[pipeline.stages]]");
    format!(
        "[pipeline]\nname = \"orders-clean\"\nfrom = \"{TOPIC}\"\nlanes = 3\n{stages}\n[[pipeline.to]]\ntopic = \"/shop/clean\"\n\
         [[pipeline.to]]\ntopic = \"/shop/large\"\nwhen = {{ json = \"/amount\", above = 100 }}\n\
         [pipeline.dead_letter]\ntopic = \"/shop/dead\"\n"
    )
}

#[tokio::test]
async fn a_pipeline_that_reads_the_topic_is_run_dry_whole_or_by_one_stage() {
    let host = Host::start().await;
    cli::succeeds(&host, &["topics", "create", TOPIC, "--reliable"]).await;
    let file = host.folder().join("pipeline.toml");
    std::fs::write(&file, pipeline().await).expect("a file can be written");
    cli::succeeds(&host, &["pipeline", "deploy", &file.display().to_string()]).await;
    let mut rpc = host.rpc().await;
    let browser = Browser::open().await;
    let produce = browser.produce(&host.url(), &format!("?topic={TOPIC}")).await;
    let page = produce.page();
    page.element("produce-dry-run").await;
    page.fill("produce-key", "k1").await;
    produce.payload(r#"{"amount":500,"email":"a@b.c"}"#).await;
    let shown = dry_run(page, "2 messages would be written").await;
    assert!(
        shown.contains("To /shop/clean") && shown.contains("To /shop/large") && shown.contains("Taken where"),
        "{shown}"
    );
    assert!(shown.contains(r#""email": "***""#) && shown.contains("Records: 1 in, 1 out."), "{shown}");
    page.text_where("dry-run-state", |text| text.contains("/shop/orders")).await;
    browser.save_screenshots("dry-run-pipeline").await;
    browser.resize(390, 844).await;
    assert!(page.overflow_width().await <= 0);
    browser.resize(1280, 900).await;
    let findings = axe::findings(&browser, "the dry run of a pipeline").await;
    assert!(findings.is_empty(), "{findings:#?}");
    // What it would remember is not remembered.
    page.click("dry-run-again").await;
    page.text_where("dry-run-verdict", |text| text.contains("2 messages would be written")).await;

    page.choose("dry-run-stage-choice", "mask").await;
    page.text_where("dry-run-verdict", |text| text.contains("1 record goes on")).await;
    assert!(page.elements("send-made").await.is_empty(), "what one stage makes is for no target");
    page.choose("dry-run-stage-choice", "").await;
    page.text_where("dry-run-verdict", |text| text.contains("2 messages would be written")).await;
    assert_eq!(
        rpc.browse_all(&["/shop/clean", "/shop/large", "/shop/dead", TOPIC]).await.expect("they are there").len(),
        0
    );

    // The result goes to its target, and to no other.
    page.click("send-made").await;
    page.text_where("send-made-done", |text| text.contains("Sent to /shop/clean")).await;
    let sent = rpc.browse_all(&["/shop/clean"]).await.expect("the topic can be read");
    let payload = sent[0].message.as_ref().map(|message| message.payload.clone()).unwrap_or_default();
    assert_eq!(&payload[..], br#"{"amount":500,"email":"***"}"#);
    assert_eq!(rpc.browse_all(&["/shop/large", TOPIC]).await.expect("they are there").len(), 0);
    page.click("dry-run-close").await;

    produce.payload("no json").await;
    let shown = dry_run(page, "It would become a dead letter").await;
    assert!(shown.contains("the payload is not JSON") && shown.contains("To /shop/dead"), "{shown}");
    page.click("dry-run-close").await;

    // Once the pipeline has really seen the key, its state says so.
    produce.payload(r#"{"amount":1}"#).await;
    page.click("produce-dry-run").await;
    page.text_where("dry-run-verdict", |text| text.contains("1 message would be written")).await;
    page.click("dry-run-send").await;
    produce.result().await;
    until::some("the pipeline to write it", async || {
        let written = rpc.browse_all(&["/shop/clean"]).await.ok()?;
        (written.len() == 2).then_some(())
    })
    .await;
    dry_run(page, "Filtered").await;
    browser.close().await;
    host.assert_never_panicked();
}

//! The file of messages: what the console exports, `irongate produce --from` runs as it is, and what is imported becomes templates.

use std::fs;

use fantoccini::key::Key;
use irongate_tests::{
    Host,
    browser::{Browser, Page, axe},
    cli, surroundings, until,
};
use tokio::process::Command;

const TOPIC: &str = "/default/from-a-file";
const TEMPLATE: &str = "{\"n\": {{seq}},\n \"id\": \"{{uuid}}\", \"of\": {{random_int(1, 1000000)}}}";

/// Keeps what the page offers for download where a script can read it.
const CATCH_DOWNLOADS: &str = "window.downloaded = null; const make = URL.createObjectURL.bind(URL);
    URL.createObjectURL = blob => { blob.text().then(text => { window.downloaded = text; }); return make(blob); };";

async fn downloaded(page: &Page) -> String {
    until::some("the file", async || page.script("return window.downloaded").await.as_str().map(str::to_owned)).await
}

/// Runs a file with the real command, against this host.
async fn produce_from(host: &Host, text: &str) {
    fs::write(host.folder().join("messages.yaml"), text).expect("a file can be written");
    let mut command = Command::new(surroundings::irongate());
    command.args(["produce", "--from", "messages.yaml", "--topic", TOPIC, "--seed", "7", "--reliable"]);
    command.args(["--service-addr", &host.url()]);
    let ended = cli::run(host.folder(), command).await;
    assert_eq!(ended.code, 0, "{text}\n{ended:?}");
}

async fn payloads(host: &Host) -> Vec<String> {
    let stored = host.rpc().await.browse_all(&[TOPIC]).await.expect("the topic is there");
    let messages = stored.into_iter().filter_map(|stored| stored.message);
    messages.map(|message| String::from_utf8_lossy(&message.payload).into_owned()).collect()
}

#[tokio::test]
async fn the_exported_templates_are_run_by_the_command_and_read_back() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    let produce = browser.produce(&host.url(), "").await;
    let page = produce.page();
    page.script(CATCH_DOWNLOADS).await;
    produce.topic(TOPIC).await;
    produce.reliable(true).await;
    produce.payload(TEMPLATE).await;
    page.click("attribute-by-hand").await;
    page.click("produce-template").await;
    page.fill("filled-seed", "7").await;
    page.press(Key::Tab).await;
    let looking = async || {
        let text = page.text("filled-payload").await?;
        (page.value("filled-seed").await == "7" && text.contains("\"n\": 1")).then_some(text)
    };
    until::some("the template to be filled in", looking).await;
    page.click("produce-send").await;
    produce.result().await;
    page.click("produce-templates").await;
    page.fill("template-name", "numbered: \"yes\"").await;
    page.press(Key::Enter).await;
    page.text_where("template-row", |text| text.contains("numbered")).await;
    page.click("file-export").await;
    let text = downloaded(page).await;
    produce_from(&host, &text).await;
    let sent = payloads(&host).await;
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0], sent[1], "the command fills in what the page has filled in: one seed, one number, one engine");

    page.click("template-remove").await;
    page.text_where("templates", |text| text.contains("Nothing is kept yet")).await;
    let file = host.folder().join("messages.yaml");
    page.element("file-import").await.send_keys(&file.display().to_string()).await.expect("a file field takes a path");
    page.text_where("file-result", |text| text.contains("1 template read")).await;
    page.text_where("template-row", |text| text.contains("numbered: \"yes\"") && text.contains("filled in")).await;
    browser.save_screenshots("message-file").await;
    let findings = axe::findings(&browser, "the file of messages").await;
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    page.press(Key::Escape).await;
    produce.payload("something else").await;
    page.click("produce-templates").await;
    page.click("template-load").await;
    until::some("the form to be filled", async || (page.value("produce-payload").await == TEMPLATE).then_some(()))
        .await;
    assert_eq!(page.value("produce-topic").await, TOPIC);
    assert_eq!(page.value("attribute-value-0").await, "hand");
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn templates_that_travel_as_bytes_are_encoded_by_the_command_as_by_the_page() {
    let host = Host::start().await;
    let mut rpc = host.rpc().await;
    let avro = r#"{"type":"record","name":"R","fields":[{"name":"n","type":"long"}]}"#;
    rpc.register("avro", "avro", avro).await.expect("a schema");
    rpc.register("proto", "protobuf", "syntax = \"proto3\";\nmessage R { int64 n = 1; }\n").await.expect("a schema");
    let browser = Browser::open().await;
    let produce = browser.produce(&host.url(), "").await;
    let page = produce.page();
    page.script(CATCH_DOWNLOADS).await;
    for (subject, encoding) in [("avro", "binary"), ("avro", "container"), ("proto", "binary")] {
        produce.topic(&format!("/default/{subject}-{encoding}")).await;
        produce.reliable(true).await;
        produce.subject(subject).await;
        page.choose("produce-encoding", encoding).await;
        produce.payload("{\"n\": 300}").await;
        produce.send_with_keyboard().await;
        page.text_where("result-topic", |text| text.contains(encoding) && text.contains(subject)).await;
        page.click("produce-templates").await;
        page.fill("template-name", &format!("{subject} as {encoding}")).await;
        page.press(Key::Enter).await;
        page.text_where("templates", |text| text.contains(&format!("{subject} as {encoding}"))).await;
        page.press(Key::Escape).await;
    }
    page.click("produce-templates").await;
    page.click("file-export").await;
    produce_from(&host, &downloaded(page).await).await;
    for topic in ["/default/avro-binary", "/default/avro-container", "/default/proto-binary"] {
        let sent = rpc.browse_all(&[topic]).await.expect("the topic is there");
        let payloads: Vec<_> = sent.into_iter().filter_map(|stored| Some(stored.message?.payload)).collect();
        assert_eq!(payloads.len(), 2, "{topic}: by the page, and by the command");
        // The marks between the blocks of a container are random.
        let of_the_value = |payload: &[u8]| payload.windows(2).any(|pair| pair == [0xd8, 4] || pair == [0xac, 2]);
        assert!(payloads.iter().all(|payload| of_the_value(payload)), "{topic}: {payloads:?}");
        assert!(topic.contains("container") || payloads[0] == payloads[1], "{topic}: {payloads:?}");
    }
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn the_exported_history_is_sent_again_by_the_command() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    let produce = browser.produce(&host.url(), "").await;
    let page = produce.page();
    page.script(CATCH_DOWNLOADS).await;
    produce.topic(TOPIC).await;
    produce.reliable(true).await;
    for (number, payload) in [(0, "{{seq}} stays as it is"), (1, "yes")] {
        produce.payload(payload).await;
        produce.send_with_keyboard().await;
        page.text_where("result-offset", |text| text == number.to_string()).await;
    }
    page.click("produce-history").await;
    until::some("two rows of history", async || (page.elements("history-row").await.len() == 2).then_some(())).await;
    page.click("history-export").await;
    produce_from(&host, &downloaded(page).await).await;
    assert_eq!(payloads(&host).await, ["{{seq}} stays as it is", "yes", "{{seq}} stays as it is", "yes"]);
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn what_is_no_file_of_messages_says_where() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    let produce = browser.produce(&host.url(), "").await;
    let page = produce.page();
    page.click("produce-templates").await;
    let choose = async |name: &str, text: &str| {
        let path = host.folder().join(name);
        fs::write(&path, text).expect("a file can be written");
        let field = page.element("file-import").await;
        field.send_keys(&path.display().to_string()).await.expect("a file field takes a path");
    };
    choose("wrong.yaml", "messages:\n  - topik: /a/b\n").await;
    page.text_where("file-problem", |text| text.contains("topik")).await;
    choose("bytes.yaml", "- payload: fine\n- payload_base64: /wA=\n").await;
    page.text_where("file-problem", |text| text.contains("Message 2: its payload is no text")).await;
    page.text_where("file-result", |text| text.contains("1 template read")).await;
    page.text_where("template-row", |text| text.contains("message 1")).await;
    browser.close().await;
    host.assert_never_panicked();
}

//! The Load page: what the host sends and measures is drawn while it runs, exported, stopped by a button and by leaving, and a
//! refusal is said.

use irongate_tests::{
    Host,
    browser::{Browser, Page},
    guide, until,
};

const TOPIC: &str = "/default/under-load";

async fn open(browser: &Browser, host: &Host) -> Page {
    browser.goto(&format!("{}/load", host.url())).await;
    let page = browser.page();
    page.fill("load-topic", TOPIC).await;
    page.choose("load-delivery", "reliable").await;
    page
}

async fn state(page: &Page, wanted: &str) {
    page.text_where("load-state", |text| text == wanted).await;
}

async fn stored(host: &Host) -> usize {
    host.rpc().await.browse_all(&[TOPIC]).await.expect("the topic is there").len()
}

#[tokio::test]
async fn a_count_is_sent_measured_drawn_and_exported() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    let page = open(&browser, &host).await;
    page.script(
        "const make = URL.createObjectURL.bind(URL); URL.createObjectURL = blob => { blob.text().then(text => { \
        window.downloaded = text; }); return make(blob); };",
    )
    .await;
    page.choose("load-end", "count").await;
    page.fill("load-amount", "300").await;
    page.fill("load-rate", "150").await;
    page.fill("load-producers", "2").await;
    page.click("load-start").await;
    state(&page, "Running").await;
    state(&page, "Done").await;
    assert_eq!(page.text("load-acknowledged").await.as_deref(), Some("300"));
    assert_eq!(page.text("load-failed").await.as_deref(), Some("0"));
    let latencies = page.text("load-latencies").await.expect("a table");
    for part in ["Acknowledgement", "End to end", "Not corrected", "Generator late", "p99.9"] {
        assert!(latencies.contains(part), "{part} in {latencies}");
    }
    let drawn = "return [document.querySelectorAll('.chart').length, document.querySelectorAll('.chart rect').length > 0, \
        document.querySelector('.chart polyline').getAttribute('points').split(' ').length >= 2]";
    assert_eq!(page.script(drawn).await, serde_json::json!([4, true, true]));
    assert_eq!(stored(&host).await, 300);
    page.click("load-export").await;
    let exported = until::some("the export", async || {
        page.script("return window.downloaded || null").await.as_str().map(str::to_owned)
    })
    .await;
    let exported: serde_json::Value = serde_json::from_str(&exported).expect("JSON");
    assert_eq!((&exported["acknowledged"], &exported["end_to_end"]["count"]), (&300.into(), &300.into()));
    assert_eq!(exported["load"]["topic"], TOPIC);
    browser.save_screenshots("load").await;
    browser.resize(390, 844).await;
    assert!(page.overflow_width().await <= 0);
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_run_stops_with_its_button_and_when_the_page_is_left() {
    let host = Host::start().await;
    let browser = Browser::open().await;
    for leave in [false, true] {
        let page = open(&browser, &host).await;
        page.fill("load-amount", "600").await;
        page.fill("load-rate", "200").await;
        page.click("load-start").await;
        page.text_where("load-acknowledged", |text| text != "0").await;
        if leave {
            page.click("nav-topics").await;
        } else {
            page.click("load-stop").await;
            state(&page, "Stopped").await;
        }
        // Two looks with the same number between which a running load would have sent many.
        until::some("no further message", async || {
            let before = stored(&host).await;
            let waited = std::time::Instant::now();
            while waited.elapsed() < std::time::Duration::from_millis(300) {
                host.rpc().await;
            }
            (stored(&host).await == before).then_some(())
        })
        .await;
    }
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_new_topic_gets_partitions_and_a_schema_that_the_load_is_held_to() {
    let host = Host::start().await;
    host.rpc().await.register_json(guide::SUBJECT, guide::SCHEMA).await.expect("the schema can be registered");
    let browser = Browser::open().await;
    let page = open(&browser, &host).await;
    assert!(!page.element("load-version").await.is_enabled().await.expect("a select"), "a version of nothing");
    page.choose("load-subject", guide::SUBJECT).await;
    page.choose("load-version", "pinned:1").await;
    page.fill("load-partitions", "none").await;
    assert!(!page.element("load-start").await.is_enabled().await.expect("a button"), "no such number");
    page.fill("load-partitions", "4").await;
    browser.save_screenshots("load-schema").await;
    page.fill("load-payload", guide::VALID).await;
    page.choose("load-end", "count").await;
    page.fill("load-amount", "40").await;
    page.click("load-start").await;
    state(&page, "Done").await;
    assert_eq!(page.text("load-acknowledged").await.as_deref(), Some("40"));
    assert_eq!(page.text("load-failed").await.as_deref(), Some("0"));
    let stored = host.rpc().await.browse_all(&[TOPIC]).await.expect("the topic is there");
    let messages: Vec<_> = stored.into_iter().filter_map(|browsed| browsed.message).collect();
    assert!(messages.len() == 40 && messages.iter().all(|message| message.schema_version == Some(1)));
    let mut partitions: Vec<_> = messages.into_iter().filter_map(|message| Some(message.msg_id?.topic_name)).collect();
    partitions.sort_unstable();
    partitions.dedup();
    assert_eq!(partitions, [0, 1, 2, 3].map(|index| format!("{TOPIC}-part-{index}")));

    // The topic is there by now: it has its partitions, and takes nothing that breaks the schema.
    until::some("the partitions to be the topic's own", async || {
        page.element("load-partitions").await.prop("readOnly").await.ok().flatten().filter(|fixed| fixed == "true")
    })
    .await;
    assert_eq!(page.value("load-partitions").await, "4");
    page.fill("load-payload", guide::INVALID).await;
    page.fill("load-amount", "7").await;
    page.click("load-start").await;
    page.text_where("load-failed", |text| text == "7").await;
    page.text_where("load-failure", |text| text.contains("PERMISSION_DENIED")).await;
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn what_the_host_refuses_is_said_and_production_is_asked_about() {
    let host = Host::start_with(&["--environment", "production-eu"]).await;
    let browser = Browser::open().await;
    let page = open(&browser, &host).await;
    page.text_where("environment", |text| text == "production-eu").await;
    page.fill("load-producers", "65").await;
    page.click("load-start").await;
    assert!(!page.element("confirm-go").await.is_enabled().await.expect("a button"), "the name is asked for first");
    page.fill("confirm-name", "production-eu").await;
    page.click("confirm-go").await;
    page.text_where("failure", |text| text.contains("at most 64 producers, not 65")).await;
    browser.close().await;
    host.assert_never_panicked();
}

//! The page of dead letters: those of a pipeline and those of a subscription, looked at, sent again and edited. Every letter is made
//! by what makes them: a deployed pipeline, a consumer that gives messages back.

use std::fs;

use fantoccini::key::Key;
use irongate_proto::{
    danube::{ConsumerRequest, DispatchStrategy, NackRequest, ReceiveRequest, consumer_request::SubscriptionType},
    danube_admin::{
        SetSubscriptionFailurePolicyRequest, SubscriptionBackoffStrategy, SubscriptionFailurePolicy,
        SubscriptionPoisonPolicy, topic_admin_client::TopicAdminClient,
    },
    danube_schema::ConfigureTopicSchemaRequest,
    irongate_v1::{CreateTopicRequest, DescribeTopicRequest, PublishRequest},
};
use irongate_tests::{
    Host,
    browser::{Browser, Page, axe},
    cli,
    rpc::Rpc,
    until,
};
use tonic::transport::Endpoint;

const ORDERS: &str = "/default/orders";
const CLEAN: &str = "/default/orders-clean";
const DEAD: &str = "/default/orders-dlq";
const SUBSCRIPTION: &str = "billing";
const SCHEMA: &str = r#"{"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}"#;

/// Takes whatever fits the schema; what does not is a dead letter.
const PIPELINE: &str = r#"
[pipeline]
name = "orders-clean"
from = "/default/orders"
[[pipeline.to]]
topic = "/default/orders-clean"
schema_subject = "orders-clean"
[pipeline.dead_letter]
topic = "/default/orders-dlq"
"#;

async fn reliable(rpc: &mut Rpc, topic: &str) {
    let strategy = DispatchStrategy::Reliable.into();
    let request =
        CreateTopicRequest { topic: topic.into(), dispatch_strategy: strategy, ..CreateTopicRequest::default() };
    rpc.topics.create_topic(request).await.expect("the topic can be created");
}

async fn send(rpc: &mut Rpc, payload: &str) {
    let request = PublishRequest { topic: ORDERS.into(), ..PublishRequest::default() };
    rpc.publish_one(request, payload.as_bytes()).await.expect("the message is taken");
}

/// Waits until a topic holds this many messages.
async fn holds(rpc: &mut Rpc, topic: &str, count: usize) {
    until::some(&format!("{count} messages in {topic}"), async || {
        let stored = rpc.clone().browse_all(&[topic]).await.map_or(0, |stored| stored.len());
        (stored == count).then_some(())
    })
    .await;
}

/// A host with a pipeline, and the dead letters of these messages.
async fn with_pipeline(arguments: &[&str], payloads: &[&str]) -> Host {
    let host = Host::start_with(arguments).await;
    let mut rpc = host.rpc().await;
    rpc.register_json("orders-clean", SCHEMA).await.expect("the schema can be registered");
    reliable(&mut rpc, ORDERS).await;
    fs::write(host.folder().join("orders.toml"), PIPELINE).expect("a file can be written");
    let url = host.url();
    let ended = cli::irongate(host.folder(), &["pipeline", "deploy", "orders.toml", "--service-addr", &url]).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    until::some("the pipeline's subscription", async || {
        let request = DescribeTopicRequest { topic: ORDERS.into() };
        let described = rpc.topics.describe_topic(request).await.ok()?.into_inner();
        (!described.subscriptions.is_empty()).then_some(())
    })
    .await;
    for payload in payloads {
        send(&mut rpc, payload).await;
    }
    holds(&mut rpc, DEAD, payloads.len()).await;
    host
}

/// A host with a consumer that has given up these messages.
async fn with_subscription(payloads: &[&str]) -> Host {
    let host = Host::start().await;
    let mut rpc = host.rpc().await;
    reliable(&mut rpc, ORDERS).await;
    let request = ConsumerRequest {
        topic_name: ORDERS.into(),
        consumer_name: "c".into(),
        subscription: SUBSCRIPTION.into(),
        subscription_type: SubscriptionType::Shared.into(),
        ..ConsumerRequest::default()
    };
    let consumer_id = rpc.consumer.subscribe(request).await.expect("a subscription").into_inner().consumer_id;
    let channel = Endpoint::from_shared(host.url()).expect("an address").connect().await.expect("the host answers");
    let policy = SubscriptionFailurePolicy {
        max_redelivery_count: 0,
        ack_timeout_ms: 30_000,
        base_redelivery_delay_ms: 10,
        max_redelivery_delay_ms: 10,
        backoff_strategy: SubscriptionBackoffStrategy::Fixed.into(),
        dead_letter_topic: Some(DEAD.into()),
        poison_policy: SubscriptionPoisonPolicy::DeadLetter.into(),
    };
    let set = SetSubscriptionFailurePolicyRequest {
        topic: ORDERS.into(),
        subscription: SUBSCRIPTION.into(),
        failure_policy: Some(policy),
    };
    TopicAdminClient::new(channel).set_subscription_failure_policy(set).await.expect("the policy is taken");
    let receive = ReceiveRequest { request_id: 0, consumer_id };
    let mut stream = rpc.consumer.receive_messages(receive).await.expect("a stream").into_inner();
    for payload in payloads {
        send(&mut rpc, payload).await;
        let message = until::done("a message", stream.message()).await.expect("no error").expect("a message");
        let nack = NackRequest {
            request_id: 0,
            msg_id: message.msg_id,
            subscription_name: SUBSCRIPTION.into(),
            delay_ms: None,
            reason: Some("no such customer".into()),
        };
        rpc.consumer.nack(nack).await.expect("given back");
    }
    holds(&mut rpc, DEAD, payloads.len()).await;
    host
}

async fn open(browser: &Browser, host: &Host) -> Page {
    browser.goto(&format!("{}/dead-letters?topic={DEAD}", host.url())).await;
    let page = browser.page();
    page.element("dead-summary").await;
    page
}

async fn texts(page: &Page, id: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for element in page.elements(id).await {
        texts.push(element.text().await.unwrap_or_default());
    }
    texts
}

/// Waits until so many letters are listed, and answers what is said of them.
async fn rows(page: &Page, id: &str, count: usize) -> Vec<String> {
    until::some(&format!("{count} of {id}"), async || {
        let texts = texts(page, id).await;
        (texts.len() == count && texts.iter().all(|text| !text.is_empty())).then_some(texts)
    })
    .await
}

#[tokio::test]
async fn letters_of_a_pipeline_are_found_grouped_and_opened() {
    let host = with_pipeline(&[], &[r#"{"n":"one"}"#, r#"{"n":"two","who":"ä"}"#, "no order"]).await;
    let mut rpc = host.rpc().await;
    let browser = Browser::open().await;
    browser.goto(&format!("{}/dead-letters", host.url())).await;
    let page = browser.page();
    page.text_where("dead-known", |text| text == DEAD).await;
    browser.save_screenshots("dead-known").await;
    page.click("dead-known").await;
    page.text_where("dead-summary", |text| text.contains("3 letters of 2 kinds.")).await;
    assert!(page.url().await.contains("/dead-letters?topic="), "a deep link: {}", page.url().await);
    let kinds = rows(&page, "dead-group", 2).await;
    assert!(kinds[0].starts_with('2') && kinds[0].contains("schema") && kinds[0].contains(CLEAN), "{kinds:?}");
    page.click("dead-group-open").await;
    let letters = rows(&page, "dead-row", 2).await;
    assert!(letters[0].contains("two") && letters[1].contains("one"), "the newest first: {letters:?}");
    let mut findings = axe::findings(&browser, "the kinds of dead letters").await;
    browser.save_screenshots("dead-letters").await;

    page.click("dead-row-open").await;
    page.text_where("dead-letter-reason", |text| text.contains("/n")).await;
    page.text_where("tail-detail-payload", |text| text.contains("who") && text.contains("ä")).await;
    page.text_where("dead-letter-origin", |text| text == format!("{ORDERS} @ 1")).await;
    findings.extend(axe::findings(&browser, "a dead letter").await);
    browser.save_screenshots("dead-letter").await;
    assert_eq!(findings, Vec::<String>::new());
    browser.resize(390, 844).await;
    assert!(page.overflow_width().await <= 0);
    browser.resize(1280, 900).await;
    page.click("dead-letter-origin").await;
    page.text_where("tail-row-payload", |text| text.contains("who") || text.contains("no order")).await;
    assert!(page.url().await.contains("at=1"), "{}", page.url().await);

    let request = DescribeTopicRequest { topic: DEAD.into() };
    let described = rpc.topics.describe_topic(request).await.expect("the topic is there").into_inner();
    assert!(described.subscriptions.is_empty(), "no subscription is left behind");
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_kind_is_sent_again_after_a_dry_run_and_what_comes_back_is_guarded() {
    let host = with_pipeline(&[], &[r#"{"n":"one"}"#, r#"{"n":"two"}"#]).await;
    let mut rpc = host.rpc().await;
    let browser = Browser::open().await;
    let page = open(&browser, &host).await;
    page.click("dead-group-redrive").await;
    page.text_where("redrive-tally", |text| text == "2 would be sent").await;
    let planned = rows(&page, "redrive-row", 2).await;
    assert!(planned[0].starts_with("0 ") && planned.iter().all(|row| row.contains(ORDERS)), "{planned:?}");
    assert_eq!(rpc.browse_all(&[ORDERS]).await.expect("the topic").len(), 2, "a dry run sends nothing");
    let findings = axe::findings(&browser, "a dry run").await;
    assert_eq!(findings, Vec::<String>::new());
    browser.save_screenshots("redrive-dry").await;
    page.click("redrive-send").await;
    page.text_where("redrive-tally", |text| text == "2 sent").await;
    browser.save_screenshots("redrive-sent").await;
    page.click("redrive-close").await;
    let marks = rows(&page, "dead-row-mark", 2).await;
    assert!(marks.iter().all(|mark| mark == "redriven"), "{marks:?}");

    // The pipeline refuses them again. Their origin stays, and so does the dedup id of what is made of them.
    holds(&mut rpc, DEAD, 4).await;
    let letters = rpc.browse_all(&[DEAD]).await.expect("the topic");
    let says = |index: usize, name: &str| -> Option<String> {
        letters[index].message.as_ref().and_then(|message| message.attributes.get(name).cloned())
    };
    assert_eq!(says(2, "x-irongate-origin"), Some(format!("{ORDERS}@0")));
    assert_eq!(says(2, "x-irongate-dedup-id"), says(0, "x-irongate-dedup-id"));
    assert_eq!((says(0, "x-irongate-redrives"), says(2, "x-irongate-redrives").as_deref()), (None, Some("1")));
    page.click("dead-read").await;
    page.text_where("dead-summary", |text| text.contains("4 letters of 1 kind.")).await;
    page.click("dead-group-redrive").await;
    page.text_where("redrive-again", |text| text.starts_with("2 of them were")).await;
    page.fill("redrive-max", "1").await;
    page.text_where("redrive-tally", |text| text == "2 would be sent · 2 guarded").await;
    let planned = rows(&page, "redrive-row", 4).await;
    assert!(planned[3].contains("came back 1 of at most 1 times"), "{planned:?}");
    page.fill("redrive-to", DEAD).await;
    page.text_where("redrive-tally", |text| text == "4 guarded").await;
    assert!(page.elements("redrive-send").await.is_empty(), "nothing is left to be sent");
    browser.save_screenshots("redrive-guarded").await;
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_letter_of_a_subscription_is_held_to_its_topics_schema_edited_and_sent() {
    let host = with_subscription(&[r#"{"n":1}"#, r#"{"n":"two"}"#]).await;
    let mut rpc = host.rpc().await;
    rpc.register_json("orders", SCHEMA).await.expect("the schema can be registered");
    let bind = ConfigureTopicSchemaRequest {
        topic_name: ORDERS.into(),
        schema_subject: "orders".into(),
        validation_policy: "enforce".into(),
        enable_payload_validation: true,
    };
    assert!(rpc.registry.configure_topic_schema(bind).await.expect("bound").into_inner().success);
    let browser = Browser::open().await;
    browser.goto(&format!("{}/dead-letters", host.url())).await;
    let page = browser.page();
    page.text_where("dead-known", |text| text == DEAD).await;
    page.click("dead-known").await;
    let kinds = rows(&page, "dead-group", 1).await;
    assert!(kinds[0].contains("no such customer") && kinds[0].contains(SUBSCRIPTION), "{kinds:?}");
    page.click("dead-choose-all").await;
    page.text_where("dead-redrive-chosen", |text| text == "Redrive 2 letters…").await;
    page.click("dead-redrive-chosen").await;
    page.text_where("redrive-tally", |text| text == "1 would be sent · 1 would be refused").await;
    let planned = rows(&page, "redrive-row", 2).await;
    assert!(planned[1].contains("1 violation of its schema, first at /n"), "{planned:?}");
    browser.save_screenshots("redrive-refused").await;
    page.click("redrive-send").await;
    page.text_where("redrive-tally", |text| text == "1 sent · 1 would be refused").await;
    page.click("redrive-close").await;
    holds(&mut rpc, ORDERS, 3).await;

    // The newest is the one that breaks the schema.
    page.click("dead-row-open").await;
    page.click("dead-letter-edit").await;
    page.text_where("violation-instance-path", |text| text == "/n").await;
    browser.save_screenshots("dead-letter-edited").await;
    page.fill("produce-payload", r#"{"n":2}"#).await;
    page.text_where("verdict-broker", |text| text.contains("Accept")).await;
    page.click("produce-send").await;
    page.text_where("result-offset", |text| text == "3").await;
    let stored = rpc.browse_all(&[ORDERS]).await.expect("the topic");
    let message = stored[3].message.as_ref().expect("a message");
    assert_eq!(&message.payload[..], br#"{"n":2}"#);
    assert_eq!(message.attributes["x-irongate-origin"], format!("{ORDERS}@1"));
    assert_eq!(message.attributes["x-irongate-redrives"], "1");
    assert_eq!(message.attributes.len(), 2, "nothing of the letter is left: {:?}", message.attributes);
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn letters_beyond_the_bound_are_said_and_production_asks_before_it_sends() {
    let payloads: Vec<String> = (0..104).map(|number| format!(r#"{{"n":"{number}"}}"#)).collect();
    let payloads: Vec<&str> = payloads.iter().map(String::as_str).collect();
    let host = with_pipeline(&["--environment", "production"], &payloads).await;
    let mut rpc = host.rpc().await;
    let browser = Browser::open().await;
    let page = open(&browser, &host).await;
    page.text_where("dead-summary", |text| text.contains("104 letters of 1 kind.") && !text.contains("not read")).await;
    page.click("dead-more").await;
    rows(&page, "dead-row", 104).await;
    page.choose("dead-newest", "100").await;
    page.text_where("dead-summary", |text| text.contains("The topic holds 104; the oldest 4 were not read.")).await;
    let letters = rows(&page, "dead-row", 100).await;
    assert!(letters[0].contains(r#""103""#) && letters[99].contains(r#""4""#), "{letters:?}");
    page.click("dead-row-choose").await;
    page.click("dead-redrive-chosen").await;
    page.click("redrive-send").await;
    page.element("confirm-name").await;
    browser.save_screenshots("redrive-production").await;
    assert_eq!(rpc.browse_all(&[ORDERS]).await.expect("the topic").len(), 104, "nothing is sent before the answer");
    page.fill("confirm-name", "production").await;
    page.click("confirm-go").await;
    page.text_where("redrive-tally", |text| text == "1 sent").await;
    assert_eq!(rpc.browse_all(&[ORDERS]).await.expect("the topic").len(), 105);
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_read_only_console_shows_letters_and_sends_none() {
    let host = with_pipeline(&["--read-only-console"], &["no order"]).await;
    let browser = Browser::open().await;
    let page = open(&browser, &host).await;
    page.click("dead-row-open").await;
    page.click("dead-letter-redrive").await;
    page.text_where("redrive-tally", |text| text == "1 would be sent").await;
    page.text_where("redrive-barred", |text| text.contains("This console is read-only")).await;
    let send = until::some("the button", async || page.element("redrive-send").await.is_enabled().await.ok()).await;
    assert!(!send, "it is not to be pressed");
    browser.close().await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn where_there_is_nothing_to_read_the_page_says_why() {
    let cluster = Host::start().await;
    let host = Host::start_with(&["--upstream", &cluster.url()]).await;
    let browser = Browser::open().await;
    browser.goto(&format!("{}/dead-letters?topic={DEAD}", host.url())).await;
    let page = browser.page();
    page.text_where("dead-lacking", |text| !text.is_empty()).await;
    let read = until::some("the button", async || page.element("dead-read").await.is_enabled().await.ok()).await;
    assert!(!read, "it is not to be pressed");
    browser.save_screenshots("dead-upstream").await;

    // The same page of the cluster itself, where nothing has been given up.
    browser.goto(&format!("{}/dead-letters", cluster.url())).await;
    page.text_where("dead-empty", |text| text.contains("[pipeline.dead_letter]")).await;
    browser.save_screenshots("dead-empty").await;
    reliable(&mut cluster.rpc().await, DEAD).await;
    page.fill("dead-topic", "orders").await;
    page.text_where("dead-topic-note", |text| !text.is_empty()).await;
    page.fill("dead-topic", DEAD).await;
    page.press(Key::Enter).await;
    page.text_where("dead-none", |text| text.contains("There is no letter in this topic")).await;
    page.fill("dead-topic", "/default/nowhere").await;
    page.press(Key::Enter).await;
    page.text_where("failure", |text| text.contains("NOT_FOUND")).await;
    browser.close().await;
    host.assert_never_panicked();
}

/// Holds back calls that publish, until `release` is called.
const HOLD_PUBLISHING: &str = "const fetch = window.fetch;
    window.fetch = (what, ...more) => (what.url || what).includes('PublishService')
        ? new Promise(go => { window.release = () => { window.release = null; go(fetch(what, ...more)); }; })
        : fetch(what, ...more);";

#[tokio::test]
async fn a_run_is_stopped_between_two_calls_and_goes_on() {
    let payloads: Vec<String> = (0..102).map(|number| format!(r#"{{"n":"{number}"}}"#)).collect();
    let payloads: Vec<&str> = payloads.iter().map(String::as_str).collect();
    let host = with_pipeline(&[], &payloads).await;
    let browser = Browser::open().await;
    let page = open(&browser, &host).await;
    page.script(HOLD_PUBLISHING).await;
    let held = "return Boolean(window.release)";
    page.click("dead-group-redrive").await;
    page.text_where("redrive-tally", |text| text == "102 would be sent").await;
    page.click("redrive-send").await;
    until::some("a call", async || page.script(held).await.as_bool().filter(|held| *held)).await;
    page.click("redrive-stop").await;
    page.script("window.release()").await;
    page.text_where("redrive-tally", |text| text == "100 sent · 2 not sent yet").await;
    page.click("redrive-send").await;
    until::some("another call", async || page.script(held).await.as_bool().filter(|held| *held)).await;
    page.script("window.release()").await;
    page.text_where("redrive-tally", |text| text == "102 sent").await;
    browser.refuse(&["*PublishService*"]).await;
    page.click("redrive-close").await;
    page.click("dead-row-choose").await;
    page.click("dead-redrive-chosen").await;
    page.text_where("redrive-again", |text| text.starts_with("One of them was")).await;
    page.click("redrive-send").await;
    until::some("a third call", async || page.script(held).await.as_bool().filter(|held| *held)).await;
    page.script("window.release()").await;
    page.element("failure").await;
    page.text_where("redrive-tally", |text| text == "1 would be sent").await;
    let mut rpc = host.rpc().await;
    assert_eq!(rpc.browse_all(&[ORDERS]).await.expect("the topic").len(), 204, "each once more, and none twice");
    browser.close().await;
    host.assert_never_panicked();
}

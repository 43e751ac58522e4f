//! Danube's own Rust client, unmodified: produces, subscribes, receives and
//! acknowledges, is refused what is invalid, and resumes where it left off.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use danube_client::{Consumer, DanubeClient, Producer, SchemaType, SubType};
use irongate_tests::{Host, cli, guide, surroundings, until};
use tokio::process::Command;

/// How long the components may take to be built, with their libraries.
const BUILD_PATIENCE: Duration = Duration::from_mins(30);
/// gRPC's number of that status.
const INVALID_ARGUMENT: i32 = 3;

async fn client(host: &Host) -> DanubeClient {
    DanubeClient::builder().service_url(host.url()).build().await.unwrap()
}

async fn reliable_producer(client: &DanubeClient, topic: &str) -> Producer {
    let mut producer =
        client.new_producer().with_topic(topic).with_name("foreign").with_reliable_dispatch().build().unwrap();
    until::done("creating a producer", producer.create()).await.unwrap();
    producer
}

async fn subscribed(client: &DanubeClient, topic: &str, name: &str, subscription: &str, kind: SubType) -> Consumer {
    let mut consumer = client
        .new_consumer()
        .with_topic(topic)
        .with_consumer_name(name)
        .with_subscription(subscription)
        .with_subscription_type(kind)
        .build()
        .unwrap();
    until::done("subscribing", consumer.subscribe()).await.unwrap();
    consumer
}

async fn send(producer: &Producer, payload: &str) {
    until::done("sending", producer.send(payload.as_bytes().to_vec(), None)).await.unwrap();
}

/// The next message of a subscription, as (offset, payload), acknowledged.
macro_rules! next_acknowledged {
    ($consumer:expr, $messages:expr) => {{
        let message = until::done("a message", $messages.recv()).await.expect("the stream goes on");
        until::done("acknowledging", $consumer.ack(&message)).await.unwrap();
        (message.msg_id.topic_offset, String::from_utf8(message.payload.to_vec()).unwrap())
    }};
}

#[tokio::test]
async fn reliable_messages_arrive_in_order_with_their_offsets() {
    let host = Host::start().await;
    let client = client(&host).await;
    let producer = reliable_producer(&client, "/default/reliable").await;
    let mut consumer = subscribed(&client, "/default/reliable", "c1", "s1", SubType::Exclusive).await;
    let mut messages = consumer.receive().await.unwrap();
    // More than the ten that a subscription may leave unacknowledged.
    for number in 0..25 {
        send(&producer, &format!("message {number}")).await;
    }
    for number in 0..25 {
        assert_eq!(next_acknowledged!(consumer, messages), (number, format!("message {number}")));
    }
    host.assert_never_panicked();
}

#[tokio::test]
async fn non_reliable_messages_arrive_while_somebody_listens() {
    let host = Host::start().await;
    let client = client(&host).await;
    let mut producer = client.new_producer().with_topic("/default/loose").with_name("foreign").build().unwrap();
    producer.create().await.unwrap();
    let mut consumer = subscribed(&client, "/default/loose", "c1", "s1", SubType::Shared).await;
    let mut messages = consumer.receive().await.unwrap();
    // What is sent before the stream is attached is lost, as it should be.
    let first = until::some("a first message", async || {
        send(&producer, "warm-up").await;
        messages.try_recv().ok()
    })
    .await;
    assert_eq!(&first.payload[..], b"warm-up");
    send(&producer, "the end").await;
    loop {
        let (offset, payload) = next_acknowledged!(consumer, messages);
        assert_eq!(offset, 0, "nothing is stored, so nothing has an offset");
        if payload == "the end" {
            break;
        }
    }
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_shared_subscription_gives_each_message_to_one_consumer() {
    let host = Host::start().await;
    let client = client(&host).await;
    let producer = reliable_producer(&client, "/default/shared").await;
    let mut one = subscribed(&client, "/default/shared", "one", "s1", SubType::Shared).await;
    let mut two = subscribed(&client, "/default/shared", "two", "s1", SubType::Shared).await;
    let (mut to_one, mut to_two) = (one.receive().await.unwrap(), two.receive().await.unwrap());
    let mut got = BTreeSet::new();
    let mut counts = [0, 0];
    for number in 0..40 {
        send(&producer, &number.to_string()).await;
    }
    while got.len() < 40 {
        let receiving = async {
            tokio::select! {
                message = to_one.recv() => (0, message.expect("the stream goes on")),
                message = to_two.recv() => (1, message.expect("the stream goes on")),
            }
        };
        let (who, message) = until::done("a message for either", receiving).await;
        counts[who] += 1;
        if who == 0 {
            one.ack(&message).await.unwrap()
        } else {
            two.ack(&message).await.unwrap()
        }
        assert!(got.insert(message.msg_id.topic_offset), "offset {} came twice", message.msg_id.topic_offset);
    }
    assert!(counts.iter().all(|count| *count > 0), "both take part: {counts:?}");
    host.assert_never_panicked();
}

#[tokio::test]
async fn an_exclusive_subscription_refuses_a_second_consumer() {
    let host = Host::start().await;
    let client = client(&host).await;
    reliable_producer(&client, "/default/exclusive").await;
    let _first = subscribed(&client, "/default/exclusive", "one", "s1", SubType::Exclusive).await;
    let mut second = client
        .new_consumer()
        .with_topic("/default/exclusive")
        .with_consumer_name("two")
        .with_subscription("s1")
        .with_subscription_type(SubType::Exclusive)
        .build()
        .unwrap();
    let error = until::done("being refused", second.subscribe()).await.unwrap_err().to_string();
    assert!(error.contains("s1"), "the sentence names the subscription: {error}");
    host.assert_never_panicked();
}

#[tokio::test]
async fn partitions_are_topics_of_their_own_and_one_subscription_reads_them_all() {
    let host = Host::start().await;
    let client = client(&host).await;
    let mut producer = client
        .new_producer()
        .with_topic("/default/parts")
        .with_name("foreign")
        .with_partitions(3)
        .with_reliable_dispatch()
        .build()
        .unwrap();
    until::done("creating producers", producer.create()).await.unwrap();
    let mut consumer = subscribed(&client, "/default/parts", "c1", "s1", SubType::Exclusive).await;
    let mut messages = consumer.receive().await.unwrap();
    for number in 0..30 {
        send(&producer, &number.to_string()).await;
    }
    let mut got = BTreeSet::new();
    for _ in 0..30 {
        let message = until::done("a message", messages.recv()).await.expect("the stream goes on");
        consumer.ack(&message).await.unwrap();
        got.insert((message.msg_id.topic_name.clone(), message.msg_id.topic_offset));
    }
    let expected = (0..3).flat_map(|part| (0..10).map(move |offset| (format!("/default/parts-part-{part}"), offset)));
    assert_eq!(got, expected.collect(), "round-robin over three partitions, each with offsets of its own");
    host.assert_never_panicked();
}

#[tokio::test]
async fn an_invalid_message_is_refused_with_the_violation_in_the_status() {
    let host = Host::start().await;
    let client = client(&host).await;
    let registry = client.schema();
    let registering = registry
        .register_schema(guide::SUBJECT)
        .with_type(SchemaType::JsonSchema)
        .with_schema_data(guide::SCHEMA.as_bytes())
        .execute();
    let schema_id = until::done("registering", registering).await.unwrap();
    let latest = registry.get_latest_schema(guide::SUBJECT).await.unwrap();
    assert_eq!(latest.schema_definition_as_string().as_deref(), Some(guide::SCHEMA), "the registered text comes back");

    let mut producer = client
        .new_producer()
        .with_topic(guide::TOPIC)
        .with_name("foreign")
        .with_schema_subject(guide::SUBJECT)
        .with_reliable_dispatch()
        .build()
        .unwrap();
    until::done("creating a producer", producer.create()).await.unwrap();
    let mut consumer = subscribed(&client, guide::TOPIC, "c1", "s1", SubType::Exclusive).await;
    let mut messages = consumer.receive().await.unwrap();

    let refusal = until::done("being refused", producer.send(guide::INVALID.into(), None)).await.unwrap_err();
    let status = refusal.extract_status().expect("a refusal is a status");
    assert!(status.message().starts_with("Unable to publish the message: "), "{}", status.message());
    for part in ["/user_id", "123", "string"] {
        assert!(status.message().contains(part), "{part} in {}", status.message());
    }

    send(&producer, guide::VALID).await;
    let message = until::done("a message", messages.recv()).await.expect("the stream goes on");
    assert_eq!(&message.payload[..], guide::VALID.as_bytes(), "the refused one was not stored");
    assert_eq!((message.schema_id, message.schema_version), (Some(schema_id), Some(1)));

    // A producer that names no schema is not let around the topic's.
    let plain = reliable_producer(&client, guide::TOPIC).await;
    until::done("being refused", plain.send(guide::INVALID.into(), None)).await.unwrap_err();
    host.assert_never_panicked();
}

/// Two of the examples, each as it is built.
async fn components() -> [PathBuf; 2] {
    let target = surroundings::plugins_target();
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS").env_remove("CARGO_TARGET_DIR");
    command.args([
        "build",
        "--quiet",
        "--release",
        "--target",
        "wasm32-wasip2",
        "-p",
        "split-lines",
        "-p",
        "mask-fields",
    ]);
    command.arg("--target-dir").arg(&target);
    let built = cli::run_within(BUILD_PATIENCE, &surroundings::tests_folder().join("../plugins"), command).await;
    assert_eq!(built.code, 0, "{}", built.stderr);
    ["split_lines", "mask_fields"].map(|name| target.join(format!("wasm32-wasip2/release/{name}.wasm")))
}

#[tokio::test]
async fn a_message_enters_a_topic_with_transforms_as_they_made_it_or_is_refused_with_their_reason() {
    let host = Host::start().await;
    let client = client(&host).await;
    let topic = "/default/transformed";
    let producer = reliable_producer(&client, topic).await;
    let [split, mask] = components().await.map(|file| file.display().to_string());
    let limits = "limits = { timeout = \"60s\" }";
    let chain = format!(
        "[[stages]]\nid = \"split\"\nuses = \"{split}\"\n{limits}\n\
         [[stages]]\nid = \"mask\"\nuses = \"{mask}\"\nwith = {{ fields = [\"email\"] }}\n{limits}\n"
    );
    std::fs::write(host.folder().join("chain.toml"), chain).unwrap();
    let set = ["topics", "transform", "set", topic, "chain.toml", "-s", &host.url()];
    let set = cli::irongate(host.folder(), &set).await;
    assert_eq!(set.code, 0, "{}", set.stderr);
    let mut consumer = subscribed(&client, topic, "c1", "s1", SubType::Exclusive).await;
    let mut messages = consumer.receive().await.unwrap();

    send(&producer, "{\"email\":\"a\",\"n\":1}\n{\"email\":\"b\",\"n\":2}").await;
    // Nothing is left of it, and that is no failure.
    send(&producer, "\n").await;
    let refusal = until::done("being refused", producer.send(b"{\"n\":3}\nno JSON".to_vec(), None)).await.unwrap_err();
    let status = refusal.extract_status().expect("a refusal is a status");
    assert_eq!(status.code() as i32, INVALID_ARGUMENT, "{status:?}");
    for part in ["the transforms of the topic /default/transformed reject the message", "mask: the payload is not JSON"]
    {
        assert!(status.message().contains(part), "{part} in {}", status.message());
    }
    send(&producer, "{\"email\":\"d\",\"n\":4}").await;
    for (offset, number) in [1, 2, 4].into_iter().enumerate() {
        let expected = format!("{{\"email\":\"***\",\"n\":{number}}}");
        assert_eq!(next_acknowledged!(consumer, messages), (offset as u64, expected));
    }
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_subscription_resumes_at_its_cursor_after_a_restart() {
    let mut host = Host::start().await;
    {
        let client = client(&host).await;
        let producer = reliable_producer(&client, "/default/resume").await;
        let mut consumer = subscribed(&client, "/default/resume", "c1", "s1", SubType::Exclusive).await;
        let mut messages = consumer.receive().await.unwrap();
        for number in 0..6 {
            send(&producer, &number.to_string()).await;
        }
        for number in 0..3 {
            assert_eq!(next_acknowledged!(consumer, messages), (number, number.to_string()));
        }
        consumer.close().await;
    }
    host.stop().await;
    host.restart().await;

    let client = client(&host).await;
    let mut consumer = subscribed(&client, "/default/resume", "c1", "s1", SubType::Exclusive).await;
    let mut messages = consumer.receive().await.unwrap();
    for number in 3..6 {
        assert_eq!(next_acknowledged!(consumer, messages), (number, number.to_string()));
    }
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_kill_may_repeat_messages_to_a_subscription_but_loses_none() {
    let mut host = Host::start().await;
    {
        let client = client(&host).await;
        let producer = reliable_producer(&client, "/default/killed").await;
        let mut consumer = subscribed(&client, "/default/killed", "c1", "s1", SubType::Exclusive).await;
        let mut messages = consumer.receive().await.unwrap();
        for number in 0..6 {
            send(&producer, &number.to_string()).await;
        }
        for number in 0..3 {
            assert_eq!(next_acknowledged!(consumer, messages), (number, number.to_string()));
        }
    }
    host.kill().await;
    host.restart().await;

    let client = client(&host).await;
    let mut consumer = subscribed(&client, "/default/killed", "c1", "s1", SubType::Exclusive).await;
    let mut messages = consumer.receive().await.unwrap();
    let (first, _) = next_acknowledged!(consumer, messages);
    assert!(first <= 3, "the message at offset 3 was never acknowledged, but delivery resumed at {first}");
    for number in first + 1..6 {
        assert_eq!(next_acknowledged!(consumer, messages), (number, number.to_string()));
    }
    host.assert_never_panicked();
}

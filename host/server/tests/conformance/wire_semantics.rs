//! Sections 1 and 5: what producers, consumers and subscriptions do beyond single messages.

use super::fields::{Fields, fields};
use super::wire::*;
use std::collections::BTreeMap;
use std::time::Duration;
use tonic::Streaming;

async fn send_all(wire: &Wire, id: u64, payloads: &[&str]) {
    for payload in payloads {
        wire.send(TOPIC, id, payload.as_bytes()).await.expect("sent");
    }
}

async fn is_quiet(stream: &mut Streaming<Fields>) -> bool {
    tokio::time::timeout(Duration::from_millis(100), stream.message()).await.is_err()
}

#[tokio::test]
async fn a_producer_is_created_again_under_its_name() {
    let wire = Wire::start().await;
    let id = wire.producer(TOPIC, "p", RELIABLE).await;
    assert_eq!(wire.producer(TOPIC, "p", RELIABLE).await, id);
    assert_ne!(wire.producer(TOPIC, "q", RELIABLE).await, id);
    assert_ne!(wire.producer("/default/u", "p", RELIABLE).await, id, "names are a topic's own");
}

/// Its stream ends, its id stays, and what it held comes again.
#[tokio::test]
async fn the_same_consumer_name_takes_over() {
    let wire = Wire::start().await;
    let id = wire.producer(TOPIC, "p", RELIABLE).await;
    for kind in [EXCLUSIVE, SHARED, FAILOVER, KEY_SHARED] {
        let name = format!("s{kind}");
        let consumer = wire.subscribe(TOPIC, &name, "c", kind).await;
        let mut first = wire.receive(consumer).await;
        send_all(&wire, id, &["x"]).await;
        assert_eq!(next_payload(&mut first).await, "x");
        assert_eq!(wire.subscribe(TOPIC, &name, "c", kind).await, consumer, "type {kind}");
        let mut second = wire.receive(consumer).await;
        assert_eq!(next_payload(&mut second).await, "x", "type {kind}");
        assert!(first.message().await.expect("no error").is_none(), "the old stream ends");
    }
}

#[tokio::test]
async fn a_non_reliable_topic_delivers_to_those_who_listen_and_ignores_acknowledgements() {
    let wire = Wire::start().await;
    let id = wire.producer(TOPIC, "p", NON_RELIABLE).await;
    send_all(&wire, id, &["nobody hears this"]).await;
    let mut stream = wire.consumer("s", "c", SHARED).await;
    for payload in ["a", "b"] {
        send_all(&wire, id, &[payload]).await;
        let got = next(&mut stream).await;
        assert_eq!((got.get_text(3), offset(&got)), (payload.to_owned(), 0));
        wire.ack("s", &got).await;
        let nack = fields().message(2, &got.get_message(2)).text(3, "s");
        wire.call("danube.ConsumerService/Nack", nack).await;
    }
    assert!(is_quiet(&mut stream).await, "nothing comes again");
}

/// Offsets count from 0 for each topic.
#[tokio::test]
async fn a_reliable_topic_counts_its_messages_and_keeps_them_until_they_are_acknowledged() {
    let wire = Wire::start().await;
    let id = wire.producer(TOPIC, "p", RELIABLE).await;
    let mut stream = wire.consumer("s", "c", EXCLUSIVE).await;
    send_all(&wire, id, &["a", "b", "c"]).await;
    for (expected, payload) in ["a", "b", "c"].iter().enumerate() {
        let got = next(&mut stream).await;
        assert_eq!((offset(&got), got.get_text(3)), (expected as u64, (*payload).to_owned()));
        if expected != 1 {
            wire.ack("s", &got).await;
        }
    }
    drop(stream);
    let mut stream = wire.consumer("s", "c", EXCLUSIVE).await;
    assert_eq!(next_payload(&mut stream).await, "b");
    assert!(is_quiet(&mut stream).await);
}

#[tokio::test]
async fn a_new_subscription_begins_at_the_latest_and_an_old_one_at_its_cursor() {
    let wire = Wire::start().await;
    let id = wire.producer(TOPIC, "p", RELIABLE).await;
    send_all(&wire, id, &["before"]).await;
    drop(wire.consumer("s", "c", EXCLUSIVE).await);
    send_all(&wire, id, &["while away"]).await;
    let mut stream = wire.consumer("s", "c", EXCLUSIVE).await;
    assert_eq!(next_payload(&mut stream).await, "while away");
}

#[tokio::test]
async fn exclusive_has_one_consumer() {
    let wire = Wire::start().await;
    wire.producer(TOPIC, "p", RELIABLE).await;
    let stream = wire.consumer("s", "one", EXCLUSIVE).await;
    let two = || consumer_request(TOPIC, "s", "two", EXCLUSIVE);
    let refusal = wire.refusal("danube.ConsumerService/Subscribe", two()).await;
    assert!(refusal.message().contains("one"), "{refusal}");
    drop(stream);
    until("the first is gone", async || wire.try_call("danube.ConsumerService/Subscribe", two()).await.is_ok()).await;
}

#[tokio::test]
async fn shared_takes_turns() {
    let wire = Wire::start().await;
    let id = wire.producer(TOPIC, "p", RELIABLE).await;
    let mut one = wire.consumer("s", "one", SHARED).await;
    let mut two = wire.consumer("s", "two", SHARED).await;
    let sent = ["0", "1", "2", "3"];
    send_all(&wire, id, &sent).await;
    let mut got = Vec::new();
    for stream in [&mut one, &mut two] {
        got.extend([next_payload(stream).await, next_payload(stream).await]);
    }
    got.sort();
    assert_eq!(got, sent);
}

#[tokio::test]
async fn failover_goes_to_the_next_consumer() {
    let wire = Wire::start().await;
    let id = wire.producer(TOPIC, "p", RELIABLE).await;
    let mut one = wire.consumer("s", "one", FAILOVER).await;
    let mut two = wire.consumer("s", "two", FAILOVER).await;
    send_all(&wire, id, &["a", "b"]).await;
    let a = next(&mut one).await;
    wire.ack("s", &a).await;
    assert_eq!(next_payload(&mut one).await, "b");
    assert!(is_quiet(&mut two).await, "the second one waits");
    drop(one);
    assert_eq!(next_payload(&mut two).await, "b", "what was not acknowledged");
}

#[tokio::test]
async fn key_shared_keeps_a_key_with_one_consumer_and_in_order() {
    let wire = Wire::start().await;
    let id = wire.producer(TOPIC, "p", RELIABLE).await;
    let mut streams = [wire.consumer("s", "one", KEY_SHARED).await, wire.consumer("s", "two", KEY_SHARED).await];
    let keys = ["a", "b", "c", "d", "e", "f", "g", "h"];
    for number in 0..3 {
        for key in keys {
            let keyed = message(TOPIC, id, number.to_string().as_bytes()).text(10, key);
            wire.try_send(keyed).await.expect("sent");
        }
    }
    let mut got: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
    for _ in 0..3 * keys.len() {
        let [one, two] = &mut streams;
        let (who, got_message) = tokio::select! { got = next(one) => (0, got), got = next(two) => (1, got) };
        got.entry(got_message.get_text(10)).or_default().push((who, got_message.get_text(3)));
        wire.ack("s", &got_message).await;
    }
    assert_eq!(got.len(), keys.len());
    for (key, messages) in &got {
        let who = messages[0].0;
        let expected: Vec<_> = (0..3).map(|number| (who, number.to_string())).collect();
        assert_eq!(*messages, expected, "key {key}");
    }
    let owners: Vec<usize> = got.values().map(|messages| messages[0].0).collect();
    assert!(owners.contains(&0) && owners.contains(&1), "both have keys: {owners:?}");
}

#[tokio::test]
async fn without_a_routing_key_the_producers_name_is_the_key() {
    let wire = Wire::start().await;
    let id = wire.producer(TOPIC, "p", RELIABLE).await;
    let request = consumer_request(TOPIC, "s", "c", KEY_SHARED).text(6, "only-this");
    let consumer = wire.call("danube.ConsumerService/Subscribe", request).await.get_number(2);
    let mut stream = wire.receive(consumer).await;
    for name in ["another", "only-this"] {
        let id = fields().number(1, id).text(2, TOPIC);
        wire.try_send(fields().message(2, &id).text(3, name).text(5, name)).await.expect("sent");
    }
    assert_eq!(next_payload(&mut stream).await, "only-this");
}

#[tokio::test]
async fn an_idle_subscription_of_a_non_reliable_topic_is_removed() {
    let wire = Wire::start_with(|config| config.limits.consumer_idle_ms = 50).await;
    wire.producer(TOPIC, "p", NON_RELIABLE).await;
    wire.producer("/default/kept", "p", RELIABLE).await;
    drop(wire.consumer("s", "c", SHARED).await);
    wire.subscribe("/default/kept", "s", "c", SHARED).await;
    let list = async |topic: &str| {
        wire.call("danube_admin.TopicAdmin/ListSubscriptions", fields().text(1, topic)).await.get_texts(1)
    };
    until("the idle subscription is removed", async || list(TOPIC).await.is_empty()).await;
    assert_eq!(list("/default/kept").await, ["s"], "a reliable one stays");
}

#[tokio::test]
async fn what_is_not_acknowledged_in_time_comes_again() {
    let wire = Wire::start().await;
    let id = wire.producer(TOPIC, "p", RELIABLE).await;
    let policy = fields().number(1, 5).number(2, 1).number(3, 1).number(4, 1).number(7, 1);
    let set = fields().text(1, TOPIC).text(2, "s").message(3, &policy);
    wire.call("danube_admin.TopicAdmin/SetSubscriptionFailurePolicy", set).await;
    let mut stream = wire.consumer("s", "c", EXCLUSIVE).await;
    send_all(&wire, id, &["x"]).await;
    // Five redeliveries, as the policy says, and then it blocks.
    for delivery in 0..6 {
        assert_eq!(next_payload(&mut stream).await, "x", "delivery {delivery}");
    }
    assert!(is_quiet(&mut stream).await);
}

/// No compression is offered, so a client that uses one is told.
#[tokio::test]
async fn nothing_is_compressed() {
    let wire = Wire::start().await;
    let compressed = [1, 0, 0, 0, 0];
    let answer = wire.server.post("/danube.Discovery/TopicLookup", "application/grpc-web", &compressed).await;
    assert_eq!(answer.header("grpc-accept-encoding"), "");
    assert_eq!(answer.header("grpc-status"), "13", "{answer:?}");
}

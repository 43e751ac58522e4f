//! Key-shared subscriptions: every key has one consumer, and its messages keep their order.

use crate::harness::*;
use irongate_broker::{Deliveries, Limits};
use irongate_proto::danube::DispatchStrategy::{NonReliable, Reliable};
use irongate_proto::danube::consumer_request::SubscriptionType::KeyShared;
use irongate_proto::danube::{ConsumerRequest, StreamMessage};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio_stream::StreamExt;

const TOPIC: &str = "/default/orders";

async fn send_all(host: &Host, producer: u64, messages: u32, keys: u32) {
    for number in 0..messages {
        host.send_keyed(TOPIC, producer, &format!("user-{}", number % keys), &number.to_string()).await;
    }
}

fn key(message: &StreamMessage) -> String {
    message.routing_key.clone().unwrap()
}

/// Acknowledges everything that comes until nothing is left, and says what each stream got.
async fn drain(host: &Host, streams: &mut [Deliveries], messages: usize) -> Vec<(usize, StreamMessage)> {
    let mut got = Vec::new();
    while got.len() < messages {
        for (index, stream) in streams.iter_mut().enumerate() {
            while let Ok(message) = tokio::time::timeout(Duration::from_millis(5), stream.next()).await {
                let message = message.unwrap();
                host.ack("s", &message).await;
                got.push((index, message));
            }
        }
    }
    got
}

fn assert_order(got: &[(usize, StreamMessage)]) {
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    for (_, message) in got {
        let before = last.insert(key(message), offset(message));
        assert!(before.is_none_or(|before| before < offset(message)), "{} out of order", key(message));
    }
}

#[tokio::test]
async fn every_key_stays_with_one_consumer_and_in_order() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut streams = [
        host.subscribe_keyed(TOPIC, "c1", &[]).await,
        host.subscribe_keyed(TOPIC, "c2", &[]).await,
        host.subscribe_keyed(TOPIC, "c3", &[]).await,
    ];
    send_all(&host, producer, 300, 30).await;
    let got = drain(&host, &mut streams, 300).await;
    assert_order(&got);
    let mut owners: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (index, message) in &got {
        owners.entry(key(message)).or_default().insert(*index);
    }
    assert!(owners.values().all(|owners| owners.len() == 1), "{owners:?}");
    let busy: BTreeSet<usize> = got.iter().map(|(index, _)| *index).collect();
    assert_eq!(busy.len(), 3, "every consumer has keys");
    assert_eq!(host.described(TOPIC).subscriptions[0].backlog_count, 0);
}

#[tokio::test]
async fn a_slow_key_holds_up_no_other() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut stream = host.subscribe_keyed(TOPIC, "c", &[]).await;
    for (key, payload) in [("a", "a1"), ("a", "a2"), ("b", "b1"), ("b", "b2")] {
        host.send_keyed(TOPIC, producer, key, payload).await;
    }
    let first = next(&mut stream).await;
    let other = next(&mut stream).await;
    assert_eq!((payload(&first), payload(&other)), ("a1".to_owned(), "b1".to_owned()));
    assert!(is_quiet(&mut stream).await);
    host.ack("s", &other).await;
    assert_eq!(payload(&next(&mut stream).await), "b2");
    host.ack("s", &first).await;
    assert_eq!(payload(&next(&mut stream).await), "a2");
}

#[tokio::test]
async fn a_nacked_message_comes_back_before_the_next_of_its_key() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut stream = host.subscribe_keyed(TOPIC, "c", &[]).await;
    for payload in ["1", "2"] {
        host.send_keyed(TOPIC, producer, "a", payload).await;
    }
    let message = next(&mut stream).await;
    host.nack("s", &message, Some(0), "again").await;
    for expected in ["1", "2"] {
        let message = next(&mut stream).await;
        assert_eq!(payload(&message), expected);
        host.ack("s", &message).await;
    }
}

#[tokio::test]
async fn consumers_that_come_and_go_break_no_order_and_lose_nothing() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut first = host.subscribe_keyed(TOPIC, "c1", &[]).await;
    send_all(&host, producer, 100, 10).await;
    // The first consumer acknowledges some, and still holds others when the second comes.
    let mut got = Vec::new();
    for number in 0..25 {
        let message = next(&mut first).await;
        if number % 4 < 3 {
            host.ack("s", &message).await;
            got.push((0, message));
        }
    }
    let second = host.subscribe_keyed(TOPIC, "c2", &[]).await;
    drop(first);
    send_all(&host, producer, 50, 10).await;
    let mut streams = [second, host.subscribe_keyed(TOPIC, "c3", &[]).await];
    got.extend(drain(&host, &mut streams, 150 - got.len()).await);
    assert_order(&got);
    let offsets: BTreeSet<u64> = got.iter().map(|(_, message)| offset(message)).collect();
    assert_eq!((got.len(), offsets.len()), (150, 150), "each acknowledged once");
    for stream in &mut streams {
        assert!(is_quiet(stream).await);
    }
}

#[tokio::test]
async fn without_a_key_the_producer_is_the_key() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut stream = host.subscribe_keyed(TOPIC, "c", &[]).await;
    for (name, text) in [("p1", "1"), ("p1", "2"), ("p2", "3")] {
        let message = StreamMessage { producer_name: name.to_owned(), ..message(TOPIC, producer, text) };
        host.broker.send(message).await.unwrap();
    }
    assert_eq!(payload(&next(&mut stream).await), "1");
    assert_eq!(payload(&next(&mut stream).await), "3");
    assert!(is_quiet(&mut stream).await);
}

#[tokio::test]
async fn filters_decide_who_gets_a_key() {
    for strategy in [Reliable, NonReliable] {
        let host = Host::new();
        let producer = host.producer(TOPIC, "p", strategy).await;
        let mut eu = host.subscribe_keyed(TOPIC, "eu", &["eu-*"]).await;
        let mut us = host.subscribe_keyed(TOPIC, "us", &["us-?", "ca-*"]).await;
        for key in ["eu-1", "us-1", "eu-22", "ca-x", "us-22"] {
            host.send_keyed(TOPIC, producer, key, key).await;
        }
        assert_eq!([payload(&next(&mut eu).await), payload(&next(&mut eu).await)], ["eu-1", "eu-22"]);
        assert_eq!([payload(&next(&mut us).await), payload(&next(&mut us).await)], ["us-1", "ca-x"]);
        assert!(is_quiet(&mut eu).await && is_quiet(&mut us).await);
    }
}

/// In Danube a message whose key no consumer wants is lost to the subscription at once,
/// also while the consumer that wants it restarts.
#[tokio::test]
async fn a_key_nobody_wants_waits_for_a_consumer_that_was_there_and_is_passed_over_then() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut eu = host.subscribe_keyed(TOPIC, "eu", &["eu-*"]).await;
    drop(host.subscribe_keyed(TOPIC, "us", &["us-*"]).await);
    host.send_keyed(TOPIC, producer, "asia-1", "passed over").await;
    host.send_keyed(TOPIC, producer, "us-1", "kept").await;
    host.send_keyed(TOPIC, producer, "eu-1", "eu").await;
    let message = next(&mut eu).await;
    assert_eq!(payload(&message), "eu");
    host.ack("s", &message).await;
    assert_eq!(host.broker.metrics().messages_passed_over_total, 1);
    assert_eq!(host.described(TOPIC).subscriptions[0].backlog_count, 1);
    let mut us = host.subscribe_keyed(TOPIC, "us", &["us-*"]).await;
    let message = next(&mut us).await;
    assert_eq!(payload(&message), "kept");
    host.nack("s", &message, Some(0), "not now").await;
    drop(us);
    // Once the consumer is forgotten, so is what only it wanted.
    tokio::time::pause();
    while host.broker.metrics().messages_passed_over_total < 2 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(host.described(TOPIC).subscriptions[0].backlog_count, 0);
}

/// Nothing else comes in that would have it looked at again.
#[tokio::test]
async fn after_a_restart_a_key_nobody_wants_is_passed_over_once_the_time_to_come_back_is_over() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    drop(host.subscribe_keyed(TOPIC, "us", &["us-*"]).await);
    host.send_keyed(TOPIC, producer, "us-1", "passed over").await;
    let host = host.reopen().await;
    let mut eu = host.subscribe_keyed(TOPIC, "eu", &["eu-*"]).await;
    assert!(is_quiet(&mut eu).await);
    tokio::time::pause();
    tokio::time::sleep(2 * Duration::from_millis(Limits::default().consumer_idle_ms)).await;
    assert_eq!(host.broker.metrics().messages_passed_over_total, 1);
    assert_eq!(host.described(TOPIC).subscriptions[0].backlog_count, 0);
}

#[tokio::test]
async fn a_restart_gives_consumers_time_to_come_back() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    drop(host.subscribe_keyed(TOPIC, "us", &["us-*"]).await);
    host.send_keyed(TOPIC, producer, "us-1", "kept").await;
    let host = host.reopen().await;
    let mut eu = host.subscribe_keyed(TOPIC, "eu", &["eu-*"]).await;
    assert!(is_quiet(&mut eu).await);
    assert_eq!(payload(&next(&mut host.subscribe_keyed(TOPIC, "us", &["us-*"]).await).await), "kept");
}

#[tokio::test]
async fn too_many_filters_are_refused() {
    let host = Host::with(|config| config.limits.key_filters_max = 1);
    host.producer(TOPIC, "p", Reliable).await;
    let request = |filters: &[&str], kind| ConsumerRequest {
        key_filters: filters.iter().map(|filter| (*filter).to_owned()).collect(),
        ..consumer_request(TOPIC, "s", "c", kind)
    };
    let error = host.broker.subscribe(request(&["a", "b"], KeyShared)).await.unwrap_err();
    assert_eq!(error.to_string(), "2 key filters for one consumer: the limit is 1");
    assert!(host.broker.subscribe(request(&["a"], KeyShared)).await.is_ok());
}

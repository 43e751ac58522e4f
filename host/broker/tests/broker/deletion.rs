//! What is deleted: topics, subscriptions, namespaces, messages by request and by retention.

use crate::harness::*;
use irongate_broker::Broker;
use irongate_proto::danube::DispatchStrategy::{NonReliable, Reliable};
use irongate_proto::danube::HealthCheckRequest;
use irongate_proto::danube::consumer_request::SubscriptionType::{Exclusive, KeyShared, Shared};
use irongate_proto::danube_admin::SubscriptionPoisonPolicy::Drop;
use irongate_proto::irongate_v1::browse_request::Start;
use irongate_proto::irongate_v1::{CreateTopicRequest, Retention, SetTopicRetentionRequest, TruncateTopicRequest};
use std::time::Duration;
use tokio_stream::StreamExt;
use tonic::Code;

const TOPIC: &str = "/production/orders";

fn truncate(topic: &str, before_offset: Option<u64>) -> TruncateTopicRequest {
    TruncateTopicRequest { topic: topic.to_owned(), before_offset }
}

fn retain(topic: &str, bytes_max: u64, age_max_ms: u64) -> SetTopicRetentionRequest {
    SetTopicRetentionRequest { topic: topic.to_owned(), retention: Some(Retention { bytes_max, age_max_ms }) }
}

async fn partitioned(broker: &Broker, topic: &str) {
    let request = CreateTopicRequest {
        topic: topic.to_owned(),
        dispatch_strategy: Reliable as i32,
        partitions: 3,
        ..CreateTopicRequest::default()
    };
    broker.create_topic(request).await.unwrap();
}

fn first_offset(host: &Host, topic: &str) -> u64 {
    host.described(topic).partitions[0].first_offset
}

#[tokio::test]
async fn a_deleted_topic_is_gone_with_everything_in_it_and_may_be_created_anew() {
    for strategy in [Reliable, NonReliable] {
        let host = Host::new();
        let producer = host.producer(TOPIC, "p", strategy).await;
        let mut stream = host.subscribe(TOPIC, "s", "c", Shared).await;
        if strategy == Reliable {
            host.set_policy(TOPIC, "s", policy(0, Drop)).await;
        }
        let consumer = stream_consumer(&host).await;
        host.send(TOPIC, producer, "old").await;
        next(&mut stream).await;
        assert_eq!(host.broker.delete_topic(TOPIC).await.unwrap(), 1);
        assert!(stream.next().await.is_none());
        let error = host.broker.send(message(TOPIC, producer, "late")).await.unwrap_err();
        assert_eq!(error.code(), Code::NotFound);
        let check = HealthCheckRequest { request_id: 0, client: 1, id: consumer };
        assert_eq!(host.broker.health_check(check).unwrap().status, 1);
        assert_eq!(host.broker.delete_topic(TOPIC).await.unwrap_err().code(), Code::NotFound);
        let metrics = host.broker.metrics();
        assert_eq!((metrics.topics, metrics.subscriptions, metrics.consumers, metrics.producers), (0, 0, 0, 0));
        let host = host.reopen().await;
        assert_eq!((host.broker.metrics().topics, host.broker.metrics().subscriptions), (0, 0));
        // A new topic of that name has nothing of the old one, not even its strategy.
        let producer = host.producer(TOPIC, "p", Reliable).await;
        assert!(host.stored(TOPIC).await.is_empty());
        let mut stream = host.subscribe(TOPIC, "s", "c", KeyShared).await;
        host.send(TOPIC, producer, "new").await;
        assert_eq!(offset(&next(&mut stream).await), 0);
    }
}

/// The id of a further consumer of the subscription.
async fn stream_consumer(host: &Host) -> u64 {
    host.broker.subscribe(consumer_request(TOPIC, "s", "other", Shared)).await.unwrap().consumer_id
}

#[tokio::test]
async fn deleting_a_base_name_deletes_its_partitions_and_nothing_beside_them() {
    let host = Host::new();
    partitioned(&host.broker, "/default/orders").await;
    partitioned(&host.broker, "/default/orders-v2").await;
    assert_eq!(host.broker.delete_topic("/default/orders").await.unwrap(), 3);
    assert!(host.broker.partitions("/default/orders").unwrap().is_empty());
    assert_eq!(host.broker.partitions("/default/orders-v2").unwrap().len(), 3);
}

#[tokio::test]
async fn a_reader_goes_on_with_the_topic_that_takes_a_deleted_ones_name() {
    let host = Host::new();
    host.publish_request(reliable(TOPIC, &["old"])).await;
    let mut browse = host.browse(&[TOPIC], Start::Earliest(true), true);
    assert_eq!(next_response(&mut browse).await.messages.len(), 1);
    host.broker.delete_topic(TOPIC).await.unwrap();
    host.publish_request(reliable(TOPIC, &["new"])).await;
    let mut seen = Vec::new();
    while seen.is_empty() {
        seen = next_response(&mut browse).await.messages;
    }
    assert_eq!(payload(seen[0].message.as_ref().unwrap()), "new");
}

#[tokio::test]
async fn unsubscribe_forgets_the_cursor_and_the_settings() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Exclusive).await;
    host.set_policy(TOPIC, "s", policy(0, Drop)).await;
    host.send(TOPIC, producer, "before").await;
    let message = next(&mut stream).await;
    // An acknowledgement on its way to the disk must not bring the cursor back.
    host.ack("s", &message).await;
    host.broker.unsubscribe(TOPIC, "s").await.unwrap();
    assert!(stream.next().await.is_none());
    let error = host.broker.unsubscribe(TOPIC, "s").await.unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        (Code::NotFound, "the topic /production/orders has no subscription s")
    );
    let host = host.reopen().await;
    assert!(host.broker.subscriptions(TOPIC).unwrap().is_empty());
    // The name is free, for another type too.
    host.subscribe(TOPIC, "s", "c", Shared).await;
    assert_eq!(host.described(TOPIC).subscriptions[0].next_offset, 1);
}

#[tokio::test]
async fn a_namespace_is_deleted_only_when_it_is_empty() {
    let host = Host::new();
    host.producer(TOPIC, "p", Reliable).await;
    let table = [
        ("production", Code::FailedPrecondition, "the namespace production has 1 topics; delete them first"),
        ("default", Code::FailedPrecondition, "the namespace default is always there"),
        (
            "none",
            Code::Unavailable,
            "Unable to find the namespace none; create it first, or allow namespaces and topics to be created on first use",
        ),
    ];
    for (namespace, code, sentence) in table {
        let error = host.broker.delete_namespace(namespace).await.unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (code, sentence));
    }
    host.broker.delete_topic(TOPIC).await.unwrap();
    host.broker.delete_namespace("production").await.unwrap();
    assert_eq!(host.reopen().await.broker.namespaces(), ["default"]);
}

#[tokio::test]
async fn a_truncated_topic_keeps_its_offsets_and_its_subscriptions_move_on() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Shared).await;
    for number in 0..6 {
        host.send(TOPIC, producer, &number.to_string()).await;
    }
    for _ in 0..6 {
        next(&mut stream).await;
    }
    drop(stream);
    let response = host.broker.truncate_topic(truncate(TOPIC, Some(4))).await.unwrap();
    assert_eq!(response.messages_deleted, 4);
    assert_eq!(host.broker.truncate_topic(truncate(TOPIC, Some(2))).await.unwrap().messages_deleted, 0);
    assert_eq!(payloads(&host.stored(TOPIC).await), ["4", "5"]);
    assert_eq!((first_offset(&host, TOPIC), host.described(TOPIC).subscriptions[0].backlog_count), (4, 2));
    let host = host.reopen().await;
    assert_eq!(host.described(TOPIC).subscriptions[0].backlog_count, 2);
    let mut stream = host.subscribe(TOPIC, "s", "c", Shared).await;
    assert_eq!(payload(&next(&mut stream).await), "4");
    assert_eq!(host.broker.truncate_topic(truncate(TOPIC, None)).await.unwrap().messages_deleted, 2);
    drop(stream);
    let host = host.reopen().await;
    let producer = host.producer(TOPIC, "p", Reliable).await;
    host.send(TOPIC, producer, "6").await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Shared).await;
    let message = next(&mut stream).await;
    assert_eq!((offset(&message), payload(&message)), (6, "6".to_owned()));
}

#[tokio::test]
async fn a_base_name_is_truncated_whole_or_by_partition() {
    let host = Host::new();
    partitioned(&host.broker, "/default/orders").await;
    host.publish("/default/orders", &["a", "b", "c"]).await;
    let error = host.broker.truncate_topic(truncate("/default/orders", Some(1))).await.unwrap_err();
    assert_eq!(error.to_string(), "/default/orders is partitioned, and each partition has its own offsets: name one");
    assert_eq!(
        host.broker.truncate_topic(truncate("/default/orders-part-0", Some(1))).await.unwrap().messages_deleted,
        1
    );
    assert_eq!(host.broker.truncate_topic(truncate("/default/orders", None)).await.unwrap().messages_deleted, 2);
}

#[tokio::test]
async fn retention_by_size_keeps_the_newest_and_what_is_not_acknowledged() {
    let host = Host::with(|config| config.limits.retention_interval_ms = 10);
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Shared).await;
    for number in 0..10 {
        host.send(TOPIC, producer, &format!("{number}{}", "x".repeat(999))).await;
    }
    // Each record is a little over 1000 bytes: two fit.
    host.broker.set_retention(retain(TOPIC, 2500, 0)).await.unwrap();
    assert_eq!(host.described(TOPIC).retention, Some(Retention { bytes_max: 2500, age_max_ms: 0 }));
    assert_eq!(first_offset(&host, TOPIC), 0, "nothing is acknowledged");
    for acked in 1..=5 {
        let message = next(&mut stream).await;
        host.ack("s", &message).await;
        while first_offset(&host, TOPIC) < acked {
            tokio::task::yield_now().await;
        }
        assert_eq!(first_offset(&host, TOPIC), acked);
    }
    host.broker.unsubscribe(TOPIC, "s").await.unwrap();
    while first_offset(&host, TOPIC) < 8 {
        tokio::task::yield_now().await;
    }
    // It goes on with what comes, and after a restart.
    let host = host.reopen_with(|config| config.limits.retention_interval_ms = 10).await;
    let producer = host.producer(TOPIC, "p", Reliable).await;
    host.send(TOPIC, producer, &"y".repeat(1000)).await;
    while first_offset(&host, TOPIC) < 9 {
        tokio::task::yield_now().await;
    }
    assert_eq!((first_offset(&host, TOPIC), host.stored(TOPIC).await.len()), (9, 2));
}

#[tokio::test]
async fn retention_by_age_deletes_what_is_older_and_nothing_else() {
    let host = Host::with(|config| config.limits.retention_interval_ms = 10);
    let producer = host.producer(TOPIC, "p", Reliable).await;
    host.send(TOPIC, producer, "old").await;
    host.broker.set_retention(retain(TOPIC, 0, 3_600_000)).await.unwrap();
    assert_eq!(host.stored(TOPIC).await.len(), 1);
    host.broker.set_retention(retain(TOPIC, 0, 1)).await.unwrap();
    while first_offset(&host, TOPIC) < 1 {
        tokio::task::yield_now().await;
    }
    host.broker.set_retention(retain(TOPIC, 0, 0)).await.unwrap();
    assert_eq!(host.described(TOPIC).retention, None);
    host.send(TOPIC, producer, "kept").await;
    assert_eq!(payloads(&host.stored(TOPIC).await), ["kept"]);
}

#[tokio::test]
async fn a_topic_that_keeps_nothing_has_no_retention() {
    let host = Host::new();
    host.producer(TOPIC, "p", NonReliable).await;
    let error = host.broker.set_retention(retain(TOPIC, 1, 0)).await.unwrap_err();
    assert_eq!(error.to_string(), "the topic /production/orders is non-reliable, it keeps no messages");
}

#[tokio::test]
async fn rates_are_those_of_the_last_seconds() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Shared).await;
    for number in 0..20 {
        host.send(TOPIC, producer, &number.to_string()).await;
        let message = next(&mut stream).await;
        if number % 2 == 0 {
            host.ack("s", &message).await;
        }
    }
    let info = host.described(TOPIC).subscriptions.remove(0);
    assert!((info.delivered_per_second - 2.0).abs() < f64::EPSILON, "{}", info.delivered_per_second);
    assert!((info.acked_per_second - 1.0).abs() < f64::EPSILON, "{}", info.acked_per_second);
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert!(host.described(TOPIC).subscriptions[0].acked_per_second < f64::EPSILON);
}

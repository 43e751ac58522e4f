//! Producers one by one, and publish with many messages in one call.

use crate::harness::*;
use irongate_proto::danube::DispatchStrategy::{NonReliable, Reliable};
use irongate_proto::danube::{HealthCheckRequest, ProducerRequest};
use irongate_proto::irongate_v1::publish_result::Outcome;
use irongate_proto::irongate_v1::{ListTopicsRequest, OutgoingMessage, PublishRequest};
use std::collections::BTreeMap;
use std::time::Duration;
use tonic::Code;

const TOPIC: &str = "/default/orders";

#[tokio::test]
async fn the_first_producer_decides_the_dispatch_strategy() {
    let host = Host::new();
    let id = host.producer(TOPIC, "p", Reliable).await;
    assert_eq!(host.producer(TOPIC, "p", Reliable).await, id);
    assert_ne!(host.producer(TOPIC, "q", Reliable).await, id);
    let error = host.broker.create_producer(producer_request(TOPIC, "p", NonReliable)).await.unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition);
    assert_eq!(
        error.to_string(),
        "the topic /default/orders was created reliable, a non-reliable producer cannot use it"
    );
    let mut unknown = producer_request(TOPIC, "p", Reliable);
    unknown.dispatch_strategy = 9;
    assert_eq!(host.broker.create_producer(unknown).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn what_cannot_be_published_is_refused_with_its_reason() {
    let host = Host::with(|config| config.limits.message_bytes_max = 1000);
    let id = host.producer(TOPIC, "p", Reliable).await;
    let send = |message| host.broker.send(message);
    let mut without_id = message(TOPIC, id, "x");
    without_id.msg_id = None;
    assert_eq!(send(without_id).await.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(send(message(TOPIC, 1, "x")).await.unwrap_err().code(), Code::NotFound);
    let elsewhere = send(message("/default/other", id, "x")).await.unwrap_err();
    assert_eq!(elsewhere.code(), Code::PermissionDenied);
    assert!(elsewhere.to_string().starts_with("Unable to publish the message: "), "{elsewhere}");
    let large = send(message(TOPIC, id, &"x".repeat(1000))).await.unwrap_err();
    assert_eq!(large.code(), Code::InvalidArgument);
    assert!(large.to_string().ends_with("the limit is 1000"), "{large}");
    assert_eq!(host.broker.metrics().messages_refused_total, 4);
    assert!(host.stored(TOPIC).await.is_empty());
}

#[tokio::test]
async fn idle_producers_make_room_only_when_it_is_needed() {
    let host = Host::with(|config| config.limits.producers_per_topic_max = 2);
    host.producer(TOPIC, "a", NonReliable).await;
    host.producer(TOPIC, "b", NonReliable).await;
    let third = || producer_request(TOPIC, "c", NonReliable);
    assert_eq!(host.broker.create_producer(third()).await.unwrap_err().code(), Code::ResourceExhausted);
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_millis(host.broker.limits().producer_idle_ms + 1)).await;
    assert!(host.broker.create_producer(third()).await.is_ok());
    assert_eq!(host.broker.metrics().producers, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_producers_keep_their_own_order() {
    let host = Host::new();
    let mut tasks = Vec::new();
    for producer in 0..8 {
        let id = host.producer(TOPIC, &producer.to_string(), Reliable).await;
        let broker = host.broker.clone();
        tasks.push(tokio::spawn(async move {
            for number in 0..50 {
                broker.send(message(TOPIC, id, &format!("{producer} {number}"))).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let stored = host.stored(TOPIC).await;
    assert_eq!(stored.len(), 400);
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for (index, message) in stored.iter().enumerate() {
        assert_eq!(offset(message), index as u64);
        let text = payload(message);
        let (producer, number) = text.split_once(' ').unwrap();
        let next = expected.entry(producer.to_owned()).or_default();
        assert_eq!(number, next.to_string());
        *next += 1;
    }
}

#[tokio::test]
async fn publish_answers_each_message_with_its_place() {
    let host = Host::new();
    let outcomes = host.publish_request(reliable(TOPIC, &["a", "b"])).await;
    for (index, outcome) in outcomes.iter().enumerate() {
        let Outcome::Published(published) = outcome else { panic!("{outcome:?}") };
        assert_eq!((published.topic.as_str(), published.partition), (TOPIC, None));
        assert_eq!(published.offset, Some(index as u64));
    }
    // The strategy need not be named again.
    let outcomes = host.publish(TOPIC, &["c"]).await;
    assert!(matches!(&outcomes[0], Outcome::Published(published) if published.offset == Some(2)));
    assert_eq!(payloads(&host.stored(TOPIC).await), ["a", "b", "c"]);
    let outcomes = host.publish("/default/live", &["x"]).await;
    assert!(matches!(&outcomes[0], Outcome::Published(published) if published.offset.is_none()));
}

#[tokio::test]
async fn a_refused_message_does_not_stop_the_others() {
    let host = Host::with(|config| config.limits.message_bytes_max = 200);
    let large = "x".repeat(300);
    let outcomes = host.publish_request(reliable(TOPIC, &["a", &large, "b"])).await;
    let offsets: Vec<Option<u64>> = outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Published(published) => published.offset,
            Outcome::Refused(refused) => {
                assert_eq!(refused.code, Code::InvalidArgument as u32);
                None
            }
        })
        .collect();
    assert_eq!(offsets, [Some(0), None, Some(1)]);
}

#[tokio::test]
async fn partitions_are_chosen_by_index_by_key_or_in_turn() {
    let host = Host::new();
    let outgoing = |key: Option<&str>, partition| OutgoingMessage {
        routing_key: key.map(str::to_owned),
        partition,
        ..OutgoingMessage::default()
    };
    let mut messages: Vec<OutgoingMessage> = (0..4).map(|_| outgoing(None, None)).collect();
    messages.extend([outgoing(None, Some(3)), outgoing(None, Some(4))]);
    messages.extend((0..3).map(|_| outgoing(Some("a"), None)));
    let request = PublishRequest { partitions: 4, messages, ..reliable(TOPIC, &[]) };
    let outcomes = host.publish_request(request).await;
    let partitions: Vec<Option<u32>> = outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Published(published) => published.partition,
            Outcome::Refused(_) => None,
        })
        .collect();
    // fnv1a64("a") is 0xaf63dc4c8601ec8c, which leaves 0 on division by 4.
    assert_eq!(partitions, [0, 1, 2, 3, 3].map(Some).into_iter().chain([None]).chain([Some(0); 3]).collect::<Vec<_>>());
    let listed = host.broker.list_topics(ListTopicsRequest::default()).unwrap().topics;
    assert_eq!((listed.len(), listed[0].name.as_str(), listed[0].partitions), (1, TOPIC, 4));
    assert_eq!(listed[0].message_count, 8);
    // Another count is refused, one partition by its full name is fine.
    let again = PublishRequest { partitions: 8, ..reliable(TOPIC, &["x"]) };
    assert_eq!(host.broker.publish(again).await.unwrap_err().code(), Code::AlreadyExists);
    let outcomes = host.publish("/default/orders-part-2", &["x"]).await;
    assert!(matches!(&outcomes[0], Outcome::Published(published) if published.partition == Some(2)));
}

#[tokio::test]
async fn a_call_over_its_limits_is_refused_whole() {
    let host = Host::with(|config| {
        config.limits.publish_batch_messages_max = 2;
        config.limits.publish_batch_bytes_max = 100;
        config.limits.partitions_max = 3;
        config.limits.topics_max = 3;
    });
    let code = |request: PublishRequest| async { host.broker.publish(request).await.map_err(|error| error.code()) };
    assert_eq!(code(publish_request(TOPIC, &["a", "b", "c"])).await, Err(Code::ResourceExhausted));
    assert_eq!(code(publish_request(TOPIC, &["x".repeat(100).as_str()])).await, Err(Code::ResourceExhausted));
    let partitions = |partitions| PublishRequest { partitions, ..publish_request(TOPIC, &["a"]) };
    assert_eq!(code(partitions(4)).await, Err(Code::ResourceExhausted));
    assert!(code(partitions(3)).await.is_ok());
    assert_eq!(code(publish_request("/default/fourth", &["a"])).await, Err(Code::ResourceExhausted));
}

/// The clock stands still only here: elsewhere it would leap ahead while a disk is waited for.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Danube takes the access mode and never looks at it again.
#[tokio::test]
async fn an_exclusive_producer_has_its_topic_to_itself_until_it_falls_silent() {
    let host = Host::new();
    let mode = |name: &str, mode: i32| ProducerRequest {
        producer_access_mode: mode,
        ..producer_request(TOPIC, name, Reliable)
    };
    let first = host.broker.create_producer(mode("first", 0)).await.unwrap().producer_id;
    let error = host.broker.create_producer(mode("own", 1)).await.unwrap_err();
    assert_eq!(
        (error.code(), error.to_string()),
        (
            Code::PermissionDenied,
            format!("the topic {TOPIC} cannot have an exclusive producer while first writes to it")
        )
    );
    let silent = Duration::from_millis(host.broker.limits().exclusive_producer_idle_ms + 1);
    pass(silent).await;
    let own = host.broker.create_producer(mode("own", 1)).await.unwrap().producer_id;
    assert_eq!(host.broker.create_producer(mode("own", 1)).await.unwrap().producer_id, own);
    host.send(TOPIC, own, "mine").await;
    let words = format!("the topic {TOPIC} belongs to the exclusive producer own");
    assert_eq!(host.broker.create_producer(mode("other", 0)).await.unwrap_err().to_string(), words);
    let error = host.broker.send(message(TOPIC, first, "not mine")).await.unwrap_err();
    assert_eq!(
        (error.code(), error.to_string()),
        (Code::PermissionDenied, format!("Unable to publish the message: {words}"))
    );
    let Outcome::Refused(refused) = &host.publish(TOPIC, &["not mine"]).await[0] else { panic!("published") };
    assert_eq!(refused.code, Code::PermissionDenied as u32);
    // A health check is a sign of life; without one the topic is free again.
    pass(silent / 2).await;
    let check = HealthCheckRequest { request_id: 0, client: 0, id: own };
    host.broker.health_check(check).unwrap();
    pass(silent / 2).await;
    assert!(host.broker.create_producer(mode("other", 0)).await.is_err());
    pass(silent).await;
    assert!(host.broker.create_producer(mode("other", 0)).await.is_ok());
    assert_eq!(host.broker.create_producer(mode("own", 9)).await.unwrap_err().code(), Code::InvalidArgument);
}

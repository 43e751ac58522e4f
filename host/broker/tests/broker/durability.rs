//! What is still there after a restart, and after none.

use crate::harness::*;
use irongate_broker::{Broker, BrokerConfig, OpenError};
use irongate_proto::danube::DispatchStrategy::{NonReliable, Reliable};
use irongate_proto::danube::consumer_request::SubscriptionType::{Exclusive, Shared};
use irongate_proto::irongate_v1::publish_result::Outcome;
use irongate_proto::irongate_v1::{DescribeTopicRequest, ListTopicsRequest, TruncateTopicRequest};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tonic::Code;

const TOPIC: &str = "/production/orders";

#[tokio::test]
async fn a_restart_keeps_topics_messages_schemas_and_namespaces() {
    let host = Host::new();
    host.register("user-events", "json_schema", USER_EVENTS).await;
    let mut request = producer_request(TOPIC, "p", Reliable);
    request.schema_ref = subject("user-events");
    let producer = host.broker.create_producer(request).await.unwrap().producer_id;
    host.send(TOPIC, producer, r#"{"user_id":"u1"}"#).await;
    host.producer("/events/live", "p", NonReliable).await;
    let before = host.broker.list_topics(ListTopicsRequest::default()).unwrap();

    let host = host.reopen().await;
    assert_eq!(host.broker.list_topics(ListTopicsRequest::default()).unwrap(), before);
    assert_eq!(before.namespaces, ["default", "events", "production"]);
    assert_eq!(payloads(&host.stored(TOPIC).await), [r#"{"user_id":"u1"}"#]);
    assert_eq!(host.stored(TOPIC).await[0].schema_id, Some(1));
    let again = host.register("user-events", "json_schema", USER_EVENTS).await;
    assert_eq!((again.schema_id, again.version, again.is_new_version), (1, 1, false));
    // The binding holds, and ids go on where they were.
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let refused = host.broker.send(message(TOPIC, producer, r#"{"user_id":1}"#)).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    host.send(TOPIC, producer, r#"{"user_id":"u2"}"#).await;
    assert_eq!(offset(&host.stored(TOPIC).await[1]), 1);
    assert_eq!(host.register("other", "string", "").await.schema_id, 2);
}

#[tokio::test]
async fn a_producer_does_not_survive_a_restart_and_says_so() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let host = host.reopen().await;
    let error = host.broker.send(message(TOPIC, producer, "x")).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
}

#[tokio::test]
async fn a_subscription_resumes_at_its_cursor_with_the_holes_it_had() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Shared).await;
    for number in 0..6 {
        host.send(TOPIC, producer, &number.to_string()).await;
    }
    for _ in 0..6 {
        let message = next(&mut stream).await;
        if [0, 1, 3, 5].contains(&offset(&message)) {
            host.ack("s", &message).await;
        }
    }
    drop(stream);
    let host = host.reopen().await;
    let described = host.broker.describe_topic(DescribeTopicRequest { topic: TOPIC.to_owned() }).unwrap();
    assert_eq!((described.subscriptions[0].next_offset, described.subscriptions[0].backlog_count), (2, 2));
    let mut stream = host.subscribe(TOPIC, "s", "c", Shared).await;
    assert_eq!(payload(&next(&mut stream).await), "2");
    assert_eq!(payload(&next(&mut stream).await), "4");
    assert!(is_quiet(&mut stream).await);
}

#[tokio::test]
async fn a_subscription_nobody_acknowledged_on_is_kept_too() {
    let host = Host::new();
    host.producer(TOPIC, "p", Reliable).await;
    drop(host.subscribe(TOPIC, "s", "c", Exclusive).await);
    let host = host.reopen().await;
    let producer = host.producer(TOPIC, "p", Reliable).await;
    host.send(TOPIC, producer, "while away").await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Exclusive).await;
    assert_eq!(payload(&next(&mut stream).await), "while away");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What a kill leaves behind is what the files hold at that moment: a copy of the
/// directory, taken right after the acknowledgement, must hold the message.
#[tokio::test]
async fn an_acknowledged_message_is_in_the_files_at_once() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    for number in 0..3 {
        host.send(TOPIC, producer, &number.to_string()).await;
        let image = tempfile::tempdir().unwrap();
        copy(host.dir.path(), image.path());
        let copied = Host { broker: open_again(image.path()), dir: image };
        assert_eq!(copied.stored(TOPIC).await.len(), number + 1);
    }
    host.register("s", "string", "").await;
    let image = tempfile::tempdir().unwrap();
    copy(host.dir.path(), image.path());
    let copied = open_again(image.path());
    assert_eq!(copied.metrics().subjects, 1);
}

#[tokio::test]
async fn a_directory_in_use_is_refused_by_name() {
    let host = Host::new();
    let error = Broker::open(BrokerConfig::new(host.dir.path())).err().unwrap();
    assert!(matches!(&error, OpenError::Locked { dir } if dir == host.dir.path()), "{error}");
}

#[tokio::test]
async fn a_closed_broker_refuses_and_ends_its_streams() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Shared).await;
    host.broker.close().await;
    assert!(tokio_stream::StreamExt::next(&mut stream).await.is_none());
    let error = host.broker.send(message(TOPIC, producer, "x")).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(host.broker.health().is_err());
}

/// The cursor is written at most `cursor_delay_max_ms` after the acknowledgement, without
/// anything else being committed.
#[tokio::test]
async fn an_acknowledgement_reaches_the_files_by_itself() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Shared).await;
    host.send(TOPIC, producer, "a").await;
    host.send(TOPIC, producer, "b").await;
    let message = next(&mut stream).await;
    let before = host.broker.metrics().commits_total;
    host.ack("s", &message).await;
    while host.broker.metrics().commits_total == before {
        tokio::task::yield_now().await;
    }
    let image = tempfile::tempdir().unwrap();
    copy(host.dir.path(), image.path());
    let copied = Host { broker: open_again(image.path()), dir: image };
    let mut stream = copied.subscribe(TOPIC, "s", "c", Shared).await;
    assert_eq!(payload(&next(&mut stream).await), "b");
}

#[tokio::test]
async fn a_failed_write_is_told_to_those_who_wait_and_refuses_the_rest() {
    let fails = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&fails);
    let host = Host::with(|config| {
        config.commit_hook = Some(Arc::new(move |_| {
            if told.load(Ordering::SeqCst) { Err(std::io::Error::other("the device is gone")) } else { Ok(()) }
        }));
    });
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let live = host.producer("/default/live", "p", NonReliable).await;
    host.send(TOPIC, producer, "kept").await;
    assert!(host.broker.health().is_ok());
    fails.store(true, Ordering::SeqCst);
    let words = "the store refuses writes: a write to the data directory failed and nothing is written since: \
                 the device is gone";
    for _ in 0..2 {
        let error = host.broker.send(message(TOPIC, producer, "lost")).await.unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (Code::Unavailable, words));
        let Outcome::Refused(refused) = &host.publish(TOPIC, &["lost"]).await[0] else { panic!("published") };
        assert_eq!(refused.code, Code::Unavailable as u32);
    }
    assert_eq!(host.broker.health().unwrap_err(), &words["the store refuses writes: ".len()..]);
    assert!(host.broker.create_namespace("new").await.is_err());
    assert_eq!(host.broker.namespaces(), ["default", "production"]);
    // What needs no disk goes on, and what was stored can be read.
    host.send("/default/live", live, "x").await;
    assert_eq!(payloads(&host.stored(TOPIC).await), ["kept"]);
}

/// Memory must not claim what the disk does not hold: a topic, subject or subscription
/// whose write failed is not there.
#[tokio::test]
async fn what_could_not_be_written_does_not_exist() {
    for nth in 0..4 {
        let host =
            Host::with(|config| {
                config.commit_hook = Some(Arc::new(move |number| {
                    if number == nth { Err(std::io::Error::other("the device is gone")) } else { Ok(()) }
                }));
            });
        let broker = &host.broker;
        let made = [
            broker.register_schema(register_request("s", "string", "")).await.is_ok(),
            broker.create_producer(producer_request(TOPIC, "p", Reliable)).await.is_ok(),
            broker.subscribe(consumer_request(TOPIC, "s", "c", Shared)).await.is_ok(),
            broker.publish(reliable(TOPIC, &["x"])).await.is_ok_and(|response| {
                response.results.iter().all(|result| matches!(result.outcome, Some(Outcome::Published(_))))
            }),
        ];
        let expected: Vec<bool> = (0..4).map(|step| step < nth).collect();
        assert_eq!(made.to_vec(), expected, "write {nth} fails");
        let there = [broker.metrics().subjects == 1, broker.lookup(TOPIC).is_ok(), broker.metrics().subscriptions == 1];
        assert_eq!(there.to_vec(), expected[..3], "write {nth} fails");
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_forgotten_once_there_is_room() {
    let full = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&full);
    let host = Host::with(|config| {
        config.limits.disk_free_bytes_min = 1000;
        config.free_bytes = Some(Arc::new(move || Ok(if told.load(Ordering::SeqCst) { 900 } else { u64::MAX })));
    });
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Shared).await;
    host.send(TOPIC, producer, "kept").await;
    full.store(true, Ordering::SeqCst);
    let words = "the disk of the data directory is full: 900 bytes are free, 1000 must stay free; \
                 delete something or make room";
    let error = host.broker.send(message(TOPIC, producer, "refused")).await.unwrap_err();
    assert_eq!((error.code(), error.to_string().as_str()), (Code::ResourceExhausted, words));
    assert_eq!(host.broker.health().unwrap_err(), words);
    assert!(host.broker.create_namespace("new").await.is_err());
    // What is stored is delivered and acknowledged, and deleting makes room.
    let message = next(&mut stream).await;
    host.ack("s", &message).await;
    let request = TruncateTopicRequest { topic: TOPIC.to_owned(), before_offset: None };
    assert_eq!(host.broker.truncate_topic(request).await.unwrap().messages_deleted, 1);
    full.store(false, Ordering::SeqCst);
    assert!(host.broker.health().is_ok());
    host.send(TOPIC, producer, "again").await;
    assert_eq!(payload(&next(&mut stream).await), "again");
}

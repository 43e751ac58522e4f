//! What is slow is waited for within bounds, and holds up nobody else: consumers, disks, and very many
//! topics and streams at once.

use crate::harness::*;
use irongate_proto::danube::DispatchStrategy::{NonReliable, Reliable};
use irongate_proto::danube::consumer_request::SubscriptionType::{Exclusive, Shared};
use irongate_proto::irongate_v1::{CreateTopicRequest, ListTopicsRequest};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;

const TOPIC: &str = "/default/orders";

/// A device that takes nothing while it is held.
#[derive(Default)]
struct Device {
    held: Mutex<bool>,
    changed: Condvar,
}

impl Device {
    fn hold(&self, held: bool) {
        *self.held.lock().unwrap() = held;
        self.changed.notify_all();
    }

    fn write(&self) {
        let held = self.held.lock().unwrap();
        drop(self.changed.wait_while(held, |held| *held).unwrap());
    }
}

/// It is handed as much as may be out, and no more is held for it; the other subscription and the
/// producers go on as if it were not there.
#[tokio::test]
async fn a_consumer_that_acknowledges_nothing_holds_up_no_other_subscription() {
    let host = Host::with(|config| config.limits.unacked_messages_max = 20);
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut slow = host.subscribe(TOPIC, "slow", "c", Exclusive).await;
    let mut quick = host.subscribe(TOPIC, "quick", "c", Exclusive).await;
    for number in 0..100 {
        host.send(TOPIC, producer, &number.to_string()).await;
        let message = next(&mut quick).await;
        assert_eq!(payload(&message), number.to_string());
        host.ack("quick", &message).await;
    }
    let mut held = Vec::new();
    for number in 0..20 {
        held.push(next(&mut slow).await);
        assert_eq!(offset(&held[number]), number as u64);
    }
    assert!(is_quiet(&mut slow).await, "more than unacked_messages_max is out");
    let slow_one = host.described(TOPIC).subscriptions.into_iter().find(|one| one.name == "slow").unwrap();
    assert_eq!((slow_one.unacked_count, slow_one.backlog_count), (20, 100));
    // It comes to everything all the same.
    for message in &held {
        host.ack("slow", message).await;
    }
    for number in 20..100 {
        let message = next(&mut slow).await;
        assert_eq!(offset(&message), number);
        host.ack("slow", &message).await;
    }
}

/// Nothing is acknowledged, no more than the queue's bound waits in memory, who does not need the disk
/// goes on, and everything is there in order once it moves again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_disk_that_stands_still_makes_producers_wait_within_the_queues_bound() {
    const SENDERS: usize = 40;
    const QUEUE_BYTES: usize = 8 << 10;
    let device = Arc::new(Device::default());
    let hook = Arc::clone(&device);
    let host = Host::with(|config| {
        config.limits.commit_queue_bytes_max = QUEUE_BYTES;
        config.commit_hook = Some(Arc::new(move |_| {
            hook.write();
            Ok(())
        }));
    });
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let live = host.producer("/default/live", "p", NonReliable).await;
    let mut heard = host.subscribe("/default/live", "s", "c", Shared).await;
    device.hold(true);
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS {
        let (broker, message) = (host.broker.clone(), message(TOPIC, producer, &"x".repeat(1000)));
        senders.spawn(async move { broker.send(message).await });
    }
    while host.broker.metrics().commit_queue_bytes < QUEUE_BYTES as u64 / 2 {
        tokio::task::yield_now().await;
    }
    let answered = tokio::time::timeout(Duration::from_millis(100), senders.join_next()).await;
    assert!(answered.is_err(), "acknowledged before it was written: {answered:?}");
    let waiting = host.broker.metrics().commit_queue_bytes;
    assert!(waiting <= QUEUE_BYTES as u64, "{waiting} bytes wait, {QUEUE_BYTES} are allowed");
    host.send("/default/live", live, "meanwhile").await;
    assert_eq!(payload(&next(&mut heard).await), "meanwhile");
    device.hold(false);
    for outcome in senders.join_all().await {
        outcome.unwrap();
    }
    assert_eq!(host.stored(TOPIC).await.len(), SENDERS);
    assert_eq!(host.broker.metrics().commit_queue_bytes, 0);
}

/// All of them are there after a restart, and the last one works like the first.
#[tokio::test]
async fn ten_thousand_topics_are_listed_used_and_found_again() {
    const BASES: usize = 10;
    const PARTITIONS: u32 = 1000;
    let host = Host::new();
    for base in 0..BASES {
        let request = CreateTopicRequest {
            topic: format!("/default/base-{base}"),
            dispatch_strategy: Reliable.into(),
            partitions: PARTITIONS,
            ..CreateTopicRequest::default()
        };
        host.broker.create_topic(request).await.unwrap();
    }
    let host = host.reopen().await;
    assert_eq!(host.broker.metrics().topics, 10_000);
    let listed = host.broker.list_topics(ListTopicsRequest::default()).unwrap().topics;
    assert_eq!((listed.len(), listed[0].partitions), (BASES, PARTITIONS));
    for topic in ["/default/base-0-part-0", "/default/base-9-part-999"] {
        let producer = host.producer(topic, "p", Reliable).await;
        let mut stream = host.subscribe(topic, "s", "c", Exclusive).await;
        host.send(topic, producer, "x").await;
        assert_eq!(payload(&next(&mut stream).await), "x");
    }
}

/// Each of them waits for nothing but its own message.
#[tokio::test]
async fn thousands_of_idle_streams_leave_the_rest_alone() {
    const TOPICS: usize = 4;
    const CONSUMERS: usize = 1000;
    let host = Host::new();
    let mut streams = Vec::new();
    for topic in 0..TOPICS {
        let topic = format!("/default/t{topic}");
        host.producer(&topic, "p", NonReliable).await;
        for consumer in 0..CONSUMERS {
            streams.push(host.subscribe(&topic, "s", &consumer.to_string(), Shared).await);
        }
    }
    assert_eq!(host.broker.metrics().consumers, (TOPICS * CONSUMERS) as u64);
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut one = host.subscribe(TOPIC, "s", "c", Exclusive).await;
    for number in 0..10 {
        host.send(TOPIC, producer, &number.to_string()).await;
        let message = next(&mut one).await;
        assert_eq!(payload(&message), number.to_string());
        host.ack("s", &message).await;
    }
    // As many messages as a topic has consumers: taking turns, each has one.
    let producer = host.producer("/default/t0", "p", NonReliable).await;
    for number in 0..CONSUMERS {
        host.send("/default/t0", producer, &number.to_string()).await;
    }
    let mut heard = Vec::new();
    for stream in &mut streams[..CONSUMERS] {
        heard.push(payload(&next(stream).await).parse::<usize>().unwrap());
    }
    heard.sort_unstable();
    assert_eq!(heard, (0..CONSUMERS).collect::<Vec<_>>());
}

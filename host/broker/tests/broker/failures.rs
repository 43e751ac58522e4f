//! Failure policies: what becomes of a message that is not acknowledged.

use crate::harness::*;
use irongate_broker::Deliveries;
use irongate_proto::danube::DispatchStrategy::{NonReliable, Reliable};
use irongate_proto::danube::StreamMessage;
use irongate_proto::danube::consumer_request::SubscriptionType::{Exclusive, Shared};
use irongate_proto::danube_admin::SubscriptionPoisonPolicy::{Block, DeadLetter, Drop};
use irongate_proto::danube_admin::{
    GetSubscriptionDispatchConfigRequest, GetSubscriptionFailurePolicyRequest, SetSubscriptionDispatchConfigRequest,
    SetSubscriptionFailurePolicyRequest, SubscriptionDispatchConfig, SubscriptionFailurePolicy,
};
use irongate_proto::irongate_v1::ListTopicsRequest;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tonic::Code;

const TOPIC: &str = "/default/orders";
const DEAD: &str = "/default/dead";

/// Gives the first message back until it does not come again.
async fn exhaust(host: &Host, stream: &mut Deliveries, redeliveries: u32) {
    for attempt in 0..=redeliveries {
        let message = next(stream).await;
        assert_eq!(offset(&message), 0, "attempt {attempt}");
        host.nack("s", &message, Some(0), &format!("attempt {attempt}")).await;
    }
}

fn set(topic: &str, policy: Option<SubscriptionFailurePolicy>) -> SetSubscriptionFailurePolicyRequest {
    let (topic, subscription) = (topic.to_owned(), "s".to_owned());
    SetSubscriptionFailurePolicyRequest { topic, subscription, failure_policy: policy }
}

fn get(topic: &str) -> GetSubscriptionFailurePolicyRequest {
    GetSubscriptionFailurePolicyRequest { topic: topic.to_owned(), subscription: "s".to_owned() }
}

#[tokio::test]
async fn after_five_redeliveries_the_subscription_stands_still_and_says_why() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Shared).await;
    host.send(TOPIC, producer, "bad").await;
    exhaust(&host, &mut stream, 5).await;
    host.send(TOPIC, producer, "behind").await;
    assert!(is_quiet(&mut stream).await);
    let info = host.described(TOPIC).subscriptions.remove(0);
    assert_eq!((info.blocked_offset, info.blocked_reason.as_str()), (Some(0), "attempt 5"));
    // It stands still after a restart too, until somebody decides.
    drop(stream);
    let host = host.reopen().await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Shared).await;
    assert!(is_quiet(&mut stream).await);
    host.set_policy(TOPIC, "s", policy(6, Block)).await;
    let message = next(&mut stream).await;
    assert_eq!(payload(&message), "bad");
    host.ack("s", &message).await;
    assert_eq!(payload(&next(&mut stream).await), "behind");
    assert_eq!(host.described(TOPIC).subscriptions[0].blocked_offset, None);
}

#[tokio::test]
async fn drop_passes_a_message_over_that_failed_too_often() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    host.set_policy(TOPIC, "s", policy(0, Drop)).await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Exclusive).await;
    host.send(TOPIC, producer, "bad").await;
    host.send(TOPIC, producer, "good").await;
    exhaust(&host, &mut stream, 0).await;
    let message = next(&mut stream).await;
    assert_eq!(payload(&message), "good");
    host.ack("s", &message).await;
    while host.described(TOPIC).subscriptions[0].backlog_count > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(host.broker.metrics().messages_poison_dropped_total, 1);
    drop(stream);
    let host = host.reopen().await;
    assert_eq!(host.described(TOPIC).subscriptions[0].next_offset, 2);
}

#[tokio::test]
async fn a_dead_letter_carries_its_origin_and_the_subscription_goes_on() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    host.set_policy(TOPIC, "s", policy(2, DeadLetter)).await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Exclusive).await;
    let mut dead = host.subscribe(DEAD, "review", "c", Exclusive).await;
    let bad = StreamMessage {
        routing_key: Some("user-1".to_owned()),
        producer_name: "shop".to_owned(),
        publish_time: 77,
        attributes: [("currency".to_owned(), "eur".to_owned())].into(),
        ..message(TOPIC, producer, "bad")
    };
    host.broker.send(bad).await.unwrap();
    exhaust(&host, &mut stream, 2).await;
    let letter = next(&mut dead).await;
    assert_eq!((payload(&letter).as_str(), offset(&letter)), ("bad", 0));
    assert_eq!((letter.producer_name.as_str(), letter.publish_time), ("shop", 77));
    assert_eq!(
        (letter.routing_key.as_deref(), letter.msg_id.as_ref().unwrap().topic_name.as_str()),
        (Some("user-1"), DEAD)
    );
    let expected = [
        ("currency", "eur"),
        ("x-original-topic", TOPIC),
        ("x-original-subscription", "s"),
        ("x-original-topic-offset", "0"),
        ("x-delivery-attempt", "3"),
        ("x-failure-reason", "attempt 2"),
        ("x-poison-policy", "dead_letter"),
    ];
    for (name, value) in expected {
        assert_eq!(letter.attributes.get(name).map(String::as_str), Some(value), "{name}");
    }
    host.send(TOPIC, producer, "good").await;
    assert_eq!(payload(&next(&mut stream).await), "good");
    assert_eq!(host.broker.metrics().messages_dead_lettered_total, 1);
}

/// The dead letter is written before the subscription goes on: while it cannot be, the
/// message is kept where it is.
#[tokio::test]
async fn a_dead_letter_that_cannot_be_written_keeps_its_message() {
    let fails = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&fails);
    let host = Host::with(|config| {
        config.commit_hook = Some(Arc::new(move |_| {
            if told.load(Ordering::SeqCst) { Err(std::io::Error::other("the device is gone")) } else { Ok(()) }
        }));
    });
    let producer = host.producer(TOPIC, "p", Reliable).await;
    host.set_policy(TOPIC, "s", policy(0, DeadLetter)).await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Exclusive).await;
    host.send(TOPIC, producer, "bad").await;
    let message = next(&mut stream).await;
    fails.store(true, Ordering::SeqCst);
    host.nack("s", &message, Some(0), "no").await;
    assert!(is_quiet(&mut stream).await);
    assert_eq!(host.described(TOPIC).subscriptions[0].backlog_count, 1);
    assert_eq!(host.broker.metrics().messages_dead_lettered_total, 0);
    drop(stream);
    let Host { broker, dir } = host;
    broker.close().await;
    drop(broker);
    let host = Host { broker: open_again(dir.path()), dir };
    let mut stream = host.subscribe(TOPIC, "s", "c", Exclusive).await;
    let mut dead = host.subscribe(DEAD, "review", "c", Exclusive).await;
    exhaust(&host, &mut stream, 0).await;
    assert_eq!(payload(&next(&mut dead).await), "bad");
}

#[tokio::test]
async fn a_nack_waits_as_long_as_the_policy_says() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let slow = SubscriptionFailurePolicy {
        base_redelivery_delay_ms: 4000,
        max_redelivery_delay_ms: 10_000,
        backoff_strategy: 1,
        ..policy(5, Block)
    };
    host.set_policy(TOPIC, "s", slow).await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Shared).await;
    host.send(TOPIC, producer, "a").await;
    let mut message = next(&mut stream).await;
    tokio::time::pause();
    for seconds in [4, 8, 10] {
        let begun = tokio::time::Instant::now();
        host.nack("s", &message, None, "later").await;
        message = next(&mut stream).await;
        let waited = begun.elapsed();
        assert!(waited >= Duration::from_secs(seconds) && waited < Duration::from_secs(seconds + 1), "{waited:?}");
    }
}

#[tokio::test]
async fn an_ack_timeout_is_the_policys_and_counts_as_a_failure() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    host.set_policy(TOPIC, "s", SubscriptionFailurePolicy { ack_timeout_ms: 2000, ..policy(1, DeadLetter) }).await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Shared).await;
    let mut dead = host.subscribe(DEAD, "review", "c", Exclusive).await;
    host.send(TOPIC, producer, "a").await;
    next(&mut stream).await;
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    next(&mut stream).await;
    assert!(begun.elapsed() >= Duration::from_secs(1) && begun.elapsed() < Duration::from_secs(3));
    tokio::time::resume();
    let letter = next(&mut dead).await;
    assert_eq!(letter.attributes["x-failure-reason"], "not acknowledged within 2000 ms");
}

#[tokio::test]
async fn settings_are_kept_over_a_restart_and_may_come_before_the_subscription() {
    let host = Host::new();
    host.producer(TOPIC, "p", Reliable).await;
    assert_eq!(host.broker.failure_policy(&get(TOPIC)).unwrap().failure_policy, None);
    host.set_policy(TOPIC, "s", policy(1, DeadLetter)).await;
    let config = |count| SetSubscriptionDispatchConfigRequest {
        topic: TOPIC.to_owned(),
        subscription: "s".to_owned(),
        dispatch_config: Some(SubscriptionDispatchConfig { max_unacked_messages: count }),
    };
    host.broker.set_dispatch_config(config(2)).await.unwrap();
    for count in [0, host.broker.limits().unacked_messages_config_max + 1] {
        let error = host.broker.set_dispatch_config(config(count)).await.unwrap_err();
        assert_eq!(error.to_string(), format!("max_unacked_messages is {count}, it must be between 1 and 10000"));
        assert_eq!(error.code(), Code::InvalidArgument);
    }
    let host = host.reopen().await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Shared).await;
    let kept = host.broker.failure_policy(&get(TOPIC)).unwrap();
    assert_eq!((kept.failure_policy, kept.subscription_type), (Some(policy(1, DeadLetter)), Shared as i32));
    let request = GetSubscriptionDispatchConfigRequest { topic: TOPIC.to_owned(), subscription: "s".to_owned() };
    let kept = host.broker.dispatch_config(&request).unwrap();
    assert_eq!(kept.dispatch_config, Some(SubscriptionDispatchConfig { max_unacked_messages: 2 }));
    // And it is enforced, also when it changes while messages are out.
    let producer = host.producer(TOPIC, "p", Reliable).await;
    for number in 0..4 {
        host.send(TOPIC, producer, &number.to_string()).await;
    }
    next(&mut stream).await;
    next(&mut stream).await;
    assert!(is_quiet(&mut stream).await);
    assert_eq!(host.described(TOPIC).subscriptions[0].unacked_count, 2);
    host.broker.set_dispatch_config(config(3)).await.unwrap();
    assert_eq!(payload(&next(&mut stream).await), "2");
    assert!(is_quiet(&mut stream).await);
}

#[tokio::test]
async fn a_policy_that_cannot_work_is_refused() {
    let host = Host::new();
    host.producer(TOPIC, "p", Reliable).await;
    host.producer("/default/live", "p", NonReliable).await;
    let to =
        |topic: &str| SubscriptionFailurePolicy { dead_letter_topic: Some(topic.to_owned()), ..policy(0, DeadLetter) };
    let table = [
        (set("/default/missing", Some(policy(0, Drop))), Code::NotFound, "the topic /default/missing does not exist"),
        (
            set("/default/live", Some(policy(0, Drop))),
            Code::FailedPrecondition,
            "the topic /default/live is non-reliable, only reliable ones redeliver",
        ),
        (set(TOPIC, None), Code::InvalidArgument, "the request carries no failure_policy"),
        (set(TOPIC, Some(to(TOPIC))), Code::InvalidArgument, "/default/orders cannot be its own dead letter topic"),
        (
            set(TOPIC, Some(to("/default/live"))),
            Code::FailedPrecondition,
            "the topic /default/live was created non-reliable, a reliable producer cannot use it",
        ),
    ];
    for (request, code, sentence) in table {
        let error = host.broker.set_failure_policy(request).await.unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (code, sentence));
    }
    assert_eq!(host.broker.list_topics(ListTopicsRequest::default()).unwrap().topics.len(), 2);
}

#[tokio::test]
async fn settings_and_reasons_are_bounded() {
    let host = Host::with(|config| {
        config.limits.subscriptions_per_topic_max = 1;
        config.limits.nack_reason_bytes_max = 4;
    });
    let producer = host.producer(TOPIC, "p", Reliable).await;
    host.set_policy(TOPIC, "s", policy(0, Block)).await;
    let other =
        SetSubscriptionFailurePolicyRequest { subscription: "t".to_owned(), ..set(TOPIC, Some(policy(0, Block))) };
    let error = host.broker.set_failure_policy(other).await.unwrap_err();
    assert_eq!(error.to_string(), "the topic /default/orders has settings for too many subscriptions: the limit is 1");
    let mut stream = host.subscribe(TOPIC, "s", "c", Shared).await;
    host.send(TOPIC, producer, "a").await;
    let message = next(&mut stream).await;
    // Cut between characters, not inside one.
    host.nack("s", &message, None, "abcüx").await;
    assert_eq!(host.described(TOPIC).subscriptions[0].blocked_reason, "abc");
}

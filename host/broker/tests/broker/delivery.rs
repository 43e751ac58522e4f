//! Subscriptions: who gets which message, and when again.

use crate::harness::*;
use irongate_proto::danube::DispatchStrategy::{NonReliable, Reliable};
use irongate_proto::danube::consumer_request::SubscriptionType::{Exclusive, Failover, Shared};
use irongate_proto::danube::{AckRequest, HealthCheckRequest, NackRequest};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio_stream::StreamExt;
use tonic::Code;

const TOPIC: &str = "/default/orders";

#[tokio::test]
async fn a_reliable_subscription_delivers_in_order_and_as_sent() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Exclusive).await;
    for number in 0..100 {
        let mut message = message(TOPIC, producer, &number.to_string());
        message.request_id = number + 7;
        message.publish_time = 1234;
        message.producer_name = "as sent".to_owned();
        message.subscription_name = "not this".to_owned();
        message.attributes.insert("k".to_owned(), "v".to_owned());
        message.routing_key = Some("key".to_owned());
        assert_eq!(host.broker.send(message).await.unwrap().request_id, number + 7);
    }
    for number in 0..100 {
        let message = next(&mut stream).await;
        assert_eq!((offset(&message), payload(&message)), (number, number.to_string()));
        assert_eq!((message.request_id, message.publish_time), (number + 7, 1234));
        assert_eq!((message.producer_name.as_str(), message.subscription_name.as_str()), ("as sent", ""));
        assert_eq!(message.attributes["k"], "v");
        assert_eq!(message.routing_key.as_deref(), Some("key"));
        assert_eq!((message.schema_id, message.schema_version), (None, None));
        host.ack("s", &message).await;
    }
}

#[tokio::test]
async fn a_non_reliable_topic_delivers_to_those_who_are_there() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", NonReliable).await;
    host.send(TOPIC, producer, "nobody hears").await;
    let mut first = host.subscribe(TOPIC, "a", "c", Exclusive).await;
    let mut second = host.subscribe(TOPIC, "b", "c", Exclusive).await;
    host.send(TOPIC, producer, "heard").await;
    for stream in [&mut first, &mut second] {
        let message = next(stream).await;
        assert_eq!((payload(&message).as_str(), offset(&message)), ("heard", 0));
        host.ack("a", &message).await;
    }
    assert!(is_quiet(&mut first).await);
}

#[tokio::test]
async fn a_non_reliable_topic_keeps_what_comes_between_subscribe_and_receive() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", NonReliable).await;
    let request = consumer_request(TOPIC, "s", "c", Exclusive);
    let consumer_id = host.broker.subscribe(request).await.unwrap().consumer_id;
    for number in 0..70 {
        host.send(TOPIC, producer, &number.to_string()).await;
    }
    let mut stream = host.receive(consumer_id);
    host.send(TOPIC, producer, "later").await;
    let expected = (0..64).map(|number: i32| number.to_string()).chain(["later".to_owned()]);
    for expected in expected {
        assert_eq!(payload(&next(&mut stream).await), expected);
    }
    assert_eq!(host.broker.metrics().messages_dropped_total, 6, "64 wait at most");
    assert!(is_quiet(&mut stream).await);
}

#[tokio::test]
async fn a_slow_consumer_of_a_non_reliable_topic_loses_what_does_not_fit() {
    let host = Host::with(|config| config.limits.consumer_queue_messages_max = 10);
    let producer = host.producer(TOPIC, "p", NonReliable).await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Exclusive).await;
    for number in 0..15 {
        host.send(TOPIC, producer, &number.to_string()).await;
    }
    for number in 0..10 {
        assert_eq!(payload(&next(&mut stream).await), number.to_string());
    }
    assert!(is_quiet(&mut stream).await);
    assert_eq!(host.broker.metrics().messages_dropped_total, 5);
}

#[tokio::test]
async fn shared_consumers_take_turns() {
    for strategy in [Reliable, NonReliable] {
        let host = Host::new();
        let producer = host.producer(TOPIC, "p", strategy).await;
        let mut streams =
            [host.subscribe(TOPIC, "s", "c1", Shared).await, host.subscribe(TOPIC, "s", "c2", Shared).await];
        for number in 0..20 {
            host.send(TOPIC, producer, &number.to_string()).await;
        }
        let mut seen = BTreeSet::new();
        for stream in &mut streams {
            for _ in 0..10 {
                seen.insert(payload(&next(stream).await));
            }
        }
        assert_eq!(seen.len(), 20, "{strategy:?}");
    }
}

#[tokio::test]
async fn an_exclusive_subscription_refuses_a_second_consumer_until_the_first_is_gone() {
    let host = Host::new();
    host.producer(TOPIC, "p", Reliable).await;
    let first = host.subscribe(TOPIC, "s", "c1", Exclusive).await;
    let request = || consumer_request(TOPIC, "s", "c2", Exclusive);
    let error = host.broker.subscribe(request()).await.unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied);
    assert_eq!(error.to_string(), "the exclusive subscription s on /default/orders is taken by c1");
    drop(first);
    assert!(host.broker.subscribe(request()).await.is_ok());
}

#[tokio::test]
async fn a_subscription_keeps_its_type() {
    let host = Host::new();
    host.producer(TOPIC, "p", Reliable).await;
    let _stream = host.subscribe(TOPIC, "s", "c1", Exclusive).await;
    let error = host.broker.subscribe(consumer_request(TOPIC, "s", "c2", Shared)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the subscription s on /default/orders is exclusive, a shared consumer cannot join it"
    );
    assert_eq!(error.code(), Code::PermissionDenied);
    let mut unknown = consumer_request(TOPIC, "t", "c", Shared);
    unknown.subscription_type = 9;
    assert_eq!(host.broker.subscribe(unknown).await.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn failover_goes_to_the_next_with_what_was_not_acknowledged() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut first = host.subscribe(TOPIC, "s", "c1", Failover).await;
    let mut second = host.subscribe(TOPIC, "s", "c2", Failover).await;
    for number in 0..3 {
        host.send(TOPIC, producer, &number.to_string()).await;
    }
    let message = next(&mut first).await;
    host.ack("s", &message).await;
    next(&mut first).await;
    assert!(is_quiet(&mut second).await);
    drop(first);
    assert_eq!(payload(&next(&mut second).await), "1");
    assert_eq!(payload(&next(&mut second).await), "2");
}

#[tokio::test]
async fn the_same_consumer_name_takes_over() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let request = || consumer_request(TOPIC, "s", "c", Exclusive);
    let id = host.broker.subscribe(request()).await.unwrap().consumer_id;
    let mut old = host.receive(id);
    host.send(TOPIC, producer, "held").await;
    next(&mut old).await;
    assert_eq!(host.broker.subscribe(request()).await.unwrap().consumer_id, id);
    assert!(old.next().await.is_none());
    let mut new = host.receive(id);
    drop(old);
    assert_eq!(payload(&next(&mut new).await), "held");
}

#[tokio::test]
async fn what_a_dropped_stream_held_is_delivered_again_and_nothing_else() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Shared).await;
    for number in 0..4 {
        host.send(TOPIC, producer, &number.to_string()).await;
    }
    for _ in 0..4 {
        let message = next(&mut stream).await;
        if offset(&message).is_multiple_of(2) {
            host.ack("s", &message).await;
        }
    }
    drop(stream);
    let mut stream = host.subscribe(TOPIC, "s", "other", Shared).await;
    assert_eq!(payload(&next(&mut stream).await), "1");
    assert_eq!(payload(&next(&mut stream).await), "3");
    assert!(is_quiet(&mut stream).await);
    assert_eq!(host.broker.metrics().messages_redelivered_total, 2);
}

#[tokio::test]
async fn a_nacked_message_comes_back_after_its_delay() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Shared).await;
    host.send(TOPIC, producer, "a").await;
    let message = next(&mut stream).await;
    tokio::time::pause();
    let nacked_at = tokio::time::Instant::now();
    let request = NackRequest {
        msg_id: message.msg_id.clone(),
        subscription_name: "s".to_owned(),
        delay_ms: Some(5000),
        ..NackRequest::default()
    };
    host.broker.nack(request).await.unwrap();
    assert_eq!(offset(&next(&mut stream).await), 0);
    assert!(nacked_at.elapsed() >= Duration::from_secs(5));
}

#[tokio::test]
async fn an_unacknowledged_message_comes_back_after_the_timeout() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Shared).await;
    host.send(TOPIC, producer, "a").await;
    next(&mut stream).await;
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    assert_eq!(offset(&next(&mut stream).await), 0);
    // The first redelivery waits a second, as after a nack.
    let timeout = Duration::from_millis(host.broker.limits().ack_timeout_ms + 1000);
    let slack = Duration::from_secs(1);
    assert!(begun.elapsed() <= timeout + slack && begun.elapsed() >= timeout - slack);
}

#[tokio::test]
async fn no_more_than_the_limit_is_out_unacknowledged() {
    let host = Host::with(|config| config.limits.unacked_messages_max = 5);
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Shared).await;
    for number in 0..8 {
        host.send(TOPIC, producer, &number.to_string()).await;
    }
    let mut held = Vec::new();
    for _ in 0..5 {
        held.push(next(&mut stream).await);
    }
    assert!(is_quiet(&mut stream).await);
    host.ack("s", &held[3]).await;
    assert_eq!(offset(&next(&mut stream).await), 5);
    assert!(is_quiet(&mut stream).await);
}

#[tokio::test]
async fn acknowledging_twice_or_too_far_does_no_harm() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Shared).await;
    host.send(TOPIC, producer, "a").await;
    let mut message = next(&mut stream).await;
    host.ack("s", &message).await;
    host.ack("s", &message).await;
    message.msg_id.as_mut().unwrap().topic_offset = 1_000_000;
    host.ack("s", &message).await;
    host.send(TOPIC, producer, "b").await;
    assert_eq!(payload(&next(&mut stream).await), "b");
}

#[tokio::test]
async fn an_ack_that_names_nothing_known_is_refused() {
    let host = Host::new();
    host.producer(TOPIC, "p", Reliable).await;
    let missing = host.broker.ack(AckRequest::default()).await.unwrap_err();
    assert_eq!(missing.code(), Code::InvalidArgument);
    let request = AckRequest {
        msg_id: message(TOPIC, 0, "").msg_id,
        subscription_name: "none".to_owned(),
        ..AckRequest::default()
    };
    let unknown = host.broker.ack(request).await.unwrap_err();
    assert_eq!(
        (unknown.code(), unknown.to_string().as_str()),
        (Code::Internal, "/default/orders has no subscription none")
    );
}

#[tokio::test]
async fn a_new_subscription_begins_behind_the_newest_message() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    host.send(TOPIC, producer, "before").await;
    let mut stream = host.subscribe(TOPIC, "s", "c", Exclusive).await;
    host.send(TOPIC, producer, "after").await;
    assert_eq!(payload(&next(&mut stream).await), "after");
}

#[tokio::test]
async fn health_checks_know_who_is_known() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", Reliable).await;
    let consumer = host.broker.subscribe(consumer_request(TOPIC, "s", "c", Shared)).await.unwrap().consumer_id;
    let check = |client, id| host.broker.health_check(HealthCheckRequest { request_id: 1, client, id });
    assert_eq!(check(0, producer).unwrap().status, 0);
    assert_eq!(check(1, consumer).unwrap().status, 0);
    assert_eq!(check(0, consumer).unwrap().status, 1);
    assert_eq!(check(1, 1).unwrap().status, 1);
    assert_eq!(check(2, 1).unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn consumers_and_subscriptions_nobody_uses_are_forgotten() {
    let host = Host::new();
    host.producer(TOPIC, "p", NonReliable).await;
    let stream = host.subscribe(TOPIC, "s", "c", Shared).await;
    drop(stream);
    assert_eq!((host.broker.metrics().consumers, host.broker.metrics().subscriptions), (1, 1));
    tokio::time::pause();
    // The consumer goes after one idle time, its subscription after that.
    tokio::time::sleep(Duration::from_millis(3 * host.broker.limits().consumer_idle_ms)).await;
    assert_eq!((host.broker.metrics().consumers, host.broker.metrics().subscriptions), (0, 0));
}

#[tokio::test]
async fn consumers_and_subscriptions_are_bounded_and_say_so() {
    let host = Host::with(|config| {
        config.limits.consumers_per_subscription_max = 1;
        config.limits.subscriptions_per_topic_max = 2;
    });
    host.producer(TOPIC, "p", Reliable).await;
    let _first = host.subscribe(TOPIC, "s", "c1", Shared).await;
    let _second = host.subscribe(TOPIC, "t", "c1", Shared).await;
    for (subscription, consumer, sentence) in [
        ("s", "c2", "the subscription s has too many consumers: the limit is 1"),
        ("u", "c1", "the topic /default/orders has too many subscriptions: the limit is 2"),
    ] {
        let error = host.broker.subscribe(consumer_request(TOPIC, subscription, consumer, Shared)).await.unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (Code::ResourceExhausted, sentence));
    }
}

//! Section 1: what the first producer of a topic decides for those who come after it.

use super::fields::{Fields, fields};
use super::wire::*;
use tonic::Code;

const CREATE: &str = "danube.ProducerService/CreateProducer";

const WHOLLY_OWN: u64 = 1;

fn with_access(name: &str, mode: u64) -> Fields {
    producer(TOPIC, name, RELIABLE).number(5, mode)
}

/// An exclusive producer keeps everybody else out, those who were there before included, and its own
/// name takes over.
#[tokio::test]
async fn an_exclusive_producer_keeps_others_out() {
    let wire = Wire::start().await;
    let own = wire.call(CREATE, with_access("own", WHOLLY_OWN)).await.get_number(2);
    for mode in [0, WHOLLY_OWN] {
        let refusal = wire.refusal(CREATE, with_access("other", mode)).await;
        assert_eq!(refusal.code(), Code::PermissionDenied);
        assert!(refusal.message().contains("own"), "the holder is named: {refusal}");
    }
    assert_eq!(wire.call(CREATE, with_access("own", WHOLLY_OWN)).await.get_number(2), own);
    wire.send(TOPIC, own, b"mine").await.expect("sent");
    let ours = fields().text(1, TOPIC).text(2, "other").message(6, &fields().text(1, "not mine"));
    let refused = wire.call("irongate.v1.PublishService/Publish", ours).await.get_message(1).get_message(2);
    assert_eq!(refused.get_number(1), Code::PermissionDenied as u64, "our own service is kept out too: {refused:?}");
    // As shared again, the name gives the topic back.
    wire.call(CREATE, with_access("own", 0)).await;
    wire.call(CREATE, with_access("other", 0)).await;
    assert_eq!(wire.code(CREATE, with_access("third", WHOLLY_OWN)).await, Code::PermissionDenied, "others are there");
    assert_eq!(wire.code(CREATE, with_access("own", 9)).await, Code::InvalidArgument);
}

/// No call closes a producer, so silence has to do.
#[tokio::test]
async fn a_silent_exclusive_producer_loses_its_topic() {
    let wire = Wire::start_with(|config| config.limits.exclusive_producer_idle_ms = 20).await;
    let own = wire.call(CREATE, with_access("own", WHOLLY_OWN)).await.get_number(2);
    until("the silent one has lost it", async || wire.try_call(CREATE, with_access("next", WHOLLY_OWN)).await.is_ok())
        .await;
    let refusal = wire.send(TOPIC, own, b"late").await;
    // Unless the next one has been silent for as long itself.
    if let Err(status) = refusal {
        assert_eq!(status.code(), Code::PermissionDenied, "{status}");
    }
}

/// It is the topic's from then on, and everybody is told which it is.
#[tokio::test]
async fn the_first_producer_decides_the_dispatch_strategy() {
    let wire = Wire::start().await;
    for (topic, first, other, word) in [
        ("/default/kept", RELIABLE, NON_RELIABLE, "Reliable"),
        ("/default/live", NON_RELIABLE, RELIABLE, "NonReliable"),
    ] {
        wire.producer(topic, "first", first).await;
        wire.producer(topic, "second", first).await;
        let refusal = wire.refusal(CREATE, producer(topic, "third", other)).await;
        assert_eq!(refusal.code(), Code::FailedPrecondition, "{refusal}");
        let described = wire.call("danube_admin.TopicAdmin/DescribeTopic", fields().text(1, topic)).await;
        assert_eq!(described.get_text(4), word);
    }
}

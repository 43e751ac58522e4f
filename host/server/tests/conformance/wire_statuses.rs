//! Section 1, status codes: one test for each situation, with the sentence where Danube's clients show it.

use super::fields::{Fields, fields};
use super::wire::*;
use tonic::Code;

const CREATE: &str = "danube.ProducerService/CreateProducer";
const LOOKUP: &str = "danube.Discovery/TopicLookup";
const SUBSCRIBE: &str = "danube.ConsumerService/Subscribe";

fn by_subject(topic: &str, name: &str, subject: &str) -> Fields {
    producer(topic, name, RELIABLE).message(4, &fields().text(1, subject))
}

#[tokio::test]
async fn a_missing_namespace_is_unavailable() {
    let wire = Wire::start_with(|config| config.auto_create_topics = false).await;
    let refusal = wire.refusal(CREATE, producer("/production/t", "p", RELIABLE)).await;
    assert_eq!(refusal.code(), Code::Unavailable);
    assert!(refusal.message().starts_with("Unable to find the namespace production"), "{refusal}");
}

#[tokio::test]
async fn a_missing_topic_is_not_found() {
    let wire = Wire::start().await;
    assert_eq!(wire.code(LOOKUP, fields().text(2, TOPIC)).await, Code::NotFound);
    assert_eq!(wire.code(SUBSCRIBE, consumer_request(TOPIC, "s", "c", SHARED)).await, Code::NotFound);
}

#[tokio::test]
async fn a_topic_that_may_not_be_created_is_not_found() {
    let wire = Wire::start_with(|config| config.auto_create_topics = false).await;
    assert_eq!(wire.code(CREATE, producer(TOPIC, "p", RELIABLE)).await, Code::NotFound);
}

/// A cluster asks its client to look the new topic up again; here its one broker has it at once.
#[tokio::test]
async fn a_topic_just_created_needs_no_second_attempt() {
    let wire = Wire::start().await;
    let id = wire.producer(TOPIC, "p", RELIABLE).await;
    wire.send(TOPIC, id, b"x").await.expect("sent at once");
    assert_eq!(wire.call(LOOKUP, fields().text(2, TOPIC)).await.get_number(4), 1);
}

#[tokio::test]
async fn a_producer_that_does_not_fit_its_topic_is_a_failed_precondition() {
    let wire = Wire::start().await;
    wire.register("s", "string", "").await;
    wire.register("other", "string", "").await;
    wire.bound_producer(TOPIC, "p", "s").await;
    for request in
        [producer(TOPIC, "q", NON_RELIABLE), by_subject(TOPIC, "q", "other"), by_subject(TOPIC, "q", "unregistered")]
    {
        assert_eq!(wire.code(CREATE, request).await, Code::FailedPrecondition);
    }
}

#[tokio::test]
async fn too_many_producers_or_consumers_are_resource_exhausted() {
    let wire = Wire::start_with(|config| {
        config.limits.producers_per_topic_max = 1;
        config.limits.consumers_per_subscription_max = 1;
    })
    .await;
    wire.producer(TOPIC, "p", RELIABLE).await;
    assert_eq!(wire.code(CREATE, producer(TOPIC, "q", RELIABLE)).await, Code::ResourceExhausted);
    wire.subscribe(TOPIC, "s", "c", SHARED).await;
    assert_eq!(wire.code(SUBSCRIBE, consumer_request(TOPIC, "s", "d", SHARED)).await, Code::ResourceExhausted);
}

#[tokio::test]
async fn sending_to_an_unknown_producer_is_not_found() {
    let wire = Wire::start().await;
    let id = wire.producer(TOPIC, "p", RELIABLE).await;
    assert_eq!(wire.send(TOPIC, id ^ 1, b"x").await.expect_err("unknown").code(), Code::NotFound);
}

#[tokio::test]
async fn what_cannot_be_published_is_permission_denied() {
    let wire = Wire::start().await;
    wire.register("s", "number", "").await;
    let id = wire.bound_producer(TOPIC, "p", "s").await;
    for refused in [
        message(TOPIC, id, b"no number"),
        message("/default/elsewhere", id, b"1"),
        message(TOPIC, id, b"1").number(8, 77),
    ] {
        let refusal = wire.try_send(refused.clone()).await.expect_err("refused");
        assert_eq!(refusal.code(), Code::PermissionDenied, "{refused:?}");
        assert!(refusal.message().starts_with("Unable to publish the message: "), "{refusal}");
    }
}

#[tokio::test]
async fn a_message_over_the_policy_is_an_invalid_argument_and_over_the_frame_out_of_range() {
    let wire = Wire::start_with(|config| config.limits.message_bytes_max = 1 << 20).await;
    let id = wire.producer(TOPIC, "p", RELIABLE).await;
    let code =
        async |bytes: usize| wire.send(TOPIC, id, &vec![b'x'; bytes]).await.map(drop).map_err(|status| status.code());
    assert_eq!(code((1 << 20) - 500).await, Ok(()));
    assert_eq!(code((1 << 20) + 1).await, Err(Code::InvalidArgument));
    assert_eq!(code(2 << 20).await, Err(Code::OutOfRange));
    assert_eq!(code(1).await, Ok(()), "the connection still works");
}

#[tokio::test]
async fn a_subscription_that_cannot_be_joined_is_permission_denied() {
    let wire = Wire::start().await;
    wire.producer(TOPIC, "p", RELIABLE).await;
    wire.subscribe(TOPIC, "s", "c", EXCLUSIVE).await;
    for (consumer, kind) in [("d", EXCLUSIVE), ("d", SHARED), ("c", SHARED), ("d", 9)] {
        let code = wire.code(SUBSCRIBE, consumer_request(TOPIC, "s", consumer, kind)).await;
        assert_eq!(code, Code::PermissionDenied, "{consumer} as {kind}");
    }
}

#[tokio::test]
async fn receiving_as_an_unknown_consumer_is_not_found() {
    let wire = Wire::start().await;
    let refused = wire.open("danube.ConsumerService/ReceiveMessages", fields().number(2, 7)).await;
    assert_eq!(refused.expect_err("unknown").code(), Code::NotFound);
}

#[tokio::test]
async fn an_acknowledgement_that_fits_nothing_is_internal() {
    let wire = Wire::start().await;
    wire.producer(TOPIC, "p", RELIABLE).await;
    wire.subscribe(TOPIC, "s", "c", SHARED).await;
    for method in ["danube.ConsumerService/Ack", "danube.ConsumerService/Nack"] {
        for (topic, subscription) in [(TOPIC, "unknown"), ("/default/unknown", "s")] {
            let request = fields().message(2, &fields().text(2, topic)).text(3, subscription);
            assert_eq!(wire.code(method, request).await, Code::Internal, "{method} {topic} {subscription}");
        }
        // Danube takes an offset that does not exist, too.
        let bogus = fields().message(2, &fields().text(2, TOPIC).number(5, 1_000_000)).text(3, "s");
        wire.call(method, bogus).await;
    }
}

#[tokio::test]
async fn a_health_check_of_an_unknown_kind_is_an_invalid_argument() {
    let wire = Wire::start().await;
    let check = |client: u64| fields().number(2, client).number(3, 7);
    let close = 1;
    assert_eq!(wire.call("danube.HealthCheck/HealthCheck", check(0)).await.get_number(1), close);
    assert_eq!(wire.code("danube.HealthCheck/HealthCheck", check(9)).await, Code::InvalidArgument);
}

#[tokio::test]
async fn a_schema_that_is_refused_is_internal() {
    let wire = Wire::start().await;
    wire.register("s", "json_schema", r#"{"type":"string"}"#).await;
    for refused in [
        schema("s", "json_schema", r#"{"type":"integer"}"#),
        schema("t", "json_schema", r#"{"type":"objekt"}"#),
        schema("t", "xml", "<a/>"),
    ] {
        let refusal = wire.registry_refusal("RegisterSchema", refused).await;
        assert_eq!(refusal.code(), Code::Internal);
        assert!(refusal.message().starts_with("Failed to register schema: "), "{refusal}");
    }
    let check = fields().text(1, "unknown").text(2, "{}").text(3, "json_schema");
    let refusal = wire.registry_refusal("CheckCompatibility", check).await;
    assert_eq!(refusal.code(), Code::Internal);
    let refusal = wire.registry_refusal("DeleteSchemaVersion", fields().text(1, "s").number(2, 77)).await;
    assert_eq!(refusal.code(), Code::Internal, "Danube answers success: {refusal}");
}

#[tokio::test]
async fn a_schema_that_is_missing_is_not_found() {
    let wire = Wire::start().await;
    wire.register("s", "string", "").await;
    for (method, request) in [
        ("GetSchema", fields().number(1, 7)),
        ("GetSchema", fields().number(1, 1).number(2, 7)),
        ("GetLatestSchema", fields().text(1, "unknown")),
        ("ListVersions", fields().text(1, "unknown")),
        ("GetTopicSchemaConfig", fields().text(1, "/default/unknown")),
    ] {
        assert_eq!(wire.registry_refusal(method, request).await.code(), Code::NotFound, "{method}");
    }
}

/// Danube lets a mode that it does not know pass in CheckCompatibility, as if none were given.
#[tokio::test]
async fn an_unknown_mode_or_policy_is_an_invalid_argument() {
    let wire = Wire::start().await;
    wire.register("s", "string", "").await;
    wire.producer(TOPIC, "p", RELIABLE).await;
    for (method, request) in [
        ("SetCompatibilityMode", fields().text(1, "s").text(2, "sometimes")),
        ("CheckCompatibility", fields().text(1, "s").text(3, "string").text(4, "sometimes")),
        ("ConfigureTopicSchema", fields().text(1, TOPIC).text(2, "s").text(3, "sometimes")),
        ("UpdateTopicValidationPolicy", fields().text(1, TOPIC).text(2, "sometimes")),
    ] {
        assert_eq!(wire.registry_refusal(method, request).await.code(), Code::InvalidArgument, "{method}");
    }
}

#[tokio::test]
async fn an_unknown_dispatch_strategy_is_an_invalid_argument() {
    let wire = Wire::start().await;
    assert_eq!(wire.code(CREATE, producer(TOPIC, "p", 9)).await, Code::InvalidArgument);
}

//! Topics bound to a schema: who binds, what is refused, what the policies do.

use crate::harness::*;
use irongate_broker::BrokerError;
use irongate_proto::danube::DispatchStrategy::{NonReliable, Reliable};
use irongate_proto::danube::SchemaReference;
use irongate_proto::danube::schema_reference::VersionRef;
use irongate_proto::danube_schema::{
    ConfigureTopicSchemaRequest, GetTopicSchemaConfigRequest, SetCompatibilityModeRequest,
    UpdateTopicValidationPolicyRequest,
};
use irongate_proto::irongate_v1::PublishRequest;
use irongate_proto::irongate_v1::publish_result::Outcome;
use tonic::Code;

const TOPIC: &str = "/default/user-events";
const VALID: &str = r#"{"user_id":"u123"}"#;
const INVALID: &str = r#"{"user_id":123}"#;

async fn bound(host: &Host) -> u64 {
    host.register("user-events", "json_schema", USER_EVENTS).await;
    let mut request = producer_request(TOPIC, "p", Reliable);
    request.schema_ref = subject("user-events");
    host.broker.create_producer(request).await.unwrap().producer_id
}

async fn policy(host: &Host, policy: &str, payload: bool) {
    let request = UpdateTopicValidationPolicyRequest {
        topic_name: TOPIC.to_owned(),
        validation_policy: policy.to_owned(),
        enable_payload_validation: payload,
    };
    assert!(host.broker.update_topic_validation_policy(request).await.unwrap().success);
}

#[tokio::test]
async fn the_producer_that_creates_a_topic_binds_it() {
    let host = Host::new();
    let mut request = producer_request(TOPIC, "p", Reliable);
    request.schema_ref = subject("user-events");
    let error = host.broker.create_producer(request).await.unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition);
    assert_eq!(error.to_string(), "the schema subject user-events is not registered");
    // Nothing came into being.
    assert_eq!(host.broker.lookup(TOPIC).unwrap_err().code(), Code::NotFound);

    bound(&host).await;
    let config = GetTopicSchemaConfigRequest { topic_name: TOPIC.to_owned() };
    let config = host.broker.get_topic_schema_config(config).await.unwrap();
    assert_eq!(config.schema_subject, "user-events");
    assert_eq!((config.validation_policy.as_str(), config.enable_payload_validation), ("enforce", true));
    assert_eq!(config.schema_id, 1);

    host.register("other", "string", "").await;
    let mut other = producer_request(TOPIC, "q", Reliable);
    other.schema_ref = subject("other");
    assert_eq!(host.broker.create_producer(other).await.unwrap_err().code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn a_later_producer_binds_an_unbound_topic() {
    let host = Host::new();
    let plain = host.producer(TOPIC, "plain", Reliable).await;
    host.send(TOPIC, plain, INVALID).await;
    bound(&host).await;
    let refused = host.broker.send(message(TOPIC, plain, INVALID)).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn an_invalid_message_is_refused_with_every_violation_in_words() {
    let host = Host::new();
    let producer = bound(&host).await;
    let error = host.broker.send(message(TOPIC, producer, r#"{"user_id":123,"action":4}"#)).await.unwrap_err();
    let BrokerError::PayloadInvalid { subject, version, violations, .. } = &error else { panic!("{error:?}") };
    assert_eq!((subject.as_str(), *version, violations.len()), ("user-events", 1, 2));
    assert_eq!(error.code(), Code::PermissionDenied);
    let text = error.to_string();
    let head = "Unable to publish the message: Payload validation failed: topic /default/user-events, \
                subject user-events version 1; /user_id: ";
    assert!(text.starts_with(head), "{text}");
    assert!(text.contains("(line 1, column 12)") && text.contains("/action: "), "{text}");
    assert!(host.stored(TOPIC).await.is_empty());
    assert_eq!(host.broker.metrics().messages_invalid_total, 1);
}

#[tokio::test]
async fn schema_id_and_version_are_attached() {
    let host = Host::new();
    let producer = bound(&host).await;
    host.send(TOPIC, producer, VALID).await;
    let stored = host.stored(TOPIC).await;
    assert_eq!((stored[0].schema_id, stored[0].schema_version), (Some(1), Some(1)));
}

#[tokio::test]
async fn publish_returns_violations_as_data_and_stores_the_others() {
    let host = Host::new();
    bound(&host).await;
    let outcomes = host.publish(TOPIC, &[VALID, INVALID, "not json"]).await;
    let Outcome::Published(published) = &outcomes[0] else { panic!("{outcomes:?}") };
    assert_eq!((published.offset, published.schema_id, published.schema_version), (Some(0), Some(1), Some(1)));
    let Outcome::Refused(refused) = &outcomes[1] else { panic!("{outcomes:?}") };
    assert_eq!(refused.code, Code::PermissionDenied as u32);
    assert_eq!(
        (refused.violations[0].instance_path.as_str(), refused.violations[0].rule.as_str()),
        ("/user_id", "type")
    );
    let Outcome::Refused(refused) = &outcomes[2] else { panic!("{outcomes:?}") };
    assert_eq!(refused.violations[0].rule, "syntax");
}

#[tokio::test]
async fn publish_binds_the_topic_it_creates() {
    let host = Host::new();
    let unknown = PublishRequest { schema_ref: subject("none"), ..reliable(TOPIC, &[VALID]) };
    assert_eq!(host.broker.publish(unknown).await.unwrap_err().code(), Code::FailedPrecondition);
    host.register("user-events", "json_schema", USER_EVENTS).await;
    let request = PublishRequest { schema_ref: subject("user-events"), partitions: 2, ..reliable(TOPIC, &[INVALID]) };
    assert!(matches!(host.publish_request(request).await[0], Outcome::Refused(_)));
    // Both partitions, also for a client that names no subject.
    for partition in ["/default/user-events-part-0", "/default/user-events-part-1"] {
        let producer = host.producer(partition, "p", Reliable).await;
        let error = host.broker.send(message(partition, producer, INVALID)).await.unwrap_err();
        assert!(matches!(error, BrokerError::PayloadInvalid { .. }));
    }
}

#[tokio::test]
async fn each_policy_does_what_its_name_says() {
    let host = Host::new();
    let producer = bound(&host).await;
    policy(&host, "warn", true).await;
    host.send(TOPIC, producer, INVALID).await;
    let outcomes = host.publish(TOPIC, &[INVALID]).await;
    let Outcome::Published(published) = &outcomes[0] else { panic!("{outcomes:?}") };
    assert_eq!(published.warnings.len(), 1);
    assert_eq!(host.broker.metrics().messages_warned_total, 2);

    policy(&host, "enforce", false).await;
    host.send(TOPIC, producer, INVALID).await;

    policy(&host, "none", true).await;
    host.send(TOPIC, producer, "nothing is looked at").await;
    assert_eq!(host.stored(TOPIC).await[3].schema_id, None);

    policy(&host, "ENFORCE", true).await;
    assert!(host.broker.send(message(TOPIC, producer, INVALID)).await.is_err());
    let wrong = UpdateTopicValidationPolicyRequest { topic_name: TOPIC.to_owned(), ..Default::default() };
    let error = host.broker.update_topic_validation_policy(wrong).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_topic_can_be_bound_by_configuration() {
    let host = Host::new();
    let producer = host.producer(TOPIC, "p", NonReliable).await;
    host.register("numbers", "number", "").await;
    let request = |subject: &str| ConfigureTopicSchemaRequest {
        topic_name: TOPIC.to_owned(),
        schema_subject: subject.to_owned(),
        validation_policy: "enforce".to_owned(),
        enable_payload_validation: true,
    };
    let error = host.broker.configure_topic_schema(request("none")).await.unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition);
    host.broker.configure_topic_schema(request("numbers")).await.unwrap();
    assert!(host.broker.send(message(TOPIC, producer, "no number")).await.is_err());
    host.send(TOPIC, producer, "42").await;
}

const V2: &str = r#"{
  "type": "object",
  "properties": { "id": { "type": "integer" } },
  "required": ["id"]
}"#;

/// In Danube compiled schemas are kept by subject with the first version seen, so that
/// messages of a later version are checked against the older one.
#[tokio::test]
async fn a_message_is_checked_against_the_version_it_names() {
    let host = Host::new();
    let producer = bound(&host).await;
    let mode = SetCompatibilityModeRequest { subject: "user-events".to_owned(), compatibility_mode: "none".to_owned() };
    host.broker.set_compatibility_mode(mode).await.unwrap();
    host.send(TOPIC, producer, VALID).await;
    assert_eq!(host.register("user-events", "json_schema", V2).await.version, 2);

    let named = |payload: &str, version: u32| {
        let mut message = message(TOPIC, producer, payload);
        message.schema_id = Some(1);
        message.schema_version = Some(version);
        host.broker.send(message)
    };
    assert!(named(VALID, 1).await.is_ok());
    assert!(named(r#"{"id":1}"#, 2).await.is_ok());
    assert!(named(VALID, 2).await.is_err());
    assert!(named(r#"{"id":1}"#, 1).await.is_err());
    let error = named(VALID, 3).await.unwrap_err();
    assert_eq!(error.to_string(), "the schema subject user-events has no version 3; it has 1, 2");
    // Without a version on the message the producer's reference decides: here the latest.
    host.send(TOPIC, producer, r#"{"id":2}"#).await;
    let mut wrong_subject = message(TOPIC, producer, VALID);
    wrong_subject.schema_id = Some(7);
    assert_eq!(host.broker.send(wrong_subject).await.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn pinned_and_minimum_versions_hold() {
    let host = Host::new();
    bound(&host).await;
    let mode = SetCompatibilityModeRequest { subject: "user-events".to_owned(), compatibility_mode: "none".to_owned() };
    host.broker.set_compatibility_mode(mode).await.unwrap();
    host.register("user-events", "json_schema", V2).await;
    let create = |name: &str, version_ref| {
        let mut request = producer_request(TOPIC, name, Reliable);
        request.schema_ref =
            Some(SchemaReference { subject: "user-events".to_owned(), version_ref: Some(version_ref) });
        host.broker.create_producer(request)
    };
    for version_ref in [VersionRef::PinnedVersion(9), VersionRef::MinVersion(9)] {
        assert_eq!(create("far", version_ref).await.unwrap_err().code(), Code::FailedPrecondition);
    }
    let pinned = create("pinned", VersionRef::PinnedVersion(1)).await.unwrap().producer_id;
    host.send(TOPIC, pinned, VALID).await;
    let least = create("least", VersionRef::MinVersion(2)).await.unwrap().producer_id;
    host.send(TOPIC, least, r#"{"id":1}"#).await;
    for (producer, version) in [(pinned, 2), (least, 1)] {
        let mut message = message(TOPIC, producer, VALID);
        message.schema_version = Some(version);
        assert!(matches!(host.broker.send(message).await, Err(BrokerError::PublishRefused { .. })));
    }
}

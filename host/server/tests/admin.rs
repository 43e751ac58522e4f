//! Danube's administration contract over the wire, on the one port, and our own additions to it.

use crate::harness::TestServer;
use irongate_proto::danube::consumer_request::SubscriptionType;
use irongate_proto::danube::consumer_service_client::ConsumerServiceClient;
use irongate_proto::danube::{ConsumerRequest, NackRequest, ReceiveRequest, SchemaReference, StreamMessage};
use irongate_proto::danube_admin::broker_admin_client::BrokerAdminClient;
use irongate_proto::danube_admin::namespace_admin_client::NamespaceAdminClient;
use irongate_proto::danube_admin::topic_admin_client::TopicAdminClient;
use irongate_proto::danube_admin::{
    ActivateBrokerRequest, BrokerRequest, ClusterBalanceRequest, DescribeTopicRequest, Empty,
    GetSubscriptionDispatchConfigRequest, GetSubscriptionFailurePolicyRequest, NamespaceRequest, RebalanceRequest,
    SetSubscriptionDispatchConfigRequest, SetSubscriptionFailurePolicyRequest, SubscriptionBackoffStrategy,
    SubscriptionDispatchConfig, SubscriptionFailurePolicy, SubscriptionPoisonPolicy, SubscriptionRequest, TopicRequest,
    UnloadBrokerRequest,
};
use irongate_proto::danube_schema::RegisterSchemaRequest;
use irongate_proto::irongate_v1::topic_service_client::TopicServiceClient;
use irongate_proto::irongate_v1::{self as v1, DeleteTopicRequest, Retention, SetTopicRetentionRequest};
use tonic::transport::Channel;
use tonic::{Code, Streaming};

const TOPIC: &str = "/default/t";
const DEAD: &str = "/default/dead";

async fn subscribe(channel: &Channel, topic: &str, kind: SubscriptionType) -> Streaming<StreamMessage> {
    let mut client = ConsumerServiceClient::new(channel.clone());
    let request = ConsumerRequest {
        topic_name: topic.into(),
        consumer_name: "c".into(),
        subscription: "s".into(),
        subscription_type: kind.into(),
        ..ConsumerRequest::default()
    };
    let consumer_id = client.subscribe(request).await.expect("a subscription").into_inner().consumer_id;
    client.receive_messages(ReceiveRequest { request_id: 1, consumer_id }).await.expect("a stream").into_inner()
}

fn topic_request(name: &str) -> TopicRequest {
    TopicRequest { name: name.into() }
}

#[tokio::test]
async fn broker_admin_answers_as_a_cluster_of_one() {
    let server = TestServer::start().await;
    server.publish(TOPIC, b"x", None).await;
    let mut brokers = BrokerAdminClient::new(server.channel().await);
    let listed = brokers.list_brokers(Empty {}).await.expect("listed").into_inner().brokers;
    let leader = brokers.get_leader_broker(Empty {}).await.expect("a leader").into_inner().leader;
    assert_eq!((listed.len(), &listed[0].broker_id), (1, &leader));
    assert_eq!(listed[0].broker_addr, server.address.to_string());
    let namespaces = brokers.list_namespaces(Empty {}).await.expect("listed").into_inner().namespaces;
    assert_eq!(namespaces, ["default"]);
    let balance = brokers.get_cluster_balance(ClusterBalanceRequest {}).await.expect("a balance").into_inner();
    assert_eq!((balance.broker_count, balance.brokers[0].topic_count), (1, 1));
    let moves = brokers.trigger_rebalance(RebalanceRequest::default()).await.expect("in balance").into_inner();
    assert!(moves.success && moves.proposed_moves.is_empty());
    let activate = ActivateBrokerRequest { broker_id: leader.clone(), reason: String::new() };
    assert!(brokers.activate_broker(activate).await.expect("active").into_inner().success);
    for (broker_id, code) in [(leader.clone(), Code::FailedPrecondition), ("77".into(), Code::NotFound)] {
        let request = UnloadBrokerRequest { broker_id, ..UnloadBrokerRequest::default() };
        assert_eq!(brokers.unload_broker(request).await.expect_err("refused").code(), code);
    }
    let mut topics = TopicAdminClient::new(server.channel().await);
    let listed = topics.list_broker_topics(BrokerRequest { broker_id: leader }).await.expect("listed").into_inner();
    assert_eq!((listed.topics.len(), listed.topics[0].name.as_str()), (1, TOPIC));
}

#[tokio::test]
async fn namespaces_have_policies_and_are_deleted_when_empty() {
    let server = TestServer::start().await;
    server.publish("/production/t", b"x", None).await;
    let channel = server.channel().await;
    let mut namespaces = NamespaceAdminClient::new(channel.clone());
    let production = NamespaceRequest { name: "production".into() };
    let policies = namespaces.get_namespace_policies(production.clone()).await.expect("policies").into_inner();
    assert!(policies.policies.contains("\"max_message_size\":10485760"), "{}", policies.policies);
    let status = namespaces.delete_namespace(production.clone()).await.expect_err("not empty");
    assert_eq!(status.code(), Code::FailedPrecondition);
    TopicAdminClient::new(channel).delete_topic(topic_request("/production/t")).await.expect("deleted");
    assert!(namespaces.delete_namespace(production.clone()).await.expect("deleted").into_inner().success);
    assert_eq!(namespaces.get_namespace_policies(production).await.expect_err("gone").code(), Code::Unavailable);
}

#[tokio::test]
async fn a_topic_is_described_deleted_and_never_unloaded() {
    let server = TestServer::start().await;
    let schema = RegisterSchemaRequest {
        subject: "words".into(),
        schema_type: "string".into(),
        ..RegisterSchemaRequest::default()
    };
    server.broker.register_schema(schema).await.expect("registered");
    let reference = SchemaReference { subject: "words".into(), version_ref: None };
    server.publish(TOPIC, b"x", Some(reference)).await;
    let channel = server.channel().await;
    let stream = subscribe(&channel, TOPIC, SubscriptionType::Shared).await;
    let mut topics = TopicAdminClient::new(channel);
    let described = topics.describe_topic(DescribeTopicRequest { name: TOPIC.into() }).await.expect("described");
    let described = described.into_inner();
    assert_eq!((described.name.as_str(), described.delivery.as_str()), (TOPIC, "Reliable"));
    assert_eq!(described.subscriptions, ["s"]);
    assert_eq!((described.schema_subject.as_deref(), described.schema_id), (Some("words"), Some(1)));
    assert_eq!((described.schema_version, described.schema_type.as_deref()), (Some(1), Some("string")));
    assert_eq!(described.compatibility_mode.as_deref(), Some("BACKWARD"));
    let status = topics.unload_topic(topic_request(TOPIC)).await.expect_err("one broker");
    assert_eq!(status.code(), Code::FailedPrecondition);
    let request = SubscriptionRequest { topic: TOPIC.into(), subscription: "s".into() };
    assert!(topics.unsubscribe(request.clone()).await.expect("unsubscribed").into_inner().success);
    assert_eq!(topics.unsubscribe(request).await.expect_err("gone").code(), Code::NotFound);
    drop(stream);
    assert!(topics.delete_topic(topic_request(TOPIC)).await.expect("deleted").into_inner().success);
    for status in [
        topics.describe_topic(DescribeTopicRequest { name: TOPIC.into() }).await.map(drop),
        topics.delete_topic(topic_request(TOPIC)).await.map(drop),
        topics.unload_topic(topic_request(TOPIC)).await.map(drop),
    ] {
        assert_eq!(status.expect_err("gone").code(), Code::NotFound);
    }
}

#[tokio::test]
async fn a_failure_policy_sends_what_fails_to_its_dead_letter_topic() {
    let server = TestServer::start().await;
    let channel = server.channel().await;
    let mut topics = TopicAdminClient::new(channel.clone());
    server.publish(TOPIC, b"before", None).await;
    let mut stream = subscribe(&channel, TOPIC, SubscriptionType::KeyShared).await;
    let policy = SubscriptionFailurePolicy {
        max_redelivery_count: 0,
        ack_timeout_ms: 30_000,
        base_redelivery_delay_ms: 10,
        max_redelivery_delay_ms: 10,
        backoff_strategy: SubscriptionBackoffStrategy::Fixed.into(),
        dead_letter_topic: Some(DEAD.into()),
        poison_policy: SubscriptionPoisonPolicy::DeadLetter.into(),
    };
    let set = SetSubscriptionFailurePolicyRequest {
        topic: TOPIC.into(),
        subscription: "s".into(),
        failure_policy: Some(policy.clone()),
    };
    assert!(topics.set_subscription_failure_policy(set).await.expect("set").into_inner().success);
    let get = GetSubscriptionFailurePolicyRequest { topic: TOPIC.into(), subscription: "s".into() };
    let got = topics.get_subscription_failure_policy(get).await.expect("got").into_inner();
    assert_eq!((got.failure_policy, got.subscription_type), (Some(policy), SubscriptionType::KeyShared as i32));

    let mut dead = subscribe(&channel, DEAD, SubscriptionType::Exclusive).await;
    server.publish(TOPIC, b"bad", None).await;
    let message = stream.message().await.expect("no error").expect("a message");
    let nack = NackRequest {
        request_id: 1,
        msg_id: message.msg_id,
        subscription_name: "s".into(),
        delay_ms: None,
        reason: Some("no such customer".into()),
    };
    ConsumerServiceClient::new(channel).nack(nack).await.expect("given back");
    let letter = dead.message().await.expect("no error").expect("a dead letter");
    assert_eq!(&letter.payload[..], b"bad");
    assert_eq!(letter.attributes["x-failure-reason"], "no such customer");
    assert_eq!((&*letter.attributes["x-original-topic"], &*letter.attributes["x-original-topic-offset"]), (TOPIC, "1"));
}

#[tokio::test]
async fn a_dispatch_configuration_is_set_and_got() {
    let server = TestServer::start().await;
    server.publish(TOPIC, b"x", None).await;
    let mut topics = TopicAdminClient::new(server.channel().await);
    let get = GetSubscriptionDispatchConfigRequest { topic: TOPIC.into(), subscription: "s".into() };
    let none = topics.get_subscription_dispatch_config(get.clone()).await.expect("got").into_inner();
    assert_eq!(none.dispatch_config, None);
    let set = |count| SetSubscriptionDispatchConfigRequest {
        topic: TOPIC.into(),
        subscription: "s".into(),
        dispatch_config: Some(SubscriptionDispatchConfig { max_unacked_messages: count }),
    };
    assert!(topics.set_subscription_dispatch_config(set(7)).await.expect("set").into_inner().success);
    let got = topics.get_subscription_dispatch_config(get).await.expect("got").into_inner();
    assert_eq!(got.dispatch_config.map(|config| config.max_unacked_messages), Some(7));
    let status = topics.set_subscription_dispatch_config(set(0)).await.expect_err("none at all");
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn our_own_service_truncates_retains_and_deletes() {
    let server = TestServer::start().await;
    for _ in 0..3 {
        server.publish(TOPIC, b"x", None).await;
    }
    let mut topics = TopicServiceClient::new(server.channel().await);
    let truncate = v1::TruncateTopicRequest { topic: TOPIC.into(), before_offset: Some(2) };
    let truncated = topics.truncate_topic(truncate).await.expect("truncated").into_inner();
    assert_eq!(truncated.messages_deleted, 2);
    let retention = Some(Retention { bytes_max: 1 << 20, age_max_ms: 0 });
    let retain = SetTopicRetentionRequest { topic: TOPIC.into(), retention };
    topics.set_topic_retention(retain).await.expect("set");
    let described = topics.describe_topic(v1::DescribeTopicRequest { topic: TOPIC.into() }).await.expect("described");
    let described = described.into_inner();
    assert_eq!((described.retention, described.partitions[0].first_offset), (retention, 2));
    let delete = DeleteTopicRequest { topic: TOPIC.into() };
    assert_eq!(topics.delete_topic(delete.clone()).await.expect("deleted").into_inner().topics_deleted, 1);
    assert_eq!(topics.delete_topic(delete).await.expect_err("gone").code(), Code::NotFound);
}

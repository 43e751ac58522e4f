//! Native gRPC over HTTP/2 with prior knowledge, on the same port as everything else.

use crate::harness::TestServer;
use irongate_proto::danube::consumer_request::SubscriptionType;
use irongate_proto::danube::consumer_service_client::ConsumerServiceClient;
use irongate_proto::danube::discovery_client::DiscoveryClient;
use irongate_proto::danube::health_check_client::HealthCheckClient;
use irongate_proto::danube::producer_service_client::ProducerServiceClient;
use irongate_proto::danube::topic_lookup_response::LookupType;
use irongate_proto::danube::{
    AckRequest, ConsumerRequest, HealthCheckRequest, MsgId, ProducerRequest, ReceiveRequest, SchemaReference,
    StreamMessage, TopicLookupRequest,
};
use irongate_proto::danube_admin::namespace_admin_client::NamespaceAdminClient;
use irongate_proto::danube_admin::topic_admin_client::TopicAdminClient;
use irongate_proto::danube_admin::{NamespaceRequest, NewTopicRequest, PartitionedTopicRequest, TopicRequest};
use irongate_proto::danube_schema::RegisterSchemaRequest;
use irongate_proto::danube_schema::schema_registry_client::SchemaRegistryClient;
use irongate_proto::irongate_v1::host_service_client::HostServiceClient;
use irongate_proto::irongate_v1::publish_result::Outcome;
use irongate_proto::irongate_v1::topic_service_client::TopicServiceClient;
use irongate_proto::irongate_v1::{DescribeTopicRequest, GetHostInfoRequest, ListTopicsRequest};
use irongate_server::ServerConfig;
use std::time::Duration;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt;

const TOPIC: &str = "/default/t";

async fn create_producer(channel: &Channel, reliable: bool) -> u64 {
    let request = ProducerRequest {
        producer_name: "p".into(),
        topic_name: TOPIC.into(),
        dispatch_strategy: reliable.into(),
        ..ProducerRequest::default()
    };
    let response = ProducerServiceClient::new(channel.clone()).create_producer(request).await;
    response.expect("a producer").into_inner().producer_id
}

fn message(producer_id: u64, payload: Vec<u8>) -> StreamMessage {
    StreamMessage {
        request_id: 1,
        msg_id: Some(MsgId { producer_id, topic_name: TOPIC.into(), ..MsgId::default() }),
        payload: payload.into(),
        producer_name: "p".into(),
        ..StreamMessage::default()
    }
}

async fn send(channel: &Channel, message: StreamMessage) -> Result<u64, Status> {
    let mut client = ProducerServiceClient::new(channel.clone()).max_encoding_message_size(usize::MAX);
    client.send_message(message).await.map(|response| response.into_inner().request_id)
}

async fn subscribe(channel: &Channel) -> Streaming<StreamMessage> {
    let mut client = ConsumerServiceClient::new(channel.clone()).max_decoding_message_size(usize::MAX);
    let request = ConsumerRequest {
        topic_name: TOPIC.into(),
        consumer_name: "c".into(),
        subscription: "s".into(),
        subscription_type: SubscriptionType::Exclusive.into(),
        ..ConsumerRequest::default()
    };
    let consumer_id = client.subscribe(request).await.expect("a subscription").into_inner().consumer_id;
    client.receive_messages(ReceiveRequest { request_id: 1, consumer_id }).await.expect("a stream").into_inner()
}

#[tokio::test]
async fn a_message_goes_in_and_comes_out_and_is_acknowledged() {
    let server = TestServer::start().await;
    let channel = server.channel().await;
    let producer_id = create_producer(&channel, true).await;
    let mut stream = subscribe(&channel).await;
    assert_eq!(send(&channel, message(producer_id, b"hello".to_vec())).await.expect("sent"), 1);

    let received = stream.message().await.expect("no error").expect("a message");
    assert_eq!(&received.payload[..], b"hello");
    let ack = AckRequest { request_id: 3, msg_id: received.msg_id, subscription_name: "s".into() };
    let acknowledged = ConsumerServiceClient::new(channel).ack(ack).await.expect("acknowledged").into_inner();
    assert_eq!(acknowledged.request_id, 3);
}

#[tokio::test]
async fn the_largest_message_passes_both_ways_and_a_larger_one_gets_a_sentence() {
    let server = TestServer::start().await;
    let channel = server.channel().await;
    let producer_id = create_producer(&channel, true).await;
    let mut stream = subscribe(&channel).await;
    let limit = server.broker.limits().message_bytes_max;

    let almost = vec![b'x'; limit - 1000];
    send(&channel, message(producer_id, almost.clone())).await.expect("below the limit");
    let received = stream.message().await.expect("no error").expect("a message");
    assert!(received.payload == almost, "{} bytes came back", received.payload.len());

    let status = send(&channel, message(producer_id, vec![b'x'; limit + 1])).await.expect_err("over the limit");
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains(&limit.to_string()), "{status}");
    let status = send(&channel, message(producer_id, vec![b'x'; 2 * limit])).await.expect_err("far over it");
    assert_eq!(status.code(), Code::OutOfRange);
    send(&channel, message(producer_id, b"next".to_vec())).await.expect("the connection still works");
}

#[tokio::test]
async fn a_message_without_id_is_an_invalid_argument() {
    let server = TestServer::start().await;
    let channel = server.channel().await;
    let without = StreamMessage { msg_id: None, ..message(1, Vec::new()) };
    assert_eq!(send(&channel, without).await.expect_err("no id").code(), Code::InvalidArgument);
    let ack = AckRequest { request_id: 1, msg_id: None, subscription_name: "s".into() };
    let status = ConsumerServiceClient::new(channel).ack(ack).await.expect_err("no id");
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_lookup_answers_the_address_the_client_used() {
    let server = TestServer::start().await;
    server.publish(TOPIC, b"x", None).await;
    let port = server.address.port();
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("http://{host}:{port}");
        let channel = Channel::from_shared(url.clone()).expect("a URL").connect().await.expect("a connection");
        let request = TopicLookupRequest { request_id: 9, topic: TOPIC.into() };
        let found = DiscoveryClient::new(channel).topic_lookup(request).await.expect("found").into_inner();
        assert_eq!(found.response_type(), LookupType::Connect);
        assert_eq!((found.request_id, found.proxy), (9, false));
        assert_eq!((&found.connect_url, &found.broker_url), (&url, &url));
    }
    let mut client = DiscoveryClient::new(server.channel().await);
    let missing = TopicLookupRequest { request_id: 1, topic: "/default/missing".into() };
    assert_eq!(client.topic_lookup(missing.clone()).await.expect_err("missing").code(), Code::NotFound);
    assert!(client.topic_partitions(missing).await.expect("an answer").into_inner().partitions.is_empty());
}

/// What a client tells a proxy in front of Danube's brokers means nothing here: this host is the only broker.
#[tokio::test]
async fn the_broker_that_a_proxy_is_told_is_this_host() {
    let server = TestServer::start().await;
    let mut producers = ProducerServiceClient::new(server.channel().await);
    let producer =
        ProducerRequest { topic_name: TOPIC.into(), producer_name: "p".into(), ..ProducerRequest::default() };
    let mut request = tonic::Request::new(producer);
    request.metadata_mut().insert("x-danube-broker-url", "http://elsewhere:6650".parse().expect("text"));
    let made = producers.create_producer(request).await.expect("made").into_inner();
    let message = StreamMessage {
        request_id: made.producer_id,
        msg_id: Some(MsgId { producer_id: made.producer_id, topic_name: TOPIC.into(), ..MsgId::default() }),
        payload: b"x".to_vec().into(),
        producer_name: "p".into(),
        ..StreamMessage::default()
    };
    let mut request = tonic::Request::new(message);
    request.metadata_mut().insert("x-danube-broker-url", "no url at all".parse().expect("text"));
    producers.send_message(request).await.expect("sent");
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_its_subscription_to_others() {
    let server = TestServer::start().await;
    let channel = server.channel().await;
    create_producer(&channel, true).await;
    // The consumer has a connection of its own, and loses it without a word.
    let own = server.channel().await;
    let stream = subscribe(&own).await;
    assert_eq!(consumers(&server), 1);
    drop((stream, own));

    // An exclusive subscription lets a consumer with another name in only once the first has gone.
    let mut client = ConsumerServiceClient::new(channel);
    let request = ConsumerRequest {
        topic_name: TOPIC.into(),
        consumer_name: "other".into(),
        subscription: "s".into(),
        ..ConsumerRequest::default()
    };
    let taken = async {
        while let Err(status) = client.subscribe(request.clone()).await {
            assert_eq!(status.code(), Code::PermissionDenied);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), taken).await.expect("the first consumer is noticed to be gone");
}

/// How many consumers the topic's subscription has.
fn consumers(server: &TestServer) -> u32 {
    let described =
        server.broker.describe_topic(DescribeTopicRequest { topic: TOPIC.into() }).expect("the topic exists");
    described.subscriptions.iter().map(|subscription| subscription.consumer_count).sum()
}

#[tokio::test]
async fn violations_are_refused_in_words_and_as_details() {
    let server = TestServer::start().await;
    let channel = server.channel().await;
    let definition = br#"{"type":"object","properties":{"user_id":{"type":"string"}},"required":["user_id"]}"#;
    let request = RegisterSchemaRequest {
        subject: "user-events".into(),
        schema_type: "json_schema".into(),
        schema_definition: definition[..].into(),
        ..RegisterSchemaRequest::default()
    };
    let registered = SchemaRegistryClient::new(channel.clone()).register_schema(request).await.expect("registered");
    let registered = registered.into_inner();
    assert_eq!((registered.version, registered.is_new_version), (1, true));
    let reference = SchemaReference { subject: "user-events".into(), version_ref: None };

    // Through our own service: as data.
    let response = server.publish(TOPIC, br#"{"user_id":123}"#, Some(reference.clone())).await;
    let Some(Outcome::Refused(refused)) = response.results[0].outcome.clone() else { panic!("{response:?}") };
    assert_eq!(refused.code, Code::PermissionDenied as u32);
    assert_eq!(refused.violations[0].instance_path, "/user_id");

    // Through Danube's: in the status.
    let request = ProducerRequest {
        producer_name: "p".into(),
        topic_name: TOPIC.into(),
        schema_ref: Some(reference),
        dispatch_strategy: 1,
        ..ProducerRequest::default()
    };
    let created = ProducerServiceClient::new(channel.clone()).create_producer(request).await.expect("a producer");
    let invalid = StreamMessage {
        schema_id: Some(registered.schema_id),
        schema_version: Some(1),
        ..message(created.into_inner().producer_id, br#"{"user_id":123}"#.to_vec())
    };
    let status = send(&channel, invalid).await.expect_err("invalid");
    assert_eq!(status.code(), Code::PermissionDenied);
    assert!(status.message().starts_with("Unable to publish the message: Payload validation failed: "), "{status}");
    let details = status.get_error_details();
    assert_eq!(details.bad_request().expect("violations").field_violations[0].field, "/user_id");
}

#[tokio::test]
async fn administration_creates_and_lists() {
    let server = TestServer::start().await;
    let channel = server.channel().await;
    let mut namespaces = NamespaceAdminClient::new(channel.clone());
    let production = NamespaceRequest { name: "production".into() };
    assert!(namespaces.create_namespace(production.clone()).await.expect("created").into_inner().success);

    let mut topics = TopicAdminClient::new(channel);
    let plain = NewTopicRequest { name: "/production/a".into(), schema_subject: None, dispatch_strategy: 1 };
    assert!(topics.create_topic(plain).await.expect("created").into_inner().success);
    let partitioned = PartitionedTopicRequest {
        base_name: "/production/b".into(),
        partitions: 2,
        schema_subject: None,
        dispatch_strategy: 0,
    };
    assert!(topics.create_partitioned_topic(partitioned.clone()).await.expect("created").into_inner().success);
    let none = PartitionedTopicRequest { partitions: 0, ..partitioned };
    assert_eq!(topics.create_partitioned_topic(none).await.expect_err("none").code(), Code::InvalidArgument);

    let mut names = namespaces.get_namespace_topics(production.clone()).await.expect("listed").into_inner().topics;
    names.sort();
    assert_eq!(names, ["/production/a", "/production/b-part-0", "/production/b-part-1"]);
    let infos = topics.list_namespace_topics(production).await.expect("listed").into_inner().topics;
    let reliable: Vec<_> = infos.iter().filter(|info| info.delivery == "Reliable").map(|info| &info.name[..]).collect();
    assert_eq!(reliable, ["/production/a"]);
    let listed = topics.list_subscriptions(TopicRequest { name: "/production/a".into() }).await.expect("listed");
    assert!(listed.into_inner().subscriptions.is_empty());
}

#[tokio::test]
async fn the_host_says_what_it_is() {
    let config = ServerConfig { environment: "staging".into(), read_only_console: true, ..ServerConfig::default() };
    let server = TestServer::start_with(config, |config| config.auto_create_topics = false).await;
    let channel = server.channel().await;
    let info = HostServiceClient::new(channel.clone()).get_host_info(GetHostInfoRequest {}).await;
    let info = info.expect("an answer").into_inner();
    assert_eq!(info.version, env!("CARGO_PKG_VERSION"));
    assert_eq!((info.environment.as_str(), info.auto_create_topics), ("staging", false));
    assert!(info.read_only_console);
    assert_eq!(info.message_bytes_max, 10 << 20);
    assert!(info.started_at_ms > 1_700_000_000_000);

    let listed = TopicServiceClient::new(channel.clone()).list_topics(ListTopicsRequest::default()).await;
    assert!(listed.expect("an answer").into_inner().topics.is_empty());
    let unknown = HealthCheckRequest { request_id: 1, client: 0, id: 77 };
    let status = HealthCheckClient::new(channel).health_check(unknown).await.expect("an answer").into_inner().status;
    assert_eq!(status, 1, "an unknown producer is told to close");
}

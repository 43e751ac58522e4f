//! A host before a cluster, which is another host: what passes, and what outlives a restart of the
//! cluster. What is refused because a cluster does not have it is in `upstream_missing`.

use crate::harness::{HttpAnswer, TestServer, exchange};
use irongate_broker::Broker;
use irongate_proto::danube::consumer_request::SubscriptionType;
use irongate_proto::danube::consumer_service_client::ConsumerServiceClient;
use irongate_proto::danube::discovery_client::DiscoveryClient;
use irongate_proto::danube::health_check_client::HealthCheckClient;
use irongate_proto::danube::producer_service_client::ProducerServiceClient;
use irongate_proto::danube::{
    AckRequest, ConsumerRequest, HealthCheckRequest, MsgId, ProducerRequest, ReceiveRequest, StreamMessage,
    TopicLookupRequest,
};
use irongate_proto::danube_admin::NamespaceRequest;
use irongate_proto::danube_admin::namespace_admin_client::NamespaceAdminClient;
use irongate_proto::danube_schema::schema_registry_client::SchemaRegistryClient;
use irongate_proto::danube_schema::{GetLatestSchemaRequest, RegisterSchemaRequest};
use irongate_proto::irongate_v1 as v1;
use irongate_proto::irongate_v1::browse_service_client::BrowseServiceClient;
use irongate_proto::irongate_v1::publish_result::Outcome;
use irongate_proto::irongate_v1::publish_service_client::PublishServiceClient;
use irongate_proto::irongate_v1::topic_service_client::TopicServiceClient;
use irongate_server::{Grant, Scope, ServerConfig, ServerError, TokenSecret, run};
use irongate_upstream::{Cluster, UpstreamConfig, UpstreamLimits};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Streaming};

/// Longer than any of this may take.
const PATIENCE: Duration = Duration::from_secs(30);
const TOPIC: &str = "/default/t";

/// A server before a cluster, gone with the test.
pub(crate) struct Front {
    pub(crate) address: SocketAddr,
    running: JoinHandle<Result<(), ServerError>>,
}

impl Drop for Front {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl Front {
    pub(crate) async fn before(config: UpstreamConfig) -> Self {
        Self::with(config, ServerConfig::default()).await
    }

    pub(crate) async fn with(config: UpstreamConfig, served: ServerConfig) -> Self {
        let cluster = Cluster::new(config).expect("a cluster");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let running = tokio::spawn(run(listener, cluster, served, std::future::pending()));
        Self { address, running }
    }

    /// A gRPC-web call under a token.
    pub(crate) async fn post(&self, path: &str, body: &[u8], token: &str) -> HttpAnswer {
        let length = u32::try_from(body.len()).expect("a short body").to_be_bytes();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/grpc-web+proto\r\n\
             Authorization: Bearer {token}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.address,
            5 + body.len()
        );
        exchange(self.address, &[head.as_bytes(), &[0], &length, body].concat()).await
    }

    pub(crate) async fn channel(&self) -> Channel {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address)).expect("a URL");
        endpoint.connect().await.expect("a connection")
    }
}

pub(crate) fn config(address: &str) -> UpstreamConfig {
    let uri = address.parse().expect("a URI");
    let limits =
        UpstreamLimits { retry_wait_ms: 10, retry_wait_ms_max: 500, retries_max: 20, ..UpstreamLimits::default() };
    UpstreamConfig { addresses: vec![uri], admin: None, token: None, authority: None, limits }
}

pub(crate) async fn before(server: &TestServer) -> Front {
    let url = server.url();
    Front::before(UpstreamConfig { admin: Some(url.parse().expect("a URI")), ..config(&url) }).await
}

pub(crate) async fn producer(channel: &Channel, topic: &str, strategy: i32) -> u64 {
    let request = ProducerRequest {
        producer_name: "p".into(),
        topic_name: topic.into(),
        dispatch_strategy: strategy,
        ..ProducerRequest::default()
    };
    let created = ProducerServiceClient::new(channel.clone()).create_producer(request).await;
    created.expect("a producer").into_inner().producer_id
}

pub(crate) fn message(topic: &str, producer_id: u64, payload: &str) -> StreamMessage {
    StreamMessage {
        request_id: 7,
        msg_id: Some(MsgId { producer_id, topic_name: topic.into(), ..MsgId::default() }),
        payload: payload.to_owned().into(),
        producer_name: "p".into(),
        ..StreamMessage::default()
    }
}

pub(crate) async fn receive(channel: &Channel, topic: &str) -> (u64, Streaming<StreamMessage>) {
    let mut client = ConsumerServiceClient::new(channel.clone());
    let request = ConsumerRequest {
        topic_name: topic.into(),
        consumer_name: "c".into(),
        subscription: "s".into(),
        subscription_type: SubscriptionType::Shared.into(),
        ..ConsumerRequest::default()
    };
    let consumer_id = client.subscribe(request).await.expect("a subscription").into_inner().consumer_id;
    let request = ReceiveRequest { request_id: 1, consumer_id };
    (consumer_id, client.receive_messages(request).await.expect("a stream").into_inner())
}

pub(crate) async fn next(stream: &mut Streaming<StreamMessage>) -> StreamMessage {
    let next = tokio::time::timeout(PATIENCE, stream.message()).await.expect("a message in time");
    next.expect("no failure").expect("the stream goes on")
}

fn subscriptions(broker: &Broker) -> Vec<String> {
    broker.subscriptions(TOPIC).expect("the topic is there")
}

#[tokio::test]
async fn danubes_calls_pass_and_the_cluster_keeps_what_they_do() {
    let cluster = TestServer::start().await;
    let front = before(&cluster).await;
    let channel = front.channel().await;
    let id = producer(&channel, TOPIC, 1).await;
    let lookup = TopicLookupRequest { request_id: 3, topic: TOPIC.into() };
    let found = DiscoveryClient::new(channel.clone()).topic_lookup(lookup.clone()).await.expect("found").into_inner();
    assert_eq!((found.request_id, found.connect_url), (3, format!("http://{}", front.address)), "clients stay here");
    let partitions = DiscoveryClient::new(channel.clone()).topic_partitions(lookup).await.expect("found").into_inner();
    assert_eq!(partitions.partitions, [TOPIC]);
    let (consumer_id, mut stream) = receive(&channel, TOPIC).await;
    let sent = ProducerServiceClient::new(channel.clone()).send_message(message(TOPIC, id, "one")).await;
    assert_eq!(sent.expect("sent").into_inner().request_id, 7);
    let got = next(&mut stream).await;
    assert_eq!(got.payload, "one");
    let ack = AckRequest { request_id: 1, msg_id: got.msg_id, subscription_name: "s".into() };
    ConsumerServiceClient::new(channel.clone()).ack(ack).await.expect("acknowledged");
    for (client, id, status) in [(0, id, 0), (1, consumer_id, 0), (0, 99, 1), (1, 99, 1)] {
        let request = HealthCheckRequest { request_id: 1, client, id };
        let answered = HealthCheckClient::new(channel.clone()).health_check(request).await.expect("answered");
        assert_eq!(answered.into_inner().status, status, "client {client} {id}");
    }
    let wrong = ProducerServiceClient::new(channel).send_message(message("/other/t", id, "x")).await;
    assert_eq!(wrong.expect_err("another topic").code(), Code::PermissionDenied);
    assert_eq!(subscriptions(&cluster.broker), ["s"]);
    assert_eq!(cluster.broker.metrics().messages_published_total, 1);
}

#[tokio::test]
async fn producers_and_consumers_outlive_a_restart_of_the_cluster() {
    let cluster = TestServer::start().await;
    let front = before(&cluster).await;
    let channel = front.channel().await;
    let id = producer(&channel, TOPIC, 1).await;
    let (_, mut stream) = receive(&channel, TOPIC).await;
    let mut client = ProducerServiceClient::new(channel.clone());
    client.send_message(message(TOPIC, id, "before")).await.expect("sent");
    let got = next(&mut stream).await;
    let ack = AckRequest { request_id: 1, msg_id: got.msg_id, subscription_name: "s".into() };
    ConsumerServiceClient::new(channel.clone()).ack(ack).await.expect("acknowledged");
    let cluster = cluster.restart(ServerConfig::default()).await;
    client.send_message(message(TOPIC, id, "after")).await.expect("sent under the id it had before");
    assert_eq!(next(&mut stream).await.payload, "after", "the stream goes on where it was");
    drop(cluster);
}

#[tokio::test]
async fn publishing_works_as_ever_but_for_the_offsets() {
    let cluster = TestServer::start().await;
    let front = before(&cluster).await;
    let channel = front.channel().await;
    let schema = RegisterSchemaRequest {
        subject: "events".into(),
        schema_type: "json_schema".into(),
        schema_definition: r#"{"type":"object"}"#.into(),
        ..RegisterSchemaRequest::default()
    };
    let mut registry = SchemaRegistryClient::new(channel.clone());
    let registered = registry.register_schema(schema).await.expect("registered").into_inner();
    let latest = registry.get_latest_schema(GetLatestSchemaRequest { subject: "events".into() }).await;
    assert_eq!(latest.expect("there").into_inner().schema_definition, r#"{"type":"object"}"#);
    let out = |payload: &'static str, key: Option<&str>| v1::OutgoingMessage {
        payload: payload.into(),
        routing_key: key.map(str::to_owned),
        ..v1::OutgoingMessage::default()
    };
    let request = v1::PublishRequest {
        topic: TOPIC.into(),
        producer_name: "p".into(),
        dispatch_strategy: Some(1),
        partitions: 3,
        schema_ref: Some(irongate_proto::danube::SchemaReference { subject: "events".into(), version_ref: None }),
        messages: vec![out("{}", Some("k")), out("{}", Some("k")), out("no JSON", None)],
    };
    let mut publish = PublishServiceClient::new(channel.clone());
    let results = publish.publish(request.clone()).await.expect("tried").into_inner().results;
    let [Some(Outcome::Published(one)), Some(Outcome::Published(two)), Some(Outcome::Refused(refused))] =
        [0, 1, 2].map(|index: usize| results[index].outcome.clone())
    else {
        panic!("{results:?}")
    };
    assert_eq!((one.offset, one.schema_id), (None, Some(registered.schema_id)));
    assert_eq!((&one.topic, one.partition), (&two.topic, two.partition), "a key has one partition");
    assert_eq!(refused.code, Code::PermissionDenied as u32, "{refused:?}");
    let again = v1::PublishRequest { dispatch_strategy: None, partitions: 0, ..request };
    let results = publish.publish(again).await.expect("an existing topic is used as it is").into_inner().results;
    assert!(matches!(results[0].outcome, Some(Outcome::Published(_))), "{results:?}");
    assert_eq!(cluster.broker.partitions(TOPIC).expect("there").len(), 3);
}

#[tokio::test]
async fn topics_are_administered_through_the_clusters_port() {
    let cluster = TestServer::start().await;
    let front = before(&cluster).await;
    let channel = front.channel().await;
    let mut topics = TopicServiceClient::new(channel.clone());
    let create = |topic: &str, partitions| v1::CreateTopicRequest {
        topic: topic.into(),
        partitions,
        dispatch_strategy: 1,
        ..v1::CreateTopicRequest::default()
    };
    topics.create_topic(create("/shop/orders", 2)).await.expect("created");
    topics.create_topic(create("/shop/orders-v2", 0)).await.expect("created");
    let listed = topics.list_topics(v1::ListTopicsRequest::default()).await.expect("listed").into_inner();
    let names: Vec<(&str, u32)> = listed.topics.iter().map(|topic| (&*topic.name, topic.partitions)).collect();
    assert_eq!(names, [("/shop/orders", 2), ("/shop/orders-v2", 0)]);
    let described = topics.describe_topic(v1::DescribeTopicRequest { topic: "/shop/orders".into() }).await;
    assert_eq!(described.expect("described").into_inner().partitions.len(), 2);
    let deleted = topics.delete_topic(v1::DeleteTopicRequest { topic: "/shop/orders".into() }).await;
    assert_eq!(deleted.expect("deleted").into_inner().topics_deleted, 2);
    assert_eq!(cluster.broker.partitions("/shop/orders").expect("answered"), Vec::<String>::new());
    let mut namespaces = NamespaceAdminClient::new(channel);
    namespaces.create_namespace(NamespaceRequest { name: "relayed".into() }).await.expect("created");
    assert!(cluster.broker.namespaces().contains(&"relayed".to_owned()));
    let status = namespaces.get_namespace_topics(NamespaceRequest { name: "nowhere".into() }).await;
    assert_ne!(status.expect_err("there is none").code(), Code::Ok, "statuses pass too");
}

#[tokio::test]
async fn a_live_view_shows_what_comes_and_leaves_no_subscription_behind() {
    let cluster = TestServer::start().await;
    cluster.publish(TOPIC, b"old", None).await;
    let front = before(&cluster).await;
    let request = v1::BrowseRequest { topics: vec![TOPIC.into()], start: None, follow: true };
    let browse = BrowseServiceClient::new(front.channel().await).browse(request).await;
    let mut browse = browse.expect("a view").into_inner();
    assert!(browse.message().await.expect("an answer").expect("an answer").caught_up);
    assert_eq!(subscriptions(&cluster.broker).len(), 1);
    for payload in [&b"one"[..], b"two"] {
        cluster.publish(TOPIC, payload, None).await;
        let shown = tokio::time::timeout(PATIENCE, browse.message()).await.expect("in time").expect("an answer");
        let message = shown.expect("an answer").messages[0].message.clone().expect("a message");
        assert_eq!(message.payload, payload, "what was there before is not shown");
    }
    drop(browse);
    let gone = tokio::time::timeout(PATIENCE, async {
        while !subscriptions(&cluster.broker).is_empty() {
            tokio::task::yield_now().await;
        }
    });
    gone.await.expect("the subscription is deleted");
}

#[tokio::test]
async fn the_cluster_is_shown_the_hosts_own_token() {
    let secret = TokenSecret::new(&[b's'; 32]).expect("32 bytes");
    let grant = Grant {
        name: "front".into(),
        scopes: Scope::ALL.to_vec(),
        namespaces: None,
        issued_at_s: 0,
        expires_at_s: u64::from(u32::MAX),
    };
    let token = format!("Bearer {}", secret.mint(&grant).expect("a token")).parse().expect("a header");
    let guarded = ServerConfig { token_secrets: vec![secret], ..ServerConfig::default() };
    let cluster = TestServer::start_with(guarded, |_| {}).await;
    let url = cluster.url();
    let admitted = Front::before(UpstreamConfig { token: Some(token), ..config(&url) }).await;
    producer(&admitted.channel().await, TOPIC, 1).await;
    let stranger = Front::before(config(&url)).await;
    let request = ProducerRequest { topic_name: TOPIC.into(), ..ProducerRequest::default() };
    let status = ProducerServiceClient::new(stranger.channel().await).create_producer(request).await;
    let status = status.expect_err("refused");
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().starts_with("the cluster does not accept this host's token: "), "{status}");
}

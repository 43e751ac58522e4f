//! A broker on a temporary directory, and the requests in short.

use irongate_broker::{Broker, BrokerConfig, Browse, Deliveries};
use irongate_proto::danube::consumer_request::SubscriptionType;
use irongate_proto::danube::{
    AckRequest, ConsumerRequest, DispatchStrategy, MsgId, NackRequest, ProducerRequest, ReceiveRequest,
    SchemaReference, StreamMessage,
};
use irongate_proto::danube_admin::{
    SetSubscriptionFailurePolicyRequest, SubscriptionBackoffStrategy, SubscriptionFailurePolicy,
    SubscriptionPoisonPolicy,
};
use irongate_proto::danube_schema::{RegisterSchemaRequest, RegisterSchemaResponse};
use irongate_proto::irongate_v1::browse_request::Start;
use irongate_proto::irongate_v1::publish_result::Outcome;
use irongate_proto::irongate_v1::{
    BrowseRequest, BrowseResponse, DescribeTopicRequest, DescribeTopicResponse, OutgoingMessage, PublishRequest,
};
use std::time::Duration;
use tempfile::TempDir;
use tokio_stream::StreamExt;

pub const USER_EVENTS: &str = r#"{
  "type": "object",
  "properties": { "user_id": { "type": "string" }, "action": { "type": "string" } },
  "required": ["user_id"]
}"#;

pub struct Host {
    pub broker: Broker,
    pub dir: TempDir,
}

impl Host {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(configure: impl FnOnce(&mut BrokerConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = BrokerConfig::new(dir.path());
        configure(&mut config);
        Self { broker: Broker::open(config).unwrap(), dir }
    }

    /// Closes and opens again on the same directory.
    pub async fn reopen(self) -> Self {
        self.broker.close().await;
        let Self { broker, dir } = self;
        drop(broker);
        let broker = open_again(dir.path());
        Self { broker, dir }
    }

    /// The same with other limits.
    pub async fn reopen_with(self, configure: impl FnOnce(&mut BrokerConfig)) -> Self {
        self.broker.close().await;
        let Self { broker, dir } = self;
        drop(broker);
        let mut config = BrokerConfig::new(dir.path());
        configure(&mut config);
        Self { broker: Broker::open(config).unwrap(), dir }
    }

    pub async fn producer(&self, topic: &str, name: &str, strategy: DispatchStrategy) -> u64 {
        let request = producer_request(topic, name, strategy);
        self.broker.create_producer(request).await.unwrap().producer_id
    }

    pub async fn send(&self, topic: &str, producer_id: u64, payload: &str) {
        self.broker.send(message(topic, producer_id, payload)).await.unwrap();
    }

    pub async fn subscribe(
        &self,
        topic: &str,
        subscription: &str,
        consumer: &str,
        kind: SubscriptionType,
    ) -> Deliveries {
        let request = consumer_request(topic, subscription, consumer, kind);
        let consumer_id = self.broker.subscribe(request).await.unwrap().consumer_id;
        self.receive(consumer_id)
    }

    pub fn receive(&self, consumer_id: u64) -> Deliveries {
        self.broker.receive(ReceiveRequest { request_id: 0, consumer_id }).unwrap()
    }

    pub async fn ack(&self, subscription: &str, message: &StreamMessage) {
        let request =
            AckRequest { request_id: 0, msg_id: message.msg_id.clone(), subscription_name: subscription.to_owned() };
        self.broker.ack(request).await.unwrap();
    }

    pub async fn nack(&self, subscription: &str, message: &StreamMessage, delay_ms: Option<u64>, reason: &str) {
        let request = NackRequest {
            request_id: 0,
            msg_id: message.msg_id.clone(),
            subscription_name: subscription.to_owned(),
            delay_ms,
            reason: Some(reason.to_owned()),
        };
        self.broker.nack(request).await.unwrap();
    }

    /// A consumer of a key-shared subscription.
    pub async fn subscribe_keyed(&self, topic: &str, consumer: &str, filters: &[&str]) -> Deliveries {
        let request = ConsumerRequest {
            key_filters: filters.iter().map(|filter| (*filter).to_owned()).collect(),
            ..consumer_request(topic, "s", consumer, SubscriptionType::KeyShared)
        };
        let consumer_id = self.broker.subscribe(request).await.unwrap().consumer_id;
        self.receive(consumer_id)
    }

    pub async fn send_keyed(&self, topic: &str, producer_id: u64, key: &str, payload: &str) {
        let message = StreamMessage { routing_key: Some(key.to_owned()), ..message(topic, producer_id, payload) };
        self.broker.send(message).await.unwrap();
    }

    pub async fn set_policy(&self, topic: &str, subscription: &str, policy: SubscriptionFailurePolicy) {
        let request = SetSubscriptionFailurePolicyRequest {
            topic: topic.to_owned(),
            subscription: subscription.to_owned(),
            failure_policy: Some(policy),
        };
        self.broker.set_failure_policy(request).await.unwrap();
    }

    pub fn described(&self, topic: &str) -> DescribeTopicResponse {
        self.broker.describe_topic(DescribeTopicRequest { topic: topic.to_owned() }).unwrap()
    }

    pub async fn register(&self, subject: &str, schema_type: &str, definition: &str) -> RegisterSchemaResponse {
        self.broker.register_schema(register_request(subject, schema_type, definition)).await.unwrap()
    }

    pub async fn publish(&self, topic: &str, payloads: &[&str]) -> Vec<Outcome> {
        self.publish_request(publish_request(topic, payloads)).await
    }

    pub async fn publish_request(&self, request: PublishRequest) -> Vec<Outcome> {
        let response = self.broker.publish(request).await.unwrap();
        response.results.into_iter().map(|result| result.outcome.unwrap()).collect()
    }

    pub async fn stored(&self, topic: &str) -> Vec<StreamMessage> {
        let mut browse = self.browse(&[topic], Start::Earliest(true), false);
        let mut messages = Vec::new();
        while let Some(response) = browse.next().await {
            messages.extend(response.unwrap().messages.into_iter().filter_map(|message| message.message));
        }
        messages
    }

    pub fn browse(&self, topics: &[&str], start: Start, follow: bool) -> Browse {
        let topics = topics.iter().map(|topic| (*topic).to_owned()).collect();
        self.broker.browse(BrowseRequest { topics, start: Some(start), follow }).unwrap()
    }
}

/// The defaults on a directory that was used before.
pub fn open_again(dir: &std::path::Path) -> Broker {
    Broker::open(BrokerConfig::new(dir)).unwrap()
}

pub fn producer_request(topic: &str, name: &str, strategy: DispatchStrategy) -> ProducerRequest {
    ProducerRequest {
        producer_name: name.to_owned(),
        topic_name: topic.to_owned(),
        dispatch_strategy: strategy as i32,
        ..ProducerRequest::default()
    }
}

/// Redelivers at once.
pub fn policy(max_redelivery_count: u32, poison: SubscriptionPoisonPolicy) -> SubscriptionFailurePolicy {
    let dead_letter_topic = (poison == SubscriptionPoisonPolicy::DeadLetter).then(|| "/default/dead".to_owned());
    SubscriptionFailurePolicy {
        max_redelivery_count,
        ack_timeout_ms: 30_000,
        base_redelivery_delay_ms: 0,
        max_redelivery_delay_ms: 0,
        backoff_strategy: SubscriptionBackoffStrategy::Fixed as i32,
        dead_letter_topic,
        poison_policy: poison as i32,
    }
}

pub fn subject(subject: &str) -> Option<SchemaReference> {
    Some(SchemaReference { subject: subject.to_owned(), version_ref: None })
}

pub fn consumer_request(topic: &str, subscription: &str, consumer: &str, kind: SubscriptionType) -> ConsumerRequest {
    ConsumerRequest {
        topic_name: topic.to_owned(),
        consumer_name: consumer.to_owned(),
        subscription: subscription.to_owned(),
        subscription_type: kind as i32,
        ..ConsumerRequest::default()
    }
}

pub fn message(topic: &str, producer_id: u64, payload: &str) -> StreamMessage {
    StreamMessage {
        request_id: 1,
        msg_id: Some(MsgId { producer_id, topic_name: topic.to_owned(), ..MsgId::default() }),
        payload: payload.to_owned().into(),
        ..StreamMessage::default()
    }
}

pub fn register_request(subject: &str, schema_type: &str, definition: &str) -> RegisterSchemaRequest {
    RegisterSchemaRequest {
        subject: subject.to_owned(),
        schema_type: schema_type.to_owned(),
        schema_definition: definition.to_owned().into(),
        ..RegisterSchemaRequest::default()
    }
}

pub fn publish_request(topic: &str, payloads: &[&str]) -> PublishRequest {
    let outgoing =
        |payload: &&str| OutgoingMessage { payload: (*payload).to_owned().into(), ..OutgoingMessage::default() };
    PublishRequest {
        topic: topic.to_owned(),
        producer_name: "test".to_owned(),
        dispatch_strategy: None,
        messages: payloads.iter().map(outgoing).collect(),
        ..PublishRequest::default()
    }
}

pub fn reliable(topic: &str, payloads: &[&str]) -> PublishRequest {
    PublishRequest { dispatch_strategy: Some(DispatchStrategy::Reliable as i32), ..publish_request(topic, payloads) }
}

pub fn payload(message: &StreamMessage) -> String {
    String::from_utf8(message.payload.to_vec()).unwrap()
}

pub fn payloads(messages: &[StreamMessage]) -> Vec<String> {
    messages.iter().map(payload).collect()
}

pub fn offset(message: &StreamMessage) -> u64 {
    message.msg_id.as_ref().unwrap().topic_offset
}

/// The next message; fails where none comes for long.
pub async fn next(deliveries: &mut Deliveries) -> StreamMessage {
    let next = tokio::time::timeout(Duration::from_secs(60), deliveries.next()).await;
    next.expect("no message for a minute").expect("the stream has ended")
}

pub async fn next_response(browse: &mut Browse) -> BrowseResponse {
    let next = tokio::time::timeout(Duration::from_secs(60), browse.next()).await;
    next.expect("no response for a minute").expect("the stream has ended").unwrap()
}

/// Whether nothing is waiting now.
pub async fn is_quiet(deliveries: &mut Deliveries) -> bool {
    tokio::time::timeout(Duration::from_millis(50), deliveries.next()).await.is_err()
}

//! Sending through Danube's own services, as every Danube broker has them: one producer per
//! partition, one call per message, no offsets back.

use super::irongate::now_ms;
use super::{Message, Outcome, Route, retry, wait_to_retry};
use crate::address::ServiceAddr;
use crate::client::{ANSWER_BYTES_MAX, Channel, connect_later};
use crate::failure::is_temporary;
use crate::hash::fnv_1a;
use irongate_proto::danube::discovery_client::DiscoveryClient;
use irongate_proto::danube::producer_service_client::ProducerServiceClient;
use irongate_proto::danube::topic_lookup_response::LookupType;
use irongate_proto::danube::{
    DispatchStrategy, MsgId, ProducerAccessMode, ProducerRequest, StreamMessage, TopicLookupRequest,
};
use irongate_proto::irongate_v1::Published;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Mutex;
use tonic::Status;
use tonic::metadata::MetadataValue;

/// A connection that sends to the partitions of a topic in turn or by routing key.
pub(crate) struct DanubeSender {
    channel: Channel,
    address: ServiceAddr,
    /// By topic; made when the first message for it is there.
    producers: Mutex<HashMap<String, Arc<Vec<Producer>>>>,
    next: AtomicUsize,
}

/// A producer of one partition, or of the topic where it has none.
struct Producer {
    client: ProducerServiceClient<Channel>,
    address: ServiceAddr,
    /// Set where the broker is reached through a proxy, which must be told whom is meant.
    proxied_broker: Option<String>,
    topic: String,
    name: String,
    partition: Option<u32>,
    producer_id: u64,
}

impl DanubeSender {
    pub(crate) fn new(channel: Channel, address: &ServiceAddr) -> Self {
        let producers = Mutex::new(HashMap::new());
        Self { channel, address: address.clone(), producers, next: AtomicUsize::new(0) }
    }

    pub(super) fn address(&self) -> &ServiceAddr {
        &self.address
    }

    /// Creates the producers, and with them the topic.
    pub(super) async fn open(&self, route: &Route) -> Result<(), Status> {
        self.producers_of(route).await.map(|_| ())
    }

    /// Sends one after the other. Only what keeps a producer from being made fails the call.
    pub(super) async fn send(&self, messages: &[Message]) -> Result<Vec<Outcome>, Status> {
        let mut outcomes = Vec::with_capacity(messages.len());
        for message in messages {
            let producers = self.producers_of(&message.route).await?;
            let index = match &message.routing_key {
                Some(key) => partition_of(key, producers.len()),
                None => self.next.fetch_add(1, Ordering::Relaxed) % producers.len(),
            };
            let producer = &producers[index];
            outcomes.push(match producer.send(message).await {
                Ok(()) => Outcome::Sent(producer.published(&message.route)),
                Err(status) => Outcome::refused(&status, &producer.address),
            });
        }
        Ok(outcomes)
    }

    async fn producers_of(&self, route: &Route) -> Result<Arc<Vec<Producer>>, Status> {
        let mut known = self.producers.lock().await;
        if let Some(producers) = known.get(&route.topic) {
            return Ok(producers.clone());
        }
        let mut producers = Vec::new();
        if route.partitions == 0 {
            producers.push(Producer::create(&self.channel, &self.address, route, None).await?);
        }
        for partition in 0..route.partitions {
            producers.push(Producer::create(&self.channel, &self.address, route, Some(partition)).await?);
        }
        let producers = Arc::new(producers);
        known.insert(route.topic.clone(), producers.clone());
        Ok(producers)
    }
}

impl Producer {
    /// Looks the topic up and creates the producer; both again where the broker says it moved.
    async fn create(
        channel: &Channel,
        address: &ServiceAddr,
        route: &Route,
        partition: Option<u32>,
    ) -> Result<Self, Status> {
        let (topic, name) = match partition {
            Some(number) => (format!("{}-part-{number}", route.topic), format!("{}-{number}", route.producer_name)),
            None => (route.topic.clone(), route.producer_name.clone()),
        };
        let mut retry = 0;
        loop {
            let (channel, address, proxied_broker) = locate(channel, address, &topic).await;
            let client = ProducerServiceClient::new(channel).max_encoding_message_size(ANSWER_BYTES_MAX);
            let (topic, name) = (topic.clone(), name.clone());
            let mut producer = Self { client, address, proxied_broker, topic, name, partition, producer_id: 0 };
            match producer.register(route).await {
                Ok(()) => return Ok(producer),
                // A topic that moves is found at its new place within a few tries.
                Err(status) if is_temporary(&status) && retry < retry::RETRIES_MAX => {
                    retry += 1;
                    wait_to_retry(retry).await;
                }
                Err(status) => return Err(status),
            }
        }
    }

    async fn register(&mut self, route: &Route) -> Result<(), Status> {
        let strategy = if route.is_reliable { DispatchStrategy::Reliable } else { DispatchStrategy::NonReliable };
        let request = ProducerRequest {
            request_id: 0,
            producer_name: self.name.clone(),
            topic_name: self.topic.clone(),
            schema_ref: route.schema.as_ref().map(|schema| schema.reference.clone()),
            producer_access_mode: ProducerAccessMode::Shared.into(),
            dispatch_strategy: strategy.into(),
        };
        let request = self.addressed(request);
        self.producer_id = self.client.create_producer(request).await?.into_inner().producer_id;
        Ok(())
    }

    async fn send(&self, message: &Message) -> Result<(), Status> {
        let request = self.addressed(self.stream_message(message));
        self.client.clone().send_message(request).await?;
        Ok(())
    }

    fn addressed<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        if let Some(broker) = &self.proxied_broker
            && let Ok(value) = MetadataValue::try_from(broker)
        {
            request.metadata_mut().insert("x-danube-broker-url", value);
        }
        request
    }

    fn stream_message(&self, message: &Message) -> StreamMessage {
        let schema = message.route.schema.as_ref();
        StreamMessage {
            request_id: message.number,
            msg_id: Some(MsgId {
                producer_id: self.producer_id,
                topic_name: self.topic.clone(),
                broker_addr: self.address.to_string(),
                topic_offset: 0,
            }),
            payload: message.payload.clone(),
            publish_time: now_ms(),
            producer_name: self.name.clone(),
            subscription_name: String::new(),
            attributes: message.attributes.clone(),
            schema_id: schema.and_then(|schema| schema.schema_id),
            schema_version: schema.and_then(|schema| schema.version),
            routing_key: message.routing_key.clone(),
        }
    }

    fn published(&self, route: &Route) -> Published {
        Published {
            topic: self.topic.clone(),
            partition: self.partition,
            offset: None,
            schema_id: route.schema.as_ref().and_then(|schema| schema.schema_id),
            schema_version: route.schema.as_ref().and_then(|schema| schema.version),
            warnings: Vec::new(),
        }
    }
}

/// Which broker serves `topic`. A topic that does not exist yet has none; then the one that was
/// asked is as good as any.
async fn locate(channel: &Channel, address: &ServiceAddr, topic: &str) -> (Channel, ServiceAddr, Option<String>) {
    let request = TopicLookupRequest { request_id: 0, topic: topic.to_owned() };
    let here = || (channel.clone(), address.clone(), None);
    let Ok(response) = DiscoveryClient::new(channel.clone()).topic_lookup(request).await else { return here() };
    let found = response.into_inner();
    if found.response_type() == LookupType::Failed {
        return here();
    }
    let Ok(connect) = address.sibling(&found.connect_url) else { return here() };
    let proxied_broker = found.proxy.then_some(found.broker_url);
    if &connect == address {
        return (channel.clone(), connect, proxied_broker);
    }
    match connect_later(&connect) {
        Ok(channel) => (channel, connect, proxied_broker),
        Err(_) => here(),
    }
}

/// The partition of a key, as Danube's clients choose it.
fn partition_of(key: &str, partitions: usize) -> usize {
    usize::try_from(fnv_1a(key.as_bytes()) % partitions as u64).unwrap_or_default()
}

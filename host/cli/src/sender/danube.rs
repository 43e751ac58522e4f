//! Sending through Danube's own services, as every Danube broker has them: one producer per
//! partition, one call per message, no offsets back.

use super::irongate::now_ms;
use super::{Letter, Outcome, RETRIES_MAX, wait_to_retry};
use crate::address::ServiceAddr;
use crate::client::{ANSWER_BYTES_MAX, endpoint};
use crate::failure::{is_temporary, refused, sentence};
use anyhow::Result;
use irongate_proto::danube::discovery_client::DiscoveryClient;
use irongate_proto::danube::producer_service_client::ProducerServiceClient;
use irongate_proto::danube::topic_lookup_response::LookupType;
use irongate_proto::danube::{
    DispatchStrategy, MsgId, ProducerAccessMode, ProducerRequest, StreamMessage, TopicLookupRequest,
};
use irongate_proto::irongate_v1::{Published, Refused};
use tonic::Status;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;

/// Sends one letter over and over, to the partitions in turn or by its routing key.
pub(crate) struct DanubeSender {
    letter: Letter,
    producers: Vec<Producer>,
    next: usize,
    sent: u64,
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
    pub(crate) async fn new(channel: Channel, address: &ServiceAddr, letter: Letter) -> Result<Self> {
        let mut producers = Vec::new();
        if letter.partitions == 0 {
            producers.push(Producer::create(&channel, address, &letter, None).await?);
        }
        for partition in 0..letter.partitions {
            producers.push(Producer::create(&channel, address, &letter, Some(partition)).await?);
        }
        Ok(Self { letter, producers, next: 0, sent: 0 })
    }

    pub(super) async fn send(&mut self) -> Result<Outcome> {
        let count = self.producers.len();
        let index = match &self.letter.routing_key {
            Some(key) => partition_of(key, count),
            None => self.next % count,
        };
        self.next = (index + 1) % count;
        self.sent += 1;
        let producer = &mut self.producers[index];
        let message = producer.message(&self.letter, self.sent);
        Ok(match producer.send(message).await {
            Ok(()) => Outcome::Sent(producer.published(&self.letter)),
            Err(status) => Outcome::Refused(Refused {
                code: status.code() as u32,
                message: sentence(&status, &producer.address),
                violations: Vec::new(),
            }),
        })
    }
}

impl Producer {
    /// Looks the topic up and creates the producer; both again where the broker says it moved.
    async fn create(channel: &Channel, address: &ServiceAddr, letter: &Letter, partition: Option<u32>) -> Result<Self> {
        let (topic, name) = match partition {
            Some(number) => (format!("{}-part-{number}", letter.topic), format!("{}-{number}", letter.producer_name)),
            None => (letter.topic.clone(), letter.producer_name.clone()),
        };
        let mut retry = 0;
        loop {
            let (channel, address, proxied_broker) = locate(channel, address, &topic).await;
            let client = ProducerServiceClient::new(channel).max_encoding_message_size(ANSWER_BYTES_MAX);
            let (topic, name) = (topic.clone(), name.clone());
            let mut producer = Self { client, address, proxied_broker, topic, name, partition, producer_id: 0 };
            match producer.register(letter).await {
                Ok(()) => return Ok(producer),
                Err(status) if is_temporary(&status) && retry < RETRIES_MAX => {
                    retry += 1;
                    wait_to_retry(retry).await;
                }
                Err(status) => return Err(refused(&status, &producer.address)),
            }
        }
    }

    async fn register(&mut self, letter: &Letter) -> Result<(), Status> {
        let strategy = if letter.is_reliable { DispatchStrategy::Reliable } else { DispatchStrategy::NonReliable };
        let request = ProducerRequest {
            request_id: 0,
            producer_name: self.name.clone(),
            topic_name: self.topic.clone(),
            schema_ref: letter.schema.as_ref().map(|schema| schema.reference.clone()),
            producer_access_mode: ProducerAccessMode::Shared.into(),
            dispatch_strategy: strategy.into(),
        };
        let request = self.addressed(request);
        self.producer_id = self.client.create_producer(request).await?.into_inner().producer_id;
        Ok(())
    }

    /// Like Danube's own client, tries again what may pass: at least once, never less.
    async fn send(&mut self, message: StreamMessage) -> Result<(), Status> {
        let mut retry = 0;
        loop {
            let request = self.addressed(message.clone());
            match self.client.send_message(request).await {
                Ok(_) => return Ok(()),
                Err(status) if is_temporary(&status) && retry < RETRIES_MAX => {
                    retry += 1;
                    wait_to_retry(retry).await;
                }
                Err(status) => return Err(status),
            }
        }
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

    fn message(&self, letter: &Letter, request_id: u64) -> StreamMessage {
        StreamMessage {
            request_id,
            msg_id: Some(MsgId {
                producer_id: self.producer_id,
                topic_name: self.topic.clone(),
                broker_addr: self.address.to_string(),
                topic_offset: 0,
            }),
            payload: letter.payload.clone(),
            publish_time: now_ms(),
            producer_name: self.name.clone(),
            subscription_name: String::new(),
            attributes: letter.attributes.clone(),
            schema_id: letter.schema.as_ref().map(|schema| schema.schema_id),
            schema_version: letter.schema.as_ref().map(|schema| schema.version),
            routing_key: letter.routing_key.clone(),
        }
    }

    fn published(&self, letter: &Letter) -> Published {
        Published {
            topic: self.topic.clone(),
            partition: self.partition,
            offset: None,
            schema_id: letter.schema.as_ref().map(|schema| schema.schema_id),
            schema_version: letter.schema.as_ref().map(|schema| schema.version),
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
    let Ok(connect) = found.connect_url.parse::<ServiceAddr>() else { return here() };
    let proxied_broker = found.proxy.then_some(found.broker_url);
    if &connect == address {
        return (channel.clone(), connect, proxied_broker);
    }
    (endpoint(&connect).connect_lazy(), connect, proxied_broker)
}

/// The partition of a key, as Danube's clients choose it: FNV-1a with 64 bits, modulo the count.
fn partition_of(key: &str, partitions: usize) -> usize {
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let hash = key.bytes().fold(OFFSET_BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    usize::try_from(hash % partitions as u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hash_as_fnv_1a_says() {
        // The published test vectors of FNV-1a 64: "" cbf29ce484222325, "a" af63dc4c8601ec8c, "foobar" 85944171f73967e8.
        assert_eq!(partition_of("", 1 << 16), 0x2325);
        assert_eq!(partition_of("a", 1 << 16), 0xec8c);
        assert_eq!(partition_of("foobar", 1 << 16), 0x67e8);
        assert_eq!(partition_of("anything", 1), 0);
    }
}

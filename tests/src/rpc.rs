//! Plain gRPC clients of every service, straight from the contracts: for what Danube's
//! clients would not send, and for our own services.

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;
use irongate_proto::{
    danube::{
        MsgId, ProducerRequest, StreamMessage, consumer_service_client::ConsumerServiceClient,
        discovery_client::DiscoveryClient, producer_service_client::ProducerServiceClient,
    },
    danube_schema::{RegisterSchemaRequest, RegisterSchemaResponse, schema_registry_client::SchemaRegistryClient},
    irongate_v1::{
        BrowseRequest, BrowsedMessage, OutgoingMessage, PublishRequest, PublishResult, browse_request::Start,
        browse_service_client::BrowseServiceClient, publish_service_client::PublishServiceClient,
        topic_service_client::TopicServiceClient,
    },
};
use tonic::{
    Status,
    transport::{Channel, Endpoint},
};

use crate::until;

/// The largest answer a test expects.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Clients of every service on one connection.
#[derive(Clone)]
pub struct Rpc {
    /// `danube.ProducerService`.
    pub producer: ProducerServiceClient<Channel>,
    /// `danube.ConsumerService`.
    pub consumer: ConsumerServiceClient<Channel>,
    /// `danube.Discovery`.
    pub discovery: DiscoveryClient<Channel>,
    /// `danube_schema.SchemaRegistry`.
    pub registry: SchemaRegistryClient<Channel>,
    /// `irongate.v1.PublishService`.
    pub publish: PublishServiceClient<Channel>,
    /// `irongate.v1.BrowseService`.
    pub browse: BrowseServiceClient<Channel>,
    /// `irongate.v1.TopicService`.
    pub topics: TopicServiceClient<Channel>,
}

impl Rpc {
    /// Connects, which a running host allows at once.
    pub async fn connect(url: &str) -> Rpc {
        let endpoint = Endpoint::from_shared(url.to_owned()).expect("a host's URL is one");
        let channel = endpoint.connect_timeout(Duration::from_secs(5)).connect().await.expect("the host accepts gRPC");
        Rpc {
            producer: ProducerServiceClient::new(channel.clone()),
            consumer: ConsumerServiceClient::new(channel.clone()),
            discovery: DiscoveryClient::new(channel.clone()),
            registry: SchemaRegistryClient::new(channel.clone()),
            publish: PublishServiceClient::new(channel.clone()),
            browse: BrowseServiceClient::new(channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX),
            topics: TopicServiceClient::new(channel),
        }
    }

    /// A producer as Danube's clients create one; answers its id.
    ///
    /// # Errors
    /// As the host answers.
    pub async fn create_producer(&mut self, request: ProducerRequest) -> Result<u64, Status> {
        Ok(self.producer.create_producer(request).await?.into_inner().producer_id)
    }

    /// Registers a JSON Schema.
    ///
    /// # Errors
    /// As the host answers.
    pub async fn register_json(&mut self, subject: &str, schema: &str) -> Result<RegisterSchemaResponse, Status> {
        self.register(subject, "json_schema", schema).await
    }

    /// Registers a schema of any type.
    ///
    /// # Errors
    /// As the host answers.
    pub async fn register(
        &mut self,
        subject: &str,
        schema_type: &str,
        schema: &str,
    ) -> Result<RegisterSchemaResponse, Status> {
        let request = RegisterSchemaRequest {
            subject: subject.to_owned(),
            schema_type: schema_type.to_owned(),
            schema_definition: Bytes::copy_from_slice(schema.as_bytes()),
            ..Default::default()
        };
        Ok(self.registry.register_schema(request).await?.into_inner())
    }

    /// Publishes one message through our own service.
    ///
    /// # Errors
    /// As the host answers the call as a whole; a refused message is a result.
    pub async fn publish_one(&mut self, request: PublishRequest, payload: &[u8]) -> Result<PublishResult, Status> {
        let message = OutgoingMessage { payload: Bytes::copy_from_slice(payload), ..Default::default() };
        let answer = self.publish.publish(PublishRequest { messages: vec![message], ..request }).await?.into_inner();
        assert_eq!(answer.results.len(), 1, "one result for one message");
        Ok(answer.results.into_iter().next().expect("counted above"))
    }

    /// Everything these topics hold now, from the earliest message on.
    ///
    /// # Errors
    /// As the host answers.
    pub async fn browse_all(&mut self, topics: &[&str]) -> Result<Vec<BrowsedMessage>, Status> {
        let request = BrowseRequest {
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            follow: false,
            start: Some(Start::Earliest(true)),
        };
        let reading = async {
            let mut stream = self.browse.browse(request).await?.into_inner();
            let mut messages = Vec::new();
            while let Some(answer) = stream.message().await? {
                messages.extend(answer.messages);
            }
            Ok(messages)
        };
        until::done("the end of what the topics hold", reading).await
    }
}

/// A message as Danube's clients send it, to a producer of this id.
pub fn message(topic: &str, producer_id: u64, payload: impl Into<Bytes>) -> StreamMessage {
    StreamMessage {
        request_id: 1,
        msg_id: Some(MsgId { producer_id, topic_name: topic.to_owned(), ..Default::default() }),
        payload: payload.into(),
        producer_name: "system-test".to_owned(),
        attributes: HashMap::new(),
        ..Default::default()
    }
}

//! Sending through `irongate.v1`: many messages in one call, and offsets back.

use super::{Message, Outcome, Route};
use crate::address::ServiceAddr;
use crate::client::{ANSWER_BYTES_MAX, Channel};
use irongate_proto::danube::DispatchStrategy;
use irongate_proto::irongate_v1::publish_result::Outcome as Answer;
use irongate_proto::irongate_v1::publish_service_client::PublishServiceClient;
use irongate_proto::irongate_v1::{OutgoingMessage, PublishRequest, PublishResponse};
use tonic::Status;

/// Messages of one call, where the server allows as many. More would only make the first answer come later.
pub(crate) const CALL_MESSAGES_MAX: u32 = 500;

/// A connection that publishes.
pub(crate) struct IrongateSender {
    client: PublishServiceClient<Channel>,
    address: ServiceAddr,
    call_messages_max: usize,
}

impl IrongateSender {
    /// `batch_messages_max`: what the server takes in one call.
    pub(crate) fn new(channel: Channel, address: &ServiceAddr, batch_messages_max: u32) -> Self {
        let client = PublishServiceClient::new(channel)
            .max_encoding_message_size(ANSWER_BYTES_MAX)
            .max_decoding_message_size(ANSWER_BYTES_MAX);
        let call_messages_max = CALL_MESSAGES_MAX.min(batch_messages_max).max(1) as usize;
        Self { client, address: address.clone(), call_messages_max }
    }

    pub(super) fn call_messages_max(&self) -> usize {
        self.call_messages_max
    }

    pub(super) fn address(&self) -> &ServiceAddr {
        &self.address
    }

    /// A call without messages creates the topic, or says what is wrong with it.
    pub(super) async fn open(&self, route: &Route) -> Result<(), Status> {
        self.client.clone().publish(request(route, Vec::new())).await.map(|_| ())
    }

    pub(super) async fn send(&self, messages: &[Message]) -> Result<Vec<Outcome>, Status> {
        let Some(first) = messages.first() else { return Ok(Vec::new()) };
        let request = request(&first.route, messages.iter().map(outgoing).collect());
        outcomes(self.client.clone().publish(request).await?.into_inner(), messages.len())
    }
}

fn request(route: &Route, messages: Vec<OutgoingMessage>) -> PublishRequest {
    PublishRequest {
        topic: route.topic.clone(),
        producer_name: route.producer_name.clone(),
        // Without --reliable an existing topic is used as it is.
        dispatch_strategy: route.is_reliable.then_some(DispatchStrategy::Reliable.into()),
        partitions: route.partitions,
        schema_ref: route.schema.as_ref().map(|schema| schema.reference.clone()),
        messages,
    }
}

fn outgoing(message: &Message) -> OutgoingMessage {
    OutgoingMessage {
        payload: message.payload.clone(),
        attributes: message.attributes.clone(),
        routing_key: message.routing_key.clone(),
        partition: None,
        publish_time_ms: now_ms(),
    }
}

fn outcomes(response: PublishResponse, expected: usize) -> Result<Vec<Outcome>, Status> {
    if response.results.len() != expected {
        let text = format!("the server answered {} results for {expected} messages", response.results.len());
        return Err(Status::internal(text));
    }
    let outcomes = response.results.into_iter().map(|result| match result.outcome {
        Some(Answer::Published(published)) => Ok(Outcome::Sent(published)),
        Some(Answer::Refused(refused)) => Ok(Outcome::Refused(refused)),
        None => Err(Status::internal("the server did not say what became of a message")),
    });
    outcomes.collect()
}

/// Milliseconds since the epoch.
pub(crate) fn now_ms() -> u64 {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}

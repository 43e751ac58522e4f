//! Sending through `irongate.v1`: many messages in one call, and offsets back.

use super::{Letter, Outcome, RETRIES_MAX, wait_to_retry};
use crate::address::ServiceAddr;
use crate::client::ANSWER_BYTES_MAX;
use crate::failure::{is_temporary, refused};
use anyhow::{Result, bail};
use irongate_proto::danube::DispatchStrategy;
use irongate_proto::irongate_v1::publish_result::Outcome as Answer;
use irongate_proto::irongate_v1::publish_service_client::PublishServiceClient;
use irongate_proto::irongate_v1::{OutgoingMessage, PublishRequest, PublishResponse};
use tonic::transport::Channel;

/// Payload bytes of one call. More would only make the first answer come later.
const CALL_BYTES_MAX: usize = 1 << 20;
/// Messages of one call, where the server allows as many.
const CALL_MESSAGES_MAX: u32 = 100;

/// Sends one letter over and over.
pub(crate) struct IrongateSender {
    client: PublishServiceClient<Channel>,
    address: ServiceAddr,
    letter: Letter,
    call_messages_max: u32,
}

impl IrongateSender {
    /// `batch_messages_max`: what the server takes in one call.
    pub(crate) fn new(channel: Channel, address: &ServiceAddr, letter: Letter, batch_messages_max: u32) -> Self {
        let client = PublishServiceClient::new(channel)
            .max_encoding_message_size(ANSWER_BYTES_MAX)
            .max_decoding_message_size(ANSWER_BYTES_MAX);
        let by_bytes = CALL_BYTES_MAX / letter.payload.len().max(1);
        let by_bytes = u32::try_from(by_bytes).unwrap_or(u32::MAX);
        let call_messages_max = CALL_MESSAGES_MAX.min(batch_messages_max).min(by_bytes).max(1);
        Self { client, address: address.clone(), letter, call_messages_max }
    }

    /// A call that failed for a reason that passes is tried again. The server may have taken
    /// the messages all the same, so they may arrive twice: at least once, never less.
    pub(super) async fn send(&mut self, count: u32) -> Result<Vec<Outcome>> {
        let request = self.request(count.min(self.call_messages_max));
        let mut retry = 0;
        let response = loop {
            match self.client.publish(request.clone()).await {
                Ok(response) => break response.into_inner(),
                Err(status) if is_temporary(&status) && retry < RETRIES_MAX => {
                    retry += 1;
                    wait_to_retry(retry).await;
                }
                Err(status) => return Err(refused(&status, &self.address)),
            }
        };
        outcomes(response, request.messages.len())
    }

    fn request(&self, count: u32) -> PublishRequest {
        let letter = &self.letter;
        let message = OutgoingMessage {
            payload: letter.payload.clone(),
            attributes: letter.attributes.clone(),
            routing_key: letter.routing_key.clone(),
            partition: None,
            publish_time_ms: now_ms(),
        };
        PublishRequest {
            topic: letter.topic.clone(),
            producer_name: letter.producer_name.clone(),
            // Without --reliable an existing topic is used as it is.
            dispatch_strategy: letter.is_reliable.then_some(DispatchStrategy::Reliable.into()),
            partitions: letter.partitions,
            schema_ref: letter.schema.as_ref().map(|schema| schema.reference.clone()),
            messages: vec![message; count as usize],
        }
    }
}

fn outcomes(response: PublishResponse, expected: usize) -> Result<Vec<Outcome>> {
    if response.results.len() != expected {
        bail!("the server answered {} results for {expected} messages", response.results.len());
    }
    let outcomes = response.results.into_iter().map(|result| match result.outcome {
        Some(Answer::Published(published)) => Ok(Outcome::Sent(published)),
        Some(Answer::Refused(refused)) => Ok(Outcome::Refused(refused)),
        None => bail!("the server did not say what became of a message"),
    });
    outcomes.collect()
}

/// Milliseconds since the epoch.
pub(super) fn now_ms() -> u64 {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}

//! The way of a message into a topic: one by one from a producer, or many in one call.

mod admission;
mod batch;
mod transaction;
mod transforming;

pub use batch::{refused, violation};
pub use transaction::{Transacted, Transaction};
pub use transforming::{Passing, TopicTransforms, TransformRefusal, Transforming};
mod routing;

use crate::BrokerError;
use crate::inner::Inner;
use crate::metrics::Metrics;
use crate::topic::Topic;
use bytes::Bytes;
use irongate_proto::danube::{MessageResponse, StreamMessage};
use irongate_store::Append;
use prost::Message;
use std::sync::Arc;

impl Inner {
    /// SendMessage: answered after the sync on a reliable topic, at once on another.
    pub(crate) async fn send(&self, message: StreamMessage) -> Result<MessageResponse, BrokerError> {
        let request_id = message.request_id;
        let bytes = message.encoded_len();
        match self.send_counted(message, bytes).await {
            Ok(()) => {
                self.count_published(1, bytes);
                Ok(MessageResponse { request_id })
            }
            Err(error) => {
                self.count_refused(&error);
                Err(error)
            }
        }
    }

    async fn send_counted(&self, mut message: StreamMessage, bytes: usize) -> Result<(), BrokerError> {
        self.check_open()?;
        let id = message.msg_id.as_ref().ok_or(BrokerError::MessageIdMissing { request: "message" })?;
        let producer = self.producers.get(id.producer_id)?;
        let topic = &producer.topic;
        if id.topic_name != topic.name() {
            let reason =
                format!("its msg_id names the topic {}, its producer writes to {}", id.topic_name, topic.name());
            return Err(BrokerError::PublishRefused { reason });
        }
        self.check_size(bytes)?;
        self.check_producer(topic, &producer.name)?;
        let reference = producer.touch();
        if topic.is_transformed() {
            return self.store_transformed(topic, message, reference.as_deref()).await;
        }
        // Warnings are counted and logged there; this contract has no place for them.
        self.admit(topic, &mut message, reference.as_deref()).await?;
        if !topic.is_reliable() {
            topic.dispatch(&message, bytes, &self.metrics);
            return Ok(());
        }
        self.append(topic, &message).await
    }

    /// A message that no producer sent, on a reliable topic.
    pub(crate) async fn store_message(
        &self,
        topic: &Arc<Topic>,
        mut message: StreamMessage,
    ) -> Result<(), BrokerError> {
        if topic.is_transformed() {
            return self.store_transformed(topic, message, None).await;
        }
        self.admit(topic, &mut message, None).await?;
        self.append(topic, &message).await
    }

    async fn append(&self, topic: &Arc<Topic>, message: &StreamMessage) -> Result<(), BrokerError> {
        let append = record(topic, message);
        let topic = Arc::clone(topic);
        let committed = self.commits.commit(vec![append], Vec::new(), move |appended| {
            appended.iter().for_each(|record| topic.appended(record));
            topic.wake_watchers();
        });
        committed.await.map(|_| ())
    }

    fn check_size(&self, bytes: usize) -> Result<(), BrokerError> {
        let bytes_max = self.config.limits.message_bytes_max;
        if bytes > bytes_max { Err(BrokerError::MessageTooLarge { bytes, bytes_max }) } else { Ok(()) }
    }

    fn count_published(&self, messages: usize, bytes: usize) {
        Metrics::add(&self.metrics.messages_published, messages as u64);
        Metrics::add(&self.metrics.bytes_published, bytes as u64);
    }

    fn count_refused(&self, error: &BrokerError) {
        Metrics::add(&self.metrics.messages_refused, 1);
        if matches!(error, BrokerError::PayloadInvalid { .. }) {
            Metrics::add(&self.metrics.messages_invalid, 1);
        }
    }
}

fn record(topic: &Topic, message: &StreamMessage) -> Append {
    Append { log: topic.log(), record: Bytes::from(message.encode_to_vec()) }
}

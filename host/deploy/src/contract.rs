//! The contract's messages in the engine's words and back, for every source that is a subscription, in the host or beside it. Asks nobody and
//! keeps nothing.

use irongate_pipeline::{Arrived, Position, SubscriptionType};
use irongate_proto::danube::{MsgId, StreamMessage, consumer_request::SubscriptionType as WireType};
use irongate_runtime::{Record, SchemaReference};
use std::sync::Arc;

/// A topic that is read, one partition of it where it has several.
#[derive(Clone, Debug)]
pub struct SourceTopic {
    /// What the pipeline reads: the topic, or the base name of its partitions.
    pub base: String,
    /// The topic's own name.
    pub name: Arc<str>,
    partition: Option<u32>,
}

impl SourceTopic {
    /// The topic `name`, read as `base` or as a partition of it.
    #[must_use]
    pub fn new(base: &str, name: &str) -> Self {
        let number = name.strip_prefix(base).and_then(|rest| rest.strip_prefix("-part-"));
        let partition = number.and_then(|number| number.parse().ok());
        Self { base: base.to_owned(), name: name.into(), partition }
    }

    /// A message of this topic as a record; `subject` is the name of its schema, where that is known.
    #[must_use]
    pub fn arrived(&self, message: StreamMessage, subject: Option<String>) -> Arrived {
        let offset = message.msg_id.map_or(0, |id| id.topic_offset);
        let record = Record {
            topic: self.base.clone(),
            partition: self.partition,
            offset: Some(offset),
            key: message.routing_key,
            attributes: message.attributes.into_iter().collect(),
            publish_time_ms: message.publish_time,
            schema: subject.zip(message.schema_version).map(|(subject, version)| SchemaReference { subject, version }),
            payload: message.payload,
        };
        Arrived { position: Position { topic: Arc::clone(&self.name), offset }, record }
    }
}

/// The id by which a record is acknowledged or given back.
#[must_use]
pub fn message_id(position: &Position) -> MsgId {
    MsgId { topic_name: position.topic.to_string(), topic_offset: position.offset, ..MsgId::default() }
}

/// How a subscription is asked for.
#[must_use]
pub fn wire_type(subscription_type: SubscriptionType) -> WireType {
    match subscription_type {
        SubscriptionType::Exclusive => WireType::Exclusive,
        SubscriptionType::Shared => WireType::Shared,
        SubscriptionType::Failover => WireType::Failover,
        SubscriptionType::KeyShared => WireType::KeyShared,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_known_by_its_name_and_a_longer_name_is_none() {
        let partition = |name| SourceTopic::new("/default/t", name).partition;
        assert_eq!(partition("/default/t-part-3"), Some(3));
        assert_eq!((partition("/default/t"), partition("/default/tea-part-3")), (None, None));
    }
}

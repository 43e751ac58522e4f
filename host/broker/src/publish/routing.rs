//! Where a published message goes: the topic itself, or one of its partitions by index,
//! by key, or in turn.

use crate::BrokerError;
use crate::inner::Inner;
use crate::names::{TopicName, split_partition};
use crate::producers::named_reference;
use crate::topic::Topic;
use crate::topics::{NewTopics, check_strategy};
use irongate_proto::danube::{DispatchStrategy, SchemaReference};
use irongate_proto::irongate_v1::{OutgoingMessage, PublishRequest};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// FNV-1a in 64 bits, as the Danube clients compute it: the same key must reach the same partition.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

pub(super) enum Route {
    Plain(Arc<Topic>),
    /// Never empty, in the order of their indexes.
    Partitions(Vec<Arc<Topic>>),
}

impl Route {
    pub(super) fn topics(&self) -> &[Arc<Topic>] {
        match self {
            Self::Plain(topic) => std::slice::from_ref(topic),
            Self::Partitions(topics) => topics,
        }
    }

    /// The topic for this message; with its partition where there are several.
    pub(super) fn choose(&self, message: &OutgoingMessage) -> Result<&Arc<Topic>, BrokerError> {
        let topics = match self {
            Self::Plain(topic) => return plain(topic, message),
            Self::Partitions(topics) => topics,
        };
        if let Some(partition) = message.partition {
            return topics.iter().find(|topic| partition_of(topic) == Some(partition)).ok_or_else(|| {
                let base = split_partition(topics[0].name()).map_or("", |(base, _)| base);
                BrokerError::InvalidArgument {
                    what: format!("the topic {base} has {} partitions, {partition} is not one of them", topics.len()),
                }
            });
        }
        let count = topics.len() as u64;
        let turn = match &message.routing_key {
            Some(key) => fnv1a64(key.as_bytes()),
            None => topics[0].round_robin.fetch_add(1, Ordering::Relaxed),
        };
        let index = usize::try_from(turn % count).unwrap_or_default();
        Ok(&topics[index])
    }
}

fn plain<'a>(topic: &'a Arc<Topic>, message: &OutgoingMessage) -> Result<&'a Arc<Topic>, BrokerError> {
    match message.partition {
        Some(partition) if partition_of(topic) != Some(partition) => Err(BrokerError::InvalidArgument {
            what: format!("the topic {} has no partition {partition}", topic.name()),
        }),
        _ => Ok(topic),
    }
}

pub(super) fn partition_of(topic: &Topic) -> Option<u32> {
    topic.full_name().partition().map(|(_, index)| index)
}

fn fnv1a64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(FNV_OFFSET, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME))
}

impl Inner {
    /// Finds or creates the topics of a publish call; checked against strategy and subject.
    pub(super) async fn route(self: &Arc<Self>, request: &PublishRequest) -> Result<Route, BrokerError> {
        let name = TopicName::parse(&request.topic, &self.config.limits)?;
        let strategy = request.dispatch_strategy.map(crate::producers::strategy).transpose()?;
        let reference = named_reference(request.schema_ref.clone());
        if self.topics.expand(name.as_str()).is_empty() {
            self.check_creation(&name)?;
            self.create_route(&name, strategy, request.partitions, reference.as_ref()).await?;
        }
        let route = self.existing_route(&name, request.partitions)?;
        for topic in route.topics() {
            check_strategy(topic, strategy)?;
            self.bind_by_producer(topic, reference.as_ref()).await?;
        }
        Ok(route)
    }

    pub(crate) async fn create_route(
        self: &Arc<Self>,
        name: &TopicName,
        strategy: Option<DispatchStrategy>,
        partitions: u32,
        reference: Option<&SchemaReference>,
    ) -> Result<(), BrokerError> {
        let names = self.partition_names(name, partitions)?;
        let strategy = strategy.unwrap_or(DispatchStrategy::NonReliable);
        self.create_topics(NewTopics { names, strategy, reference: reference.cloned() }, true).await
    }

    /// The topic, or all partitions of a base name, as they are.
    pub(super) fn route_of(&self, topic: &str) -> Result<Route, BrokerError> {
        self.existing_route(&TopicName::parse(topic, &self.config.limits)?, 0)
    }

    fn existing_route(&self, name: &TopicName, partitions: u32) -> Result<Route, BrokerError> {
        if let Some(topic) = self.topics.find(name.as_str()) {
            if partitions == 0 {
                return Ok(Route::Plain(topic));
            }
            let what = format!("the topic {} exists and is not partitioned", name.as_str());
            return Err(BrokerError::TopicClash { what });
        }
        let topics = self.topics.partitions(name.as_str());
        if topics.is_empty() {
            return Err(BrokerError::TopicMissing { topic: name.as_str().to_owned() });
        }
        if partitions != 0 && partitions as usize != topics.len() {
            let what = format!("the topic {} has {} partitions, not {partitions}", name.as_str(), topics.len());
            return Err(BrokerError::TopicClash { what });
        }
        Ok(Route::Partitions(topics))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_keys_as_the_published_test_vectors_say() {
        assert_eq!(fnv1a64(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a64(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a64(b"foobar"), 0x8594_4171_f739_67e8);
    }
}

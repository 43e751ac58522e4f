//! `Publish` on a cluster: a producer for each partition, kept between calls, and one call of
//! Danube's for each message. There are no offsets to answer with.

use crate::cluster::Inner;
use crate::meaning::passed_on;
use crate::producers::Producer;
use irongate_broker::BrokerError;
use irongate_proto::danube::schema_reference::VersionRef;
use irongate_proto::danube::{
    DispatchStrategy, MsgId, ProducerAccessMode, ProducerRequest, SchemaReference, StreamMessage,
};
use irongate_proto::danube_schema::{GetLatestSchemaRequest, GetSchemaResponse};
use irongate_proto::irongate_v1::publish_result::Outcome;
use irongate_proto::irongate_v1::{
    OutgoingMessage, PublishRequest, PublishResponse, PublishResult, Published, Refused,
};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};
use tonic::Code;

/// The schema that messages name: its id and version.
type Named = Option<(u64, u32)>;

impl Inner {
    pub(crate) async fn publish(&self, request: PublishRequest) -> Result<PublishResponse, BrokerError> {
        let PublishRequest { topic, producer_name, dispatch_strategy, partitions, schema_ref, messages } = request;
        let messages_max = self.limits.publish_batch_messages_max;
        if messages.len() > messages_max {
            let what = format!("one call publishes {} messages", messages.len());
            return Err(BrokerError::LimitReached { what, limit: messages_max });
        }
        let schema = self.named(schema_ref.as_ref()).await?;
        let names = self.partitions_or_new(&topic, partitions).await?;
        let strategy = dispatch_strategy.map(|number| {
            DispatchStrategy::try_from(number)
                .map_err(|_| BrokerError::InvalidArgument { what: format!("{number} is no dispatch strategy") })
        });
        let strategy = strategy.transpose()?;
        let mut producers = Vec::with_capacity(names.len());
        for (index, name) in names.iter().enumerate() {
            let own = if names.len() > 1 { format!("{producer_name}-{index}") } else { producer_name.clone() };
            producers.push(self.publisher(name, own, strategy, schema_ref.as_ref()).await?);
        }
        let mut results = Vec::with_capacity(messages.len());
        for (number, message) in messages.into_iter().enumerate() {
            let outcome = self.publish_one(&producers, message, number, schema).await;
            results.push(PublishResult { outcome: Some(outcome) });
        }
        Ok(PublishResponse { results })
    }

    /// The topics behind a name, or those that come into being with the first message.
    async fn partitions_or_new(&self, topic: &str, partitions: u32) -> Result<Vec<String>, BrokerError> {
        let found = self.partitions(topic).await?;
        if found.is_empty() {
            if partitions > self.limits.partitions_max {
                let what = format!("the topic {topic} cannot have {partitions} partitions");
                return Err(BrokerError::LimitReached { what, limit: self.limits.partitions_max as usize });
            }
            return Ok(match partitions {
                0 => vec![topic.to_owned()],
                count => (0..count).map(|index| format!("{topic}-part-{index}")).collect(),
            });
        }
        let is_partitioned = found.iter().all(|name| name != topic);
        if partitions > 0 && (!is_partitioned || found.len() != partitions as usize) {
            let what = format!("the topic {topic} does not have {partitions} partitions");
            return Err(BrokerError::Precondition { what });
        }
        Ok(found)
    }

    /// The producer of a topic under a name. Where no strategy is asked for, the one that the topic has is taken.
    async fn publisher(
        &self,
        topic: &str,
        name: String,
        strategy: Option<DispatchStrategy>,
        schema_ref: Option<&SchemaReference>,
    ) -> Result<Arc<Producer>, BrokerError> {
        let key = (topic.to_owned(), format!("{name} {strategy:?} {schema_ref:?}"));
        if let Some(producer) = self.publishers.get(&key) {
            return Ok(producer);
        }
        let request = |strategy: DispatchStrategy| ProducerRequest {
            request_id: 0,
            producer_name: name.clone(),
            topic_name: topic.to_owned(),
            schema_ref: schema_ref.cloned(),
            producer_access_mode: ProducerAccessMode::Shared.into(),
            dispatch_strategy: strategy.into(),
        };
        let first = strategy.unwrap_or(DispatchStrategy::NonReliable);
        let made = match self.make_producer(request(first)).await {
            Err(error) if strategy.is_none() && error.code() == Code::FailedPrecondition => {
                // The other strategy, or the first refusal where that was not the reason.
                self.make_producer(request(DispatchStrategy::Reliable)).await.map_err(|_| error)
            }
            made => made,
        };
        let (producer, _) = made?;
        self.publishers.add(key, producer.clone())?;
        Ok(producer)
    }

    async fn publish_one(
        &self,
        producers: &[Arc<Producer>],
        message: OutgoingMessage,
        number: usize,
        schema: Named,
    ) -> Outcome {
        let OutgoingMessage { payload, attributes, routing_key, partition, publish_time_ms } = message;
        let index = match (partition, &routing_key) {
            (Some(partition), _) => partition as usize,
            (None, Some(key)) => partition_of(key, producers.len()),
            (None, None) => self.next_partition.fetch_add(1, Ordering::Relaxed) % producers.len(),
        };
        let Some(producer) = producers.get(index) else {
            let message = format!("there is no partition {index}, there are {}", producers.len());
            return Outcome::Refused(Refused { code: Code::InvalidArgument as u32, message, violations: Vec::new() });
        };
        let message = StreamMessage {
            request_id: number as u64 + 1,
            msg_id: Some(MsgId { topic_name: producer.topic().to_owned(), ..MsgId::default() }),
            payload,
            publish_time: if publish_time_ms == 0 { now_ms() } else { publish_time_ms },
            producer_name: producer.name().to_owned(),
            subscription_name: String::new(),
            attributes,
            schema_id: schema.map(|(id, _)| id),
            schema_version: schema.map(|(_, version)| version),
            routing_key,
        };
        match self.send_as(producer, message).await.map_err(passed_on) {
            Ok(_) => Outcome::Published(Published {
                topic: producer.topic().to_owned(),
                partition: (producers.len() > 1).then(|| u32::try_from(index).unwrap_or(u32::MAX)),
                offset: None,
                schema_id: schema.map(|(id, _)| id),
                schema_version: schema.map(|(_, version)| version),
                warnings: Vec::new(),
            }),
            Err(error) => Outcome::Refused(Refused {
                code: error.code() as u32,
                message: error.to_string(),
                violations: Vec::new(),
            }),
        }
    }

    /// Id and version of the schema that a reference means.
    async fn named(&self, reference: Option<&SchemaReference>) -> Result<Named, BrokerError> {
        let Some(reference) = reference.filter(|reference| !reference.subject.is_empty()) else { return Ok(None) };
        let request = GetLatestSchemaRequest { subject: reference.subject.clone() };
        let GetSchemaResponse { schema_id, version, .. } = self.latest_schema(request).await?;
        match reference.version_ref {
            Some(VersionRef::PinnedVersion(pinned)) => Ok(Some((schema_id, pinned))),
            Some(VersionRef::MinVersion(least)) if version < least => Err(BrokerError::Precondition {
                what: format!(
                    "the subject {} is at version {version}, at least {least} is asked for",
                    reference.subject
                ),
            }),
            _ => Ok(Some((schema_id, version))),
        }
    }
}

/// The partition of a key, as Danube's clients choose it: FNV-1a of 64 bits.
fn partition_of(key: &str, partitions: usize) -> usize {
    let hash = key
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    usize::try_from(hash % partitions as u64).unwrap_or_default()
}

fn now_ms() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_partition_that_danubes_clients_give_it() {
        // The published test vectors of FNV-1a: "" and "a".
        assert_eq!(partition_of("", usize::MAX), 0xcbf2_9ce4_8422_2325);
        assert_eq!(partition_of("a", usize::MAX), 0xaf63_dc4c_8601_ec8c);
        assert!(partition_of("user-1", 8) < 8);
    }
}

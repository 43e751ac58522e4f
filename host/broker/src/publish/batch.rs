//! Publish of `irongate.v1`: many messages in one call, one result for each, all stored
//! ones in one commit.

use super::record;
use super::routing::{Route, partition_of};
use crate::BrokerError;
use crate::inner::Inner;
use crate::names::check_name;
use crate::topic::Topic;
use crate::topics::clock_ms;
use irongate_proto::danube::{MsgId, SchemaReference, StreamMessage};
use irongate_proto::irongate_v1 as v1;
use irongate_proto::irongate_v1::publish_result::Outcome;
use irongate_schema::Violation;
use irongate_store::{Append, Appended};
use prost::Message;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A message and where it goes.
pub(super) struct Addressed {
    pub(super) topic: Arc<Topic>,
    pub(super) message: StreamMessage,
}

/// A message that was let in, and what its result says when it is stored.
pub(super) struct Admitted {
    pub(super) topic: Arc<Topic>,
    pub(super) message: StreamMessage,
    pub(super) bytes: usize,
    pub(super) warnings: Vec<Violation>,
    /// The topic's transforms dropped it: it is acknowledged and goes nowhere.
    pub(super) is_dropped: bool,
    /// What else the topic's transforms made of it.
    pub(super) further: Vec<StreamMessage>,
}

impl Admitted {
    /// What enters the topic.
    pub(super) fn entering(&self) -> impl Iterator<Item = &StreamMessage> {
        (!self.is_dropped).then_some(&self.message).into_iter().chain(&self.further)
    }
}

pub(super) type Verdict = Result<Admitted, BrokerError>;

impl Inner {
    pub(crate) async fn publish(
        self: &Arc<Self>,
        mut request: v1::PublishRequest,
    ) -> Result<v1::PublishResponse, BrokerError> {
        self.check_open()?;
        self.check_batch(&request)?;
        let route = self.route(&request).await?;
        let reference = request.schema_ref.take().filter(|reference| !reference.subject.is_empty());
        let messages = std::mem::take(&mut request.messages).into_iter().enumerate();
        let addressed = messages.map(|(index, outgoing)| {
            let name = request.producer_name.clone();
            self.address(&route, outgoing, index as u64 + 1, name)
        });
        let bytes_max = self.config.limits.publish_batch_bytes_max;
        let mut verdicts = self.admit_all(addressed.collect(), reference.as_ref(), bytes_max).await;
        let stored = self.store(&mut verdicts).await;
        let mut stored = stored.into_iter();
        let results = verdicts.into_iter().map(|verdict| match verdict {
            Ok(admitted) => {
                let entering = if admitted.topic.is_reliable() { admitted.entering().count() } else { 0 };
                let offset = stored.by_ref().take(entering).reduce(|first, _| first);
                self.count_published(1, admitted.bytes);
                v1::PublishResult { outcome: Some(Outcome::Published(published(admitted, offset))) }
            }
            Err(error) => {
                self.count_refused(&error);
                v1::PublishResult { outcome: Some(Outcome::Refused(refused(&error))) }
            }
        });
        Ok(v1::PublishResponse { results: results.collect() })
    }

    fn check_batch(&self, request: &v1::PublishRequest) -> Result<(), BrokerError> {
        let limits = &self.config.limits;
        check_name("producer name", &request.producer_name, true, limits)?;
        let count = request.messages.len();
        if count > limits.publish_batch_messages_max {
            let what = format!("{count} messages in one call");
            return Err(BrokerError::LimitReached { what, limit: limits.publish_batch_messages_max });
        }
        let bytes: usize = request.messages.iter().map(Message::encoded_len).sum();
        if bytes > limits.publish_batch_bytes_max {
            let what = format!("{bytes} bytes in one call");
            return Err(BrokerError::LimitReached { what, limit: limits.publish_batch_bytes_max });
        }
        Ok(())
    }

    /// Finds a message's way. Whether it may go there is asked of the topic alone.
    pub(super) fn address(
        &self,
        route: &Route,
        outgoing: v1::OutgoingMessage,
        request_id: u64,
        producer_name: String,
    ) -> Result<Addressed, BrokerError> {
        let topic = Arc::clone(route.choose(&outgoing)?);
        self.check_producer(&topic, &producer_name)?;
        let publish_time = if outgoing.publish_time_ms == 0 { clock_ms() } else { outgoing.publish_time_ms };
        let message = StreamMessage {
            request_id,
            msg_id: Some(MsgId { topic_name: topic.name().to_owned(), ..MsgId::default() }),
            payload: outgoing.payload,
            publish_time,
            producer_name,
            subscription_name: String::new(),
            attributes: outgoing.attributes,
            schema_id: None,
            schema_version: None,
            routing_key: outgoing.routing_key,
        };
        self.check_size(message.encoded_len())?;
        Ok(Addressed { topic, message })
    }

    /// Lets messages in or says why not, one answer for each, in their order. What goes through the transforms of one topic goes together, and what these
    /// make of it has at most `made_bytes_max` bytes for each topic.
    pub(super) async fn admit_all(
        &self,
        addressed: Vec<Result<Addressed, BrokerError>>,
        reference: Option<&SchemaReference>,
        made_bytes_max: usize,
    ) -> Vec<Verdict> {
        let mut verdicts = Vec::with_capacity(addressed.len());
        let mut transformed: BTreeMap<String, Vec<(usize, Addressed)>> = BTreeMap::new();
        for (index, one) in addressed.into_iter().enumerate() {
            match one {
                Err(error) => verdicts.push((index, Err(error))),
                Ok(one) if one.topic.is_transformed() => {
                    transformed.entry(one.topic.base_name().to_owned()).or_default().push((index, one));
                }
                Ok(one) => verdicts.push((index, self.admit_as_it_is(one, reference).await)),
            }
        }
        for messages in transformed.into_values() {
            verdicts.extend(self.admit_in_portions(messages, reference, made_bytes_max).await);
        }
        verdicts.sort_by_key(|(index, _)| *index);
        verdicts.into_iter().map(|(_, verdict)| verdict).collect()
    }

    async fn admit_as_it_is(&self, addressed: Addressed, reference: Option<&SchemaReference>) -> Verdict {
        let Addressed { topic, mut message } = addressed;
        let warnings = self.admit(&topic, &mut message, reference).await?;
        let bytes = message.encoded_len();
        Ok(Admitted { topic, message, bytes, warnings, is_dropped: false, further: Vec::new() })
    }

    /// Hands on or stores what was admitted, and returns the offsets of what was stored, in
    /// order. When the store refuses, each of those gets the reason instead.
    pub(super) async fn store(&self, verdicts: &mut [Verdict]) -> Vec<u64> {
        for admitted in verdicts.iter().flatten().filter(|admitted| !admitted.topic.is_reliable()) {
            for message in admitted.entering() {
                admitted.topic.dispatch(message, message.encoded_len(), &self.metrics);
            }
        }
        let (appends, topics) = appends_of(verdicts);
        if appends.is_empty() {
            return Vec::new();
        }
        let committed = self.commits.commit(appends, Vec::new(), move |appended| announce(&topics, appended));
        match committed.await {
            Ok(appended) => appended.iter().map(|record| record.offset).collect(),
            Err(error) => {
                for verdict in verdicts.iter_mut() {
                    if verdict.as_ref().is_ok_and(|one| one.topic.is_reliable() && !one.is_dropped) {
                        *verdict = Err(error.clone());
                    }
                }
                Vec::new()
            }
        }
    }
}

/// What goes to the logs of reliable topics, and the topics by their logs.
pub(super) fn appends_of(verdicts: &[Verdict]) -> (Vec<Append>, HashMap<u64, Arc<Topic>>) {
    let mut appends = Vec::new();
    let mut topics: HashMap<u64, Arc<Topic>> = HashMap::new();
    for admitted in verdicts.iter().flatten().filter(|admitted| admitted.topic.is_reliable()) {
        appends.extend(admitted.entering().map(|message| record(&admitted.topic, message)));
        topics.entry(admitted.topic.log()).or_insert_with(|| Arc::clone(&admitted.topic));
    }
    (appends, topics)
}

/// Tells the topics, and who waits for their messages, what was stored.
pub(super) fn announce(topics: &HashMap<u64, Arc<Topic>>, appended: &[Appended]) {
    for record in appended {
        if let Some(topic) = topics.get(&record.log) {
            topic.appended(record);
        }
    }
    topics.values().for_each(|topic| topic.wake_watchers());
}

fn published(admitted: Admitted, offset: Option<u64>) -> v1::Published {
    v1::Published {
        topic: admitted.topic.name().to_owned(),
        partition: partition_of(&admitted.topic),
        offset,
        schema_id: admitted.message.schema_id,
        schema_version: admitted.message.schema_version,
        warnings: admitted.warnings.into_iter().map(violation).collect(),
    }
}

/// A refusal as the contract spells it.
#[must_use]
pub fn refused(error: &BrokerError) -> v1::Refused {
    v1::Refused {
        // gRPC status codes are small and not negative.
        code: error.code() as u32,
        message: error.to_string(),
        violations: error.violations().iter().cloned().map(violation).collect(),
    }
}

/// A violation as the contract spells it.
#[must_use]
pub fn violation(violation: Violation) -> v1::Violation {
    v1::Violation {
        instance_path: violation.instance_path,
        line: violation.line,
        column: violation.column,
        byte_start: violation.byte_start,
        byte_end: violation.byte_end,
        rule: violation.rule,
        schema_path: violation.schema_path,
        message: violation.message,
    }
}

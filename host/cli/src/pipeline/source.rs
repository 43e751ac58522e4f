//! A pipeline's source: the messages of a subscription as records. Acknowledges nothing.

use crate::registry::Registry;
use crate::subscription::Subscription;
use irongate_deploy::SourceTopic;
use irongate_pipeline::{Arrived, Pending, PortError, Source};
use irongate_proto::danube::StreamMessage;
use irongate_proto::danube_schema::GetSchemaRequest;
use std::collections::HashMap;

/// Subjects whose names are remembered. When there are more, all are looked up again.
const SUBJECTS_MAX: usize = 1_024;

pub(super) struct NetSource {
    subscription: Subscription,
    topic: String,
    registry: Registry,
    /// Received, and not handed over yet.
    waiting: Option<StreamMessage>,
    topics: HashMap<String, Partition>,
    subjects: HashMap<u64, Option<String>>,
}

struct Partition {
    topic: SourceTopic,
    /// Payload and time of its message with offset 0.
    first: Option<(bytes::Bytes, u64)>,
}

impl NetSource {
    pub(super) fn new(subscription: Subscription, topic: &str, registry: Registry) -> NetSource {
        let (topics, subjects) = (HashMap::new(), HashMap::new());
        NetSource { subscription, topic: topic.to_owned(), registry, waiting: None, topics, subjects }
    }

    async fn receive(&mut self) -> Result<Arrived, PortError> {
        let message = match self.waiting.take() {
            Some(message) => message,
            None => self.subscription.next().await.map_err(|error| PortError(format!("{error:#}")))?,
        };
        // The look-up may be given up half-way; the message must not be lost with it.
        let schema_id = message.schema_id;
        self.waiting = Some(message);
        let subject = self.subject(schema_id).await;
        let message = self.waiting.take().ok_or_else(|| PortError("a message was received and is gone".to_owned()))?;
        self.arrived(message, subject)
    }

    /// The name of a subject; none where the registry does not say.
    async fn subject(&mut self, schema_id: Option<u64>) -> Option<String> {
        let schema_id = schema_id?;
        if let Some(known) = self.subjects.get(&schema_id) {
            return known.clone();
        }
        let found = self.registry.client().get_schema(GetSchemaRequest { schema_id, version: None }).await;
        let subject = found.ok().map(|found| found.into_inner().subject).filter(|subject| !subject.is_empty());
        if self.subjects.len() >= SUBJECTS_MAX {
            self.subjects.clear();
        }
        self.subjects.insert(schema_id, subject.clone());
        subject
    }

    fn arrived(&mut self, mut message: StreamMessage, subject: Option<String>) -> Result<Arrived, PortError> {
        let id = message.msg_id.get_or_insert_default();
        let base = &self.topic;
        let partition = self
            .topics
            .entry(std::mem::take(&mut id.topic_name))
            .or_insert_with_key(|name| Partition { topic: SourceTopic::new(base, name), first: None });
        if id.topic_offset == 0 {
            let this = (message.payload.clone(), message.publish_time);
            if *partition.first.get_or_insert_with(|| this.clone()) != this {
                return Err(PortError(format!(
                    "the topic {} is not reliable: its messages have no offsets",
                    partition.topic.name
                )));
            }
        }
        Ok(partition.topic.arrived(message, subject))
    }
}

impl Source for NetSource {
    fn next(&mut self) -> Pending<'_, Result<Option<Arrived>, PortError>> {
        Box::pin(async { self.receive().await.map(Some) })
    }
}

//! A pipeline's source: the messages of a subscription as records. Acknowledges nothing.

use crate::address::ServiceAddr;
use crate::client::Channel;
use crate::registry::Registry;
use crate::sender::wait_to_retry;
use crate::subscription::{RETRY_STEPS_MAX, Subscription, SubscriptionArgs, TopicMissing};
use irongate_deploy::SourceTopic;
use irongate_pipeline::{Arrived, Pending, PortError, Source};
use irongate_proto::danube::StreamMessage;
use irongate_proto::danube_schema::GetSchemaRequest;
use std::collections::HashMap;

/// Subjects whose names are remembered. When there are more, all are looked up again.
const SUBJECTS_MAX: usize = 1_024;

/// Answers in a row that there is no such topic, after which the pipeline ends. With the pauses between them that takes some seconds.
const MISSING_ANSWERS_MAX: u32 = 5;

pub(super) struct NetSource {
    /// Absent while it is left.
    subscription: Option<Subscription>,
    again: Again,
    topic: String,
    registry: Registry,
    /// Received, and not handed over yet.
    waiting: Option<StreamMessage>,
    topics: HashMap<String, Partition>,
    subjects: HashMap<u64, Option<String>>,
}

/// What it takes to subscribe again.
pub(super) struct Again {
    pub(super) channel: Channel,
    pub(super) address: ServiceAddr,
    pub(super) args: SubscriptionArgs,
}

struct Partition {
    topic: SourceTopic,
    /// Payload and time of its message with offset 0.
    first: Option<(bytes::Bytes, u64)>,
}

impl NetSource {
    pub(super) fn new(subscription: Subscription, again: Again, registry: Registry) -> NetSource {
        let (topics, subjects) = (HashMap::new(), HashMap::new());
        let topic = again.args.topic.clone();
        NetSource { subscription: Some(subscription), again, topic, registry, waiting: None, topics, subjects }
    }

    /// The next message of the subscription, which is made again where it was left, for as long as that takes.
    async fn message(&mut self) -> Result<StreamMessage, PortError> {
        let mut missing = 0;
        for retry in 1.. {
            if let Some(subscription) = &mut self.subscription {
                return subscription.next().await.map_err(|error| PortError(format!("{error:#}")));
            }
            let Again { channel, address, args } = &self.again;
            match Subscription::open(channel.clone(), address, args.clone()).await {
                Ok(subscription) => self.subscription = Some(subscription),
                Err(error) => {
                    // A broker that has just started may not know its topics yet; one that goes on not knowing it has lost it.
                    missing = if error.is::<TopicMissing>() { missing + 1 } else { 0 };
                    if missing >= MISSING_ANSWERS_MAX {
                        let topic = &self.topic;
                        return Err(PortError(format!(
                            "the topic {topic} is gone: {missing} times in a row the server had no such topic; create it and start the pipeline again"
                        )));
                    }
                    tracing::warn!(topic = self.topic, "it cannot be subscribed to again: {error:#}");
                    wait_to_retry(RETRY_STEPS_MAX.min(retry)).await;
                }
            }
        }
        Err(PortError(format!("{} did not come back", self.topic)))
    }

    async fn receive(&mut self) -> Result<Arrived, PortError> {
        let message = match self.waiting.take() {
            Some(message) => message,
            None => self.message().await?,
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

    fn let_go(&mut self) -> Pending<'_, Result<(), PortError>> {
        Box::pin(async {
            // With its connections its server delivers again what it had delivered.
            (self.subscription, self.waiting) = (None, None);
            Ok(())
        })
    }
}

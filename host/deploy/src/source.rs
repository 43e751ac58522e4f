//! A pipeline's source on the host's own broker: one consumer for each partition. Settles nothing: the committer
//! does, together with what was made of it.

use irongate_broker::{Broker, BrokerError};
use irongate_pipeline::{Acknowledger, Arrived, Pending, PipelineConfig, PortError, Position, Source};
use irongate_proto::{
    danube::{AckRequest, ConsumerRequest, ReceiveRequest},
    danube_schema::GetSchemaRequest,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_stream::StreamExt;

use crate::contract::{SourceTopic, message_id, wire_type};
use crate::limits::WAITING_RECORDS_MAX;

/// The records of a subscription. Dropping it leaves the subscription.
pub(crate) struct EmbeddedSource {
    arriving: mpsc::Receiver<Arrived>,
    /// Ended with the source; what they hold is delivered again.
    _partitions: JoinSet<()>,
}

impl EmbeddedSource {
    pub(crate) async fn open(broker: &Broker, config: &PipelineConfig) -> Result<EmbeddedSource, BrokerError> {
        let topics = broker.partitions(&config.from)?;
        if topics.is_empty() {
            return Err(BrokerError::TopicMissing { topic: config.from.clone() });
        }
        let (sender, arriving) = mpsc::channel(WAITING_RECORDS_MAX);
        let subjects = Arc::new(Subjects { broker: broker.clone(), known: Mutex::default() });
        let mut partitions = JoinSet::new();
        for topic in topics {
            let request = ConsumerRequest {
                request_id: 0,
                topic_name: topic.clone(),
                consumer_name: format!("pipeline-{}", config.name),
                subscription: config.subscription.clone(),
                subscription_type: wire_type(config.subscription_type).into(),
                key_filters: Vec::new(),
            };
            let consumer_id = broker.subscribe(request).await?.consumer_id;
            // A lane that waits for its commit, or a long queue before a slow stage, is no failure of the records.
            let mut deliveries = broker.receive(ReceiveRequest { request_id: 0, consumer_id })?.holding_on();
            let (sender, subjects) = (sender.clone(), Arc::clone(&subjects));
            let topic = SourceTopic::new(&config.from, &topic);
            partitions.spawn(async move {
                while let Some(message) = deliveries.next().await {
                    let subject = subjects.name_of(message.schema_id).await;
                    if sender.send(topic.arrived(message, subject)).await.is_err() {
                        return;
                    }
                }
            });
        }
        Ok(EmbeddedSource { arriving, _partitions: partitions })
    }
}

impl Source for EmbeddedSource {
    fn next(&mut self) -> Pending<'_, Result<Option<Arrived>, PortError>> {
        Box::pin(async {
            let arrived = self.arriving.recv().await;
            arrived.map(Some).ok_or_else(|| PortError("another consumer has taken the subscription over".to_owned()))
        })
    }

    fn let_go(&mut self) -> Pending<'_, Result<(), PortError>> {
        // A batch that is not taken waits in its lane: a committed pipeline gives nothing back. Asked for it, the pipeline is started again.
        Box::pin(async { Err(PortError("a pipeline that commits its batches keeps its records".to_owned())) })
    }
}

/// Names of subjects by their ids, as far as they were asked for; an id has one name for ever, and there are no more than the registry's limit.
struct Subjects {
    broker: Broker,
    known: Mutex<HashMap<u64, Option<String>>>,
}

impl Subjects {
    async fn name_of(&self, schema_id: Option<u64>) -> Option<String> {
        let schema_id = schema_id?;
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&schema_id).cloned();
        if let Some(name) = known {
            return name;
        }
        let found = self.broker.get_schema(GetSchemaRequest { schema_id, version: None }).await;
        let name = found.ok().map(|found| found.subject);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(schema_id, name.clone());
        name
    }
}

/// Acknowledges what the engine finds settled without a batch of its own.
pub(crate) struct EmbeddedAcknowledger {
    pub(crate) broker: Broker,
    pub(crate) subscription: String,
}

impl Acknowledger for EmbeddedAcknowledger {
    fn acknowledge<'a>(&'a self, position: &'a Position) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move {
            let subscription_name = self.subscription.clone();
            let request = AckRequest { request_id: 0, msg_id: Some(message_id(position)), subscription_name };
            self.broker.ack(request).await.map(|_| ()).map_err(|error| PortError(error.to_string()))
        })
    }
}

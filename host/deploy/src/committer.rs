//! The engine's batches as transactions of the broker. Tries nothing again: what may be taken later is the engine's to repeat.

use irongate_broker::{Broker, BrokerError, Transacted, Transaction, TransformRefusal};
use irongate_pipeline::{Batch, CommitError, Committer, Outgoing, Pending, Position};
use irongate_proto::irongate_v1::OutgoingMessage;
use std::{collections::BTreeMap, sync::Arc};
use tonic::Code;

use crate::{documents, ledger::Ledger};

pub(crate) struct EmbeddedCommitter {
    pub(crate) broker: Broker,
    pub(crate) pipeline: String,
    pub(crate) subscription: String,
    /// The topic of the dead letters, which are counted apart.
    pub(crate) dead_letter: Option<String>,
    pub(crate) ledger: Arc<Ledger>,
}

impl EmbeddedCommitter {
    fn transaction(&self, batch: &Batch) -> Transaction {
        let mut acknowledged: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for position in &batch.settled {
            acknowledged.entry(position.topic.to_string()).or_default().push(position.offset);
        }
        let message = |(topic, outgoing): &(String, Outgoing)| {
            let message = OutgoingMessage {
                payload: outgoing.payload.clone(),
                attributes: outgoing.attributes.clone().into_iter().collect(),
                routing_key: outgoing.key.clone(),
                partition: None,
                publish_time_ms: 0,
            };
            (topic.clone(), message)
        };
        Transaction {
            subscription: self.subscription.clone(),
            acknowledged,
            producer_name: format!("pipeline-{}", self.pipeline),
            messages: batch.messages.iter().map(message).collect(),
            notes: batch.state.iter().map(|write| documents::state(&self.pipeline, write)).collect(),
        }
    }

    fn count(&self, batch: &Batch) {
        let is_output = |topic: &String| self.dead_letter.as_ref() != Some(topic);
        self.ledger.has_written(batch.messages.iter().map(|(topic, _)| topic).filter(|topic| is_output(topic)));
    }
}

impl Committer for EmbeddedCommitter {
    fn commit<'a>(&'a self, batch: &'a Batch) -> Pending<'a, Result<(), CommitError>> {
        Box::pin(async move {
            match self.broker.transact(self.transaction(batch)).await {
                Ok(Transacted::Committed) => {
                    self.count(batch);
                    Ok(())
                }
                Ok(Transacted::Settled(settled)) => {
                    let position = |(topic, offset): (String, u64)| Position { topic: topic.into(), offset };
                    Err(CommitError::Settled(settled.into_iter().map(position).collect()))
                }
                Ok(Transacted::Refused(refused)) => Err(refusal(refused)),
                Err(error @ BrokerError::LimitReached { .. }) => Err(CommitError::TooLarge(error.to_string())),
                Err(error) => Err(CommitError::Later(error.to_string())),
            }
        })
    }
}

/// A message that breaks its schema, is too large, or is one that the topic's transforms reject or fail on is refused for ever. What is refused because of its topic may be taken once that is mended.
fn refusal(refused: Vec<(usize, BrokerError)>) -> CommitError {
    if let Some((_, error)) = refused.iter().find(|(_, error)| !is_final(error)) {
        return CommitError::Later(error.to_string());
    }
    CommitError::Refused(refused.into_iter().map(|(index, error)| (index, error.to_string())).collect())
}

/// Whether a message that is refused so will never be taken.
pub(crate) fn is_final(error: &BrokerError) -> bool {
    let is_failed = matches!(error, BrokerError::TransformRefused { refusal: TransformRefusal::Failed(_), .. });
    is_failed || !error.violations().is_empty() || matches!(error.code(), Code::InvalidArgument)
}

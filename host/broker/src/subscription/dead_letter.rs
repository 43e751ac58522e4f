//! Dead letters: a message that failed too often, with where it comes from and why, written
//! durably to another topic before its subscription goes on. Written at least once: after a
//! crash in between it is written again.

use super::Subscription;
use super::dispatcher::{Dispatcher, message_of};
use super::failure::FailurePolicy;
use super::ledger::Failure;
use crate::BrokerError;
use crate::names::TopicName;
use irongate_proto::danube::{DispatchStrategy, MsgId, StreamMessage};
use std::sync::Arc;
use tokio::time::Instant;

/// Danube's names.
const ORIGINAL_TOPIC: &str = "x-original-topic";
const ORIGINAL_SUBSCRIPTION: &str = "x-original-subscription";
const ORIGINAL_OFFSET: &str = "x-original-topic-offset";
const ORIGINAL_PRODUCER_ID: &str = "x-original-producer-id";
const ORIGINAL_BROKER: &str = "x-original-broker-addr";
const DELIVERY_ATTEMPT: &str = "x-delivery-attempt";
const FAILURE_REASON: &str = "x-failure-reason";
const POISON_POLICY: &str = "x-poison-policy";

const DEAD_LETTER: &str = "dead_letter";

impl Subscription {
    /// What is to be done about a message that failed too often; `None` when it was
    /// acknowledged meanwhile.
    pub(super) fn given_up(&self, offset: u64) -> Option<(Arc<FailurePolicy>, Failure)> {
        let state = self.lock();
        let ledger = state.ledger.as_ref()?;
        Some((Arc::clone(ledger.policy()), ledger.failure(offset)?.clone()))
    }

    pub(super) fn pass(&self, offset: u64) {
        if let Some(ledger) = &mut self.lock().ledger {
            ledger.pass(offset);
        }
    }

    pub(super) fn postpone(&self, offset: u64, until: Instant) {
        if let Some(ledger) = &mut self.lock().ledger {
            ledger.postpone(offset, until);
        }
    }
}

impl Dispatcher {
    pub(super) async fn write_dead_letter(
        &self,
        target: &TopicName,
        offset: u64,
        failure: &Failure,
    ) -> Result<(), BrokerError> {
        let records = self.topic.read(&self.inner.store, offset, 1, usize::MAX).await?;
        // Deleted from the log meanwhile: there is nothing left to keep.
        let Some(record) = records.into_iter().find(|record| record.offset == offset) else { return Ok(()) };
        let topic = self.inner.topic_for_producer(target, Some(DispatchStrategy::Reliable), None).await?;
        let mut letter = dead_letter(message_of(record)?, self.topic.name(), &self.subscription.name, failure);
        letter.msg_id = Some(MsgId { topic_name: topic.name().to_owned(), ..MsgId::default() });
        self.inner.store_message(&topic, letter).await
    }
}

/// The message with its origin. Where it was a dead letter before, the first origin stays:
/// that is where it can be sent again.
fn dead_letter(mut message: StreamMessage, topic: &str, subscription: &str, failure: &Failure) -> StreamMessage {
    let id = message.msg_id.take().unwrap_or_default();
    let attributes = &mut message.attributes;
    if !attributes.contains_key(ORIGINAL_TOPIC) {
        attributes.insert(ORIGINAL_TOPIC.to_owned(), topic.to_owned());
        attributes.insert(ORIGINAL_SUBSCRIPTION.to_owned(), subscription.to_owned());
        attributes.insert(ORIGINAL_OFFSET.to_owned(), id.topic_offset.to_string());
        attributes.insert(ORIGINAL_PRODUCER_ID.to_owned(), id.producer_id.to_string());
        attributes.insert(ORIGINAL_BROKER.to_owned(), id.broker_addr);
    }
    attributes.insert(DELIVERY_ATTEMPT.to_owned(), failure.count.to_string());
    attributes.insert(FAILURE_REASON.to_owned(), failure.reason.clone());
    attributes.insert(POISON_POLICY.to_owned(), DEAD_LETTER.to_owned());
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_origin_stays_and_the_last_failure_is_told() {
        let id = MsgId { producer_id: 3, topic_offset: 7, broker_addr: "b".to_owned(), ..MsgId::default() };
        let message = StreamMessage { msg_id: Some(id), ..StreamMessage::default() };
        let failure = |count, reason: &str| Failure { count, reason: reason.to_owned() };
        let once = dead_letter(message, "/default/orders", "billing", &failure(6, "no such customer"));
        let twice = dead_letter(once.clone(), "/default/dead", "review", &failure(2, "still not"));
        let expected = [
            (ORIGINAL_TOPIC, "/default/orders"),
            (ORIGINAL_SUBSCRIPTION, "billing"),
            (ORIGINAL_OFFSET, "7"),
            (ORIGINAL_PRODUCER_ID, "3"),
            (ORIGINAL_BROKER, "b"),
            (POISON_POLICY, "dead_letter"),
        ];
        for message in [&once, &twice] {
            for (name, value) in expected {
                assert_eq!(message.attributes[name], value, "{name}");
            }
        }
        assert_eq!((&*once.attributes[DELIVERY_ATTEMPT], &*once.attributes[FAILURE_REASON]), ("6", "no such customer"));
        assert_eq!((&*twice.attributes[DELIVERY_ATTEMPT], &*twice.attributes[FAILURE_REASON]), ("2", "still not"));
    }
}

//! A producer of a load: a connection of its own, and the messages of the command line. Counts nothing.

use crate::address::ServiceAddr;
use crate::failure::{code_name, sentence};
use crate::messages::composer::Composer;
use crate::sender::{Message, Outcome, RetryPolicy, Sender};
use irongate_load::{DUE_ATTRIBUTE, Failure, LoadError, Target};
use std::sync::Arc;

/// A failure is counted, not repaired.
const NO_RETRIES: RetryPolicy = RetryPolicy { retries_max: 0, step_ms: 0 };

/// One producer.
#[derive(Clone)]
pub(super) struct Producer {
    sender: Sender,
    address: ServiceAddr,
    composer: Arc<Composer>,
}

impl Producer {
    pub(super) fn new(sender: Sender, address: ServiceAddr, composer: Arc<Composer>) -> Self {
        Self { sender, address, composer }
    }
}

impl Target for Producer {
    type Message = Message;

    fn call_messages_max(&self) -> usize {
        self.sender.call_messages_max()
    }

    fn compose(&self, number: u64, due: String) -> Result<Message, LoadError> {
        let message = self.composer.message(number);
        let mut message = message.map_err(|error| LoadError::Compose { what: format!("{error:#}") })?;
        message.attributes.insert(DUE_ATTRIBUTE.to_owned(), due);
        Ok(message)
    }

    async fn send(&self, messages: Vec<Message>) -> Vec<Option<Failure>> {
        match self.sender.send(&messages, NO_RETRIES).await {
            Ok(outcomes) => outcomes.into_iter().map(|(outcome, _)| failure(outcome)).collect(),
            Err(status) => {
                let message = sentence(&status, &self.address);
                vec![Some(Failure { code: code_name(status.code() as u32), message }); messages.len()]
            }
        }
    }
}

fn failure(outcome: Outcome) -> Option<Failure> {
    match outcome {
        Outcome::Sent(_) => None,
        Outcome::Refused(refused) => Some(Failure { code: code_name(refused.code), message: refused.message }),
    }
}

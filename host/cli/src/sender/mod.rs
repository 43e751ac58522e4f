//! Sending messages, by whichever services the server has. What to send and what to print is
//! the verb's business.

mod danube;
mod irongate;

pub(crate) use danube::DanubeSender;
pub(crate) use irongate::IrongateSender;

use anyhow::Result;
use bytes::Bytes;
use irongate_proto::danube::SchemaReference;
use irongate_proto::irongate_v1::{Published, Refused};
use std::collections::HashMap;

/// What is sent, `count` times over.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) topic: String,
    pub(crate) producer_name: String,
    pub(crate) payload: Bytes,
    pub(crate) attributes: HashMap<String, String>,
    pub(crate) routing_key: Option<String>,
    /// 0: as the topic is; for a new topic, not partitioned.
    pub(crate) partitions: u32,
    pub(crate) is_reliable: bool,
    pub(crate) schema: Option<LetterSchema>,
}

/// The schema a letter is sent under.
#[derive(Clone, Debug)]
pub(crate) struct LetterSchema {
    pub(crate) reference: SchemaReference,
    pub(crate) schema_id: u64,
    pub(crate) version: u32,
}

/// What became of one message.
#[derive(Debug)]
pub(crate) enum Outcome {
    Sent(Published),
    Refused(Refused),
}

/// One of the ways to send.
pub(crate) enum Sender {
    Irongate(Box<IrongateSender>),
    Danube(Box<DanubeSender>),
}

impl Sender {
    /// Sends up to `count` messages and answers at least one outcome, in the order of sending.
    ///
    /// # Errors
    /// Where none could be tried.
    pub(crate) async fn send(&mut self, count: u32) -> Result<Vec<Outcome>> {
        match self {
            Self::Irongate(sender) => sender.send(count).await,
            Self::Danube(sender) => sender.send().await.map(|outcome| vec![outcome]),
        }
    }
}

/// How often a refusal that may pass is met with another try, as Danube's clients do.
pub(crate) const RETRIES_MAX: u32 = 5;
/// How long before the first further try; each following waits that much longer.
const RETRY_STEP_MS: u64 = 200;

/// Waits before further try number `retry`, counted from 1.
pub(crate) async fn wait_to_retry(retry: u32) {
    tokio::time::sleep(std::time::Duration::from_millis(RETRY_STEP_MS * u64::from(retry))).await;
}

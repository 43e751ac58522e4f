//! A pipeline as its file says, checked. Data only.

use std::{path::PathBuf, time::Duration};

use irongate_runtime::{Grants, Limits};
use irongate_schema::SchemaType;

use super::{problem::Problem, tree::Node, uses::Uses};
use crate::{condition::Condition, testing::TestCase};

/// A whole file.
#[derive(Debug)]
pub struct PipelineConfig {
    /// The pipeline's name: part of every dedup id.
    pub name: String,
    /// The topic it reads, by its base name.
    pub from: String,
    /// The subscription it reads with.
    pub subscription: String,
    /// How the subscription is shared.
    pub subscription_type: SubscriptionType,
    /// How many records are worked on at once; records with the same key take the same lane.
    pub lanes: usize,
    /// What a lane hands to its stages at a time.
    pub batch: Bound,
    /// What may be between being read and being settled.
    pub in_flight: Bound,
    /// How long a record may be retried before the subscription is left for a while.
    pub budget: Duration,
    /// For how long it is left the first time.
    pub give_back_delay: Duration,
    /// How long records in flight have to finish when the pipeline is stopped.
    pub drain: Duration,
    /// The stages in order; none copies.
    pub stages: Vec<StageConfig>,
    /// The targets, at least one.
    pub targets: Vec<TargetConfig>,
    /// Where records go that cannot be served.
    pub dead_letter: Option<DeadLetterConfig>,
    /// Schemas in files, for tests, where no registry is asked.
    pub schemas: Vec<SchemaConfig>,
    /// The tests.
    pub tests: Vec<TestCase>,
}

/// A number of records and of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Records.
    pub records: usize,
    /// Bytes of payloads, keys and attributes.
    pub bytes: usize,
}

/// Danube's subscription types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionType {
    /// One consumer.
    Exclusive,
    /// Each message to one of the consumers.
    Shared,
    /// One consumer, the next when it leaves.
    Failover,
    /// Messages with the same key to the same consumer.
    KeyShared,
}

/// What happens to a record that cannot be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// It goes to the dead letters.
    DeadLetter,
    /// It is dropped and counted.
    Drop,
    /// It is tried for ever, and nothing behind it in its lane goes on.
    Block,
}

/// How something that may work later is tried again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    /// Tries in all.
    pub attempts: u32,
    /// The pause before the second try.
    pub interval: Duration,
    /// By how much each pause is longer than the one before.
    pub factor: f64,
    /// The longest pause.
    pub cap: Duration,
    /// By which part a pause is made shorter or longer at random.
    pub jitter: f64,
}

impl Default for Retry {
    fn default() -> Retry {
        let interval = Duration::from_millis(50);
        Retry { attempts: 3, interval, factor: 2.0, cap: Duration::from_secs(2), jitter: 0.1 }
    }
}

impl Retry {
    /// The pause after so many tries.
    #[must_use]
    pub fn pause(&self, tries: u32) -> Duration {
        let steps = i32::try_from(tries.saturating_sub(1)).unwrap_or(i32::MAX);
        let millis = (self.interval.as_secs_f64() * self.factor.powi(steps)).min(self.cap.as_secs_f64());
        let spread = 1.0 + self.jitter * (fastrand::f64() * 2.0 - 1.0);
        Duration::try_from_secs_f64(millis * spread).unwrap_or(self.cap)
    }
}

/// A stage.
#[derive(Debug)]
pub struct StageConfig {
    /// Its name within the pipeline: part of every dedup id.
    pub id: String,
    /// Where its component is.
    pub uses: Uses,
    /// What its bytes must hash to.
    pub sha256: Option<String>,
    /// Its configuration, a JSON document.
    pub with: String,
    pub(crate) node: Node,
    pub(crate) path: String,
    /// What it runs under.
    pub limits: Limits,
    /// What it may do.
    pub grants: Grants,
    /// How it is tried again when it asks for that.
    pub retry: Retry,
    /// What happens to a record that it cannot serve.
    pub on_error: OnError,
}

/// A target.
#[derive(Debug)]
pub struct TargetConfig {
    /// The topic, by its base name.
    pub topic: String,
    /// The subject that every record must satisfy.
    pub schema_subject: Option<String>,
    /// The subject's version; the latest where none is named.
    pub schema_version: Option<u32>,
    /// Which records it takes; all where there is none.
    pub when: Option<Condition>,
    /// Partitions of a topic that does not exist yet; 0: not partitioned.
    pub partitions: u32,
    /// Whether a topic that does not exist yet becomes reliable.
    pub reliable: bool,
    /// Bytes of one message.
    pub message_bytes_max: usize,
    /// How it is tried again when it fails.
    pub retry: Retry,
    /// What happens to a record that it can never take.
    pub on_error: OnError,
}

/// Where dead letters go.
#[derive(Debug)]
pub struct DeadLetterConfig {
    /// The topic.
    pub topic: String,
}

/// A schema in a file.
#[derive(Debug)]
pub struct SchemaConfig {
    /// The subject it stands for.
    pub subject: String,
    /// Its type.
    pub schema_type: SchemaType,
    /// Its definition.
    pub file: PathBuf,
}

impl TargetConfig {
    /// The subject and the version that it names, if it names one.
    #[must_use]
    pub fn schema(&self) -> Option<(String, Option<u32>)> {
        Some((self.schema_subject.clone()?, self.schema_version))
    }
}

impl StageConfig {
    /// A problem of this stage, at a part of its section, which a JSON pointer leads to.
    pub(crate) fn problem(&self, part: &str, message: String, suggestion: Option<String>) -> Problem {
        let path = format!("{}{}", self.path, part.replace('/', "."));
        Problem { place: self.node.at(part).place, path, message, suggestion }
    }
}

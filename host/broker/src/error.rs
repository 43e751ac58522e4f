//! What can go wrong in the broker, named for what the caller does next. The one place
//! that says which gRPC status a mistake has; it knows no transport.

use crate::publish::TransformRefusal;
use irongate_schema::Violation;
use std::path::PathBuf;
use tonic::{Code, Status};

/// Why a data directory could not be opened. Nothing was changed or deleted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process works on the directory.
    #[error("the data directory {} is in use by another process; stop that one or choose another directory", .dir.display())]
    Locked {
        /// The data directory.
        dir: PathBuf,
    },
    /// The directory was written by a newer release, or by another program.
    #[error("the data directory {} has format {found}, this release reads format {supported}; nothing was changed", .dir.display())]
    Format {
        /// The data directory.
        dir: PathBuf,
        /// The format the directory names.
        found: String,
        /// The format this release reads and writes.
        supported: String,
    },
    /// The directory is damaged; it is left as it was found.
    #[error("the data directory {} is damaged: {what}; nothing was changed, restore it from a copy", .dir.display())]
    Corrupt {
        /// The data directory.
        dir: PathBuf,
        /// What is wrong, and where.
        what: String,
    },
    /// The operating system refused.
    #[error("cannot open the data directory {}: {source}", .dir.display())]
    Io {
        /// The data directory.
        dir: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// [`crate::Broker::open`] was called outside a tokio runtime.
    #[error("the broker needs a running tokio runtime")]
    NoRuntime,
}

/// Why the broker refused a request. [`BrokerError::code`] is its gRPC status.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BrokerError {
    /// Not a topic name.
    #[error(
        "The topic: {topic} has an invalid format, should be: /namespace_name/topic_name (letters, digits, _ and -, at most {bytes_max} bytes)"
    )]
    InvalidTopic {
        /// The name as it was given, cut to a bounded length.
        topic: String,
        /// The longest name that is accepted.
        bytes_max: usize,
    },
    /// Something else about the request is malformed.
    #[error("{what}")]
    InvalidArgument {
        /// A sentence naming the field, the value and the rule.
        what: String,
    },
    /// SendMessage, Ack or Nack without a message id.
    #[error("the {request} carries no msg_id; it must name the topic and, on a reliable topic, the offset")]
    MessageIdMissing {
        /// The request that lacks it.
        request: &'static str,
    },
    /// One message is over the limit.
    #[error("the message has {bytes} bytes, the limit is {bytes_max}")]
    MessageTooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The namespace is unknown and may not be created.
    #[error(
        "Unable to find the namespace {namespace}; create it first, or allow namespaces and topics to be created on first use"
    )]
    NamespaceMissing {
        /// Its name.
        namespace: String,
    },
    /// The topic is unknown.
    #[error("the topic {topic} does not exist")]
    TopicMissing {
        /// Its name.
        topic: String,
    },
    /// A plain and a partitioned topic cannot share a name, nor a topic two partition counts.
    #[error("{what}")]
    TopicClash {
        /// A sentence naming both.
        what: String,
    },
    /// The topic is reliable and the request is not, or the other way round.
    #[error("the topic {topic} was created {existing}, a {requested} producer cannot use it")]
    StrategyMismatch {
        /// The topic.
        topic: String,
        /// What the topic is.
        existing: &'static str,
        /// What was asked for.
        requested: &'static str,
    },
    /// The topic is bound to another subject.
    #[error("the topic {topic} is bound to the schema subject {existing}, not {requested}")]
    SubjectMismatch {
        /// The topic.
        topic: String,
        /// Its subject.
        existing: String,
        /// The subject that was named.
        requested: String,
    },
    /// A producer or a topic names a subject that nobody registered.
    #[error("the schema subject {subject} is not registered")]
    SubjectUnregistered {
        /// The subject.
        subject: String,
    },
    /// A producer names a version that the subject does not have.
    #[error("the schema subject {subject} has no version {version}{hint}")]
    VersionUnregistered {
        /// The subject.
        subject: String,
        /// The version.
        version: u32,
        /// Empty, or what there is instead.
        hint: String,
    },
    /// The subscription is unknown.
    #[error("the topic {topic} has no subscription {subscription}")]
    SubscriptionMissing {
        /// The topic.
        topic: String,
        /// The subscription.
        subscription: String,
    },
    /// What was asked for does not fit the state of things.
    #[error("{what}")]
    Precondition {
        /// A sentence naming what, and why not.
        what: String,
    },
    /// A named limit is reached.
    #[error("{what}: the limit is {limit}")]
    LimitReached {
        /// What there is too much of.
        what: String,
        /// The limit.
        limit: usize,
    },
    /// SendMessage or a health check with an id the broker does not know, for example after a restart.
    #[error("the producer with id {producer_id} does not exist; create the producer again")]
    ProducerMissing {
        /// The id.
        producer_id: u64,
    },
    /// ReceiveMessages with an id the broker does not know.
    #[error("the consumer with id {consumer_id} does not exist; subscribe again")]
    ConsumerMissing {
        /// The id.
        consumer_id: u64,
    },
    /// A topic's transforms did not let a message in.
    #[error("the transforms of the topic {topic} {refusal}")]
    TransformRefused {
        /// The topic.
        topic: String,
        /// Why, and whether it may be tried again.
        refusal: TransformRefusal,
    },
    /// The topic has an exclusive producer, or cannot have one now.
    #[error("{reason}")]
    ProducerRefused {
        /// A sentence.
        reason: String,
    },
    /// A message refused for another reason than its payload.
    #[error("Unable to publish the message: {reason}")]
    PublishRefused {
        /// A sentence.
        reason: String,
    },
    /// The payload breaks the schema the topic is bound to.
    #[error(
        "Unable to publish the message: Payload validation failed: {}",
        violations_in_words(.topic, .subject, *.version, .violations)
    )]
    PayloadInvalid {
        /// The topic.
        topic: String,
        /// The subject it is bound to.
        subject: String,
        /// The version the payload was checked against.
        version: u32,
        /// Every broken rule.
        violations: Vec<Violation>,
    },
    /// The subscription exists with another type, or is exclusive and taken.
    #[error("{reason}")]
    SubscribeRefused {
        /// A sentence.
        reason: String,
    },
    /// An acknowledgement that names nothing the broker knows.
    #[error("{reason}")]
    AckRefused {
        /// A sentence.
        reason: String,
    },
    /// A schema that does not compile, is not compatible, or cannot be deleted.
    #[error("Failed to {action} schema: {reason}")]
    SchemaRefused {
        /// `register`, `check` or `delete`.
        action: &'static str,
        /// A sentence, with the place in the definition where there is one.
        reason: String,
    },
    /// The subject, version or schema id that was asked for does not exist.
    #[error("{what}")]
    SchemaMissing {
        /// A sentence.
        what: String,
    },
    /// The disk is almost full; writing goes on when there is room again.
    #[error("{what}")]
    DiskFull {
        /// A sentence with what is free and what must stay free.
        what: String,
    },
    /// The store refuses writes since a write or sync failed; [`crate::Broker::health`] says the same.
    #[error("the store refuses writes: {reason}")]
    Unwritable {
        /// What failed.
        reason: String,
    },
    /// Stored data could not be read.
    #[error("cannot read stored data: {reason}")]
    Unreadable {
        /// What failed.
        reason: String,
    },
    /// A broker of the cluster behind this host refused, or could not be reached.
    #[error("{}", .status.message())]
    Upstream {
        /// What it said.
        status: Box<Status>,
    },
    /// The broker is closing.
    #[error("the broker is shutting down")]
    Closed,
}

impl BrokerError {
    /// The gRPC status code, as Danube answers where it has an answer.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Upstream { status } => status.code(),
            Self::TransformRefused { refusal, .. } => refusal.code(),
            Self::InvalidTopic { .. }
            | Self::InvalidArgument { .. }
            | Self::MessageIdMissing { .. }
            | Self::MessageTooLarge { .. } => Code::InvalidArgument,
            Self::NamespaceMissing { .. } | Self::Unwritable { .. } | Self::Closed => Code::Unavailable,
            Self::TopicMissing { .. }
            | Self::SubscriptionMissing { .. }
            | Self::ProducerMissing { .. }
            | Self::ConsumerMissing { .. }
            | Self::SchemaMissing { .. } => Code::NotFound,
            Self::TopicClash { .. } => Code::AlreadyExists,
            Self::StrategyMismatch { .. }
            | Self::SubjectMismatch { .. }
            | Self::SubjectUnregistered { .. }
            | Self::Precondition { .. }
            | Self::VersionUnregistered { .. } => Code::FailedPrecondition,
            Self::LimitReached { .. } | Self::DiskFull { .. } => Code::ResourceExhausted,
            Self::ProducerRefused { .. }
            | Self::PublishRefused { .. }
            | Self::PayloadInvalid { .. }
            | Self::SubscribeRefused { .. } => Code::PermissionDenied,
            Self::AckRefused { .. } | Self::SchemaRefused { .. } | Self::Unreadable { .. } => Code::Internal,
        }
    }

    /// Every broken rule, where the payload was the reason; else empty.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        match self {
            Self::PayloadInvalid { violations, .. } => violations,
            _ => &[],
        }
    }
}

/// How many violations a status message spells out; the rest are counted.
const VIOLATIONS_IN_WORDS_MAX: usize = 5;

fn violations_in_words(topic: &str, subject: &str, version: u32, violations: &[Violation]) -> String {
    use std::fmt::Write;
    let mut text = format!("topic {topic}, subject {subject} version {version}");
    for violation in violations.iter().take(VIOLATIONS_IN_WORDS_MAX) {
        let place = if violation.instance_path.is_empty() { "the message" } else { &violation.instance_path };
        let _ = write!(text, "; {place}: {}", violation.message);
        if violation.line > 0 {
            let _ = write!(text, " (line {}, column {})", violation.line, violation.column);
        }
    }
    if violations.len() > VIOLATIONS_IN_WORDS_MAX {
        let _ = write!(text, "; and {} more", violations.len() - VIOLATIONS_IN_WORDS_MAX);
    }
    text
}

//! What a broker can be told at the start: the data directory and the limits. No file
//! or environment is read here; that is the command line's work.

use irongate_store::{CommitHook, FreeBytes};
use std::fmt;
use std::path::PathBuf;

/// How to open a broker.
#[derive(Clone)]
pub struct BrokerConfig {
    /// Where everything is kept; created when missing.
    pub data_dir: PathBuf,
    /// Whether namespaces and topics come into being on first use. Default true.
    pub auto_create_topics: bool,
    /// The limits.
    pub limits: Limits,
    /// For tests: called before each group commit, an error is taken for the disk's.
    pub commit_hook: Option<CommitHook>,
    /// For tests: says how many bytes the disk has free.
    pub free_bytes: Option<FreeBytes>,
}

impl fmt::Debug for BrokerConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { data_dir, auto_create_topics, limits, commit_hook: _, free_bytes: _ } = self;
        formatter
            .debug_struct("BrokerConfig")
            .field("data_dir", data_dir)
            .field("auto_create_topics", auto_create_topics)
            .field("limits", limits)
            .finish_non_exhaustive()
    }
}

impl BrokerConfig {
    /// The defaults, on `data_dir`.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            auto_create_topics: true,
            limits: Limits::default(),
            commit_hook: None,
            free_bytes: None,
        }
    }
}

/// Every bound of the broker, with its unit in its name. Reaching one is answered with a
/// sentence that names it; none of them loses an acknowledged message.
#[derive(Clone, Debug)]
pub struct Limits {
    /// One message as encoded on the wire: payload, attributes, key and names. Default 10 MiB.
    pub message_bytes_max: usize,
    /// Messages of one publish call. Default 1000.
    pub publish_batch_messages_max: usize,
    /// All messages of one publish call together. Default 16 MiB.
    pub publish_batch_bytes_max: usize,
    /// A topic name, both parts and slashes together. Default 255.
    pub topic_name_bytes_max: usize,
    /// Names of producers, consumers, subscriptions and subjects. Default 255.
    pub name_bytes_max: usize,
    /// What is kept of one topic's transforms. Default 1 MiB.
    pub topic_transforms_bytes_max: usize,
    /// Messages of one call that go through a topic's transforms together. Default 32.
    pub transformed_together_messages_max: usize,
    /// Bytes of the messages that go through a topic's transforms together; a larger one goes alone. Default 1 MiB.
    pub transformed_together_bytes_max: usize,
    /// Topics, each partition counted. Default 100 000.
    pub topics_max: usize,
    /// Partitions of one topic. Default 1024.
    pub partitions_max: u32,
    /// Producers of one topic. When reached, producers idle for `producer_idle_ms` make room. Default 1000.
    pub producers_per_topic_max: usize,
    /// After how long without a message or health check a producer may be forgotten. Default 60 000.
    pub producer_idle_ms: u64,
    /// After how long without a message or health check a topic is no longer an exclusive
    /// producer's own. Clients send a health check every 5 000. Default 15 000.
    pub exclusive_producer_idle_ms: u64,
    /// Subscriptions of one topic. Default 1000.
    pub subscriptions_per_topic_max: usize,
    /// Consumers of one subscription. Default 1000.
    pub consumers_per_subscription_max: usize,
    /// How long a consumer that has subscribed may take to ask for its messages before an
    /// exclusive subscription is given to another. Default 10 000.
    pub consumer_attach_ms: u64,
    /// How long a consumer without a stream, or a non-reliable subscription without
    /// consumers, is remembered. Default 60 000.
    pub consumer_idle_ms: u64,
    /// Messages delivered on one subscription and not yet acknowledged. Danube: 10. Default 1000.
    pub unacked_messages_max: usize,
    /// The most that an administrator may set for one subscription instead. Default 10 000.
    pub unacked_messages_config_max: u32,
    /// How far acknowledgements may run ahead of the first missing one. Default 100 000.
    pub ack_window_messages_max: u64,
    /// After how long a consumer that acknowledges nothing loses its messages to redelivery. Default 30 000.
    pub ack_timeout_ms: u64,
    /// The same for one message of a consumer that does acknowledge others. Default 300 000.
    pub ack_timeout_busy_ms: u64,
    /// The longest ack timeout that a failure policy may set. Default 86 400 000.
    pub ack_timeout_max_ms: u64,
    /// The longest delay that a nack or a failure policy may ask for. Default 3 600 000.
    pub nack_delay_max_ms: u64,
    /// How much of a nack's reason is kept. Default 1024.
    pub nack_reason_bytes_max: usize,
    /// Key filters of one consumer of a key-shared subscription. Default 64.
    pub key_filters_max: usize,
    /// Messages that a key-shared subscription has read and holds back behind others with
    /// the same key, or for a consumer without room. Default 10 000.
    pub parked_messages_max: usize,
    /// Messages waiting in one consumer's queue. Default 1024 on non-reliable topics; a
    /// reliable subscription hands out at most 64 ahead.
    pub consumer_queue_messages_max: usize,
    /// The same in bytes; one message always fits. Default 8 MiB.
    pub consumer_queue_bytes_max: usize,
    /// Recent messages of one reliable topic kept for live readers. Default 2 MiB.
    pub topic_cache_bytes_max: usize,
    /// Recent messages of all reliable topics together. Default 64 MiB.
    pub cache_bytes_max: usize,
    /// Topics of one browse stream, partitions counted. Default 1024.
    pub browse_topics_max: usize,
    /// Messages of one browse response. Default 256.
    pub browse_batch_messages_max: usize,
    /// Bytes of one browse response; one message always fits. Default 1 MiB.
    pub browse_batch_bytes_max: usize,
    /// Browse streams at one time. Default 1000.
    pub browse_streams_max: usize,
    /// Definition of one schema. Default 1 MiB.
    pub schema_definition_bytes_max: usize,
    /// Subjects in the registry. Default 100 000.
    pub subjects_max: usize,
    /// Versions of one subject. Default 1000.
    pub versions_per_subject_max: usize,
    /// Compiled schemas kept ready. Default 256.
    pub compiled_schemas_max: usize,
    /// Bytes waiting for their group commit; publishers wait when it is full. Default 64 MiB.
    pub commit_queue_bytes_max: usize,
    /// Bytes that stay free on disk: what would go below is refused until there is room
    /// again; deletions and cursors go on longer. Default 128 MiB.
    pub disk_free_bytes_min: u64,
    /// How often is looked for messages that their topic's retention no longer keeps. Default 15 000.
    pub retention_interval_ms: u64,
    /// How late a consumer's acknowledgement may reach the disk: after a crash at most the
    /// messages acknowledged within this time are delivered again. Default 100.
    pub cursor_delay_max_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes_max: 10 << 20,
            publish_batch_messages_max: 1000,
            publish_batch_bytes_max: 16 << 20,
            topic_name_bytes_max: 255,
            name_bytes_max: 255,
            topic_transforms_bytes_max: 1 << 20,
            transformed_together_messages_max: 32,
            transformed_together_bytes_max: 1 << 20,
            topics_max: 100_000,
            partitions_max: 1024,
            producers_per_topic_max: 1000,
            producer_idle_ms: 60_000,
            exclusive_producer_idle_ms: 15_000,
            subscriptions_per_topic_max: 1000,
            consumers_per_subscription_max: 1000,
            consumer_attach_ms: 10_000,
            consumer_idle_ms: 60_000,
            unacked_messages_max: 1000,
            unacked_messages_config_max: 10_000,
            ack_window_messages_max: 100_000,
            ack_timeout_ms: 30_000,
            ack_timeout_busy_ms: 300_000,
            ack_timeout_max_ms: 86_400_000,
            nack_delay_max_ms: 3_600_000,
            nack_reason_bytes_max: 1024,
            key_filters_max: 64,
            parked_messages_max: 10_000,
            consumer_queue_messages_max: 1024,
            consumer_queue_bytes_max: 8 << 20,
            topic_cache_bytes_max: 2 << 20,
            cache_bytes_max: 64 << 20,
            browse_topics_max: 1024,
            browse_batch_messages_max: 256,
            browse_batch_bytes_max: 1 << 20,
            browse_streams_max: 1000,
            schema_definition_bytes_max: 1 << 20,
            subjects_max: 100_000,
            versions_per_subject_max: 1000,
            compiled_schemas_max: 256,
            commit_queue_bytes_max: 64 << 20,
            disk_free_bytes_min: 128 << 20,
            retention_interval_ms: 15_000,
            cursor_delay_max_ms: 100,
        }
    }
}

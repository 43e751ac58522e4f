//! Counters of the broker, cheap to move and read in one snapshot. Rendering them is the
//! server's work.

use std::sync::atomic::{AtomicU64, Ordering};

/// The counters themselves; one per broker.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) messages_published: AtomicU64,
    pub(crate) bytes_published: AtomicU64,
    pub(crate) messages_refused: AtomicU64,
    pub(crate) messages_invalid: AtomicU64,
    pub(crate) messages_warned: AtomicU64,
    pub(crate) messages_delivered: AtomicU64,
    pub(crate) messages_redelivered: AtomicU64,
    pub(crate) messages_dropped: AtomicU64,
    pub(crate) messages_acked: AtomicU64,
    pub(crate) messages_dead_lettered: AtomicU64,
    pub(crate) messages_poison_dropped: AtomicU64,
    pub(crate) messages_passed_over: AtomicU64,
    pub(crate) browse_streams: AtomicU64,
}

impl Metrics {
    pub(crate) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn read(counter: &AtomicU64) -> u64 {
        counter.load(Ordering::Relaxed)
    }
}

/// What the broker has done since it was opened (`_total`), and what there is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetricsSnapshot {
    /// Messages accepted.
    pub messages_published_total: u64,
    /// Their encoded size.
    pub bytes_published_total: u64,
    /// Messages refused, for any reason.
    pub messages_refused_total: u64,
    /// Of these, payloads that broke their schema.
    pub messages_invalid_total: u64,
    /// Payloads that broke their schema and were let through by the policy `warn`.
    pub messages_warned_total: u64,
    /// Messages handed to consumers, redeliveries included.
    pub messages_delivered_total: u64,
    /// Deliveries that were not the first.
    pub messages_redelivered_total: u64,
    /// Non-reliable messages that a full consumer queue did not take.
    pub messages_dropped_total: u64,
    /// Acknowledgements.
    pub messages_acked_total: u64,
    /// Messages that failed too often and went to a dead letter topic.
    pub messages_dead_lettered_total: u64,
    /// Messages that failed too often and were dropped, as the poison policy says.
    pub messages_poison_dropped_total: u64,
    /// Messages of key-shared subscriptions whose key no consumer wanted.
    pub messages_passed_over_total: u64,
    /// Group commits synced to disk.
    pub commits_total: u64,
    /// Messages in them; divided by `commits_total`, the mean group size.
    pub commit_records_total: u64,
    /// Bytes in them.
    pub commit_bytes_total: u64,
    /// Messages in the last group commit.
    pub commit_records_last: u64,
    /// Time spent writing and syncing.
    pub commit_duration_us_total: u64,
    /// Messages waiting for their group commit.
    pub commit_queue_records: u64,
    /// Bytes waiting for their group commit.
    pub commit_queue_bytes: u64,
    /// Namespaces.
    pub namespaces: u64,
    /// Topics, each partition counted.
    pub topics: u64,
    /// Producers known.
    pub producers: u64,
    /// Subscriptions.
    pub subscriptions: u64,
    /// Consumers known.
    pub consumers: u64,
    /// Browse streams open.
    pub browse_streams: u64,
    /// Schema subjects.
    pub subjects: u64,
}

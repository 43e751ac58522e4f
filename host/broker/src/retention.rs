//! Retention: how long a topic keeps its messages. A message goes once it is over one of
//! the topic's bounds, and not before every subscription is done with it.

use crate::BrokerError;
use crate::commits::store_error;
use crate::documents;
use crate::inner::Inner;
use crate::names::TopicName;
use crate::topic::Topic;
use crate::topics::clock_ms;
use irongate_proto::irongate_v1 as v1;
use irongate_store::{LogBounds, Store, StoreError};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::{Instant, interval_at};

/// Records read at a time to learn their sizes.
const READ_RECORDS_MAX: usize = 1024;
const READ_BYTES_MAX: usize = 4 << 20;

/// Sizes of a log, so far as they were looked at: everything from `first` to `end` has
/// `bytes`. Each record is read once on its way in and once on its way out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Measured {
    first: u64,
    end: u64,
    bytes: u64,
}

impl Measured {
    /// The first offset to keep so that no more than `bytes_max` are.
    fn first_within(&mut self, store: &Store, log: u64, bytes_max: u64) -> Result<u64, StoreError> {
        let LogBounds { first_offset, next_offset } = store.bounds(log)?;
        if first_offset < self.first || first_offset > self.end {
            *self = Self { first: first_offset, end: first_offset, bytes: 0 };
        }
        self.bytes -= sizes(store, log, self.first, first_offset.max(self.first), |_| false)?.1;
        self.first = first_offset;
        self.bytes += sizes(store, log, self.end, next_offset, |_| false)?.1;
        self.end = next_offset;
        let excess = self.bytes.saturating_sub(bytes_max);
        let (first, bytes) = sizes(store, log, self.first, self.end, |gone| gone >= excess)?;
        (self.first, self.bytes) = (first, self.bytes - bytes);
        Ok(first)
    }
}

/// Adds up record sizes from one offset to another, until `enough`; says where it stopped.
fn sizes(store: &Store, log: u64, from: u64, to: u64, enough: impl Fn(u64) -> bool) -> Result<(u64, u64), StoreError> {
    let (mut offset, mut bytes) = (from, 0);
    while offset < to && !enough(bytes) {
        let records = store.read(log, offset, READ_RECORDS_MAX, READ_BYTES_MAX)?;
        if records.is_empty() {
            break;
        }
        for record in records {
            if record.offset >= to || enough(bytes) {
                return Ok((offset, bytes));
            }
            bytes += record.record.len() as u64;
            offset = record.offset + 1;
        }
    }
    Ok((offset, bytes))
}

impl Inner {
    pub(crate) async fn set_retention(
        self: &Arc<Self>,
        request: v1::SetTopicRetentionRequest,
    ) -> Result<v1::SetTopicRetentionResponse, BrokerError> {
        self.check_open()?;
        let name = TopicName::parse(&request.topic, &self.config.limits)?;
        let topics = self.topics.expand(name.as_str());
        if topics.is_empty() {
            return Err(BrokerError::TopicMissing { topic: request.topic });
        }
        if topics.iter().any(|topic| !topic.is_reliable()) {
            let what = format!("the topic {} is non-reliable, it keeps no messages", request.topic);
            return Err(BrokerError::Precondition { what });
        }
        let retention = request.retention.filter(|retention| *retention != v1::Retention::default());
        let inner = Arc::clone(self);
        let work = tokio::spawn(async move {
            let _changing = inner.changes.lock().await;
            inner.check_open()?;
            let mut writes = Vec::new();
            for topic in &topics {
                topic.check_alive()?;
                let document = topic.document_with(topic.binding().as_deref(), retention);
                writes.push(documents::set(documents::key(documents::TOPICS, topic.name()), &document));
            }
            inner.commits.write(writes).await?;
            topics.iter().for_each(|topic| topic.set_retention(retention));
            for topic in &topics {
                inner.retain(topic).await?;
            }
            Ok(v1::SetTopicRetentionResponse {})
        });
        work.await.map_err(|_| BrokerError::Closed)?
    }

    /// Deletes what the topic no longer keeps.
    async fn retain(&self, topic: &Arc<Topic>) -> Result<(), BrokerError> {
        let Some(retention) = topic.retention() else { return Ok(()) };
        let (store, measured) = (Arc::clone(&self.store), Arc::clone(topic));
        let work = tokio::task::spawn_blocking(move || measured.first_to_keep(&store, retention, clock_ms()));
        let first = work.await.map_err(|_| BrokerError::Closed)?.map_err(store_error)?;
        // A subscription that is created from now on begins behind the newest message.
        let needed = topic.subscriptions().iter().map(|subscription| subscription.position().cursor).min();
        let deleted = self.cut(topic, first.min(needed.unwrap_or(u64::MAX))).await?;
        if deleted > 0 {
            tracing::debug!(topic = topic.name(), deleted, "deleted messages that were kept long enough");
        }
        Ok(())
    }
}

impl Topic {
    fn first_to_keep(&self, store: &Store, retention: v1::Retention, now_ms: u64) -> Result<u64, StoreError> {
        let mut first = 0;
        if retention.bytes_max > 0 {
            first = self.measured().first_within(store, self.log(), retention.bytes_max)?;
        }
        if retention.age_max_ms > 0 {
            let oldest_ms = now_ms.saturating_sub(retention.age_max_ms);
            first = first.max(store.first_offset_at(self.log(), oldest_ms)?);
        }
        Ok(first)
    }
}

/// Looks after all topics from time to time. Ends with the broker.
pub(crate) async fn keep_retaining(inner: Weak<Inner>, every: Duration) {
    let mut ticks = interval_at(Instant::now() + every, every);
    loop {
        ticks.tick().await;
        let Some(inner) = inner.upgrade() else { return };
        for topic in inner.topics.all() {
            if inner.check_open().is_err() {
                return;
            }
            if let Err(error) = inner.retain(&topic).await {
                tracing::error!(topic = topic.name(), %error, "cannot delete what was kept long enough");
            }
        }
    }
}

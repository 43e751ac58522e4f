//! Browse: reading topics without a subscription. The request is checked and everything it
//! watches is registered here; the [`reader`] task does the reading.

mod reader;

use crate::BrokerError;
use crate::inner::Inner;
use crate::metrics::Metrics;
use crate::names::TopicName;
use crate::outbox::Outbox;
use crate::topic::{Tap, Topic};
use futures_core::Stream;
use irongate_proto::irongate_v1 as v1;
use reader::{Reader, Source};
use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use tokio::sync::{Notify, mpsc};

/// The responses of one browse call. Dropping it ends the reading.
pub struct Browse {
    responses: mpsc::Receiver<Result<v1::BrowseResponse, BrokerError>>,
}

impl Stream for Browse {
    type Item = Result<v1::BrowseResponse, BrokerError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.responses.poll_recv(context)
    }
}

/// Counts one open stream while it lives.
struct OpenStream(Arc<Metrics>);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.browse_streams.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Inner {
    /// A name that does not exist yet may be followed: its messages come when it appears.
    /// Must be called inside a tokio runtime.
    pub(crate) fn browse(self: &Arc<Self>, request: v1::BrowseRequest) -> Result<Browse, BrokerError> {
        self.check_open()?;
        let names = self.names(&request)?;
        let open = self.open_stream()?;
        let notify = Arc::new(Notify::new());
        let limits = &self.config.limits;
        let outbox = Outbox::new(limits.consumer_queue_messages_max, limits.consumer_queue_bytes_max);
        let tap = Arc::new(Tap { outbox, notify: Arc::clone(&notify) });
        let (sender, responses) = mpsc::channel(1);
        let mut reader = Reader {
            inner: Arc::clone(self),
            names,
            start: request.start,
            follow: request.follow,
            sources: Vec::new(),
            taps: Vec::new(),
            known: BTreeSet::new(),
            tap,
            notify,
            caught_up: false,
        };
        let mut topics = Vec::new();
        for name in &reader.names {
            let found = self.topics.expand(name.as_str());
            if found.is_empty() && !request.follow {
                return Err(BrokerError::TopicMissing { topic: name.as_str().to_owned() });
            }
            topics.extend(found);
        }
        reader.check_count(topics.len())?;
        for topic in topics {
            reader.add(&topic)?;
        }
        tokio::spawn(async move {
            reader.run(sender).await;
            drop(open);
        });
        Ok(Browse { responses })
    }

    fn names(&self, request: &v1::BrowseRequest) -> Result<Vec<TopicName>, BrokerError> {
        if request.topics.is_empty() {
            return Err(BrokerError::InvalidArgument {
                what: "a browse request must name at least one topic".to_owned(),
            });
        }
        let limit = self.config.limits.browse_topics_max;
        if request.topics.len() > limit {
            let what = format!("{} topics in one browse stream", request.topics.len());
            return Err(BrokerError::LimitReached { what, limit });
        }
        request.topics.iter().map(|name| TopicName::parse(name, &self.config.limits)).collect()
    }

    fn open_stream(&self) -> Result<OpenStream, BrokerError> {
        let limit = self.config.limits.browse_streams_max;
        let before = self.metrics.browse_streams.fetch_add(1, Ordering::Relaxed);
        let open = OpenStream(Arc::clone(&self.metrics));
        if before >= limit as u64 {
            return Err(BrokerError::LimitReached { what: "there are too many browse streams".to_owned(), limit });
        }
        Ok(open)
    }
}

impl Reader {
    pub(super) fn check_count(&self, count: usize) -> Result<(), BrokerError> {
        let limit = self.inner.config.limits.browse_topics_max;
        if count > limit {
            let what = format!("{count} topics and partitions in one browse stream");
            return Err(BrokerError::LimitReached { what, limit });
        }
        Ok(())
    }

    /// Begins to watch a topic that was there when the call began.
    fn add(&mut self, topic: &Arc<Topic>) -> Result<(), BrokerError> {
        if !self.known.insert(topic.name().to_owned()) {
            return Ok(());
        }
        if !topic.is_reliable() {
            self.taps.push(topic.tap(&self.tap));
            return Ok(());
        }
        // Watched before its end is looked up, so that nothing falls in between.
        let watch = topic.watch(Arc::clone(&self.notify));
        let bounds = topic.bounds(&self.inner.store)?;
        self.sources.push(Source::new(Arc::clone(topic), bounds, Some(watch)));
        Ok(())
    }
}

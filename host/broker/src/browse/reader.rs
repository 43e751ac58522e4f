//! The task behind one browse stream: reads each topic from its position, in bounded
//! responses, says when it has caught up, and sleeps until there is more.

use crate::BrokerError;
use crate::commits::store_error;
use crate::inner::Inner;
use crate::names::TopicName;
use crate::subscription::dispatcher::message_of;
use crate::topic::{Tap, TapGuard, Topic, Watch};
use crate::topics::clock_ms;
use irongate_proto::irongate_v1 as v1;
use irongate_proto::irongate_v1::browse_request::Start;
use irongate_store::LogBounds;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::{Notify, mpsc};

type Response = Result<v1::BrowseResponse, BrokerError>;

pub(super) struct Reader {
    pub(super) inner: Arc<Inner>,
    pub(super) names: Vec<TopicName>,
    pub(super) start: Option<Start>,
    pub(super) follow: bool,
    pub(super) sources: Vec<Source>,
    pub(super) taps: Vec<TapGuard>,
    pub(super) known: BTreeSet<String>,
    /// Gathers the messages of all non-reliable topics.
    pub(super) tap: Arc<Tap>,
    pub(super) notify: Arc<Notify>,
    pub(super) caught_up: bool,
}

/// One reliable topic and where the reader is in it.
pub(super) struct Source {
    topic: Arc<Topic>,
    bounds: LogBounds,
    next_offset: u64,
    _watch: Option<Watch>,
}

impl Source {
    /// Begins at the start of what there is.
    pub(super) fn new(topic: Arc<Topic>, bounds: LogBounds, watch: Option<Watch>) -> Self {
        Self { topic, bounds, next_offset: bounds.first_offset, _watch: watch }
    }
}

impl Reader {
    pub(super) async fn run(mut self, sender: mpsc::Sender<Response>) {
        let mut closing = self.inner.closing.subscribe();
        let stop = closing.wait_for(|closing| *closing);
        let outcome = tokio::select! {
            outcome = self.read_all(&sender) => outcome,
            _ = stop => Err(BrokerError::Closed),
            () = sender.closed() => return,
        };
        if let Err(error) = outcome {
            // A reader that went away does not want to know.
            let _ = sender.send(Err(error)).await;
        }
    }

    async fn read_all(&mut self, sender: &mpsc::Sender<Response>) -> Result<(), BrokerError> {
        self.seek().await?;
        let created = Arc::clone(&self.inner.topics.created);
        loop {
            let appeared = created.notified();
            tokio::pin!(appeared);
            appeared.as_mut().enable();
            if self.follow {
                self.add_new()?;
            }
            loop {
                let response = self.next_response().await?;
                let done = response.caught_up && !self.follow;
                let empty = response.messages.is_empty() && response.missed_count == 0 && !response.caught_up;
                if empty {
                    break;
                }
                if sender.send(Ok(response)).await.is_err() || done {
                    return Ok(());
                }
            }
            tokio::select! {
                () = self.notify.notified() => {}
                () = &mut appeared => {}
            }
        }
    }

    /// Moves every source to where the request says.
    async fn seek(&mut self) -> Result<(), BrokerError> {
        for source in &mut self.sources {
            let LogBounds { first_offset, next_offset } = source.bounds;
            source.next_offset = match self.start {
                Some(Start::Earliest(_)) => first_offset,
                Some(Start::Latest(_)) | None => next_offset,
                Some(Start::Offset(offset)) => offset.clamp(first_offset, next_offset),
                Some(Start::LastCount(count)) => next_offset.saturating_sub(u64::from(count)).max(first_offset),
                Some(Start::TimestampMs(time_ms)) => {
                    let (store, log) = (Arc::clone(&self.inner.store), source.topic.log());
                    let search = tokio::task::spawn_blocking(move || store.first_offset_at(log, time_ms));
                    search.await.map_err(|_| BrokerError::Closed)?.map_err(store_error)?
                }
            };
        }
        Ok(())
    }

    /// Topics that appeared since the call are read from their beginning.
    fn add_new(&mut self) -> Result<(), BrokerError> {
        // A topic that was deleted may be created again, as another one.
        let ended = self.sources.extract_if(.., |source| source.topic.has_ended()).map(|source| source.topic);
        let ended =
            ended.chain(self.taps.extract_if(.., |tap| tap.topic().has_ended()).map(|tap| Arc::clone(tap.topic())));
        for topic in ended {
            self.known.remove(topic.name());
        }
        let found: Vec<Arc<Topic>> =
            self.names.iter().flat_map(|name| self.inner.topics.expand(name.as_str())).collect();
        self.check_count(found.len())?;
        for topic in found {
            if !self.known.insert(topic.name().to_owned()) {
                continue;
            }
            if topic.is_reliable() {
                let watch = topic.watch(Arc::clone(&self.notify));
                self.sources.push(Source::new(topic, LogBounds::default(), Some(watch)));
            } else {
                self.taps.push(topic.tap(&self.tap));
            }
        }
        Ok(())
    }

    async fn next_response(&mut self) -> Result<v1::BrowseResponse, BrokerError> {
        let limits = &self.inner.config.limits;
        let (messages_max, bytes_max) = (limits.browse_batch_messages_max, limits.browse_batch_bytes_max);
        let mut response = v1::BrowseResponse::default();
        let mut bytes = 0;
        for source in &mut self.sources {
            let room = messages_max.saturating_sub(response.messages.len());
            if room == 0 || bytes >= bytes_max {
                break;
            }
            // Without following, messages that came after the call are not asked for.
            let wanted = if self.follow {
                room
            } else {
                let left = source.bounds.next_offset.saturating_sub(source.next_offset);
                room.min(usize::try_from(left).unwrap_or(usize::MAX))
            };
            if wanted == 0 {
                continue;
            }
            let records = source.topic.read(&self.inner.store, source.next_offset, wanted, bytes_max - bytes).await?;
            for record in records {
                bytes += record.record.len();
                source.next_offset = record.offset + 1;
                let append_time_ms = record.append_time_ms;
                let message = Some(message_of(record)?);
                response.messages.push(v1::BrowsedMessage { message, append_time_ms, stored: true });
            }
        }
        // The topic that was read first now goes last, so that a busy one starves nobody.
        if !self.sources.is_empty() {
            self.sources.rotate_left(1);
        }
        let room = messages_max.saturating_sub(response.messages.len());
        if room > 0 && bytes < bytes_max {
            let (messages, missed) = self.tap.outbox.drain(room, bytes_max - bytes);
            let append_time_ms = clock_ms();
            let live = messages.into_iter().map(|mut message| {
                message.subscription_name.clear();
                v1::BrowsedMessage { message: Some(message), append_time_ms, stored: false }
            });
            response.messages.extend(live);
            response.missed_count = missed;
        }
        if !self.caught_up && self.sources.iter().all(|source| source.next_offset >= source.bounds.next_offset) {
            self.caught_up = true;
            response.caught_up = true;
        }
        Ok(response)
    }
}

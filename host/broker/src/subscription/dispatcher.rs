//! The task that moves messages of a reliable topic from its log to the consumers of one
//! subscription. It lives while a consumer is attached; nothing else delivers.

use super::{Choice, Subscription};
use crate::BrokerError;
use crate::metrics::Metrics;
use crate::topic::Topic;
use bytes::Bytes;
use irongate_proto::danube::StreamMessage;
use irongate_store::{Record, Store};
use prost::Message;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Records read at a time.
const READ_RECORDS_MAX: usize = 64;
const READ_BYTES_MAX: usize = 1 << 20;
/// When something was due and could not be delivered, it is tried again no sooner.
const RETRY: Duration = Duration::from_millis(100);

pub(crate) struct Dispatcher {
    pub(crate) topic: Arc<Topic>,
    pub(crate) subscription: Arc<Subscription>,
    pub(crate) store: Arc<Store>,
    pub(crate) metrics: Arc<Metrics>,
}

/// Why a round ended.
enum Round {
    /// Something was delivered; there may be more.
    Moved,
    /// Nothing to do before the next wake-up or this instant.
    Wait(Option<Instant>),
    /// Nobody is attached.
    Over,
}

impl Subscription {
    /// Starts the dispatcher unless it runs already.
    pub(crate) fn ensure_dispatcher(&self, dispatcher: impl FnOnce() -> Dispatcher) {
        let mut state = self.lock();
        if state.ledger.is_some() && !state.dispatching {
            state.dispatching = true;
            tokio::spawn(dispatcher().run());
        }
    }

    /// Whether nobody is attached; then the dispatcher counts as ended.
    fn retire_dispatcher(&self) -> bool {
        let mut state = self.lock();
        let nobody = matches!(state.choose(self.kind), Choice::Nobody);
        state.dispatching = !nobody;
        nobody
    }

    fn wanted(&self, now: Instant) -> Wanted {
        let mut state = self.lock();
        match state.choose(self.kind) {
            Choice::Nobody => return Wanted::Over,
            // Room comes with a wake-up; until then no deadline changes anything.
            Choice::NoRoom => return Wanted::Wait(None),
            Choice::Outbox { .. } => {}
        }
        let Some(ledger) = &mut state.ledger else { return Wanted::Over };
        ledger.expire(now);
        match ledger.wanted(now) {
            Some((offset, count)) => Wanted::Read { offset, count },
            None => Wanted::Wait(ledger.next_event()),
        }
    }

    /// Delivers the record if it still may be, to whoever has room.
    fn deliver(&self, offset: u64, message: StreamMessage, bytes: usize, metrics: &Metrics) -> bool {
        let now = Instant::now();
        let mut state = self.lock();
        if !state.ledger.as_ref().is_some_and(|ledger| ledger.deliverable(offset, now)) {
            return false;
        }
        let Choice::Outbox { index, outbox } = state.choose(self.kind) else { return false };
        if !outbox.push(message, bytes) {
            return false;
        }
        let consumer_id = state.pass_turn(index);
        if let Some(ledger) = &mut state.ledger
            && ledger.deliver(offset, consumer_id, now)
        {
            Metrics::add(&metrics.messages_redelivered, 1);
        }
        true
    }
}

enum Wanted {
    Read { offset: u64, count: usize },
    Wait(Option<Instant>),
    Over,
}

impl Dispatcher {
    async fn run(self) {
        let _watch = self.topic.watch(Arc::clone(&self.subscription.wake));
        loop {
            // Registered before looking, so that nothing happens unseen in between.
            let woken = self.subscription.wake.notified();
            match self.round().await {
                Ok(Round::Moved) => {}
                Ok(Round::Wait(None)) => woken.await,
                Ok(Round::Wait(Some(until))) => {
                    tokio::select! {
                        () = woken => {}
                        () = sleep_until(until) => {}
                    }
                }
                Ok(Round::Over) => {
                    if self.subscription.retire_dispatcher() {
                        return;
                    }
                }
                Err(error) => {
                    tracing::error!(topic = self.topic.name(), subscription = self.subscription.name, %error, "delivery stopped");
                    self.subscription.end_streams();
                }
            }
        }
    }

    async fn round(&self) -> Result<Round, BrokerError> {
        let now = Instant::now();
        let (offset, count) = match self.subscription.wanted(now) {
            Wanted::Read { offset, count } => (offset, count.min(READ_RECORDS_MAX)),
            Wanted::Wait(until) => return Ok(Round::Wait(until)),
            Wanted::Over => return Ok(Round::Over),
        };
        let records = self.topic.read(&self.store, offset, count, READ_BYTES_MAX).await?;
        let mut moved = false;
        for record in records {
            let bytes = record.record.len();
            let offset = record.offset;
            let message = message_of(record)?;
            if !self.subscription.deliver(offset, message, bytes, &self.metrics) {
                break;
            }
            moved = true;
        }
        if moved {
            return Ok(Round::Moved);
        }
        let next = self.subscription.lock().ledger.as_ref().and_then(super::Ledger::next_event);
        Ok(Round::Wait(next.map(|next| next.max(now + RETRY))))
    }
}

/// A stored record as it is delivered: as the producer sent it, with its offset.
pub(crate) fn message_of(record: Record) -> Result<StreamMessage, BrokerError> {
    let bytes: Bytes = record.record;
    let mut message = StreamMessage::decode(bytes).map_err(|error| BrokerError::Unreadable {
        reason: format!("the record at offset {} does not decode: {error}", record.offset),
    })?;
    message.msg_id.get_or_insert_default().topic_offset = record.offset;
    message.subscription_name.clear();
    Ok(message)
}

//! The task that moves messages of a reliable topic from its log to the consumers of one
//! subscription, and sees to those that failed too often. It lives while a consumer is
//! attached; nothing else delivers.

use super::ledger::{Admission, Door, Wanted};
use super::members::Choice;
use super::{Fate, State, Subscription, key_of};
use crate::BrokerError;
use crate::inner::Inner;
use crate::metrics::Metrics;
use crate::topic::Topic;
use bytes::Bytes;
use irongate_proto::danube::StreamMessage;
use irongate_store::Record;
use prost::Message;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Records read at a time.
const READ_RECORDS_MAX: usize = 64;
const READ_BYTES_MAX: usize = 1 << 20;
/// When something was due and could not be delivered, it is tried again no sooner.
const RETRY: Duration = Duration::from_millis(100);
/// When a dead letter could not be written, it is tried again no sooner.
const DEAD_LETTER_RETRY: Duration = Duration::from_secs(1);

pub(crate) struct Dispatcher {
    pub(crate) inner: Arc<Inner>,
    pub(crate) topic: Arc<Topic>,
    pub(crate) subscription: Arc<Subscription>,
}

/// Why a round ended.
enum Round {
    /// Something was done; there may be more.
    Moved,
    /// Nothing to do before the next wake-up or this instant.
    Wait(Option<Instant>),
    /// Nobody is attached.
    Over,
}

/// What the next round does.
enum Next {
    Do(Wanted),
    Wait(Option<Instant>),
    Over,
}

impl State {
    /// Whether a message with this key may go out.
    fn door(&self, subscription: &Subscription, key: &str, now: Instant) -> Door {
        match self.members.choose(subscription.kind, key) {
            Choice::Outbox { .. } => Door::Open,
            Choice::NoRoom => Door::Shut,
            Choice::Nobody if now < subscription.unwanted_from || self.members.is_wanted(key) => Door::Shut,
            Choice::Nobody => Door::Unwanted,
        }
    }

    /// When there is something to do again though nothing came in.
    fn next_event(&self, subscription: &Subscription, now: Instant) -> Option<Instant> {
        let ledger = self.ledger.as_ref()?;
        let grace = (ledger.has_ready() && now < subscription.unwanted_from).then_some(subscription.unwanted_from);
        ledger.next_event(now).into_iter().chain(grace).min()
    }
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
        let nobody = state.members.nobody_attached();
        state.dispatching = !nobody;
        nobody
    }

    /// What to do next, and whether something failed that must be written down.
    fn next(&self, now: Instant) -> (Next, bool) {
        let mut state = self.lock();
        if state.members.nobody_attached() {
            return (Next::Over, false);
        }
        let Some(ledger) = &mut state.ledger else { return (Next::Over, false) };
        let failed = ledger.expire(now);
        let Some(ledger) = &state.ledger else { return (Next::Over, failed) };
        let wanted = ledger.wanted(now, |key| state.door(self, key, now));
        let no_room = !Self::is_keyed(self.kind) && matches!(state.members.choose(self.kind, ""), Choice::NoRoom);
        let next = match wanted {
            // Room comes with a wake-up.
            Wanted::Read { .. } if no_room => Next::Wait(state.next_event(self, now)),
            Wanted::Nothing => Next::Wait(state.next_event(self, now)),
            wanted => Next::Do(wanted),
        };
        (next, failed)
    }

    /// Delivers the record if it still may be, to whoever has room.
    fn deliver(&self, offset: u64, message: StreamMessage, bytes: usize, metrics: &Metrics) -> Admission {
        let now = Instant::now();
        let mut guard = self.lock();
        let state = &mut *guard;
        let Some(ledger) = &mut state.ledger else { return Admission::No };
        match ledger.admit(offset, key_of(&message), now) {
            Admission::Now => {}
            other => return other,
        }
        // A key-shared ledger keeps in mind what it has admitted.
        let missed = if Self::is_keyed(self.kind) { Admission::Later } else { Admission::No };
        let Choice::Outbox { consumer_id, outbox } = state.members.choose(self.kind, key_of(&message)) else {
            return missed;
        };
        if !outbox.push(message, bytes) {
            return missed;
        }
        state.members.pass_turn(self.kind, consumer_id);
        state.delivered.count(now);
        if ledger.deliver(offset, consumer_id, now) {
            Metrics::add(&metrics.messages_redelivered, 1);
        }
        Admission::Now
    }
}

impl Dispatcher {
    pub(crate) async fn run(self) {
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
        let store = &self.inner.store;
        let bounds = self.topic.bounds(store)?;
        let gone = self.subscription.forget_before(bounds.first_offset);
        let (next, failed) = self.subscription.next(now);
        if gone || failed {
            self.stage();
        }
        let (offset, count) = match next {
            Next::Over => return Ok(Round::Over),
            Next::Wait(until) => return Ok(Round::Wait(until)),
            Next::Do(Wanted::Settle(offset)) => {
                self.settle(offset).await;
                return Ok(Round::Moved);
            }
            Next::Do(Wanted::PassOver(offset)) => {
                Metrics::add(&self.inner.metrics.messages_passed_over, 1);
                self.pass(offset);
                return Ok(Round::Moved);
            }
            Next::Do(Wanted::Nothing) => return Ok(Round::Wait(None)),
            Next::Do(Wanted::Read { offset, count }) => (offset, count.min(READ_RECORDS_MAX)),
        };
        let records = self.topic.read(store, offset, count, READ_BYTES_MAX).await?;
        let empty = records.is_empty();
        let mut moved = false;
        for record in records {
            let bytes = record.record.len();
            let offset = record.offset;
            let message = message_of(record)?;
            if self.subscription.deliver(offset, message, bytes, &self.inner.metrics) == Admission::No {
                break;
            }
            moved = true;
        }
        if moved {
            return Ok(Round::Moved);
        }
        let next = self.subscription.lock().next_event(&self.subscription, now);
        // Room that was there is gone again; its return wakes, unless it came before this.
        let retry = (!empty).then_some(now + RETRY);
        Ok(Round::Wait(next.into_iter().chain(retry).min()))
    }

    /// Sees to a message that failed too often, as the policy says.
    async fn settle(&self, offset: u64) {
        let Some((policy, failure)) = self.subscription.given_up(offset) else { return };
        let topic = match &policy.fate {
            Fate::Block => return,
            Fate::Drop => {
                let (topic, subscription) = (self.topic.name(), &self.subscription.name);
                tracing::warn!(
                    topic,
                    subscription,
                    offset,
                    reason = failure.reason,
                    "dropped a message that failed too often"
                );
                Metrics::add(&self.inner.metrics.messages_poison_dropped, 1);
                self.pass(offset);
                return;
            }
            Fate::DeadLetter(topic) => topic,
        };
        match self.write_dead_letter(topic, offset, &failure).await {
            Ok(()) => {
                Metrics::add(&self.inner.metrics.messages_dead_lettered, 1);
                self.pass(offset);
            }
            Err(error) => {
                let (source, subscription) = (self.topic.name(), &self.subscription.name);
                tracing::error!(source, subscription, offset, topic = topic.as_str(), %error, "cannot write a dead letter, trying again");
                self.subscription.postpone(offset, Instant::now() + DEAD_LETTER_RETRY);
            }
        }
    }

    fn pass(&self, offset: u64) {
        self.subscription.pass(offset);
        self.stage();
    }

    /// A store that refuses writes does not stop delivery: what is not written down is
    /// delivered again after a restart.
    fn stage(&self) {
        if let Err(error) = self.subscription.stage(&self.inner.store) {
            tracing::debug!(topic = self.topic.name(), subscription = self.subscription.name, %error, "a cursor is not written");
        }
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

//! A subscription: its consumers, who gets the next message, and what was acknowledged.
//! Messages of a non-reliable topic are pushed by their publisher, those of a reliable
//! one by the [`dispatcher`]; both end in a consumer's outbox.

mod consumer;
pub(crate) mod dispatcher;
mod ledger;
mod stream;

pub(crate) use consumer::Consumer;
pub(crate) use ledger::{Ledger, LedgerLimits};
pub use stream::Deliveries;

use crate::documents::{self, subscription_key};
use crate::outbox::Outbox;
use consumer::{Presence, Slot};
use irongate_proto::danube::StreamMessage;
use irongate_proto::danube::consumer_request::SubscriptionType;
use irongate_store::{DocumentWrite, Staged};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

pub(crate) struct Subscription {
    pub(crate) name: String,
    pub(crate) kind: SubscriptionType,
    key: Vec<u8>,
    state: Mutex<State>,
    /// Set while the cursor waits to be written.
    staged: AtomicBool,
    /// Wakes the dispatcher.
    pub(crate) wake: Arc<Notify>,
}

pub(crate) struct State {
    slots: Vec<Slot>,
    /// Whose turn it is on a shared subscription.
    turn: usize,
    /// Reliable topics only.
    ledger: Option<Ledger>,
    dispatching: bool,
    idle_since: Instant,
}

/// What became of a message offered to a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offered {
    Taken,
    /// Nobody is attached.
    Nobody,
    /// All queues were full.
    Dropped,
}

impl Subscription {
    /// `ledger` is there exactly on reliable topics.
    pub(crate) fn new(topic: &str, name: &str, kind: SubscriptionType, ledger: Option<Ledger>) -> Arc<Self> {
        let state = State { slots: Vec::new(), turn: 0, ledger, dispatching: false, idle_since: Instant::now() };
        Arc::new(Self {
            name: name.to_owned(),
            kind,
            key: subscription_key(topic, name),
            state: Mutex::new(state),
            staged: AtomicBool::new(false),
            wake: Arc::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The document as it is now.
    pub(crate) fn document(&self) -> Option<DocumentWrite> {
        let state = self.lock();
        let ledger = state.ledger.as_ref()?;
        Some(documents::set(self.key.clone(), &ledger.document(self.kind as i32)))
    }

    /// Whether the caller must stage the cursor now; it is in the queue at most once.
    pub(crate) fn needs_staging(&self) -> bool {
        !self.staged.swap(true, Ordering::AcqRel)
    }

    /// Adds a consumer, or finds the one of that name and ends its stream.
    pub(crate) fn join(&self, name: &str, new: impl FnOnce() -> Arc<Consumer>, bounds: JoinBounds) -> Joined {
        let now = Instant::now();
        let mut state = self.lock();
        if let Some(index) = state.slots.iter().position(|slot| slot.consumer.name == name) {
            state.end_stream(index, now);
            state.slots[index].presence = Presence::Expected { since: now };
            let consumer = Arc::clone(&state.slots[index].consumer);
            drop(state);
            self.wake.notify_one();
            return Joined::Again(consumer);
        }
        let busy = state.slots.iter().find(|slot| slot.is_present(now, bounds.attach));
        if self.kind == SubscriptionType::Exclusive
            && let Some(slot) = busy
        {
            return Joined::Taken { by: slot.consumer.name.clone() };
        }
        if state.slots.len() >= bounds.consumers_max {
            return Joined::Full;
        }
        let consumer = new();
        state.slots.push(Slot::new(Arc::clone(&consumer), now));
        Joined::New(consumer)
    }

    /// Gives the consumer a stream, ending the one it had. `None` when it was forgotten.
    pub(crate) fn attach(&self, consumer_id: u64, outbox: Outbox) -> Option<Arc<Outbox>> {
        let now = Instant::now();
        let mut state = self.lock();
        let index = state.slots.iter().position(|slot| slot.consumer.id == consumer_id)?;
        state.end_stream(index, now);
        let outbox = Arc::new(outbox);
        state.slots[index].presence = Presence::Attached { outbox: Arc::clone(&outbox) };
        drop(state);
        self.wake.notify_one();
        Some(outbox)
    }

    /// The stream is gone; what its consumer holds goes out again. A later stream of the
    /// same consumer is left alone.
    fn detach(&self, consumer_id: u64, outbox: &Arc<Outbox>) {
        let now = Instant::now();
        let mut state = self.lock();
        let index = state.slots.iter().position(|slot| slot.holds(consumer_id, outbox));
        if let Some(index) = index {
            state.end_stream(index, now);
            state.slots[index].presence = Presence::Gone { since: now };
            state.idle_since = now;
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Hands a message of a non-reliable topic to a consumer with room.
    pub(crate) fn offer(&self, message: &StreamMessage, bytes: usize) -> Offered {
        let mut state = self.lock();
        match state.choose(self.kind) {
            Choice::Outbox { index, outbox } => {
                state.pass_turn(index);
                drop(state);
                if outbox.push(message.clone(), bytes) { Offered::Taken } else { Offered::Dropped }
            }
            Choice::NoRoom => Offered::Dropped,
            Choice::Nobody => Offered::Nobody,
        }
    }

    /// Whether the acknowledgement is within bounds; always on a non-reliable topic.
    pub(crate) fn ack(&self, offset: u64) -> bool {
        let mut state = self.lock();
        let Some(ledger) = &mut state.ledger else { return true };
        let was_full = ledger.is_full();
        let accepted = ledger.ack(offset, Instant::now());
        drop(state);
        if was_full {
            self.wake.notify_one();
        }
        accepted
    }

    pub(crate) fn nack(&self, offset: u64, delay: Option<Duration>) {
        if let Some(ledger) = self.lock().ledger.as_mut() {
            ledger.nack(offset, delay, Instant::now());
        }
        self.wake.notify_one();
    }

    /// Cursor and number of acknowledged messages beyond it.
    pub(crate) fn position(&self) -> Option<(u64, u64)> {
        self.lock().ledger.as_ref().map(|ledger| (ledger.cursor(), ledger.acked_ahead()))
    }

    /// Consumers that are attached or expected back.
    pub(crate) fn consumers_present(&self, attach: Duration) -> usize {
        let now = Instant::now();
        self.lock().slots.iter().filter(|slot| slot.is_present(now, attach)).count()
    }

    /// Forgets consumers without a stream for longer than `idle`, and returns their ids.
    pub(crate) fn forget_idle(&self, idle: Duration) -> Vec<u64> {
        let now = Instant::now();
        let mut state = self.lock();
        let forgotten = state.slots.extract_if(.., |slot| slot.is_idle(now, idle));
        forgotten.map(|slot| slot.consumer.id).collect()
    }

    /// Whether it has had no consumers for longer than `idle`.
    pub(crate) fn is_idle(&self, idle: Duration) -> bool {
        let state = self.lock();
        state.slots.is_empty() && state.idle_since.elapsed() >= idle
    }

    /// Ends all streams.
    pub(crate) fn end_streams(&self) {
        let now = Instant::now();
        let mut state = self.lock();
        (0..state.slots.len()).for_each(|index| state.end_stream(index, now));
        drop(state);
        self.wake.notify_one();
    }
}

impl Staged for Subscription {
    fn take(&self) -> Option<DocumentWrite> {
        self.staged.store(false, Ordering::Release);
        self.document()
    }
}

/// What `join` must respect.
#[derive(Clone, Copy)]
pub(crate) struct JoinBounds {
    pub(crate) attach: Duration,
    pub(crate) consumers_max: usize,
}

pub(crate) enum Joined {
    New(Arc<Consumer>),
    Again(Arc<Consumer>),
    /// Exclusive, and another consumer is there.
    Taken {
        by: String,
    },
    Full,
}

/// Who gets the next message.
enum Choice {
    Outbox { index: usize, outbox: Arc<Outbox> },
    NoRoom,
    Nobody,
}

impl State {
    fn end_stream(&mut self, index: usize, now: Instant) {
        let slot = &mut self.slots[index];
        if let Presence::Attached { outbox } = &slot.presence {
            outbox.close();
            slot.presence = Presence::Gone { since: now };
            if let Some(ledger) = &mut self.ledger {
                ledger.take_back(slot.consumer.id, now);
            }
        }
    }

    /// Shared: the next in turn with room. Exclusive and failover: the first that is attached.
    fn choose(&self, kind: SubscriptionType) -> Choice {
        let count = self.slots.len();
        let mut anybody = false;
        for step in 0..count {
            let index = if kind == SubscriptionType::Shared { (self.turn + step) % count } else { step };
            let Presence::Attached { outbox } = &self.slots[index].presence else { continue };
            anybody = true;
            if outbox.has_room() {
                return Choice::Outbox { index, outbox: Arc::clone(outbox) };
            }
            if kind != SubscriptionType::Shared {
                break;
            }
        }
        if anybody { Choice::NoRoom } else { Choice::Nobody }
    }

    /// The chosen consumer got its message; the next one is next in turn.
    fn pass_turn(&mut self, index: usize) -> u64 {
        self.turn = (index + 1) % self.slots.len();
        self.slots[index].consumer.id
    }
}

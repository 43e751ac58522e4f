//! A subscription: what was delivered and acknowledged, and to whom the next message goes.
//! Messages of a non-reliable topic are pushed by their publisher, those of a reliable
//! one by the [`dispatcher`]; both end in a consumer's outbox.

mod acked;
mod bounds;
mod consumer;
mod dead_letter;
pub(crate) mod dispatcher;
mod failure;
mod key_filter;
mod lanes;
mod leases;
mod ledger;
mod members;
mod rate;
mod ring;
mod stream;
mod transaction;

pub(crate) use bounds::{LedgerLimits, Settings};
pub(crate) use consumer::Consumer;
pub(crate) use failure::{FailurePolicy, Fate};
pub(crate) use key_filter::{KeyFilter, key_filters};
pub(crate) use ledger::Ledger;
pub(crate) use members::{JoinBounds, Joined};
pub use stream::Deliveries;
pub(crate) use transaction::NotBegun;

use crate::BrokerError;
use crate::commits::store_error;
use crate::documents::{self, subscription_key};
use irongate_proto::danube::StreamMessage;
use irongate_proto::danube::consumer_request::SubscriptionType;
use irongate_store::{DocumentWrite, Staged, Store};
use members::{Choice, Members};
use rate::Rate;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

pub(crate) struct Subscription {
    pub(crate) name: String,
    pub(crate) kind: SubscriptionType,
    key: Vec<u8>,
    state: Mutex<State>,
    /// Whether the cursor waits to be written. Held while it is handed over, so that whoever finds
    /// it waiting can rely on the next group commit.
    staged: Mutex<bool>,
    /// Held by the transaction that settles messages of this subscription.
    pub(crate) transactions: Arc<tokio::sync::Mutex<()>>,
    /// Wakes the dispatcher.
    pub(crate) wake: Arc<Notify>,
    /// Until then consumers may come back of whose filters nothing is known.
    unwanted_from: Instant,
}

pub(crate) struct State {
    members: Members,
    /// Reliable topics only.
    ledger: Option<Ledger>,
    dispatching: bool,
    idle_since: Instant,
    /// It is being deleted.
    retired: bool,
    delivered: Rate,
    acked: Rate,
    transacting: transaction::Transacting,
}

/// What became of a message offered to a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offered {
    Taken,
    /// Nobody is attached, or nobody who wants its key.
    Nobody,
    /// All queues were full.
    Dropped,
}

/// Where a subscription stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Position {
    pub(crate) cursor: u64,
    pub(crate) acked_ahead: u64,
    pub(crate) unacked: usize,
    /// The message that blocks it, and why.
    pub(crate) blocked: Option<(u64, String)>,
}

impl Subscription {
    /// `ledger` is there exactly on reliable topics. Messages whose key nobody wants are
    /// held for `grace` first.
    pub(crate) fn new(
        topic: &str,
        name: &str,
        kind: SubscriptionType,
        ledger: Option<Ledger>,
        grace: Duration,
    ) -> Arc<Self> {
        let now = Instant::now();
        let state = State {
            members: Members::default(),
            ledger,
            dispatching: false,
            idle_since: now,
            retired: false,
            delivered: Rate::new(now),
            acked: Rate::new(now),
            transacting: transaction::Transacting::default(),
        };
        Arc::new(Self {
            name: name.to_owned(),
            kind,
            key: subscription_key(topic, name),
            state: Mutex::new(state),
            staged: Mutex::default(),
            transactions: Arc::default(),
            wake: Arc::default(),
            unwanted_from: now + grace,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_keyed(kind: SubscriptionType) -> bool {
        kind == SubscriptionType::KeyShared
    }

    /// The document as it is now.
    pub(crate) fn document(&self) -> Option<DocumentWrite> {
        let state = self.lock();
        let ledger = state.ledger.as_ref().filter(|_| !state.retired)?;
        Some(documents::set(self.key.clone(), &ledger.document(self.kind as i32)))
    }

    /// The cursor or a failure changed: it is written with the next group commit, and is in
    /// the queue at most once.
    pub(crate) fn stage(self: &Arc<Self>, store: &Store) -> Result<(), BrokerError> {
        let mut staged = self.staged.lock().unwrap_or_else(PoisonError::into_inner);
        if !*staged {
            store.stage(Arc::clone(self) as Arc<dyn Staged>).map_err(store_error)?;
            *staged = true;
        }
        Ok(())
    }

    /// Hands a message of a non-reliable topic to a consumer with room.
    pub(crate) fn offer(&self, message: &StreamMessage, bytes: usize) -> Offered {
        let mut state = self.lock();
        match state.members.choose(self.kind, key_of(message)) {
            Choice::Outbox { consumer_id, outbox } => {
                state.members.pass_turn(self.kind, consumer_id);
                state.delivered.count(Instant::now());
                drop(state);
                if outbox.push(message.clone(), bytes) { Offered::Taken } else { Offered::Dropped }
            }
            Choice::NoRoom => Offered::Dropped,
            Choice::Nobody => state.members.keep(message, bytes),
        }
    }

    /// Whether the acknowledgement is within bounds; always on a non-reliable topic.
    pub(crate) fn ack(&self, offset: u64) -> bool {
        let now = Instant::now();
        let mut state = self.lock();
        state.acked.count(now);
        let Some(ledger) = &mut state.ledger else { return true };
        let waited = ledger.is_full() || ledger.blocked().is_some();
        let accepted = ledger.ack(offset, now);
        let wake = waited || ledger.has_ready();
        drop(state);
        if wake {
            self.wake.notify_one();
        }
        accepted
    }

    /// Whether a consumer had the message.
    pub(crate) fn nack(&self, offset: u64, delay: Option<Duration>, reason: String) -> bool {
        let mut state = self.lock();
        let noted = state.ledger.as_mut().is_some_and(|ledger| ledger.nack(offset, delay, reason, Instant::now()));
        drop(state);
        self.wake.notify_one();
        noted
    }

    /// Changes policy and bounds of a subscription that is at work.
    pub(crate) fn set(&self, settings: Settings) {
        if let Some(ledger) = &mut self.lock().ledger {
            ledger.set(settings, Instant::now());
        }
        self.wake.notify_one();
    }

    /// Messages before `first` are gone. Says whether the cursor moved.
    pub(crate) fn forget_before(&self, first: u64) -> bool {
        let moved = self.lock().ledger.as_mut().is_some_and(|ledger| ledger.forget_before(first));
        if moved {
            self.wake.notify_one();
        }
        moved
    }

    /// Messages delivered and acknowledged per second, lately.
    pub(crate) fn rates(&self) -> (f64, f64) {
        let now = Instant::now();
        let mut state = self.lock();
        (state.delivered.per_second(now), state.acked.per_second(now))
    }

    pub(crate) fn position(&self) -> Position {
        let state = self.lock();
        let Some(ledger) = &state.ledger else { return Position::default() };
        Position {
            cursor: ledger.cursor(),
            acked_ahead: ledger.acked_ahead(),
            unacked: ledger.unacked(),
            blocked: ledger.blocked().map(|(offset, failure)| (offset, failure.reason.clone())),
        }
    }
}

impl Staged for Subscription {
    fn take(&self) -> Option<DocumentWrite> {
        *self.staged.lock().unwrap_or_else(PoisonError::into_inner) = false;
        if !self.lock().transacting.may_write() {
            return None;
        }
        self.document()
    }
}

/// What orders and places a message on a key-shared subscription.
fn key_of(message: &StreamMessage) -> &str {
    message.routing_key.as_deref().unwrap_or(&message.producer_name)
}

//! The consumers of a subscription: who joins, who is attached, whose turn it is. What
//! they are handed is decided elsewhere.

use super::consumer::{Consumer, Presence, Slot};
use super::key_filter::KeyFilter;
use super::ring::{Ring, wants};
use super::{Offered, State, Subscription, key_of};
use crate::outbox::Outbox;
use irongate_proto::danube::StreamMessage;
use irongate_proto::danube::consumer_request::SubscriptionType;
use prost::Message;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

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
    /// The subscription was deleted meanwhile.
    Gone,
}

/// Who gets the next message.
pub(super) enum Choice {
    Outbox {
        consumer_id: u64,
        outbox: Arc<Outbox>,
    },
    NoRoom,
    /// Nobody is attached, or nobody who wants this key.
    Nobody,
}

#[derive(Default)]
pub(super) struct Members {
    pub(super) slots: Vec<Slot>,
    /// Whose turn it is on a shared subscription.
    turn: usize,
    /// Key-shared only.
    ring: Ring,
}

impl Members {
    pub(super) fn nobody_attached(&self) -> bool {
        !self.slots.iter().any(|slot| matches!(slot.presence, Presence::Attached { .. }))
    }

    fn attach(&mut self, index: usize, kind: SubscriptionType, outbox: &Arc<Outbox>) {
        let slot = &mut self.slots[index];
        if let Presence::Expected { early, .. } = &slot.presence {
            for message in early.drain(usize::MAX, usize::MAX).0 {
                let bytes = message.encoded_len();
                outbox.push(message, bytes);
            }
        }
        slot.presence = Presence::Attached { outbox: Arc::clone(outbox) };
        if kind == SubscriptionType::KeyShared {
            let consumer = &slot.consumer;
            self.ring.add(consumer.id, &consumer.name, Arc::clone(&slot.filters), Arc::clone(outbox));
        }
    }

    /// Ends the stream of a consumer, and says whose it was if there was one.
    fn end_stream(&mut self, index: usize, now: Instant) -> Option<u64> {
        let slot = &mut self.slots[index];
        let Presence::Attached { outbox } = &slot.presence else { return None };
        outbox.close();
        slot.presence = Presence::Gone { since: now };
        let consumer_id = slot.consumer.id;
        self.ring.remove(consumer_id);
        Some(consumer_id)
    }

    /// Shared: the next in turn with room. Key-shared: the one the key belongs to. Exclusive
    /// and failover: the first that is attached.
    pub(super) fn choose(&self, kind: SubscriptionType, key: &str) -> Choice {
        if kind == SubscriptionType::KeyShared {
            let Some((consumer_id, member)) = self.ring.owner(key) else { return Choice::Nobody };
            let outbox = Arc::clone(&member.outbox);
            return if outbox.has_room() { Choice::Outbox { consumer_id, outbox } } else { Choice::NoRoom };
        }
        let count = self.slots.len();
        let mut anybody = false;
        for step in 0..count {
            let index = if kind == SubscriptionType::Shared { (self.turn + step) % count } else { step };
            let slot = &self.slots[index];
            let Presence::Attached { outbox } = &slot.presence else { continue };
            anybody = true;
            if outbox.has_room() {
                return Choice::Outbox { consumer_id: slot.consumer.id, outbox: Arc::clone(outbox) };
            }
            if kind != SubscriptionType::Shared {
                break;
            }
        }
        if anybody { Choice::NoRoom } else { Choice::Nobody }
    }

    /// Keeps a message of a non-reliable topic for the first consumer that wants it and is about to ask for messages.
    pub(super) fn keep(&self, message: &StreamMessage, bytes: usize) -> Offered {
        let early = self.slots.iter().find_map(|slot| match &slot.presence {
            Presence::Expected { early, .. } if wants(&slot.filters, key_of(message)) => Some(early),
            _ => None,
        });
        match early {
            Some(early) if early.push(message.clone(), bytes) => Offered::Taken,
            Some(_) => Offered::Dropped,
            None => Offered::Nobody,
        }
    }

    /// The chosen consumer got its message; the one behind it is next in turn.
    pub(super) fn pass_turn(&mut self, kind: SubscriptionType, consumer_id: u64) {
        if kind == SubscriptionType::Shared
            && let Some(index) = self.slots.iter().position(|slot| slot.consumer.id == consumer_id)
        {
            self.turn = (index + 1) % self.slots.len();
        }
    }

    /// Whether a consumer that may come back wants the key.
    pub(super) fn is_wanted(&self, key: &str) -> bool {
        self.slots.iter().any(|slot| wants(&slot.filters, key))
    }
}

impl State {
    /// What the consumer held goes out again.
    fn end_stream(&mut self, index: usize, now: Instant) {
        if let Some(consumer_id) = self.members.end_stream(index, now)
            && let Some(ledger) = &mut self.ledger
        {
            ledger.take_back(consumer_id, now);
        }
    }
}

impl Subscription {
    /// Adds a consumer, or finds the one of that name and ends its stream.
    pub(crate) fn join(
        &self,
        name: &str,
        filters: Arc<[KeyFilter]>,
        new: impl FnOnce() -> Arc<Consumer>,
        bounds: JoinBounds,
    ) -> Joined {
        let now = Instant::now();
        let mut state = self.lock();
        if state.retired {
            return Joined::Gone;
        }
        if let Some(index) = state.members.slots.iter().position(|slot| slot.consumer.name == name) {
            state.end_stream(index, now);
            let slot = &mut state.members.slots[index];
            slot.presence = Presence::expected(now);
            slot.filters = filters;
            let consumer = Arc::clone(&slot.consumer);
            drop(state);
            self.wake.notify_one();
            return Joined::Again(consumer);
        }
        let slots = &mut state.members.slots;
        let busy = slots.iter().find(|slot| slot.is_present(now, bounds.attach));
        if self.kind == SubscriptionType::Exclusive
            && let Some(slot) = busy
        {
            return Joined::Taken { by: slot.consumer.name.clone() };
        }
        if slots.len() >= bounds.consumers_max {
            return Joined::Full;
        }
        let consumer = new();
        slots.push(Slot::new(Arc::clone(&consumer), filters, now));
        Joined::New(consumer)
    }

    /// Gives the consumer a stream, ending the one it had. `None` when it was forgotten.
    pub(crate) fn attach(&self, consumer_id: u64, outbox: Outbox) -> Option<Arc<Outbox>> {
        let now = Instant::now();
        let mut state = self.lock();
        let index = state.members.slots.iter().position(|slot| slot.consumer.id == consumer_id)?;
        state.end_stream(index, now);
        let outbox = Arc::new(outbox);
        state.members.attach(index, self.kind, &outbox);
        drop(state);
        self.wake.notify_one();
        Some(outbox)
    }

    /// The stream is gone; what its consumer holds goes out again. A later stream of the
    /// same consumer is left alone.
    pub(super) fn detach(&self, consumer_id: u64, outbox: &Arc<Outbox>) {
        let now = Instant::now();
        let mut state = self.lock();
        let index = state.members.slots.iter().position(|slot| slot.holds(consumer_id, outbox));
        if let Some(index) = index {
            state.end_stream(index, now);
            state.idle_since = now;
        }
        drop(state);
        self.wake.notify_one();
    }

    /// What this stream delivers is taken back only when it ends.
    pub(super) fn hold(&self, consumer_id: u64, outbox: &Arc<Outbox>) {
        let mut state = self.lock();
        let is_there = state.members.slots.iter().any(|slot| slot.holds(consumer_id, outbox));
        if let Some(ledger) = state.ledger.as_mut().filter(|_| is_there) {
            ledger.hold(consumer_id);
        }
    }

    /// Consumers that are attached or expected back.
    pub(crate) fn consumers_present(&self, attach: Duration) -> usize {
        let now = Instant::now();
        self.lock().members.slots.iter().filter(|slot| slot.is_present(now, attach)).count()
    }

    /// Forgets consumers without a stream for longer than `idle`, and returns their ids.
    pub(crate) fn forget_idle(&self, idle: Duration) -> Vec<u64> {
        let now = Instant::now();
        let mut state = self.lock();
        let forgotten = state.members.slots.extract_if(.., |slot| slot.is_idle(now, idle));
        let forgotten: Vec<u64> = forgotten.map(|slot| slot.consumer.id).collect();
        drop(state);
        // Messages may have waited for one of them alone.
        if !forgotten.is_empty() {
            self.wake.notify_one();
        }
        forgotten
    }

    /// Whether it has had no consumers for longer than `idle`.
    pub(crate) fn is_idle(&self, idle: Duration) -> bool {
        let state = self.lock();
        state.members.slots.is_empty() && state.idle_since.elapsed() >= idle
    }

    /// Ends all streams.
    pub(crate) fn end_streams(&self) {
        let now = Instant::now();
        let mut state = self.lock();
        (0..state.members.slots.len()).for_each(|index| state.end_stream(index, now));
        drop(state);
        self.wake.notify_one();
    }

    /// The subscription is about to be deleted: nobody joins, and its cursor is written no
    /// more. `false` takes that back.
    pub(crate) fn retire(&self, retired: bool) {
        self.lock().retired = retired;
    }

    /// Ends all streams and forgets every consumer; returns their ids.
    pub(crate) fn dismiss(&self) -> Vec<u64> {
        self.end_streams();
        self.lock().members.slots.drain(..).map(|slot| slot.consumer.id).collect()
    }
}

//! What a reliable subscription has delivered, what was acknowledged, what must go out
//! again and what failed too often. Pure bookkeeping: no I/O, no clock of its own, no
//! consumers' queues.

use super::acked::Acked;
use super::bounds::{LedgerLimits, Settings};
use super::failure::{FailurePolicy, Fate};
use super::lanes::Lanes;
use super::leases::Leases;
use crate::documents::{FailureDocument, SubscriptionDocument};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

#[derive(Clone, Copy, Debug)]
struct Delivered {
    consumer_id: u64,
    at: Instant,
}

/// How often a message failed, and why the last time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) count: u32,
    pub(crate) reason: String,
}

/// Whether a message with a key may go out now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Open,
    /// Whoever it belongs to has no room, or is expected back.
    Shut,
    /// Nobody wants it.
    Unwanted,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Read from there, no more than that, and deliver.
    Read {
        offset: u64,
        count: usize,
    },
    /// It failed too often: see to it.
    Settle(u64),
    /// Nobody wants its key: pass it over.
    PassOver(u64),
    Nothing,
}

/// Whether a record that was read may be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Now,
    /// It is kept in mind; the next one may be looked at.
    Later,
    /// Not now, and nothing behind it either.
    No,
}

pub(crate) struct Ledger {
    limits: LedgerLimits,
    settings: Settings,
    acked: Acked,
    /// Everything from here on was never looked at since the start.
    next_new: u64,
    delivered: BTreeMap<u64, Delivered>,
    /// To go out again, and when.
    waiting: BTreeMap<u64, Instant>,
    /// Failed too often, and when to see to it.
    poisoned: BTreeMap<u64, Instant>,
    failures: BTreeMap<u64, Failure>,
    /// Key-shared only.
    lanes: Option<Lanes>,
    leases: Leases,
}

impl Ledger {
    pub(crate) fn new(limits: LedgerLimits, settings: Settings, keyed: bool, cursor: u64) -> Self {
        Self {
            limits,
            settings,
            acked: Acked::restore(cursor, &[]),
            next_new: cursor,
            delivered: BTreeMap::new(),
            waiting: BTreeMap::new(),
            poisoned: BTreeMap::new(),
            failures: BTreeMap::new(),
            lanes: keyed.then(Lanes::default),
            leases: Leases::default(),
        }
    }

    /// As it was stored.
    pub(crate) fn restore(
        limits: LedgerLimits,
        settings: Settings,
        keyed: bool,
        document: &SubscriptionDocument,
    ) -> Self {
        let mut ledger = Self::new(limits, settings, keyed, document.cursor);
        ledger.acked = Acked::restore(document.cursor, &document.acked);
        for failure in &document.failures {
            let kept = Failure { count: failure.count, reason: failure.reason.clone() };
            ledger.failures.insert(failure.offset, kept);
        }
        ledger.next_new = ledger.acked.next_open(document.cursor);
        ledger
    }

    pub(crate) fn document(&self, kind: i32) -> SubscriptionDocument {
        let failures = self.failures.iter().map(|(offset, failure)| FailureDocument {
            offset: *offset,
            count: failure.count,
            reason: failure.reason.clone(),
        });
        SubscriptionDocument { kind, cursor: self.cursor(), acked: self.acked.pairs(), failures: failures.collect() }
    }

    pub(crate) fn cursor(&self) -> u64 {
        self.acked.cursor()
    }

    /// Acknowledged messages beyond the cursor.
    pub(crate) fn acked_ahead(&self) -> u64 {
        self.acked.ahead()
    }

    pub(crate) fn unacked(&self) -> usize {
        self.delivered.len()
    }

    pub(crate) fn failure(&self, offset: u64) -> Option<&Failure> {
        self.failures.get(&offset)
    }

    pub(crate) fn policy(&self) -> &Arc<FailurePolicy> {
        &self.settings.policy
    }

    /// The first message that failed too often and stands in the way.
    pub(crate) fn blocked(&self) -> Option<(u64, &Failure)> {
        let offset = (self.settings.policy.fate == Fate::Block).then(|| self.poisoned.keys().next())??;
        Some((*offset, self.failures.get(offset)?))
    }

    /// The new policy also decides about what the old one had given up.
    pub(crate) fn set(&mut self, settings: Settings, now: Instant) {
        self.settings = settings;
        for offset in std::mem::take(&mut self.poisoned).into_keys() {
            self.sort(offset, Duration::ZERO, now);
        }
    }

    /// What to do next. `door` says whether a key's message may go out; only key-shared
    /// subscriptions ask it.
    pub(crate) fn wanted(&self, now: Instant, door: impl Fn(&str) -> Door) -> Wanted {
        let blocking = self.settings.policy.fate == Fate::Block;
        if !blocking && let Some((offset, _)) = self.poisoned.iter().find(|(_, due)| **due <= now) {
            return Wanted::Settle(*offset);
        }
        let Some(lanes) = &self.lanes else {
            return self.wanted_unkeyed(now);
        };
        let due = self.waiting.iter().filter(|(_, due)| **due <= now);
        let due = due.filter_map(|(offset, _)| Some((*offset, lanes.key(*offset)?)));
        for (offset, key) in due.chain(lanes.ready()) {
            match door(key) {
                Door::Open => return Wanted::Read { offset, count: 1 },
                Door::Unwanted => return Wanted::PassOver(offset),
                Door::Shut => {}
            }
        }
        self.wanted_new(self.limits.parked_messages_max.saturating_sub(lanes.parked()))
    }

    /// Whether a message that failed too often stops everything, not only its key.
    fn stands_still(&self) -> bool {
        self.lanes.is_none() && self.settings.policy.fate == Fate::Block && !self.poisoned.is_empty()
    }

    fn wanted_unkeyed(&self, now: Instant) -> Wanted {
        if self.stands_still() {
            return Wanted::Nothing;
        }
        let mut due = self.waiting.iter().filter(|(_, due)| **due <= now).map(|(offset, _)| *offset);
        let Some(offset) = due.next() else { return self.wanted_new(usize::MAX) };
        let run = due.zip(offset + 1..).take_while(|(next, expected)| next == expected).count();
        Wanted::Read { offset, count: run + 1 }
    }

    fn wanted_new(&self, room: usize) -> Wanted {
        let count = self.room().min(room);
        if count == 0 { Wanted::Nothing } else { Wanted::Read { offset: self.next_new, count } }
    }

    /// How many new messages may go out before an acknowledgement comes in.
    fn room(&self) -> usize {
        if self.next_new - self.cursor() >= self.limits.ack_window_messages_max {
            return 0;
        }
        let open = self.delivered.len() + self.waiting.len() + self.poisoned.len();
        self.settings.unacked_messages_max.saturating_sub(open)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.room() == 0
    }

    /// Whether messages wait for somebody who wants their key.
    pub(crate) fn has_ready(&self) -> bool {
        self.lanes.as_ref().is_some_and(|lanes| lanes.ready().next().is_some())
    }

    /// Whether this message, just read, may be delivered now.
    pub(crate) fn admit(&mut self, offset: u64, key: &str, now: Instant) -> Admission {
        if let Some(due) = self.waiting.get(&offset) {
            return if *due <= now && !self.stands_still() { Admission::Now } else { Admission::No };
        }
        if self.lanes.as_ref().is_some_and(|lanes| lanes.is_ready(offset)) {
            return Admission::Now;
        }
        if offset != self.next_new || self.is_full() || self.stands_still() {
            return Admission::No;
        }
        if let Some(lanes) = &mut self.lanes {
            if lanes.parked() >= self.limits.parked_messages_max {
                return Admission::No;
            }
            lanes.enter(offset, key);
        }
        let given_up =
            self.failures.get(&offset).is_some_and(|kept| kept.count > self.settings.policy.redeliveries_max);
        if given_up {
            self.begin(offset);
            self.poisoned.insert(offset, now);
            self.advance();
            return Admission::Later;
        }
        let Some(lanes) = &self.lanes else { return Admission::Now };
        let ready = lanes.is_ready(offset);
        self.advance();
        if ready { Admission::Now } else { Admission::Later }
    }

    fn advance(&mut self) {
        self.next_new = self.acked.next_open(self.next_new + 1);
    }

    fn begin(&mut self, offset: u64) {
        if let Some(lanes) = &mut self.lanes {
            lanes.begin(offset);
        }
    }

    /// Notes a delivery; says whether it is a repeated one.
    pub(crate) fn deliver(&mut self, offset: u64, consumer_id: u64, now: Instant) -> bool {
        let again = self.waiting.remove(&offset).is_some();
        self.delivered.insert(offset, Delivered { consumer_id, at: now });
        self.begin(offset);
        if offset == self.next_new {
            self.advance();
        }
        again
    }

    /// Whether the acknowledgement is within bounds. One for a message that is already
    /// acknowledged, or was delivered before a restart, is as good as any.
    pub(crate) fn ack(&mut self, offset: u64, now: Instant) -> bool {
        if offset < self.cursor() {
            return true;
        }
        if offset - self.cursor() >= self.limits.ack_window_messages_max {
            return false;
        }
        if let Some(delivered) = self.delivered.get(&offset) {
            self.leases.moved(delivered.consumer_id, now);
        }
        self.pass(offset);
        true
    }

    /// The subscription is done with this message.
    pub(crate) fn pass(&mut self, offset: u64) {
        self.delivered.remove(&offset);
        self.waiting.remove(&offset);
        self.poisoned.remove(&offset);
        self.failures.remove(&offset);
        if let Some(lanes) = &mut self.lanes {
            lanes.leave(offset);
        }
        self.acked.add(offset);
        self.next_new = self.acked.next_open(self.next_new);
    }

    /// Messages before `first` are gone from the log. Says whether that changed anything.
    pub(crate) fn forget_before(&mut self, first: u64) -> bool {
        if first <= self.cursor() {
            return false;
        }
        self.delivered = self.delivered.split_off(&first);
        self.waiting = self.waiting.split_off(&first);
        self.poisoned = self.poisoned.split_off(&first);
        self.failures = self.failures.split_off(&first);
        if let Some(lanes) = &mut self.lanes {
            lanes.leave_before(first);
        }
        self.acked.move_to(first);
        self.next_new = self.acked.next_open(self.next_new);
        true
    }

    /// A delivered message comes back. Without a delay it waits longer each time. Says
    /// whether the consumer had it.
    pub(crate) fn nack(&mut self, offset: u64, delay: Option<Duration>, reason: String, now: Instant) -> bool {
        let Some(delivered) = self.delivered.remove(&offset) else { return false };
        self.leases.moved(delivered.consumer_id, now);
        self.fail(offset, delay, reason, now);
        true
    }

    fn fail(&mut self, offset: u64, delay: Option<Duration>, reason: String, now: Instant) {
        let failure = self.failures.entry(offset).or_default();
        failure.count = failure.count.saturating_add(1);
        failure.reason = reason;
        let delay = delay.unwrap_or_else(|| self.settings.policy.delay(failure.count));
        self.sort(offset, delay.min(self.limits.nack_delay_max), now);
    }

    /// A failed message goes out again, or has failed too often.
    fn sort(&mut self, offset: u64, delay: Duration, now: Instant) {
        let count = self.failures.get(&offset).map_or(0, |failure| failure.count);
        if count > self.settings.policy.redeliveries_max {
            self.poisoned.insert(offset, now);
        } else {
            self.waiting.insert(offset, now + delay);
        }
    }

    /// What failed too often could not be seen to; try again after that.
    pub(crate) fn postpone(&mut self, offset: u64, until: Instant) {
        if let Some(due) = self.poisoned.get_mut(&offset) {
            *due = until;
        }
    }

    /// Everything a consumer holds goes out again at once. That is nobody's failure.
    pub(crate) fn take_back(&mut self, consumer_id: u64, now: Instant) {
        self.leases.end(consumer_id);
        let held = self.delivered.extract_if(.., |_, delivered| delivered.consumer_id == consumer_id);
        self.waiting.extend(held.map(|(offset, _)| (offset, now)));
    }

    /// This consumer keeps what it has until it is taken back.
    pub(crate) fn hold(&mut self, consumer_id: u64) {
        self.leases.hold(consumer_id);
    }

    /// Takes back what was held too long, and says whether there was any.
    pub(crate) fn expire(&mut self, now: Instant) -> bool {
        let (leases, limits, timeout) = (&self.leases, &self.limits, self.settings.policy.ack_timeout);
        let late = |one: &Delivered| {
            leases.deadline(one.consumer_id, one.at, limits, timeout).is_some_and(|deadline| deadline <= now)
        };
        let late: Vec<u64> = self.delivered.extract_if(.., |_, one| late(one)).map(|(offset, _)| offset).collect();
        for offset in &late {
            self.fail(*offset, None, format!("not acknowledged within {} ms", timeout.as_millis()), now);
        }
        !late.is_empty()
    }

    /// When, after now, `expire` or a delayed message will next have something to do. What
    /// is due already waits for room or for a decision, not for time.
    pub(crate) fn next_event(&self, now: Instant) -> Option<Instant> {
        let timeout = self.settings.policy.ack_timeout;
        let deadline = |one: &Delivered| self.leases.deadline(one.consumer_id, one.at, &self.limits, timeout);
        let late = self.delivered.values().filter_map(deadline);
        let due = self.waiting.values().chain(self.poisoned.values()).copied();
        late.chain(due).filter(|event| *event > now).min()
    }
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "ledger_properties.rs"]
mod properties;

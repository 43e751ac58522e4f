//! What a reliable subscription has delivered, what was acknowledged and what must go out
//! again. Pure bookkeeping: no I/O, no clock of its own, no consumers' queues.

use crate::Limits;
use crate::documents::SubscriptionDocument;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// First delay of a nack without one, doubled with each delivery of the message.
const BACKOFF_FIRST: Duration = Duration::from_secs(1);
const BACKOFF_LAST: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug)]
struct Delivered {
    consumer_id: u64,
    at: Instant,
    count: u32,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    due: Instant,
    count: u32,
}

/// The bounds a ledger works with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LedgerLimits {
    pub(crate) unacked_messages_max: usize,
    pub(crate) ack_window_messages_max: u64,
    pub(crate) ack_timeout: Duration,
    pub(crate) ack_timeout_busy: Duration,
    pub(crate) nack_delay_max: Duration,
}

impl From<&Limits> for LedgerLimits {
    fn from(limits: &Limits) -> Self {
        Self {
            unacked_messages_max: limits.unacked_messages_max,
            ack_window_messages_max: limits.ack_window_messages_max,
            ack_timeout: Duration::from_millis(limits.ack_timeout_ms),
            ack_timeout_busy: Duration::from_millis(limits.ack_timeout_busy_ms),
            nack_delay_max: Duration::from_millis(limits.nack_delay_max_ms),
        }
    }
}

pub(crate) struct Ledger {
    limits: LedgerLimits,
    /// Everything before it is acknowledged.
    cursor: u64,
    /// Acknowledged runs beyond the cursor: first to last, never touching each other.
    acked: BTreeMap<u64, u64>,
    /// Everything from here on was never delivered since the start.
    next_new: u64,
    delivered: BTreeMap<u64, Delivered>,
    waiting: BTreeMap<u64, Waiting>,
    /// When each consumer last acknowledged something.
    progress: BTreeMap<u64, Instant>,
}

impl Ledger {
    pub(crate) fn new(limits: LedgerLimits, cursor: u64) -> Self {
        Self {
            limits,
            cursor,
            acked: BTreeMap::new(),
            next_new: cursor,
            delivered: BTreeMap::new(),
            waiting: BTreeMap::new(),
            progress: BTreeMap::new(),
        }
    }

    /// As it was stored; a malformed acknowledged run is left out, which costs a redelivery.
    pub(crate) fn restore(limits: LedgerLimits, document: &SubscriptionDocument) -> Self {
        let mut ledger = Self::new(limits, document.cursor);
        for run in document.acked.chunks_exact(2) {
            if ledger.cursor <= run[0] && run[0] <= run[1] {
                ledger.acked.insert(run[0], run[1]);
            }
        }
        ledger.skip_acked();
        ledger
    }

    pub(crate) fn document(&self, kind: i32) -> SubscriptionDocument {
        let acked = self.acked.iter().flat_map(|(first, last)| [*first, *last]).collect();
        SubscriptionDocument { kind, cursor: self.cursor, acked }
    }

    pub(crate) fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Acknowledged messages beyond the cursor.
    pub(crate) fn acked_ahead(&self) -> u64 {
        self.acked.iter().map(|(first, last)| last - first + 1).sum()
    }

    /// Where to read the next deliverable messages, and how many at most. `None` when
    /// nothing may be delivered now, whatever the log holds.
    pub(crate) fn wanted(&self, now: Instant) -> Option<(u64, usize)> {
        if let Some((offset, _)) = self.waiting.iter().find(|(_, waiting)| waiting.due <= now) {
            return Some((*offset, self.waiting.len()));
        }
        let open = self.delivered.len() + self.waiting.len();
        (!self.is_full()).then(|| (self.next_new, self.limits.unacked_messages_max - open))
    }

    /// Whether no new message may go out before an acknowledgement comes in.
    pub(crate) fn is_full(&self) -> bool {
        let open = self.delivered.len() + self.waiting.len();
        let ahead = self.next_new - self.cursor;
        open >= self.limits.unacked_messages_max || ahead >= self.limits.ack_window_messages_max
    }

    /// Whether this message may be delivered now.
    pub(crate) fn deliverable(&self, offset: u64, now: Instant) -> bool {
        match self.waiting.get(&offset) {
            Some(waiting) => waiting.due <= now,
            None => offset == self.next_new && !self.is_full(),
        }
    }

    /// Notes a delivery; says whether it is a repeated one.
    pub(crate) fn deliver(&mut self, offset: u64, consumer_id: u64, now: Instant) -> bool {
        let count = self.waiting.remove(&offset).map_or(0, |waiting| waiting.count);
        self.delivered.insert(offset, Delivered { consumer_id, at: now, count: count + 1 });
        if offset == self.next_new {
            self.next_new += 1;
            self.skip_acked();
        }
        count > 0
    }

    /// Whether the acknowledgement is within bounds. One for a message that is already
    /// acknowledged, or was delivered before a restart, is as good as any.
    pub(crate) fn ack(&mut self, offset: u64, now: Instant) -> bool {
        if offset < self.cursor {
            return true;
        }
        if offset - self.cursor >= self.limits.ack_window_messages_max {
            return false;
        }
        if let Some(delivered) = self.delivered.remove(&offset) {
            self.progress.insert(delivered.consumer_id, now);
        }
        self.waiting.remove(&offset);
        self.add_acked(offset);
        true
    }

    fn add_acked(&mut self, offset: u64) {
        let before = self.acked.range(..=offset).next_back().map(|(first, last)| (*first, *last));
        if before.is_some_and(|(_, last)| offset <= last) {
            return;
        }
        let first = match before {
            Some((first, last)) if last + 1 == offset => first,
            _ => offset,
        };
        let last = self.acked.remove(&(offset + 1)).unwrap_or(offset);
        self.acked.insert(first, last);
        self.skip_acked();
    }

    fn skip_acked(&mut self) {
        if let Some(last) = self.acked.remove(&self.cursor) {
            self.cursor = last + 1;
        }
        self.next_new = self.next_new.max(self.cursor);
        if let Some((_, last)) = self.acked.range(..=self.next_new).next_back()
            && *last >= self.next_new
        {
            self.next_new = last + 1;
        }
    }

    /// Puts a delivered message back. Without a delay it waits longer each time.
    pub(crate) fn nack(&mut self, offset: u64, delay: Option<Duration>, now: Instant) {
        let Some(delivered) = self.delivered.remove(&offset) else { return };
        let doubled = BACKOFF_FIRST.saturating_mul(1 << delivered.count.saturating_sub(1).min(10));
        let delay = delay.unwrap_or(doubled.min(BACKOFF_LAST)).min(self.limits.nack_delay_max);
        self.waiting.insert(offset, Waiting { due: now + delay, count: delivered.count });
        self.progress.insert(delivered.consumer_id, now);
    }

    /// Everything a consumer holds goes out again at once.
    pub(crate) fn take_back(&mut self, consumer_id: u64, now: Instant) {
        self.progress.remove(&consumer_id);
        let held = self.delivered.extract_if(.., |_, delivered| delivered.consumer_id == consumer_id);
        self.waiting.extend(held.map(|(offset, delivered)| (offset, Waiting { due: now, count: delivered.count })));
    }

    /// Takes back what was held too long.
    pub(crate) fn expire(&mut self, now: Instant) {
        let (progress, limits) = (&self.progress, &self.limits);
        let late = self.delivered.extract_if(.., |_, delivered| deadline(progress, limits, delivered) <= now);
        self.waiting.extend(late.map(|(offset, delivered)| (offset, Waiting { due: now, count: delivered.count })));
    }

    /// When `expire` or a delayed message will next have something to do.
    pub(crate) fn next_event(&self) -> Option<Instant> {
        let late = self.delivered.values().map(|delivered| deadline(&self.progress, &self.limits, delivered)).min();
        let due = self.waiting.values().map(|waiting| waiting.due).min();
        late.into_iter().chain(due).min()
    }
}

/// A consumer that acknowledges others of its messages is at work: its clock starts anew
/// with each, up to a longer bound.
fn deadline(progress: &BTreeMap<u64, Instant>, limits: &LedgerLimits, delivered: &Delivered) -> Instant {
    let active = progress.get(&delivered.consumer_id).map_or(delivered.at, |at| delivered.at.max(*at));
    (active + limits.ack_timeout).min(delivered.at + limits.ack_timeout_busy)
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;

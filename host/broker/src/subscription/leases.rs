//! For how long consumers may keep what they were delivered. Knows neither what that is nor what happens to it afterwards.

use super::bounds::LedgerLimits;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

#[derive(Default)]
pub(super) struct Leases {
    /// When each consumer last acknowledged something.
    progress: BTreeMap<u64, Instant>,
    /// Consumers that keep everything until their stream ends.
    holding: BTreeSet<u64>,
}

impl Leases {
    /// The consumer is at work.
    pub(super) fn moved(&mut self, consumer_id: u64, now: Instant) {
        self.progress.insert(consumer_id, now);
    }

    pub(super) fn hold(&mut self, consumer_id: u64) {
        self.holding.insert(consumer_id);
    }

    /// The consumer's stream has ended.
    pub(super) fn end(&mut self, consumer_id: u64) {
        self.progress.remove(&consumer_id);
        self.holding.remove(&consumer_id);
    }

    /// When a consumer loses what it was delivered at `at`; never where it holds on. One that acknowledges others of its messages is at work: its
    /// clock starts anew with each, up to a longer bound.
    pub(super) fn deadline(
        &self,
        consumer_id: u64,
        at: Instant,
        limits: &LedgerLimits,
        timeout: Duration,
    ) -> Option<Instant> {
        if self.holding.contains(&consumer_id) {
            return None;
        }
        let active = self.progress.get(&consumer_id).map_or(at, |moved| at.max(*moved));
        Some((active + timeout).min(at + limits.ack_timeout_busy.max(timeout)))
    }
}

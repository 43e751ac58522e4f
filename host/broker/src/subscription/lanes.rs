//! The order of messages with the same key on a key-shared subscription: of each key only
//! the oldest open message may be out. Pure bookkeeping over offsets and keys.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Every open message of the subscription: read, and not yet acknowledged.
#[derive(Default)]
pub(super) struct Lanes {
    keys: BTreeMap<u64, Arc<str>>,
    lanes: HashMap<Arc<str>, BTreeSet<u64>>,
    /// First in their lanes and not yet handed to anybody.
    ready: BTreeSet<u64>,
    /// Handed to somebody, given back, or failed for good.
    begun: BTreeSet<u64>,
}

impl Lanes {
    /// A message is read from the log; those with its key were before it.
    pub(super) fn enter(&mut self, offset: u64, key: &str) {
        let key = match self.lanes.get_key_value(key) {
            Some((key, _)) => Arc::clone(key),
            None => Arc::from(key),
        };
        let lane = self.lanes.entry(Arc::clone(&key)).or_default();
        if lane.is_empty() {
            self.ready.insert(offset);
        }
        lane.insert(offset);
        self.keys.insert(offset, key);
    }

    /// It is no longer merely read: handed out, or failed before that could be.
    pub(super) fn begin(&mut self, offset: u64) {
        if self.ready.remove(&offset) {
            self.begun.insert(offset);
        }
    }

    /// It is done with; the next one with its key may go. Says whether there is one.
    pub(super) fn leave(&mut self, offset: u64) -> bool {
        let Some(key) = self.keys.remove(&offset) else { return false };
        self.ready.remove(&offset);
        self.begun.remove(&offset);
        let Some(lane) = self.lanes.get_mut(&key) else { return false };
        lane.remove(&offset);
        let Some(next) = lane.first().copied() else {
            self.lanes.remove(&key);
            return false;
        };
        !self.begun.contains(&next) && self.ready.insert(next)
    }

    /// Offsets below `first` are gone from the log.
    pub(super) fn leave_before(&mut self, first: u64) {
        let gone: Vec<u64> = self.keys.range(..first).map(|(offset, _)| *offset).collect();
        for offset in gone {
            self.leave(offset);
        }
    }

    pub(super) fn is_ready(&self, offset: u64) -> bool {
        self.ready.contains(&offset)
    }

    pub(super) fn ready(&self) -> impl Iterator<Item = (u64, &str)> {
        self.ready.iter().filter_map(|offset| Some((*offset, self.key(*offset)?)))
    }

    pub(super) fn key(&self, offset: u64) -> Option<&str> {
        self.keys.get(&offset).map(AsRef::as_ref)
    }

    /// Messages read that nobody has been handed.
    pub(super) fn parked(&self) -> usize {
        self.keys.len() - self.begun.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(lanes: &Lanes) -> Vec<u64> {
        lanes.ready().map(|(offset, _)| offset).collect()
    }

    #[test]
    fn only_the_oldest_of_each_key_is_ready() {
        let mut lanes = Lanes::default();
        for (offset, key) in [(0, "a"), (1, "b"), (2, "a"), (3, "a")] {
            lanes.enter(offset, key);
        }
        assert_eq!(ready(&lanes), [0, 1]);
        lanes.begin(0);
        assert_eq!((ready(&lanes), lanes.parked()), (vec![1], 3));
        assert!(lanes.leave(0));
        assert_eq!(ready(&lanes), [1, 2]);
        assert!(!lanes.leave(1));
        assert_eq!((ready(&lanes), lanes.parked()), (vec![2], 2));
    }

    #[test]
    fn one_done_with_before_its_turn_holds_up_nobody() {
        let mut lanes = Lanes::default();
        (0..3).for_each(|offset| lanes.enter(offset, "a"));
        lanes.begin(0);
        assert!(!lanes.leave(1));
        assert!(ready(&lanes).is_empty());
        assert!(lanes.leave(0));
        assert_eq!(ready(&lanes), [2]);
        lanes.leave_before(3);
        assert!(ready(&lanes).is_empty() && lanes.parked() == 0 && lanes.lanes.is_empty());
    }
}

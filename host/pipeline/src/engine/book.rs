//! The books of a pipeline: what is in flight, what became of every record, how far each partition is complete, and what was already sent of records
//! that were given back. Bounded; asks nobody.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use super::ports::Position;
use crate::limits::REMEMBERED_RECORDS_MAX;

/// What became of the records of a pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records taken in, a copy of one in flight not counted.
    pub read: u64,
    /// Records whose outputs were all taken by their targets.
    pub delivered: u64,
    /// Records that left nothing: dropped by a stage, or wanted by no target.
    pub filtered: u64,
    /// Records dropped because of an error, by `on_error = "drop"`.
    pub dropped: u64,
    /// Records among the dead letters.
    pub dead_lettered: u64,
    /// Records given back to the subscription.
    pub given_back: u64,
    /// Records not settled yet.
    pub in_flight: u64,
    /// Copies of records in flight or settled, which were not worked on.
    pub copies: u64,
}

impl Counts {
    /// Whether every record that came in is accounted for.
    #[must_use]
    pub fn are_conserved(&self) -> bool {
        let out = self.delivered + self.filtered + self.dropped + self.dead_lettered + self.given_back;
        self.read == out + self.in_flight
    }
}

/// How a record ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Delivered,
    Filtered,
    Dropped,
    DeadLettered,
    GivenBack,
    /// It was settled before: a copy that nobody recognised in time.
    Copy,
}

/// What to do with a record that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Work on it.
    New,
    /// It is in flight: the one acknowledgement to come is for both.
    Copy,
    /// It is settled, only its acknowledgement was lost: acknowledge it again.
    Settled,
}

/// What is remembered of a record that may come again.
enum Memory {
    Settled,
    /// Dedup ids that targets took.
    Sent(HashSet<String>),
}

#[derive(Default)]
struct Pages {
    counts: Counts,
    partitions: HashMap<Arc<str>, Partition>,
    memories: HashMap<Position, Memory>,
    ages: VecDeque<Position>,
}

#[derive(Default)]
struct Partition {
    in_flight: BTreeSet<u64>,
    next: u64,
}

#[derive(Default)]
pub(crate) struct Book {
    pages: Mutex<Pages>,
}

impl Book {
    pub(crate) fn admit(&self, position: &Position) -> Admission {
        let mut pages = self.lock();
        let partition = pages.partitions.entry(Arc::clone(&position.topic)).or_default();
        if !partition.in_flight.insert(position.offset) {
            pages.counts.copies += 1;
            return Admission::Copy;
        }
        if matches!(pages.memories.get(position), Some(Memory::Settled)) {
            pages.counts.copies += 1;
            if let Some(partition) = pages.partitions.get_mut(&position.topic) {
                partition.in_flight.remove(&position.offset);
            }
            return Admission::Settled;
        }
        pages.counts.read += 1;
        Admission::New
    }

    /// A record leaves the books.
    pub(crate) fn settle(&self, position: &Position, end: End) {
        let mut pages = self.lock();
        match end {
            End::Delivered => pages.counts.delivered += 1,
            End::Filtered => pages.counts.filtered += 1,
            End::Dropped => pages.counts.dropped += 1,
            End::DeadLettered => pages.counts.dead_lettered += 1,
            End::GivenBack => pages.counts.given_back += 1,
            End::Copy => {
                pages.counts.read -= 1;
                pages.counts.copies += 1;
            }
        }
        let Some(partition) = pages.partitions.get_mut(&position.topic) else { return };
        partition.in_flight.remove(&position.offset);
        if end != End::GivenBack {
            partition.next = partition.next.max(position.offset + 1);
            pages.memories.remove(position);
        }
    }

    /// The acknowledgement of a settled record was lost.
    pub(crate) fn remember_settled(&self, position: &Position) {
        self.lock().remember(position, Memory::Settled);
    }

    /// What targets took of a record that is given back.
    pub(crate) fn remember_sent(&self, position: &Position, dedup_ids: impl Iterator<Item = String>) {
        let mut pages = self.lock();
        let mut sent: HashSet<String> = dedup_ids.collect();
        if let Some(Memory::Sent(before)) = pages.memories.remove(position) {
            sent.extend(before);
        }
        pages.remember(position, Memory::Sent(sent));
    }

    pub(crate) fn was_sent(&self, position: &Position, dedup_id: &str) -> bool {
        matches!(self.lock().memories.get(position), Some(Memory::Sent(sent)) if sent.contains(dedup_id))
    }

    pub(crate) fn counts(&self) -> Counts {
        let pages = self.lock();
        let in_flight: usize = pages.partitions.values().map(|partition| partition.in_flight.len()).sum();
        Counts { in_flight: in_flight as u64, ..pages.counts }
    }

    /// The offset of each partition before which everything that came is complete.
    pub(crate) fn frontier(&self) -> BTreeMap<String, u64> {
        let pages = self.lock();
        let frontier = |partition: &Partition| {
            partition.in_flight.first().map_or(partition.next, |first| partition.next.min(*first))
        };
        pages.partitions.iter().map(|(topic, partition)| (topic.to_string(), frontier(partition))).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    fn remember(&mut self, position: &Position, memory: Memory) {
        self.memories.insert(position.clone(), memory);
        self.ages.push_back(position.clone());
        while self.ages.len() > REMEMBERED_RECORDS_MAX {
            if let Some(oldest) = self.ages.pop_front() {
                self.memories.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: u64) -> Position {
        Position { topic: "/default/t".into(), offset }
    }

    /// Rule S5.
    #[test]
    fn the_frontier_waits_for_the_oldest_record() {
        let book = Book::default();
        (0..3).for_each(|offset| assert_eq!(book.admit(&at(offset)), Admission::New));
        book.settle(&at(2), End::Delivered);
        book.settle(&at(1), End::Filtered);
        assert_eq!(book.frontier()["/default/t"], 0);
        book.settle(&at(0), End::DeadLettered);
        assert_eq!(book.frontier()["/default/t"], 3);
        assert!(book.counts().are_conserved());
    }

    #[test]
    fn a_copy_is_not_counted_as_read() {
        let book = Book::default();
        book.admit(&at(0));
        assert_eq!(book.admit(&at(0)), Admission::Copy);
        book.settle(&at(0), End::Delivered);
        book.remember_settled(&at(0));
        assert_eq!(book.admit(&at(0)), Admission::Settled);
        let counts = book.counts();
        assert_eq!((counts.read, counts.copies, counts.in_flight), (1, 2, 0));
        assert!(counts.are_conserved());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let book = Book::default();
        (0..=REMEMBERED_RECORDS_MAX as u64).for_each(|offset| {
            book.admit(&at(offset));
            book.settle(&at(offset), End::GivenBack);
            book.remember_sent(&at(offset), std::iter::once("id".to_owned()));
        });
        assert!(!book.was_sent(&at(0), "id") && book.was_sent(&at(1), "id"));
    }
}

//! The books of a pipeline: what is in flight, what became of every record, how far each partition is complete, and what was already sent of records
//! that were given back. Bounded; asks nobody.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

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
    /// Records that turned out to be settled already when what was made of them was to be taken; nothing of it was.
    pub settled_before: u64,
    /// Records not settled yet.
    pub in_flight: u64,
    /// Copies of records in flight or settled, which were not worked on.
    pub copies: u64,
    /// How often a partition with records in flight settled none for too long.
    pub stalls: u64,
}

impl Counts {
    /// Whether every record that came in is accounted for.
    #[must_use]
    pub fn are_conserved(&self) -> bool {
        let out =
            self.delivered + self.filtered + self.dropped + self.dead_lettered + self.given_back + self.settled_before;
        self.read == out + self.in_flight
    }
}

impl std::ops::Add for Counts {
    type Output = Counts;

    fn add(self, other: Counts) -> Counts {
        Counts {
            read: self.read + other.read,
            delivered: self.delivered + other.delivered,
            filtered: self.filtered + other.filtered,
            dropped: self.dropped + other.dropped,
            dead_lettered: self.dead_lettered + other.dead_lettered,
            given_back: self.given_back + other.given_back,
            settled_before: self.settled_before + other.settled_before,
            in_flight: self.in_flight + other.in_flight,
            copies: self.copies + other.copies,
            stalls: self.stalls + other.stalls,
        }
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
    SettledBefore,
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
    /// Given back, and not come again yet. Where others share the subscription some may never: the oldest are forgotten.
    returned: BTreeSet<u64>,
    next: u64,
    /// When it last settled a record, or began to have one.
    moved_at: Option<Instant>,
    is_stalled: bool,
}

impl Partition {
    fn move_on(&mut self) {
        (self.moved_at, self.is_stalled) = (Some(Instant::now()), false);
    }
}

#[derive(Default)]
pub(crate) struct Book {
    pages: Mutex<Pages>,
}

/// The books of a pipeline, to look into while it runs. Clones share them.
#[derive(Clone)]
pub struct Books(pub(super) Arc<Book>);

impl Books {
    /// What became of the records so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.0.counts()
    }

    /// The offset of each partition before which everything that came is complete.
    #[must_use]
    pub fn frontier(&self) -> BTreeMap<String, u64> {
        self.0.frontier()
    }
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
        if let Some(partition) = pages.partitions.get_mut(&position.topic).filter(|one| one.in_flight.len() == 1) {
            partition.move_on();
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
            End::SettledBefore => pages.counts.settled_before += 1,
        }
        let Some(partition) = pages.partitions.get_mut(&position.topic) else { return };
        partition.in_flight.remove(&position.offset);
        partition.move_on();
        if end == End::GivenBack {
            partition.returned.insert(position.offset);
            if partition.returned.len() > REMEMBERED_RECORDS_MAX {
                partition.returned.pop_first();
            }
        } else {
            partition.returned.remove(&position.offset);
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
            let open = partition.in_flight.first().into_iter().chain(partition.returned.first());
            open.copied().fold(partition.next, u64::min)
        };
        pages.partitions.iter().map(|(topic, partition)| (topic.to_string(), frontier(partition))).collect()
    }

    /// Partitions with records in flight that settled none for so long, each told once until it moves again: name and oldest record.
    pub(crate) fn stalled(&self, after: Duration) -> Vec<(String, u64)> {
        let mut pages = self.lock();
        let mut stalled = Vec::new();
        for (topic, partition) in &mut pages.partitions {
            let Some(oldest) = partition.in_flight.first().copied() else { continue };
            let is_late = partition.moved_at.is_some_and(|moved_at| moved_at.elapsed() >= after);
            if is_late && !partition.is_stalled {
                partition.is_stalled = true;
                stalled.push((topic.to_string(), oldest));
            }
        }
        pages.counts.stalls += stalled.len() as u64;
        stalled
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

    #[test]
    fn s5_the_frontier_waits_for_the_oldest_record() {
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
    fn s5_the_frontier_waits_for_a_record_that_was_given_back() {
        let book = Book::default();
        (0..2).for_each(|offset| assert_eq!(book.admit(&at(offset)), Admission::New));
        book.settle(&at(0), End::GivenBack);
        book.settle(&at(1), End::Delivered);
        assert_eq!(book.frontier()["/default/t"], 0);
        book.admit(&at(0));
        book.settle(&at(0), End::Delivered);
        assert_eq!(book.frontier()["/default/t"], 2);
    }

    #[test]
    fn s14_every_partition_that_does_not_move_is_told_once() {
        let book = Book::default();
        let other = Position { topic: "/default/u".into(), offset: 7 };
        book.admit(&other);
        book.admit(&at(3));
        book.settle(&at(3), End::Delivered);
        assert!(book.stalled(Duration::from_secs(60)).is_empty());
        assert_eq!(book.stalled(Duration::ZERO), [("/default/u".to_owned(), 7)]);
        assert!(book.stalled(Duration::ZERO).is_empty());
        book.settle(&other, End::Delivered);
        book.admit(&at(4));
        assert_eq!(book.stalled(Duration::ZERO), [("/default/t".to_owned(), 4)]);
        assert_eq!(book.counts().stalls, 2);
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

//! The newest records of one reliable topic, kept while somebody reads live, so that live
//! readers do not touch the disk. Bounded in bytes, by topic and over all topics.

use irongate_store::{Appended, Record};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes counted for each record besides its own.
const RECORD_OVERHEAD_BYTES: usize = 64;

/// The bytes of all topics' recent records, and their bound.
pub(crate) struct RecentBudget {
    used: AtomicUsize,
    bytes_max: usize,
    topic_bytes_max: usize,
}

impl RecentBudget {
    pub(crate) fn new(bytes_max: usize, topic_bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { used: AtomicUsize::new(0), bytes_max, topic_bytes_max })
    }
}

/// Records with consecutive offsets, up to the newest.
pub(crate) struct Recent {
    records: VecDeque<Record>,
    bytes: usize,
    budget: Arc<RecentBudget>,
}

impl Recent {
    pub(crate) fn new(budget: Arc<RecentBudget>) -> Self {
        Self { records: VecDeque::new(), bytes: 0, budget }
    }

    pub(crate) fn push(&mut self, appended: &Appended) {
        // A gap would make `read` lie; it arises when records went by unkept.
        if self.records.back().is_some_and(|last| last.offset + 1 != appended.offset) {
            self.clear();
        }
        let bytes = appended.record.len() + RECORD_OVERHEAD_BYTES;
        self.bytes += bytes;
        self.budget.used.fetch_add(bytes, Ordering::Relaxed);
        let record = appended.record.clone();
        self.records.push_back(Record { offset: appended.offset, append_time_ms: appended.append_time_ms, record });
        while self.bytes > self.budget.topic_bytes_max
            || (!self.records.is_empty() && self.budget.used.load(Ordering::Relaxed) > self.budget.bytes_max)
        {
            self.pop();
        }
    }

    fn pop(&mut self) {
        if let Some(record) = self.records.pop_front() {
            let bytes = record.record.len() + RECORD_OVERHEAD_BYTES;
            self.bytes -= bytes;
            self.budget.used.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// Records before `first` are gone from the log.
    pub(crate) fn forget_before(&mut self, first: u64) {
        while self.records.front().is_some_and(|record| record.offset < first) {
            self.pop();
        }
    }

    pub(crate) fn clear(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
        self.records = VecDeque::new();
        self.bytes = 0;
    }

    /// As `Store::read`; `None` when the offset is not here and the store must be asked.
    pub(crate) fn read(&self, from_offset: u64, records_max: usize, bytes_max: usize) -> Option<Vec<Record>> {
        let first = self.records.front()?.offset;
        let skip = usize::try_from(from_offset.checked_sub(first)?).ok()?;
        if skip >= self.records.len() {
            return None;
        }
        let mut bytes = 0;
        let mut records = Vec::new();
        for record in self.records.range(skip..).take(records_max) {
            bytes += record.record.len();
            if !records.is_empty() && bytes > bytes_max {
                break;
            }
            records.push(record.clone());
        }
        Some(records)
    }
}

impl Drop for Recent {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn appended(offset: u64, bytes: usize) -> Appended {
        Appended { log: 0, offset, append_time_ms: 0, record: Bytes::from(vec![0; bytes]) }
    }

    fn offsets(records: Option<Vec<Record>>) -> Option<Vec<u64>> {
        records.map(|records| records.iter().map(|record| record.offset).collect())
    }

    #[test]
    fn holds_what_fits_and_knows_what_it_lacks() {
        let budget = RecentBudget::new(1 << 20, 3 * (100 + RECORD_OVERHEAD_BYTES));
        let mut recent = Recent::new(Arc::clone(&budget));
        (0..5).for_each(|offset| recent.push(&appended(offset, 100)));
        assert_eq!(offsets(recent.read(1, 10, usize::MAX)), None);
        assert_eq!(offsets(recent.read(2, 10, usize::MAX)), Some(vec![2, 3, 4]));
        assert_eq!(offsets(recent.read(3, 1, usize::MAX)), Some(vec![3]));
        assert_eq!(offsets(recent.read(2, 10, 200)), Some(vec![2, 3]));
        assert_eq!(offsets(recent.read(5, 10, usize::MAX)), None);
        recent.forget_before(4);
        assert_eq!(offsets(recent.read(3, 10, usize::MAX)), None);
        assert_eq!(offsets(recent.read(4, 10, usize::MAX)), Some(vec![4]));
        recent.push(&appended(9, 100));
        assert_eq!(offsets(recent.read(4, 10, usize::MAX)), None);
        drop(recent);
        assert_eq!(budget.used.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn all_topics_together_stay_within_the_budget() {
        let budget = RecentBudget::new(1000, 10_000);
        let mut recents = [Recent::new(Arc::clone(&budget)), Recent::new(Arc::clone(&budget))];
        for offset in 0..20 {
            recents.iter_mut().for_each(|recent| recent.push(&appended(offset, 100)));
            assert!(budget.used.load(Ordering::Relaxed) <= 1000);
        }
    }
}

//! Reading logs, and where each begins and ends. Nothing is written here.

use crate::StoreError;
use crate::entry::{Entry, earliest_key};
use crate::head::Head;
use crate::keys::log_key;
use crate::segments::Segments;
use bytes::Bytes;
use fjall::Keyspace;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One stored record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its offset.
    pub offset: u64,
    /// Milliseconds since the epoch, never less than the record before.
    pub append_time_ms: u64,
    /// The record as it was appended.
    pub record: Bytes,
}

const HEAD_MALFORMED: &str = "the stored head of a log is malformed";

/// Where a log begins and ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogBounds {
    /// The first offset there is; equal to `next_offset` when the log is empty.
    pub first_offset: u64,
    /// The offset the next record gets.
    pub next_offset: u64,
}

/// The log keyspace with the heads of the logs used so far. Heads are read from disk on
/// first use, so that opening does not depend on the number of logs.
pub(crate) struct Logs {
    keyspace: Keyspace,
    stored_heads: Keyspace,
    segments: Segments,
    heads: Mutex<HashMap<u64, Head>>,
}

impl Logs {
    pub(crate) fn new(keyspace: Keyspace, stored_heads: Keyspace, segments: Segments) -> Self {
        Self { keyspace, stored_heads, segments, heads: Mutex::default() }
    }

    pub(crate) fn segments(&self) -> &Segments {
        &self.segments
    }

    /// Removes the segments that are left of what a log lost, and of commits that were never completed.
    /// Answers whether that could be done.
    pub(crate) fn remove_segments(&self, log: u64) -> Result<bool, StoreError> {
        if !self.segments.has(log) {
            return Ok(true);
        }
        // Nothing is remembered: the log may be one that ended.
        let known = self.lock().get(&log).copied();
        let head = known.map_or_else(|| self.stored_head(log), Ok)?;
        let kept = self.entry_offset(log, head.first_offset)?;
        let removed = self.segments.remove_before(log, kept, head.next_offset);
        removed.map_err(|error| StoreError::Read { reason: format!("cannot remove a segment: {error}").into() })
    }

    pub(crate) fn stored_heads(&self) -> &Keyspace {
        &self.stored_heads
    }

    /// Logs with records that count as gone and are still to be removed.
    pub(crate) fn unswept(&self) -> Result<Vec<u64>, StoreError> {
        let mut logs = Vec::new();
        for guard in self.stored_heads.iter() {
            let (key, value) = guard.into_inner().map_err(|error| StoreError::read(&error))?;
            let log = key.as_ref().try_into().ok().map(u64::from_be_bytes);
            let head = Head::decode(&Bytes::from(value));
            match (log, head) {
                (Some(log), Some(head)) if head.swept_offset < head.first_offset => logs.push(log),
                (Some(_), Some(_)) => {}
                _ => return Err(StoreError::Read { reason: HEAD_MALFORMED.into() }),
            }
        }
        Ok(logs)
    }

    pub(crate) fn keyspace(&self) -> &Keyspace {
        &self.keyspace
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Head>> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn load(&self, log: u64) -> Result<Head, StoreError> {
        if let Some(head) = self.lock().get(&log) {
            return Ok(*head);
        }
        let head = self.stored_head(log)?;
        // The committer may have advanced the log meanwhile: what is in the map is newer.
        Ok(*self.lock().entry(log).or_insert(head))
    }

    /// As the tables have it.
    fn stored_head(&self, log: u64) -> Result<Head, StoreError> {
        let stored = self.stored_heads.get(log.to_be_bytes()).map_err(|error| StoreError::read(&error))?;
        let malformed = || StoreError::Read { reason: HEAD_MALFORMED.into() };
        let stored = stored.map(|value| Head::decode(&Bytes::from(value)).ok_or_else(malformed)).transpose()?;
        let begin = stored.map_or(0, |head| head.first_offset);
        let mut entries = self.keyspace.range(earliest_key(log, begin)..=log_key(log, u64::MAX));
        let last = entries.next_back().map(entry_of).transpose()?.filter(|last| last.end_offset() > begin);
        Ok(match (last, stored) {
            (None, stored) => stored.unwrap_or_default(),
            (Some(last), Some(stored)) => {
                Head { next_offset: last.end_offset(), last_ms: last.append_time_ms, ..stored }
            }
            (Some(last), None) => {
                let first = entries.next().map(entry_of).transpose()?;
                let first_offset = first.map_or(last.first_offset, |first| first.first_offset);
                Head {
                    first_offset,
                    next_offset: last.end_offset(),
                    last_ms: last.append_time_ms,
                    swept_offset: first_offset,
                }
            }
        })
    }

    /// Only the committer may rely on it staying so.
    pub(crate) fn head(&self, log: u64) -> Result<Head, StoreError> {
        self.load(log)
    }

    /// Makes a written group visible.
    pub(crate) fn advance(&self, written: HashMap<u64, Head>) {
        self.lock().extend(written);
    }

    /// What is known of a log that nobody uses any more.
    pub(crate) fn forget(&self, log: u64) {
        self.lock().remove(&log);
    }

    pub(crate) fn bounds(&self, log: u64) -> Result<LogBounds, StoreError> {
        let head = self.load(log)?;
        Ok(LogBounds { first_offset: head.first_offset, next_offset: head.next_offset })
    }

    pub(crate) fn read(
        &self,
        log: u64,
        from_offset: u64,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Record>, StoreError> {
        loop {
            let bounds = self.bounds(log)?;
            let first = from_offset.max(bounds.first_offset);
            match self.read_within(log, first, bounds.next_offset, records_max, bytes_max) {
                // The log lost its beginning while it was read.
                Err(_) if self.bounds(log)?.first_offset > first => {}
                outcome => return outcome,
            }
        }
    }

    fn read_within(
        &self,
        log: u64,
        first: u64,
        end: u64,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Record>, StoreError> {
        let mut records = Vec::new();
        let mut bytes = 0;
        if first >= end {
            return Ok(records);
        }
        // The first record may stand within an entry; the others follow that.
        let held = self.entry(log, first)?;
        let next = held.as_ref().map_or(first, Entry::end_offset).min(end);
        let following = self.keyspace.range(log_key(log, next)..log_key(log, end)).map(entry_of);
        let mut expected = first;
        for entry in held.into_iter().map(Ok).chain(following) {
            if records.len() >= records_max || (!records.is_empty() && bytes >= bytes_max) {
                break;
            }
            let entry = entry?;
            for record in entry.records(log, &self.segments)?.filter(|record| (first..end).contains(&record.offset)) {
                if record.offset != expected {
                    let reason = format!("log {log} lacks offset {expected}; the next one is {}", record.offset);
                    return Err(StoreError::Read { reason: reason.into() });
                }
                bytes += record.record.len();
                if records.len() >= records_max || (!records.is_empty() && bytes > bytes_max) {
                    return Ok(records);
                }
                records.push(record);
                expected += 1;
            }
        }
        Ok(records)
    }

    /// The entry that holds a record.
    fn entry(&self, log: u64, offset: u64) -> Result<Option<Entry>, StoreError> {
        let last = self.keyspace.range(earliest_key(log, offset)..=log_key(log, offset)).next_back();
        Ok(last.map(entry_of).transpose()?.filter(|entry| entry.end_offset() > offset))
    }

    /// The first offset of the entry that holds `offset`; `offset` itself when none does.
    pub(crate) fn entry_offset(&self, log: u64, offset: u64) -> Result<u64, StoreError> {
        Ok(self.entry(log, offset)?.map_or(offset, |entry| entry.first_offset))
    }

    /// Binary search: append times never go back within a log.
    pub(crate) fn first_offset_at(&self, log: u64, time_ms: u64) -> Result<u64, StoreError> {
        let bounds = self.bounds(log)?;
        let (mut low, mut high) = (bounds.first_offset, bounds.next_offset);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.entry(log, middle)? {
                // All records of an entry have its time.
                Some(entry) if entry.append_time_ms < time_ms => low = entry.end_offset().min(high),
                Some(entry) => high = entry.first_offset.max(low),
                // The log lost its beginning meanwhile.
                None if self.bounds(log)?.first_offset > middle => low = middle + 1,
                None => {
                    let reason = format!("log {log} lacks offset {middle}");
                    return Err(StoreError::Read { reason: reason.into() });
                }
            }
        }
        Ok(low)
    }
}

fn entry_of(guard: fjall::Guard) -> Result<Entry, StoreError> {
    let (key, value) = guard.into_inner().map_err(|error| StoreError::read(&error))?;
    let malformed = || StoreError::Read { reason: "a log entry is malformed".into() };
    Entry::decode(&key, &Bytes::from(value)).ok_or_else(malformed)
}

#[cfg(test)]
mod tests {
    use crate::{Append, Cut, Store, StoreOptions};
    use bytes::Bytes;

    /// Commits that may pass until a log is swept: one for each, and some.
    const COMMITS_MAX: usize = 1_000;

    #[test]
    fn nothing_is_kept_of_a_log_that_ended() {
        is_forgotten(&StoreOptions::default());
    }

    #[test]
    fn nor_of_one_that_had_segments() {
        is_forgotten(&StoreOptions { segment_group_bytes_min: 1, ..StoreOptions::default() });
    }

    fn is_forgotten(options: &StoreOptions) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), options).unwrap();
        let append = |log| Append { log, record: Bytes::from_static(b"record") };
        for log in 1..=100 {
            store.commit(vec![append(log), append(log)], Vec::new()).unwrap();
            let cut = Cut { log, first_offset: u64::MAX, is_final: log != 100 };
            store.commit_with_cuts(Vec::new(), Vec::new(), vec![cut]).unwrap();
        }
        // Sweeping goes on between commits; the log that was only emptied is kept. In memory it and the last one are.
        let kept = || {
            let segments = store.logs().segments().logs().into_iter().filter(|log| *log < 101).count();
            (store.logs().stored_heads().iter().count(), store.logs().lock().len(), segments)
        };
        let are_gone = |_: usize| {
            store.commit(vec![append(101)], Vec::new()).unwrap();
            kept() == (1, 2, 0)
        };
        assert!((0..COMMITS_MAX).any(are_gone), "stored heads, heads in memory, segments: {:?}", kept());
        let next_offset = |log| store.bounds(log).unwrap().next_offset;
        assert_eq!((1..=101).map(next_offset).filter(|offset| *offset > 0).count(), 2);
        assert_eq!(next_offset(100), 2);
    }
}

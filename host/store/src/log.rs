//! Reading logs, and where each begins and ends. Nothing is written here.

use crate::StoreError;
use crate::keys::{log_key, offset_of, split_value};
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

/// Where a log begins and ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogBounds {
    /// The first offset there is; equal to `next_offset` when the log is empty.
    pub first_offset: u64,
    /// The offset the next record gets.
    pub next_offset: u64,
}

#[derive(Clone, Copy)]
struct Head {
    first_offset: u64,
    next_offset: u64,
    last_ms: u64,
}

/// The log keyspace with the heads of the logs used so far. Heads are read from disk on
/// first use, so that opening does not depend on the number of logs.
pub(crate) struct Logs {
    keyspace: Keyspace,
    heads: Mutex<HashMap<u64, Head>>,
}

impl Logs {
    pub(crate) fn new(keyspace: Keyspace) -> Self {
        Self { keyspace, heads: Mutex::default() }
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
        let mut range = self.keyspace.range(log_key(log, 0)..=log_key(log, u64::MAX));
        let first = range.next().map(record_of).transpose()?;
        let last = match range.next_back() {
            Some(guard) => Some(record_of(guard)?),
            None => first.clone(),
        };
        let head = match (first, last) {
            (Some(first), Some(last)) => {
                Head { first_offset: first.offset, next_offset: last.offset + 1, last_ms: last.append_time_ms }
            }
            _ => Head { first_offset: 0, next_offset: 0, last_ms: 0 },
        };
        // The committer may have advanced the log meanwhile: what is in the map is newer.
        Ok(*self.lock().entry(log).or_insert(head))
    }

    /// Next offset and last append time. Only the committer may rely on it staying so.
    pub(crate) fn head(&self, log: u64) -> Result<(u64, u64), StoreError> {
        self.load(log).map(|head| (head.next_offset, head.last_ms))
    }

    /// Makes a written group visible.
    pub(crate) fn advance(&self, written: HashMap<u64, (u64, u64)>) {
        let mut heads = self.lock();
        for (log, (next_offset, last_ms)) in written {
            let head = heads.entry(log).or_insert(Head { first_offset: 0, next_offset: 0, last_ms: 0 });
            head.next_offset = next_offset;
            head.last_ms = last_ms;
        }
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
        let bounds = self.bounds(log)?;
        let first = from_offset.max(bounds.first_offset);
        let mut records = Vec::new();
        let mut bytes = 0;
        if first >= bounds.next_offset {
            return Ok(records);
        }
        let stored = self.keyspace.range(log_key(log, first)..log_key(log, bounds.next_offset));
        for (expected, guard) in (first..bounds.next_offset).zip(stored).take(records_max) {
            let record = record_of(guard)?;
            if record.offset != expected {
                let reason = format!("log {log} lacks offset {expected}; the next one is {}", record.offset);
                return Err(StoreError::Read { reason: reason.into() });
            }
            bytes += record.record.len();
            if !records.is_empty() && bytes > bytes_max {
                break;
            }
            records.push(record);
        }
        Ok(records)
    }

    /// Binary search: append times never go back within a log.
    pub(crate) fn first_offset_at(&self, log: u64, time_ms: u64) -> Result<u64, StoreError> {
        let bounds = self.bounds(log)?;
        let (mut low, mut high) = (bounds.first_offset, bounds.next_offset);
        while low < high {
            let middle = low + (high - low) / 2;
            let value = self.keyspace.get(log_key(log, middle)).map_err(|error| StoreError::read(&error))?;
            let time = value.and_then(|value| split_value(&Bytes::from(value))).map(|(time, _)| time);
            match time {
                Some(time) if time < time_ms => low = middle + 1,
                Some(_) => high = middle,
                None => {
                    let reason = format!("log {log} lacks offset {middle}");
                    return Err(StoreError::Read { reason: reason.into() });
                }
            }
        }
        Ok(low)
    }
}

fn record_of(guard: fjall::Guard) -> Result<Record, StoreError> {
    let (key, value) = guard.into_inner().map_err(|error| StoreError::read(&error))?;
    let offset = offset_of(&key);
    let parts = split_value(&Bytes::from(value));
    match (offset, parts) {
        (Some(offset), Some((append_time_ms, record))) => Ok(Record { offset, append_time_ms, record }),
        _ => Err(StoreError::Read { reason: "a log entry is malformed".into() }),
    }
}

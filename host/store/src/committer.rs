//! The thread that writes: takes everything queued, writes one batch, syncs once,
//! completes all of it in order. While it syncs, the next group gathers. It decides
//! offsets and append times; nobody else writes to the database.

use crate::commit::{Append, Appended, Commit, DocumentWrite};
use crate::error::fjall_words;
use crate::keys::{TIME_BYTES, log_key, log_value};
use crate::log::Logs;
use crate::queue::{Group, Queue};
use crate::store::Counters;
use crate::{CommitHook, Durability, StoreError};
use fjall::{Database, Keyspace, OwnedWriteBatch};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

pub(crate) struct Committer {
    pub(crate) database: Database,
    pub(crate) documents: Keyspace,
    pub(crate) logs: Arc<Logs>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) durability: Durability,
    pub(crate) hook: Option<CommitHook>,
}

/// Next offset and last append time of the logs a group touches, before it is written.
type Heads = HashMap<u64, (u64, u64)>;

impl Committer {
    /// Runs until the queue is closed and empty, or until a write fails.
    pub(crate) fn run(self) {
        let mut number = 0;
        while let Some(group) = self.queue.next_group() {
            let records = group.commits.iter().map(Commit::records).sum();
            let bytes = group.commits.iter().map(Commit::bytes).sum();
            let outcome = self.write(&group, number);
            // Room first: a caller woken by its completion finds the queue drained.
            self.queue.release(records, bytes);
            match outcome {
                Ok(appended) => complete(group.commits, appended),
                Err(reason) => return self.fail(group.commits, &reason),
            }
            number += 1;
        }
    }

    fn write(&self, group: &Group, number: u64) -> Result<Vec<Vec<Appended>>, String> {
        let begun = Instant::now();
        let mut batch = self.database.batch().durability(Some(self.durability.persist_mode()));
        let mut heads = Heads::new();
        let now_ms = clock_ms();
        let mut appended = Vec::with_capacity(group.commits.len());
        for commit in &group.commits {
            let mut records = Vec::with_capacity(commit.appends.len());
            for append in &commit.appends {
                records.push(self.append(&mut batch, &mut heads, append, now_ms)?);
            }
            appended.push(records);
            for document in &commit.documents {
                self.document(&mut batch, document.clone());
            }
        }
        for staged in &group.staged {
            if let Some(document) = staged.take() {
                self.document(&mut batch, document);
            }
        }
        if batch.is_empty() {
            return Ok(appended);
        }
        if let Some(hook) = &self.hook {
            hook(number).map_err(|error| error.to_string())?;
        }
        batch.commit().map_err(|error| fjall_words(&error))?;
        self.logs.advance(heads);
        self.count(&appended, begun);
        Ok(appended)
    }

    fn append(
        &self,
        batch: &mut OwnedWriteBatch,
        heads: &mut Heads,
        append: &Append,
        now_ms: u64,
    ) -> Result<Appended, String> {
        let (offset, last_ms) = match heads.get(&append.log) {
            Some(head) => *head,
            None => self.logs.head(append.log).map_err(|error| error.to_string())?,
        };
        let append_time_ms = now_ms.max(last_ms);
        let value = log_value(append_time_ms, &append.record);
        batch.insert(self.logs.keyspace(), log_key(append.log, offset), value.clone());
        heads.insert(append.log, (offset + 1, append_time_ms));
        // The record shares the bytes that the memtable keeps.
        Ok(Appended { log: append.log, offset, append_time_ms, record: value.slice(TIME_BYTES..) })
    }

    fn document(&self, batch: &mut OwnedWriteBatch, document: DocumentWrite) {
        match document.value {
            Some(value) => batch.insert(&self.documents, document.key, value),
            None => batch.remove(&self.documents, document.key),
        }
    }

    fn count(&self, appended: &[Vec<Appended>], begun: Instant) {
        let records: usize = appended.iter().map(Vec::len).sum();
        let bytes: usize = appended.iter().flatten().map(|record| record.record.len()).sum();
        let elapsed_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let counters = &self.counters;
        counters.commits.fetch_add(1, Ordering::Relaxed);
        counters.records.fetch_add(records as u64, Ordering::Relaxed);
        counters.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        counters.records_last.store(records as u64, Ordering::Relaxed);
        counters.duration_us.fetch_add(elapsed_us, Ordering::Relaxed);
    }

    fn fail(&self, commits: Vec<Commit>, reason: &str) {
        tracing::error!(reason, "a group commit failed; the store refuses writes from now on");
        let reason: Arc<str> = reason.into();
        let waiting = self.queue.fail(Arc::clone(&reason));
        for commit in commits.into_iter().chain(waiting) {
            (commit.done)(Err(StoreError::Poisoned { reason: Arc::clone(&reason) }));
        }
    }
}

fn complete(commits: Vec<Commit>, appended: Vec<Vec<Appended>>) {
    for (commit, records) in commits.into_iter().zip(appended) {
        (commit.done)(Ok(records));
    }
}

fn clock_ms() -> u64 {
    // A clock before 1970 counts as 1970; append times never go back anyway.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

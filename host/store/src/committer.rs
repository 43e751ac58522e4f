//! The thread that writes: takes everything queued, writes one batch, syncs once,
//! completes all of it in order. While it syncs, the next group gathers. It decides
//! offsets and append times; nobody else writes to the database.

use crate::commit::{Append, Appended, Commit, Cut, DocumentWrite};
use crate::entry::{PACK_BYTES_MAX, PACK_RECORDS_MAX, encode};
use crate::error::fjall_words;
use crate::fill::Filler;
use crate::head::Head;
use crate::keys::log_key;
use crate::log::Logs;
use crate::queue::{Group, Queue};
use crate::space::Space;
use crate::store::Counters;
use crate::{CommitHook, Durability, StoreError};
use bytes::Bytes;
use fjall::{Database, Keyspace, OwnedWriteBatch};
use std::collections::{HashMap, VecDeque};
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
    /// Logs with records to remove from the tables, and whether they are done with then.
    pub(crate) sweeps: VecDeque<(u64, bool)>,
    pub(crate) space: Arc<Space>,
    pub(crate) filler: Filler,
}

/// Records removed from the tables between two groups.
const SWEEP_RECORDS_MAX: u64 = 4096;

/// The logs a group touches, as they are once it is written.
type Heads = HashMap<u64, Head>;

/// Records of one log that follow each other, on their way into one entry.
#[derive(Default)]
struct Pack<'a> {
    first: Option<&'a Appended>,
    records: Vec<&'a Bytes>,
    bytes: usize,
}

impl Pack<'_> {
    fn is_full(&self) -> bool {
        self.bytes >= PACK_BYTES_MAX || self.records.len() as u64 >= PACK_RECORDS_MAX
    }
}

impl Committer {
    /// Runs until the queue is closed and empty, or until a write fails.
    pub(crate) fn run(mut self) {
        let mut number = 0;
        while let Some(mut group) = self.queue.next_group(self.sweeps.is_empty()) {
            self.turn_away(&mut group);
            let records = group.commits.iter().map(Commit::records).sum();
            let bytes = group.commits.iter().map(Commit::bytes).sum();
            self.filler.before_group(bytes as u64);
            let outcome = self.write(&mut group, number);
            // Room first: a caller woken by its completion finds the queue drained.
            self.queue.release(records, bytes);
            match outcome {
                Ok(appended) => {
                    let cuts = group.commits.iter().flat_map(|commit| &commit.cuts);
                    self.sweeps.extend(cuts.map(|cut| (cut.log, cut.is_final)));
                    complete(group.commits, appended);
                }
                Err(reason) => return self.fail(group.commits, &reason),
            }
            number += 1;
            if let Err(reason) = self.sweep() {
                return self.fail(Vec::new(), &reason);
            }
        }
    }

    /// Refuses what the disk has no room for, before any of it is written.
    fn turn_away(&self, group: &mut Group) {
        if group.is_empty() {
            return;
        }
        let bytes = group.commits.iter().map(Commit::bytes).sum::<usize>() as u64;
        let Err(error) = self.space.check(bytes) else { return };
        let essential = group.commits.iter().filter(|commit| commit.deletes()).map(Commit::bytes).sum::<usize>();
        let goes_on = self.space.check_essential(essential as u64).is_ok();
        if !goes_on {
            self.queue.restage(std::mem::take(&mut group.staged));
        }
        let refused = group.commits.extract_if(.., |commit| !(goes_on && commit.deletes()));
        for commit in refused.collect::<Vec<_>>() {
            self.queue.release(commit.records(), commit.bytes());
            (commit.done)(Err(error.clone()));
        }
    }

    fn write(&self, group: &mut Group, number: u64) -> Result<Vec<Vec<Appended>>, String> {
        let begun = Instant::now();
        let mut batch = self.database.batch().durability(Some(self.durability.persist_mode()));
        let mut heads = Heads::new();
        let now_ms = clock_ms();
        let mut appended = Vec::with_capacity(group.commits.len());
        for commit in &mut group.commits {
            let appends = std::mem::take(&mut commit.appends).into_iter();
            let records = appends.map(|append| self.append(&mut heads, append, now_ms));
            appended.push(records.collect::<Result<_, _>>()?);
            for cut in &commit.cuts {
                self.cut(&mut batch, &mut heads, *cut)?;
            }
            for document in &commit.documents {
                self.document(&mut batch, document.clone());
            }
        }
        for staged in &group.staged {
            if let Some(document) = staged.take() {
                self.document(&mut batch, document);
            }
        }
        self.entries(&mut batch, &appended)?;
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

    fn append(&self, heads: &mut Heads, append: Append, now_ms: u64) -> Result<Appended, String> {
        let head = self.head(heads, append.log)?;
        let offset = head.next_offset;
        let append_time_ms = now_ms.max(head.last_ms);
        heads.insert(append.log, Head { next_offset: offset + 1, last_ms: append_time_ms, ..head });
        Ok(Appended { log: append.log, offset, append_time_ms, record: append.record })
    }

    /// Packs what each log gets into entries. All records that a log gets in one group have
    /// one append time, as they are written in one moment.
    fn entries(&self, batch: &mut OwnedWriteBatch, appended: &[Vec<Appended>]) -> Result<(), String> {
        let mut logs: HashMap<u64, Pack> = HashMap::new();
        for record in appended.iter().flatten() {
            let pack = logs.entry(record.log).or_default();
            if pack.is_full() {
                self.entry(batch, std::mem::take(pack))?;
            }
            pack.first.get_or_insert(record);
            pack.bytes += record.record.len();
            pack.records.push(&record.record);
        }
        logs.into_values().try_for_each(|pack| self.entry(batch, pack))
    }

    fn entry(&self, batch: &mut OwnedWriteBatch, pack: Pack) -> Result<(), String> {
        let Some(first) = pack.first else { return Ok(()) };
        let value = encode(first.append_time_ms, &pack.records).ok_or("a record is longer than 4 GiB")?;
        batch.insert(self.logs.keyspace(), log_key(first.log, first.offset), value);
        Ok(())
    }

    fn head(&self, heads: &Heads, log: u64) -> Result<Head, String> {
        match heads.get(&log) {
            Some(head) => Ok(*head),
            None => self.logs.head(log).map_err(|error| error.to_string()),
        }
    }

    fn cut(&self, batch: &mut OwnedWriteBatch, heads: &mut Heads, cut: Cut) -> Result<(), String> {
        let head = self.head(heads, cut.log)?.cut(cut.first_offset);
        batch.insert(self.logs.stored_heads(), cut.log.to_be_bytes(), head.encode());
        heads.insert(cut.log, head);
        Ok(())
    }

    /// Removes some of the records that were cut off. Not synced: what a crash undoes is
    /// done again after the next start.
    fn sweep(&mut self) -> Result<(), String> {
        let Some((log, is_final)) = self.sweeps.front().copied() else { return Ok(()) };
        let mut head = self.logs.head(log).map_err(|error| error.to_string())?;
        // An entry goes when its last record does.
        let kept = self.logs.entry_offset(log, head.first_offset).map_err(|error| error.to_string())?;
        let end = kept.min(head.swept_offset + SWEEP_RECORDS_MAX);
        let mut batch = self.database.batch();
        // Where entries begin is not asked, because that would read them. The first ones may
        // be the rest of an entry that the sweep before this one had to keep.
        for offset in head.swept_offset.saturating_sub(PACK_RECORDS_MAX - 1)..end {
            batch.remove(self.logs.keyspace(), log_key(log, offset));
        }
        head.swept_offset = if end == kept { head.first_offset } else { end };
        let is_swept = head.swept_offset >= head.first_offset;
        if is_swept && is_final && head.first_offset == head.next_offset {
            batch.remove(self.logs.stored_heads(), log.to_be_bytes());
            batch.commit().map_err(|error| fjall_words(&error))?;
            self.logs.forget(log);
        } else {
            batch.insert(self.logs.stored_heads(), log.to_be_bytes(), head.encode());
            batch.commit().map_err(|error| fjall_words(&error))?;
            self.logs.advance(Heads::from([(log, head)]));
        }
        if is_swept {
            self.sweeps.pop_front();
        }
        Ok(())
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

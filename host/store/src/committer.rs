//! The thread that writes: takes everything queued, writes one batch, syncs once,
//! completes all of it in order. While it syncs, the next group gathers. It decides
//! offsets and append times; nobody else writes to the database.

use crate::commit::{Append, Appended, Commit, Cut, DocumentWrite};
use crate::entry::{PACK_BYTES_MAX, PACK_RECORDS_MAX, encode, encode_body, encode_reference};
use crate::error::fjall_words;
use crate::fill::Filler;
use crate::head::Head;
use crate::keys::log_key;
use crate::log::Logs;
use crate::queue::{Group, Queue};
use crate::segments::{Chunk, Place};
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
    /// Logs whose segments could not be removed yet.
    pub(crate) segments_to_remove: Vec<u64>,
    pub(crate) segment_group_bytes_min: usize,
    pub(crate) space: Arc<Space>,
    pub(crate) filler: Filler,
}

/// Records removed from the tables between two groups.
const SWEEP_RECORDS_MAX: u64 = 4096;

/// The logs a group touches, as they are once it is written.
type Heads = HashMap<u64, Head>;

/// Records of one log that follow each other, on their way into one entry.
struct Pack<'a> {
    first: &'a Appended,
    records: Vec<&'a Bytes>,
    bytes: usize,
}

/// What one log gets in a group.
#[derive(Default)]
struct Gain<'a> {
    packs: Vec<Pack<'a>>,
    bytes: usize,
}

const TOO_LONG: &str = "a record is longer than 4 GiB";

impl Pack<'_> {
    fn is_full(&self) -> bool {
        self.bytes >= PACK_BYTES_MAX || self.records.len() as u64 >= PACK_RECORDS_MAX
    }
}

impl<'a> Gain<'a> {
    fn add(&mut self, record: &'a Appended) {
        if self.packs.last().is_none_or(Pack::is_full) {
            self.packs.push(Pack { first: record, records: Vec::new(), bytes: 0 });
        }
        if let Some(pack) = self.packs.last_mut() {
            pack.records.push(&record.record);
            pack.bytes += record.record.len();
        }
        self.bytes += record.record.len();
    }

    /// The bodies of all packs, for a segment, and where each ends in them.
    fn chunk(&self, log: u64) -> Result<(Chunk, Vec<usize>), String> {
        let mut bytes = Vec::with_capacity(self.bytes + self.bytes / 64);
        let mut ends = Vec::with_capacity(self.packs.len());
        for pack in &self.packs {
            encode_body(&pack.records, &mut bytes).ok_or(TOO_LONG)?;
            ends.push(bytes.len());
        }
        let first_offset = self.packs.first().map_or(0, |pack| pack.first.offset);
        Ok((Chunk { log, first_offset, bytes }, ends))
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
            let outcome = self.write(&mut group, bytes, number);
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
            if let Err(reason) = self.sweep().and_then(|()| self.remove_segments()) {
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

    fn write(&mut self, group: &mut Group, bytes: usize, number: u64) -> Result<Vec<Vec<Appended>>, String> {
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
        if batch.is_empty() && appended.iter().all(Vec::is_empty) {
            return Ok(appended);
        }
        if let Some(hook) = &self.hook {
            hook(number).map_err(|error| error.to_string())?;
        }
        let elsewhere_bytes = self.entries(&mut batch, &appended)?;
        self.filler.before_group(bytes.saturating_sub(elsewhere_bytes) as u64);
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
    /// one append time, as they are written in one moment. Much for one log goes into its
    /// segment, which is synced here, so that no entry ever names what is not on disk; answers
    /// how many bytes of records that was.
    fn entries(&self, batch: &mut OwnedWriteBatch, appended: &[Vec<Appended>]) -> Result<usize, String> {
        let mut gains: HashMap<u64, Gain> = HashMap::new();
        appended.iter().flatten().for_each(|record| gains.entry(record.log).or_default().add(record));
        let is_large = |gain: &Gain| gain.bytes >= self.segment_group_bytes_min;
        let (large, small): (Vec<_>, Vec<_>) = gains.into_iter().partition(|(_, gain)| is_large(gain));
        for pack in small.iter().flat_map(|(_, gain)| &gain.packs) {
            let value = encode(pack.first.append_time_ms, &pack.records).ok_or(TOO_LONG)?;
            batch.insert(self.logs.keyspace(), log_key(pack.first.log, pack.first.offset), value);
        }
        if large.is_empty() {
            return Ok(0);
        }
        let chunks = large.iter().map(|(log, gain)| gain.chunk(*log)).collect::<Result<Vec<_>, _>>()?;
        let (chunks, ends): (Vec<Chunk>, Vec<Vec<usize>>) = chunks.into_iter().unzip();
        let places = self.logs.segments().write(&chunks).map_err(|error| error.to_string())?;
        for ((_, gain), ((chunk, ends), place)) in large.iter().zip(chunks.iter().zip(&ends).zip(places)) {
            self.references(batch, gain, (&chunk.bytes, ends), place)?;
        }
        Ok(large.iter().map(|(_, gain)| gain.bytes).sum())
    }

    /// The entries of what stands in a segment from `place` on.
    fn references(
        &self,
        batch: &mut OwnedWriteBatch,
        gain: &Gain,
        (bytes, ends): (&[u8], &[usize]),
        place: Place,
    ) -> Result<(), String> {
        let mut begin = 0;
        for (pack, end) in gain.packs.iter().zip(ends) {
            let body = &bytes[begin..*end];
            let length = u32::try_from(body.len()).map_err(|_| TOO_LONG)?;
            let records = u32::try_from(pack.records.len()).map_err(|_| TOO_LONG)?;
            let place = Place { position: place.position + begin as u64, bytes: length, ..place };
            let value = encode_reference(pack.first.append_time_ms, records, body, place);
            batch.insert(self.logs.keyspace(), log_key(pack.first.log, pack.first.offset), value);
            begin = *end;
        }
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
        if is_swept {
            self.segments_to_remove.push(log);
        }
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

    /// Removes the segments of logs that were swept, unless someone reads them; then later.
    fn remove_segments(&mut self) -> Result<(), String> {
        for log in std::mem::take(&mut self.segments_to_remove) {
            if !self.logs.remove_segments(log).map_err(|error| error.to_string())? {
                self.segments_to_remove.push(log);
            }
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

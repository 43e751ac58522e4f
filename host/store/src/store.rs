//! The handle: submit commits, read logs and documents, ask after health. The writing
//! itself is the committer's.

use crate::commit::{Commit, Staged};
use crate::committer::Committer;
use crate::fill::Filler;
use crate::log::Logs;
use crate::queue::Queue;
use crate::space::Space;
use crate::{
    Append, Appended, Cut, DocumentWrite, Durability, LogBounds, OpenError, Record, StoreError, StoreOptions, directory,
};
use bytes::Bytes;
use fjall::{Database, Keyspace};
use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

/// A key and its document.
pub type Document = (Bytes, Bytes);

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) commits: AtomicU64,
    pub(crate) records: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) records_last: AtomicU64,
    pub(crate) duration_us: AtomicU64,
}

/// What the committer has done, and what waits for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// Group commits.
    pub commits_total: u64,
    /// Records appended.
    pub records_total: u64,
    /// Bytes of these records.
    pub bytes_total: u64,
    /// Records in the last group commit.
    pub records_last: u64,
    /// Microseconds spent building, writing and syncing groups.
    pub duration_us_total: u64,
    /// Records and documents waiting or being written.
    pub queue_records: u64,
    /// Their bytes, with a fixed share for each.
    pub queue_bytes: u64,
}

/// An open data directory. Dropping it writes what is queued and releases the lock.
pub struct Store {
    // Field order is drop order: the lock goes last.
    documents: Keyspace,
    logs: Arc<Logs>,
    queue: Arc<Queue>,
    counters: Arc<Counters>,
    committer: Mutex<Option<JoinHandle<()>>>,
    database: Database,
    queue_bytes_max: usize,
    space: Arc<Space>,
    _lock: File,
}

impl Store {
    /// Opens `dir`, creating it when missing.
    ///
    /// # Errors
    /// When the directory is in use, has another format, is damaged or unreadable. It is
    /// left as it was.
    pub fn open(dir: impl AsRef<Path>, options: &StoreOptions) -> Result<Self, OpenError> {
        let dir = dir.as_ref();
        let directory = directory::open(dir, options)?;
        let logs = Arc::new(Logs::new(directory.log, directory.heads, directory.segments));
        let damaged = |error: StoreError| OpenError::Corrupt { dir: dir.to_owned(), what: error.to_string() };
        let sweeps = logs.unswept().map_err(damaged)?.into_iter().map(|log| (log, false)).collect();
        for log in logs.segments().logs() {
            logs.remove_segments(log).map_err(damaged)?;
        }
        let queue = Arc::new(Queue::new(options));
        let counters = Arc::<Counters>::default();
        let space = Arc::new(Space::new(dir, options));
        let committer = Committer {
            database: directory.database.clone(),
            documents: directory.documents.clone(),
            logs: Arc::clone(&logs),
            queue: Arc::clone(&queue),
            counters: Arc::clone(&counters),
            durability: options.durability,
            hook: options.commit_hook.clone(),
            sweeps,
            segments_to_remove: Vec::new(),
            segment_group_bytes_min: segment_group_bytes_min(options),
            space: Arc::clone(&space),
            filler: Filler::new(&directory.journals),
        };
        let thread = std::thread::Builder::new().name("committer".to_owned()).spawn(move || committer.run());
        let thread = thread.map_err(|source| OpenError::Io { path: dir.to_owned(), source })?;
        Ok(Self {
            documents: directory.documents,
            logs,
            queue,
            counters,
            committer: Mutex::new(Some(thread)),
            database: directory.database,
            queue_bytes_max: options.queue_bytes_max,
            space,
            _lock: directory.lock,
        })
    }

    /// Queues a commit; waits while the queue is full.
    ///
    /// # Errors
    /// The commit's own completion is called with the same error.
    pub fn submit(&self, commit: Commit) -> Result<(), StoreError> {
        self.push(commit, true)
    }

    /// Queues a commit, never waiting.
    ///
    /// # Errors
    /// [`StoreError::QueueFull`] when there is no room; the commit's own completion is
    /// called with the same error.
    pub fn try_submit(&self, commit: Commit) -> Result<(), StoreError> {
        self.push(commit, false)
    }

    fn push(&self, commit: Commit, wait: bool) -> Result<(), StoreError> {
        self.queue.push(commit, wait).map_err(|(commit, error)| {
            (commit.done)(Err(error.clone()));
            error
        })
    }

    /// Commits and waits for the sync.
    ///
    /// # Errors
    /// When nothing was written.
    pub fn commit(&self, appends: Vec<Append>, documents: Vec<DocumentWrite>) -> Result<Vec<Appended>, StoreError> {
        self.commit_with_cuts(appends, documents, Vec::new())
    }

    /// The same, with logs that lose their beginning.
    ///
    /// # Errors
    /// When nothing was written.
    pub fn commit_with_cuts(
        &self,
        appends: Vec<Append>,
        documents: Vec<DocumentWrite>,
        cuts: Vec<Cut>,
    ) -> Result<Vec<Appended>, StoreError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let commit = Commit::new(appends, documents, move |outcome| {
            // The receiver waits below for as long as this sender lives.
            let _ = sender.send(outcome);
        });
        self.submit(commit.with_cuts(cuts))?;
        receiver.recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Writes a document with the next group commit, at the latest after
    /// `staged_delay_max_ms`. The caller stages a document again only after its `take`.
    ///
    /// # Errors
    /// When the store refuses writes.
    pub fn stage(&self, staged: Arc<dyn Staged>) -> Result<(), StoreError> {
        self.queue.stage(staged)
    }

    /// Records from `from_offset` on, at least one if there is one, at most `records_max`,
    /// and no more once `bytes_max` is reached. An offset before the first reads from the first.
    ///
    /// # Errors
    /// When stored data cannot be read.
    pub fn read(
        &self,
        log: u64,
        from_offset: u64,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Record>, StoreError> {
        self.logs.read(log, from_offset, records_max, bytes_max)
    }

    /// Where a log begins and ends; an unknown log is empty.
    ///
    /// # Errors
    /// When stored data cannot be read.
    pub fn bounds(&self, log: u64) -> Result<LogBounds, StoreError> {
        self.logs.bounds(log)
    }

    /// The first offset appended at or after `time_ms`; the next offset when there is none.
    ///
    /// # Errors
    /// When stored data cannot be read.
    pub fn first_offset_at(&self, log: u64, time_ms: u64) -> Result<u64, StoreError> {
        self.logs.first_offset_at(log, time_ms)
    }

    /// One document.
    ///
    /// # Errors
    /// When stored data cannot be read.
    pub fn document(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        let value = self.documents.get(key).map_err(|error| StoreError::read(&error))?;
        Ok(value.map(Bytes::from))
    }

    /// All documents whose key begins with `prefix`, in the order of their keys.
    ///
    /// # Errors
    /// When stored data cannot be read.
    pub fn documents(&self, prefix: &[u8]) -> impl Iterator<Item = Result<Document, StoreError>> + use<> {
        self.documents.prefix(prefix).map(|guard| {
            let (key, value) = guard.into_inner().map_err(|error| StoreError::read(&error))?;
            Ok((Bytes::from(key), Bytes::from(value)))
        })
    }

    /// # Errors
    /// Why the store refuses writes.
    pub fn health(&self) -> Result<(), StoreError> {
        self.queue.failure().map_or_else(|| self.space.check(0), |reason| Err(StoreError::Poisoned { reason }))
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    pub(crate) fn space(&self) -> &Space {
        &self.space
    }

    pub(crate) fn document_keyspace(&self) -> &Keyspace {
        &self.documents
    }

    pub(crate) fn logs(&self) -> &Logs {
        &self.logs
    }

    /// The counters.
    #[must_use]
    pub fn stats(&self) -> StoreStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (queue_records, queue_bytes) = self.queue.depth();
        StoreStats {
            commits_total: read(&self.counters.commits),
            records_total: read(&self.counters.records),
            bytes_total: read(&self.counters.bytes),
            records_last: read(&self.counters.records_last),
            duration_us_total: read(&self.counters.duration_us),
            queue_records: queue_records as u64,
            queue_bytes: queue_bytes as u64,
        }
    }

    /// The largest commit that is accepted, in bytes.
    #[must_use]
    pub fn commit_bytes_max(&self) -> usize {
        self.queue_bytes_max
    }

    /// Bytes on disk: tables, segments and journals, which are allocated ahead.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn disk_bytes(&self) -> Result<u64, StoreError> {
        let database = self.database.disk_space().map_err(|error| StoreError::read(&error))?;
        Ok(database + self.logs.segments().bytes())
    }

    /// Records that count as gone and still take room on disk.
    ///
    /// # Errors
    /// When stored data cannot be read.
    pub fn unswept_records(&self) -> Result<u64, StoreError> {
        let heads = self.logs.unswept()?.into_iter().map(|log| self.logs.head(log));
        heads.map(|head| head.map(|head| head.first_offset - head.swept_offset)).sum()
    }

    /// Takes nothing more, writes and syncs what is queued and staged, and returns when
    /// that is done. Reading still works. Calling it again does nothing.
    pub fn close(&self) {
        self.queue.close();
        let thread = self.committer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the committer ended with a panic");
        }
    }
}

/// Without syncs nothing says that a segment reaches the device before what names it does.
fn segment_group_bytes_min(options: &StoreOptions) -> usize {
    match options.durability {
        Durability::ProcessCrash => usize::MAX,
        Durability::PowerCut => options.segment_group_bytes_min.max(1),
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

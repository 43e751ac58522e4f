//! A copy of a running store: what a snapshot of the database holds, written as a data directory of its own. Commits go on
//! meanwhile. Nothing of the original is changed.
//!
//! A group commit is in the snapshot or it is not, and one that was completed before the copy began is. The copy is born whole:
//! until it is finished its folder holds no store.

use crate::directory::{self, Keyspaces};
use crate::entry::{Entry, encode};
use crate::error::fjall_words;
use crate::keys::log_of;
use crate::segments::Segments;
use crate::{Commit, Store, StoreError, StoreOptions};
use bytes::Bytes;
use fjall::{Database, Keyspace, PersistMode, Readable, Snapshot};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

/// What is written at once; one entry may be larger.
const BATCH_BYTES: usize = 1 << 20;

const MALFORMED: &str = "a stored entry is malformed";

/// What a copy holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Records.
    pub records: u64,
    /// Documents.
    pub documents: u64,
    /// Bytes of both with their keys, before compression.
    pub bytes: u64,
}

/// Why there is no copy. What there was of it is removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// Nothing is written over.
    #[error("{} is there already; a copy never replaces anything", .folder.display())]
    Exists {
        /// The folder.
        folder: PathBuf,
    },
    /// The disk of the folder has not the room; nothing was written.
    #[error(
        "the copy {} may take {bytes} bytes and {bytes_min} must stay free, but {free_bytes} are free there; make room or copy to another disk",
        .folder.display()
    )]
    NoRoom {
        /// The folder.
        folder: PathBuf,
        /// What the original takes on its disk.
        bytes: u64,
        /// What is free on the copy's.
        free_bytes: u64,
        /// What must stay free.
        bytes_min: u64,
    },
    /// The original cannot be read or the copy not be written.
    #[error("the copy {} cannot be made: {what}", .folder.display())]
    Failed {
        /// The folder.
        folder: PathBuf,
        /// What went wrong.
        what: String,
    },
}

impl Store {
    /// Copies everything that was committed before this call into a new data directory, and syncs it. Blocks for as long as that
    /// takes; reads and commits go on.
    ///
    /// # Errors
    /// The folder is there already, its disk has not the room, or the disk refuses.
    pub fn copy_to(&self, folder: &Path) -> Result<Copied, CopyError> {
        if folder.exists() {
            return Err(CopyError::Exists { folder: folder.to_owned() });
        }
        let failed = |what: String| CopyError::Failed { folder: folder.to_owned(), what };
        let bytes = self.disk_bytes().map_err(|error| failed(error.to_string()))?;
        self.space().check_copy(folder, bytes)?;
        let _hold = self.logs().segments().hold();
        let snapshot = self.snapshot_between_commits().map_err(|error| failed(error.to_string()))?;
        let copied = std::fs::create_dir_all(folder).map_err(|error| error.to_string()).and_then(|()| {
            let mut copied = Copied::default();
            let fill = |fresh: &Keyspaces| {
                let logs = self.logs();
                let whole = |key: &[u8], value: Bytes| whole(key, value, logs.segments());
                let (records, record_bytes) = copy(&snapshot, logs.keyspace(), &fresh.database, &fresh.log, whole)?;
                let (documents, document_bytes) =
                    copy(&snapshot, self.document_keyspace(), &fresh.database, &fresh.documents, one)?;
                copy(&snapshot, logs.stored_heads(), &fresh.database, &fresh.heads, one)?;
                copied = Copied { records, documents, bytes: record_bytes + document_bytes };
                persist(&fresh.database)
            };
            directory::create(folder, &StoreOptions::default(), fill).map_err(|error| error.to_string())?;
            Ok(copied)
        });
        copied.map_err(|what| {
            // A folder that cannot be removed either holds no store, and is refused the next time.
            let _ = std::fs::remove_dir_all(folder);
            failed(what)
        })
    }

    /// A snapshot behind everything that was submitted before: the one thread that writes takes it, between two group commits.
    fn snapshot_between_commits(&self) -> Result<Snapshot, StoreError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let database = self.database().clone();
        self.submit(Commit::new(Vec::new(), Vec::new(), move |outcome| {
            // The receiver waits below for as long as this sender lives.
            let _ = sender.send(outcome.map(|_| database.snapshot()));
        }))?;
        receiver.recv().unwrap_or(Err(StoreError::Closed))
    }
}

/// An entry's value as the copy has it, and its records: what stands in a segment stands in the entry there.
fn whole(key: &[u8], value: Bytes, segments: &Segments) -> Result<(u64, Bytes), String> {
    let entry = Entry::decode(key, &value).ok_or(MALFORMED)?;
    let records = entry.end_offset() - entry.first_offset;
    if !entry.is_in_segment() {
        return Ok((records, value));
    }
    let (log, append_time_ms) = (log_of(key).ok_or(MALFORMED)?, entry.append_time_ms);
    let read = entry.records(log, segments).map_err(|error| error.to_string())?;
    let read = read.map(|record| record.record).collect::<Vec<_>>();
    Ok((records, encode(append_time_ms, &read.iter().collect::<Vec<_>>()).ok_or(MALFORMED)?))
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of what copies an entry")]
fn one(_: &[u8], value: Bytes) -> Result<(u64, Bytes), String> {
    Ok((1, value))
}

/// Copies one keyspace, in the order of its keys; answers how many things and bytes. In batches, as everything is written: what is
/// ingested as tables keeps sequence numbers that hide what is written after the copy was opened.
fn copy(
    snapshot: &Snapshot,
    from: &Keyspace,
    fresh: &Database,
    to: &Keyspace,
    copied: impl Fn(&[u8], Bytes) -> Result<(u64, Bytes), String>,
) -> Result<(u64, u64), String> {
    let (mut things, mut bytes, mut batch_bytes) = (0, 0, 0);
    let mut batch = fresh.batch();
    for guard in snapshot.iter(from) {
        let (key, value) = guard.into_inner().map_err(|error| fjall_words(&error))?;
        let (count, value) = copied(&key, Bytes::from(value))?;
        let length = key.len() + value.len();
        things += count;
        bytes += length as u64;
        batch_bytes += length;
        batch.insert(to, key, value);
        if batch_bytes >= BATCH_BYTES {
            std::mem::replace(&mut batch, fresh.batch()).commit().map_err(|error| fjall_words(&error))?;
            batch_bytes = 0;
        }
    }
    batch.commit().map_err(|error| fjall_words(&error))?;
    Ok((things, bytes))
}

fn persist(database: &Database) -> Result<(), String> {
    database.persist(PersistMode::SyncAll).map_err(|error| fjall_words(&error))
}

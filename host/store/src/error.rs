//! What can go wrong in the store, in sentences. No recovery happens here.

use std::path::PathBuf;
use std::sync::Arc;

/// Why a directory could not be opened. Nothing in it was changed or deleted, save a
/// torn last batch, which holds nothing that was ever completed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process, or another `Store` of this one, works on the directory.
    #[error("the data directory {} is in use by another process", .dir.display())]
    Locked {
        /// The data directory.
        dir: PathBuf,
    },
    /// The directory has a format this release does not read.
    #[error("the data directory {} has format {found}, this release reads {supported}", .dir.display())]
    Format {
        /// The data directory.
        dir: PathBuf,
        /// The format it names.
        found: String,
        /// The format this release reads and writes.
        supported: String,
    },
    /// The directory is damaged.
    #[error("the data directory {} is damaged: {what}", .dir.display())]
    Corrupt {
        /// The data directory.
        dir: PathBuf,
        /// What is wrong, and where.
        what: String,
    },
    /// The operating system refused.
    #[error("cannot open {}: {source}", .path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

/// Why the store refused a request.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A write or sync failed earlier; since then nothing more is written, because the
    /// state of the device is unknown. Reopening the directory shows what is on it.
    #[error("a write to the data directory failed and nothing is written since: {reason}")]
    Poisoned {
        /// The first failure.
        reason: Arc<str>,
    },
    /// The disk is almost full. Nothing was written, and nothing is lost; writing goes on
    /// when there is room again.
    #[error(
        "the disk of the data directory is full: {free_bytes} bytes are free, {bytes_min} must stay free; delete something or make room"
    )]
    DiskFull {
        /// Bytes free.
        free_bytes: u64,
        /// Bytes that must stay free.
        bytes_min: u64,
    },
    /// One commit alone is larger than the queue.
    #[error("the commit has {bytes} bytes, the limit is {bytes_max}")]
    CommitTooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The queue is full; try again when a commit has completed.
    #[error("the commit queue is full: {records} records, {bytes} bytes waiting")]
    QueueFull {
        /// Records waiting.
        records: usize,
        /// Bytes waiting.
        bytes: usize,
    },
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
    /// Stored data could not be read.
    #[error("cannot read the data directory: {reason}")]
    Read {
        /// What failed.
        reason: Arc<str>,
    },
}

impl StoreError {
    pub(crate) fn read(error: &fjall::Error) -> Self {
        Self::Read { reason: fjall_words(error).into() }
    }
}

/// A fjall error as a sentence; its own `Display` shows the variant's name.
pub(crate) fn fjall_words(error: &fjall::Error) -> String {
    match error {
        fjall::Error::Io(source) => source.to_string(),
        fjall::Error::Storage(fjall::LsmError::Io(source)) => source.to_string(),
        fjall::Error::Storage(_) => "a table file is unreadable or fails its checksum".to_owned(),
        fjall::Error::JournalRecovery(_) => "the journal fails its checksum".to_owned(),
        fjall::Error::InvalidVersion(_) => "the database names an unknown version".to_owned(),
        fjall::Error::Poisoned => "an earlier write or sync failed".to_owned(),
        fjall::Error::Locked => "the database is locked".to_owned(),
        fjall::Error::KeyspaceDeleted => "a keyspace was deleted".to_owned(),
        fjall::Error::Unrecoverable => "the database cannot be recovered".to_owned(),
        _ => "the database cannot be decoded".to_owned(),
    }
}

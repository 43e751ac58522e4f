//! What is written together: appends to logs, documents and cuts, all or nothing.

use crate::StoreError;
use bytes::Bytes;
use std::sync::Arc;

/// Bytes counted for each record besides its own: key, time and bookkeeping.
pub(crate) const RECORD_OVERHEAD_BYTES: usize = 64;

/// One record for one log.
#[derive(Clone, Debug)]
pub struct Append {
    /// The log.
    pub log: u64,
    /// The record.
    pub record: Bytes,
}

/// One document set or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentWrite {
    /// Its key, at most 65 535 bytes.
    pub key: Vec<u8>,
    /// The new value; `None` removes the document.
    pub value: Option<Vec<u8>>,
}

/// The beginning of a log, to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The log.
    pub log: u64,
    /// The first offset to keep. One beyond the end deletes everything; the next record
    /// gets the offset it would have got anyway.
    pub first_offset: u64,
    /// No record ever follows: with the last record, what is known of the log goes as well.
    pub is_final: bool,
}

/// A record after its commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The log.
    pub log: u64,
    /// Its offset there.
    pub offset: u64,
    /// Milliseconds since the epoch, never less than the record before.
    pub append_time_ms: u64,
    /// The record.
    pub record: Bytes,
}

type Done = Box<dyn FnOnce(Result<Vec<Appended>, StoreError>) + Send>;

/// Appends, documents and cuts that are written atomically, in one group commit.
pub struct Commit {
    pub(crate) appends: Vec<Append>,
    pub(crate) documents: Vec<DocumentWrite>,
    pub(crate) cuts: Vec<Cut>,
    pub(crate) done: Done,
}

impl Commit {
    /// `done` is called exactly once: on the committer's thread after the sync, in the order
    /// of submission, with the appended records in the order given; or with the reason
    /// why nothing was written. It must not block.
    pub fn new(
        appends: Vec<Append>,
        documents: Vec<DocumentWrite>,
        done: impl FnOnce(Result<Vec<Appended>, StoreError>) + Send + 'static,
    ) -> Self {
        Self { appends, documents, cuts: Vec::new(), done: Box::new(done) }
    }

    /// Logs that lose their beginning with this commit, after its appends.
    #[must_use]
    pub fn with_cuts(self, cuts: Vec<Cut>) -> Self {
        Self { cuts, ..self }
    }

    pub(crate) fn records(&self) -> usize {
        self.appends.len() + self.documents.len() + self.cuts.len()
    }

    /// Whether it gives room back.
    pub(crate) fn deletes(&self) -> bool {
        !self.cuts.is_empty() || (self.appends.is_empty() && self.documents.iter().all(|one| one.value.is_none()))
    }

    pub(crate) fn bytes(&self) -> usize {
        let appends: usize = self.appends.iter().map(|append| append.record.len()).sum();
        let documents: usize = self.documents.iter().map(DocumentWrite::bytes).sum();
        appends + documents + self.records() * RECORD_OVERHEAD_BYTES
    }
}

impl DocumentWrite {
    pub(crate) fn bytes(&self) -> usize {
        self.key.len() + self.value.as_ref().map_or(0, Vec::len)
    }
}

/// A document that may be written a little late, and then in its newest state: see
/// [`crate::Store::stage`].
pub trait Staged: Send + Sync {
    /// The document as it is now; called on the committer's thread, must not block.
    /// Changes after this call need a new `stage`.
    fn take(&self) -> Option<DocumentWrite>;
}

impl<T: Staged + ?Sized> Staged for Arc<T> {
    fn take(&self) -> Option<DocumentWrite> {
        (**self).take()
    }
}

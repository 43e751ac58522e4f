//! The way into the store for async callers: waits for room, submits, waits for the sync.
//! It decides nothing about what is written.

use crate::BrokerError;
use irongate_store::{Append, Appended, Commit, Cut, DocumentWrite, Store, StoreError};
use std::sync::Arc;
use tokio::sync::{Semaphore, oneshot};

/// Bytes counted for each record and document besides its own; not less than the store counts.
const RECORD_OVERHEAD_BYTES: usize = 64;

pub(crate) struct Commits {
    store: Arc<Store>,
    // One permit per byte of the store's queue, so that submitting never blocks a worker.
    room: Arc<Semaphore>,
}

impl Commits {
    pub(crate) fn new(store: Arc<Store>) -> Self {
        let room = Arc::new(Semaphore::new(store.commit_bytes_max()));
        Self { store, room }
    }

    /// Resolves when the commit is synced. `committed` runs right after the sync, on the
    /// committer's thread and in commit order, also when the caller has gone away.
    pub(crate) async fn commit(
        &self,
        appends: Vec<Append>,
        documents: Vec<DocumentWrite>,
        committed: impl FnOnce(&[Appended]) + Send + 'static,
    ) -> Result<Vec<Appended>, BrokerError> {
        self.submit(appends, documents, Vec::new(), committed).await
    }

    async fn submit(
        &self,
        appends: Vec<Append>,
        documents: Vec<DocumentWrite>,
        cuts: Vec<Cut>,
        committed: impl FnOnce(&[Appended]) + Send + 'static,
    ) -> Result<Vec<Appended>, BrokerError> {
        let records = appends.len() + documents.len() + cuts.len();
        let bytes: usize = appends.iter().map(|append| append.record.len()).sum();
        let documents_bytes = |write: &DocumentWrite| write.key.len() + write.value.as_ref().map_or(0, Vec::len);
        let bytes = bytes + documents.iter().map(documents_bytes).sum::<usize>() + records * RECORD_OVERHEAD_BYTES;
        let permits = u32::try_from(bytes).unwrap_or(u32::MAX);
        let too_large = || BrokerError::LimitReached {
            what: format!("a commit of {bytes} bytes"),
            limit: self.store.commit_bytes_max(),
        };
        if bytes > self.store.commit_bytes_max() {
            return Err(too_large());
        }
        let room = Arc::clone(&self.room).acquire_many_owned(permits).await;
        let room = room.map_err(|_| BrokerError::Closed)?;
        let (sender, receiver) = oneshot::channel();
        let commit = Commit::new(appends, documents, move |outcome| {
            if let Ok(appended) = &outcome {
                committed(appended);
            }
            drop(room);
            // A caller that went away does not want to know.
            let _ = sender.send(outcome);
        });
        self.store.try_submit(commit.with_cuts(cuts)).map_err(store_error)?;
        receiver.await.map_err(|_| BrokerError::Closed)?.map_err(store_error)
    }

    /// Documents, and logs that lose their beginning.
    pub(crate) async fn write_with_cuts(
        &self,
        documents: Vec<DocumentWrite>,
        cuts: Vec<Cut>,
    ) -> Result<(), BrokerError> {
        self.submit(Vec::new(), documents, cuts, |_| {}).await.map(|_| ())
    }

    /// Documents alone.
    pub(crate) async fn write(&self, documents: Vec<DocumentWrite>) -> Result<(), BrokerError> {
        self.commit(Vec::new(), documents, |_| {}).await.map(|_| ())
    }
}

pub(crate) fn store_error(error: StoreError) -> BrokerError {
    match error {
        StoreError::Closed => BrokerError::Closed,
        StoreError::Read { reason } => BrokerError::Unreadable { reason: reason.to_string() },
        StoreError::DiskFull { .. } => BrokerError::DiskFull { what: error.to_string() },
        other => BrokerError::Unwritable { reason: other.to_string() },
    }
}

//! The part of a subscription in a transaction: its cursor is written with what was made of its messages, all or nothing. Writes nothing itself.

use super::Subscription;
use super::acked::Acked;
use crate::documents;
use irongate_store::DocumentWrite;
use tokio::time::Instant;

/// How far a subscription is in a transaction.
#[derive(Default)]
pub(super) struct Transacting {
    /// A document is on its way to the disk that is ahead of the ledger: none that is behind it may follow.
    is_open: bool,
    /// The ledger wanted to be written meanwhile.
    is_missed: bool,
}

impl Transacting {
    /// Whether the ledger may be written now; if not it is remembered.
    pub(super) fn may_write(&mut self) -> bool {
        self.is_missed |= self.is_open;
        !self.is_open
    }
}

/// Why a transaction cannot settle what it is about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotBegun {
    /// These are acknowledged: whatever was made of them is there.
    Settled(Vec<u64>),
    /// The subscription is being deleted, or keeps no cursor.
    Gone,
}

impl Subscription {
    /// The document as it is once these messages are acknowledged. Until [`Self::finish`] no other is written. One transaction at a time: who calls
    /// this holds [`Self::transactions`].
    pub(crate) fn begin(&self, offsets: &[u64]) -> Result<DocumentWrite, NotBegun> {
        let mut state = self.lock();
        let Some(ledger) = state.ledger.as_ref().filter(|_| !state.retired) else { return Err(NotBegun::Gone) };
        let mut document = ledger.document(self.kind as i32);
        let mut acked = Acked::restore(document.cursor, &document.acked);
        let settled: Vec<u64> = offsets.iter().copied().filter(|offset| acked.next_open(*offset) != *offset).collect();
        if !settled.is_empty() {
            return Err(NotBegun::Settled(settled));
        }
        offsets.iter().for_each(|offset| acked.add(*offset));
        document.failures.retain(|failure| !offsets.contains(&failure.offset));
        (document.cursor, document.acked) = (acked.cursor(), acked.pairs());
        state.transacting.is_open = true;
        Ok(documents::set(self.key.clone(), &document))
    }

    /// The transaction is on the disk, or will never be. Says whether the ledger wanted to be written meanwhile.
    pub(crate) fn finish(&self, offsets: &[u64], is_committed: bool) -> bool {
        let now = Instant::now();
        let mut state = self.lock();
        let is_missed = std::mem::take(&mut state.transacting).is_missed;
        if is_committed {
            offsets.iter().for_each(|_| state.acked.count(now));
            if let Some(ledger) = &mut state.ledger {
                offsets.iter().for_each(|offset| ledger.pass(*offset));
            }
        }
        drop(state);
        self.wake.notify_one();
        is_missed
    }

    /// Removes the document of a subscription that was deleted while a transaction wrote it.
    pub(crate) fn leftover(&self) -> Option<DocumentWrite> {
        self.lock().retired.then(|| DocumentWrite { key: self.key.clone(), value: None })
    }
}

//! A copy of what the broker keeps, while it runs. Where it goes and who may ask is the caller's business.

use crate::Broker;
use irongate_store::{Copied, CopyError};
use std::path::PathBuf;

impl Broker {
    /// Copies everything that was acknowledged before this call into a new data directory: messages, schemas, cursors, notes. What is
    /// published or acknowledged meanwhile waits for nothing.
    ///
    /// # Errors
    /// The folder is there already, its disk has not the room, or the disk refuses.
    pub async fn copy_to(&self, folder: PathBuf) -> Result<Copied, CopyError> {
        let inner = self.inner.clone();
        let copied = tokio::task::spawn_blocking({
            let folder = folder.clone();
            move || inner.store.copy_to(&folder)
        });
        copied.await.unwrap_or_else(|error| Err(CopyError::Failed { folder, what: error.to_string() }))
    }
}

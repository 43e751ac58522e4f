//! From a version that does not work to the one before it, without a person: a version that record after record stops says so here, and the one before
//! is deployed again. Once: what was returned to stays, whatever it does.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::deployments::Shared;

/// A version that is to be taken back.
pub(crate) struct GivenUp {
    pub(crate) name: String,
    pub(crate) version: u64,
    /// What stopped it.
    pub(crate) reason: String,
}

/// How a version is given up; it waits for what is done about it.
pub(crate) struct WayBack {
    pub(crate) name: String,
    pub(crate) version: u64,
    pub(crate) given_up: mpsc::Sender<GivenUp>,
}

impl WayBack {
    pub(crate) async fn take(self, reason: String) {
        let given_up = GivenUp { name: self.name, version: self.version, reason };
        if self.given_up.send(given_up).await.is_err() {
            tracing::warn!("the host ends before a pipeline could go back to its version before");
        }
    }
}

/// Takes versions back for as long as the pipelines are there.
pub(crate) fn serve(shared: &Arc<Shared>, mut arriving: mpsc::Receiver<GivenUp>) {
    let shared = Arc::downgrade(shared);
    tokio::spawn(async move {
        while let Some(given_up) = arriving.recv().await {
            let Some(shared) = shared.upgrade() else { return };
            let name = given_up.name.clone();
            if let Err(error) = shared.go_back(given_up).await {
                tracing::error!(pipeline = name, "it cannot go back to the version before: {error}");
            }
        }
    });
}

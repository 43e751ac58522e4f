//! Load that the host makes, as one stream of what was measured.

use bytes::Bytes;
use irongate_proto::irongate_v1::{LoadSnapshot, RunLoadRequest};
use tonic::Streaming;

use super::{Failure, call};

/// A run. Dropping it stops the run.
pub struct Loading(Streaming<Bytes>);

/// Begins a run. Answers when the host has accepted it.
///
/// # Errors
/// Where the host refuses: a limit, a bad payload, too many runs.
pub async fn run(request: RunLoadRequest) -> Result<Loading, Failure> {
    Ok(Loading(call::stream("/irongate.v1.LoadService/Run", &request).await?))
}

impl Loading {
    /// What is told next; `None` at the end.
    ///
    /// # Errors
    /// Where the stream broke.
    pub async fn next(&mut self) -> Result<Option<LoadSnapshot>, Failure> {
        self.0.message().await?.map(call::decode).transpose()
    }
}

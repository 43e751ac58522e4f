//! What can go wrong while load is made. What becomes of the messages is measured, not an error.

/// Why a run ended before its time.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A message could not be made.
    #[error("{what}")]
    Compose {
        /// Which, and why.
        what: String,
    },
    /// A part of the generator stopped.
    #[error("the generator stopped: {0}")]
    Stopped(#[from] tokio::task::JoinError),
}

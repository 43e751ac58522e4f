//! What can go wrong while load is made. What becomes of the messages is measured, not an error.

/// Why a text is no template, or could not be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the template cannot be filled in: {what}; known are seq, uuid, now, now_ms, producer and the fields of a row")]
pub struct TemplateError {
    /// What is wrong, and in which line of several.
    pub what: String,
}

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

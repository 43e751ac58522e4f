//! What can be wrong with what somebody wrote: with a template, with a file of messages.

/// Why a text is no template, or could not be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the template cannot be filled in: {what}; known are seq, uuid, now, now_ms, producer and the fields of a row")]
pub struct TemplateError {
    /// What is wrong, and in which line of several.
    pub what: String,
}

/// Why a file holds no messages, or a message of it cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// It is no such YAML; the sentence has line and column.
    #[error("{0}")]
    Yaml(String),
    /// It is no such JSON.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// A field of it is wrong.
    #[error("`{path}`: {error}")]
    Field {
        /// Where in the message.
        path: String,
        /// What is wrong.
        #[source]
        error: serde_json::Error,
    },
    /// A payload is not what it is said to be.
    #[error("`payload_base64` is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
    /// A message has more payloads than one.
    #[error("give one of `payload`, `payload_base64` and `json`")]
    SeveralPayloads,
}

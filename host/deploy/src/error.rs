//! Why something cannot be done with pipelines. What is wrong with a file is no error; it is answered.

use std::path::PathBuf;

use irongate_broker::{BrokerError, CopyError};
use thiserror::Error;
use tonic::Code;

/// Why something cannot be done.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DeployError {
    /// There is no pipeline of that name.
    #[error("there is no pipeline {name}")]
    Missing {
        /// The name.
        name: String,
    },
    /// It cannot be done as things are.
    #[error("{what}")]
    Precondition {
        /// What stands against it, and what to do.
        what: String,
    },
    /// A limit is reached.
    #[error("{what}; the limit is {limit}")]
    LimitReached {
        /// What there is too much of.
        what: String,
        /// The limit.
        limit: usize,
    },
    /// A file in the data directory cannot be written or read.
    #[error("{} cannot be used: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What was written down about a pipeline cannot be read.
    #[error("what is kept of the pipeline {name} cannot be read: {reason}")]
    Damaged {
        /// The pipeline.
        name: String,
        /// Why.
        reason: String,
    },
    /// The machine cannot run transforms.
    #[error("transforms cannot be run: {reason}")]
    Runtime {
        /// Why.
        reason: String,
    },
    /// The broker refuses.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// A back-up cannot be made.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The host is on its way out.
    #[error("the host is shutting down")]
    Closed,
}

impl DeployError {
    /// The gRPC status code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Missing { .. } => Code::NotFound,
            Self::Copy(CopyError::Exists { .. }) => Code::AlreadyExists,
            Self::Precondition { .. } => Code::FailedPrecondition,
            Self::LimitReached { .. } | Self::Copy(CopyError::NoRoom { .. }) => Code::ResourceExhausted,
            Self::Copy(_) | Self::File { .. } | Self::Damaged { .. } | Self::Runtime { .. } => Code::Internal,
            Self::Broker(error) => error.code(),
            Self::Closed => Code::Unavailable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_back_up_without_room_may_be_asked_for_again() {
        let copy = CopyError::NoRoom { folder: "b".into(), bytes: 2, free_bytes: 1, bytes_min: 0 };
        let error = DeployError::from(copy);
        assert_eq!(error.code(), Code::ResourceExhausted);
        assert!(error.to_string().contains("may take 2 bytes"), "{error}");
    }
}

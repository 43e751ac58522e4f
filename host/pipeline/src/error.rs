//! What ends a pipeline. Failures of records are no errors; they are in [`crate::dead_letter`].

use irongate_runtime::HostFault;
use thiserror::Error;

use crate::engine::PortError;

/// What ends a pipeline. Nothing in flight was acknowledged for it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The host could not run a stage.
    #[error("the stage {stage} cannot be run")]
    Host {
        /// The stage's id.
        stage: String,
        /// Why.
        source: HostFault,
    },
    /// A stage is stopped by record after record, and was to end the pipeline by that.
    #[error("{records} records in a row stopped the stage {stage}; the last time {reason}")]
    Stopped {
        /// The stage's id.
        stage: String,
        /// How many.
        records: usize,
        /// What stopped it.
        reason: String,
    },
    /// The subscription is lost.
    #[error("the source is lost: {0}")]
    Source(#[from] PortError),
    /// A lane ended without saying why.
    #[error("a lane of the pipeline broke down: {reason}")]
    Lane {
        /// What the scheduler says.
        reason: String,
    },
}

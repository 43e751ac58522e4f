//! Pipelines: a source, stages, targets, and the rules by which no record is lost between them.
//!
//! [`PipelineConfig::parse`] reads a file and says everything that is wrong with it, [`Plugins`] and [`plan`] make it ready, [`run`] runs it,
//! [`run_test`] runs its tests. At least once: a record is acknowledged after everything that was made of it, or its dead letter, was taken; what is
//! sent twice has the same dedup id.
//!
//! Knows no network, no broker and no file but those that a configuration names: records come and go through the ports of the engine.

mod advice;
mod condition;
mod config;
pub mod dead_letter;
mod dedup;
mod dry_run;
mod engine;
mod error;
mod graph;
mod limits;
mod load;
mod shadow;
mod stored;
mod testing;

pub use advice::{Advice, PoisonFate, Surroundings, Weight, advise};
pub use condition::{Comparison, Condition, Subject};
pub use config::{
    Bound, ChainConfig, DeadLetterConfig, Format, OnError, PipelineConfig, Place, Problem, Retry, SchemaConfig,
    StageConfig, StoredName, SubscriptionType, TargetConfig, Uses,
};
pub use dedup::{DEDUP_ID, ORIGIN};
pub use dry_run::{DryEnd, DryRun, StageCall, dry_run, lane_for};
pub use engine::{
    Acknowledger, Arrived, Batch, Books, CommitError, Committer, Counts, Ended, Outgoing, Pending, Plan, PortError,
    Position, SendError, Source, Stage, StateWrite, Target, run,
};
pub use error::EngineError;
pub use graph::{Picture, draw};
pub use limits::{CHAIN_STAGES_MAX, OUTAGE_PAUSE_MAX, STOPPED_RECORDS_MAX, TRUSTED_AFTER_RECORDS};
pub use load::{Plugins, Schemas, Stages, plan, schemas};
pub use shadow::{Compared, Difference, Output, Side, shadow};
pub use stored::{Found, find_stored};
pub use testing::{
    Expected, ExpectedPayload, Fault, FaultKind, MemorySource, MemoryTarget, Recorded, TestCase, TestRecord,
    TestResult, record_test, run_test, section,
};

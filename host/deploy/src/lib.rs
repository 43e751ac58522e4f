//! Pipelines that run in the host, on its own broker: kept in the data directory, started with the host, paused, replaced, rolled back. Outputs, the
//! place in the source and the stages' state are committed together, so every record is there exactly once.
//!
//! Also the transforms of topics: the components that a message passes on its way into a topic of that broker.
//!
//! Takes and answers the contract's messages. Knows no transport and does not know how a record is moved; [`irongate_pipeline`] does.

mod against;
mod backup;
mod chain;
mod committer;
mod contract;
mod deployments;
mod described;
mod documents;
mod dry_run;
mod error;
mod ledger;
mod limits;
mod plugins;
mod prepare;
mod running;
mod source;
mod topic_counts;
mod topics;
mod way_back;

pub use contract::{SourceTopic, message_id, wire_type};
pub use deployments::Deployments;
pub use error::DeployError;
pub use ledger::Figures;
pub use limits::{COMPONENT_BYTES_MAX, PIPELINES_MAX, TOPIC_STAGES_MAX};
pub use topic_counts::TopicFigures;

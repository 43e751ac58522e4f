//! A pipeline that is ready to run: configured stages for every lane, open targets. Made by [`crate::load`] and by tests.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use irongate_schema::Schema;

use super::{
    book::{Book, Books},
    ports::{Committer, Stage, Target},
    state::LaneState,
};
use crate::{
    condition::Condition,
    config::{Bound, OnError, Retry},
};

/// A pipeline that is ready to run.
pub struct Plan {
    pub(crate) terms: Arc<Terms>,
    pub(crate) lanes: Vec<LaneStages>,
    pub(crate) committer: Option<Arc<dyn Committer>>,
    pub(crate) book: Arc<Book>,
}

impl Plan {
    /// Has every batch settled at once instead of telling targets and source one after the other: nothing is there twice after a crash.
    #[must_use]
    pub fn committing(self, committer: Arc<dyn Committer>) -> Plan {
        Plan { committer: Some(committer), ..self }
    }

    /// Ends with [`crate::EngineError::Stopped`] where record after record stops a stage that is not trusted yet, see [`crate::STOPPED_RECORDS_MAX`]
    /// and [`crate::TRUSTED_AFTER_RECORDS`]. Those records are not settled by it.
    #[must_use]
    pub fn ending_when_stopped(mut self) -> Plan {
        self.lanes.iter_mut().for_each(|lane| lane.ends_when_stopped = true);
        self
    }

    /// The books that it will keep.
    #[must_use]
    pub fn books(&self) -> Books {
        Books(Arc::clone(&self.book))
    }

    /// How many records have come out of each stage, by its id, as it goes on counting. What is made again is counted again.
    pub fn stage_outputs(&self) -> impl Iterator<Item = (String, Arc<AtomicU64>)> + '_ {
        self.terms.stages.iter().map(|stage| (stage.id.clone(), Arc::clone(&stage.outputs)))
    }
}

/// What all lanes share.
pub(crate) struct Terms {
    pub(crate) name: String,
    pub(crate) subscription: String,
    pub(crate) batch: Bound,
    pub(crate) in_flight: Bound,
    pub(crate) budget: Duration,
    pub(crate) give_back_delay: Duration,
    pub(crate) drain: Duration,
    pub(crate) stages: Vec<StageTerms>,
    pub(crate) targets: Vec<OpenTarget>,
    pub(crate) dead_letter: Option<OpenDeadLetter>,
}

/// How a stage's failures are met.
pub(crate) struct StageTerms {
    pub(crate) id: String,
    pub(crate) retry: Retry,
    pub(crate) on_error: OnError,
    /// Whether it keeps state: then records are settled one by one.
    pub(crate) keeps_state: bool,
    /// The plugin's sha256, where the stage is one.
    pub(crate) sha256: String,
    /// Records that came out of it, in all lanes.
    pub(crate) outputs: Arc<AtomicU64>,
}

/// A lane's own stages, and their state where they keep one.
#[derive(Default)]
pub(crate) struct LaneStages {
    pub(crate) stages: Vec<Box<dyn Stage>>,
    pub(crate) states: Vec<Arc<LaneState>>,
    /// For each stage, how many calls in a row were stopped on every record.
    pub(crate) storms: Vec<u32>,
    /// For each stage, what it did with its records.
    pub(crate) streaks: Vec<Streak>,
    pub(crate) ends_when_stopped: bool,
}

/// What a stage did with its records in this lane.
#[derive(Clone, Copy, Default)]
pub(crate) struct Streak {
    /// Records in a row that stopped it.
    pub(crate) stopped: usize,
    pub(crate) served: u64,
}

/// A target with its way in.
pub(crate) struct OpenTarget {
    pub(crate) topic: String,
    pub(crate) schema: Option<Arc<Schema>>,
    pub(crate) when: Option<Condition>,
    pub(crate) message_bytes_max: usize,
    pub(crate) retry: Retry,
    pub(crate) on_error: OnError,
    pub(crate) port: Arc<dyn Target>,
}

/// The dead letters with their way in.
pub(crate) struct OpenDeadLetter {
    pub(crate) topic: String,
    pub(crate) port: Arc<dyn Target>,
}

//! What became of a batch. Data only.

use std::{collections::BTreeMap, time::Duration};

use crate::{error::RecordFault, log::LogLine, record::OutputRecord, state::StateChange};

/// What became of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// These take its place, at least one.
    Emit(Vec<OutputRecord>),
    /// It goes on as it is.
    Keep,
    /// It is filtered.
    Drop,
    /// It can never be transformed: for the error policy, not to be tried again.
    Reject(String),
    /// It cannot be transformed now: to be tried again later.
    Retry(String),
    /// The guest failed on it: for the error policy.
    Fault(Box<RecordFault>),
    /// It was not tried, because too many before it failed ([`Limits::faults_per_batch_max`](crate::Limits)): to be given again, after a pause.
    Untried,
}

/// What became of a batch, to be made lasting as a whole: outcomes and state changes belong together.
#[derive(Clone, Debug, Default)]
pub struct BatchReport {
    /// One outcome for each record, in the order of the batch.
    pub outcomes: Vec<Outcome>,
    /// What the batch changes in the state, by key. To be made lasting before the next batch is given, or the next batch does not see it.
    pub state_changes: Vec<StateChange>,
    /// What the transform counted in calls that succeeded.
    pub counters: BTreeMap<String, u64>,
    /// Additions to counters that were left out: bad names, or too many.
    pub counter_additions_left_out: u64,
    /// What it logged in calls that succeeded, and in the last attempt of each record at fault.
    pub log: Vec<LogLine>,
    /// Log lines that were left out.
    pub log_lines_left_out: u64,
    /// What calls that succeeded wrote to standard output and standard error.
    pub standard_output: String,
    /// Calls that were stopped, and instances thrown away for it. Not the number of records at fault: each is tried more than once.
    pub traps: u32,
    /// How long it took, by the clock on the wall.
    pub elapsed: Duration,
    /// Bytes of memory that the largest instance had at its largest.
    pub memory_bytes: usize,
}

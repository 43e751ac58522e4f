//! What a test makes go wrong. The engine sees what it would see if it had really happened.

use std::sync::{Mutex, PoisonError};

use irongate_runtime::{BatchReport, GuestTrap, HostFault, Outcome, Record, RecordFault, TrapKind};

use crate::engine::Stage;

/// Something that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub kind: FaultKind,
    /// Of which record, counted from 1 in the order of the input; of any where there is none.
    pub record: Option<usize>,
    /// How often.
    pub times: u32,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The stage with this id traps.
    Trap(String),
    /// The stage takes longer than its limit.
    TimeOut(String),
    /// The stage wants more memory than its limit.
    OutOfMemory(String),
    /// The stage asks for another try.
    Retry(String),
    /// The target with this topic cannot be reached.
    Produce(String),
    /// The target with this topic refuses the record for good.
    Refuse(String),
    /// The record is delivered twice.
    Redeliver,
}

/// The faults of a test that have not happened yet.
pub(crate) struct Faults {
    left: Mutex<Vec<Fault>>,
}

impl Faults {
    pub(crate) fn new(faults: &[Fault]) -> Self {
        Self { left: Mutex::new(faults.to_vec()) }
    }

    /// Takes one that is due for a record, if there is one. `offset` is the record's place in the input, from 0.
    pub(crate) fn take(&self, offset: Option<u64>, is_meant: impl Fn(&FaultKind) -> bool) -> Option<FaultKind> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let number = offset.and_then(|offset| usize::try_from(offset).ok()).map(|offset| offset + 1);
        let fault = left.iter_mut().find(|fault| {
            fault.times > 0 && (fault.record.is_none() || fault.record == number) && is_meant(&fault.kind)
        })?;
        fault.times -= 1;
        Some(fault.kind.clone())
    }

    /// Those that never happened.
    pub(crate) fn unused(&self) -> Vec<Fault> {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.iter().filter(|fault| fault.times > 0).cloned().collect()
    }
}

/// A stage with faults put on top of what it answers.
pub(crate) struct FaultyStage {
    pub(crate) id: String,
    pub(crate) inner: Box<dyn Stage>,
    pub(crate) faults: std::sync::Arc<Faults>,
}

impl Stage for FaultyStage {
    fn transform(&mut self, batch: &[Record]) -> Result<BatchReport, HostFault> {
        let due: Vec<Option<FaultKind>> = batch
            .iter()
            .map(|record| {
                self.faults.take(record.offset, |kind| match kind {
                    FaultKind::Trap(id)
                    | FaultKind::TimeOut(id)
                    | FaultKind::OutOfMemory(id)
                    | FaultKind::Retry(id) => *id == self.id,
                    FaultKind::Produce(_) | FaultKind::Refuse(_) | FaultKind::Redeliver => false,
                })
            })
            .collect();
        // A record at fault leaves no trace in the stage, as if its call had never been.
        let spared: Vec<Record> =
            batch.iter().zip(&due).filter(|(_, due)| due.is_none()).map(|(record, _)| record.clone()).collect();
        let mut report = self.inner.transform(&spared)?;
        let mut outcomes = std::mem::take(&mut report.outcomes).into_iter();
        for (record, due) in batch.iter().zip(due) {
            let outcome = match due {
                None => outcomes.next().unwrap_or(Outcome::Untried),
                Some(kind) => self.outcome(record, kind),
            };
            report.outcomes.push(outcome);
        }
        Ok(report)
    }
}

impl FaultyStage {
    fn outcome(&self, record: &Record, kind: FaultKind) -> Outcome {
        let kind = match kind {
            FaultKind::Retry(_) => return Outcome::Retry("the test asks for another try".into()),
            FaultKind::TimeOut(_) => TrapKind::TimeOut { time_ms_max: 0, limit: "batch_time_ms_max" },
            FaultKind::OutOfMemory(_) => TrapKind::OutOfMemory { memory_bytes_max: 0 },
            _ => TrapKind::Trapped { reason: "the test stopped it".into() },
        };
        let trap = GuestTrap { kind, frames: vec!["a test's fault".into()], last_words: String::new() };
        Outcome::Fault(Box::new(RecordFault {
            plugin_name: self.id.clone(),
            plugin_version: "0.0.0".into(),
            plugin_sha256: String::new(),
            topic: record.topic.clone(),
            partition: record.partition,
            offset: record.offset,
            attempts: 2,
            fault: Box::new(trap).into(),
        }))
    }
}

//! A batch through the stages of a lane, in order: retries, faults, and what is left at the end. A record that waits for another try keeps its place,
//! so nothing overtakes it. Acknowledges nothing.

use std::sync::atomic::Ordering;

use irongate_runtime::{BatchReport, GuestFault, HostFault, Outcome, OutputRecord, Record, RecordFault, TrapKind};
use tokio::time::Instant;

use super::{
    plan::{LaneStages, StageTerms, Streak, Terms},
    ports::{Arrived, Stage},
};
use crate::{
    config::OnError,
    dead_letter::Failure,
    error::EngineError,
    limits::{STOPPED_RECORDS_MAX, TRAP_STORM_CALLS, TRAP_STORM_PAUSE, TRAP_STORM_PAUSE_MAX, TRUSTED_AFTER_RECORDS},
};

/// A record on its way through the stages.
pub(crate) struct Item {
    /// Which record of the batch it was made of.
    pub(crate) source: usize,
    /// The stages and output indexes it came by.
    pub(crate) path: String,
    /// The target that a stage named.
    pub(crate) topic: Option<String>,
    pub(crate) record: Record,
}

/// What the stages made of a batch.
#[derive(Default)]
pub(crate) struct Chained {
    pub(crate) items: Vec<Item>,
    /// For the dead letters, by record of the batch.
    pub(crate) failures: Vec<(usize, Failure)>,
    /// Records of the batch of which something was dropped for an error.
    pub(crate) dropped: Vec<usize>,
}

enum Slot {
    Waiting(Item),
    Done(Vec<Item>),
}

impl LaneStages {
    /// Runs a batch through all stages.
    pub(crate) async fn run(&mut self, terms: &Terms, batch: &[Arrived]) -> Result<Chained, EngineError> {
        let started = Instant::now();
        let mut chained = Chained::default();
        let first = |(source, arrived): (usize, &Arrived)| Item {
            source,
            path: String::new(),
            topic: None,
            record: arrived.record.clone(),
        };
        let mut items: Vec<Item> = batch.iter().enumerate().map(first).collect();
        for index in 0..self.stages.len() {
            items = self.run_stage(index, terms, items, started, &mut chained).await?;
            terms.stages[index].outputs.fetch_add(items.len() as u64, Ordering::Relaxed);
        }
        chained.items = items;
        Ok(chained)
    }

    async fn run_stage(
        &mut self,
        index: usize,
        terms: &Terms,
        items: Vec<Item>,
        started: Instant,
        chained: &mut Chained,
    ) -> Result<Vec<Item>, EngineError> {
        let stage = &terms.stages[index];
        let mut slots: Vec<Slot> = items.into_iter().map(Slot::Waiting).collect();
        let mut tries = 0;
        loop {
            let waiting: Vec<Record> = slots
                .iter()
                .filter_map(|slot| match slot {
                    Slot::Waiting(item) => Some(item.record.clone()),
                    Slot::Done(_) => None,
                })
                .collect();
            if waiting.is_empty() {
                break;
            }
            let outcomes = self
                .call(index, waiting)
                .await
                .map_err(|source| EngineError::Host { stage: stage.id.clone(), source })?;
            tries += 1;
            self.end_when_stopped(index, &outcomes, &stage.id)?;
            self.weather_storm(index, &outcomes, &stage.id).await;
            let is_over = tries >= stage.retry.attempts || started.elapsed() >= terms.budget;
            let mut outcomes = outcomes.into_iter();
            for slot in &mut slots {
                if matches!(slot, Slot::Waiting(_)) {
                    let outcome = outcomes.next().unwrap_or(Outcome::Untried);
                    advance(slot, outcome, stage, tries, is_over, chained);
                }
            }
            if slots.iter().any(|slot| matches!(slot, Slot::Waiting(_))) {
                tokio::time::sleep(stage.retry.pause(tries)).await;
            }
        }
        Ok(slots.into_iter().flat_map(Slot::into_items).collect())
    }

    /// A stage that is stopped by record after record, and never showed that it can do better, ends the pipeline where that is wanted.
    fn end_when_stopped(&mut self, index: usize, outcomes: &[Outcome], stage: &str) -> Result<(), EngineError> {
        self.streaks.resize(self.stages.len(), Streak::default());
        let streak = &mut self.streaks[index];
        for outcome in outcomes {
            match outcome {
                Outcome::Fault(fault) if matches!(fault.fault, GuestFault::Trap(_)) => {
                    streak.stopped += 1;
                    let is_trusted = streak.served >= TRUSTED_AFTER_RECORDS;
                    if self.ends_when_stopped && !is_trusted && streak.stopped >= STOPPED_RECORDS_MAX {
                        let (stage, records, reason) = (stage.to_owned(), streak.stopped, fault.to_string());
                        return Err(EngineError::Stopped { stage, records, reason });
                    }
                }
                Outcome::Untried => {}
                _ => *streak = Streak { stopped: 0, served: streak.served + 1 },
            }
        }
        Ok(())
    }

    /// A stage that is stopped on every record, call after call, pauses: what breaks it may pass, and its records must not all be dead letters by then.
    async fn weather_storm(&mut self, index: usize, outcomes: &[Outcome], stage: &str) {
        let is_stopped =
            |outcome: &Outcome| matches!(outcome, Outcome::Fault(fault) if matches!(fault.fault, GuestFault::Trap(_)));
        self.storms.resize(self.stages.len(), 0);
        let storm = &mut self.storms[index];
        *storm = if outcomes.iter().all(is_stopped) { *storm + 1 } else { 0 };
        let Some(over) = storm.checked_sub(TRAP_STORM_CALLS) else { return };
        let pause =
            TRAP_STORM_PAUSE.saturating_mul(1_u32.checked_shl(over).unwrap_or(u32::MAX)).min(TRAP_STORM_PAUSE_MAX);
        tracing::warn!(stage, calls = *storm, "every record stops the stage; it pauses for {} ms", pause.as_millis());
        tokio::time::sleep(pause).await;
    }

    /// One call, on a thread where it may block.
    async fn call(&mut self, index: usize, records: Vec<Record>) -> Result<Vec<Outcome>, HostFault> {
        let report = if self.stages[index].may_block() {
            self.call_apart(index, records).await?
        } else {
            self.stages[index].transform(&records)?
        };
        for line in &report.log {
            tracing::info!(target: "irongate::transform", level = %line.level, "{}", line.message);
        }
        // Of a call whose records all wait nothing has happened.
        let is_for_nothing =
            report.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Retry(_) | Outcome::Untried));
        if !is_for_nothing {
            self.states[index].note(report.state_changes);
        }
        Ok(report.outcomes)
    }

    async fn call_apart(&mut self, index: usize, records: Vec<Record>) -> Result<BatchReport, HostFault> {
        let mut stage = std::mem::replace(&mut self.stages[index], Box::new(Away));
        let called = tokio::task::spawn_blocking(move || {
            let report = stage.transform(&records);
            (stage, report)
        });
        let (stage, report) = called.await.map_err(|error| HostFault::Instantiate { reason: error.to_string() })?;
        self.stages[index] = stage;
        report
    }
}

impl Slot {
    fn into_items(self) -> Vec<Item> {
        match self {
            Slot::Waiting(item) => vec![item],
            Slot::Done(items) => items,
        }
    }
}

/// Stands where a stage is that is being called; never called itself.
struct Away;

impl Stage for Away {
    fn transform(&mut self, _: &[Record]) -> Result<BatchReport, HostFault> {
        Err(HostFault::Instantiate { reason: "the stage was lost in a call that never ended".to_owned() })
    }
}

/// Takes an outcome over into its slot.
fn advance(slot: &mut Slot, outcome: Outcome, stage: &StageTerms, tries: u32, is_over: bool, chained: &mut Chained) {
    let Slot::Waiting(item) = std::mem::replace(slot, Slot::Done(Vec::new())) else { return };
    let failure = match outcome {
        Outcome::Keep => {
            let path = format!("{}/{}:0", item.path, stage.id);
            *slot = Slot::Done(vec![Item { path, ..item }]);
            return;
        }
        Outcome::Emit(records) => {
            let next = |(index, record)| emitted(&item, stage, index, record);
            *slot = Slot::Done(records.into_iter().enumerate().map(next).collect());
            return;
        }
        Outcome::Drop => return,
        Outcome::Retry(_) | Outcome::Untried if !is_over => {
            *slot = Slot::Waiting(item);
            return;
        }
        Outcome::Retry(reason) => Failure::of_stage("retry", &reason, &stage.id, &stage.sha256, tries),
        Outcome::Untried => {
            Failure::of_stage("retry", "too many records before it failed", &stage.id, &stage.sha256, tries)
        }
        Outcome::Reject(reason) => Failure::of_stage("reject", &reason, &stage.id, &stage.sha256, tries),
        Outcome::Fault(fault) => of_fault(&fault, stage),
    };
    match stage.on_error {
        OnError::Drop => chained.dropped.push(item.source),
        OnError::DeadLetter => chained.failures.push((item.source, failure)),
        OnError::Block => {
            tracing::warn!(stage = stage.id, "a record blocks its lane: {}", failure.reason);
            *slot = Slot::Waiting(item);
        }
    }
}

fn emitted(item: &Item, stage: &StageTerms, index: usize, output: OutputRecord) -> Item {
    let record = Record {
        key: output.key,
        attributes: output.attributes,
        schema: output.schema,
        payload: output.payload,
        ..item.record.clone()
    };
    let path = format!("{}/{}:{index}", item.path, stage.id);
    Item { source: item.source, path, topic: output.topic.or_else(|| item.topic.clone()), record }
}

fn of_fault(fault: &RecordFault, stage: &StageTerms) -> Failure {
    let (class, frames): (&'static str, &[String]) = match &fault.fault {
        GuestFault::Error(_) => ("output", &[]),
        GuestFault::Trap(trap) => {
            let class = match trap.kind {
                TrapKind::TimeOut { .. } => "timeout",
                TrapKind::OutOfMemory { .. } => "out_of_memory",
                TrapKind::OutOfFuel { .. } => "out_of_fuel",
                _ => "trap",
            };
            (class, &trap.frames)
        }
    };
    let plugin = format!("{} {}", fault.plugin_name, fault.plugin_version);
    Failure {
        plugin: Some(plugin),
        backtrace: frames.join("\n"),
        ..Failure::of_stage(class, &fault.to_string(), &stage.id, &fault.plugin_sha256, fault.attempts)
    }
}

//! One record through a pipeline, or through one stage of it, by the engine's own steps: what each stage answered, what went into the ports, and how the
//! record would end. Nothing is acknowledged, no dead letter is sent, what stages write into their state is told and not kept, and nothing is tried twice.

use std::sync::{Arc, Mutex, PoisonError};

use irongate_runtime::{BatchReport, HostFault, Outcome, Record, StateChange};
use tokio::time::Instant;

use crate::{
    config::{OnError, PipelineConfig, Retry},
    dead_letter::{Failure, letter},
    engine::{Arrived, Outgoing, Stage, Target, Terms, book::Book, delivery::deliver, lane_of},
    error::EngineError,
    load::{Schemas, Stages, plan},
};

/// What a record became.
#[derive(Debug)]
pub struct DryRun {
    /// Every stage that was called, in order.
    pub stages: Vec<StageCall>,
    /// How it would end.
    pub end: DryEnd,
}

/// One call of one stage.
#[derive(Debug)]
pub struct StageCall {
    /// The stage's id.
    pub id: String,
    /// What it was given.
    pub records: Vec<Record>,
    /// What it answered, with what it would have changed in its state.
    pub report: BatchReport,
}

/// How a record would end.
#[derive(Clone, Debug)]
pub enum DryEnd {
    /// One stage was run, and has not refused it.
    Answered,
    /// The targets have taken what is for them.
    Delivered,
    /// Nothing of it is for any target.
    Filtered,
    /// Something of it is dropped for an error, which is the policy.
    Dropped,
    /// This would be among the dead letters.
    DeadLetter(Box<Outgoing>),
    /// It would hold its lane up, which is the policy; why.
    Blocked(String),
    /// It would be tried again; why.
    TriedAgain(String),
}

/// The lane that a record would come into.
#[must_use]
pub fn lane_for(config: &PipelineConfig, arrived: &Arrived) -> usize {
    lane_of(arrived, config.lanes)
}

/// Runs a record through all stages and what is left of it into the ports that `open` answers, by topic; or through one stage alone, which must be one of
/// the pipeline's. The stages are those of one lane: [`Plugins::configure_one`](crate::Plugins::configure_one).
///
/// # Errors
/// A stage could not be run at all.
pub async fn dry_run(
    config: &PipelineConfig,
    stages: Stages,
    schemas: &Schemas,
    arrived: Arrived,
    only: Option<&str>,
    open: impl Fn(&str) -> Arc<dyn Target>,
) -> Result<DryRun, EngineError> {
    let calls = Arc::<Mutex<Vec<StageCall>>>::default();
    let mut plan = plan(config, stages, schemas, open);
    let (Some(terms), Some(mut lane)) = (Arc::get_mut(&mut plan.terms), plan.lanes.pop()) else {
        return Err(EngineError::Lane { reason: "there is none".to_owned() });
    };
    try_once(terms);
    let observed = lane.stages.drain(..).zip(&config.stages).map(|(inner, stage)| {
        let calls = Arc::clone(&calls);
        Box::new(Observed { id: stage.id.clone(), inner, calls }) as Box<dyn Stage>
    });
    lane.stages = observed.collect();
    if let Some(only) = only {
        let is_wanted: Vec<bool> = terms.stages.iter().map(|stage| stage.id == only).collect();
        keep(&mut terms.stages, &is_wanted);
        keep(&mut lane.stages, &is_wanted);
        keep(&mut lane.states, &is_wanted);
    }
    let batch = [arrived];
    let chained = lane.run(terms, &batch).await?;
    let fate = if only.is_some() {
        let failure = chained.failures.into_iter().map(|(_, failure)| failure).next();
        Fate { failure, is_dropped: !chained.dropped.is_empty(), is_alone: true, ..Fate::default() }
    } else {
        let deadline = Instant::now() + plan.terms.budget;
        let fates = deliver(&plan.terms, &Book::default(), &batch, chained, deadline).await?;
        let fate = fates.into_iter().next().unwrap_or_default();
        let is_sent = !fate.sent.is_empty();
        Fate { failure: fate.failure, unsent: fate.unsent, is_dropped: fate.is_dropped, is_sent, is_alone: false }
    };
    let [arrived] = batch;
    let stages = std::mem::take(&mut *calls.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(DryRun { stages, end: end(config, &arrived, fate) })
}

/// What is known of the record in the end.
#[derive(Default)]
struct Fate {
    failure: Option<Failure>,
    unsent: Option<String>,
    is_dropped: bool,
    is_sent: bool,
    /// One stage was run alone.
    is_alone: bool,
}

/// Nothing waits: what would be tried again is told, and what would block too.
fn try_once(terms: &mut Terms) {
    let once = Retry { attempts: 1, ..Retry::default() };
    for stage in &mut terms.stages {
        stage.retry = once;
        if stage.on_error == OnError::Block {
            stage.on_error = OnError::DeadLetter;
        }
    }
    terms.targets.iter_mut().for_each(|target| target.retry = once);
}

fn keep<T>(all: &mut Vec<T>, is_wanted: &[bool]) {
    let mut wanted = is_wanted.iter();
    all.retain(|_| wanted.next().copied().unwrap_or_default());
}

fn end(config: &PipelineConfig, arrived: &Arrived, fate: Fate) -> DryEnd {
    if let Some(failure) = fate.failure {
        let is_blocking =
            |stage: &String| config.stages.iter().any(|known| known.id == *stage && known.on_error == OnError::Block);
        return match &config.dead_letter {
            _ if failure.stage.as_ref().is_some_and(is_blocking) => DryEnd::Blocked(failure.reason),
            None => DryEnd::Blocked(failure.reason),
            Some(dead) => {
                let letter = letter(&config.name, &config.subscription, &dead.topic, arrived, &failure);
                DryEnd::DeadLetter(Box::new(letter))
            }
        };
    }
    match fate.unsent {
        Some(reason) => DryEnd::TriedAgain(reason),
        None if fate.is_dropped => DryEnd::Dropped,
        None if fate.is_alone => DryEnd::Answered,
        None if fate.is_sent => DryEnd::Delivered,
        None => DryEnd::Filtered,
    }
}

/// A stage that is looked at while it works.
struct Observed {
    id: String,
    inner: Box<dyn Stage>,
    calls: Arc<Mutex<Vec<StageCall>>>,
}

impl Stage for Observed {
    fn transform(&mut self, batch: &[Record]) -> Result<BatchReport, HostFault> {
        let report = self.inner.transform(batch)?;
        let call = StageCall { id: self.id.clone(), records: batch.to_vec(), report: report.clone() };
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        Ok(report)
    }

    fn may_block(&self) -> bool {
        self.inner.may_block()
    }
}

impl StageCall {
    /// What goes on from here, each with the topic that was named for it.
    #[must_use]
    pub fn made(&self) -> Vec<(Option<String>, Record)> {
        let mut made = Vec::new();
        for (record, outcome) in self.records.iter().zip(&self.report.outcomes) {
            match outcome {
                Outcome::Keep => made.push((None, record.clone())),
                Outcome::Emit(outputs) => made.extend(outputs.iter().map(|output| {
                    let output = output.clone();
                    let (key, attributes, payload) = (output.key, output.attributes, output.payload);
                    (output.topic, Record { key, attributes, payload, schema: output.schema, ..record.clone() })
                })),
                _ => {}
            }
        }
        made
    }

    /// Why records do not go on, one sentence for each.
    #[must_use]
    pub fn refusals(&self) -> Vec<String> {
        let refusal = |outcome: &Outcome| match outcome {
            Outcome::Reject(reason) => Some(format!("reject: {reason}")),
            Outcome::Retry(reason) => Some(format!("retry: {reason}")),
            Outcome::Fault(fault) => Some(fault.to_string()),
            Outcome::Untried => Some("not tried: too many records before it failed".to_owned()),
            Outcome::Keep | Outcome::Drop | Outcome::Emit(_) => None,
        };
        self.report.outcomes.iter().filter_map(refusal).collect()
    }

    /// How many records it dropped.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.report.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Drop)).count()
    }

    /// What it would have changed in its state.
    #[must_use]
    pub fn state(&self) -> &[StateChange] {
        &self.report.state_changes
    }
}

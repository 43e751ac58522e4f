//! One test, run: the records of a test through the engine, and what is different from what it expects.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use irongate_runtime::Record;

use super::{
    TestCase, TestRecord,
    compare::differences,
    fault::{FaultKind, Faults, FaultyStage},
    memory::{MemorySource, MemoryTarget},
};
use crate::{
    config::PipelineConfig,
    engine::{Arrived, Counts, Outgoing, Position, run},
    error::EngineError,
    load::{Schemas, Stages, plan},
};

/// How long a test may take before it is stopped.
const TEST_TIME_MAX: Duration = Duration::from_secs(30);

/// What became of a test.
#[derive(Debug)]
pub struct TestResult {
    /// Every difference, as a sentence; empty where it passed.
    pub differences: Vec<String>,
    /// What became of its records.
    pub counts: Counts,
}

/// Runs one test of a configuration.
///
/// # Errors
/// A stage could not be run at all.
pub async fn run_test(
    config: &PipelineConfig,
    test: &TestCase,
    stages: Stages,
    schemas: &Schemas,
) -> Result<TestResult, EngineError> {
    let faults = Arc::new(Faults::new(&test.faults));
    let Played { taken, counts } = play(config, &test.input, &faults, stages, schemas).await?;
    Ok(TestResult { differences: judge(config, test, &taken, counts, &faults), counts })
}

/// What came of records.
pub(super) struct Played {
    /// What each target and the dead letters took, by topic.
    pub(super) taken: BTreeMap<String, Vec<Outgoing>>,
    pub(super) counts: Counts,
}

/// Runs records through the engine, with a source and targets in memory.
pub(super) async fn play(
    config: &PipelineConfig,
    input: &[TestRecord],
    faults: &Arc<Faults>,
    stages: Stages,
    schemas: &Schemas,
) -> Result<Played, EngineError> {
    let targets: BTreeMap<String, MemoryTarget> = config
        .targets
        .iter()
        .map(|target| &target.topic)
        .chain(config.dead_letter.as_ref().map(|dead_letter| &dead_letter.topic))
        .map(|topic| (topic.clone(), MemoryTarget::new(topic, Arc::clone(faults))))
        .collect();
    let mut plan = plan(config, stages, schemas, |topic| Arc::new(targets[topic].clone()));
    if let Some(terms) = Arc::get_mut(&mut plan.terms) {
        // A source in memory is left and found again at once.
        terms.give_back_delay = Duration::ZERO;
    }
    for lane in &mut plan.lanes {
        for (stage, config) in lane.stages.drain(..).collect::<Vec<_>>().into_iter().zip(&config.stages) {
            lane.stages.push(Box::new(FaultyStage { id: config.id.clone(), inner: stage, faults: Arc::clone(faults) }));
        }
    }
    let source = MemorySource::of(records(config, input, faults));
    let stop = tokio::time::sleep(TEST_TIME_MAX);
    let ended = run(plan, Box::new(source.clone()), Arc::new(source), stop).await?;
    let taken = targets.into_iter().map(|(topic, target)| (topic, target.taken())).collect();
    Ok(Played { taken, counts: ended.counts })
}

fn judge(
    config: &PipelineConfig,
    test: &TestCase,
    taken: &BTreeMap<String, Vec<Outgoing>>,
    counts: Counts,
    faults: &Faults,
) -> Vec<String> {
    let mut told = Vec::new();
    let none = Vec::new();
    for (topic, expected) in &test.expected {
        told.extend(differences(topic, expected, taken.get(topic).unwrap_or(&none)));
    }
    if let Some(expected) = &test.dead_letters {
        let topic = config.dead_letter.as_ref().map(|dead_letter| dead_letter.topic.as_str()).unwrap_or_default();
        told.extend(differences("dead_letter", expected, taken.get(topic).unwrap_or(&none)));
    }
    if let Some(expected) = test.filtered.filter(|expected| *expected != counts.filtered) {
        told.push(format!("filtered: {} records were filtered, expected {expected}", counts.filtered));
    }
    if counts.in_flight > 0 {
        let seconds = TEST_TIME_MAX.as_secs();
        told.push(format!("after {seconds} s {} records were not settled; a stage or target blocks", counts.in_flight));
    }
    if !counts.are_conserved() {
        told.push(format!("records were lost or made up: {counts:?}"));
    }
    told.extend(faults.unused().into_iter().map(|fault| format!("inject: the fault {:?} never happened", fault.kind)));
    told
}

/// The input as the source delivers it: each with its number as offset, and copies right behind what is delivered twice.
fn records(config: &PipelineConfig, input: &[TestRecord], faults: &Faults) -> Vec<Arrived> {
    let mut arriving = Vec::new();
    for (offset, record) in (0..).zip(input) {
        let arrived = arrived(config, offset, record);
        let copies = std::iter::from_fn(|| faults.take(Some(offset), |kind| *kind == FaultKind::Redeliver)).count();
        arriving.extend(std::iter::repeat_n(arrived, copies + 1));
    }
    arriving
}

fn arrived(config: &PipelineConfig, offset: u64, record: &TestRecord) -> Arrived {
    let topic = match record.partition {
        Some(partition) => format!("{}-part-{partition}", config.from),
        None => config.from.clone(),
    };
    let record = Record {
        topic: config.from.clone(),
        partition: record.partition,
        offset: Some(offset),
        key: record.key.clone(),
        attributes: record.attributes.clone(),
        publish_time_ms: record.publish_time_ms,
        schema: None,
        payload: record.payload.clone(),
    };
    Arrived { position: Position { topic: topic.into(), offset }, record }
}

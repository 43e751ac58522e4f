//! A test made of records that are there: they run through the engine, and what comes out is what the test expects from then on. Says nothing of
//! whether that is right; a person reads it.

use std::sync::Arc;

use super::{
    Expected, ExpectedPayload, TestCase, TestRecord,
    fault::Faults,
    run::{Played, play},
};
use crate::{
    config::{PipelineConfig, Place},
    dead_letter::{ERROR_CLASS, STAGE},
    dedup::{DEDUP_ID, ORIGIN},
    engine::{Counts, Outgoing},
    error::EngineError,
    load::{Schemas, Stages},
};

/// What records led to.
#[derive(Debug)]
pub struct Recorded {
    /// The records and what came of them, as a test.
    pub test: TestCase,
    /// What each target took, then the dead letters, with their topics.
    pub outputs: Vec<(String, Vec<Outgoing>)>,
    /// What became of the records.
    pub counts: Counts,
}

/// Runs records through a pipeline, with targets in memory.
///
/// # Errors
/// A stage could not be run at all.
pub async fn record_test(
    config: &PipelineConfig,
    name: &str,
    input: Vec<TestRecord>,
    stages: Stages,
    schemas: &Schemas,
) -> Result<Recorded, EngineError> {
    let Played { taken, counts } = play(config, &input, &Arc::new(Faults::new(&[])), stages, schemas).await?;
    let dead_letter = config.dead_letter.as_ref().map(|dead_letter| dead_letter.topic.as_str());
    let of = |topic: &str| taken.get(topic).map(Vec::as_slice).unwrap_or_default();
    let targets = config.targets.iter().map(|target| target.topic.as_str());
    let outputs = targets.clone().chain(dead_letter).map(|topic| (topic.to_owned(), of(topic).to_vec())).collect();
    let test = TestCase {
        name: name.to_owned(),
        place: Place::default(),
        input,
        expected: targets.map(|topic| (topic.to_owned(), of(topic).iter().map(output).collect())).collect(),
        dead_letters: dead_letter.map(|topic| of(topic).iter().map(letter).collect()),
        filtered: Some(counts.filtered),
        faults: Vec::new(),
    };
    Ok(Recorded { test, outputs, counts })
}

fn output(outgoing: &Outgoing) -> Expected {
    // What has the offset in it is another one at every place.
    expected(outgoing, |name| name != DEDUP_ID && name != ORIGIN)
}

/// A reason may be another one with the next version of a stage; its class says enough.
fn letter(outgoing: &Outgoing) -> Expected {
    expected(outgoing, |name| name == ERROR_CLASS || name == STAGE)
}

fn expected(outgoing: &Outgoing, is_wanted: impl Fn(&str) -> bool) -> Expected {
    let attributes = outgoing.attributes.iter().filter(|(name, _)| is_wanted(name));
    let json = serde_json::from_slice(&outgoing.payload).ok();
    Expected {
        key: outgoing.key.clone(),
        attributes: attributes.map(|(name, value)| (name.clone(), value.clone())).collect(),
        payload: Some(json.map_or_else(|| ExpectedPayload::Bytes(outgoing.payload.clone()), ExpectedPayload::Json)),
        reason_contains: None,
    }
}

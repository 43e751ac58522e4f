//! The tests of a configuration: records in, what is expected at each target and among the dead letters, and faults on the way. They run through the
//! same engine as a pipeline does, with a source and targets in memory and no broker.

mod compare;
mod fault;
mod memory;
mod recording;
mod run;
mod section;

pub use fault::{Fault, FaultKind};
pub use memory::{MemorySource, MemoryTarget};
pub use recording::{Recorded, record_test};
pub use run::{TestResult, run_test};
pub use section::section;

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value as Json;

use crate::config::Place;

/// A test.
#[derive(Debug)]
pub struct TestCase {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// The records, in the order of their offsets.
    pub input: Vec<TestRecord>,
    /// What each target must have received, by topic. Targets that are not named are not looked at.
    pub expected: BTreeMap<String, Vec<Expected>>,
    /// What must be among the dead letters, if the test says.
    pub dead_letters: Option<Vec<Expected>>,
    /// How many records must have been filtered, if the test says.
    pub filtered: Option<u64>,
    /// What goes wrong on the way.
    pub faults: Vec<Fault>,
}

/// A record that goes in.
#[derive(Clone, Debug, Default)]
pub struct TestRecord {
    /// The routing key.
    pub key: Option<String>,
    /// The attributes.
    pub attributes: Vec<(String, String)>,
    /// The payload.
    pub payload: Bytes,
    /// The partition.
    pub partition: Option<u32>,
    /// When it was published.
    pub publish_time_ms: u64,
}

/// A record that must come out.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// Its routing key, if that matters.
    pub key: Option<String>,
    /// Attributes that must be there.
    pub attributes: Vec<(String, String)>,
    /// The payload, if that matters.
    pub payload: Option<ExpectedPayload>,
    /// A part of the reason, of a dead letter.
    pub reason_contains: Option<String>,
}

/// A payload that must come out.
#[derive(Clone, Debug)]
pub enum ExpectedPayload {
    /// Exactly these bytes.
    Bytes(Bytes),
    /// JSON with this value.
    Json(Json),
    /// JSON that has at least this in it.
    JsonContains(Json),
}

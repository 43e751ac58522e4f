//! What is kept of a pipeline among the broker's notes, and of a topic's transforms with the topic. Fields may be added, numbers are never reused.
//!
//! | name | note |
//! |---|---|
//! | `pipeline/<name>` | [`PipelineDocument`] |
//! | `state/<name>` 0 `<stage>` 0 `<lane, big-endian u32>` `<key>` | a value of a stage's state |

use irongate_broker::Note;
use irongate_pipeline::StateWrite;
use prost::Message;
use std::{
    collections::HashMap,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::limits::{RETURN_REASON_CHARS_MAX, VERSIONS_MAX};

const PIPELINES: &[u8] = b"pipeline/";
const STATES: &[u8] = b"state/";
const SEPARATOR: u8 = 0;
const LANE_BYTES: usize = 4;

/// A pipeline and its versions.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct PipelineDocument {
    #[prost(bool, tag = "1")]
    pub(crate) is_paused: bool,
    /// Oldest first; the last one is the one that runs.
    #[prost(message, repeated, tag = "2")]
    pub(crate) versions: Vec<VersionDocument>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct VersionDocument {
    #[prost(uint64, tag = "1")]
    pub(crate) number: u64,
    #[prost(string, tag = "2")]
    pub(crate) configuration: String,
    #[prost(bool, tag = "3")]
    pub(crate) is_yaml: bool,
    /// The sha256 of each stage's component, by the stage's id.
    #[prost(map = "string, string", tag = "4")]
    pub(crate) components: HashMap<String, String>,
    #[prost(uint64, tag = "5")]
    pub(crate) deployed_at_ms: u64,
    /// It was there before: another one was taken back, by a person or by the host.
    #[prost(bool, tag = "6")]
    pub(crate) is_return: bool,
    /// Which version the host took back for this one, and why; empty where a person decided.
    #[prost(string, tag = "7")]
    pub(crate) taken_back: String,
}

/// What is kept of a topic's transforms, with the topic.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct TransformsDocument {
    #[prost(string, tag = "1")]
    pub(crate) configuration: String,
    #[prost(bool, tag = "2")]
    pub(crate) is_yaml: bool,
    /// The sha256 of each stage's component, by the stage's id.
    #[prost(map = "string, string", tag = "3")]
    pub(crate) components: HashMap<String, String>,
    #[prost(uint64, tag = "4")]
    pub(crate) set_at_ms: u64,
}

impl PipelineDocument {
    /// Adds a version; the oldest are forgotten.
    pub(crate) fn push(&mut self, configuration: String, is_yaml: bool, components: HashMap<String, String>) {
        let number = self.versions.last().map_or(1, |last| last.number + 1);
        self.versions.push(VersionDocument {
            number,
            configuration,
            is_yaml,
            components,
            deployed_at_ms: now_ms(),
            is_return: false,
            taken_back: String::new(),
        });
        let too_many = self.versions.len().saturating_sub(VERSIONS_MAX);
        self.versions.drain(..too_many);
    }

    /// The version that [`Self::go_back`] adds again; 0: there is none.
    pub(crate) fn version_before(&self) -> u64 {
        self.versions.iter().rev().nth(1).map_or(0, |before| before.number)
    }

    /// Adds the version before the last one again. Says whether there is one.
    pub(crate) fn go_back(&mut self) -> bool {
        let before = self.versions.len().checked_sub(2).and_then(|index| self.versions.get(index)).cloned();
        let Some(before) = before else { return false };
        self.push(before.configuration, before.is_yaml, before.components);
        self.versions.iter_mut().last().into_iter().for_each(|last| last.is_return = true);
        true
    }

    /// Adds the version before the last one again, because the last one did not work. Says whether there is one.
    pub(crate) fn take_back(&mut self, reason: &str) -> bool {
        let version = self.versions.last().map_or(0, |last| last.number);
        if !self.go_back() {
            return false;
        }
        let (end, dots) = match reason.char_indices().nth(RETURN_REASON_CHARS_MAX) {
            Some((end, _)) => (end, "..."),
            None => (reason.len(), ""),
        };
        let taken_back = format!("version {version} was taken back: {}{dots}", &reason[..end]);
        self.versions.iter_mut().last().into_iter().for_each(|last| last.taken_back.clone_from(&taken_back));
        true
    }
}

/// Milliseconds since the epoch.
pub(crate) fn now_ms() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}

/// All names of pipelines begin so.
pub(crate) fn pipelines_prefix() -> &'static [u8] {
    PIPELINES
}

pub(crate) fn pipeline_name(note: &[u8]) -> Option<&str> {
    std::str::from_utf8(note.strip_prefix(PIPELINES)?).ok()
}

/// The note of a pipeline; none removes it.
pub(crate) fn pipeline(name: &str, document: Option<&PipelineDocument>) -> Note {
    Note { name: [PIPELINES, name.as_bytes()].concat(), value: document.map(Message::encode_to_vec) }
}

/// All state of a pipeline begins so.
pub(crate) fn state_prefix(pipeline: &str) -> Vec<u8> {
    [STATES, pipeline.as_bytes(), &[SEPARATOR]].concat()
}

/// The note of a value.
pub(crate) fn state(pipeline: &str, write: &StateWrite) -> Note {
    let lane = u32::try_from(write.lane).unwrap_or(u32::MAX).to_be_bytes();
    let stage = write.stage.as_bytes();
    let name = [&state_prefix(pipeline), stage, &[SEPARATOR], &lane, write.key.as_bytes()].concat();
    Note { name, value: write.value.as_ref().map(|value| value.to_vec()) }
}

/// A value as it was noted.
pub(crate) fn restored(pipeline: &str, name: &[u8], value: Vec<u8>) -> Option<StateWrite> {
    let rest = name.strip_prefix(&state_prefix(pipeline)[..])?;
    let end = rest.iter().position(|byte| *byte == SEPARATOR)?;
    let (stage, rest) = (&rest[..end], &rest[end + 1..]);
    let (lane, key) = rest.split_at_checked(LANE_BYTES)?;
    let lane = u32::from_be_bytes(lane.try_into().ok()?);
    Some(StateWrite {
        stage: String::from_utf8(stage.to_vec()).ok()?,
        lane: usize::try_from(lane).ok()?,
        key: String::from_utf8(key.to_vec()).ok()?,
        value: Some(value.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_as_it_was_noted() {
        let write = StateWrite { stage: "s".into(), lane: 7, key: "a\0b".into(), value: Some("v".into()) };
        let note = state("p", &write);
        assert_eq!(restored("p", &note.name, note.value.expect("a value")), Some(write.clone()));
        assert_eq!(restored("q", &note.name, Vec::new()), None);
        assert_eq!(state("p", &StateWrite { value: None, ..write }).value, None);
    }

    #[test]
    fn what_was_taken_back_says_why_and_what_follows_it_does_not() {
        let mut document = PipelineDocument::default();
        let last = |document: &PipelineDocument| document.versions.last().cloned().expect("a version");
        document.push("one".into(), false, HashMap::new());
        assert!(!document.take_back("there is nothing before it"));
        document.push("two".into(), false, HashMap::new());
        assert!(document.take_back("it trapped"));
        let returned = PipelineDocument::decode(&*document.encode_to_vec()).expect("it is read as it was written");
        let returned = last(&returned);
        assert_eq!((returned.number, returned.configuration.as_str(), returned.is_return), (3, "one", true));
        assert_eq!(returned.taken_back, "version 2 was taken back: it trapped");
        document.push("three".into(), false, HashMap::new());
        assert!(document.take_back(&"é".repeat(RETURN_REASON_CHARS_MAX + 1)));
        let kept = last(&document).taken_back;
        assert_eq!(kept.matches('é').count(), RETURN_REASON_CHARS_MAX);
        assert!(kept.starts_with("version 4 ") && kept.ends_with("é..."), "{kept}");
        assert!(document.go_back());
        assert_eq!(last(&document).taken_back, "", "a person has decided since");
    }

    #[test]
    fn one_pipelines_state_is_not_anothers() {
        assert!(!state_prefix("orders-clean").starts_with(&state_prefix("orders")));
        assert_eq!(pipeline_name(&pipeline("orders", None).name), Some("orders"));
    }
}

//! A pipeline in words: how it stands, what its figures are called, the way of a record as a sentence. Knows no markup.

use irongate_proto::pipelines_v1::pipeline::State;
use irongate_proto::pipelines_v1::{Pipeline, Stage};

use super::plugins::limits;
use crate::text::size::grouped;

/// How a pipeline stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its colour, as a class.
    pub class: &'static str,
    /// In a word.
    pub word: &'static str,
    /// What else has to be said; empty: nothing.
    pub note: String,
}

/// How a pipeline stands, at a time of the host's clock.
#[must_use]
pub fn standing(pipeline: &Pipeline, now_ms: u64) -> Standing {
    let (class, word) = match pipeline.state() {
        State::Starting => ("neutral", "Starting"),
        State::Running => ("good", "Running"),
        State::Paused => ("caution", "Paused"),
        State::Failed => ("bad", "Failed"),
    };
    let mut note = pipeline.failure.clone();
    if pipeline.state() == State::Failed {
        note.push_str(match pipeline.restarts_at_ms {
            0 => "; it is not started again by itself: deploy it anew, or go back to the version before",
            _ => "; it is tried again ",
        });
        match pipeline.restarts_at_ms.saturating_sub(now_ms).div_ceil(1_000) {
            _ if pipeline.restarts_at_ms == 0 => {}
            0 => note.push_str("now"),
            seconds => note.push_str(&format!("in {seconds} s")),
        }
    }
    Standing { class, word, note }
}

/// A rate in tenths a second as a person reads it; a dash where there is none yet.
#[must_use]
pub fn per_second(tenths: Option<u64>) -> String {
    match tenths {
        None => "–".to_owned(),
        Some(tenths @ 0..1_000) if !tenths.is_multiple_of(10) => format!("{}.{}", tenths / 10, tenths % 10),
        Some(tenths) => grouped((tenths + 5) / 10),
    }
}

/// A count that may not be known.
#[must_use]
pub fn figure(count: Option<u64>) -> String {
    count.map_or_else(|| "–".to_owned(), grouped)
}

/// What becomes of a record that cannot be served.
#[must_use]
pub fn on_error(on_error: &str) -> &'static str {
    match on_error {
        "drop" => "dropped and counted",
        "block" => "blocks its lane",
        _ => "to the dead letters",
    }
}

/// What a stage may do and take, each with its name.
#[must_use]
pub fn stage_facts(stage: &Stage) -> Vec<(&'static str, String)> {
    let may = if stage.capabilities.is_empty() { "none".to_owned() } else { stage.capabilities.join(", ") };
    let mut facts = vec![("Capabilities", may)];
    facts.extend(limits(&stage.limits.unwrap_or_default()));
    facts.push(("On error", on_error(&stage.on_error).to_owned()));
    facts
}

/// The way of a record, for those who do not see the picture.
#[must_use]
pub fn way(pipeline: &Pipeline) -> String {
    let stages: Vec<&str> = pipeline.stages.iter().map(|stage| stage.id.as_str()).collect();
    let through = if stages.is_empty() { String::new() } else { format!(" through {}", stages.join(", then ")) };
    let targets: Vec<&str> = pipeline.targets.iter().map(|target| target.topic.as_str()).collect();
    let dead = match pipeline.dead_letter.as_str() {
        "" => String::new(),
        topic => format!("; what cannot be served goes to {topic}"),
    };
    format!("Records of {} go{through} to {}{dead}.", pipeline.from, targets.join(" and "))
}

#[cfg(test)]
mod tests {
    use irongate_proto::pipelines_v1::{StageLimits, Target};

    use super::*;

    fn failed(restarts_at_ms: u64) -> Pipeline {
        let failure = "the topic /a/b does not exist".to_owned();
        Pipeline { state: State::Failed.into(), failure, restarts_at_ms, ..Pipeline::default() }
    }

    #[test]
    fn a_failure_says_when_it_is_tried_again() {
        let note = |restarts_at_ms| standing(&failed(restarts_at_ms), 10_000).note;
        assert_eq!(note(12_001), "the topic /a/b does not exist; it is tried again in 3 s");
        assert_eq!(note(9_000), "the topic /a/b does not exist; it is tried again now");
        assert!(note(0).contains("not started again by itself"));
        let back = Pipeline { state: State::Running.into(), ..failed(0) };
        assert_eq!(standing(&back, 0).note, "the topic /a/b does not exist");
    }

    #[test]
    fn rates_are_read_at_a_glance() {
        let rates = [None, Some(0), Some(5), Some(15), Some(990), Some(1_004), Some(123_456)];
        assert_eq!(rates.map(per_second), ["–", "0", "0.5", "1.5", "99", "100", "12\u{202f}346"]);
    }

    #[test]
    fn what_a_stage_may_is_said_in_full() {
        let limits = StageLimits { timeout_ms: 2_000, ..StageLimits::default() };
        let capabilities = vec!["state".to_owned(), "clock".to_owned()];
        let stage = Stage { limits: Some(limits), capabilities, on_error: "block".to_owned(), ..Stage::default() };
        let said: Vec<String> = stage_facts(&stage).iter().map(|(name, fact)| format!("{name}: {fact}")).collect();
        let ends = (said.first().map(String::as_str), said.last().map(String::as_str));
        assert_eq!(ends, (Some("Capabilities: state, clock"), Some("On error: blocks its lane")));
        assert!(said.contains(&"Time: 2 s".to_owned()), "{said:?}");
        assert_eq!(stage_facts(&Stage::default())[0].1, "none");
    }

    #[test]
    fn the_way_is_a_sentence() {
        let stage = |id: &str| Stage { id: id.to_owned(), ..Stage::default() };
        let target = |topic: &str| Target { topic: topic.to_owned(), ..Target::default() };
        let mut pipeline = Pipeline {
            from: "/a/in".to_owned(),
            targets: vec![target("/a/out"), target("/a/rest")],
            ..Pipeline::default()
        };
        assert_eq!(way(&pipeline), "Records of /a/in go to /a/out and /a/rest.");
        pipeline.stages = vec![stage("mask"), stage("split")];
        pipeline.dead_letter = "/a/dlq".to_owned();
        assert_eq!(
            way(&pipeline),
            "Records of /a/in go through mask, then split to /a/out and /a/rest; what cannot be served goes to /a/dlq."
        );
    }
}

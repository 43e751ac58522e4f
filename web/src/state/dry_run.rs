//! What a dry run found, in the words of the sheet that shows it. Pure; nothing is asked and nothing is sent.

use std::rc::Rc;

use irongate_proto::irongate_v1::{OutgoingMessage, Refused, Violation};
use irongate_proto::transforms_v1::dry_run_pipeline_response::End;
use irongate_proto::transforms_v1::{
    DryRunPipelineResponse, DryRunTopicTransformsResponse, MadeMessage, PipelineOutput, PipelineStageRun, StageRun,
};

use super::compared::{Compared, heads, payloads};
use super::verdict::{Tone, Verdict, sentence};
use crate::text::hex::preview;
use crate::text::size::counted;

/// The most made messages shown.
pub const MESSAGES_SHOWN_MAX: usize = 20;

/// Characters shown of a value that a stage writes into its state.
const STATE_CHARACTERS_MAX: usize = 120;

/// How long an answer is waited for, in milliseconds: longer than a stage's own limit of time usually is, and not for ever.
pub const ANSWER_MS_MAX: u32 = 60_000;

/// What a dry run found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// All in all.
    pub verdict: Verdict,
    /// What was made, at most [`MESSAGES_SHOWN_MAX`].
    pub made: Vec<Made>,
    /// What was made beyond these.
    pub left_out: usize,
    /// Every stage that was called.
    pub stages: Vec<Stage>,
    /// By the clock on the wall, all stages together, in microseconds.
    pub elapsed_us: u64,
}

/// One call of one stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// What it took and said.
    pub run: StageRun,
    /// What went in and came out, of a pipeline's stage.
    pub records: String,
    /// Why records did not go on.
    pub refusals: Vec<String>,
    /// What it would change in its state.
    pub state: Vec<String>,
}

/// One message that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// Where it is for; empty: the topic that the message is sent to.
    pub topic: String,
    /// The message, where it may be sent there as it is.
    pub sendable: Option<OutgoingMessage>,
    /// What would become of it.
    pub verdict: Verdict,
    /// The rules that it breaks.
    pub violations: Rc<[Violation]>,
    /// Routing key and attributes.
    pub head: Compared,
    /// Payload.
    pub payload: Compared,
}

fn verdict(tone: Tone, headline: impl Into<String>, detail: impl Into<String>) -> Verdict {
    Verdict { tone, headline: headline.into(), detail: detail.into() }
}

/// What the transforms of a topic make of this message.
#[must_use]
pub fn of_topic(before: &OutgoingMessage, answer: DryRunTopicTransformsResponse) -> Found {
    let DryRunTopicTransformsResponse { messages, refused, stages, elapsed_us } = answer;
    let count = messages.len();
    let verdict = all_in_all(refused.as_ref(), &messages);
    let made = messages.into_iter().take(MESSAGES_SHOWN_MAX).map(|made| one(before, made)).collect();
    let plain = |run| Stage { run, records: String::new(), refusals: Vec::new(), state: Vec::new() };
    let stages = stages.into_iter().map(plain).collect();
    Found { verdict, made, left_out: count.saturating_sub(MESSAGES_SHOWN_MAX), stages, elapsed_us }
}

/// What a pipeline, or one stage of it, makes of this message.
#[must_use]
pub fn of_pipeline(before: &OutgoingMessage, answer: DryRunPipelineResponse) -> Found {
    let verdict = ending(&answer);
    let DryRunPipelineResponse { stages, end, outputs, dead_letter, elapsed_us, .. } = answer;
    let is_whole = end != End::Answered as i32;
    let count = outputs.len();
    let outputs = outputs.into_iter().take(MESSAGES_SHOWN_MAX).map(|output| for_target(before, output, is_whole));
    let buried = dead_letter.map(|letter| Made {
        verdict: self::verdict(Tone::Bad, "The dead letter", ""),
        sendable: None,
        ..for_target(before, letter, is_whole)
    });
    Found {
        verdict,
        made: outputs.chain(buried).collect(),
        left_out: count.saturating_sub(MESSAGES_SHOWN_MAX),
        stages: stages.into_iter().map(stage).collect(),
        elapsed_us,
    }
}

fn ending(answer: &DryRunPipelineResponse) -> Verdict {
    let (why, count) = (|| sentence(&answer.reason), answer.outputs.len());
    match answer.end() {
        End::Answered if count == 0 => verdict(Tone::Caution, "Dropped", "Nothing goes on from this stage."),
        End::Answered => verdict(Tone::Good, format!("{} on", counted(count, "record goes", "records go")), ""),
        End::Delivered => {
            verdict(Tone::Good, format!("{} would be written", counted(count, "message", "messages")), "")
        }
        End::Filtered => verdict(
            Tone::Caution,
            "Filtered",
            "Nothing of it is for any target: it would be settled, and nothing written.",
        ),
        End::Dropped => verdict(
            Tone::Caution,
            "Dropped for an error",
            "Something of it fails, and the file says on_error = \"drop\".",
        ),
        End::DeadLetter => verdict(Tone::Bad, "It would become a dead letter", why()),
        End::Blocked => verdict(Tone::Bad, "It would hold the pipeline up", why()),
        End::TriedAgain => verdict(Tone::Caution, "It would be tried again", why()),
    }
}

fn for_target(before: &OutgoingMessage, output: PipelineOutput, is_whole: bool) -> Made {
    let PipelineOutput { topic, when, message, refused, warnings } = output;
    let after = message.unwrap_or_default();
    let condition = if when.is_empty() { String::new() } else { format!("Taken where {when}.") };
    let (verdict, violations, is_taken) = match refused {
        Some(refused) => {
            let why = format!("{} {condition}", sentence(&refused.message));
            (verdict(Tone::Bad, "Refused", why.trim_end()), refused.violations, false)
        }
        None if !is_whole => (verdict(Tone::Good, "Goes on", ""), warnings, false),
        None if warnings.is_empty() => (verdict(Tone::Good, "Taken", condition), warnings, true),
        None => (verdict(Tone::Caution, "Taken with a warning", condition), warnings, true),
    };
    Made {
        topic,
        verdict,
        violations: violations.into(),
        head: heads(before, &after),
        payload: payloads(&before.payload, &after.payload),
        sendable: is_taken.then_some(after),
    }
}

fn stage(call: PipelineStageRun) -> Stage {
    let PipelineStageRun { run, refusals, records_in, records_out, records_dropped, state } = call;
    let dropped = if records_dropped == 0 { String::new() } else { format!(", {records_dropped} dropped") };
    let entry = |entry: irongate_proto::transforms_v1::StateEntry| match entry.is_removed {
        true => format!("{} is removed", entry.key.escape_debug()),
        false if entry.value.is_empty() => format!("{} = (empty)", entry.key.escape_debug()),
        false => format!("{} = {}", entry.key.escape_debug(), preview(&entry.value, STATE_CHARACTERS_MAX)),
    };
    Stage {
        run: run.unwrap_or_default(),
        records: format!("{records_in} in, {records_out} out{dropped}"),
        refusals,
        state: state.into_iter().map(entry).collect(),
    }
}

fn all_in_all(refused: Option<&Refused>, messages: &[MadeMessage]) -> Verdict {
    let failing = messages.iter().filter(|made| made.refused.is_some()).count();
    let warned = messages.iter().any(|made| !made.warnings.is_empty());
    match (refused, messages.len(), failing) {
        (Some(refused), ..) => verdict(Tone::Bad, "Refused by the transforms", sentence(&refused.message)),
        (None, 0, _) => verdict(
            Tone::Caution,
            "Dropped",
            "The message would be acknowledged, and nothing would enter the topic: a transform drops it.",
        ),
        (None, count, 0) => {
            let tone = if warned { Tone::Caution } else { Tone::Good };
            let detail = if warned { "The topic's schema warns of what the transforms make." } else { "" };
            let would = counted(count, "message", "messages");
            verdict(tone, format!("{would} would enter the topic"), detail)
        }
        (None, count, failing) => {
            let detail = match count {
                1 => "The topic refuses what the transforms make of it.".to_owned(),
                _ => format!(
                    "The topic refuses {failing} of {count} messages that the transforms make: all of them enter, or none."
                ),
            };
            verdict(Tone::Bad, "Nothing would enter", detail)
        }
    }
}

fn one(before: &OutgoingMessage, made: MadeMessage) -> Made {
    let after = made.message.unwrap_or_default();
    let schema = match (made.schema_subject.is_empty(), made.schema_version) {
        (true, _) => String::new(),
        (false, 0) => format!("A transform says that its schema is {}.", made.schema_subject),
        (false, version) => format!("A transform says that its schema is {} version {version}.", made.schema_subject),
    };
    let (verdict, violations) = match made.refused {
        Some(refused) => {
            let why = format!("{} {schema}", sentence(&refused.message));
            (verdict(Tone::Bad, "The topic refuses it", why.trim_end()), refused.violations)
        }
        None if made.warnings.is_empty() => (verdict(Tone::Good, "Enters", schema), made.warnings),
        None => (verdict(Tone::Caution, "Enters with a warning", schema), made.warnings),
    };
    Made {
        topic: String::new(),
        sendable: None,
        verdict,
        violations: violations.into(),
        head: heads(before, &after),
        payload: payloads(&before.payload, &after.payload),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn message(payload: &str) -> OutgoingMessage {
        OutgoingMessage { payload: Bytes::from(payload.to_owned()), ..OutgoingMessage::default() }
    }

    fn made(payload: &str) -> MadeMessage {
        MadeMessage { message: Some(message(payload)), ..MadeMessage::default() }
    }

    fn refused(why: &str) -> Option<Refused> {
        Some(Refused { message: why.to_owned(), violations: vec![Violation::default()], ..Refused::default() })
    }

    fn found(messages: Vec<MadeMessage>, refused: Option<Refused>) -> Found {
        let answer = DryRunTopicTransformsResponse { messages, refused, ..DryRunTopicTransformsResponse::default() };
        of_topic(&message("a"), answer)
    }

    #[test]
    fn what_enters_is_compared_with_what_was_sent() {
        let found = found(vec![made("a"), made("b")], None);
        assert_eq!((found.verdict.tone, &*found.verdict.headline), (Tone::Good, "2 messages would enter the topic"));
        assert_eq!((&found.made[0].payload, found.made[0].verdict.tone), (&Compared::Same, Tone::Good));
        assert!(matches!(found.made[1].payload, Compared::Differ { .. }));
    }

    #[test]
    fn a_dropped_message_and_a_refused_one_say_so() {
        assert_eq!(found(Vec::new(), None).verdict.headline, "Dropped");
        let refused = found(Vec::new(), refused("mask: not JSON")).verdict;
        assert_eq!((refused.tone, &*refused.detail), (Tone::Bad, "Mask: not JSON."));
    }

    #[test]
    fn one_message_that_the_topic_refuses_keeps_all_of_them_out() {
        let bad = MadeMessage { refused: refused("breaks it"), schema_subject: "s".to_owned(), ..made("b") };
        let found = found(vec![made("a"), bad], None);
        assert_eq!((found.verdict.tone, &*found.verdict.headline), (Tone::Bad, "Nothing would enter"));
        assert!(found.verdict.detail.contains("refuses 1 of 2"), "{found:?}");
        assert_eq!(found.made[1].violations.len(), 1);
        assert_eq!(found.made[1].verdict.detail, "Breaks it. A transform says that its schema is s.");
    }

    #[test]
    fn a_warning_lets_it_in() {
        let warned = MadeMessage { warnings: vec![Violation::default()], ..made("b") };
        let found = found(vec![warned], None);
        assert_eq!((found.verdict.tone, found.made[0].verdict.tone), (Tone::Caution, Tone::Caution));
        assert_eq!(found.made[0].violations.len(), 1);
    }

    #[test]
    fn more_messages_than_a_person_reads_are_counted() {
        let found = found(vec![made("b"); MESSAGES_SHOWN_MAX + 3], None);
        assert_eq!((found.made.len(), found.left_out), (MESSAGES_SHOWN_MAX, 3));
    }

    #[test]
    fn a_pipelines_outputs_say_which_target_takes_them_and_can_be_sent_there() {
        let output = |topic: &str, when: &str, refused| PipelineOutput {
            topic: topic.to_owned(),
            when: when.to_owned(),
            message: Some(message("b")),
            refused,
            ..PipelineOutput::default()
        };
        let outputs = vec![output("/a/b", "", None), output("/a/c", "key = k", refused("too large"))];
        let answer =
            DryRunPipelineResponse { outputs, end: End::Delivered.into(), ..DryRunPipelineResponse::default() };
        let found = of_pipeline(&message("a"), answer.clone());
        assert_eq!(found.verdict.headline, "2 messages would be written");
        assert_eq!((&*found.made[0].topic, found.made[0].sendable.is_some()), ("/a/b", true));
        assert_eq!(
            (&*found.made[1].verdict.detail, found.made[1].sendable.is_some()),
            ("Too large. Taken where key = k.", false)
        );
        // What one stage made is not what a target is given.
        let alone = of_pipeline(&message("a"), DryRunPipelineResponse { end: End::Answered.into(), ..answer });
        assert_eq!((&*alone.verdict.headline, alone.made[0].sendable.is_some()), ("2 records go on", false));
    }

    #[test]
    fn a_dead_letter_and_each_stage_are_told() {
        let letter =
            PipelineOutput { topic: "/a/dlq".to_owned(), message: Some(message("a")), ..PipelineOutput::default() };
        let state = vec![irongate_proto::transforms_v1::StateEntry {
            key: "seen".to_owned(),
            value: "1".into(),
            is_removed: false,
        }];
        let call = PipelineStageRun { records_in: 1, records_dropped: 1, state, ..PipelineStageRun::default() };
        let found = of_pipeline(
            &message("a"),
            DryRunPipelineResponse {
                end: End::DeadLetter.into(),
                reason: "it is bad".to_owned(),
                dead_letter: Some(letter),
                stages: vec![call],
                ..DryRunPipelineResponse::default()
            },
        );
        assert_eq!((found.verdict.tone, &*found.verdict.detail), (Tone::Bad, "It is bad."));
        assert_eq!(
            (&*found.made[0].topic, found.made[0].verdict.tone, &found.made[0].sendable),
            ("/a/dlq", Tone::Bad, &None)
        );
        assert_eq!((&*found.stages[0].records, &*found.stages[0].state[0]), ("1 in, 0 out, 1 dropped", "seen = 1"));
    }
}

//! What a dry run found, in the words of the sheet that shows it. Pure; nothing is asked and nothing is sent.

use std::rc::Rc;

use irongate_proto::irongate_v1::{OutgoingMessage, Refused, Violation};
use irongate_proto::transforms_v1::{DryRunTopicTransformsResponse, MadeMessage, StageRun};

use super::compared::{Compared, heads, payloads};
use super::verdict::{Tone, Verdict, sentence};
use crate::text::size::counted;

/// The most made messages shown.
pub const MESSAGES_SHOWN_MAX: usize = 20;

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
    pub stages: Vec<StageRun>,
    /// By the clock on the wall, all stages together, in microseconds.
    pub elapsed_us: u64,
}

/// One message that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
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
    Found { verdict, made, left_out: count.saturating_sub(MESSAGES_SHOWN_MAX), stages, elapsed_us }
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
}

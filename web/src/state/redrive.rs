//! Sending dead letters again: what would become of each, what has, and in which portions they go. Asks nobody and sends nothing.

use std::collections::BTreeMap;
use std::rc::Rc;

use irongate_messages::dead_letter::{Letter, Redriven};
use irongate_proto::danube::DispatchStrategy;
use irongate_proto::irongate_v1::{OutgoingMessage, PublishRequest, PublishResult, Violation, publish_result};

use irongate_proto::transforms_v1::DryRunTopicTransformsResponse;

use super::topic_facts::Policy;
use crate::text::size::counted;

/// Letters of one call; between calls a run can be stopped.
pub const CALL_LETTERS_MAX: usize = 100;

/// Bytes of payloads in one call, but for a letter that is larger by itself.
pub const CALL_BYTES_MAX: usize = 1024 * 1024;

/// What would become of a letter, or has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The topic would take it; with what its policy would let through.
    Goes(String),
    /// The topic would refuse it.
    Refused(String),
    /// It is not to be sent.
    Guarded(String),
    /// It was taken: topic and, where it is stored, offset.
    Sent(String, Option<u64>),
    /// It was refused, or could not be sent.
    Failed(String),
}

/// A letter of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Which of the pile.
    pub index: usize,
    /// What is sent; none: it is guarded.
    pub redriven: Option<Rc<Redriven>>,
    /// What would become of it, or has.
    pub fate: Fate,
}

/// How many are where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Would be taken.
    pub go: usize,
    /// Would be refused.
    pub refused: usize,
    /// Are not to be sent.
    pub guarded: usize,
    /// Were taken.
    pub sent: usize,
    /// Were not.
    pub failed: usize,
}

impl Tally {
    /// Of some letters.
    #[must_use]
    pub fn of(plan: &[Planned]) -> Tally {
        plan.iter().fold(Tally::default(), |mut tally, planned| {
            *match planned.fate {
                Fate::Goes(_) => &mut tally.go,
                Fate::Refused(_) => &mut tally.refused,
                Fate::Guarded(_) => &mut tally.guarded,
                Fate::Sent(..) => &mut tally.sent,
                Fate::Failed(_) => &mut tally.failed,
            } += 1;
            tally
        })
    }
}

/// What the policy of the topic makes of what its schema says.
#[must_use]
pub fn verdict(policy: Policy, violations: &[Violation]) -> Fate {
    let Some(first) = violations.first() else { return Fate::Goes(String::new()) };
    let place = if first.instance_path.is_empty() { "the whole message" } else { &first.instance_path };
    let count = counted(violations.len(), "violation", "violations");
    let words = format!("{count} of its schema, first at {place}: {}", first.message);
    match policy {
        Policy::Enforce => Fate::Refused(words),
        Policy::Warn => Fate::Goes(words),
        Policy::None => Fate::Goes(String::new()),
    }
}

/// What a topic would do that has transforms.
#[must_use]
pub fn after_transforms(answer: DryRunTopicTransformsResponse) -> Fate {
    let refused = answer.refused.or_else(|| answer.messages.iter().find_map(|made| made.refused.clone()));
    if let Some(refused) = refused {
        return Fate::Refused(refused.message);
    }
    let warnings: usize = answer.messages.iter().map(|made| made.warnings.len()).sum();
    let mut words = match answer.messages.len() {
        0 => "the topic's transforms drop it".to_owned(),
        made => format!("the topic's transforms make {} of it", counted(made, "message", "messages")),
    };
    if warnings > 0 {
        words += &format!(", with {} of the schema", counted(warnings, "violation", "violations"));
    }
    Fate::Goes(words)
}

/// The next portion of what is to be sent: letters of one topic that follow each other in the plan, so that those with the same key
/// stay in order. Answers their places in the plan.
#[must_use]
pub fn portion(plan: &[Planned], payload_bytes: impl Fn(usize) -> usize, letters_max: usize) -> Vec<usize> {
    let letters_max = letters_max.clamp(1, CALL_LETTERS_MAX);
    let mut places: Vec<usize> = Vec::new();
    let mut bytes = 0;
    let mut topic: Option<&str> = None;
    for (place, planned) in plan.iter().enumerate().filter(|(_, planned)| matches!(planned.fate, Fate::Goes(_))) {
        let Some(redriven) = &planned.redriven else { continue };
        bytes += payload_bytes(planned.index);
        let fits = topic.is_none_or(|topic| topic == redriven.topic) && bytes <= CALL_BYTES_MAX;
        if places.len() == letters_max || (!fits && !places.is_empty()) {
            break;
        }
        topic = Some(&redriven.topic);
        places.push(place);
    }
    places
}

/// The call that sends messages in the place of letters. A topic that is gone comes back reliable.
#[must_use]
pub fn request(topic: &str, messages: Vec<OutgoingMessage>, is_missing: bool) -> PublishRequest {
    PublishRequest {
        topic: topic.to_owned(),
        producer_name: "console-dead-letters".to_owned(),
        dispatch_strategy: is_missing.then_some(DispatchStrategy::Reliable as i32),
        messages,
        ..PublishRequest::default()
    }
}

/// One message of such a call.
#[must_use]
pub fn outgoing(letter: &Letter, attributes: &BTreeMap<String, String>, publish_time_ms: u64) -> OutgoingMessage {
    OutgoingMessage {
        payload: letter.payload.clone(),
        attributes: attributes.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        routing_key: letter.key.clone(),
        partition: None,
        publish_time_ms,
    }
}

/// What became of one.
#[must_use]
pub fn outcome(result: Option<PublishResult>) -> Fate {
    match result.and_then(|result| result.outcome) {
        Some(publish_result::Outcome::Published(published)) => Fate::Sent(published.topic, published.offset),
        Some(publish_result::Outcome::Refused(refused)) => Fate::Failed(refused.message),
        None => Fate::Failed("the host did not say what became of it".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use irongate_proto::irongate_v1::Refused;
    use irongate_proto::transforms_v1::MadeMessage;

    fn planned(index: usize, topic: &str, fate: Fate) -> Planned {
        let redriven = Some(Rc::new(Redriven { topic: topic.to_owned(), attributes: BTreeMap::new() }));
        Planned { index, redriven, fate }
    }

    fn goes(index: usize, topic: &str) -> Planned {
        planned(index, topic, Fate::Goes(String::new()))
    }

    #[test]
    fn the_policy_says_whether_a_violation_stops_a_letter() {
        let violation =
            Violation { instance_path: "/n".into(), message: "is not an integer".into(), ..Violation::default() };
        let Fate::Refused(words) = verdict(Policy::Enforce, &[violation.clone(), violation.clone()]) else {
            panic!("it is refused")
        };
        assert_eq!(words, "2 violations of its schema, first at /n: is not an integer");
        assert!(
            matches!(verdict(Policy::Warn, std::slice::from_ref(&violation)), Fate::Goes(words) if !words.is_empty())
        );
        assert_eq!(verdict(Policy::None, &[violation]), Fate::Goes(String::new()));
        assert_eq!(verdict(Policy::Enforce, &[]), Fate::Goes(String::new()));
    }

    #[test]
    fn what_transforms_make_of_a_letter_is_refused_where_any_of_it_is() {
        let goes = |answer| match after_transforms(answer) {
            Fate::Goes(words) => words,
            other => panic!("it goes, and is not {other:?}"),
        };
        assert_eq!(goes(DryRunTopicTransformsResponse::default()), "the topic's transforms drop it");
        let warned = MadeMessage { warnings: vec![Violation::default()], ..MadeMessage::default() };
        let mut answer =
            DryRunTopicTransformsResponse { messages: vec![MadeMessage::default(), warned], ..Default::default() };
        let words = "the topic's transforms make 2 messages of it, with 1 violation of the schema";
        assert_eq!(goes(answer.clone()), words);
        let no = |message: &str| Some(Refused { message: message.to_owned(), ..Refused::default() });
        answer.messages[1].refused = no("by its schema");
        assert_eq!(after_transforms(answer.clone()), Fate::Refused("by its schema".to_owned()));
        answer.refused = no("by its transforms");
        assert_eq!(after_transforms(answer), Fate::Refused("by its transforms".to_owned()));
    }

    #[test]
    fn a_portion_is_of_one_topic_and_bounded_in_letters_and_bytes() {
        let mut plan = vec![
            planned(0, "/default/a", Fate::Guarded(String::new())),
            goes(1, "/default/a"),
            goes(2, "/default/a"),
            goes(3, "/default/b"),
            goes(4, "/default/a"),
        ];
        assert_eq!(portion(&plan, |_| 1, 100), [1, 2], "b comes before the last a");
        assert_eq!(portion(&plan, |_| 1, 1), [1]);
        assert_eq!(portion(&plan, |_| 1, 0), [1], "a host that allows none is asked for one");
        assert_eq!(portion(&plan, |_| CALL_BYTES_MAX, 100), [1]);
        assert_eq!(portion(&plan, |_| CALL_BYTES_MAX + 1, 100), [1], "one that is too large goes alone");
        plan[1].fate = Fate::Sent("/default/a".into(), Some(1));
        plan[2].fate = Fate::Failed("no".into());
        assert_eq!(portion(&plan, |_| 1, 100), [3]);
        let many: Vec<Planned> = (0..=CALL_LETTERS_MAX).map(|index| goes(index, "/default/a")).collect();
        assert_eq!(portion(&many, |_| 1, 500).len(), CALL_LETTERS_MAX);
        assert_eq!(Tally::of(&plan), Tally { go: 2, guarded: 1, sent: 1, failed: 1, refused: 0 });
    }

    #[test]
    fn only_a_topic_that_is_gone_is_asked_to_be_reliable() {
        assert_eq!(request("/default/a", Vec::new(), false).dispatch_strategy, None);
        assert_eq!(request("/default/a", Vec::new(), true).dispatch_strategy, Some(DispatchStrategy::Reliable as i32));
    }

    #[test]
    fn an_answer_without_an_outcome_is_no_success() {
        assert!(matches!(outcome(None), Fate::Failed(_)));
        assert!(matches!(outcome(Some(PublishResult::default())), Fate::Failed(_)));
    }
}

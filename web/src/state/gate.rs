//! Whether the Send button sends: go, wait for the check, or refuse and say why. Never
//! sends a message as plain bytes because its schema could not be had.

use super::check::{CheckState, Finding, Wire};
use super::schema_choice::SchemaLookup;
use super::topic_facts::{Policy, TopicFacts};
use super::verdict::sentence;
use crate::text::size::counted;

/// What pressing Send does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Send.
    Go,
    /// The answer that decides is on its way; ask again when it is there.
    Wait,
    /// Do not send; the sentence says why.
    Refuse(String),
    /// The broker would refuse; the sentence says why. The user may insist.
    Discourage(String),
}

/// Decides. `problems` are the sentences of the form itself, `subject` is the chosen one.
#[must_use]
pub fn decide(
    problems: &[String],
    facts: &TopicFacts,
    subject: &str,
    schema: &SchemaLookup,
    check: &CheckState,
) -> Gate {
    if let Some(problem) = problems.first() {
        return Gate::Refuse(sentence(problem));
    }
    if matches!(facts, TopicFacts::Pending) {
        return Gate::Wait;
    }
    let schema = match schema {
        SchemaLookup::None => return Gate::Go,
        SchemaLookup::Pending => return Gate::Wait,
        SchemaLookup::Unresolved(why) => {
            return Gate::Refuse(format!("The schema cannot be resolved: {why}. Nothing is sent unchecked."));
        }
        SchemaLookup::Found(schema) => schema,
    };
    let checked = match check.settled() {
        None => return Gate::Wait,
        Some(Finding::WorkerFailed(why) | Finding::SchemaUnusable(why)) => {
            return Gate::Refuse(format!("The message could not be checked: {why}. Nothing is sent unchecked."));
        }
        Some(Finding::Checked(checked)) => checked,
    };
    let found = || {
        let count = counted(checked.violations.len(), "violation", "violations");
        format!("{count} of {} version {}", schema.subject, schema.version)
    };
    if checked.wire == Wire::Unencodable {
        return Gate::Refuse(format!("The message cannot be encoded: {}.", found()));
    }
    if let Some(bound) = facts.bound_subject().filter(|bound| !subject.is_empty() && *bound != subject) {
        return Gate::Discourage(format!("The topic is bound to {bound}, not to {subject}."));
    }
    let policy = match facts {
        TopicFacts::Exists(topic) if !topic.subject.is_empty() => topic.policy,
        _ => Policy::Enforce,
    };
    // Whether what its transforms make of it is valid, only a dry run knows.
    let is_transformed = matches!(facts, TopicFacts::Exists(topic) if topic.transformed);
    if checked.violations.is_empty() || policy != Policy::Enforce || is_transformed {
        return Gate::Go;
    }
    Gate::Discourage(format!("{}: the broker would refuse this message.", found()))
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use bytes::Bytes;
    use irongate_proto::irongate_v1::Violation;
    use yew::Reducible as _;

    use super::*;
    use crate::state::check::{CheckAction, Checked};
    use crate::state::schema_choice::RegisteredSchema;
    use crate::state::topic_facts::ExistingTopic;

    fn schema() -> SchemaLookup {
        SchemaLookup::Found(Rc::new(RegisteredSchema {
            subject: "user-events".to_owned(),
            version: 1,
            schema_type: "json_schema".to_owned(),
            definition: Bytes::from_static(b"{}"),
        }))
    }

    fn answered(finding: Finding) -> CheckState {
        let state = Rc::new(CheckState::default()).reduce(CheckAction::Asked(1));
        (*state.reduce(CheckAction::Answered(1, finding))).clone()
    }

    fn violations(count: usize) -> CheckState {
        let violations = vec![Violation::default(); count].into();
        answered(Finding::Checked(Checked { violations, ..Checked::default() }))
    }

    fn bound(policy: Policy) -> TopicFacts {
        TopicFacts::Exists(ExistingTopic { subject: "user-events".to_owned(), policy, ..ExistingTopic::default() })
    }

    #[test]
    fn an_unresolved_schema_or_a_failed_worker_refuses() {
        let unresolved = SchemaLookup::Unresolved("no such subject".to_owned());
        let gate = decide(&[], &TopicFacts::Missing, "x", &unresolved, &CheckState::default());
        assert_eq!(
            gate,
            Gate::Refuse("The schema cannot be resolved: no such subject. Nothing is sent unchecked.".to_owned())
        );
        let failed = answered(Finding::WorkerFailed("it stopped".to_owned()));
        assert!(matches!(decide(&[], &bound(Policy::None), "", &schema(), &failed), Gate::Refuse(_)));
    }

    #[test]
    fn a_check_that_is_open_is_waited_for() {
        let open = Rc::new(violations(0)).reduce(CheckAction::Asked(2));
        assert_eq!(decide(&[], &bound(Policy::Enforce), "", &schema(), &open), Gate::Wait);
        assert_eq!(decide(&[], &TopicFacts::Pending, "", &SchemaLookup::None, &open), Gate::Wait);
        assert_eq!(decide(&[], &TopicFacts::Missing, "", &SchemaLookup::Pending, &open), Gate::Wait);
    }

    #[test]
    fn violations_stop_a_message_only_where_the_broker_would() {
        let say = |facts: &TopicFacts, count| decide(&[], facts, "", &schema(), &violations(count));
        assert_eq!(say(&bound(Policy::Enforce), 0), Gate::Go);
        assert!(matches!(say(&bound(Policy::Enforce), 2), Gate::Discourage(why) if why.starts_with("2 violations of")));
        assert_eq!(say(&bound(Policy::Warn), 2), Gate::Go);
        assert_eq!(say(&bound(Policy::None), 2), Gate::Go);
        let transformed =
            ExistingTopic { transformed: true, subject: "user-events".to_owned(), ..ExistingTopic::default() };
        assert_eq!(say(&TopicFacts::Exists(transformed), 2), Gate::Go, "what its transforms make of it may be valid");
        assert!(matches!(say(&TopicFacts::Missing, 1), Gate::Discourage(_)), "a new topic will be bound and enforce");
    }

    #[test]
    fn what_has_no_encoding_is_refused_under_every_policy() {
        let violations = vec![Violation::default()].into();
        let check = answered(Finding::Checked(Checked { violations, wire: Wire::Unencodable, ..Checked::default() }));
        for policy in [Policy::Enforce, Policy::Warn, Policy::None] {
            let gate = decide(&[], &bound(policy), "", &schema(), &check);
            assert!(matches!(gate, Gate::Refuse(why) if why.contains("cannot be encoded: 1 violation")));
        }
    }

    #[test]
    fn another_subject_than_the_topics_is_discouraged() {
        let gate = decide(&[], &bound(Policy::Enforce), "orders", &schema(), &violations(0));
        assert_eq!(gate, Gate::Discourage("The topic is bound to user-events, not to orders.".to_owned()));
    }

    #[test]
    fn the_form_comes_first() {
        let gate = decide(
            &["a topic is needed".to_owned()],
            &TopicFacts::Unasked,
            "",
            &SchemaLookup::None,
            &CheckState::default(),
        );
        assert_eq!(gate, Gate::Refuse("A topic is needed.".to_owned()));
    }
}

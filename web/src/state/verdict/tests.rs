//! Tests of the two verdicts: one case for each thing a user may be told.

use std::rc::Rc;

use bytes::Bytes;
use irongate_proto::irongate_v1::Violation;
use yew::Reducible as _;

use super::*;
use crate::state::check::{CheckAction, Checked, Wire};

fn schema() -> SchemaLookup {
    SchemaLookup::Found(Rc::new(RegisteredSchema {
        subject: "user-events".to_owned(),
        version: 2,
        schema_type: "json_schema".to_owned(),
        definition: Bytes::from_static(b"{}"),
    }))
}

fn check(finding: Option<Finding>) -> CheckState {
    let state = Rc::new(CheckState::default()).reduce(CheckAction::Asked(1));
    match finding {
        None => (*state).clone(),
        Some(finding) => (*state.reduce(CheckAction::Answered(1, finding))).clone(),
    }
}

fn found(count: usize) -> CheckState {
    let violations = vec![Violation::default(); count].into();
    check(Some(Finding::Checked(Checked { violations, elapsed_ms: 0.25, ..Checked::default() })))
}

fn topic(subject: &str, policy: Policy) -> TopicFacts {
    TopicFacts::Exists(ExistingTopic { subject: subject.to_owned(), policy, ..ExistingTopic::default() })
}

fn broker(facts: &TopicFacts, subject: &str, schema: &SchemaLookup, check: &CheckState) -> (Tone, String) {
    let outlook = Outlook { facts, auto_create: true, subject, reliable: true, partitions: 0, schema, check };
    let verdict = of_broker(&outlook);
    (verdict.tone, format!("{}: {}", verdict.headline, verdict.detail))
}

#[test]
fn the_schema_speaks() {
    let said = |schema: &SchemaLookup, check: &CheckState| {
        let verdict = of_schema(schema, check);
        (verdict.tone, format!("{}: {}", verdict.headline, verdict.detail))
    };
    let one = |finding| said(&schema(), &check(Some(finding)));
    assert_eq!(said(&SchemaLookup::None, &check(None)).0, Tone::Neutral);
    assert_eq!(
        said(&SchemaLookup::Unresolved("the subject orders is not registered".to_owned()), &check(None)),
        (Tone::Bad, "The schema cannot be resolved: The subject orders is not registered.".to_owned())
    );
    assert_eq!(said(&schema(), &found(0)), (Tone::Good, "Valid: user-events version 2, checked in 0.3 ms.".to_owned()));
    assert_eq!(said(&schema(), &found(1)).1, "1 violation: user-events version 2, checked in your browser.");
    assert_eq!(said(&schema(), &found(3)).0, Tone::Bad);
    assert_eq!(said(&schema(), &check(None)).1, "Checking…: ");
    assert_eq!(
        one(Finding::SchemaUnusable("type is unknown".to_owned())).1,
        "user-events version 2 cannot be used: Type is unknown."
    );
    assert_eq!(one(Finding::WorkerFailed("it ran out of memory".to_owned())).0, Tone::Bad);
}

#[test]
fn the_policy_decides_what_violations_mean() {
    let said = |policy, count| broker(&topic("user-events", policy), "", &schema(), &found(count)).0;
    assert_eq!(said(Policy::Enforce, 0), Tone::Good);
    assert_eq!(said(Policy::Enforce, 1), Tone::Bad);
    assert_eq!(said(Policy::Warn, 1), Tone::Caution);
    assert_eq!(said(Policy::None, 1), Tone::Good);
    let open = broker(&topic("user-events", Policy::Enforce), "", &schema(), &check(None));
    assert_eq!(open.0, Tone::Neutral);
}

#[test]
fn what_has_no_encoding_is_not_sent_whatever_the_policy() {
    let violations = vec![Violation::default()].into();
    let checked = Checked { violations, wire: Wire::Unencodable, ..Checked::default() };
    let check = check(Some(Finding::Checked(checked)));
    for policy in [Policy::Enforce, Policy::Warn, Policy::None] {
        let (tone, text) = broker(&topic("user-events", policy), "", &schema(), &check);
        assert_eq!(tone, Tone::Bad);
        assert!(text.starts_with("Nothing to send: "), "{text}");
    }
}

#[test]
fn a_topic_bound_to_another_subject_refuses() {
    let (tone, text) = broker(&topic("orders", Policy::Enforce), "user-events", &schema(), &found(0));
    assert_eq!(tone, Tone::Bad);
    assert_eq!(text, "Refuse: The topic is bound to orders, not to user-events. Choose orders, or another topic.");
}

#[test]
fn what_transforms_make_of_a_message_only_a_dry_run_knows() {
    for (bound, chosen) in [("", ""), ("user-events", ""), ("", "user-events"), ("user-events", "user-events")] {
        let facts = ExistingTopic { subject: bound.to_owned(), transformed: true, ..ExistingTopic::default() };
        let facts = TopicFacts::Exists(facts);
        let (tone, text) = broker(&facts, chosen, &schema(), &found(1));
        assert!(tone == Tone::Neutral && text.starts_with("Transform it first: "), "{text}");
    }
    let other = ExistingTopic { subject: "orders".to_owned(), transformed: true, ..ExistingTopic::default() };
    assert_eq!(broker(&TopicFacts::Exists(other), "user-events", &schema(), &found(0)).0, Tone::Bad);
}

#[test]
fn an_unbound_topic_will_be_bound() {
    let unbound = topic("", Policy::None);
    let (tone, text) = broker(&unbound, "user-events", &schema(), &found(0));
    assert_eq!(tone, Tone::Good);
    assert_eq!(text, "Accept: Binds the topic to user-events; from then on it takes valid messages only.");
    assert_eq!(
        broker(&unbound, "user-events", &schema(), &found(1)),
        (Tone::Bad, "Refuse: The message is made for user-events and breaks it.".to_owned())
    );
    assert_eq!(broker(&unbound, "", &SchemaLookup::None, &check(None)).0, Tone::Good);
}

#[test]
fn a_missing_topic_is_created_or_refused() {
    let missing = TopicFacts::Missing;
    assert_eq!(
        broker(&missing, "", &SchemaLookup::None, &check(None)),
        (Tone::Good, "Accept: Creates the topic, reliable, not bound to a schema.".to_owned())
    );
    let (schema, check) = (schema(), found(0));
    let outlook = Outlook {
        facts: &missing,
        auto_create: true,
        subject: "user-events",
        reliable: false,
        partitions: 8,
        schema: &schema,
        check: &check,
    };
    assert_eq!(
        of_broker(&outlook).detail,
        "Creates the topic, non-reliable with 8 partitions, and binds it to user-events; from then on it takes valid \
         messages only."
    );
    let refusing = Outlook { auto_create: false, ..outlook };
    assert_eq!(of_broker(&refusing).tone, Tone::Bad);
}

#[test]
fn sentences_stand_alone() {
    assert_eq!(sentence("the host is down"), "The host is down.");
    assert_eq!(sentence("Done!"), "Done!");
    assert_eq!(sentence(" "), "");
}

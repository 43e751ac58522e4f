//! Letters of all three kinds, and what is sent in their place.

use super::*;

fn letter(attributes: &[(&str, &str)]) -> Letter {
    let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Letter { topic: "/default/dlq-part-1".into(), offset: 3, attributes, ..Letter::default() }
}

#[test]
fn the_message_that_a_letter_of_a_pipeline_was_has_its_own_attributes_and_its_first_place() {
    let letter = letter(&[
        ("tenant", "a"),
        (ORIGINAL_TOPIC, "/default/orders-part-2"),
        (ORIGINAL_OFFSET, "9"),
        (FAILURE_REASON, "not JSON"),
        (PIPELINE, "orders"),
        (STAGE, "mask"),
        (DEDUP_ID, "1234"),
        ("x-first-original-topic", "/default/first"),
    ]);
    assert_eq!((letter.home(), letter.place(), letter.reason()), (Some("/default/orders"), "mask", "not JSON"));
    let attributes = letter.original_attributes();
    assert_eq!(attributes.len(), 2, "{attributes:?}");
    assert_eq!((&*attributes["tenant"], &*attributes[ORIGIN]), ("a", "/default/orders-part-2@9"));
}

#[test]
fn a_letter_of_a_subscription_keeps_the_dedup_id_that_its_message_had() {
    let letter = letter(&[
        (DEDUP_ID, "1234"),
        (ORIGINAL_TOPIC, "/default/orders"),
        (ORIGINAL_SUBSCRIPTION, "billing"),
        (ORIGINAL_OFFSET, "0"),
        (ORIGINAL_PRODUCER_ID, "4"),
        (ORIGINAL_BROKER, "b"),
        (DELIVERY_ATTEMPT, "2"),
        (POISON_POLICY, "dead_letter"),
    ]);
    assert_eq!((letter.place(), letter.class(), letter.attempts()), ("billing", "", "2"));
    let attributes = letter.original_attributes();
    assert_eq!(attributes.len(), 2, "{attributes:?}");
    assert_eq!((&*attributes[DEDUP_ID], &*attributes[ORIGIN]), ("1234", "/default/orders@0"));
}

#[test]
fn a_letter_of_produce_says_the_same_by_other_names() {
    let mut letter = letter(&[
        ("original_topic", "/default/orders"),
        ("failures", "4"),
        ("error_code", "INVALID_ARGUMENT"),
        ("error", "it is not JSON"),
        ("tenant", "a"),
    ]);
    let kind = letter.kind();
    assert_eq!((&*kind.class, &*kind.reason, letter.attempts()), ("INVALID_ARGUMENT", "it is not JSON", "4"));
    assert_eq!(letter.home(), Some("/default/orders"));
    assert_eq!(letter.original_attributes().keys().collect::<Vec<_>>(), ["tenant"], "it was never stored");
    letter.attributes.insert("original_topic".into(), "a name".into());
    assert_eq!((letter.home(), letter.original_attributes().len()), (None, 5), "somebody's own attributes");
}

#[test]
fn a_letter_that_was_sent_again_before_keeps_where_it_was_first() {
    let letter = letter(&[(ORIGINAL_TOPIC, "/default/a-part-x"), (ORIGINAL_OFFSET, "9"), (ORIGIN, "/default/a@1")]);
    assert_eq!(letter.home(), Some("/default/a-part-x"));
    assert_eq!(letter.original_attributes()[ORIGIN], "/default/a@1");
}

#[test]
fn letters_of_one_kind_begin_alike() {
    let of = |reason: &str| letter(&[(FAILURE_REASON, reason), (PLUGIN_SHA256, "ab")]).kind();
    assert_eq!(of("no\nbecause 1"), of("no\nbecause 2"));
    assert_eq!(of("no\nbecause 1").reason, "no…");
    let long = "ä".repeat(KIND_CHARACTERS_MAX);
    assert_eq!(of(&format!("{long} 1")), of(&format!("{long} 2")));
    assert_ne!(of("no"), of("yes"));
    assert_eq!(of(r#"/items/3: "a \"b\"" is no "c""#).reason, r#"/items/#: "…" is no "…""#);
    assert_eq!(of(r#"it's 12 of "an"#), of(r#"it's 7 of "other"#));
    assert_eq!(of(r#"it's 12 of "an\"#).reason, r#"it's # of "…""#);
}

#[test]
fn a_record_is_sent_again_as_often_as_the_limit_says_and_counted() {
    let mut letter = letter(&[(ORIGINAL_TOPIC, "/default/orders"), (ORIGINAL_OFFSET, "9")]);
    for sent in 0..REDRIVES_MAX {
        let redriven = redrive(&letter, None, REDRIVES_MAX).expect("below the limit");
        assert_eq!(redriven.topic, "/default/orders");
        assert_eq!(redriven.attributes[REDRIVES], (sent + 1).to_string());
        letter.attributes.extend(redriven.attributes);
    }
    let guard = redrive(&letter, None, REDRIVES_MAX).expect_err("the limit");
    assert_eq!(guard, Guard::TooOften { redrives: REDRIVES_MAX, redrives_max: REDRIVES_MAX });
    assert!(guard.to_string().contains("3 of at most 3 times"), "{guard}");
    assert!(redrive(&letter, None, REDRIVES_MAX + 1).is_ok());
}

#[test]
fn what_would_come_back_as_it_is_or_has_nowhere_to_go_is_not_sent() {
    let mut letter = letter(&[(ORIGINAL_TOPIC, "/default/dlq-part-0")]);
    assert_eq!(redrive(&letter, None, 1), Err(Guard::OwnTopic("/default/dlq".into())));
    assert_eq!(redrive(&letter, Some("/default/dlq"), 1), Err(Guard::OwnTopic("/default/dlq".into())));
    assert_eq!(redrive(&letter, Some("/default/x"), 1).expect("elsewhere").topic, "/default/x");
    letter.attributes.clear();
    assert_eq!(redrive(&letter, Some(""), 1), Err(Guard::NoOrigin));
    assert_eq!(redrive(&letter, Some("/default/x"), 1).expect("elsewhere").attributes.len(), 1);
}

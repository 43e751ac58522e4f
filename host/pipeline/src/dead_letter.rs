//! A record that could not be served, with everything that a person or a replay needs to know: Danube's attribute names, and ours beside them. The
//! payload is the one that came in.

use std::collections::BTreeMap;

use crate::{
    dedup::{DEDUP_ID, ORIGIN, dedup_id, origin},
    engine::{Arrived, Outgoing},
    limits::DEAD_LETTER_TEXT_BYTES_MAX,
};

pub use irongate_messages::dead_letter::{
    BACKTRACE, DELIVERY_ATTEMPT, ERROR_CLASS, FAILURE_REASON, ORIGINAL_OFFSET, ORIGINAL_SUBSCRIPTION, ORIGINAL_TOPIC,
    PIPELINE, PLUGIN, PLUGIN_SHA256, POISON_POLICY, PUBLISH_TIME_MS, STAGE, TARGET,
};

/// What the first three become when a dead letter is read and fails again.
const FIRST: [(&str, &str); 3] = [
    (ORIGINAL_TOPIC, "x-first-original-topic"),
    (ORIGINAL_SUBSCRIPTION, "x-first-original-subscription"),
    (ORIGINAL_OFFSET, "x-first-original-topic-offset"),
];

/// Why a record was not served.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failure {
    pub(crate) class: &'static str,
    pub(crate) reason: String,
    pub(crate) stage: Option<String>,
    pub(crate) target: Option<String>,
    pub(crate) plugin: Option<String>,
    pub(crate) sha256: Option<String>,
    pub(crate) backtrace: String,
    pub(crate) attempts: u32,
}

impl Failure {
    pub(crate) fn of_stage(class: &'static str, reason: &str, stage: &str, sha256: &str, attempts: u32) -> Failure {
        let sha256 = (!sha256.is_empty()).then(|| sha256.to_owned());
        Failure {
            class,
            reason: reason.to_owned(),
            stage: Some(stage.to_owned()),
            sha256,
            attempts,
            ..Failure::default()
        }
    }

    pub(crate) fn of_target(class: &'static str, reason: String, target: &str) -> Failure {
        Failure { class, reason, target: Some(target.to_owned()), attempts: 1, ..Failure::default() }
    }
}

/// The dead letter of a record.
pub(crate) fn letter(
    pipeline: &str,
    subscription: &str,
    topic: &str,
    arrived: &Arrived,
    failure: &Failure,
) -> Outgoing {
    let record = &arrived.record;
    let mut attributes: BTreeMap<String, String> = record.attributes.iter().cloned().collect();
    for (name, first) in FIRST {
        if !attributes.contains_key(first)
            && let Some(value) = attributes.get(name).cloned()
        {
            attributes.insert(first.to_owned(), value);
        }
    }
    let mut put = |name: &str, value: &str| attributes.insert(name.to_owned(), cut(value));
    put(ORIGINAL_TOPIC, &arrived.position.topic);
    put(ORIGINAL_SUBSCRIPTION, subscription);
    put(ORIGINAL_OFFSET, &arrived.position.offset.to_string());
    put(DELIVERY_ATTEMPT, &failure.attempts.to_string());
    put(FAILURE_REASON, &failure.reason);
    put(POISON_POLICY, "dead_letter");
    put(ERROR_CLASS, failure.class);
    put(PIPELINE, pipeline);
    put(PUBLISH_TIME_MS, &record.publish_time_ms.to_string());
    // A letter that is replayed and fails again stays the same letter.
    let origin = origin(record, &arrived.position);
    put(DEDUP_ID, &dedup_id(pipeline, &origin, "dead_letter", topic));
    put(ORIGIN, &origin);
    let more = [
        (STAGE, &failure.stage),
        (TARGET, &failure.target),
        (PLUGIN, &failure.plugin),
        (PLUGIN_SHA256, &failure.sha256),
    ];
    for (name, value) in more {
        if let Some(value) = value {
            put(name, value);
        }
    }
    if !failure.backtrace.is_empty() {
        put(BACKTRACE, &failure.backtrace);
    }
    let origin = arrived.position.clone();
    Outgoing { origin, key: record.key.clone(), attributes, payload: record.payload.clone() }
}

fn cut(text: &str) -> String {
    let mut end = text.len().min(DEAD_LETTER_TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Position;
    use irongate_runtime::Record;

    #[test]
    fn a_letter_that_fails_again_keeps_its_first_origin() {
        let position = Position { topic: "/default/t".into(), offset: 7 };
        let mut arrived = Arrived { position, record: Record::default() };
        let reason = "x".repeat(2 * DEAD_LETTER_TEXT_BYTES_MAX);
        let failure = Failure::of_stage("reject", &reason, "mask", "", 1);
        let first = letter("p", "sub", "/default/dlq", &arrived, &failure);
        assert_eq!(first.attributes[FAILURE_REASON].len(), DEAD_LETTER_TEXT_BYTES_MAX);
        assert_eq!(first.attributes[ORIGINAL_OFFSET], "7");

        arrived.record.attributes = first.attributes.clone().into_iter().collect();
        arrived.position = Position { topic: "/default/dlq".into(), offset: 0 };
        let second = letter("p", "sub", "/default/dlq", &arrived, &failure);
        assert_eq!(second.attributes[ORIGINAL_TOPIC], "/default/dlq");
        assert_eq!(second.attributes["x-first-original-topic"], "/default/t");
        assert_eq!(second.attributes[DEDUP_ID], first.attributes[DEDUP_ID]);
    }
}

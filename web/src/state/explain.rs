//! A failure of a call, and what it means in words: cause and fix for each gRPC status
//! code that a host sends or a browser makes up.

use std::rc::Rc;

use irongate_proto::irongate_v1::Violation;
use tonic::{Code, Status};

/// Why a call failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The status code.
    pub code: Code,
    /// The host's own words.
    pub message: String,
    /// The broken rules, where the payload was the reason.
    pub violations: Rc<[Violation]>,
}

impl Failure {
    /// A failure without violations.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Failure {
        Failure { code, message: message.into(), violations: Rc::new([]) }
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Failure {
        Failure::new(status.code(), status.message())
    }
}

/// What a status means and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The code as gRPC spells it.
    pub name: &'static str,
    /// Why this happens.
    pub cause: &'static str,
    /// What to do.
    pub fix: &'static str,
}

/// What the host's sentence tells more than its code: a part of it, and what it then means. The sentences are
/// those of Irongate's own broker; others are explained by their code alone. The first that fits counts.
const PARTICULAR: [(Code, &str, &str, &str); 19] = [
    (
        Code::InvalidArgument,
        "invalid format",
        "The name of the topic is not /namespace/topic in letters, digits, _ and -.",
        "Correct the topic.",
    ),
    (
        Code::InvalidArgument,
        "bytes, the limit is",
        "The message is longer than this host takes.",
        "Send less in one message, or start the host with a higher limit.",
    ),
    (Code::InvalidArgument, "policy", "A validation policy is none, warn or enforce.", "Choose one of the three."),
    (
        Code::PermissionDenied,
        "Payload validation failed",
        "The broker checked the message and refused it: it breaks the schema that the topic enforces.",
        "Correct the places listed, or let the topic only warn (Topics page).",
    ),
    (
        Code::PermissionDenied,
        "schema id",
        "The message names another schema than the one its topic is bound to.",
        "Choose the topic's own subject.",
    ),
    (
        Code::PermissionDenied,
        "version",
        "The version of the schema that the message names does not go with what its producer asked for.",
        "Choose another version of the subject.",
    ),
    (
        Code::FailedPrecondition,
        "was created",
        "The topic is reliable and the message is not, or the other way round; a topic stays what it was created as.",
        "Send as the topic is, or choose another topic.",
    ),
    (
        Code::FailedPrecondition,
        "is bound to",
        "The topic is bound to another subject than the one the message names.",
        "Choose the topic's own subject, or another topic.",
    ),
    (
        Code::FailedPrecondition,
        "is not registered",
        "Nobody has registered the subject that the message names.",
        "Register the schema, or choose another subject.",
    ),
    (
        Code::FailedPrecondition,
        "has no version",
        "The subject is registered, but not with that version.",
        "Choose the latest version, or one from the list.",
    ),
    (
        Code::NotFound,
        "producer",
        "The host has been started again since the producer was created, and knows it no more.",
        "Send once more: a producer is created anew.",
    ),
    (
        Code::NotFound,
        "consumer",
        "The host has been started again since the subscription was opened, and knows it no more.",
        "Subscribe once more.",
    ),
    (
        Code::NotFound,
        "topic",
        "There is no topic of that name, or it is not bound to a schema yet.",
        "Create it on the Topics page, or correct the name.",
    ),
    (
        Code::Unavailable,
        "namespace",
        "The namespace does not exist, and this host does not create it on first use.",
        "Create the namespace first, or start the host so that it creates topics on first use.",
    ),
    (
        Code::Unavailable,
        "refuses writes",
        "A write or a sync of the disk has failed; the host writes nothing more, so that nothing acknowledged is lost.",
        "Look at the disk and at the host's log, then start the host again. What was acknowledged is safe.",
    ),
    (
        Code::Unavailable,
        "shutting down",
        "The host is being stopped. It did not take the message.",
        "Send again when it is back.",
    ),
    (
        Code::Internal,
        "compatible with version",
        "The definition breaks what the subject's compatibility mode protects.",
        "Change the definition as the findings say, or change the mode on the Schemas page.",
    ),
    (
        Code::Internal,
        "Failed to delete",
        "The version is not there, or it is the last one of a subject that a topic is bound to.",
        "Bind the topic to another subject first.",
    ),
    (
        Code::Internal,
        "Failed to register",
        "The definition does not compile as a schema of its type.",
        "Correct the place that the message names.",
    ),
];

/// Explains a failure: by its sentence where that says more, else by its code.
#[must_use]
pub fn explain(failure: &Failure) -> Explanation {
    let general = explain_code(failure.code);
    let known = PARTICULAR.iter().find(|(code, part, ..)| *code == failure.code && failure.message.contains(part));
    match known {
        Some((_, _, cause, fix)) => Explanation { cause, fix, ..general },
        None => general,
    }
}

/// Explains a status code by itself.
fn explain_code(code: Code) -> Explanation {
    let (name, cause, fix) = match code {
        Code::Ok => ("OK", "The call succeeded.", "There is nothing to do."),
        Code::InvalidArgument => (
            "INVALID_ARGUMENT",
            "Something in the request is not in the form the broker takes: often a topic name, or a message over the size limit.",
            "Correct the field that the message names.",
        ),
        Code::PermissionDenied => (
            "PERMISSION_DENIED",
            "The broker looked at the message and refused it: it breaks the schema that the topic enforces.",
            "Correct the places listed, or send to a topic with another schema.",
        ),
        Code::FailedPrecondition => (
            "FAILED_PRECONDITION",
            "The topic is not as this message needs it: reliable or not, or bound to another subject.",
            "Send as the topic is, or choose another topic.",
        ),
        Code::NotFound => {
            ("NOT_FOUND", "What the request names does not exist.", "Check the spelling, or create it first.")
        }
        Code::AlreadyExists => (
            "ALREADY_EXISTS",
            "The name is taken by something of another kind, such as a topic with another number of partitions.",
            "Choose another name, or use what exists as it is.",
        ),
        Code::ResourceExhausted | Code::OutOfRange => (
            if matches!(code, Code::OutOfRange) { "OUT_OF_RANGE" } else { "RESOURCE_EXHAUSTED" },
            "A limit of the host is reached.",
            "Send less at once, or raise the limit that the message names.",
        ),
        Code::Unavailable => (
            "UNAVAILABLE",
            "The host does not answer, or does not take writes now.",
            "See whether irongate is running and what its log says, then send again.",
        ),
        Code::Unauthenticated => (
            "UNAUTHENTICATED",
            "This host asks for a token, and the call carried none that it accepts.",
            "Give the console a token of this host (the key at the side), or one with the scope that the message names.",
        ),
        Code::DeadlineExceeded => (
            "DEADLINE_EXCEEDED",
            "The host took too long. The message may or may not have been stored.",
            "Look in the tail before you send again.",
        ),
        Code::Cancelled | Code::Aborted => (
            if matches!(code, Code::Aborted) { "ABORTED" } else { "CANCELLED" },
            "The call ended before its answer. The message may or may not have been stored.",
            "Look in the tail before you send again.",
        ),
        Code::Unimplemented => (
            "UNIMPLEMENTED",
            "This host does not have this service. Page and host are perhaps of different versions.",
            "Reload the page.",
        ),
        Code::Internal | Code::Unknown | Code::DataLoss => (
            match code {
                Code::Internal => "INTERNAL",
                Code::DataLoss => "DATA_LOSS",
                _ => "UNKNOWN",
            },
            "Something failed inside the host, or the answer did not arrive whole.",
            "Read the message and the host's log; if the host was stopped, start it and send again.",
        ),
    };
    Explanation { name, cause, fix }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_name_a_cause_and_a_fix() {
        let mut names = std::collections::BTreeSet::new();
        for number in 0..=16 {
            let explanation = explain_code(Code::from_i32(number));
            assert!(names.insert(explanation.name), "{} twice", explanation.name);
            assert!(explanation.cause.ends_with('.') && explanation.fix.ends_with('.'), "{}", explanation.name);
        }
    }

    #[test]
    fn the_hosts_sentences_are_understood() {
        let says = |code, message: &str| explain(&Failure::new(code, message));
        let cases = [
            (
                Code::InvalidArgument,
                "The topic: x has an invalid format, should be: /namespace_name/topic_name",
                "Correct the topic.",
            ),
            (Code::InvalidArgument, "the message has 9 bytes, the limit is 8", "Send less"),
            (Code::InvalidArgument, "the validation policy \"x\" must be none, warn or enforce", "Choose one"),
            (
                Code::PermissionDenied,
                "Unable to publish the message: Payload validation failed: topic /a/b",
                "Correct the places",
            ),
            (
                Code::PermissionDenied,
                "Unable to publish the message: it names the schema id 3",
                "the topic's own subject",
            ),
            (
                Code::FailedPrecondition,
                "the topic /a/b was created Reliable, a NonReliable producer cannot use it",
                "Send as the topic is",
            ),
            (
                Code::FailedPrecondition,
                "the topic /a/b is bound to the schema subject x, not y",
                "the topic's own subject",
            ),
            (Code::FailedPrecondition, "the schema subject x is not registered", "Register the schema"),
            (Code::FailedPrecondition, "the schema subject x has no version 3", "the latest version"),
            (Code::NotFound, "the topic /a/b does not exist", "Create it"),
            (Code::NotFound, "the producer with id 3 does not exist; create the producer again", "Send once more"),
            (Code::NotFound, "the consumer with id 3 does not exist; subscribe again", "Subscribe"),
            (Code::Unavailable, "Unable to find the namespace x", "Create the namespace"),
            (Code::Unavailable, "the store refuses writes: sync failed", "Look at the disk"),
            (Code::Unavailable, "the broker is shutting down", "when it is back"),
            (
                Code::Internal,
                "Failed to register schema: not backward compatible with version 1 of x: …",
                "change the mode",
            ),
            (Code::Internal, "Failed to register schema: no definition", "Correct the place"),
            (Code::Internal, "Failed to delete schema: version 1 is the last of x", "another subject"),
        ];
        for (code, message, fix) in cases {
            assert!(says(code, message).fix.contains(fix), "{message}: {}", says(code, message).fix);
        }
        assert_eq!(says(Code::Unavailable, "connection refused"), explain_code(Code::Unavailable));
        for (code, part, cause, fix) in PARTICULAR {
            assert!(cause.ends_with('.') && fix.ends_with('.') && !part.is_empty(), "{code:?} {part}");
        }
    }
}

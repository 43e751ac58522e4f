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

/// Explains a status code.
#[must_use]
pub fn explain(code: Code) -> Explanation {
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
        Code::Unauthenticated => ("UNAUTHENTICATED", "The host wants to know who you are.", "Sign in and try again."),
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
            let explanation = explain(Code::from_i32(number));
            assert!(names.insert(explanation.name), "{} twice", explanation.name);
            assert!(explanation.cause.ends_with('.') && explanation.fix.ends_with('.'), "{}", explanation.name);
        }
    }
}

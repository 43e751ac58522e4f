//! A failure of a call, and what it means in words: cause and fix for each gRPC status
//! code that a host sends or a browser makes up.

use std::rc::Rc;

use irongate_proto::irongate_v1::Violation;
use tonic::{Code, Status};

mod particular;

use particular::{PARTICULAR, Particular};

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
    /// What the page can do about it at once.
    pub remedy: Remedy,
}

/// What a button beside a failure does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// There is none: a person has to look.
    Nothing,
    /// Takes the subject that the topic is bound to.
    OwnSubject,
    /// Takes the latest version of the subject.
    LatestVersion,
    /// Opens the panel that registers a schema.
    Register,
    /// Goes to the page of the topic.
    Topic,
    /// Sends once more.
    Again,
}

impl Remedy {
    /// The words on its button; none: no button.
    #[must_use]
    pub fn words(self) -> Option<&'static str> {
        match self {
            Remedy::Nothing => None,
            Remedy::OwnSubject => Some("Use the topic's own subject"),
            Remedy::LatestVersion => Some("Use the latest version"),
            Remedy::Register => Some("Register the schema…"),
            Remedy::Topic => Some("Look at the topic"),
            Remedy::Again => Some("Send again"),
        }
    }
}

/// Explains a failure: by its sentence where that says more, else by its code.
#[must_use]
pub fn explain(failure: &Failure) -> Explanation {
    let general = explain_code(failure.code);
    let known = PARTICULAR.iter().find(|row| row.code == failure.code && failure.message.contains(row.part));
    match known {
        Some(&Particular { cause, fix, remedy, .. }) => Explanation { cause, fix, remedy, ..general },
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
            "The broker looked at the request and does not allow it, for the reason in its message.",
            "Do what the message says; where it speaks of the payload, correct the places listed.",
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
    let remedy = match code {
        Code::Unavailable => Remedy::Again,
        _ => Remedy::Nothing,
    };
    Explanation { name, cause, fix, remedy }
}

#[cfg(test)]
mod tests;

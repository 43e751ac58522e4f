//! Every status of the wire contract has a cause and a fix that fit the situation it stands for.

use std::collections::BTreeSet;

use super::*;

fn says(code: Code, message: &str) -> Explanation {
    explain(&Failure::new(code, message))
}

/// What a host says, part of what to do then, and the button beside it.
type Case = (Code, &'static str, &'static str, Remedy);

fn hold(cases: &[Case]) {
    for (code, message, fix, remedy) in cases {
        let explained = says(*code, message);
        assert!(explained.fix.contains(fix), "{message}: {}", explained.fix);
        assert_eq!(explained.remedy, *remedy, "{message}");
        assert_ne!(explained.cause, explain_code(*code).cause, "{message} is explained by more than its status");
    }
}

#[test]
fn every_code_has_its_name_a_cause_and_a_fix() {
    let mut names = BTreeSet::new();
    for number in 0..=16 {
        let explanation = explain_code(Code::from_i32(number));
        assert!(names.insert(explanation.name), "{} twice", explanation.name);
        assert!(explanation.cause.ends_with('.') && explanation.fix.ends_with('.'), "{}", explanation.name);
    }
    for row in PARTICULAR {
        assert!(row.cause.ends_with('.') && row.fix.ends_with('.') && !row.part.is_empty(), "{}", row.part);
    }
    assert_eq!(says(Code::Unavailable, "connection refused"), explain_code(Code::Unavailable));
}

#[test]
fn no_sentence_hides_behind_another() {
    for (index, row) in PARTICULAR.iter().enumerate() {
        let before = PARTICULAR.iter().take(index).filter(|other| other.code == row.code);
        for other in before {
            assert!(!row.part.contains(other.part), "{} is never reached, because of {}", row.part, other.part);
        }
    }
}

#[test]
fn a_message_that_was_refused_is_explained() {
    hold(&[
        (
            Code::InvalidArgument,
            "The topic: x has an invalid format, should be: /namespace_name/topic_name",
            "Correct the topic.",
            Remedy::Nothing,
        ),
        (Code::InvalidArgument, "the message has 9 bytes, the limit is 8", "Send less", Remedy::Nothing),
        (
            Code::OutOfRange,
            "decoded message length too large: found 5242962 bytes, the limit is: 4194304 bytes",
            "Send less",
            Remedy::Nothing,
        ),
        (Code::InvalidArgument, "Dispatch strategy is missing", "Reload", Remedy::Nothing),
        (Code::InvalidArgument, "the dispatch strategy 9 is unknown", "Reload", Remedy::Nothing),
        (Code::InvalidArgument, "the message carries no msg_id; it must name the topic", "Reload", Remedy::Nothing),
        (
            Code::PermissionDenied,
            "Unable to publish the message: Payload validation failed: topic /a/b",
            "Correct the places",
            Remedy::Topic,
        ),
        (
            Code::PermissionDenied,
            "Unable to publish the message: it names the schema id 3, the topic /a/b is bound to s with id 2",
            "the topic's own subject",
            Remedy::OwnSubject,
        ),
        (
            Code::PermissionDenied,
            "Unable to publish the message: the message names version 1 of s, its producer is pinned to version 2",
            "another version",
            Remedy::LatestVersion,
        ),
        (
            Code::PermissionDenied,
            "Unable to publish the message: its msg_id names the topic /a/c, its producer writes to /a/b",
            "created anew",
            Remedy::Nothing,
        ),
        (
            Code::PermissionDenied,
            "Unable to publish the message: the topic /a/b belongs to the exclusive producer p",
            "Wait",
            Remedy::Topic,
        ),
        (
            Code::NotFound,
            "the producer with id 3 does not exist; create the producer again",
            "Send once",
            Remedy::Again,
        ),
    ]);
}

#[test]
fn a_topic_that_does_not_fit_is_explained() {
    hold(&[
        (Code::Unavailable, "Unable to find the namespace x", "Create the namespace", Remedy::Nothing),
        (Code::NotFound, "the topic /a/b does not exist", "Create it", Remedy::Nothing),
        (Code::Unavailable, "The topic is created, redo the lookup", "Send again", Remedy::Again),
        (
            Code::Unavailable,
            "The topic exists but is served by another broker",
            "looks the topic up anew",
            Remedy::Again,
        ),
        (Code::AlreadyExists, "the topic /a/b exists with 3 partitions; use one of them", "as it is", Remedy::Topic),
        (Code::AlreadyExists, "the topic /a/b exists already", "as it is", Remedy::Topic),
        (
            Code::FailedPrecondition,
            "the topic /a/b was created Reliable, a NonReliable producer cannot use it",
            "Send as the topic is",
            Remedy::Topic,
        ),
        (
            Code::FailedPrecondition,
            "the topic /a/b is bound to the schema subject x, not y",
            "the topic's own subject",
            Remedy::OwnSubject,
        ),
        (Code::FailedPrecondition, "the schema subject x is not registered", "Register the schema", Remedy::Register),
        (
            Code::FailedPrecondition,
            "the schema subject x has no version 3",
            "the latest version",
            Remedy::LatestVersion,
        ),
        (
            Code::FailedPrecondition,
            "the topic /a/b is non-reliable, it keeps no messages",
            "a reliable topic",
            Remedy::Nothing,
        ),
        (Code::ResourceExhausted, "the topic /a/b has too many producers: the limit is 9", "idle ones", Remedy::Again),
        (Code::ResourceExhausted, "there are too many topics: the limit is 9", "not needed", Remedy::Nothing),
        (Code::ResourceExhausted, "the disk has 1 MiB free, 64 MiB must stay", "Make room", Remedy::Nothing),
    ]);
}

#[test]
fn subscriptions_and_schemas_are_explained() {
    hold(&[
        (
            Code::PermissionDenied,
            "the exclusive subscription s on /a/b is taken by c",
            "another subscription",
            Remedy::Nothing,
        ),
        (
            Code::PermissionDenied,
            "the subscription s on /a/b is shared, a exclusive consumer cannot join it",
            "the type that the message names",
            Remedy::Nothing,
        ),
        (Code::PermissionDenied, "the subscription s on /a/b is being deleted", "Subscribe again", Remedy::Nothing),
        (Code::NotFound, "the consumer with id 3 does not exist; subscribe again", "Subscribe", Remedy::Nothing),
        (Code::NotFound, "the topic /a/b has no subscription s", "subscriptions", Remedy::Nothing),
        (
            Code::Internal,
            "offset 9 of /a/b is 5 or more messages ahead of the first unacknowledged one",
            "older",
            Remedy::Nothing,
        ),
        (
            Code::Internal,
            "Failed to register schema: not backward compatible with version 1 of x: …",
            "change the mode",
            Remedy::Nothing,
        ),
        (Code::Internal, "Failed to register schema: no definition", "Correct the place", Remedy::Nothing),
        (
            Code::Internal,
            "Failed to check schema: the subject x is not registered",
            "Correct the place",
            Remedy::Nothing,
        ),
        (Code::Internal, "Failed to delete schema: version 1 is the last of x", "another subject", Remedy::Nothing),
        (Code::NotFound, "the subject x is not registered", "Register the schema", Remedy::Register),
        (
            Code::InvalidArgument,
            "the validation policy \"x\" must be none, warn or enforce",
            "Choose one",
            Remedy::Nothing,
        ),
        (Code::InvalidArgument, "Invalid compatibility mode: x", "Choose one", Remedy::Nothing),
    ]);
}

#[test]
fn who_may_call_and_what_is_down_is_explained() {
    hold(&[
        (Code::Unauthenticated, "the token has expired", "a new token", Remedy::Nothing),
        (
            Code::PermissionDenied,
            "the token of ann has not the scope for this call, produce",
            "the scope that the message names",
            Remedy::Nothing,
        ),
        (
            Code::PermissionDenied,
            "the token of ann is for the namespaces shop and no other",
            "for the namespace",
            Remedy::Nothing,
        ),
        (
            Code::PermissionDenied,
            "x is no host name of this server: allow it with --allow-host",
            "by a name",
            Remedy::Nothing,
        ),
        (
            Code::FailedPrecondition,
            "the cluster does not accept this host's token: invalid",
            "--upstream-token-file",
            Remedy::Nothing,
        ),
        (Code::FailedPrecondition, "JWT is not configured", "Set tokens up", Remedy::Nothing),
        (Code::Unavailable, "the store refuses writes: sync failed", "Look at the disk", Remedy::Nothing),
        (
            Code::Unavailable,
            "a write to the data directory failed and nothing is written since: sync failed",
            "Look at the disk",
            Remedy::Nothing,
        ),
        (Code::Unavailable, "the broker is shutting down", "when it is back", Remedy::Again),
        (Code::Unavailable, "the cluster cannot be reached: refused", "--upstream is right", Remedy::Again),
        (
            Code::Unavailable,
            "the administrative port of the cluster cannot be reached: refused",
            "--upstream-admin",
            Remedy::Nothing,
        ),
        (Code::Internal, "cannot read stored data: torn", "Look at the disk", Remedy::Nothing),
        (Code::Unimplemented, "this host stands before a cluster, which counts nothing", "own tools", Remedy::Nothing),
    ]);
    // A missing token is explained by its status: that is all it can mean.
    assert!(says(Code::Unauthenticated, "this server asks for a token").fix.contains("the key at the side"));
}

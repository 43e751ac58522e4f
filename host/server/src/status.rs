//! The one place where a broker's refusal becomes a gRPC status: its code, its sentence, and
//! every violation as a field violation in the details. Which code a refusal has is the
//! broker's knowledge ([`BrokerError::code`] matches exhaustively). Both parts are bounded:
//! they travel in headers.

use crate::limits::{STATUS_DETAILS_BYTES_MAX, STATUS_MESSAGE_BYTES_MAX};
use bytes::Bytes;
use irongate_broker::BrokerError;
use irongate_schema::Violation;
use tonic::Status;
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// A broker's refusal as it travels.
#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
pub(crate) fn refuse(error: BrokerError) -> Status {
    if let BrokerError::Upstream { status } = &error {
        return Status::with_details(status.code(), bounded(status.message().to_owned()), passed_on(status.details()));
    }
    let message = bounded(error.to_string());
    let violations = error.violations();
    if violations.is_empty() {
        return Status::new(error.code(), message);
    }
    Status::with_error_details(error.code(), message, ErrorDetails::with_bad_request(field_violations(violations)))
}

/// Details of another server; none where they are too long to travel on.
fn passed_on(details: &[u8]) -> Bytes {
    if details.len() > STATUS_DETAILS_BYTES_MAX { Bytes::new() } else { Bytes::copy_from_slice(details) }
}

/// As many violations as fit.
fn field_violations(violations: &[Violation]) -> Vec<FieldViolation> {
    let mut room = STATUS_DETAILS_BYTES_MAX;
    let mut fields = Vec::new();
    for violation in violations {
        let field = field_violation(violation);
        let bytes = field.field.len() + field.description.len() + field.reason.len() + FIELD_FRAME_BYTES;
        if bytes > room {
            break;
        }
        room -= bytes;
        fields.push(field);
    }
    fields
}

/// Tags and lengths around one field violation, at most.
const FIELD_FRAME_BYTES: usize = 16;

fn field_violation(violation: &Violation) -> FieldViolation {
    let mut description = violation.message.clone();
    if violation.line > 0 {
        description += &format!(" (line {}, column {})", violation.line, violation.column);
    }
    description += &format!(" [{} at {}]", violation.rule, violation.schema_path);
    FieldViolation {
        field: violation.instance_path.clone(),
        description,
        reason: reason(&violation.rule),
        ..FieldViolation::default()
    }
}

/// A rule's name as Google's error model writes reasons: `minLength` is `MIN_LENGTH`.
fn reason(rule: &str) -> String {
    let mut reason = String::with_capacity(rule.len() + 4);
    for character in rule.chars() {
        if character.is_uppercase() {
            reason.push('_');
        }
        reason.push(character.to_ascii_uppercase());
    }
    reason
}

/// Cuts a sentence so that it fits when percent-encoded, where a byte outside printable ASCII takes three.
fn bounded(mut sentence: String) -> String {
    let mut room = STATUS_MESSAGE_BYTES_MAX;
    for (at, character) in sentence.char_indices() {
        let is_plain =
            matches!(character, ' '..='~') && !matches!(character, '%' | '"' | '#' | '<' | '>' | '`' | '?' | '{' | '}');
        let bytes = if is_plain { 1 } else { 3 * character.len_utf8() };
        if bytes > room {
            sentence.truncate(at);
            sentence.push_str("...");
            break;
        }
        room -= bytes;
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;
    use irongate_broker::TransformRefusal;
    use tonic::Code;

    fn violation(message: &str) -> Violation {
        Violation {
            instance_path: "/user_id".into(),
            line: 1,
            column: 12,
            byte_start: 11,
            byte_end: 14,
            rule: "minLength".into(),
            schema_path: "/properties/user_id/minLength".into(),
            message: message.into(),
        }
    }

    fn invalid(violations: Vec<Violation>) -> BrokerError {
        BrokerError::PayloadInvalid { topic: "/default/t".into(), subject: "s".into(), version: 1, violations }
    }

    #[test]
    fn codes_and_sentences_are_danubes() {
        let text = String::from;
        let table = [
            (
                BrokerError::InvalidTopic { topic: text("x"), bytes_max: 255 },
                Code::InvalidArgument,
                "The topic: x has an invalid format",
            ),
            (BrokerError::MessageIdMissing { request: "message" }, Code::InvalidArgument, "msg_id"),
            (BrokerError::MessageTooLarge { bytes: 9, bytes_max: 8 }, Code::InvalidArgument, "the limit is 8"),
            (
                BrokerError::NamespaceMissing { namespace: text("n") },
                Code::Unavailable,
                "Unable to find the namespace n",
            ),
            (BrokerError::TopicMissing { topic: text("/a/b") }, Code::NotFound, "/a/b"),
            (BrokerError::TopicClash { what: text("both") }, Code::AlreadyExists, "both"),
            (
                BrokerError::StrategyMismatch { topic: text("/a/b"), existing: "reliable", requested: "non-reliable" },
                Code::FailedPrecondition,
                "/a/b",
            ),
            (BrokerError::SubjectUnregistered { subject: text("s") }, Code::FailedPrecondition, "the schema subject s"),
            (BrokerError::InvalidArgument { what: text("no") }, Code::InvalidArgument, "no"),
            (
                BrokerError::SubjectMismatch { topic: text("/a/b"), existing: text("x"), requested: text("y") },
                Code::FailedPrecondition,
                "subject x, not y",
            ),
            (
                BrokerError::VersionUnregistered { subject: text("s"), version: 9, hint: text("; it has 1 to 3") },
                Code::FailedPrecondition,
                "no version 9; it has 1 to 3",
            ),
            (BrokerError::Unreadable { reason: text("torn") }, Code::Internal, "torn"),
            (BrokerError::LimitReached { what: text("topics"), limit: 3 }, Code::ResourceExhausted, "the limit is 3"),
            (BrokerError::ProducerMissing { producer_id: 7 }, Code::NotFound, "id 7"),
            (BrokerError::ConsumerMissing { consumer_id: 7 }, Code::NotFound, "id 7"),
            (
                BrokerError::PublishRefused { reason: text("why") },
                Code::PermissionDenied,
                "Unable to publish the message: why",
            ),
            (BrokerError::SubscribeRefused { reason: text("busy") }, Code::PermissionDenied, "busy"),
            (BrokerError::AckRefused { reason: text("what") }, Code::Internal, "what"),
            (
                BrokerError::SchemaRefused { action: "register", reason: text("bad") },
                Code::Internal,
                "Failed to register schema: bad",
            ),
            (BrokerError::SchemaMissing { what: text("no s") }, Code::NotFound, "no s"),
            (BrokerError::Unwritable { reason: text("full") }, Code::Unavailable, "full"),
            (BrokerError::Closed, Code::Unavailable, "shutting down"),
            (
                invalid(vec![violation("too short")]),
                Code::PermissionDenied,
                "Unable to publish the message: Payload validation failed: ",
            ),
        ];
        for (error, code, part) in table {
            let status = refuse(error);
            assert_eq!(status.code(), code, "{status}");
            assert!(status.message().contains(part), "{status}");
        }
    }

    #[test]
    fn codes_and_sentences_of_administration_fit_them() {
        let text = String::from;
        let missing = BrokerError::SubscriptionMissing { topic: text("/a/b"), subscription: text("s") };
        let table = [
            (missing, Code::NotFound, "the topic /a/b has no subscription s"),
            (BrokerError::Precondition { what: text("not now") }, Code::FailedPrecondition, "not now"),
            (BrokerError::ProducerRefused { reason: text("taken") }, Code::PermissionDenied, "taken"),
            (BrokerError::Upstream { status: Box::new(Status::out_of_range("too far")) }, Code::OutOfRange, "too far"),
            (BrokerError::DiskFull { what: text("no room") }, Code::ResourceExhausted, "no room"),
            (
                BrokerError::TransformRefused {
                    topic: text("/a/b"),
                    refusal: TransformRefusal::Rejected(text("it is no order")),
                },
                Code::InvalidArgument,
                "the transforms of the topic /a/b reject the message: it is no order",
            ),
        ];
        for (error, code, sentence) in table {
            let status = refuse(error);
            assert_eq!((status.code(), status.message()), (code, sentence));
        }
    }

    #[test]
    fn violations_travel_in_words_and_in_the_details() {
        let status = refuse(invalid(vec![violation("\"ab\" is shorter than 3 characters")]));
        assert!(
            status.message().contains("/user_id: \"ab\" is shorter than 3 characters (line 1, column 12)"),
            "{status}"
        );
        let details = status.get_error_details();
        let fields = &details.bad_request().expect("a bad request").field_violations;
        assert_eq!(fields.len(), 1);
        assert_eq!(fields[0].field, "/user_id");
        assert_eq!(fields[0].reason, "MIN_LENGTH");
        assert!(fields[0].description.ends_with("(line 1, column 12) [minLength at /properties/user_id/minLength]"));
    }

    #[test]
    fn what_travels_in_headers_is_bounded() {
        for letter in ["x", "\"", "ü", "字"] {
            let violations = vec![violation(&letter.repeat(1000)); 100];
            let status = refuse(invalid(violations));
            let headers = status.into_http::<()>().into_parts().0.headers;
            let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
            assert!(bytes > STATUS_MESSAGE_BYTES_MAX, "{letter}: only {bytes} bytes");
            assert!(bytes < 7 << 10, "{letter}: {bytes} bytes of headers");
        }
    }
}

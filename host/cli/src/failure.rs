//! What a command can fail with, as exit codes and sentences.

use crate::address::ServiceAddr;
use std::error::Error;
use tonic::{Code, Status};

/// Failures that are not simply "failed".
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The arguments are well formed but make no sense.
    #[error("{0}")]
    Usage(String),
    /// Everything there is to say has been printed.
    #[error("failed")]
    Told {
        /// The exit code.
        code: u8,
    },
}

/// Something failed: connection, server or file.
pub(crate) const FAILED: u8 = 1;
/// The arguments were wrong.
pub(crate) const USAGE: u8 = 2;
/// The message breaks its schema.
pub(crate) const INVALID: u8 = 3;

/// How the transport begins what it says of an answer that is none of gRPC's; the HTTP status is behind it.
const NO_GRPC: &str = "grpc-status header missing, mapped from HTTP status code ";

/// The exit code of a command that ended with `error`.
pub(crate) fn exit_code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref() {
        Some(Failure::Usage(_)) => USAGE,
        Some(Failure::Told { code }) => *code,
        None => FAILED,
    }
}

/// A server's refusal in words, without the machinery around it.
pub(crate) fn sentence(status: &Status, address: &ServiceAddr) -> String {
    if let Some(cause) = transport_cause(status) {
        return format!("cannot reach {address}: {cause}");
    }
    if let Some(code) = status.message().strip_prefix(NO_GRPC) {
        return format!(
            "{address} answered with HTTP status {code} and without gRPC: it refused the request, or is no broker"
        );
    }
    if status.message().is_empty() {
        return format!("{address} answered: {}", status.code().description());
    }
    status.message().to_owned()
}

/// The sentence as an error.
pub(crate) fn refused(status: &Status, address: &ServiceAddr) -> anyhow::Error {
    anyhow::Error::msg(sentence(status, address))
}

/// Whether the same call may succeed later, as Danube's clients see it.
pub(crate) fn is_temporary(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted)
        || transport_cause(status).is_some()
}

/// A gRPC code as the protocol writes it: `PERMISSION_DENIED`.
pub(crate) fn code_name(code: u32) -> String {
    let code = Code::from_i32(i32::try_from(code).unwrap_or(i32::MAX));
    let name = format!("{code:?}");
    let mut upper = String::with_capacity(name.len() + 4);
    for character in name.chars() {
        if character.is_uppercase() && !upper.is_empty() {
            upper.push('_');
        }
        upper.push(character.to_ascii_uppercase());
    }
    upper
}

/// What went wrong below gRPC: the innermost cause. Only a status that was made on this side,
/// for want of one from the server, has a cause.
fn transport_cause(status: &Status) -> Option<String> {
    status.source().map(innermost)
}

/// The innermost cause of `error`.
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_its_exit_code() {
        assert_eq!(exit_code(&anyhow::anyhow!("any")), 1);
        assert_eq!(exit_code(&Failure::Usage("why".into()).into()), 2);
        assert_eq!(exit_code(&Failure::Told { code: INVALID }.into()), 3);
        let in_context = anyhow::Error::from(Failure::Usage("why".into())).context("while trying");
        assert_eq!(exit_code(&in_context), 2);
    }

    #[test]
    fn codes_are_written_as_the_protocol_writes_them() {
        assert_eq!([0, 3, 7].map(code_name), ["OK", "INVALID_ARGUMENT", "PERMISSION_DENIED"]);
    }

    #[test]
    fn a_status_is_told_as_its_sentence() {
        let address: ServiceAddr = "http://localhost:1".parse().expect("an address");
        assert_eq!(
            sentence(&Status::not_found("the topic /a/b does not exist"), &address),
            "the topic /a/b does not exist"
        );
        assert!(sentence(&Status::internal(""), &address).starts_with("http://localhost:1 answered: "));
        assert!(is_temporary(&Status::unavailable("")) && !is_temporary(&Status::not_found("")));
    }
}

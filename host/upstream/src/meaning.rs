//! What a refusal of the cluster means for the next step. Danube uses one code for many things:
//! UNAVAILABLE is a namespace that does not exist as well as a topic that has just moved. So the
//! code alone decides nothing.

use irongate_broker::BrokerError;
use std::error::Error;
use tonic::{Code, Status};

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The connection broke, or there was none: try again, perhaps elsewhere.
    Lost,
    /// The topic is with another broker, or on its way to one: look it up again.
    Elsewhere,
    /// The broker does not know this producer or consumer, as after its restart: make it anew.
    Forgotten,
    /// The answer to the client's question; another try would end the same.
    Final,
}

impl Meaning {
    pub(crate) fn of(status: &Status) -> Self {
        // Only what was made on this side, for want of an answer, has a cause.
        if status.source().is_some() {
            return Self::Lost;
        }
        match status.code() {
            // Danube's words for a namespace that nobody created.
            Code::Unavailable if status.message().contains("find the namespace") => Self::Final,
            Code::Unavailable => Self::Elsewhere,
            _ => Self::Final,
        }
    }

    /// The same of a call that names a producer or consumer which the cluster had made.
    pub(crate) fn for_made(status: &Status) -> Self {
        match Self::of(status) {
            Self::Final if status.code() == Code::NotFound => Self::Forgotten,
            meaning => meaning,
        }
    }

    /// Whether another try may end better.
    pub(crate) fn may_pass(self) -> bool {
        self != Self::Final
    }
}

/// A refusal as the client shall read it.
pub(crate) fn passed_on(status: Status) -> BrokerError {
    let status = match (Meaning::of(&status), status.code()) {
        (Meaning::Lost, _) => Status::unavailable(format!("the cluster cannot be reached: {}", innermost(&status))),
        // The client's own token was good; it is this host that the cluster does not let in.
        (_, Code::Unauthenticated) => {
            Status::failed_precondition(format!("the cluster does not accept this host's token: {}", status.message()))
        }
        _ => status,
    };
    BrokerError::Upstream { status: Box::new(status) }
}

fn innermost(status: &Status) -> String {
    let mut cause: &dyn Error = status;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_code_means_different_things() {
        let table = [
            (Status::unavailable("Unable to find the namespace shop in the cluster"), Meaning::Final),
            (Status::unavailable("The topic is created, redo the lookup"), Meaning::Elsewhere),
            (Status::unavailable("The topic exists but is served by another broker"), Meaning::Elsewhere),
            (Status::not_found("the topic /a/b does not exist"), Meaning::Final),
            (Status::permission_denied("Unable to publish the message: Payload validation failed"), Meaning::Final),
            (Status::internal("Failed to register schema"), Meaning::Final),
        ];
        for (status, meaning) in table {
            assert_eq!(Meaning::of(&status), meaning, "{status}");
        }
        let gone = Status::not_found("The producer with id 7 does not exist");
        assert_eq!((Meaning::of(&gone), Meaning::for_made(&gone)), (Meaning::Final, Meaning::Forgotten));
        let broken = Status::from_error(Box::new(std::io::Error::from(std::io::ErrorKind::ConnectionRefused)));
        assert_eq!((Meaning::of(&broken), Meaning::for_made(&broken)), (Meaning::Lost, Meaning::Lost));
    }

    #[test]
    fn a_clients_good_token_is_not_blamed_for_the_hosts() {
        let error = passed_on(Status::unauthenticated("invalid token"));
        assert_eq!(error.code(), Code::FailedPrecondition);
        assert_eq!(error.to_string(), "the cluster does not accept this host's token: invalid token");
        let broken = Status::from_error(Box::new(std::io::Error::from(std::io::ErrorKind::ConnectionRefused)));
        let error = passed_on(broken);
        assert_eq!(error.code(), Code::Unavailable);
        assert_eq!(error.to_string(), "the cluster cannot be reached: connection refused");
    }
}

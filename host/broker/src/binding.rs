//! What ties a topic to a schema subject: the subject, the policy, and whether payloads
//! are checked. No registry and no validation here.

use crate::BrokerError;
use crate::documents::BindingDocument;
use std::fmt;
use std::str::FromStr;

/// What happens to a message that breaks its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Nothing is checked or attached.
    None,
    /// It is let through, reported and counted.
    Warn,
    /// It is refused. The default of a bound topic.
    Enforce,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) subject: String,
    pub(crate) policy: Policy,
    /// Whether payloads are checked, besides subject and version.
    pub(crate) payload: bool,
}

impl Binding {
    /// What the first producer naming a subject brings about.
    pub(crate) fn by_producer(subject: &str) -> Self {
        Self { subject: subject.to_owned(), policy: Policy::Enforce, payload: true }
    }

    pub(crate) fn restore(document: &BindingDocument) -> Self {
        // A policy of a later release is at least as strict as the strictest we know.
        let policy = document.policy.parse().unwrap_or(Policy::Enforce);
        Self { subject: document.subject.clone(), policy, payload: document.payload }
    }

    pub(crate) fn document(&self) -> BindingDocument {
        BindingDocument { subject: self.subject.clone(), policy: self.policy.to_string(), payload: self.payload }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "none",
            Self::Warn => "warn",
            Self::Enforce => "enforce",
        })
    }
}

impl FromStr for Policy {
    type Err = BrokerError;

    fn from_str(text: &str) -> Result<Self, BrokerError> {
        match text.to_ascii_lowercase().as_str() {
            "none" => Ok(Self::None),
            "warn" => Ok(Self::Warn),
            "enforce" => Ok(Self::Enforce),
            _ => {
                let what = format!("the validation policy \"{}\" must be none, warn or enforce", text.escape_debug());
                Err(BrokerError::InvalidArgument { what })
            }
        }
    }
}

//! What the host has said about one topic. Not how it was asked.

/// How a topic treats a payload that breaks its schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Nothing is checked.
    None,
    /// Let through, and said so.
    Warn,
    /// Refused.
    #[default]
    Enforce,
}

impl Policy {
    /// The policy in force. A policy without payload validation checks no payload, whatever its name.
    #[must_use]
    pub fn in_force(name: &str, payload_validation: bool) -> Policy {
        match name {
            _ if !payload_validation => Policy::None,
            "enforce" => Policy::Enforce,
            "warn" => Policy::Warn,
            _ => Policy::None,
        }
    }

    /// As the registry spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Policy::None => "none",
            Policy::Warn => "warn",
            Policy::Enforce => "enforce",
        }
    }
}

/// A topic that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExistingTopic {
    /// Whether its messages are stored.
    pub reliable: bool,
    /// Zero: not partitioned.
    pub partitions: u32,
    /// Empty: not bound to a schema.
    pub subject: String,
    /// What happens to a payload that breaks the schema.
    pub policy: Policy,
    /// Whether transforms run on what is sent to it.
    pub transformed: bool,
    /// Pipelines of the host that read it.
    pub pipelines: Vec<String>,
}

/// Where the question about a topic stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TopicFacts {
    /// Not asked: the name is not a topic name.
    #[default]
    Unasked,
    /// Asked.
    Pending,
    /// There is no such topic.
    Missing,
    /// There is.
    Exists(ExistingTopic),
    /// The host could not be asked; a sentence says why.
    Unreachable(String),
}

impl TopicFacts {
    /// The subject the topic is bound to, if it exists and is bound.
    #[must_use]
    pub fn bound_subject(&self) -> Option<&str> {
        match self {
            TopicFacts::Exists(topic) if !topic.subject.is_empty() => Some(&topic.subject),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_payload_validation_no_policy_is_in_force() {
        assert_eq!(Policy::in_force("enforce", false), Policy::None);
        assert_eq!(Policy::in_force("enforce", true), Policy::Enforce);
        assert_eq!(Policy::in_force("warn", true), Policy::Warn);
        assert_eq!(Policy::in_force("none", true), Policy::None);
    }

    #[test]
    fn an_unbound_topic_has_no_subject() {
        assert_eq!(TopicFacts::Exists(ExistingTopic::default()).bound_subject(), None);
        assert_eq!(TopicFacts::Missing.bound_subject(), None);
    }
}

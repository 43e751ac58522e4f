//! Topic names and the names inside requests: what is accepted, and how partitions are
//! named. No state.

use crate::{BrokerError, Limits};

const PARTITION_INFIX: &str = "-part-";

/// A name that passed [`TopicName::parse`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TopicName {
    full: String,
    namespace_end: usize,
}

impl TopicName {
    /// Exactly `/namespace/topic`, both parts of letters, digits, `_` and `-`.
    pub(crate) fn parse(name: &str, limits: &Limits) -> Result<Self, BrokerError> {
        let invalid = || BrokerError::InvalidTopic { topic: shorten(name), bytes_max: limits.topic_name_bytes_max };
        let rest = name.strip_prefix('/').ok_or_else(invalid)?;
        let (namespace, topic) = rest.split_once('/').ok_or_else(invalid)?;
        if name.len() > limits.topic_name_bytes_max || !is_part(namespace) || !is_part(topic) {
            return Err(invalid());
        }
        Ok(Self { full: name.to_owned(), namespace_end: 1 + namespace.len() })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.full
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.full[1..self.namespace_end]
    }

    /// Base name and index when this is the name of a partition.
    pub(crate) fn partition(&self) -> Option<(&str, u32)> {
        split_partition(&self.full)
    }
}

/// Base name and index of a partition's name; `None` for any other topic.
pub(crate) fn split_partition(name: &str) -> Option<(&str, u32)> {
    let (base, digits) = name.rsplit_once(PARTITION_INFIX)?;
    let index = digits.parse().ok()?;
    // `-part-007` and `-part-+7` are ordinary names: only one spelling is a partition.
    let exact = partition_name(base, index) == name;
    (exact && !base.ends_with('/')).then_some((base, index))
}

pub(crate) fn partition_name(base: &str, index: u32) -> String {
    format!("{base}{PARTITION_INFIX}{index}")
}

/// What all partitions of `base` begin with.
pub(crate) fn partition_prefix(base: &str) -> String {
    format!("{base}{PARTITION_INFIX}")
}

/// A namespace by itself.
pub(crate) fn check_namespace(name: &str, limits: &Limits) -> Result<(), BrokerError> {
    if is_part(name) && name.len() <= limits.name_bytes_max {
        return Ok(());
    }
    let what = format!(
        "the namespace {} must have 1 to {} bytes of letters, digits, _ and -",
        quote(name),
        limits.name_bytes_max
    );
    Err(BrokerError::InvalidArgument { what })
}

/// Names of producers, consumers, subscriptions and subjects: any text without control
/// characters, bounded; empty only where `empty` allows it.
pub(crate) fn check_name(what: &str, name: &str, empty: bool, limits: &Limits) -> Result<(), BrokerError> {
    let sound = name.len() <= limits.name_bytes_max && !name.contains(char::is_control);
    if sound && (empty || !name.is_empty()) {
        return Ok(());
    }
    let least = usize::from(!empty);
    let what = format!(
        "the {what} {} must have {least} to {} bytes without control characters",
        quote(name),
        limits.name_bytes_max
    );
    Err(BrokerError::InvalidArgument { what })
}

fn is_part(part: &str) -> bool {
    !part.is_empty() && part.chars().all(|char| char.is_alphanumeric() || char == '_' || char == '-')
}

/// How much of a refused name an error repeats.
const ERROR_NAME_CHARS_MAX: usize = 100;

fn shorten(name: &str) -> String {
    let mut short: String = name.chars().take(ERROR_NAME_CHARS_MAX).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    short
}

fn quote(name: &str) -> String {
    format!("\"{}\"", shorten(name).escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_exactly_namespace_and_topic() {
        let limits = Limits::default();
        for name in ["/default/a1", "/default/ünï", "/a-b_c/x-part-x", "/system/x"] {
            assert!(TopicName::parse(name, &limits).is_ok(), "{name}");
        }
        let wrong =
            ["", "/", "//", "/default", "/default/", "default/a1", "/default/a/b", "a/default/x", "/d/a.b", "/d/a b"];
        for name in wrong {
            assert!(TopicName::parse(name, &limits).is_err(), "{name}");
        }
        let longest = format!("/d/{}", "x".repeat(limits.topic_name_bytes_max - 3));
        assert!(TopicName::parse(&longest, &limits).is_ok());
        assert!(TopicName::parse(&format!("{longest}x"), &limits).is_err());
    }

    #[test]
    fn the_refusal_says_what_a_name_looks_like() {
        let error = TopicName::parse("orders", &Limits::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "The topic: orders has an invalid format, should be: /namespace_name/topic_name \
             (letters, digits, _ and -, at most 255 bytes)"
        );
    }

    #[test]
    fn partitions_are_matched_exactly() {
        assert_eq!(split_partition("/d/orders-part-7"), Some(("/d/orders", 7)));
        assert_eq!(split_partition("/d/a-part-1-part-2"), Some(("/d/a-part-1", 2)));
        for name in
            ["/d/orders", "/d/orders-part-", "/d/orders-part-x", "/d/orders-part-07", "/d/orders-part-1x", "/d/-part-1"]
        {
            assert_eq!(split_partition(name), None, "{name}");
        }
    }
}

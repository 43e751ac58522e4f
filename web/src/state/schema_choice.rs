//! Which version of a subject a message is made for, as Danube's `SchemaReference`
//! spells it, and the schema that came of it. Not how it is fetched.

use std::fmt;
use std::rc::Rc;
use std::str::FromStr;

use bytes::Bytes;
use irongate_proto::danube::{SchemaReference, schema_reference::VersionRef};

/// Latest, exactly one, or one and all after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VersionChoice {
    /// Whatever is the latest when the message is sent.
    #[default]
    Latest,
    /// This version and no other.
    Pinned(u32),
    /// The latest, which must not be older than this.
    Minimum(u32),
}

impl fmt::Display for VersionChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VersionChoice::Latest => write!(f, "latest"),
            VersionChoice::Pinned(version) => write!(f, "pinned:{version}"),
            VersionChoice::Minimum(version) => write!(f, "minimum:{version}"),
        }
    }
}

/// Not a version choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownChoice;

impl FromStr for VersionChoice {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, UnknownChoice> {
        let number = |text: &str| text.parse().map_err(|_| UnknownChoice);
        match text.split_once(':') {
            None if text == "latest" => Ok(VersionChoice::Latest),
            Some(("pinned", version)) => Ok(VersionChoice::Pinned(number(version)?)),
            Some(("minimum", version)) => Ok(VersionChoice::Minimum(number(version)?)),
            _ => Err(UnknownChoice),
        }
    }
}

/// The reference as it travels; none where the topic's own schema is meant.
#[must_use]
pub fn reference(subject: &str, choice: VersionChoice) -> Option<SchemaReference> {
    let version_ref = match choice {
        VersionChoice::Latest => VersionRef::UseLatest(true),
        VersionChoice::Pinned(version) => VersionRef::PinnedVersion(version),
        VersionChoice::Minimum(version) => VersionRef::MinVersion(version),
    };
    (!subject.is_empty()).then(|| SchemaReference { subject: subject.to_owned(), version_ref: Some(version_ref) })
}

/// A registered schema, as the registry answered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredSchema {
    /// The subject it is registered under.
    pub subject: String,
    /// Its version.
    pub version: u32,
    /// `json_schema`, `avro` and so on.
    pub schema_type: String,
    /// Exactly the registered bytes.
    pub definition: Bytes,
}

/// Where the search for the schema of the message stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaLookup {
    /// The message has no schema: neither chosen nor bound to the topic.
    None,
    /// The registry has been asked.
    Pending,
    /// It is known.
    Found(Rc<RegisteredSchema>),
    /// It cannot be had; a sentence says why.
    Unresolved(String),
}

/// Checks what the registry answered against what was asked for.
#[must_use]
pub fn accept(found: RegisteredSchema, choice: VersionChoice) -> SchemaLookup {
    match choice {
        VersionChoice::Minimum(version) if found.version < version => SchemaLookup::Unresolved(format!(
            "version {version} or later of {} is asked for, but the latest is version {}",
            found.subject, found.version
        )),
        VersionChoice::Latest | VersionChoice::Pinned(_) | VersionChoice::Minimum(_) => {
            SchemaLookup::Found(Rc::new(found))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_survive_the_way_through_a_field() {
        for choice in [VersionChoice::Latest, VersionChoice::Pinned(3), VersionChoice::Minimum(1)] {
            assert_eq!(choice.to_string().parse(), Ok(choice));
        }
        for text in ["", "pinned", "pinned:x", "newest", "latest:1"] {
            assert_eq!(text.parse::<VersionChoice>(), Err(UnknownChoice), "{text}");
        }
    }

    #[test]
    fn no_subject_means_the_topics_own() {
        assert_eq!(reference("", VersionChoice::Pinned(1)), None);
        let reference = reference("user-events", VersionChoice::Minimum(2)).unwrap();
        assert_eq!(reference.version_ref, Some(VersionRef::MinVersion(2)));
    }

    #[test]
    fn a_minimum_beyond_the_latest_is_not_resolved() {
        let schema = RegisteredSchema {
            subject: "user-events".to_owned(),
            version: 2,
            schema_type: "json_schema".to_owned(),
            definition: Bytes::from_static(b"{}"),
        };
        let SchemaLookup::Unresolved(why) = accept(schema.clone(), VersionChoice::Minimum(3)) else {
            panic!("must not resolve")
        };
        assert_eq!(why, "version 3 or later of user-events is asked for, but the latest is version 2");
        assert!(matches!(accept(schema, VersionChoice::Minimum(2)), SchemaLookup::Found(_)));
    }
}

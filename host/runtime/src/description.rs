//! What a transform says of itself, checked. Does not compare it with what anybody wants of it.

use std::fmt;

use crate::{bindings::irongate::transform::types as wit, error::GuestError};

/// Characters that a plugin's name may have.
const NAME_CHARS_MAX: usize = 64;
/// Bytes of any other text of a description, and entries of any of its lists.
const TEXT_BYTES_MAX: usize = 64 << 10;
const ENTRIES_MAX: usize = 64;

/// A transform's description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its name: 1 to 64 lower-case letters, digits and hyphens.
    pub name: String,
    /// Its version.
    pub version: String,
    /// A sentence or two for people, or nothing.
    pub summary: String,
    /// The JSON Schema of its configuration, a JSON document; absent where it takes anything.
    pub configuration_schema: Option<String>,
    /// The subjects that it understands; empty: any payload.
    pub input_subjects: Vec<String>,
    /// The subjects that it emits; empty: it does not say.
    pub output_subjects: Vec<String>,
    /// What it cannot do without.
    pub capabilities: Vec<Capability>,
}

/// Something that must be granted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Capability {
    /// Key-value state.
    State,
    /// Reading the clocks.
    Clock,
    /// Random numbers.
    Random,
    /// One that this version does not know and never grants.
    Other(String),
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Capability::State => "state",
            Capability::Clock => "clock",
            Capability::Random => "random",
            Capability::Other(name) => name,
        })
    }
}

impl From<wit::Capability> for Capability {
    fn from(capability: wit::Capability) -> Capability {
        match capability {
            wit::Capability::State => Capability::State,
            wit::Capability::Clock => Capability::Clock,
            wit::Capability::Random => Capability::Random,
            wit::Capability::Other(name) => Capability::Other(name),
        }
    }
}

impl Description {
    /// Before it was asked.
    pub(crate) fn unknown() -> Description {
        Description {
            name: String::new(),
            version: String::new(),
            summary: String::new(),
            configuration_schema: None,
            input_subjects: Vec::new(),
            output_subjects: Vec::new(),
            capabilities: Vec::new(),
        }
    }

    pub(crate) fn checked(said: wit::Description) -> Result<Description, GuestError> {
        let description = Description {
            name: said.name,
            version: said.version,
            summary: said.summary,
            configuration_schema: said.configuration_schema,
            input_subjects: said.input_subjects,
            output_subjects: said.output_subjects,
            capabilities: said.capabilities.into_iter().map(Capability::from).collect(),
        };
        match description.broken_rule() {
            Some(reason) => Err(GuestError::DescriptionInvalid { reason }),
            None => Ok(description),
        }
    }

    fn broken_rule(&self) -> Option<String> {
        let is_name_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || self.name.len() > NAME_CHARS_MAX || !self.name.chars().all(is_name_char) {
            let name: String = self.name.chars().take(NAME_CHARS_MAX).collect();
            return Some(format!(
                "the name `{name}` is not 1 to {NAME_CHARS_MAX} lower-case letters, digits and hyphens"
            ));
        }
        if !is_version(&self.version) {
            return Some(format!("the version `{}` is not of the form 1.2.3", cut(&self.version)));
        }
        let longest =
            [&self.summary, &self.version].into_iter().chain(&self.configuration_schema).map(String::len).max();
        if longest.is_some_and(|bytes| bytes > TEXT_BYTES_MAX) {
            return Some(format!("a text has more than {TEXT_BYTES_MAX} bytes"));
        }
        let lists = [self.input_subjects.len(), self.output_subjects.len(), self.capabilities.len()];
        if lists.iter().any(|entries| *entries > ENTRIES_MAX) {
            return Some(format!("a list has more than {ENTRIES_MAX} entries"));
        }
        let schema = self.configuration_schema.as_deref()?;
        let error = serde_json::from_str::<serde_json::Value>(schema).err()?;
        Some(format!("the schema of its configuration is not JSON: {error}"))
    }
}

/// Three numbers, and whatever semantic versioning allows behind them.
fn is_version(text: &str) -> bool {
    let numbers = text.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = numbers.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| part.parse::<u32>().is_ok())
}

fn cut(text: &str) -> String {
    text.chars().take(NAME_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: &str, version: &str, schema: Option<&str>) -> wit::Description {
        wit::Description {
            name: name.into(),
            version: version.into(),
            summary: String::new(),
            configuration_schema: schema.map(String::from),
            input_subjects: vec![],
            output_subjects: vec![],
            capabilities: vec![wit::Capability::Other("teleport".into())],
        }
    }

    #[test]
    fn a_good_description_passes() {
        let description = Description::checked(said("mask-fields", "1.0.0-rc.1", Some("{}"))).unwrap();
        assert_eq!(description.capabilities[0].to_string(), "teleport");
    }

    #[test]
    fn each_broken_rule_is_named() {
        let reason = |name, version, schema| match Description::checked(said(name, version, schema)) {
            Err(GuestError::DescriptionInvalid { reason }) => reason,
            other => panic!("{other:?}"),
        };
        assert!(reason("Mask Fields", "1.0.0", None).contains("the name `Mask Fields`"));
        assert!(reason("", "1.0.0", None).contains("lower-case"));
        assert!(reason("mask", "one", None).contains("the version `one`"));
        assert!(reason("mask", "1.0.0", Some("{")).contains("not JSON"));
        assert!(reason("mask", "1.0.0", Some(&" ".repeat(TEXT_BYTES_MAX + 1))).contains("65536 bytes"));
    }
}

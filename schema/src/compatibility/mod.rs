//! Whether a new version of a schema may follow an old one. The rules of each language live in their own module.

pub(crate) mod avro;
mod history;
mod json_schema;
mod protobuf;

pub use history::{Comparison, VersionFinding, check_history};

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Schema, SchemaError, excerpt::clip, limits::FINDINGS_MAX, schema::Compiled};

/// What must keep working when a schema changes, by Danube's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Compatibility {
    /// Anything goes.
    None,
    /// Readers of the new version can read what was written with the old one.
    #[default]
    Backward,
    /// Readers of the old version can read what is written with the new one.
    Forward,
    /// Both.
    Full,
}

impl fmt::Display for Compatibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Backward => "backward",
            Self::Forward => "forward",
            Self::Full => "full",
        })
    }
}

impl FromStr for Compatibility {
    type Err = SchemaError;

    fn from_str(name: &str) -> Result<Self, SchemaError> {
        match name.to_ascii_lowercase().as_str() {
            "none" => Ok(Self::None),
            "backward" => Ok(Self::Backward),
            "forward" => Ok(Self::Forward),
            "full" => Ok(Self::Full),
            _ => Err(SchemaError::UnknownCompatibility { name: clip(name) }),
        }
    }
}

/// One reason why two versions do not go together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Where in the data: a JSON pointer with `*` for any item or property; empty for the whole.
    pub path: String,
    /// Where in the schema that reads the data.
    pub schema_path: String,
    /// A sentence for a person; begins with "cannot decide" when the question is open, which counts as incompatible.
    pub message: String,
}

impl Finding {
    /// Nothing wrong is proven, nor that nothing is: the question is open, and the message says why.
    pub fn is_undecided(&self) -> bool {
        self.message.starts_with(UNDECIDED)
    }
}

/// How the message of an open question begins.
const UNDECIDED: &str = "cannot decide";

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "the whole value" } else { &self.path };
        write!(f, "at {path}: {}", self.message)
    }
}

/// Every reason why `new` may not follow `old`; empty when it may. At most [`FINDINGS_MAX`].
pub fn check_compatibility(mode: Compatibility, old: &Schema, new: &Schema) -> Vec<Finding> {
    compare(mode, false, old, new)
}

fn compare(mode: Compatibility, strict: bool, old: &Schema, new: &Schema) -> Vec<Finding> {
    let backward = || reads("new", strict, new, old);
    let forward = || reads("old", strict, old, new);
    let mut findings = match mode {
        Compatibility::None => Vec::new(),
        Compatibility::Backward => backward(),
        Compatibility::Forward => forward(),
        Compatibility::Full => [backward(), forward()].concat(),
    };
    if findings.len() > FINDINGS_MAX {
        findings.truncate(FINDINGS_MAX);
        findings.push(Finding {
            path: String::new(),
            schema_path: String::new(),
            message: format!("there are more findings than the {FINDINGS_MAX} listed"),
        });
    }
    findings
}

/// Why a reader of one schema cannot read everything a writer of the other may send.
fn reads(reader_name: &'static str, strict: bool, reader: &Schema, writer: &Schema) -> Vec<Finding> {
    match (&reader.compiled, &writer.compiled) {
        (Compiled::Json(reader), Compiled::Json(writer)) => {
            json_schema::reads(reader_name, strict, reader.definition(), writer.definition())
        }
        (Compiled::Avro(reader), Compiled::Avro(writer)) => avro::reads(reader_name, reader.model(), writer.model()),
        (Compiled::Protobuf(reader), Compiled::Protobuf(writer)) => {
            protobuf::reads(reader_name, reader.message(), writer.message())
        }
        (Compiled::String, Compiled::String)
        | (Compiled::Number, Compiled::Number)
        | (Compiled::Bytes, Compiled::Bytes) => Vec::new(),
        _ => vec![Finding {
            path: String::new(),
            schema_path: String::new(),
            message: format!(
                "the schema type changes between {} and {}; only mode none allows that",
                writer.schema_type(),
                reader.schema_type()
            ),
        }],
    }
}

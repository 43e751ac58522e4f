//! One broken rule of a schema, with its place. Not how rules are checked.

use serde::{Deserialize, Serialize};

use crate::{
    limits::{PATH_CHARS_MAX, VIOLATIONS_MAX},
    place::{ByteRange, Places},
};

/// Rule of a payload that is not the text it should be (JSON, UTF-8).
pub const RULE_SYNTAX: &str = "syntax";
/// Rule of an object in the payload that has the same key twice.
pub const RULE_DUPLICATE_KEY: &str = "duplicateKey";
/// Rule of a payload nested deeper than [`crate::limits::NESTING_LEVELS_MAX`].
pub const RULE_NESTING: &str = "nestingLevels";
/// Rule of a payload larger than a limit of this crate.
pub const RULE_PAYLOAD_BYTES: &str = "payloadBytes";
/// Rule of a payload that would take too much work to check, see [`crate::limits::WORK_VISITS_MAX`].
pub const RULE_WORK: &str = "work";
/// Rule of the marker that closes a list cut at [`VIOLATIONS_MAX`].
pub const RULE_MORE: &str = "more";

/// One reason why a payload does not fit its schema.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Violation {
    /// JSON pointer to the offending value in the payload; empty for the whole payload.
    pub instance_path: String,
    /// Line of [`Self::byte_start`], from 1; 0 when the payload is binary.
    pub line: u32,
    /// Column of [`Self::byte_start`] in characters, from 1; 0 when the payload is binary.
    pub column: u32,
    /// Where the offending value (for an unexpected property: its key) starts in the payload.
    pub byte_start: u64,
    /// One past its last byte.
    pub byte_end: u64,
    /// The rule: a keyword of the schema language, or one of the `RULE_*` constants.
    pub rule: String,
    /// Where the rule stands in the schema: a JSON pointer, or for Protobuf the full name of the field.
    pub schema_path: String,
    /// A sentence for a person that names the value and the limit.
    pub message: String,
}

/// A violation before lines and columns are known.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub instance_path: String,
    pub range: ByteRange,
    pub rule: String,
    pub schema_path: String,
    pub message: String,
}

/// Orders by place, adds lines and columns (text payloads only), closes with a marker when `more` were left out.
pub(crate) fn finish(mut found: Vec<Found>, text: Option<&str>, more: bool, payload_bytes: usize) -> Vec<Violation> {
    found.sort_by_key(|one| one.range.start);
    if more {
        found.truncate(VIOLATIONS_MAX);
        found.push(Found {
            instance_path: String::new(),
            range: ByteRange { start: 0, end: payload_bytes },
            rule: RULE_MORE.into(),
            schema_path: String::new(),
            message: format!("there are more violations than the {VIOLATIONS_MAX} listed; correct these first"),
        });
    }
    let places = text.map(Places::new);
    found
        .into_iter()
        .map(|one| {
            let (line, column) = places.as_ref().map_or((0, 0), |places| places.of(one.range.start));
            Violation {
                instance_path: one.instance_path,
                line,
                column,
                byte_start: one.range.start as u64,
                byte_end: one.range.end as u64,
                rule: one.rule,
                schema_path: one.schema_path,
                message: one.message,
            }
        })
        .collect()
}

/// Paths are made of keys, and one key may fill the whole payload.
pub(crate) fn clip_path(path: String) -> String {
    match path.char_indices().nth(PATH_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &path[..end]),
        None => path,
    }
}

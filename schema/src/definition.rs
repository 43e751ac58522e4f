//! The text of a definition: its limits, and places in it for errors. Not its meaning.

use serde_json::Value;

use crate::{
    SchemaError,
    error::DefinitionPlace,
    json::{
        locate::{Target, Wanted, locate, steps_of},
        parse::{self, Fault},
    },
    limits::DEFINITION_BYTES_MAX,
    place::Places,
};

/// A definition's text, to find places in.
pub(crate) struct Definition<'a> {
    pub text: &'a str,
}

impl Definition<'_> {
    /// Where the value at a JSON pointer stands; for a member of an object, its key.
    pub(crate) fn of(&self, pointer: &str) -> Option<DefinitionPlace> {
        let wanted = Wanted { path: steps_of(pointer), target: Target::Key };
        let range = locate(self.text, &[wanted])[0]?;
        let (line, column) = Places::new(self.text).of(range.start);
        Some(DefinitionPlace { line, column })
    }
}

/// The definition as text within the limit.
pub(crate) fn text(definition: &[u8]) -> Result<&str, SchemaError> {
    if definition.len() > DEFINITION_BYTES_MAX {
        return Err(SchemaError::TooLarge { bytes: definition.len(), limit: DEFINITION_BYTES_MAX });
    }
    parse::utf8(definition).map_err(|fault| {
        let valid = std::str::from_utf8(&definition[..fault.range.start]).unwrap_or_default();
        unreadable(valid, fault)
    })
}

/// The definition as JSON.
pub(crate) fn json(text: &str) -> Result<Value, SchemaError> {
    parse::parse(text).map_err(|fault| unreadable(text, fault))
}

fn unreadable(text: &str, fault: Fault) -> SchemaError {
    let (line, column) = Places::new(text).of(fault.range.start);
    SchemaError::Unreadable { message: fault.message, place: DefinitionPlace { line, column } }
}

/// Where the value at a JSON pointer stands in the text of a definition, to show the rule a violation names; for a
/// member of an object, where its key stands. `None` when the pointer leads nowhere.
pub fn locate_in_definition(text: &str, pointer: &str) -> Option<DefinitionPlace> {
    Definition { text }.of(pointer)
}

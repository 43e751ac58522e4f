//! Why a schema cannot be used. What is wrong with a payload is a [`crate::Violation`], never an error.

use std::fmt;

/// A place in the text of a definition; both counts start at 1, columns are characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefinitionPlace {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for DefinitionPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a definition was refused. `Display` is one sentence with the place where there is one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The name of the schema type is not one of Danube's.
    #[error("unknown schema type '{name}'; use json_schema, avro, protobuf, string, number or bytes")]
    UnknownType {
        /// The name as given, clipped.
        name: String,
    },
    /// The name of the compatibility mode is not one of Danube's.
    #[error("unknown compatibility mode '{name}'; use none, backward, forward or full")]
    UnknownCompatibility {
        /// The name as given, clipped.
        name: String,
    },
    /// The name of the comparison is none of [`crate::Comparison`]'s.
    #[error(
        "unknown comparison '{name}'; use none, backward, forward, full, backward_transitive, forward_transitive or \
         full_transitive"
    )]
    UnknownComparison {
        /// The name as given, clipped.
        name: String,
    },
    /// The definition is longer than [`crate::limits::DEFINITION_BYTES_MAX`].
    #[error("schema definition has {bytes} bytes, the limit is {limit}; split it or drop what it does not need")]
    TooLarge {
        /// Length of the definition.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The text itself cannot be read: not UTF-8, not JSON, nested too deep, a key twice.
    #[error("schema definition cannot be read: {message} ({place})")]
    Unreadable {
        /// What is wrong, without the place.
        message: String,
        /// Where.
        place: DefinitionPlace,
    },
    /// The text reads well but is not a schema.
    #[error("schema definition does not compile: {message}{}", AtPlace(.pointer, .place))]
    Invalid {
        /// What is wrong, without the place.
        message: String,
        /// JSON pointer (JSON Schema, Avro) or element path (Protobuf) into the definition; empty when it is the root.
        pointer: String,
        /// Where, when it is known.
        place: Option<DefinitionPlace>,
    },
    /// The definition refers to a document outside itself. Nothing is ever fetched.
    #[error(
        "schema refers to '{reference}', which is not part of the definition and is never fetched; \
         copy it into '$defs' and refer to it there{}", AtPlace(.pointer, .place)
    )]
    RemoteReference {
        /// The reference as resolved.
        reference: String,
        /// JSON pointer to the reference.
        pointer: String,
        /// Where, when it is known.
        place: Option<DefinitionPlace>,
    },
    /// Validation against this schema could take unbounded time or stack.
    #[error("schema is too costly to validate with: {message}{}", AtPlace(.pointer, .place))]
    TooCostly {
        /// Which limit, with the figures.
        message: String,
        /// JSON pointer to the subschema.
        pointer: String,
        /// Where, when it is known.
        place: Option<DefinitionPlace>,
    },
}

impl SchemaError {
    /// Where in the definition, when the error has a place.
    pub fn place(&self) -> Option<DefinitionPlace> {
        match self {
            Self::Unreadable { place, .. } => Some(*place),
            Self::Invalid { place, .. } | Self::RemoteReference { place, .. } | Self::TooCostly { place, .. } => *place,
            Self::UnknownType { .. }
            | Self::UnknownCompatibility { .. }
            | Self::UnknownComparison { .. }
            | Self::TooLarge { .. } => None,
        }
    }
}

/// The tail of a sentence: where, as far as it is known.
struct AtPlace<'a>(&'a str, &'a Option<DefinitionPlace>);

impl fmt::Display for AtPlace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.1) {
            ("", None) => Ok(()),
            ("", Some(place)) => write!(f, " ({place})"),
            (pointer, None) => write!(f, " (at {pointer})"),
            (pointer, Some(place)) => write!(f, " (at {pointer}, {place})"),
        }
    }
}

//! The kinds of schema, spelt as Danube spells them. Not their rules.

use std::{fmt, str::FromStr};

use crate::{SchemaError, excerpt::clip};

/// What a definition is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SchemaType {
    /// JSON Schema, drafts 4 to 2020-12.
    JsonSchema,
    /// Apache Avro.
    Avro,
    /// Protocol Buffers, a `.proto` text.
    Protobuf,
    /// UTF-8 text; the definition is ignored.
    String,
    /// One number; the definition is ignored.
    Number,
    /// Anything; the definition is ignored.
    Bytes,
}

impl SchemaType {
    /// Every type, in the order a person is offered them.
    pub const ALL: [Self; 6] = [Self::JsonSchema, Self::Avro, Self::Protobuf, Self::String, Self::Number, Self::Bytes];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::JsonSchema => "json_schema",
            Self::Avro => "avro",
            Self::Protobuf => "protobuf",
            Self::String => "string",
            Self::Number => "number",
            Self::Bytes => "bytes",
        }
    }
}

impl fmt::Display for SchemaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SchemaType {
    type Err = SchemaError;

    /// Reads the names Danube accepts, in any case.
    fn from_str(name: &str) -> Result<Self, SchemaError> {
        match name.to_ascii_lowercase().as_str() {
            "json_schema" | "json" => Ok(Self::JsonSchema),
            "avro" => Ok(Self::Avro),
            "protobuf" | "proto" => Ok(Self::Protobuf),
            "string" => Ok(Self::String),
            "number" | "int" | "int64" | "float" | "double" => Ok(Self::Number),
            "bytes" => Ok(Self::Bytes),
            _ => Err(SchemaError::UnknownType { name: clip(name) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for schema_type in SchemaType::ALL {
            assert_eq!(schema_type.to_string().parse(), Ok(schema_type));
        }
        assert_eq!("JSON".parse(), Ok(SchemaType::JsonSchema));
        assert_eq!("Proto".parse(), Ok(SchemaType::Protobuf));
        assert_eq!("Int64".parse(), Ok(SchemaType::Number));
    }

    #[test]
    fn an_unknown_name_is_named() {
        let error = "xml".parse::<SchemaType>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown schema type 'xml'; use json_schema, avro, protobuf, string, number or bytes"
        );
    }
}

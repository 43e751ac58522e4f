//! A compiled schema of any type. Compiling is the costly part (tens of milliseconds in a browser): do it once, share it.

use std::fmt;

use crate::{SchemaError, SchemaType, avro::Avro, fingerprint, json_schema::JsonSchema, protobuf::Protobuf};

/// A definition that compiled, ready to validate. `Send + Sync`; share it behind an `Arc`.
pub struct Schema {
    pub(crate) compiled: Compiled,
    fingerprint: String,
}

/// The compiled form by type.
pub(crate) enum Compiled {
    Json(Box<JsonSchema>),
    Avro(Box<Avro>),
    Protobuf(Box<Protobuf>),
    String,
    Number,
    Bytes,
}

impl Schema {
    /// Compiles a definition. For `string`, `number` and `bytes` it is ignored.
    ///
    /// # Errors
    /// [`SchemaError`] says what is wrong with the definition and where; nothing outside of it is ever fetched.
    pub fn compile(schema_type: SchemaType, definition: &[u8]) -> Result<Self, SchemaError> {
        let (compiled, fingerprint) = match schema_type {
            SchemaType::JsonSchema => {
                let schema = JsonSchema::compile(definition)?;
                let fingerprint = fingerprint::of_json(schema.definition());
                (Compiled::Json(Box::new(schema)), fingerprint)
            }
            SchemaType::Avro => {
                let schema = Avro::compile(definition)?;
                let fingerprint = schema.fingerprint().to_owned();
                (Compiled::Avro(Box::new(schema)), fingerprint)
            }
            SchemaType::Protobuf => return Self::compile_message(definition, None),
            SchemaType::String => (Compiled::String, schema_type.name().into()),
            SchemaType::Number => (Compiled::Number, schema_type.name().into()),
            SchemaType::Bytes => (Compiled::Bytes, schema_type.name().into()),
        };
        Ok(Self { compiled, fingerprint })
    }

    /// Compiles a Protobuf definition for one of its messages, by full name such as `shop.Order`; [`Self::compile`] takes
    /// the first message of the file.
    ///
    /// # Errors
    /// As [`Self::compile`]; also when the file has no such message.
    pub fn compile_message(definition: &[u8], message: Option<&str>) -> Result<Self, SchemaError> {
        let schema = Protobuf::compile(definition, message)?;
        let fingerprint = schema.fingerprint().to_owned();
        Ok(Self { compiled: Compiled::Protobuf(Box::new(schema)), fingerprint })
    }

    /// Two definitions with the same fingerprint are the same version, as Danube counts versions: `sha256:` and the hash
    /// of the definition without white space and with sorted keys; for Protobuf of its bytes; for `string`, `number` and `bytes` the type's name.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The full name of the Protobuf message that payloads are; nothing for the other types.
    pub fn message_name(&self) -> Option<&str> {
        match &self.compiled {
            Compiled::Protobuf(schema) => Some(schema.message().full_name()),
            _ => None,
        }
    }

    /// The full names of all messages that a Protobuf definition offers to [`Self::compile_message`]; none for the other
    /// types.
    pub fn message_names(&self) -> Vec<String> {
        match &self.compiled {
            Compiled::Protobuf(schema) => schema.names(),
            _ => Vec::new(),
        }
    }

    /// The type it was compiled as.
    pub fn schema_type(&self) -> SchemaType {
        match self.compiled {
            Compiled::Json(_) => SchemaType::JsonSchema,
            Compiled::Avro(_) => SchemaType::Avro,
            Compiled::Protobuf(_) => SchemaType::Protobuf,
            Compiled::String => SchemaType::String,
            Compiled::Number => SchemaType::Number,
            Compiled::Bytes => SchemaType::Bytes,
        }
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schema({}, {})", self.schema_type(), self.fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_can_be_shared_between_threads() {
        fn shared<T: Send + Sync + 'static>() {}
        shared::<Schema>();
    }

    #[test]
    fn a_protobuf_schema_names_its_message() {
        let definition = b"syntax = \"proto3\"; package shop; message Order {} message Item {}";
        let first = Schema::compile(SchemaType::Protobuf, definition).unwrap();
        assert_eq!(first.message_name(), Some("shop.Order"));
        let chosen = Schema::compile_message(definition, Some("shop.Item")).unwrap();
        assert_eq!(chosen.message_name(), Some("shop.Item"));
        assert_eq!(first.message_names(), ["shop.Order", "shop.Item"]);
        assert_eq!(Schema::compile(SchemaType::String, b"").unwrap().message_name(), None);
    }

    #[test]
    fn a_bundle_offers_the_messages_of_all_its_files() {
        let order = "syntax = \"proto3\"; import \"shop/item.proto\"; message Order { shop.Item item = 1; }";
        let item = "syntax = \"proto3\"; package shop; message Item { map<string, int32> n = 1; }";
        let definition = crate::bundle(&[("order.proto", order), ("shop/item.proto", item)]).unwrap();
        let schema = Schema::compile(SchemaType::Protobuf, definition.as_bytes()).unwrap();
        assert_eq!(schema.message_name(), Some("Order"));
        let mut names = schema.message_names();
        names.sort();
        assert_eq!(names, ["Order", "shop.Item"]);
        let item = Schema::compile_message(definition.as_bytes(), Some("shop.Item")).unwrap();
        assert_eq!(item.encode(br#"{"n":{"a":1}}"#), Ok(vec![10, 5, 10, 1, b'a', 16, 1]));
        let timestamp = Schema::compile_message(definition.as_bytes(), Some("google.protobuf.Timestamp"));
        assert!(timestamp.is_err());
    }

    #[test]
    fn plain_types_are_known_by_their_name() {
        let schema = Schema::compile(SchemaType::Number, b"whatever").unwrap();
        assert_eq!(schema.fingerprint(), "number");
        assert_eq!(format!("{schema:?}"), "Schema(number, number)");
    }
}

//! Between the JSON a person writes and the bytes on the wire. Nothing is converted that does not validate.

use serde_json::Value;

use crate::{Schema, Violation, limits::PAYLOAD_BYTES_MAX, schema::Compiled, validate::too_long, violation::finish};

impl Schema {
    /// The wire bytes for a payload written as JSON text: an Avro datum, a Protobuf message; for the other types the text itself.
    ///
    /// # Errors
    /// The violations of the text.
    pub fn encode(&self, json: &[u8]) -> Result<Vec<u8>, Vec<Violation>> {
        if json.len() > PAYLOAD_BYTES_MAX {
            return Err(finish(vec![too_long(json.len())], None, false, json.len()));
        }
        match &self.compiled {
            Compiled::Avro(schema) => schema.encode(json),
            Compiled::Protobuf(schema) => schema.encode(json),
            Compiled::Json(_) | Compiled::String | Compiled::Number | Compiled::Bytes => {
                let violations = self.validate(json);
                if violations.is_empty() { Ok(json.to_vec()) } else { Err(violations) }
            }
        }
    }

    /// An Avro object container with the one value of a JSON text, its schema in the header, not compressed. For the
    /// other types, which have no container, as [`Self::encode`].
    ///
    /// # Errors
    /// The violations of the text.
    pub fn encode_container(&self, json: &[u8]) -> Result<Vec<u8>, Vec<Violation>> {
        match &self.compiled {
            Compiled::Avro(schema) if json.len() <= PAYLOAD_BYTES_MAX => schema.encode_container(json),
            _ => self.encode(json),
        }
    }

    /// A payload as JSON, to show it: an Avro container as an array of its values; text as a string; a binary number or
    /// bytes that are no text as a string of hexadecimal digits.
    ///
    /// # Errors
    /// The violations of the payload.
    pub fn decode(&self, payload: &[u8]) -> Result<Value, Vec<Violation>> {
        let violations = match &self.compiled {
            Compiled::Avro(schema) if payload.len() <= PAYLOAD_BYTES_MAX => return schema.decode(payload),
            Compiled::Protobuf(schema) if payload.len() <= PAYLOAD_BYTES_MAX => return schema.decode(payload),
            _ => self.validate(payload),
        };
        if !violations.is_empty() {
            return Err(violations);
        }
        let parsed = match &self.compiled {
            Compiled::Json(_) | Compiled::Number => serde_json::from_slice(payload).ok(),
            _ => None,
        };
        Ok(parsed.unwrap_or_else(|| Value::String(as_text(&self.compiled, payload))))
    }
}

fn as_text(compiled: &Compiled, payload: &[u8]) -> String {
    match (compiled, std::str::from_utf8(payload)) {
        (Compiled::String | Compiled::Bytes, Ok(text)) => text.to_owned(),
        _ => payload.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{Schema, SchemaType};

    #[test]
    fn a_container_holds_the_value_and_its_schema() {
        let definition = br#"{"type":"record","name":"P","fields":[{"name":"id","type":"string"}]}"#;
        let schema = Schema::compile(SchemaType::Avro, definition).unwrap();
        let container = schema.encode_container(br#"{"id":"p1"}"#).unwrap();
        assert!(container.starts_with(b"Obj\x01"));
        assert_eq!(schema.validate(&container), []);
        assert_eq!(schema.decode(&container), Ok(json!([{"id": "p1"}])));
        assert_eq!(schema.encode_container(br#"{"id":1}"#).unwrap_err()[0].instance_path, "/id");
        let other = Schema::compile(SchemaType::Avro, br#"{"type":"long"}"#).unwrap();
        assert!(!other.validate(&container).is_empty(), "it says what it was written with");
        let text = Schema::compile(SchemaType::String, b"").unwrap();
        assert_eq!(text.encode_container(b"x"), Ok(b"x".to_vec()));
    }

    #[test]
    fn plain_types_are_shown_as_they_are() {
        let schema = |schema_type| Schema::compile(schema_type, b"{}").unwrap();
        assert_eq!(schema(SchemaType::Number).decode(b"42"), Ok(json!(42)));
        assert_eq!(schema(SchemaType::Number).decode(&[1, 0, 0, 0]), Ok(json!("01000000")));
        assert_eq!(schema(SchemaType::Bytes).decode(&[0xff]), Ok(json!("ff")));
        assert_eq!(schema(SchemaType::String).decode(b"x"), Ok(json!("x")));
        assert_eq!(schema(SchemaType::JsonSchema).decode(b"[1]"), Ok(json!([1])));
        assert_eq!(schema(SchemaType::JsonSchema).encode(b"[1]"), Ok(b"[1]".to_vec()));
        assert!(schema(SchemaType::JsonSchema).encode(b"[1").is_err());
    }
}

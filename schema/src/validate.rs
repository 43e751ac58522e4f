//! One payload against one schema: the step of a message's journey that says what is wrong with it. The rules of each
//! type live in its own module.

use crate::{
    Schema, Violation,
    limits::PAYLOAD_BYTES_MAX,
    place::ByteRange,
    plain,
    schema::Compiled,
    violation::{Found, RULE_PAYLOAD_BYTES, finish},
};

impl Schema {
    /// Every violation of the payload in the order of its bytes; empty when it is valid. At most
    /// [`crate::limits::VIOLATIONS_MAX`], then one with rule [`crate::RULE_MORE`].
    pub fn validate(&self, payload: &[u8]) -> Vec<Violation> {
        if payload.len() > PAYLOAD_BYTES_MAX {
            return finish(vec![too_long(payload.len())], None, false, payload.len());
        }
        match &self.compiled {
            Compiled::Json(schema) => schema.validate(payload),
            Compiled::Avro(schema) => schema.validate(payload),
            Compiled::Protobuf(schema) => schema.validate(payload),
            Compiled::String => plain::string(payload),
            Compiled::Number => plain::number(payload),
            Compiled::Bytes => Vec::new(),
        }
    }
}

pub(crate) fn too_long(bytes: usize) -> Found {
    Found {
        instance_path: String::new(),
        range: ByteRange { start: 0, end: bytes },
        rule: RULE_PAYLOAD_BYTES.into(),
        schema_path: String::new(),
        message: format!("payload has {bytes} bytes, at most {PAYLOAD_BYTES_MAX} are validated"),
    }
}

#[cfg(test)]
mod tests {
    use crate::{RULE_PAYLOAD_BYTES, Schema, SchemaType, limits::PAYLOAD_BYTES_MAX};

    #[test]
    fn payloads_are_bounded() {
        let schema = Schema::compile(SchemaType::Bytes, b"").unwrap();
        assert!(schema.validate(&vec![0; PAYLOAD_BYTES_MAX]).is_empty());
        let violations = schema.validate(&vec![0; PAYLOAD_BYTES_MAX + 1]);
        assert_eq!(violations[0].rule, RULE_PAYLOAD_BYTES);
        assert_eq!(violations[0].message, "payload has 33554433 bytes, at most 33554432 are validated");
    }
}

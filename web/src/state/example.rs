//! The guide's `user-events` example, filled in with one click. Data only.

use super::form::ProduceForm;
use super::schema_choice::VersionChoice;

/// The subject of the example.
pub const SUBJECT: &str = "user-events";

/// Its JSON Schema.
pub const DEFINITION: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "user-events",
  "type": "object",
  "required": ["user_id", "action", "timestamp"],
  "properties": {
    "user_id": { "type": "string", "minLength": 1 },
    "action": { "enum": ["login", "logout", "signup", "purchase"] },
    "timestamp": { "type": "string", "format": "date-time" }
  }
}
"#;

/// The message of the example, which is valid.
pub const PAYLOAD: &str = r#"{
  "user_id": "u123",
  "action": "login",
  "timestamp": "2024-01-01T10:00:00Z"
}"#;

/// The form as the example fills it in. Reliable, so that the tail shows the message even when it
/// is opened afterwards.
#[must_use]
pub fn form() -> ProduceForm {
    ProduceForm {
        topic: "/default/user-events".into(),
        subject: SUBJECT.into(),
        version: VersionChoice::Latest,
        payload: PAYLOAD.into(),
        reliable: true,
        ..ProduceForm::default()
    }
}

#[cfg(test)]
mod tests {
    use irongate_schema::{Schema, SchemaType};

    use super::*;

    #[test]
    fn the_example_is_valid_and_the_guides_bad_message_is_not() {
        let schema = Schema::compile(SchemaType::JsonSchema, DEFINITION.as_bytes()).unwrap();
        assert_eq!(schema.validate(PAYLOAD.as_bytes()), []);
        let violations = schema.validate(br#"{"user_id":123}"#);
        assert!(violations.iter().any(|violation| violation.instance_path == "/user_id"), "{violations:?}");
        assert_eq!(form().problems(), Vec::<String>::new());
    }
}

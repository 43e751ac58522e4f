//! What the user guide uses: its schema for user events, and messages for and against it.

/// The subject and the topic of the guide's first example.
pub const SUBJECT: &str = "user-events";
/// The topic of the guide's first example.
pub const TOPIC: &str = "/default/user-events";

/// The guide's schema: a user is a string, and so are action and time.
pub const SCHEMA: &str = r#"{
  "type": "object",
  "properties": {
    "user_id": {"type": "string"},
    "action": {"type": "string"},
    "timestamp": {"type": "string", "format": "date-time"}
  },
  "required": ["user_id"]
}"#;

/// The guide's own message.
pub const VALID: &str = r#"{"user_id":"u123","action":"login","timestamp":"2024-01-01T10:00:00Z"}"#;

/// The guide's own mistake: a number where a string belongs.
pub const INVALID: &str = r#"{"user_id":123}"#;

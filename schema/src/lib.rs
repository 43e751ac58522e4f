//! Schemas: compile a definition once, check many payloads, and say of each broken rule where it is broken, in the data
//! and in the schema. Pure: no network, no files, no clock; the same code runs in the broker and in the browser.
//!
//! What a payload may look like, by type:
//!
//! | type | definition | valid payload |
//! |---|---|---|
//! | `json_schema` | JSON Schema, draft 4, 6, 7, 2019-09 or 2020-12 (by `$schema`, else 2020-12); `format` is asserted | JSON text that satisfies it |
//! | `avro` | Avro schema | JSON text, in Avro's encoding or plain (a union's value without its tag); a raw datum; an object container (codecs `null`, `deflate`) |
//! | `protobuf` | one `.proto` text or a [`bundle`] of several, proto2 or proto3; the first message, or one chosen by name | wire bytes, unknown fields refused; or canonical JSON |
//! | `string` | ignored | UTF-8 text |
//! | `number` | ignored | one JSON number as text, white space around it allowed; or exactly 4 or 8 bytes (a binary `i32`, `f32`, `i64` or `f64`, which cannot be told from 4 or 8 bytes of text) |
//! | `bytes` | ignored | anything |
//!
//! JSON is read strictly: a key that comes twice in one object is a violation, because two readers of the same message
//! could see two different values; a byte order mark, nesting over 100 levels and numbers beyond a double are violations
//! too. References to other documents, and imports of what is not bundled, are refused by name, never fetched. Avro and Protobuf
//! `bytes` stand in JSON as those formats define it. Logical types of Avro are read by their underlying type or as people
//! write them (`"2026-11-25"`, `12.50`), and shown by their underlying type.

mod avro;
mod compatibility;
mod convert;
mod definition;
mod diff;
mod error;
mod excerpt;
mod fingerprint;
mod form;
mod json;
mod json_schema;
pub mod limits;
mod place;
mod plain;
mod protobuf;
mod sample;
mod schema;
mod schema_type;
mod validate;
mod violation;

pub use compatibility::{Comparison, Compatibility, Finding, VersionFinding, check_compatibility, check_history};
pub use definition::locate_in_definition;
pub use diff::{Change, ChangeKind, Difference};
pub use error::{DefinitionPlace, SchemaError};
pub use form::{BytesEncoding, Constraints, Form, FormField, FormShape, FurtherRule};
pub use protobuf::bundle;
pub use sample::SampleError;
pub use schema::Schema;
pub use schema_type::SchemaType;
pub use violation::{
    RULE_DUPLICATE_KEY, RULE_MORE, RULE_NESTING, RULE_PAYLOAD_BYTES, RULE_SYNTAX, RULE_WORK, Violation,
};

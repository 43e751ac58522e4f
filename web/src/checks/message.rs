//! What page and worker say to each other, as protobuf messages in byte arrays. A
//! question carries all that its answer needs: the worker may be replaced at any time.

use std::collections::BTreeMap;

use bytes::Bytes;
use irongate_proto::irongate_v1::Violation;

use super::form_model::Field;

/// From the page.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Question {
    /// The answer carries the same.
    #[prost(uint64, tag = "1")]
    pub sequence: u64,
    /// As Danube spells it: `json_schema` and so on.
    #[prost(string, tag = "2")]
    pub schema_type: String,
    /// The text of the schema.
    #[prost(bytes = "bytes", tag = "3")]
    pub definition: Bytes,
    /// The message to check; absent: only compile the schema.
    #[prost(bytes = "bytes", optional, tag = "4")]
    pub payload: Option<Bytes>,
    /// How the payload, typed as JSON, is to be encoded: as [`Encoding`](crate::state::encoding::Encoding)
    /// spells it. Empty: it is what travels.
    #[prost(string, tag = "5")]
    pub encoding: String,
    /// Many messages instead of one.
    #[prost(message, optional, tag = "6")]
    pub bulk: Option<Bulk>,
    /// A valid message is asked for, made with this seed. Takes the place of a check.
    #[prost(uint64, optional, tag = "7")]
    pub sample: Option<u64>,
    /// The form of the schema is asked for. Takes the place of a check.
    #[prost(bool, tag = "8")]
    pub form: bool,
    /// Texts are to be filled in. Takes the place of a check, and needs no schema.
    #[prost(message, optional, tag = "9")]
    pub fill: Option<Fill>,
    /// A file of messages is to be written or read. Takes the place of a check, and needs no schema.
    #[prost(message, optional, tag = "10")]
    pub file: Option<MessageFile>,
}

/// `messages.yaml`, as `irongate produce --from` reads it: its text, or what is in it.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct MessageFile {
    /// To be read, or what was written; empty: the messages are to be written.
    #[prost(string, tag = "1")]
    pub text: String,
    /// To be written, or what was read.
    #[prost(message, repeated, tag = "2")]
    pub messages: Vec<Written>,
}

/// A message of a file.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Written {
    /// Empty: it has none. So with the other texts.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Where it goes.
    #[prost(string, tag = "2")]
    pub topic: String,
    /// The subject of its schema.
    #[prost(string, tag = "3")]
    pub subject: String,
    /// 0: the latest.
    #[prost(uint32, tag = "4")]
    pub version: u32,
    /// Its routing key.
    #[prost(string, tag = "5")]
    pub routing_key: String,
    /// Names first, by name.
    #[prost(btree_map = "string, string", tag = "6")]
    pub attributes: BTreeMap<String, String>,
    /// The payload.
    #[prost(bytes = "bytes", tag = "7")]
    pub payload: Bytes,
    /// Payload, key and attributes are templates.
    #[prost(bool, tag = "8")]
    pub template: bool,
    /// How the payload travels, as [`Encoding`](crate::state::encoding::Encoding) is written; empty: as it stands.
    #[prost(string, tag = "9")]
    pub encoding: String,
}

/// Texts with names in double braces.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Fill {
    /// Decides the random values, together with the number.
    #[prost(uint64, tag = "1")]
    pub seed: u64,
    /// Which message of the seed, from 1: `{{seq}}`.
    #[prost(uint64, tag = "2")]
    pub number: u64,
    /// `{{producer}}`.
    #[prost(string, tag = "3")]
    pub producer: String,
    /// What to fill in, in this order.
    #[prost(message, repeated, tag = "4")]
    pub texts: Vec<Blank>,
}

/// One text.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Blank {
    /// What it is, for the sentence that says why it cannot be filled in.
    #[prost(string, tag = "1")]
    pub what: String,
    /// The text.
    #[prost(string, tag = "2")]
    pub text: String,
}

/// Many messages: either a file to cut into rows, which is then the payload, or rows to check.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Bulk {
    /// How the file holds its rows, as [`Layout`](crate::text::rows::Layout) is numbered here: 1 lines, 2 array, 3 CSV;
    /// 0: there is no file, these rows are checked.
    #[prost(uint32, tag = "1")]
    pub layout: u32,
    /// Rows to check: JSON text each.
    #[prost(bytes = "bytes", repeated, tag = "2")]
    pub rows: Vec<Bytes>,
    /// The rows come from CSV: a bare value that the schema does not take is tried as a string.
    #[prost(bool, tag = "3")]
    pub cells: bool,
}

/// One of many messages.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Row {
    /// Where it begins in the file, from 1; 0 in an answer to a check.
    #[prost(uint32, tag = "1")]
    pub line: u32,
    /// The text of the row; in an answer to a check, what travels, where it is valid.
    #[prost(bytes = "bytes", tag = "2")]
    pub payload: Bytes,
    /// Why it cannot be sent, in a few words; empty: it can.
    #[prost(string, tag = "3")]
    pub problem: String,
}

/// From the worker. One with the sequence 0 says that it is ready.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Answer {
    /// That of the question.
    #[prost(uint64, tag = "1")]
    pub sequence: u64,
    /// Every broken rule; none: valid.
    #[prost(message, repeated, tag = "2")]
    pub violations: Vec<Violation>,
    /// Why the schema does not compile; absent: it does.
    #[prost(message, optional, tag = "3")]
    pub fault: Option<DefinitionFault>,
    /// How long checking took, without compiling.
    #[prost(double, tag = "4")]
    pub elapsed_ms: f64,
    /// The fingerprint of the schema, as the registry computes it.
    #[prost(string, tag = "5")]
    pub fingerprint: String,
    /// The payload as it was asked to be encoded, or the sample, as JSON; absent where that was not asked, or cannot be done.
    #[prost(bytes = "bytes", optional, tag = "6")]
    pub wire: Option<Bytes>,
    /// The full name of the Protobuf message that the schema describes; empty for other types.
    #[prost(string, tag = "7")]
    pub message_type: String,
    /// The rows of a file, or what became of those that were to be checked, in their order.
    #[prost(message, repeated, tag = "8")]
    pub rows: Vec<Row>,
    /// The form, where it was asked for.
    #[prost(message, optional, tag = "9")]
    pub form: Option<Field>,
    /// The texts as they are filled in, in their order.
    #[prost(string, repeated, tag = "10")]
    pub filled: Vec<String>,
    /// The file that was asked for: with its text, or with its messages.
    #[prost(message, optional, tag = "11")]
    pub file: Option<MessageFile>,
}

/// What is wrong with a schema, and where.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct DefinitionFault {
    /// A sentence.
    #[prost(string, tag = "1")]
    pub message: String,
    /// From 1; 0 where no place is known.
    #[prost(uint32, tag = "2")]
    pub line: u32,
    /// In characters, from 1; 0 where no place is known.
    #[prost(uint32, tag = "3")]
    pub column: u32,
}

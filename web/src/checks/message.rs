//! What page and worker say to each other, as protobuf messages in byte arrays. A
//! question carries all that its answer needs: the worker may be replaced at any time.

use bytes::Bytes;
use irongate_proto::irongate_v1::Violation;

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
    /// The payload as it was asked to be encoded; absent where that was not asked, or cannot be done.
    #[prost(bytes = "bytes", optional, tag = "6")]
    pub wire: Option<Bytes>,
    /// The full name of the Protobuf message that the schema describes; empty for other types.
    #[prost(string, tag = "7")]
    pub message_type: String,
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

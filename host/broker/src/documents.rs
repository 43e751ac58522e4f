//! What the broker keeps beside its logs, as protobuf documents, and the keys they are
//! kept under. Fields may be added, numbers are never reused.
//!
//! | key | document |
//! |---|---|
//! | `n/<namespace>` | empty |
//! | `t/<topic>` | [`TopicDocument`] |
//! | `s/<topic>` 0 `<subscription>` | [`SubscriptionDocument`] |
//! | `p/<topic>` 0 `<subscription>` | [`SettingsDocument`] |
//! | `r/<subject>` | [`SubjectDocument`] |
//! | `d/<schema id, version, big-endian>` | the definition's bytes |
//! | `h/<name>` | a note, see [`crate::Note`] |
//! | `c` | [`CountersDocument`] |

use irongate_proto::danube_admin::SubscriptionFailurePolicy;
use irongate_proto::irongate_v1::Retention;
use irongate_store::DocumentWrite;
use prost::Message;

pub(crate) const NAMESPACES: &[u8] = b"n/";
pub(crate) const TOPICS: &[u8] = b"t/";
pub(crate) const SUBSCRIPTIONS: &[u8] = b"s/";
pub(crate) const SETTINGS: &[u8] = b"p/";
pub(crate) const SUBJECTS: &[u8] = b"r/";
pub(crate) const COUNTERS: &[u8] = b"c";
const DEFINITIONS: &[u8] = b"d/";
const SEPARATOR: u8 = 0;

/// Ids handed out; never reused, also not after a deletion.
#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct CountersDocument {
    #[prost(uint64, tag = "1")]
    pub(crate) next_log: u64,
    #[prost(uint64, tag = "2")]
    pub(crate) next_schema_id: u64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct TopicDocument {
    #[prost(uint64, tag = "1")]
    pub(crate) log: u64,
    #[prost(bool, tag = "2")]
    pub(crate) reliable: bool,
    #[prost(uint64, tag = "3")]
    pub(crate) created_at_ms: u64,
    #[prost(message, optional, tag = "4")]
    pub(crate) binding: Option<BindingDocument>,
    #[prost(message, optional, tag = "5")]
    pub(crate) retention: Option<Retention>,
    /// Empty: none. What is in it is known to whoever runs them.
    #[prost(bytes = "vec", tag = "6")]
    pub(crate) transforms: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct BindingDocument {
    #[prost(string, tag = "1")]
    pub(crate) subject: String,
    /// As in the contract: none, warn, enforce.
    #[prost(string, tag = "2")]
    pub(crate) policy: String,
    #[prost(bool, tag = "3")]
    pub(crate) payload: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SubscriptionDocument {
    #[prost(int32, tag = "1")]
    pub(crate) kind: i32,
    /// Everything before it is acknowledged.
    #[prost(uint64, tag = "2")]
    pub(crate) cursor: u64,
    /// First and last of each acknowledged run beyond the cursor, ascending.
    #[prost(uint64, repeated, tag = "3")]
    pub(crate) acked: Vec<u64>,
    #[prost(message, repeated, tag = "4")]
    pub(crate) failures: Vec<FailureDocument>,
}

/// A message that was not acknowledged, how often, and why the last time.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct FailureDocument {
    #[prost(uint64, tag = "1")]
    pub(crate) offset: u64,
    #[prost(uint32, tag = "2")]
    pub(crate) count: u32,
    #[prost(string, tag = "3")]
    pub(crate) reason: String,
}

/// What an administrator set for a subscription; it may be set before the subscription exists.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct SettingsDocument {
    #[prost(message, optional, tag = "1")]
    pub(crate) failure_policy: Option<SubscriptionFailurePolicy>,
    /// 0: as the broker's limits say.
    #[prost(uint32, tag = "2")]
    pub(crate) unacked_messages_max: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SubjectDocument {
    #[prost(uint64, tag = "1")]
    pub(crate) schema_id: u64,
    #[prost(string, tag = "2")]
    pub(crate) mode: String,
    #[prost(uint32, tag = "3")]
    pub(crate) next_version: u32,
    #[prost(message, repeated, tag = "4")]
    pub(crate) versions: Vec<VersionDocument>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct VersionDocument {
    #[prost(uint32, tag = "1")]
    pub(crate) version: u32,
    #[prost(string, tag = "2")]
    pub(crate) schema_type: String,
    #[prost(string, tag = "3")]
    pub(crate) fingerprint: String,
    #[prost(string, tag = "4")]
    pub(crate) description: String,
    #[prost(string, tag = "5")]
    pub(crate) created_by: String,
    #[prost(uint64, tag = "6")]
    pub(crate) created_at_s: u64,
    #[prost(string, repeated, tag = "7")]
    pub(crate) tags: Vec<String>,
}

pub(crate) fn key(prefix: &[u8], name: &str) -> Vec<u8> {
    [prefix, name.as_bytes()].concat()
}

pub(crate) fn subscription_key(topic: &str, subscription: &str) -> Vec<u8> {
    [SUBSCRIPTIONS, topic.as_bytes(), &[SEPARATOR], subscription.as_bytes()].concat()
}

pub(crate) fn settings_key(topic: &str, subscription: &str) -> Vec<u8> {
    [SETTINGS, topic.as_bytes(), &[SEPARATOR], subscription.as_bytes()].concat()
}

pub(crate) fn definition_key(schema_id: u64, version: u32) -> Vec<u8> {
    [DEFINITIONS, &schema_id.to_be_bytes(), &version.to_be_bytes()].concat()
}

/// The name in a key.
pub(crate) fn name_in<'a>(prefix: &[u8], key: &'a [u8]) -> Option<&'a str> {
    std::str::from_utf8(key.strip_prefix(prefix)?).ok()
}

/// Topic and subscription in a key.
pub(crate) fn subscription_in<'a>(prefix: &[u8], key: &'a [u8]) -> Option<(&'a str, &'a str)> {
    name_in(prefix, key)?.split_once(char::from(SEPARATOR))
}

pub(crate) fn set(key: Vec<u8>, document: &impl Message) -> DocumentWrite {
    DocumentWrite { key, value: Some(document.encode_to_vec()) }
}

pub(crate) fn remove(key: Vec<u8>) -> DocumentWrite {
    DocumentWrite { key, value: None }
}

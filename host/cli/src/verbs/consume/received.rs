//! A message with what is known about it: its payload as JSON, decoded by the schema it names where it is not text, and
//! what breaks that schema. Printing it is done elsewhere.

use super::args::Args;
use crate::address::ServiceAddr;
use crate::client::Channel;
use crate::output::{complain, harmless};
use crate::registry::Registry;
use crate::violations;
use irongate_proto::danube::StreamMessage;
use irongate_proto::irongate_v1::Violation;
use irongate_schema::{Schema, SchemaType};
use jiff::Timestamp;
use minijinja::value::{Serde, Value as Filled};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// Schemas that are kept compiled. Where messages name more, all are fetched again as they come.
const SCHEMAS_MAX: usize = 1_000;

/// A message and what is known about it.
pub(super) struct Received<'a> {
    pub(super) message: &'a StreamMessage,
    /// The payload where it is JSON text, or what its schema makes of it.
    pub(super) json: Option<Value>,
    /// Whether `json` came from the schema and not from the text.
    pub(super) is_decoded: bool,
    /// What breaks the schema, where that was to be checked.
    pub(super) violations: Vec<Violation>,
}

/// Looks at messages as they come.
pub(super) struct Schemas {
    registry: Registry,
    is_danube: bool,
    /// By id and version; absent where it cannot be had, which has been told.
    known: HashMap<(u64, Option<u32>), Option<Arc<Schema>>>,
    decodes: bool,
    validates: bool,
}

impl Schemas {
    pub(super) fn new(channel: Channel, address: &ServiceAddr, is_danube: bool, args: &Args) -> Self {
        let registry = Registry::new(channel, address);
        Self { registry, is_danube, known: HashMap::new(), decodes: !args.no_decode, validates: args.validate }
    }

    pub(super) async fn receive<'a>(&mut self, message: &'a StreamMessage) -> Received<'a> {
        let json = serde_json::from_slice(&message.payload).ok();
        let mut received = Received { message, json, is_decoded: false, violations: Vec::new() };
        let is_wanted = self.validates || self.decodes && received.json.is_none();
        let Some(schema_id) = message.schema_id.filter(|_| is_wanted) else { return received };
        let Some(schema) = self.find(schema_id, message.schema_version).await else { return received };
        if self.validates {
            let found = schema.validate(&message.payload);
            received.violations = found.into_iter().map(violations::on_the_wire).collect();
        }
        let is_binary = matches!(schema.schema_type(), SchemaType::Avro | SchemaType::Protobuf);
        if self.decodes && is_binary && received.json.is_none() {
            // What cannot be decoded is shown as it is; --validate says why.
            received.json = schema.decode(&message.payload).ok();
            received.is_decoded = received.json.is_some();
        }
        received
    }

    async fn find(&mut self, schema_id: u64, version: Option<u32>) -> Option<Arc<Schema>> {
        if let Some(known) = self.known.get(&(schema_id, version)) {
            return known.clone();
        }
        let schema = match self.registry.by_id(schema_id, version, self.is_danube).await {
            Ok(schema) => Some(Arc::new(schema)),
            Err(error) => {
                complain(&harmless(&format!("messages of schema {schema_id} are shown as they are: {error:#}")));
                None
            }
        };
        if self.known.len() >= SCHEMAS_MAX {
            self.known.clear();
        }
        self.known.insert((schema_id, version), schema.clone());
        schema
    }
}

impl Received<'_> {
    /// The partition's topic and the offset, for sentences.
    pub(super) fn place(&self) -> String {
        format!("offset {} of {}", self.offset(), harmless(self.topic()))
    }

    pub(super) fn topic(&self) -> &str {
        self.message.msg_id.as_ref().map_or("", |id| &id.topic_name)
    }

    pub(super) fn offset(&self) -> u64 {
        self.message.msg_id.as_ref().map_or(0, |id| id.topic_offset)
    }

    pub(super) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.message.payload).ok()
    }

    /// What a template may name.
    pub(super) fn facts(&self, number: u64) -> Filled {
        let message = self.message;
        let time = i64::try_from(message.publish_time).ok().and_then(|time| Timestamp::from_millisecond(time).ok());
        Filled::from_pairs([
            ("seq", Filled::from(number)),
            ("payload", Filled::from(String::from_utf8_lossy(&message.payload).into_owned())),
            ("json", Filled::from(Serde(&self.json))),
            ("key", Filled::from(message.routing_key.clone())),
            ("attributes", Filled::from(Serde(&message.attributes))),
            ("topic", Filled::from(self.topic())),
            ("offset", Filled::from(self.offset())),
            ("size", Filled::from(message.payload.len())),
            ("producer", Filled::from(message.producer_name.as_str())),
            ("publish_time_ms", Filled::from(message.publish_time)),
            ("publish_time", Filled::from(time.map(|time| format!("{time:.3}")))),
            ("schema_id", Filled::from(message.schema_id)),
            ("schema_version", Filled::from(message.schema_version)),
        ])
    }
}

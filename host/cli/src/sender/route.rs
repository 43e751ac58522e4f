//! Where messages go and under which terms. Finding the schema is the registry's work.

use crate::registry::Resolved;
use irongate_messages::SchemaName;
use irongate_proto::danube::{SchemaReference, schema_reference::VersionRef};
use std::sync::Arc;

/// The terms that all messages of one call share.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) topic: String,
    pub(crate) producer_name: String,
    /// 0: as the topic is; for a new topic, not partitioned.
    pub(crate) partitions: u32,
    pub(crate) is_reliable: bool,
    pub(crate) schema: Option<RouteSchema>,
    /// What messages are checked against before they are sent; it may be the topic's own schema, which needs no naming.
    pub(crate) check: Option<Arc<Resolved>>,
    /// What messages that are written as JSON are encoded by, if they say so: also where the topic enforces nothing.
    pub(crate) encoder: Option<Arc<Resolved>>,
}

/// The schema that messages are sent under.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RouteSchema {
    pub(crate) reference: SchemaReference,
    /// Known where the schema has been looked up.
    pub(crate) schema_id: Option<u64>,
    pub(crate) version: Option<u32>,
}

impl Route {
    /// Terms without a schema.
    pub(crate) fn plain(topic: String, producer_name: String, partitions: u32, is_reliable: bool) -> Self {
        Self { topic, producer_name, partitions, is_reliable, schema: None, check: None, encoder: None }
    }

    /// The same terms for another topic or schema, of which nothing is known but the name.
    pub(crate) fn elsewhere(&self, topic: String, schema: Option<&SchemaName>) -> Self {
        let schema = schema.map(|schema| RouteSchema {
            reference: SchemaReference {
                subject: schema.subject.clone(),
                version_ref: Some(schema.version.map_or(VersionRef::UseLatest(true), VersionRef::PinnedVersion)),
            },
            schema_id: None,
            version: schema.version,
        });
        Self { topic, producer_name: self.producer_name.clone(), schema, check: None, encoder: None, ..*self }
    }

    /// The schema that a message of this route can break.
    pub(crate) fn breakable(&self) -> Option<&Resolved> {
        self.check.as_deref().or(self.encoder.as_deref())
    }

    /// Names the schema that was looked up, and checks against it.
    pub(crate) fn with_schema(self, resolved: Resolved) -> Self {
        let schema = RouteSchema {
            reference: resolved.reference(),
            schema_id: Some(resolved.schema_id),
            version: Some(resolved.version),
        };
        let resolved = Arc::new(resolved);
        Self { schema: Some(schema), check: Some(resolved.clone()), encoder: Some(resolved), ..self }
    }
}

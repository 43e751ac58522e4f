//! What is asked of the server before anything is sent: the schema that the arguments name, and the one that a topic
//! is bound to already.

use super::args::Args;
use crate::address::ServiceAddr;
use crate::client::Channel;
use crate::messages::composer::Routes;
use crate::messages::rows::Source;
use crate::output::Output;
use crate::registry::{Registry, Wanted};
use crate::sender::Route;
use anyhow::{Context, Result};
use irongate_proto::irongate_v1::DescribeTopicRequest;
use irongate_proto::irongate_v1::topic_service_client::TopicServiceClient;
use irongate_schema::SchemaType;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The policy under which a server refuses what breaks a topic's schema.
const ENFORCE: &str = "enforce";

/// Finds out what the messages of a run have to satisfy.
pub(super) struct Schemas<'a> {
    pub(super) channel: Channel,
    pub(super) address: &'a ServiceAddr,
    pub(super) is_danube: bool,
    pub(super) output: Output,
}

impl Schemas<'_> {
    /// The route that the arguments describe. A schema file is registered first.
    pub(super) async fn route(&self, args: &Args, definition: Option<Vec<u8>>, plain: Route) -> Result<Route> {
        let schema = &args.schema;
        let mut registry = Registry::new(self.channel.clone(), self.address);
        let (subject, wanted) = if let (Some(definition), Some(schema_type)) = (definition, schema.schema_type) {
            let subject = subject_of(&args.topic);
            let kind = variant_name(schema_type);
            self.output.progress(&format!("📤 Auto-registering schema for subject '{subject}' (type: {kind})..."));
            let registered = registry.register(&subject, schema_type, definition).await.with_context(|| {
                let topic = &args.topic;
                format!("the schema file is no version of {subject}, the subject of {topic} (-t names another topic)")
            })?;
            self.output.progress(&format!("✅ Schema registered with ID: {}", registered.schema_id));
            // Of a definition that is registered already the server answers the version it has.
            (subject, Wanted::Pinned(registered.version))
        } else if let Some(subject) = &schema.schema_subject {
            let pinned = schema.schema_version.map(Wanted::Pinned);
            let at_least = schema.schema_min_version.map(Wanted::AtLeast);
            (subject.clone(), pinned.or(at_least).unwrap_or(Wanted::Latest))
        } else {
            return Ok(self.bound(plain).await);
        };
        let resolved = registry.resolve(&subject, wanted, self.is_danube).await?;
        self.output.progress(&resolved.describe());
        Ok(plain.with_schema(resolved))
    }

    /// The routes of messages that name a topic or a schema of their own, as far as they can be known beforehand.
    pub(super) async fn more_routes(&self, source: &Source, routes: &Routes, default: &Route) -> Result<()> {
        if source.is_stream() {
            return Ok(());
        }
        let mut named = BTreeSet::new();
        if let Source::Records(_) = source {
            for row in source.rows()? {
                let Some(record) = row?.record else { continue };
                if record.topic.is_some() || record.schema.is_some() {
                    named.insert((record.topic, record.schema));
                }
            }
        }
        let mut registry = Registry::new(self.channel.clone(), self.address);
        for (topic, schema) in named {
            let topic = topic.unwrap_or_else(|| default.topic.clone());
            if topic == default.topic && schema.is_none() {
                continue;
            }
            let plain = default.elsewhere(topic.clone(), None);
            let route = match &schema {
                None => self.bound(plain).await,
                Some(schema) => {
                    let wanted = schema.version.map_or(Wanted::Latest, Wanted::Pinned);
                    let resolved = registry.resolve(&schema.subject, wanted, self.is_danube).await;
                    plain.with_schema(resolved.with_context(|| format!("the schema of messages for {topic}"))?)
                }
            };
            routes.insert(topic, schema, Arc::new(route));
        }
        Ok(())
    }

    /// The route with the schema of the topic: to encode by, and to check by where the server will do that anyway. What
    /// cannot be found out here the server says when it is sent to.
    async fn bound(&self, plain: Route) -> Route {
        if self.is_danube {
            return plain;
        }
        let request = DescribeTopicRequest { topic: plain.topic.clone() };
        let described = TopicServiceClient::new(self.channel.clone()).describe_topic(request).await;
        let Some(summary) = described.ok().and_then(|described| described.into_inner().summary) else { return plain };
        if summary.schema_subject.is_empty() {
            return plain;
        }
        let mut registry = Registry::new(self.channel.clone(), self.address);
        let resolved = registry.resolve(&summary.schema_subject, Wanted::Latest, false).await;
        let encoder = resolved.ok().map(Arc::new);
        let check = encoder.clone().filter(|_| summary.validation_policy == ENFORCE);
        Route { check, encoder, ..plain }
    }
}

/// The subject under which a topic's schema file is registered.
pub(super) fn subject_of(topic: &str) -> String {
    topic.trim_start_matches('/').replace('/', "-")
}

/// A schema type as danube-cli prints it.
fn variant_name(schema_type: SchemaType) -> String {
    let words = schema_type.name().split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_written_as_danube_cli_writes_them() {
        assert_eq!(variant_name(SchemaType::JsonSchema), "JsonSchema");
        assert_eq!(variant_name(SchemaType::Avro), "Avro");
    }
}

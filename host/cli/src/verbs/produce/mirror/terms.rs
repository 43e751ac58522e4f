//! A message as it is kept for a region: with all that is needed to send it there later, by another process. Knows neither files
//! nor connections.

use crate::registry::Wanted;
use crate::sender::{Message, Route};
use anyhow::{Context, Result};
use irongate_messages::{Record, SchemaName};
use irongate_proto::danube::schema_reference::VersionRef;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What messages of one call share, in every region.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Terms {
    pub(super) topic: String,
    pub(super) producer: String,
    #[serde(default)]
    pub(super) partitions: u32,
    #[serde(default)]
    pub(super) reliable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) schema: Option<SchemaName>,
    /// The least version of the schema that will do, where none is pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version_min: Option<u32>,
}

/// One line of a spool.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Spooled {
    number: u64,
    terms: Terms,
    message: Record,
}

impl Terms {
    pub(super) fn of(route: &Route) -> Self {
        let reference = route.schema.as_ref().map(|schema| &schema.reference);
        let (mut version, mut version_min) = (None, None);
        match reference.and_then(|reference| reference.version_ref.as_ref()) {
            Some(VersionRef::PinnedVersion(pinned)) => version = Some(*pinned),
            Some(VersionRef::MinVersion(least)) => version_min = Some(*least),
            Some(VersionRef::UseLatest(_)) | None => {}
        }
        let schema = reference.map(|reference| SchemaName { subject: reference.subject.clone(), version });
        Self {
            topic: route.topic.clone(),
            producer: route.producer_name.clone(),
            partitions: route.partitions,
            reliable: route.is_reliable,
            schema,
            version_min,
        }
    }

    /// The route that says the same, with nothing looked up.
    pub(super) fn route(&self) -> Route {
        let plain = Route::plain(self.topic.clone(), self.producer.clone(), self.partitions, self.reliable);
        let mut route = plain.elsewhere(self.topic.clone(), self.schema.as_ref());
        if let (Some(schema), Some(least)) = (&mut route.schema, self.version_min) {
            schema.reference.version_ref = Some(VersionRef::MinVersion(least));
        }
        route
    }

    /// Which version of its schema is meant.
    pub(super) fn wanted(&self) -> Wanted {
        match (self.schema.as_ref().and_then(|schema| schema.version), self.version_min) {
            (Some(version), _) => Wanted::Pinned(version),
            (None, Some(least)) => Wanted::AtLeast(least),
            (None, None) => Wanted::Latest,
        }
    }
}

/// The line of a message, without its end.
pub(super) fn line(message: &Message) -> Result<Vec<u8>> {
    let mut record = Record::new(&message.payload);
    record.routing_key = message.routing_key.clone();
    record.attributes = message.attributes.clone().into_iter().collect();
    let spooled = Spooled { number: message.number, terms: Terms::of(&message.route), message: record };
    Ok(serde_json::to_vec(&spooled)?)
}

/// The message of a line.
///
/// # Errors
/// The line is none that was written by [`line`].
pub(super) fn message(line: &[u8]) -> Result<Message> {
    let spooled: Spooled = serde_json::from_slice(line).context("a line of the spool is damaged")?;
    let payload = spooled.message.payload()?;
    let Record { attributes, routing_key, .. } = spooled.message;
    let route = Arc::new(spooled.terms.route());
    Ok(Message { number: spooled.number, route, payload, attributes: attributes.into_iter().collect(), routing_key })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back_from_its_line_as_it_was() {
        for (schema, version_min) in [
            (None, None),
            (Some(SchemaName { subject: "s".into(), version: Some(3) }), None),
            (Some(SchemaName { subject: "s".into(), version: None }), Some(2)),
            (Some(SchemaName { subject: "s".into(), version: None }), None),
        ] {
            let (topic, producer) = ("/default/t".to_owned(), "p".to_owned());
            let terms = Terms { topic, producer, partitions: 4, reliable: true, schema, version_min };
            let sent = Message {
                number: 7,
                route: Arc::new(terms.route()),
                payload: vec![0xff, 0, b'\n'].into(),
                attributes: [("a".to_owned(), "1\n2".to_owned())].into(),
                routing_key: Some("k".to_owned()),
            };
            let line = line(&sent).expect("a line");
            assert!(!line.contains(&b'\n'));
            let back = message(&line).expect("a message");
            assert_eq!(Terms::of(&back.route), terms);
            assert_eq!((back.number, back.payload, back.attributes), (7, sent.payload, sent.attributes));
            assert_eq!(back.routing_key, sent.routing_key);
        }
        assert!(message(b"{}").expect_err("damaged").to_string().contains("damaged"));
    }
}

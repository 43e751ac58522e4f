//! Records in and out, and their way across the boundary. Does not judge them.

use bytes::Bytes;

use crate::bindings::irongate::transform::types as wit;

/// A registered schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SchemaReference {
    /// The subject's name.
    pub subject: String,
    /// The version, counted from 1.
    pub version: u32,
}

/// A record as it goes into a transform.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The topic's base name.
    pub topic: String,
    /// The partition, counted from 0, where there is one.
    pub partition: Option<u32>,
    /// The offset, where the record is stored.
    pub offset: Option<u64>,
    /// The routing key, if one was given.
    pub key: Option<String>,
    /// Names and values, each name once.
    pub attributes: Vec<(String, String)>,
    /// Milliseconds since 1970, by the producer's clock.
    pub publish_time_ms: u64,
    /// The schema that the producer named.
    pub schema: Option<SchemaReference>,
    /// The payload.
    pub payload: Bytes,
}

/// A record as it comes out of a transform.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputRecord {
    /// The topic that it is for; absent: the caller's default. Any text: the caller must check it.
    pub topic: Option<String>,
    /// The routing key.
    pub key: Option<String>,
    /// Names and values; of a name that occurs twice the last value counts.
    pub attributes: Vec<(String, String)>,
    /// The schema of the payload, if the transform names one. The caller must check it.
    pub schema: Option<SchemaReference>,
    /// The payload.
    pub payload: Bytes,
}

impl OutputRecord {
    /// Bytes of everything in it that the guest chose the length of.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let attributes: usize = self.attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
        let schema = self.schema.as_ref().map_or(0, |schema| schema.subject.len());
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        text(&self.topic) + text(&self.key) + attributes + schema + self.payload.len()
    }
}

impl From<wit::OutputRecord> for OutputRecord {
    fn from(record: wit::OutputRecord) -> OutputRecord {
        let schema = record.schema.map(|schema| SchemaReference { subject: schema.subject, version: schema.version });
        OutputRecord {
            topic: record.topic,
            key: record.key,
            attributes: record.attributes,
            schema,
            payload: record.payload.into(),
        }
    }
}

/// The borrowed attributes of a batch: what [`lower`] points to.
pub(crate) fn borrow_attributes(batch: &[Record]) -> Vec<Vec<(&str, &str)>> {
    fn borrow(record: &Record) -> Vec<(&str, &str)> {
        record.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
    batch.iter().map(borrow).collect()
}

/// A batch as the guest takes it, without copying a payload.
pub(crate) fn lower<'a>(batch: &'a [Record], attributes: &'a [Vec<(&'a str, &'a str)>]) -> Vec<wit::InputRecord<'a>> {
    let lower_one = |(record, attributes): (&'a Record, &'a Vec<(&'a str, &'a str)>)| wit::InputRecord {
        topic: &record.topic,
        partition: record.partition,
        offset: record.offset,
        key: record.key.as_deref(),
        attributes,
        publish_time_ms: record.publish_time_ms,
        schema: record
            .schema
            .as_ref()
            .map(|schema| wit::SchemaReferenceParam { subject: &schema.subject, version: schema.version }),
        payload: &record.payload,
    };
    batch.iter().zip(attributes).map(lower_one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_of_an_output_counts() {
        let record = OutputRecord {
            topic: Some("/a/b".into()),
            key: Some("k".into()),
            attributes: vec![("n".into(), "vv".into())],
            schema: Some(SchemaReference { subject: "s".into(), version: 1 }),
            payload: Bytes::from_static(b"12345"),
        };
        assert_eq!(record.bytes(), 4 + 1 + 3 + 1 + 5);
    }
}

//! A message as it stands in a file: the form of the console's export, of `consume --json` and of `--from`.
//! In YAML a file is `messages:` and a list, or the list alone; in JSON Lines each line is a message.

use crate::RecordError;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// One message. Every field may be missing.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// What it is called where it is kept. Does not travel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// What it has to satisfy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<SchemaName>,
    /// Decides the partition.
    #[serde(default, alias = "key", skip_serializing_if = "Option::is_none")]
    pub routing_key: Option<String>,
    /// Whether payload, routing key and attributes are templates to be filled in. Else double braces travel as they are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub template: bool,
    /// What travels beside the payload.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// The payload as text, as any JSON value, or as base64: one of the three.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    json: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload_base64: Option<String>,
    // What `consume --json` tells about a message that has been sent. It says nothing about sending it again.
    #[serde(default, skip_serializing)]
    offset: Option<u64>,
    #[serde(default, skip_serializing)]
    partition: Option<u32>,
    #[serde(default, skip_serializing)]
    publish_time_ms: Option<u64>,
    #[serde(default, skip_serializing)]
    producer: Option<String>,
    #[serde(default, skip_serializing)]
    schema_id: Option<u64>,
    #[serde(default, skip_serializing)]
    schema_version: Option<u32>,
    #[serde(default, skip_serializing)]
    decoded: Option<Value>,
}

/// A registered schema; without a version the latest is meant.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaName {
    /// The subject it is registered under.
    pub subject: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// Absent: the latest.
    pub version: Option<u32>,
}

/// The shape of a file that names its list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Export {
    messages: Vec<Record>,
}

impl Record {
    /// A record of these parts.
    #[must_use]
    pub fn new(payload: &[u8]) -> Self {
        let mut record = Self::default();
        match std::str::from_utf8(payload) {
            Ok(text) => record.payload = Some(text.to_owned()),
            Err(_) => record.payload_base64 = Some(STANDARD.encode(payload)),
        }
        record
    }

    /// The payload in the one of its three forms that is there.
    ///
    /// # Errors
    /// There are several, or what is said to be base64 is none.
    pub fn payload(&self) -> Result<Bytes, RecordError> {
        match (&self.payload, &self.json, &self.payload_base64) {
            (Some(text), None, None) => Ok(text.clone().into()),
            (None, Some(json), None) => Ok(json.to_string().into()),
            (None, None, Some(encoded)) => Ok(STANDARD.decode(encoded)?.into()),
            (None, None, None) => Ok(Bytes::new()),
            _ => Err(RecordError::SeveralPayloads),
        }
    }
}

/// The messages of a YAML file. JSON is YAML, so a JSON array will do as well.
///
/// # Errors
/// It is no such file; the sentence has line and column.
pub fn parse_yaml(text: &str) -> Result<Vec<Record>, RecordError> {
    let mut lines = text.lines().map(str::trim_start);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("---"));
    if first.is_some_and(|first| first.starts_with(['-', '['])) {
        return serde_saphyr::from_str(text).map_err(no_yaml);
    }
    let export: Export = serde_saphyr::from_str(text).map_err(no_yaml)?;
    Ok(export.messages)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
fn no_yaml(error: serde_saphyr::Error) -> RecordError {
    RecordError::Yaml(error.to_string())
}

/// The message of one line of JSON Lines.
///
/// # Errors
/// It is no object with the fields of a message.
pub fn parse_json(line: &[u8]) -> Result<Record, RecordError> {
    Ok(serde_json::from_slice(line)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_export_of_the_console_is_read() {
        let text = "messages:\n  - topic: /default/a\n    schema: { subject: s, version: 2 }\n    routing_key: k\n    \
            attributes: { a: \"1\" }\n    payload: |-\n      {\"x\": 1}\n  - json: { y: [1, true] }\n";
        let records = parse_yaml(text).expect("an export");
        assert_eq!(records.len(), 2);
        assert_eq!(records[0].payload().expect("text"), r#"{"x": 1}"#);
        assert_eq!(records[0].schema, Some(SchemaName { subject: "s".into(), version: Some(2) }));
        assert_eq!(records[1].payload().expect("json"), r#"{"y":[1,true]}"#);
        assert_eq!(parse_yaml("- payload: x\n").expect("a list").len(), 1);
    }

    #[test]
    fn what_consume_prints_is_read() {
        let line = br#"{"topic":"/default/t-part-1","offset":7,"publish_time_ms":5,"producer":"p","routing_key":null,
            "attributes":{"a":"1"},"schema_id":3,"schema_version":null,"payload_base64":"/wA="}"#;
        let record = parse_json(line).expect("a record");
        assert_eq!(record.payload().expect("base64"), &[0xff, 0][..]);
    }

    #[test]
    fn what_is_written_is_read_back() {
        for payload in [&b"text"[..], &[0xff, 0]] {
            let mut record = Record::new(payload);
            record.routing_key = Some("k".into());
            let line = serde_json::to_vec(&record).expect("JSON");
            assert_eq!(parse_json(&line).expect("a record"), record);
            assert_eq!(record.payload().expect("a payload"), payload);
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (line, part) in [
            (r#"{"topik":"/a/b"}"#, "topik"),
            (r#"{"attributes":{"a":1}}"#, "string"),
            (r#"{"schema":{"version":1}}"#, "subject"),
        ] {
            let error = format!("{:#}", parse_json(line.as_bytes()).expect_err(line));
            assert!(error.contains(part), "{line}: {error}");
        }
        let two = parse_json(br#"{"payload":"a","json":1}"#).expect("an object").payload();
        assert!(two.expect_err("two payloads").to_string().contains("one of"));
    }
}

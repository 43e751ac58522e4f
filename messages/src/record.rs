//! A message as it stands in a file: the form of the console's export, of `consume --json`, of `produce --from` and of the
//! records of `plugin run`. Knows no topic and no schema; a file is opened elsewhere.
//!
//! In YAML a file is `messages:` and a list, or the list alone; in JSON Lines each line is a message.

use crate::{Encoding, RecordError};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::de::value::MapAccessDeserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
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
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "std::ops::Not::not")]
    pub template: bool,
    /// How the payload travels, where it is the JSON of what a schema has bytes of its own for. Absent: as it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// What travels beside the payload.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// The payload as text, as any JSON value, or as base64: one of the three.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    json: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload_base64: Option<String>,
    /// Where it stands, as `consume --json` tells it: its offset. Says nothing about sending it again.
    #[serde(default, skip_serializing)]
    pub offset: Option<u64>,
    /// And its partition.
    #[serde(default, skip_serializing)]
    pub partition: Option<u32>,
    /// And when its producer sent it.
    #[serde(default, skip_serializing)]
    pub publish_time_ms: Option<u64>,
    // The rest of what `consume --json` tells: known, so that it is no mistake, and of no use here.
    #[serde(default, skip_serializing)]
    producer: IgnoredAny,
    #[serde(default, skip_serializing)]
    schema_id: IgnoredAny,
    #[serde(default, skip_serializing)]
    schema_version: IgnoredAny,
    #[serde(default, skip_serializing)]
    decoded: IgnoredAny,
    #[serde(default, skip_serializing)]
    violations: IgnoredAny,
}

/// `null` is as good as nothing, as it is where a field may be missing.
fn or_default<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A record that is an object: derived, reading would take a list as the fields in their order.
#[derive(Serialize)]
struct Entry(Record);

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Record;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a message, which is an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Record, A::Error> {
                Record::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_map(Object).map(Self)
    }
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
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Export {
    messages: Vec<Entry>,
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
        return serde_saphyr::from_str(text).map(records).map_err(no_yaml);
    }
    let export: Export = serde_saphyr::from_str(text).map_err(no_yaml)?;
    Ok(records(export.messages))
}

fn records(entries: Vec<Entry>) -> Vec<Record> {
    entries.into_iter().map(|entry| entry.0).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
fn no_yaml(error: serde_saphyr::Error) -> RecordError {
    RecordError::Yaml(error.to_string())
}

/// A YAML file of these messages, which [`parse_yaml`] reads.
///
/// # Errors
/// The writer fails.
pub fn to_yaml(messages: Vec<Record>) -> Result<String, RecordError> {
    serde_saphyr::to_string(&Export { messages: messages.into_iter().map(Entry).collect() })
        .map_err(|error| RecordError::Yaml(error.to_string()))
}

/// The message of one line of JSON Lines.
///
/// # Errors
/// It is no object with the fields of a message; the sentence names the field.
pub fn parse_json(line: &[u8]) -> Result<Record, RecordError> {
    let mut reader = serde_json::Deserializer::from_slice(line);
    let Entry(record) =
        serde_path_to_error::deserialize(&mut reader).map_err(|error| match error.path().to_string() {
            // It is the message as a whole.
            path if path == "." => RecordError::Json(error.into_inner()),
            path => RecordError::Field { path, error: error.into_inner() },
        })?;
    reader.end()?;
    Ok(record)
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
            "attributes":{"a":"1"},"schema_id":3,"schema_version":null,"payload_base64":"/wA=","decoded":{"a":1},
            "violations":[{"rule":"type"}]}"#;
        let record = parse_json(line).expect("a record");
        assert_eq!(record.payload().expect("base64"), &[0xff, 0][..]);
        assert_eq!((record.offset, record.partition, record.publish_time_ms), (Some(7), None, Some(5)));
    }

    #[test]
    fn null_is_as_good_as_nothing() {
        let fields =
            ["name", "topic", "schema", "routing_key", "template", "encoding", "attributes", "payload", "json"];
        let told = ["payload_base64", "offset", "partition", "publish_time_ms", "producer", "schema_id", "decoded"];
        for field in fields.into_iter().chain(told) {
            let record = parse_json(format!("{{\"{field}\":null}}").as_bytes()).expect(field);
            assert_eq!(record, Record::default(), "{field}");
        }
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
    fn a_yaml_file_brings_every_text_back() {
        let pieces = [
            "~", "yes", "null", "0x1f", "1e3", ".inf", "- ", ": ", "#", " #", "\n", "\n\n", "\r\n", "\t", " ", "\"",
            "'", "{", "}", "{{seq}}", "[", ",", "&a", "*a", "!", "|", ">", "%", "@", "`", "\\", "---", "\n...", "ä",
            "😀", "\u{85}", "\u{2028}", "\u{feff}", "\u{0}", "\u{7f}", "\u{9b}", "=", "<<", "?",
        ];
        let mut dice = fastrand::Rng::with_seed(7);
        let mut text = || -> String { (0..dice.usize(..6)).filter_map(|_| dice.choice(pieces)).collect() };
        let mut records = vec![Record::new(b"{\n  \"a\": 1\n}"), Record::new(&[0xff, 0]), Record::default()];
        for _ in 0..2_000 {
            let attributes = [(text(), text()), (text(), text())].into();
            let (name, routing_key) = (Some(text()), Some(text()));
            let schema = Some(SchemaName { subject: text(), version: Some(3) });
            records.push(Record {
                name,
                routing_key,
                schema,
                attributes,
                template: true,
                encoding: Some(Encoding::Container),
                topic: Some(text()),
                ..Record::new(text().as_bytes())
            });
        }
        let read = parse_yaml(&to_yaml(records.clone()).expect("written")).expect("read");
        for (read, record) in read.iter().zip(&records) {
            assert_eq!(read, record);
        }
        assert_eq!(read.len(), records.len());
    }

    #[test]
    fn mistakes_are_named() {
        for (line, part) in [
            (r#"{"topik":"/a/b"}"#, "`topik`: unknown field"),
            (r#"{"attributes":{"a":1}}"#, "`attributes.a`: invalid type: integer `1`, expected a string"),
            (r#"{"schema":{"version":1}}"#, "`schema`: missing field `subject`"),
            (r#"{"offset":-1}"#, "`offset`"),
            (
                r#"{"encoding":"avro"}"#,
                "`encoding`: unknown variant `avro`, expected one of `text`, `binary`, `container`",
            ),
            (r#"["name","/a/b"]"#, "expected a message, which is an object"),
            (r#"{"payload":"a"} {"payload":"b"}"#, "trailing"),
        ] {
            let error = format!("{:#}", parse_json(line.as_bytes()).expect_err(line));
            assert!(error.contains(part), "{line}: {error}");
        }
        let two = parse_json(br#"{"payload":"a","json":1}"#).expect("an object").payload();
        assert!(two.expect_err("two payloads").to_string().contains("one of"));
    }

    #[test]
    fn a_list_in_yaml_is_no_message() {
        for text in ["- [name, /a/b]\n", "messages:\n  - [name, /a/b]\n"] {
            let error = parse_yaml(text).expect_err(text).to_string();
            assert!(error.contains("expected mapping"), "{error}");
        }
    }
}

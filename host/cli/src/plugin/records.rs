//! Records and outcomes as JSON, one object per line: what goes into `plugin run`, and what comes out. The names are those that `consume --json` prints.

use anyhow::{Context, Result, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use irongate_runtime::{GuestFault, Outcome, OutputRecord, Record, SchemaReference};
use serde_json::{Map, Value, json};

/// The topic of a record that names none.
const TOPIC: &str = "/default/records";

/// What `consume --json` prints and a transform is not told.
const IGNORED: [&str; 3] = ["producer", "schema_id", "schema_version"];

/// Reads one record.
///
/// # Errors
/// It is not an object, has a field that nobody knows, or one of the wrong type; the sentence names the field.
pub(super) fn parse(line: &str) -> Result<Record> {
    let Value::Object(mut fields) = serde_json::from_str(line)? else { bail!("it is not a JSON object") };
    fields.retain(|name, value| !value.is_null() && !IGNORED.contains(&name.as_str()));
    let record = Record {
        topic: text(&mut fields, "topic")?.unwrap_or_else(|| TOPIC.to_owned()),
        partition: number(&mut fields, "partition")?.map(u32::try_from).transpose().context("`partition`")?,
        offset: number(&mut fields, "offset")?,
        key: text(&mut fields, "routing_key")?,
        attributes: attributes(&mut fields)?,
        publish_time_ms: number(&mut fields, "publish_time_ms")?.unwrap_or_default(),
        schema: schema(&mut fields)?,
        payload: payload(&mut fields)?,
    };
    match fields.keys().next() {
        Some(name) => bail!("the field `{name}` is not one of a record"),
        None => Ok(record),
    }
}

fn text(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>> {
    match fields.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => bail!("`{name}` is {other}, but must be text"),
    }
}

fn number(fields: &mut Map<String, Value>, name: &str) -> Result<Option<u64>> {
    let Some(value) = fields.remove(name) else { return Ok(None) };
    value.as_u64().map(Some).with_context(|| format!("`{name}` is {value}, but must be a whole number"))
}

fn attributes(fields: &mut Map<String, Value>) -> Result<Vec<(String, String)>> {
    let Some(value) = fields.remove("attributes") else { return Ok(Vec::new()) };
    let attributes: std::collections::BTreeMap<String, String> =
        serde_json::from_value(value).context("`attributes` must be an object of texts")?;
    Ok(attributes.into_iter().collect())
}

fn schema(fields: &mut Map<String, Value>) -> Result<Option<SchemaReference>> {
    let Some(value) = fields.remove("schema") else { return Ok(None) };
    let subject = value["subject"].as_str();
    let version = value["version"].as_u64().and_then(|version| u32::try_from(version).ok());
    let (Some(subject), Some(version)) = (subject, version) else {
        bail!("`schema` must be an object with `subject` and `version`");
    };
    Ok(Some(SchemaReference { subject: subject.to_owned(), version }))
}

/// The payload in the one of its three forms that is there.
fn payload(fields: &mut Map<String, Value>) -> Result<Bytes> {
    let forms = ["payload", "payload_base64", "json"].iter().filter(|form| fields.contains_key(**form)).count();
    if forms > 1 {
        bail!("give one of `payload`, `payload_base64` and `json`");
    }
    if let Some(json) = fields.remove("json") {
        return Ok(json.to_string().into());
    }
    if let Some(encoded) = text(fields, "payload_base64")? {
        return Ok(STANDARD.decode(encoded).context("`payload_base64` is not base64")?.into());
    }
    Ok(text(fields, "payload")?.unwrap_or_default().into())
}

/// What became of one record, for a program.
pub(super) fn object(line: usize, outcome: &Outcome) -> Value {
    let mut object = json!({ "line": line, "outcome": word(outcome) });
    match outcome {
        Outcome::Emit(records) => object["records"] = records.iter().map(output).collect(),
        Outcome::Reject(reason) | Outcome::Retry(reason) => object["reason"] = reason.as_str().into(),
        Outcome::Fault(fault) => {
            object["reason"] = fault.to_string().into();
            object["frames"] = frames(&fault.fault).into();
        }
        Outcome::Keep | Outcome::Drop | Outcome::Untried => {}
    }
    object
}

/// What became of one record, for a person: one line, and one more for each record that was emitted.
pub(super) fn lines(line: usize, outcome: &Outcome) -> String {
    let head = format!("{line} {}", word(outcome));
    match outcome {
        Outcome::Emit(records) => records.iter().fold(head, |text, record| format!("{text}\n  {}", output(record))),
        Outcome::Reject(reason) | Outcome::Retry(reason) => format!("{head}: {reason}"),
        Outcome::Fault(fault) => {
            let head = format!("{head}: {}", fault.to_string().trim_end());
            frames(&fault.fault).iter().fold(head, |text, frame| format!("{text}\n  at {frame}"))
        }
        Outcome::Keep | Outcome::Drop | Outcome::Untried => head,
    }
}

/// Where the component was stopped, innermost first.
fn frames(fault: &GuestFault) -> &[String] {
    match fault {
        GuestFault::Trap(trap) => &trap.frames,
        GuestFault::Error(_) => &[],
    }
}

/// The word for an outcome, as in the interface.
pub(super) fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Emit(_) => "emit",
        Outcome::Keep => "keep",
        Outcome::Drop => "drop",
        Outcome::Reject(_) => "reject",
        Outcome::Retry(_) => "retry",
        Outcome::Fault(_) => "fault",
        Outcome::Untried => "untried",
    }
}

/// A record that was emitted, in the form that is read as well. What is absent is left out.
fn output(record: &OutputRecord) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            object.insert(name.to_owned(), value);
        }
    };
    put("topic", record.topic.clone().map(Value::from));
    put("routing_key", record.key.clone().map(Value::from));
    let attributes: Map<String, Value> =
        record.attributes.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    put("attributes", (!attributes.is_empty()).then(|| attributes.into()));
    put("schema", record.schema.as_ref().map(|schema| json!({"subject": schema.subject, "version": schema.version})));
    match std::str::from_utf8(&record.payload) {
        Ok(text) => put("payload", Some(text.into())),
        Err(_) => put("payload_base64", Some(STANDARD.encode(&record.payload).into())),
    }
    object.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_consume_is_a_record() {
        let line = r#"{"topic":"/default/t-part-1","offset":7,"publish_time_ms":5,"producer":"p","routing_key":null,
            "attributes":{"a":"1"},"schema_id":3,"schema_version":null,"payload_base64":"/wA="}"#;
        let record = parse(line).unwrap();
        assert_eq!((record.offset, record.key, &record.payload[..]), (Some(7), None, &[0xff, 0][..]));
        assert_eq!(record.attributes, [("a".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn payloads_have_three_forms_but_one_at_a_time() {
        assert_eq!(parse(r#"{"json": {"a": [1, 2]}}"#).unwrap().payload, r#"{"a":[1,2]}"#);
        assert_eq!(parse(r#"{"payload": "text"}"#).unwrap().payload, "text");
        assert_eq!(parse("{}").unwrap().payload, "");
        assert!(parse(r#"{"payload": "a", "json": 1}"#).is_err());
    }

    #[test]
    fn each_wrong_field_is_named() {
        for (line, name) in [
            (r#"{"topik": "/a/b"}"#, "`topik`"),
            (r#"{"offset": -1}"#, "`offset`"),
            (r#"{"partition": 4294967296}"#, "`partition`"),
            (r#"{"attributes": {"a": 1}}"#, "`attributes`"),
            (r#"{"schema": {"subject": "s"}}"#, "`schema`"),
            (r#"{"payload": {}}"#, "`payload`"),
            (r#"{"payload_base64": "!"}"#, "`payload_base64`"),
            ("[]", "object"),
        ] {
            let error = format!("{:#}", parse(line).unwrap_err());
            assert!(error.contains(name), "{line}: {error}");
        }
    }

    #[test]
    fn outcomes_are_told_twice() {
        let record = OutputRecord { topic: Some("/a/b".into()), payload: "x".into(), ..OutputRecord::default() };
        let emitted = Outcome::Emit(vec![record]);
        assert_eq!(lines(1, &emitted), "1 emit\n  {\"payload\":\"x\",\"topic\":\"/a/b\"}");
        assert_eq!(object(1, &emitted)["records"][0]["payload"], "x");
        assert_eq!(lines(2, &Outcome::Reject("why".into())), "2 reject: why");
        assert_eq!(object(3, &Outcome::Keep), json!({"line": 3, "outcome": "keep"}));
    }
}

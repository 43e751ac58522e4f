//! Records and outcomes as JSON, one object per line: what goes into `plugin run`, and what comes out. A record is written as a
//! message is that `produce --from` reads and `consume --json` prints.

use anyhow::{Context, Result, bail};
use irongate_messages::{Encoding, SchemaName};
use irongate_runtime::{GuestFault, Outcome, OutputRecord, Record, SchemaReference};
use serde_json::{Value, json};

/// The topic of a record that names none.
const TOPIC: &str = "/default/records";

/// Reads one record.
///
/// # Errors
/// It is no message, or one that a transform could not be given; the sentence names the field.
pub(super) fn parse(line: &str) -> Result<Record> {
    let written = irongate_messages::parse_json(line.as_bytes())?;
    if written.template {
        bail!("`template`: `plugin run` fills nothing in; write the payload as the transform is to be given it");
    }
    if written.encoding.is_some_and(|encoding| encoding != Encoding::Text) {
        bail!("`encoding`: `plugin run` knows no schema; write the bytes as `payload_base64`");
    }
    let payload = written.payload()?;
    Ok(Record {
        topic: written.topic.unwrap_or_else(|| TOPIC.to_owned()),
        partition: written.partition,
        offset: written.offset,
        key: written.routing_key,
        attributes: written.attributes.into_iter().collect(),
        publish_time_ms: written.publish_time_ms.unwrap_or_default(),
        schema: written.schema.map(schema).transpose()?,
        payload,
    })
}

/// A transform is told the version: there is no registry here to ask for the latest.
fn schema(name: SchemaName) -> Result<SchemaReference> {
    let version = name.version.context("`schema` must have a `version` beside its `subject`")?;
    Ok(SchemaReference { subject: name.subject, version })
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
    let mut written = irongate_messages::Record::new(&record.payload);
    written.topic.clone_from(&record.topic);
    written.routing_key.clone_from(&record.key);
    written.attributes = record.attributes.iter().cloned().collect();
    written.schema =
        record.schema.clone().map(|schema| SchemaName { subject: schema.subject, version: Some(schema.version) });
    json!(written)
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
            (r#"{"attributes": [1]}"#, "`attributes`"),
            (r#"{"schema": {"subject": "s"}}"#, "`schema`"),
            (r#"{"payload": {}}"#, "`payload`"),
            (r#"{"payload_base64": "!"}"#, "`payload_base64`"),
            (r#"{"template": true, "payload": "{{seq}}"}"#, "`template`"),
            (r#"{"attributes": {"a": 1}, "payload": "x"}"#, "`attributes.a`"),
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

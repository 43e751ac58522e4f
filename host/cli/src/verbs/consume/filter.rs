//! Which messages are wanted: an expression in the Common Expression Language over one message. Pure.

use super::received::Received;
use anyhow::{Result, anyhow, bail};
use cel::{Context, ExecutionError, Program, Value};
use irongate_proto::danube::StreamMessage;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::sync::Arc;

/// What an expression may name.
const NAMES: [&str; 9] =
    ["payload", "json", "key", "attributes", "topic", "offset", "size", "producer", "publish_time_ms"];

/// How the library calls the dot.
const FIELD_OPERATOR: &str = "_._";

/// A compiled expression.
pub(super) struct Filter(Program);

impl Filter {
    /// # Errors
    /// It is no expression, or names what messages do not have.
    pub(super) fn compile(text: &str) -> Result<Self> {
        let program = Program::compile(text).map_err(|error| anyhow!("the filter is no CEL expression: {error}"))?;
        let filter = Self(program);
        // On a message without anything an unknown name shows before the first message comes; what a message has is
        // judged on messages.
        let nothing = StreamMessage::default();
        let nothing = Received { message: &nothing, json: None, is_decoded: false, violations: Vec::new() };
        match filter.0.execute(&context(&nothing)) {
            Err(ExecutionError::UndeclaredReference(name)) => Err(unknown(&name)),
            _ => Ok(filter),
        }
    }

    /// Whether the message is wanted. What it does not have is not wanted.
    ///
    /// # Errors
    /// The expression cannot be decided for this message, or does not decide.
    pub(super) fn wants(&self, received: &Received) -> Result<bool> {
        match self.0.execute(&context(received)) {
            Ok(Value::Bool(wanted)) => Ok(wanted),
            Ok(other) => bail!("the filter is {}, but must be true or false", other.type_of()),
            Err(ExecutionError::NoSuchKey(_)) => Ok(false),
            // A field of what has no fields.
            Err(ExecutionError::NoSuchOverload(error)) if error.function() == FIELD_OPERATOR => Ok(false),
            Err(ExecutionError::UndeclaredReference(name)) => Err(unknown(&name)),
            Err(error) => bail!("the filter cannot be decided: {error}; has(json.field) asks whether there is one"),
        }
    }
}

fn unknown(name: &str) -> anyhow::Error {
    anyhow!("the filter names {name}; known are {}", NAMES.join(", "))
}

fn context(received: &Received) -> Context<'static, 'static> {
    let message = received.message;
    let text = |text: &str| Value::String(Arc::new(text.to_owned()));
    let attributes: HashMap<String, Value> =
        message.attributes.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    let mut context = Context::default();
    for (name, value) in [
        ("payload", text(&String::from_utf8_lossy(&message.payload))),
        ("json", received.json.as_ref().map_or(Value::Null, value_of)),
        ("key", text(message.routing_key.as_deref().unwrap_or_default())),
        ("attributes", Value::Map(attributes.into())),
        ("topic", text(received.topic())),
        ("offset", number(received.offset())),
        ("size", number(message.payload.len() as u64)),
        ("producer", text(&message.producer_name)),
        ("publish_time_ms", number(message.publish_time)),
    ] {
        context.add_variable_from_value(name, value);
    }
    context
}

/// Numbers are written without a suffix in filters, so they are signed wherever they can be.
fn number(number: u64) -> Value {
    i64::try_from(number).map_or(Value::UInt(number), Value::Int)
}

fn value_of(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(value) => match (value.as_i64(), value.as_u64()) {
            (Some(value), _) => Value::Int(value),
            (None, Some(value)) => Value::UInt(value),
            (None, None) => Value::Float(value.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(value) => Value::String(Arc::new(value.clone())),
        Json::Array(values) => Value::List(Arc::new(values.iter().map(value_of).collect())),
        Json::Object(fields) => {
            let fields: HashMap<String, Value> =
                fields.iter().map(|(name, value)| (name.clone(), value_of(value))).collect();
            Value::Map(fields.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(filter: &str) -> Result<bool> {
        let payload = br#"{"amount": 250, "rate": 1.5, "tags": ["a", "b"], "to": {"name": null}}"#;
        let message = StreamMessage {
            payload: bytes::Bytes::from_static(payload),
            routing_key: Some("eu-7".into()),
            attributes: [("kind".into(), "refund".into())].into(),
            ..StreamMessage::default()
        };
        let json = serde_json::from_slice(payload).ok();
        Filter::compile(filter)?.wants(&Received { message: &message, json, is_decoded: false, violations: vec![] })
    }

    #[test]
    fn every_part_of_a_message_can_be_asked_for() {
        for filter in [
            "json.amount > 100 && json.amount == 250",
            "json.rate > 1 && json.rate < 2.0",
            "'b' in json.tags && json.tags.size() == 2",
            "json.to.name == null",
            "key.startsWith('eu-')",
            "key.matches('^eu-[0-9]$')",
            "attributes.kind == 'refund' && has(attributes.kind)",
            "payload.contains('amount') && size > 10 && offset == 0",
            "json.tags.exists(tag, tag == 'a')",
        ] {
            assert!(wants(filter).expect(filter), "{filter}");
        }
        for filter in [
            "json.amount > 250",
            "json.amount.deeper == 1",
            "has(json.other)",
            "json.other == 1",
            "attributes.other == 'x'",
        ] {
            assert!(!wants(filter).expect(filter), "{filter}");
        }
    }

    #[test]
    fn what_decides_nothing_is_an_error() {
        for (filter, part) in [
            ("json.amount >", "no CEL expression"),
            ("amount > 1", "names amount; known are payload, json"),
            ("json.amount", "must be true or false"),
            ("json.amount > 'x'", "cannot be decided"),
        ] {
            let error = wants(filter).expect_err(filter).to_string();
            assert!(error.contains(part), "{filter}: {error}");
        }
    }
}

//! Avro: JSON text in Avro's or plain encoding, a raw datum, or an object container. The Avro library judges definitions;
//! payloads are read here, because a violation needs its field and its byte, and a hostile length must cost nothing.

mod codec;
mod container;
mod datum;
mod json;
mod logical;
pub(crate) mod model;
mod reserved;

use serde_json::Value;

use self::{
    container::{Blocks, MAGIC},
    datum::{Cursor, Fault},
    json::Broken,
    model::Model,
};
use crate::{
    SchemaError, compatibility,
    definition::{self, Definition},
    excerpt::{clip, counted},
    fingerprint,
    json::{
        locate::{Target, Wanted, locate, steps_of},
        parse,
    },
    limits::{DECODED_VALUES_MAX, VIOLATIONS_MAX},
    place::ByteRange,
    violation::{Found, Violation, clip_path, finish},
};

/// A compiled Avro schema.
pub(crate) struct Avro {
    model: Model,
    fingerprint: String,
    /// The definition as it stands in the header of a container.
    definition: Vec<u8>,
}

impl Avro {
    pub(crate) fn compile(definition: &[u8]) -> Result<Self, SchemaError> {
        let text = definition::text(definition)?;
        let json = definition::json(text)?;
        let place = Definition { text };
        let refused =
            |message: String, pointer: String| SchemaError::Invalid { message, place: place.of(&pointer), pointer };
        // The model knows the place of the most common mistakes.
        let model = Model::new(&json).map_err(|(message, pointer)| refused(message, pointer))?;
        reserved::check(&json).map_err(|(message, pointer)| refused(message, pointer))?;
        let parsed = apache_avro::Schema::parse(&json);
        let schema = parsed.map_err(|error| refused(clip(&error.to_string()), String::new()))?;
        let written = serde_json::to_value(&schema).unwrap_or(json);
        Ok(Self { model, fingerprint: fingerprint::of_json(&written), definition: definition.to_vec() })
    }

    /// As Danube computes it: the hash of the schema as the Avro library writes it, which keeps documentation.
    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// The definition as parsed.
    pub(crate) fn parsed(&self) -> Value {
        serde_json::from_slice(&self.definition).unwrap_or(Value::Null)
    }

    /// Every violation of JSON text; the first one of binary data.
    pub(crate) fn validate(&self, payload: &[u8]) -> Vec<Violation> {
        match self.read(payload) {
            Ok(_) => Vec::new(),
            Err(violations) => violations,
        }
    }

    /// The datum for JSON text.
    pub(crate) fn encode(&self, payload: &[u8]) -> Result<Vec<u8>, Vec<Violation>> {
        let faulty = |fault: parse::Fault, text: &str| {
            let found = Found {
                instance_path: fault.pointer,
                range: fault.range,
                rule: fault.rule.into(),
                schema_path: String::new(),
                message: fault.message,
            };
            finish(vec![found], Some(text), false, payload.len())
        };
        let text = parse::utf8(payload).map_err(|fault| faulty(fault, ""))?;
        let value = parse::parse(text).map_err(|fault| faulty(fault, text))?;
        json::encode(&self.model, &value).map_err(|broken| placed(broken, text))
    }

    /// An object container that holds the one value of JSON text, not compressed.
    pub(crate) fn encode_container(&self, payload: &[u8]) -> Result<Vec<u8>, Vec<Violation>> {
        self.encode(payload).map(|datum| container::write(&self.definition, &datum))
    }

    /// The JSON of any accepted payload; a container becomes an array.
    pub(crate) fn decode(&self, payload: &[u8]) -> Result<Value, Vec<Violation>> {
        self.read(payload)
    }

    fn read(&self, payload: &[u8]) -> Result<Value, Vec<Violation>> {
        let binary = |fault: Box<Fault>| finish(vec![found(*fault)], None, false, payload.len());
        if payload.starts_with(MAGIC) {
            return self.container(payload).map_err(binary);
        }
        let text = std::str::from_utf8(payload).ok();
        let json = text.and_then(|text| parse::parse(text).ok());
        if let (Some(text), Some(value)) = (text, &json) {
            let broken = match json::encode(&self.model, value) {
                Ok(_) => return Ok(value.clone()),
                Err(broken) => broken,
            };
            // Short numbers and strings can be a datum as well; arrays and objects are meant as JSON.
            return match self.datum(payload) {
                Ok(decoded) if !value.is_array() && !value.is_object() => Ok(decoded),
                _ => Err(placed(broken, text)),
            };
        }
        let fault = match self.datum(payload) {
            Ok(decoded) => return Ok(decoded),
            Err(fault) => fault,
        };
        let looks_like_json = payload.trim_ascii_start().first().is_some_and(|byte| b"{[\"".contains(byte));
        match text {
            Some(_) if looks_like_json || payload.is_empty() => self.encode(payload).map(|_| Value::Null),
            _ => Err(binary(fault)),
        }
    }

    fn datum(&self, bytes: &[u8]) -> Result<Value, Box<Fault>> {
        let mut cursor = Cursor::new(&self.model, bytes);
        let value = cursor.root("")?;
        if cursor.at == bytes.len() {
            return Ok(value);
        }
        let left = bytes.len() - cursor.at;
        Err(Box::new(Fault {
            path: String::new(),
            range: ByteRange { start: cursor.at, end: bytes.len() },
            rule: "size",
            schema_path: String::new(),
            message: format!("{} left after the end of the value", counted(left as u64, "byte")),
        }))
    }

    fn container(&self, payload: &[u8]) -> Result<Value, Box<Fault>> {
        let header = container::header(payload)?;
        let refused = |message: String| {
            let range = ByteRange { start: 0, end: payload.len() };
            Box::new(Fault { path: String::new(), range, rule: "container", schema_path: String::new(), message })
        };
        let writer = Self::compile(&header.schema).map_err(|error| refused(format!("container header: {error}")))?;
        if let Some(finding) = compatibility::avro::reads("registered", &self.model, &writer.model).first() {
            return Err(refused(format!("container was written with another schema; {finding}")));
        }
        let mut blocks = Blocks::new(payload, &header);
        let mut values = Vec::new();
        while let Some(block) = blocks.next()? {
            let mut cursor = Cursor::new(&writer.model, &block.data);
            for _ in 0..block.count {
                if values.len() >= DECODED_VALUES_MAX {
                    return Err(refused(format!("container claims to hold more than {DECODED_VALUES_MAX} values")));
                }
                let value = cursor.root(&format!("/{}", values.len())).map_err(|fault| within(*fault, &block))?;
                values.push(value);
            }
            if cursor.at != block.data.len() {
                return Err(refused("container block has bytes left after its last value".into()));
            }
        }
        Ok(Value::Array(values))
    }
}

/// Moves a fault in a block's data to its place in the payload.
fn within(fault: Fault, block: &container::Block) -> Box<Fault> {
    let range = match block.compressed {
        true => block.range,
        false => ByteRange { start: block.range.start + fault.range.start, end: block.range.start + fault.range.end },
    };
    Box::new(Fault { range, ..fault })
}

fn found(fault: Fault) -> Found {
    Found {
        instance_path: clip_path(fault.path),
        range: fault.range,
        rule: fault.rule.into(),
        schema_path: fault.schema_path,
        message: fault.message,
    }
}

/// Finds the places of violations in JSON text.
fn placed(mut broken: Vec<Broken>, text: &str) -> Vec<Violation> {
    let more = broken.len() > VIOLATIONS_MAX;
    broken.truncate(VIOLATIONS_MAX);
    let target = |one: &Broken| if one.key { Target::Key } else { Target::Value };
    let wanted: Vec<Wanted> =
        broken.iter().map(|one| Wanted { path: steps_of(&one.path), target: target(one) }).collect();
    let ranges = locate(text, &wanted);
    let whole = ByteRange { start: 0, end: text.len() };
    let found = broken.into_iter().zip(ranges).map(|(one, range)| Found {
        instance_path: clip_path(one.path),
        range: range.unwrap_or(whole),
        rule: one.rule.into(),
        schema_path: one.schema_path,
        message: one.message,
    });
    finish(found.collect(), Some(text), more, text.len())
}

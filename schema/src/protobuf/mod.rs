//! Protobuf: a `.proto` text compiled here, payloads as wire bytes or as canonical JSON. One message type of the file is
//! the schema: the first one, unless another is named. Imports other than Google's well-known types are refused by name.

mod json;
mod wire;

pub(crate) use wire::type_name;

use prost_reflect::{DynamicMessage, MessageDescriptor, prost::Message};
use protox::{
    Compiler,
    file::{File, FileResolver, GoogleFileResolver},
};
use serde_json::Value;

use crate::{
    SchemaError, definition,
    error::DefinitionPlace,
    excerpt::{clip, listed},
    fingerprint,
    json::parse,
    limits::DECODED_VALUES_MAX,
    place::ByteRange,
    violation::{Found, RULE_PAYLOAD_BYTES, Violation, finish},
};

/// The name the definition has for the compiler; its errors begin with it.
const FILE: &str = "schema.proto";

/// A compiled message type.
pub(crate) struct Protobuf {
    message: MessageDescriptor,
    fingerprint: String,
}

impl Protobuf {
    /// Compiles a definition; `name` is the full name of a message in it, the first message of the file without one.
    pub(crate) fn compile(definition: &[u8], name: Option<&str>) -> Result<Self, SchemaError> {
        let text = definition::text(definition)?;
        let mut compiler = Compiler::with_file_resolver(Single { text: text.to_owned() });
        compiler.include_imports(true);
        compiler.open_file(FILE).map_err(|error| refusal(&error))?;
        let pool = compiler.descriptor_pool();
        let missing = |message: String| SchemaError::Invalid { message, pointer: String::new(), place: None };
        let file = pool.get_file_by_name(FILE).ok_or_else(|| missing("the definition is empty".into()))?;
        let message = match name {
            Some(name) => pool.get_message_by_name(name).filter(|message| message.parent_file() == file),
            None => file.messages().next(),
        };
        let message = message.ok_or_else(|| {
            let known: Vec<String> = file.messages().map(|message| message.full_name().to_owned()).collect();
            missing(match name {
                Some(name) => {
                    format!("it has no message '{}'; there is {}", clip(name), listed(&known, |name| clip(name)))
                }
                None => "it defines no message".into(),
            })
        })?;
        Ok(Self { message, fingerprint: fingerprint::of_bytes(definition) })
    }

    /// As Danube computes it: the hash of the definition's bytes.
    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    pub(crate) fn message(&self) -> &MessageDescriptor {
        &self.message
    }

    /// Every violation of binary data; the first one of JSON text.
    pub(crate) fn validate(&self, payload: &[u8]) -> Vec<Violation> {
        match json_object(payload) {
            Some((text, _)) => match json::read(&self.message, text) {
                Ok(_) => Vec::new(),
                // JSON text is next to never a valid message by chance; when it is, the bytes win.
                Err(_) if wire::read(&self.message, payload).found.is_empty() => Vec::new(),
                Err(found) => finish(vec![*found], Some(text), false, payload.len()),
            },
            None => {
                let read = wire::read(&self.message, payload);
                match std::str::from_utf8(payload) {
                    Ok(text) if !read.found.is_empty() && text.trim_start().starts_with('{') => not_json(text),
                    _ => finish(read.found, None, read.more, payload.len()),
                }
            }
        }
    }

    /// The wire bytes of canonical JSON.
    pub(crate) fn encode(&self, payload: &[u8]) -> Result<Vec<u8>, Vec<Violation>> {
        let text = match parse::utf8(payload) {
            Ok(text) => text,
            Err(fault) => return Err(faulty(fault, "", payload.len())),
        };
        parse::parse(text).map_err(|fault| faulty(fault, text, payload.len()))?;
        match json::read(&self.message, text) {
            Ok(message) => Ok(message.encode_to_vec()),
            Err(found) => Err(finish(vec![*found], Some(text), false, payload.len())),
        }
    }

    /// The canonical JSON of a payload.
    pub(crate) fn decode(&self, payload: &[u8]) -> Result<Value, Vec<Violation>> {
        let violations = self.validate(payload);
        if !violations.is_empty() {
            return Err(violations);
        }
        let one = |message: String| {
            let range = ByteRange { start: 0, end: payload.len() };
            finish(
                vec![found(String::new(), range, RULE_PAYLOAD_BYTES, String::new(), message)],
                None,
                false,
                payload.len(),
            )
        };
        let read = wire::read(&self.message, payload);
        if let (Some((_, value)), [_, ..]) = (json_object(payload), read.found.as_slice()) {
            return Ok(value);
        }
        if read.values > DECODED_VALUES_MAX {
            return Err(one(format!("the payload holds more than the {DECODED_VALUES_MAX} values that can be shown")));
        }
        let message = DynamicMessage::decode(self.message.clone(), payload)
            .map_err(|error| one(format!("the payload cannot be decoded: {}", clip(&error.to_string()))))?;
        serde_json::to_value(&message)
            .map_err(|error| one(format!("the message has no JSON form: {}", clip(&error.to_string()))))
    }
}

fn json_object(payload: &[u8]) -> Option<(&str, Value)> {
    let text = std::str::from_utf8(payload).ok()?;
    parse::parse(text).ok().filter(Value::is_object).map(|value| (text, value))
}

fn not_json(text: &str) -> Vec<Violation> {
    match parse::parse(text) {
        Ok(_) => Vec::new(),
        Err(fault) => faulty(fault, text, text.len()),
    }
}

fn faulty(fault: parse::Fault, text: &str, payload_bytes: usize) -> Vec<Violation> {
    let one = found(fault.pointer, fault.range, fault.rule, String::new(), fault.message);
    finish(vec![one], Some(text), false, payload_bytes)
}

fn found(path: String, range: ByteRange, rule: &str, schema_path: String, message: String) -> Found {
    let instance_path = crate::violation::clip_path(path);
    Found { instance_path, range, rule: rule.into(), schema_path, message }
}

/// Knows the definition and Google's well-known types, and no files.
struct Single {
    text: String,
}

impl FileResolver for Single {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        if name == FILE {
            return File::from_source(name, &self.text);
        }
        GoogleFileResolver::new().open_file(name)
    }
}

/// The compiler writes `file:line:column: message` where it knows the place.
fn refusal(error: &protox::Error) -> SchemaError {
    let message = clip(&error.to_string());
    let placed = format!("{error:?}");
    let mut figures = placed.strip_prefix(FILE).and_then(|rest| rest.strip_prefix(':')).unwrap_or_default().split(':');
    let mut figure = || figures.next().and_then(|figure| figure.trim().parse().ok());
    let place = match (figure(), figure()) {
        (Some(line), Some(column)) => Some(DefinitionPlace { line, column }),
        _ => None,
    };
    match message.strip_prefix("import '").and_then(|rest| rest.strip_suffix("' not found")) {
        Some(import) => {
            let message =
                format!("it imports '{import}', which is not part of it; copy its messages into the definition");
            SchemaError::Invalid { message, pointer: String::new(), place }
        }
        None => SchemaError::Invalid { message, pointer: String::new(), place },
    }
}

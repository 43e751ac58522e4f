//! Protobuf: a `.proto` text, or several in a bundle, compiled here; payloads as wire bytes or as canonical JSON. One message
//! type is the schema: the first one of the first file, unless another is named. What is imported is in the bundle or among
//! Google's well-known types, or refused by name.

mod bundle;
mod json;
mod violations;
mod wire;

pub use bundle::bundle;
pub(crate) use wire::type_name;

use prost_reflect::{DynamicMessage, MessageDescriptor, prost::Message};
use protox::{
    Compiler,
    file::{File, FileResolver, GoogleFileResolver},
};
use serde_json::Value;

use self::bundle::Part;
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

/// A compiled message type.
pub(crate) struct Protobuf {
    message: MessageDescriptor,
    fingerprint: String,
}

impl Protobuf {
    /// Compiles a definition; `name` is the full name of a message in it, the first message of the file without one.
    pub(crate) fn compile(definition: &[u8], name: Option<&str>) -> Result<Self, SchemaError> {
        let text = definition::text(definition)?;
        let parts = bundle::parts(text)?;
        let files = parts.iter().map(|part| (part.name.to_owned(), part.text.to_owned())).collect();
        let mut compiler = Compiler::with_file_resolver(Bundle { files });
        compiler.include_imports(true);
        for part in &parts {
            compiler.open_file(part.name).map_err(|error| refusal(&error, &parts))?;
        }
        let pool = compiler.descriptor_pool();
        let is_ours = |message: &MessageDescriptor| parts.iter().any(|part| part.name == message.parent_file().name());
        let message = match name {
            Some(name) => pool.get_message_by_name(name).filter(is_ours),
            None => pool.get_file_by_name(parts[0].name).and_then(|file| file.messages().next()),
        };
        let message = message.ok_or_else(|| {
            let known: Vec<String> =
                pool.all_messages().filter(is_ours).map(|message| message.full_name().to_owned()).collect();
            let message = match name {
                Some(name) => {
                    format!("it has no message '{}'; there is {}", clip(name), listed(&known, |name| clip(name)))
                }
                None => "it defines no message".into(),
            };
            SchemaError::Invalid { message, pointer: String::new(), place: None }
        })?;
        Ok(Self { message, fingerprint: fingerprint::of_bytes(definition) })
    }

    /// As Danube computes it: the hash of the definition's bytes.
    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The full names of all messages that payloads could be, those of imported files of Google left out.
    pub(crate) fn names(&self) -> Vec<String> {
        let ours = |message: &MessageDescriptor| !message.parent_file().name().starts_with("google/protobuf/");
        let all = self.message.parent_pool().all_messages().filter(ours).filter(|message| !message.is_map_entry());
        all.map(|message| message.full_name().to_owned()).collect()
    }

    pub(crate) fn message(&self) -> &MessageDescriptor {
        &self.message
    }

    /// Every violation of binary data or JSON text.
    pub(crate) fn validate(&self, payload: &[u8]) -> Vec<Violation> {
        match json_object(payload) {
            Some((text, value)) => match json::read(&self.message, text, &value) {
                Ok(_) => Vec::new(),
                // JSON text is next to never a valid message by chance; when it is, the bytes win.
                Err(_) if wire::read(&self.message, payload).found.is_empty() => Vec::new(),
                Err(refusal) => finish(refusal.found, Some(text), refusal.more, payload.len()),
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
        let value = parse::parse(text).map_err(|fault| faulty(fault, text, payload.len()))?;
        match json::read(&self.message, text, &value) {
            Ok(message) => Ok(message.encode_to_vec()),
            Err(refusal) => Err(finish(refusal.found, Some(text), refusal.more, payload.len())),
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

/// Knows the files of the definition and Google's well-known types, and no others.
struct Bundle {
    files: Vec<(String, String)>,
}

impl FileResolver for Bundle {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match self.files.iter().find(|(known, _)| known == name) {
            Some((_, text)) => File::from_source(name, text),
            None => GoogleFileResolver::new().open_file(name),
        }
    }
}

/// The compiler writes `file:line:column: message` where it knows the place.
fn refusal(error: &protox::Error, parts: &[Part<'_>]) -> SchemaError {
    let message = clip(&error.to_string());
    let placed = format!("{error:?}");
    let within = parts.iter().find_map(|part| Some((part, placed.strip_prefix(part.name)?.strip_prefix(':')?)));
    let mut figures = within.map_or("", |(_, rest)| rest).split(':');
    let mut figure = || figures.next().and_then(|figure| figure.trim().parse::<u32>().ok());
    let before = within.map_or(0, |(part, _)| part.lines_before);
    let place = match (figure(), figure()) {
        (Some(line), Some(column)) => Some(DefinitionPlace { line: line + before, column }),
        _ => None,
    };
    let message = match message.strip_prefix("import '").and_then(|rest| rest.strip_suffix("' not found")) {
        Some(import) => format!(
            "it imports '{import}', which is not part of it; copy its messages into the definition, or bundle the files"
        ),
        None => message,
    };
    SchemaError::Invalid { message, pointer: String::new(), place }
}

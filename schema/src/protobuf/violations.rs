//! Everything that is wrong with a message in JSON, once the library has refused it. The library stops at the first thing
//! it does not understand and names no place, so it is asked again for each value by itself: it stays the only judge.

use std::collections::BTreeSet;

use prost_reflect::{Cardinality, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value};

use super::wire::{is_closed, type_name};
use crate::{
    excerpt::{clip, kind, listed, value},
    json::locate::{Target, escaped},
    limits::VIOLATIONS_MAX,
};

/// A broken rule whose place is still a path.
pub(super) struct Broken {
    pub path: String,
    pub target: Target,
    pub rule: &'static str,
    pub schema_path: String,
    pub message: String,
}

/// Every violation of a JSON value that is to be this message.
pub(super) fn of(message: &MessageDescriptor, json: &Value) -> Vec<Broken> {
    let mut search = Search { broken: Vec::new() };
    search.message(message, json, "");
    search.broken
}

struct Search {
    broken: Vec<Broken>,
}

impl Search {
    fn note(&mut self, path: &str, target: Target, rule: &'static str, schema_path: &str, message: String) {
        let schema_path = schema_path.to_owned();
        self.broken.push(Broken { path: path.to_owned(), target, rule, schema_path, message });
    }

    fn message(&mut self, message: &MessageDescriptor, json: &Value, path: &str) {
        let Value::Object(members) = json else {
            let text = format!("found {}, expected {}", kind(json), message.full_name());
            return self.note(path, Target::Value, "type", message.full_name(), text);
        };
        let mut chosen: BTreeSet<String> = BTreeSet::new();
        for (key, member) in members {
            if self.broken.len() > VIOLATIONS_MAX {
                return;
            }
            let place = format!("{path}/{}", escaped(key));
            let known = message.get_field_by_json_name(key).or_else(|| message.get_field_by_name(key));
            let Some(field) = known else {
                self.unknown(message, key, member, &place);
                continue;
            };
            let oneof = field.containing_oneof().filter(|oneof| !oneof.is_synthetic() && !member.is_null());
            if let Some(oneof) = oneof
                && !chosen.insert(oneof.full_name().to_owned())
            {
                let text = format!("another field of oneof {} is set as well; only one may be", oneof.name());
                self.note(&place, Target::Key, "oneof", oneof.full_name(), text);
            }
            self.field(message, &field, key, member, &place);
        }
        let missing = |field: &FieldDescriptor| {
            let given = [field.json_name(), field.name()].into_iter().find_map(|name| members.get(name));
            field.is_required() && given.is_none_or(Value::is_null)
        };
        for field in message.fields().filter(missing) {
            let text = format!("required field {} is missing", field.full_name());
            self.note(path, Target::Value, "required", field.full_name(), text);
        }
    }

    /// An extension, or nothing that the message knows.
    fn unknown(&mut self, message: &MessageDescriptor, key: &str, member: &Value, path: &str) {
        if message.get_extension_by_json_name(key).is_none() {
            let text = format!("field '{}' is not part of message {}", clip(key), message.full_name());
            return self.note(path, Target::Key, "unknownField", message.full_name(), text);
        }
        if !accepts(message, key, member.clone()) {
            let text = format!("{} does not fit the extension {}", value(member), clip(key));
            self.note(path, Target::Value, "type", message.full_name(), text);
        }
    }

    fn field(&mut self, message: &MessageDescriptor, field: &FieldDescriptor, key: &str, json: &Value, path: &str) {
        match (field.kind(), json) {
            // No value is the same as none given; the two types that have a null of their own take it as well.
            (_, Value::Null) => {}
            (Kind::Message(entry), Value::Object(members)) if field.is_map() => {
                self.map(message, &entry, key, members, path);
            }
            (_, Value::Array(items)) if field.cardinality() == Cardinality::Repeated && !field.is_map() => {
                for (index, item) in items.iter().enumerate() {
                    if self.broken.len() > VIOLATIONS_MAX {
                        return;
                    }
                    let place = format!("{path}/{index}");
                    match plain_message(&field.kind()) {
                        Some(inner) => self.message(&inner, item, &place),
                        None if accepts(message, key, Value::Array(vec![item.clone()])) && is_known(field, item) => {}
                        None => self.wrong(&field.kind(), field.full_name(), item, &place),
                    }
                }
            }
            (_, _) if field.is_map() || field.cardinality() == Cardinality::Repeated => {
                let wanted = if field.is_map() { "an object" } else { "an array" };
                let text = format!("{} is {}, expected {wanted}", value(json), kind(json));
                self.note(path, Target::Value, "type", field.full_name(), text);
            }
            (of, _) => match plain_message(&of) {
                Some(inner) => self.message(&inner, json, path),
                None if accepts(message, key, json.clone()) && is_known(field, json) => {}
                None => self.wrong(&of, field.full_name(), json, path),
            },
        }
    }

    fn map(
        &mut self,
        message: &MessageDescriptor,
        entry: &MessageDescriptor,
        name: &str,
        members: &Map<String, Value>,
        path: &str,
    ) {
        let (keys, values) = (entry.map_entry_key_field(), entry.map_entry_value_field());
        let single = |key: &str, member: Value| Value::Object(Map::from_iter([(key.to_owned(), member)]));
        for (key, member) in members {
            if self.broken.len() > VIOLATIONS_MAX {
                return;
            }
            let place = format!("{path}/{}", escaped(key));
            if !is_key(&keys.kind(), key) {
                let text = format!("key \"{}\" is not {}", clip(key), type_name(&keys.kind()));
                self.note(&place, Target::Key, "type", keys.full_name(), text);
                continue;
            }
            match plain_message(&values.kind()) {
                Some(inner) => self.message(&inner, member, &place),
                None if accepts(message, name, single(key, member.clone())) && is_known(&values, member) => {}
                None => self.wrong(&values.kind(), values.full_name(), member, &place),
            }
        }
    }

    /// A value that the library does not take, in a sentence.
    fn wrong(&mut self, of: &Kind, schema_path: &str, json: &Value, path: &str) {
        let (rule, message) = sentence(of, json);
        self.note(path, Target::Value, rule, schema_path, message);
    }
}

/// A message that is written as an object of its fields; Google's types with a JSON form of their own are values.
fn plain_message(of: &Kind) -> Option<MessageDescriptor> {
    match of {
        Kind::Message(message) if example(message.full_name()).is_none() => Some(message.clone()),
        _ => None,
    }
}

/// Whether the library takes the value under this key, by itself.
fn accepts(message: &MessageDescriptor, key: &str, json: Value) -> bool {
    let single = Value::Object(Map::from_iter([(key.to_owned(), json)]));
    DynamicMessage::deserialize(message.clone(), single).is_ok()
}

/// Enums of proto2 know only their own numbers; the library takes any.
fn is_known(field: &FieldDescriptor, json: &Value) -> bool {
    match (field.kind(), json) {
        (Kind::Enum(symbols), Value::Number(number)) if is_closed(field) => {
            let number = number.as_f64().map(|number| number as i32);
            number.is_some_and(|number| symbols.get_value(number).is_some())
        }
        _ => true,
    }
}

fn is_key(of: &Kind, key: &str) -> bool {
    match of {
        Kind::String => true,
        Kind::Bool => key == "true" || key == "false",
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => key.parse::<i32>().is_ok(),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => key.parse::<i64>().is_ok(),
        Kind::Uint32 | Kind::Fixed32 => key.parse::<u32>().is_ok(),
        Kind::Uint64 | Kind::Fixed64 => key.parse::<u64>().is_ok(),
        _ => false,
    }
}

fn sentence(of: &Kind, json: &Value) -> (&'static str, String) {
    let shown = value(json);
    let name = type_name(of);
    match (of, json) {
        (Kind::Enum(symbols), Value::String(_)) => {
            let known: Vec<String> = symbols.values().map(|symbol| symbol.name().to_owned()).collect();
            ("enum", format!("{shown} is not one of the values: {}", listed(&known, |name| clip(name))))
        }
        (Kind::Enum(symbols), Value::Number(_)) => {
            ("enum", format!("{json} is no value of enum {}", symbols.full_name()))
        }
        (Kind::Bytes, Value::String(_)) => ("type", format!("{shown} is not base64")),
        (Kind::Message(message), _) => match example(message.full_name()) {
            Some(example) if !example.is_empty() => {
                ("type", format!("{shown} is not {name}, which is written as {example}"))
            }
            _ => ("type", format!("{shown} is not {name}")),
        },
        (_, Value::String(_)) if bounds(of).is_some() || matches!(of, Kind::Double | Kind::Float) => {
            ("type", format!("{shown} is not a number of type {name}"))
        }
        (_, Value::Number(number)) if bounds(of).is_some() => match (number.as_f64(), bounds(of)) {
            (Some(float), _) if float.fract() != 0.0 => ("type", format!("{json} is a number, expected {name}")),
            (_, Some((least, most))) => {
                ("range", format!("{json} does not fit {name}, which goes from {least} to {most}"))
            }
            _ => ("range", format!("{json} does not fit {name}")),
        },
        (Kind::Float, Value::Number(_)) => ("range", format!("{json} does not fit float, which has 32 bits")),
        (_, Value::Null | Value::Array(_) | Value::Object(_)) => {
            ("type", format!("found {}, expected {name}", kind(json)))
        }
        _ => ("type", format!("{shown} is {}, expected {name}", kind(json))),
    }
}

fn bounds(of: &Kind) -> Option<(i128, i128)> {
    Some(match of {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => (i32::MIN.into(), i32::MAX.into()),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => (i64::MIN.into(), i64::MAX.into()),
        Kind::Uint32 | Kind::Fixed32 => (0, u32::MAX.into()),
        Kind::Uint64 | Kind::Fixed64 => (0, u64::MAX.into()),
        _ => return None,
    })
}

/// How Google's types with a JSON form of their own are written; empty where an example says nothing.
fn example(name: &str) -> Option<&'static str> {
    Some(match name.strip_prefix("google.protobuf.")? {
        "Timestamp" => "\"2026-11-25T10:00:00Z\"",
        "Duration" => "\"1.5s\"",
        "FieldMask" => "\"user.name,user.email\"",
        "Any" => "{\"@type\": \"type.example/full.Name\", ...}",
        "Struct" => "an object",
        "ListValue" => "an array",
        "DoubleValue" | "FloatValue" => "a number",
        "Int64Value" | "UInt64Value" | "Int32Value" | "UInt32Value" => "a whole number within its bounds",
        "BoolValue" => "true or false",
        "StringValue" => "a string",
        "BytesValue" => "base64",
        "Value" => "",
        _ => return None,
    })
}

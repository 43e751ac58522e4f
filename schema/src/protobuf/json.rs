//! Canonical JSON to a message. The library decides whether the text is one; why not is found in `violations`.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage};
use serde_json::Value;

use super::{found, violations, wire::is_closed};
use crate::{
    excerpt::clip,
    json::locate::{Wanted, locate, path_at, steps_of},
    limits::VIOLATIONS_MAX,
    place::{ByteRange, Places},
    violation::Found,
};

/// Why a JSON text is not a message.
pub(super) struct Refusal {
    pub found: Vec<Found>,
    /// There are more than the limit.
    pub more: bool,
}

/// The message a JSON text describes; `value` is the same text, parsed.
pub(super) fn read(descriptor: &MessageDescriptor, text: &str, value: &Value) -> Result<DynamicMessage, Refusal> {
    let mut source = serde_json::Deserializer::from_str(text);
    let first = match DynamicMessage::deserialize(descriptor.clone(), &mut source) {
        Ok(message) if !breaks_a_rule(&message) => return Ok(message),
        Ok(_) => None,
        Err(error) => Some(error),
    };
    let mut broken = violations::of(descriptor, value);
    let more = broken.len() > VIOLATIONS_MAX;
    broken.truncate(VIOLATIONS_MAX);
    let wanted: Vec<Wanted> =
        broken.iter().map(|one| Wanted { path: steps_of(&one.path), target: one.target }).collect();
    let ranges = locate(text, &wanted);
    let whole = ByteRange { start: 0, end: text.len() };
    let mut all: Vec<Found> = broken
        .into_iter()
        .zip(ranges)
        .map(|(one, range)| found(one.path, range.unwrap_or(whole), one.rule, one.schema_path, one.message))
        .collect();
    if all.is_empty() {
        // Refused for a reason that shows in no single value: what the library says, where it stopped.
        let complaint = first.as_ref().map_or_else(|| "a rule of proto2 is broken".to_owned(), ToString::to_string);
        let complaint = complaint.split(" at line ").next().unwrap_or_default();
        let place = |error: &serde_json::Error| Places::new(text).offset_of(error.line(), error.column() + 1);
        let (pointer, range) = first.as_ref().map_or((String::new(), whole), |error| path_at(text, place(error)));
        all.push(found(pointer, range, "type", descriptor.full_name().to_owned(), clip(complaint)));
    }
    Err(Refusal { found: all, more })
}

/// Whether a rule of proto2 is broken that the library does not look at: a required field that is not set, a number that
/// its enum does not know.
fn breaks_a_rule(message: &DynamicMessage) -> bool {
    message.descriptor().fields().any(|field| {
        if !message.has_field(&field) {
            return field.is_required();
        }
        let value = message.get_field(&field);
        let inner = if field.is_map() { map_value(&field) } else { field.clone() };
        let breaks = |value: &prost_reflect::Value| match (value, inner.kind()) {
            (prost_reflect::Value::Message(message), _) => breaks_a_rule(message),
            (prost_reflect::Value::EnumNumber(number), Kind::Enum(symbols)) if is_closed(&inner) => {
                symbols.get_value(*number).is_none()
            }
            _ => false,
        };
        breaks(&value)
            || value.as_list().into_iter().flatten().any(breaks)
            || value.as_map().into_iter().flatten().any(|(_, item)| breaks(item))
    })
}

fn map_value(field: &FieldDescriptor) -> FieldDescriptor {
    match field.kind() {
        Kind::Message(entry) => entry.map_entry_value_field(),
        _ => field.clone(),
    }
}

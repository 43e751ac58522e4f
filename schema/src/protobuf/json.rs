//! Canonical JSON to a message. The library stops at the first thing it does not understand; its place is found here.

use prost_reflect::{DynamicMessage, MapKey, MessageDescriptor, ReflectMessage};

use super::found;
use crate::{
    excerpt::clip,
    json::locate::{Target, Wanted, escaped, locate, path_at, steps_of},
    place::{ByteRange, Places},
    violation::Found,
};

/// The message a JSON text describes.
pub(super) fn read(descriptor: &MessageDescriptor, text: &str) -> Result<DynamicMessage, Box<Found>> {
    let name = || descriptor.full_name().to_owned();
    let mut source = serde_json::Deserializer::from_str(text);
    let message = DynamicMessage::deserialize(descriptor.clone(), &mut source).map_err(|error| {
        let complaint = error.to_string();
        let complaint = complaint.split(" at line ").next().unwrap_or_default();
        // The library has just read past what it complains about.
        let after = Places::new(text).offset_of(error.line(), error.column() + 1);
        let (pointer, range) = path_at(text, after);
        let (rule, message) = match complaint.strip_prefix("unrecognized field name ") {
            Some(field) => ("unknownField", format!("field {} is not part of message {}", clip(field), name())),
            None => ("type", clip(complaint)),
        };
        Box::new(found(pointer, range, rule, name(), message))
    })?;
    if let Some((path, field)) = first_missing(&message, "") {
        let wanted = Wanted { path: steps_of(&path), target: Target::Value };
        let range = locate(text, &[wanted])[0].unwrap_or(ByteRange { start: 0, end: text.len() });
        return Err(Box::new(found(
            path,
            range,
            "required",
            field.clone(),
            format!("required field {field} is missing"),
        )));
    }
    Ok(message)
}

/// The path and full name of the first required field (proto2) that is not set. Looks only where JSON names are paths:
/// through singular messages, lists and maps.
fn first_missing(message: &DynamicMessage, path: &str) -> Option<(String, String)> {
    let descriptor = message.descriptor();
    for field in descriptor.fields() {
        if field.is_required() && !message.has_field(&field) {
            return Some((path.to_owned(), field.full_name().to_owned()));
        }
        if !message.has_field(&field) {
            continue;
        }
        let value = message.get_field(&field);
        let place = format!("{path}/{}", field.json_name());
        if let Some(inner) = value.as_message()
            && let Some(missing) = first_missing(inner, &place)
        {
            return Some(missing);
        }
        for (index, item) in value.as_list().into_iter().flatten().enumerate() {
            if let Some(inner) = item.as_message()
                && let Some(missing) = first_missing(inner, &format!("{place}/{index}"))
            {
                return Some(missing);
            }
        }
        for (key, item) in value.as_map().into_iter().flatten() {
            if let Some(inner) = item.as_message()
                && let Some(missing) = first_missing(inner, &format!("{place}/{}", escaped(&key_text(key))))
            {
                return Some(missing);
            }
        }
    }
    None
}

/// A map's key as its name in JSON.
fn key_text(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::I32(key) => key.to_string(),
        MapKey::I64(key) => key.to_string(),
        MapKey::U32(key) => key.to_string(),
        MapKey::U64(key) => key.to_string(),
        MapKey::String(key) => key.clone(),
    }
}

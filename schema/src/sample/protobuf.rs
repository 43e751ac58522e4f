//! A message as canonical JSON. Google's well-known types get what their JSON forms allow; `Any` and extensions are left
//! out, because what they may hold is not in the definition.

use prost_reflect::{
    Cardinality, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value as Field, prost::bytes::Bytes,
};
use serde_json::Value;

use super::{SampleError, source::Source};

pub(super) fn make(descriptor: &MessageDescriptor, source: &mut Source) -> Result<Value, SampleError> {
    let endless = || SampleError::Endless { name: descriptor.full_name().to_owned() };
    let made = message(descriptor, source).ok_or_else(endless)?;
    serde_json::to_value(&made).map_err(|_| endless())
}

fn message(descriptor: &MessageDescriptor, source: &mut Source) -> Option<DynamicMessage> {
    if !source.enter() {
        return None;
    }
    let mut made = DynamicMessage::new(descriptor.clone());
    let done = match descriptor.full_name() {
        "google.protobuf.Timestamp" | "google.protobuf.Duration" => {
            made.set_field_by_name("seconds", Field::I64(source.number(0..=2_000_000_000)));
            Some(())
        }
        "google.protobuf.FieldMask" => {
            made.set_field_by_name("paths", Field::List(vec![Field::String(source.word().to_owned())]));
            Some(())
        }
        "google.protobuf.Value" => {
            made.set_field_by_name("string_value", Field::String(source.word().to_owned()));
            Some(())
        }
        _ => fill(&mut made, descriptor, source),
    };
    source.leave();
    done.map(|()| made)
}

fn fill(made: &mut DynamicMessage, descriptor: &MessageDescriptor, source: &mut Source) -> Option<()> {
    for field in descriptor.fields().filter(|field| field.containing_oneof().is_none()) {
        if field.is_required() || (!is_any(&field) && source.wants_optional()) {
            set(made, &field, source)?;
        }
    }
    for oneof in descriptor.oneofs() {
        let fields: Vec<FieldDescriptor> = oneof.fields().filter(|field| !is_any(field)).collect();
        if let (true, Some(field)) = (source.wants_optional(), source.one_of(&fields)) {
            set(made, &field, source)?;
        }
    }
    Some(())
}

fn is_any(field: &FieldDescriptor) -> bool {
    let is_any = |kind: &Kind| matches!(kind, Kind::Message(message) if message.full_name() == "google.protobuf.Any");
    match field.kind() {
        Kind::Message(entry) if field.is_map() => is_any(&entry.map_entry_value_field().kind()),
        kind => is_any(&kind),
    }
}

fn set(made: &mut DynamicMessage, field: &FieldDescriptor, source: &mut Source) -> Option<()> {
    let value = match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            let key = match key(&entry.map_entry_key_field().kind(), source) {
                Some(key) => key,
                None => return Some(()),
            };
            Field::Map([(key, one(&entry.map_entry_value_field().kind(), source)?)].into_iter().collect())
        }
        kind if field.cardinality() == Cardinality::Repeated => {
            let count = source.size(1..=2);
            Field::List((0..count).map(|_| one(&kind, source)).collect::<Option<_>>()?)
        }
        kind => one(&kind, source)?,
    };
    made.set_field(field, value);
    Some(())
}

fn key(kind: &Kind, source: &mut Source) -> Option<MapKey> {
    Some(match one(kind, source)? {
        Field::Bool(key) => MapKey::Bool(key),
        Field::I32(key) => MapKey::I32(key),
        Field::I64(key) => MapKey::I64(key),
        Field::U32(key) => MapKey::U32(key),
        Field::U64(key) => MapKey::U64(key),
        Field::String(key) => MapKey::String(key),
        _ => return None,
    })
}

fn one(kind: &Kind, source: &mut Source) -> Option<Field> {
    let number = source.number(0..=10_000);
    Some(match kind {
        Kind::Double => Field::F64(number as f64 / 8.0),
        Kind::Float => Field::F32(number as f32 / 8.0),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Field::I32(number as i32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Field::I64(number),
        Kind::Uint32 | Kind::Fixed32 => Field::U32(number as u32),
        Kind::Uint64 | Kind::Fixed64 => Field::U64(number as u64),
        Kind::Bool => Field::Bool(source.flag()),
        Kind::String => Field::String(source.words(2)),
        Kind::Bytes => Field::Bytes(Bytes::from_static(source.word().as_bytes())),
        Kind::Message(inner) => Field::Message(message(inner, source)?),
        Kind::Enum(symbols) => {
            let numbers: Vec<i32> = symbols.values().map(|value| value.number()).collect();
            Field::EnumNumber(source.one_of(&numbers)?)
        }
    })
}

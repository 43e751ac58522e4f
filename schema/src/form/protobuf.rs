//! A Protobuf message as a form, as its canonical JSON is written. Comments of the definition are its documentation.

use prost_reflect::{Cardinality, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor, Syntax};
use serde_json::{Number, Value};

use super::{BytesEncoding, Form, FormField, FormShape, budget::Budget};
use crate::{json::locate::escaped, protobuf::type_name};

pub(super) fn form(message: &MessageDescriptor) -> Form {
    let mut budget = Budget::new();
    let mut root = FormField { required: true, ..FormField::default() };
    draw(&Kind::Message(message.clone()), &mut root, &mut budget);
    Form { root, is_cut: budget.is_cut }
}

fn draw(kind: &Kind, field: &mut FormField, budget: &mut Budget<String>) {
    field.type_name = type_name(kind);
    match kind {
        Kind::Message(message) => {
            if field.schema_path.is_empty() {
                field.schema_path = message.full_name().to_owned();
            }
            if budget.enter(message.full_name().to_owned(), message.fields().len(), field) {
                if field.doc.is_empty() {
                    field.doc = doc(&message.parent_file(), message.path(), budget);
                }
                let known = well_known(message, field, budget);
                field.shape = known.unwrap_or_else(|| object(message, field, budget));
                budget.leave();
            }
        }
        Kind::Enum(symbols) => field.shape = choice(symbols, budget),
        _ => scalar(kind, field),
    }
}

fn object(message: &MessageDescriptor, field: &FormField, budget: &mut Budget<String>) -> FormShape {
    let mut fields = Vec::new();
    for one in message.fields() {
        let place = format!("{}/{}", field.path, escaped(one.json_name()));
        let oneof = one.containing_oneof().filter(|oneof| !oneof.is_synthetic());
        let mut inner = FormField {
            name: one.json_name().to_owned(),
            path: place,
            schema_path: one.full_name().to_owned(),
            doc: doc(&one.parent_file(), one.path(), budget),
            required: one.is_required(),
            number: Some(one.number()),
            default: written_default(&one).and_then(|default| budget.value(&default)),
            group: oneof.map(|oneof| oneof.name().to_owned()),
            ..FormField::default()
        };
        spread(&one, &mut inner, budget);
        fields.push(inner);
    }
    FormShape::Object { fields, others: None }
}

/// A field that holds several values is a list or a map of what one holds.
fn spread(one: &FieldDescriptor, field: &mut FormField, budget: &mut Budget<String>) {
    let mut inner = FormField {
        path: format!("{}/*", field.path),
        schema_path: one.full_name().to_owned(),
        required: true,
        ..FormField::default()
    };
    match one.kind() {
        Kind::Message(entry) if one.is_map() => {
            draw(&entry.map_entry_value_field().kind(), &mut inner, budget);
            let key = type_name(&entry.map_entry_key_field().kind());
            field.type_name = format!("map<{key}, {}>", inner.type_name);
            field.shape = FormShape::Map { key, values: Box::new(inner) };
        }
        kind if one.cardinality() == Cardinality::Repeated => {
            draw(&kind, &mut inner, budget);
            field.type_name = format!("repeated {}", inner.type_name);
            field.shape = FormShape::List { first: Vec::new(), items: Some(Box::new(inner)) };
        }
        kind => draw(&kind, field, budget),
    }
}

fn scalar(kind: &Kind, field: &mut FormField) {
    let bounds: (Option<Number>, Option<Number>) = match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => (Some(i32::MIN.into()), Some(i32::MAX.into())),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => (Some(i64::MIN.into()), Some(i64::MAX.into())),
        Kind::Uint32 | Kind::Fixed32 => (Some(0.into()), Some(u32::MAX.into())),
        Kind::Uint64 | Kind::Fixed64 => (Some(0.into()), Some(u64::MAX.into())),
        _ => (None, None),
    };
    (field.constraints.minimum, field.constraints.maximum) = bounds;
    field.shape = match kind {
        Kind::Double | Kind::Float => FormShape::Number,
        Kind::Bool => FormShape::Boolean,
        Kind::String => FormShape::Text,
        Kind::Bytes => FormShape::Bytes { encoding: BytesEncoding::Base64 },
        _ => FormShape::Integer,
    };
}

fn choice(symbols: &EnumDescriptor, budget: &mut Budget<String>) -> FormShape {
    if symbols.full_name() == "google.protobuf.NullValue" {
        return FormShape::Null;
    }
    let values: Vec<Value> = symbols.values().map(|symbol| symbol.name().into()).collect();
    match budget.values(values.iter()) {
        Some(values) => FormShape::Choice { values },
        None => FormShape::Text,
    }
}

/// Google's types that JSON writes in a way of their own.
fn well_known(message: &MessageDescriptor, field: &mut FormField, budget: &mut Budget<String>) -> Option<FormShape> {
    let below = |name: &str, shape: FormShape, type_name: &str| FormField {
        name: name.to_owned(),
        path: format!("{}/{}", field.path, if name.is_empty() { "*" } else { name }),
        schema_path: message.full_name().to_owned(),
        type_name: type_name.to_owned(),
        required: true,
        shape,
        ..FormField::default()
    };
    let text = |field: &mut FormField, format: &str| {
        field.constraints.format = Some(format.to_owned());
        Some(FormShape::Text)
    };
    match message.full_name().strip_prefix("google.protobuf.")? {
        "Timestamp" => text(field, "date-time"),
        "Duration" => text(field, "seconds"),
        "FieldMask" => text(field, "field-mask"),
        "Value" => {
            field.nullable = true;
            Some(FormShape::Any)
        }
        "Struct" => {
            let values = below("", FormShape::Any, "google.protobuf.Value");
            Some(FormShape::Map { key: "string".into(), values: Box::new(FormField { nullable: true, ..values }) })
        }
        "ListValue" => {
            let items = below("", FormShape::Any, "google.protobuf.Value");
            let items = Some(Box::new(FormField { nullable: true, ..items }));
            Some(FormShape::List { first: Vec::new(), items })
        }
        "Any" => {
            let kind = below("@type", FormShape::Text, "string");
            let others = below("", FormShape::Any, "");
            Some(FormShape::Object { fields: vec![kind], others: Some(Box::new(others)) })
        }
        "DoubleValue" | "FloatValue" | "Int64Value" | "UInt64Value" | "Int32Value" | "UInt32Value" | "BoolValue"
        | "StringValue" | "BytesValue" => {
            let name = std::mem::take(&mut field.type_name);
            let value = message.get_field(1)?;
            draw(&value.kind(), field, budget);
            field.type_name = name;
            field.nullable = true;
            Some(std::mem::take(&mut field.shape))
        }
        _ => None,
    }
}

/// The default that a proto2 definition writes out; those that the language implies are not worth showing.
fn written_default(field: &FieldDescriptor) -> Option<Value> {
    let text = field.field_descriptor_proto().default_value.as_deref()?;
    debug_assert!(field.parent_file().syntax() != Syntax::Proto3, "proto3 has no defaults of its own");
    Some(match field.kind() {
        Kind::Bool => (text == "true").into(),
        Kind::String | Kind::Enum(_) | Kind::Bytes | Kind::Message(_) => text.into(),
        _ => serde_json::from_str::<Number>(text).map_or_else(|_| text.into(), Value::Number),
    })
}

/// The comment before an element, else the one behind it.
fn doc(file: &FileDescriptor, path: &[i32], budget: &mut Budget<String>) -> String {
    let source = file.file_descriptor_proto().source_code_info.as_ref();
    let place = source.and_then(|source| source.location.iter().find(|location| location.path == path));
    let comment = place.and_then(|place| place.leading_comments.as_deref().or(place.trailing_comments.as_deref()));
    comment.map(|comment| budget.text(comment.trim())).unwrap_or_default()
}

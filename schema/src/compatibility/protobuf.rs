//! Protobuf's rules on the wire: fields by number, types by what their bytes mean, reserved numbers. Names may change.

use std::collections::BTreeSet;

use prost_reflect::{Cardinality, FieldDescriptor, Kind, MessageDescriptor, Syntax};

use super::Finding;
use crate::{
    excerpt::listed,
    limits::{COMPARED_LEVELS_MAX, COMPARED_PAIRS_MAX},
    protobuf::type_name,
};

/// Why a reader of one message cannot read everything written as the other.
pub(crate) fn reads(reader_name: &'static str, reader: &MessageDescriptor, writer: &MessageDescriptor) -> Vec<Finding> {
    let mut check = Check { reader_name, open: BTreeSet::new(), pairs: 0 };
    check.message(reader, writer, "")
}

struct Check {
    reader_name: &'static str,
    /// Pairs being compared further up: recursive messages come back to them.
    open: BTreeSet<(String, String)>,
    pairs: usize,
}

impl Check {
    fn message(&mut self, reader: &MessageDescriptor, writer: &MessageDescriptor, path: &str) -> Vec<Finding> {
        self.pairs += 1;
        let finding = |message: String| Finding { path: path.into(), schema_path: reader.full_name().into(), message };
        if self.pairs > COMPARED_PAIRS_MAX || self.open.len() > COMPARED_LEVELS_MAX {
            return vec![finding("cannot decide: the two versions are too large to be compared in full".into())];
        }
        let pair = (reader.full_name().to_owned(), writer.full_name().to_owned());
        if !self.open.insert(pair.clone()) {
            return Vec::new();
        }
        let mut findings = Vec::new();
        for field in reader.fields() {
            let place = format!("{path}/{}", field.json_name());
            match writer.get_field(field.number()) {
                Some(other) => findings.extend(self.field(&field, &other, &place)),
                None => findings.extend(self.added(&field, writer, &place)),
            }
        }
        for field in writer.fields().filter(|field| reader.get_field(field.number()).is_none()) {
            if self.reader_name == "new" && !reader.reserved_ranges().any(|range| range.contains(&field.number())) {
                let message = format!(
                    "field {} ({}) is removed, and its number is not reserved; write 'reserved {};' so that it is never reused",
                    field.number(),
                    field.name(),
                    field.number()
                );
                findings.push(Finding {
                    path: format!("{path}/{}", field.json_name()),
                    schema_path: reader.full_name().into(),
                    message,
                });
            }
        }
        findings.extend(self.joined(reader, writer, path));
        self.open.remove(&pair);
        findings
    }

    /// Fields that were apart when written and exclude each other when read: of two that are sent, the first is lost.
    fn joined(&self, reader: &MessageDescriptor, writer: &MessageDescriptor, path: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        for oneof in reader.oneofs() {
            let written: Vec<FieldDescriptor> =
                oneof.fields().filter_map(|field| writer.get_field(field.number())).collect();
            let home = |field: &FieldDescriptor| field.containing_oneof().map(|oneof| oneof.full_name().to_owned());
            let apart = written.iter().any(|field| home(field).is_none() || home(field) != home(&written[0]));
            if written.len() > 1 && apart {
                let names = listed(&written, |field| field.number().to_string());
                let message = format!(
                    "any of fields {names} can be written beside another, but oneof {} of the {} version keeps only one",
                    oneof.name(),
                    self.reader_name
                );
                findings.push(Finding { path: path.into(), schema_path: oneof.full_name().into(), message });
            }
        }
        findings
    }

    /// A field that the writer does not know.
    fn added(&self, field: &FieldDescriptor, writer: &MessageDescriptor, path: &str) -> Option<Finding> {
        let message = if field.is_required() {
            format!(
                "field {} is required by the {} version and never written by the other",
                field.number(),
                self.reader_name
            )
        } else if writer.reserved_ranges().any(|range| range.contains(&field.number())) && self.reader_name == "new" {
            format!("field number {} was reserved: it belonged to a field that is gone", field.number())
        } else {
            return None;
        };
        Some(Finding { path: path.into(), schema_path: field.full_name().into(), message })
    }

    fn field(&mut self, reader: &FieldDescriptor, writer: &FieldDescriptor, path: &str) -> Vec<Finding> {
        let finding = |message: String| Finding { path: path.into(), schema_path: reader.full_name().into(), message };
        let mut findings = Vec::new();
        if reader.is_required() && !writer.is_required() {
            let message = format!(
                "field {} is required by the {} version, but may be left out",
                reader.number(),
                self.reader_name
            );
            findings.push(finding(message));
        }
        let repeated = |field: &FieldDescriptor| field.cardinality() == Cardinality::Repeated;
        if repeated(reader) != repeated(writer) {
            let word = |field: &FieldDescriptor| if repeated(field) { "many values" } else { "one value" };
            let message = format!(
                "field {} holds {} as written, {} in the {} version",
                reader.number(),
                word(writer),
                word(reader),
                self.reader_name
            );
            findings.push(finding(message));
        }
        match (reader.kind(), writer.kind()) {
            (Kind::Message(mine), Kind::Message(theirs)) if reader.is_group() == writer.is_group() => {
                findings.extend(self.message(&mine, &theirs, path));
            }
            (Kind::Enum(mine), Kind::Enum(theirs)) => {
                let unknown: Vec<String> = theirs
                    .values()
                    .filter(|value| mine.get_value(value.number()).is_none())
                    .map(|value| format!("{} ({})", value.name(), value.number()))
                    .collect();
                if !unknown.is_empty() && reader.parent_file().syntax() == Syntax::Proto2 {
                    let message = format!(
                        "enum {} of the {} version has no {}",
                        mine.full_name(),
                        self.reader_name,
                        listed(&unknown, String::clone)
                    );
                    findings.push(finding(message));
                }
            }
            (mine, theirs) if reader.is_group() != writer.is_group() || !same_bytes(&theirs, &mine) => {
                let message = format!(
                    "field {} is written as {}, the {} version reads {}",
                    reader.number(),
                    type_name(&theirs),
                    self.reader_name,
                    type_name(&mine)
                );
                findings.push(finding(message));
            }
            _ => {}
        }
        findings
    }
}

/// Whether bytes written as one scalar type mean the same, or a truncation that loses nothing, as the other.
fn same_bytes(writer: &Kind, reader: &Kind) -> bool {
    use Kind::{
        Bool, Bytes, Enum, Fixed32, Fixed64, Int32, Int64, Sfixed32, Sfixed64, Sint32, Sint64, String, Uint32, Uint64,
    };
    std::mem::discriminant(writer) == std::mem::discriminant(reader)
        || matches!(
            (writer, reader),
            (Bool, Int32 | Int64 | Uint32 | Uint64)
                | (Enum(_), Int32 | Int64)
                | (Int32, Int64)
                | (Uint32, Uint64 | Int64)
                | (Sint32, Sint64)
                | (Fixed32, Sfixed32)
                | (Sfixed32, Fixed32)
                | (Fixed64, Sfixed64)
                | (Sfixed64, Fixed64)
                | (String, Bytes)
        )
}

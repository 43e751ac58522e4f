//! Wire bytes against a message type: malformed data, unknown fields, wrong wire types, text that is not UTF-8, missing
//! required fields, each at its byte. Builds no message, so claimed lengths cost nothing.

use prost_reflect::{Cardinality, FieldDescriptor, Kind, MessageDescriptor};

use super::found;
use crate::{
    excerpt::counted,
    limits::{NESTING_LEVELS_MAX, VIOLATIONS_MAX},
    place::ByteRange,
    violation::{Found, RULE_NESTING},
};

/// What reading a payload found.
pub(super) struct Outcome {
    pub found: Vec<Found>,
    pub more: bool,
    /// Values seen, to know what building the message would cost.
    pub values: usize,
}

pub(super) fn read(descriptor: &MessageDescriptor, payload: &[u8]) -> Outcome {
    let mut reader = Reader { bytes: payload, at: 0, found: Vec::new(), values: 0 };
    // A fault ends the reading; it is among the found.
    let _ = reader.message(descriptor, payload.len(), None, "", 0);
    let more = reader.found.len() > VIOLATIONS_MAX;
    reader.found.truncate(VIOLATIONS_MAX);
    Outcome { found: reader.found, more, values: reader.values }
}

/// Nothing after this can be understood.
struct Stop;

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    found: Vec<Found>,
    values: usize,
}

const VARINT: u8 = 0;
const FIXED64: u8 = 1;
const SIZED: u8 = 2;
const GROUP: u8 = 3;
const GROUP_END: u8 = 4;

/// The number of the value in a map's entry.
const MAP_VALUE: u32 = 2;

/// What is required of a map's value that an entry does not carry: it stands for an empty message, which lacks it.
fn required_of_absent_value(descriptor: &MessageDescriptor) -> Vec<FieldDescriptor> {
    if !descriptor.is_map_entry() {
        return Vec::new();
    }
    match descriptor.map_entry_value_field().kind() {
        Kind::Message(value) => value.fields().filter(FieldDescriptor::is_required).collect(),
        _ => Vec::new(),
    }
}
const FIXED32: u8 = 5;

impl<'a> Reader<'a> {
    fn note(&mut self, start: usize, path: &str, rule: &str, schema_path: &str, message: String) -> Stop {
        let range = ByteRange { start, end: self.at.clamp(start, self.bytes.len()) };
        self.found.push(found(path.to_owned(), range, rule, schema_path.to_owned(), message));
        Stop
    }

    /// Reads fields up to `end`, or up to the end mark of `group`.
    fn message(
        &mut self,
        descriptor: &MessageDescriptor,
        end: usize,
        group: Option<u32>,
        path: &str,
        levels: usize,
    ) -> Result<(), Stop> {
        let start = self.at;
        if levels >= NESTING_LEVELS_MAX {
            let message = format!("messages are nested deeper than {NESTING_LEVELS_MAX} levels");
            return Err(self.note(start, path, RULE_NESTING, descriptor.full_name(), message));
        }
        let mut required: Vec<FieldDescriptor> = descriptor.fields().filter(FieldDescriptor::is_required).collect();
        let mut implied = required_of_absent_value(descriptor);
        let mut repeated: Vec<(u32, usize)> = Vec::new();
        loop {
            if self.at >= end {
                match group {
                    None => break,
                    Some(number) => {
                        let message = format!("group {number} has no end");
                        return Err(self.note(start, path, "syntax", descriptor.full_name(), message));
                    }
                }
            }
            let field_start = self.at;
            let (number, wire) = self.tag(end, path, descriptor)?;
            if wire == GROUP_END {
                if group == Some(number) {
                    break;
                }
                let message = format!("the end of group {number}, which was not begun");
                return Err(self.note(field_start, path, "syntax", descriptor.full_name(), message));
            }
            self.values += 1;
            required.retain(|field| field.number() != number);
            if number == MAP_VALUE {
                implied.clear();
            }
            match descriptor.get_field(number) {
                Some(field) => self.field(&field, wire, field_start, end, path, &mut repeated, levels)?,
                None => self.unknown(descriptor, number, wire, field_start, end, path, levels)?,
            }
            if self.found.len() > VIOLATIONS_MAX {
                return Err(Stop);
            }
        }
        for field in required.into_iter().chain(implied) {
            let message = format!("required field {} is missing", field.full_name());
            self.note(start, path, "required", field.full_name(), message);
        }
        Ok(())
    }

    fn tag(&mut self, end: usize, path: &str, descriptor: &MessageDescriptor) -> Result<(u32, u8), Stop> {
        let start = self.at;
        let tag = self.varint(end, path, descriptor.full_name())?;
        let (number, wire) = (tag >> 3, (tag & 7) as u8);
        match u32::try_from(number) {
            Ok(number) if (1..=0x1fff_ffff).contains(&number) && wire <= FIXED32 => Ok((number, wire)),
            _ => {
                let message = format!(
                    "no field begins here: number {number}, wire type {wire}; the payload is not a {}",
                    descriptor.full_name()
                );
                Err(self.note(start, path, "syntax", descriptor.full_name(), message))
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the place of a field is all of these, and only one caller has them")]
    fn field(
        &mut self,
        field: &FieldDescriptor,
        wire: u8,
        start: usize,
        end: usize,
        path: &str,
        repeated: &mut Vec<(u32, usize)>,
        levels: usize,
    ) -> Result<(), Stop> {
        let mut place = format!("{path}/{}", field.json_name());
        if field.cardinality() == Cardinality::Repeated {
            let known = repeated.iter().position(|(number, _)| *number == field.number());
            let slot = known.unwrap_or_else(|| {
                repeated.push((field.number(), 0));
                repeated.len() - 1
            });
            place = format!("{place}/{}", repeated[slot].1);
            repeated[slot].1 += 1;
        }
        let kind = field.kind();
        let wanted = if field.is_group() { GROUP } else { wire_of(&kind) };
        if wire == SIZED && wanted != SIZED && field.cardinality() == Cardinality::Repeated && wanted != GROUP {
            let inner = self.sized(end, &place, field.full_name())?;
            while self.at < inner {
                self.values += 1;
                self.scalar(&kind, inner, &place, field)?;
            }
            return Ok(());
        }
        if wire != wanted {
            self.skip(wire, field.number(), end, &place, field.full_name(), levels)?;
            let message = format!(
                "field {} is sent as {}, but {} is {}",
                field.number(),
                name_of(wire),
                type_name(&kind),
                name_of(wanted)
            );
            self.note(start, &place, "type", field.full_name(), message);
            return Ok(());
        }
        match &kind {
            Kind::Message(inner) if field.is_group() => {
                self.message(inner, end, Some(field.number()), &place, levels + 1)
            }
            Kind::Message(inner) => {
                let inner_end = self.sized(end, &place, field.full_name())?;
                self.message(inner, inner_end, None, &place, levels + 1)
            }
            _ => self.scalar(&kind, end, &place, field),
        }
    }

    fn scalar(&mut self, kind: &Kind, end: usize, path: &str, field: &FieldDescriptor) -> Result<(), Stop> {
        let start = self.at;
        match wire_of(kind) {
            VARINT => {
                let number = self.varint(end, path, field.full_name())?;
                if let Kind::Enum(symbols) = kind
                    && is_closed(field)
                    && symbols.get_value(number as i32).is_none()
                {
                    let message = format!("{} is no value of enum {}", number as i32, symbols.full_name());
                    self.note(start, path, "enum", field.full_name(), message);
                }
            }
            FIXED64 => self.pass(8, end, path, field.full_name())?,
            FIXED32 => self.pass(4, end, path, field.full_name())?,
            _ => {
                let inner = self.sized(end, path, field.full_name())?;
                let text = &self.bytes[self.at..inner];
                let valid = !matches!(kind, Kind::String) || std::str::from_utf8(text).is_ok();
                self.at = inner;
                if !valid {
                    self.note(start, path, "type", field.full_name(), "the string is not UTF-8".into());
                }
            }
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "the place of a field is all of these, and only one caller has them")]
    fn unknown(
        &mut self,
        descriptor: &MessageDescriptor,
        number: u32,
        wire: u8,
        start: usize,
        end: usize,
        path: &str,
        levels: usize,
    ) -> Result<(), Stop> {
        self.skip(wire, number, end, path, descriptor.full_name(), levels)?;
        if descriptor.get_extension(number).is_none() {
            let message = format!("field number {number} is not part of message {}", descriptor.full_name());
            self.note(start, path, "unknownField", descriptor.full_name(), message);
        }
        Ok(())
    }

    fn skip(
        &mut self,
        wire: u8,
        number: u32,
        end: usize,
        path: &str,
        schema_path: &str,
        levels: usize,
    ) -> Result<(), Stop> {
        match wire {
            VARINT => self.varint(end, path, schema_path).map(drop),
            FIXED64 => self.pass(8, end, path, schema_path),
            FIXED32 => self.pass(4, end, path, schema_path),
            SIZED => {
                self.at = self.sized(end, path, schema_path)?;
                Ok(())
            }
            _ => self.skip_group(number, end, path, schema_path, levels),
        }
    }

    /// Passes over a group nobody knows, however deep, without recursion.
    fn skip_group(
        &mut self,
        number: u32,
        end: usize,
        path: &str,
        schema_path: &str,
        levels: usize,
    ) -> Result<(), Stop> {
        let start = self.at;
        let mut open = vec![number];
        while let Some(innermost) = open.last().copied() {
            if self.at >= end || open.len() + levels > NESTING_LEVELS_MAX {
                let message = format!("group {innermost} has no end, or groups are nested too deep");
                return Err(self.note(start, path, "syntax", schema_path, message));
            }
            let tag = self.varint(end, path, schema_path)?;
            match ((tag >> 3) as u32, (tag & 7) as u8) {
                (inner, GROUP) => open.push(inner),
                (inner, GROUP_END) if inner == innermost => {
                    open.pop();
                }
                (_, VARINT) => self.varint(end, path, schema_path).map(drop)?,
                (_, FIXED64) => self.pass(8, end, path, schema_path)?,
                (_, FIXED32) => self.pass(4, end, path, schema_path)?,
                (_, SIZED) => self.at = self.sized(end, path, schema_path)?,
                _ => {
                    return Err(self.note(
                        start,
                        path,
                        "syntax",
                        schema_path,
                        format!("group {innermost} is malformed"),
                    ));
                }
            }
        }
        Ok(())
    }

    fn varint(&mut self, end: usize, path: &str, schema_path: &str) -> Result<u64, Stop> {
        let start = self.at;
        let mut number = 0_u64;
        for shift in (0..70).step_by(7) {
            if self.at >= end {
                return Err(self.note(start, path, "syntax", schema_path, "the payload ends inside a number".into()));
            }
            let byte = self.bytes[self.at];
            self.at += 1;
            if shift == 63 && byte > 1 {
                break;
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(self.note(start, path, "syntax", schema_path, "the number has more than 64 bits".into()))
    }

    /// Reads a length and gives where its bytes end.
    fn sized(&mut self, end: usize, path: &str, schema_path: &str) -> Result<usize, Stop> {
        let start = self.at;
        let length = self.varint(end, path, schema_path)?;
        let left = end - self.at;
        match usize::try_from(length) {
            Ok(length) if length <= left => Ok(self.at + length),
            _ => {
                let message = format!("{} claimed, {left} left", counted(length, "byte"));
                Err(self.note(start, path, "size", schema_path, message))
            }
        }
    }

    fn pass(&mut self, bytes: usize, end: usize, path: &str, schema_path: &str) -> Result<(), Stop> {
        let left = end - self.at;
        if left < bytes {
            let message = format!("{bytes} bytes expected, {left} left");
            return Err(self.note(self.at, path, "size", schema_path, message));
        }
        self.at += bytes;
        Ok(())
    }
}

/// Enums of proto2 know only their own values.
pub(super) fn is_closed(field: &FieldDescriptor) -> bool {
    field.parent_file().syntax() == prost_reflect::Syntax::Proto2
}

fn wire_of(kind: &Kind) -> u8 {
    match kind {
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => FIXED64,
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => FIXED32,
        Kind::String | Kind::Bytes | Kind::Message(_) => SIZED,
        _ => VARINT,
    }
}

fn name_of(wire: u8) -> &'static str {
    match wire {
        VARINT => "varint",
        FIXED64 => "64-bit",
        SIZED => "length-delimited",
        GROUP | GROUP_END => "group",
        _ => "32-bit",
    }
}

/// The name of a type as the definition spells it.
pub(crate) fn type_name(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(symbols) => symbols.full_name().to_owned(),
        Kind::Double => "double".into(),
        Kind::Float => "float".into(),
        Kind::Int32 => "int32".into(),
        Kind::Int64 => "int64".into(),
        Kind::Uint32 => "uint32".into(),
        Kind::Uint64 => "uint64".into(),
        Kind::Sint32 => "sint32".into(),
        Kind::Sint64 => "sint64".into(),
        Kind::Fixed32 => "fixed32".into(),
        Kind::Fixed64 => "fixed64".into(),
        Kind::Sfixed32 => "sfixed32".into(),
        Kind::Sfixed64 => "sfixed64".into(),
        Kind::Bool => "bool".into(),
        Kind::String => "string".into(),
        Kind::Bytes => "bytes".into(),
    }
}

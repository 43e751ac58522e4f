//! Avro's binary encoding to JSON, stopping at the first byte that is wrong. Claimed lengths are believed only as far as
//! there are bytes, so a hostile payload costs no more than its size.

use serde_json::{Map, Number, Value};

use super::{
    json::is_uuid,
    logical::Meaning,
    model::{Field, Kind, Model},
};
use crate::{
    excerpt::counted,
    json::locate::escaped,
    limits::{DECODED_VALUES_MAX, NESTING_LEVELS_MAX},
    place::ByteRange,
};

/// Where and why decoding stopped.
pub(super) struct Fault {
    pub path: String,
    pub range: ByteRange,
    pub rule: &'static str,
    pub schema_path: String,
    pub message: String,
}

/// Reads one value after the other from a text of bytes.
pub(super) struct Cursor<'a> {
    model: &'a Model,
    bytes: &'a [u8],
    pub at: usize,
    levels: usize,
    values: usize,
}

type Read<T> = Result<T, Box<Fault>>;

impl<'a> Cursor<'a> {
    pub(super) fn new(model: &'a Model, bytes: &'a [u8]) -> Self {
        Self { model, bytes, at: 0, levels: 0, values: 0 }
    }

    pub(super) fn root(&mut self, path: &str) -> Read<Value> {
        self.value(0, path)
    }

    fn fault<T>(&self, start: usize, rule: &'static str, node: usize, path: &str, message: String) -> Read<T> {
        Err(Box::new(Fault {
            path: path.to_owned(),
            range: ByteRange { start, end: self.at.clamp(start, self.bytes.len()) },
            rule,
            schema_path: self.model.nodes[node].pointer.clone(),
            message,
        }))
    }

    fn value(&mut self, node: usize, path: &str) -> Read<Value> {
        let start = self.at;
        self.values += 1;
        if self.values > DECODED_VALUES_MAX {
            let message = format!("the payload claims to hold more than {DECODED_VALUES_MAX} values");
            return self.fault(start, "payloadBytes", node, path, message);
        }
        if self.levels >= NESTING_LEVELS_MAX {
            let message = format!("values are nested deeper than {NESTING_LEVELS_MAX} levels");
            return self.fault(start, "nestingLevels", node, path, message);
        }
        self.levels += 1;
        let value = self.inner(node, path);
        self.levels -= 1;
        value
    }

    fn inner(&mut self, node: usize, path: &str) -> Read<Value> {
        let (start, model) = (self.at, self.model);
        match &model.nodes[node].kind {
            Kind::Null => Ok(Value::Null),
            Kind::Boolean => match self.take(1, node, path)?[0] {
                0 => Ok(Value::Bool(false)),
                1 => Ok(Value::Bool(true)),
                byte => {
                    self.fault(start, "type", node, path, format!("byte 0x{byte:02x} is no boolean, which is 0 or 1"))
                }
            },
            Kind::Int => {
                let number = self.long(node, path)?;
                match i32::try_from(number) {
                    Ok(_) => self.meant(start, number, node, path),
                    Err(_) => {
                        self.fault(start, "range", node, path, format!("{number} does not fit int, which has 32 bits"))
                    }
                }
            }
            Kind::Long => {
                let number = self.long(node, path)?;
                self.meant(start, number, node, path)
            }
            Kind::Float => {
                let bytes = self.take(4, node, path)?;
                Ok(number(f64::from(f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))))
            }
            Kind::Double => {
                let mut bytes = [0; 8];
                bytes.copy_from_slice(self.take(8, node, path)?);
                Ok(number(f64::from_le_bytes(bytes)))
            }
            Kind::Bytes | Kind::Fixed { .. } => {
                let bytes = match &model.nodes[node].kind {
                    Kind::Fixed { bytes, .. } => self.take(*bytes as u64, node, path)?,
                    _ => self.sized(node, path)?,
                };
                match model.nodes[node].meaning.as_ref().and_then(|meaning| meaning.refuses_bytes(bytes)) {
                    Some(complaint) => self.fault(start, "logicalType", node, path, complaint),
                    None => Ok(latin1(bytes)),
                }
            }
            Kind::String => self.string(node, path),
            Kind::Enum { symbols, .. } => {
                let index = self.long(node, path)?;
                match usize::try_from(index).ok().and_then(|index| symbols.get(index)) {
                    Some(symbol) => Ok(Value::String(symbol.clone())),
                    None => {
                        let message = format!("{index} is no symbol; there are {}", symbols.len());
                        self.fault(start, "enum", node, path, message)
                    }
                }
            }
            Kind::Array(items) => self.array(node, *items, path),
            Kind::Map(inner) => self.map(node, *inner, path),
            Kind::Union(branches) => self.union(node, branches, path),
            Kind::Record { fields, .. } => self.record(fields, path),
        }
    }

    /// A number within the bounds of its logical type.
    fn meant(&self, start: usize, number: i64, node: usize, path: &str) -> Read<Value> {
        match self.model.nodes[node].meaning.as_ref().and_then(|meaning| meaning.refuses(number)) {
            Some(complaint) => self.fault(start, "logicalType", node, path, complaint),
            None => Ok(number.into()),
        }
    }

    fn record(&mut self, fields: &[Field], path: &str) -> Read<Value> {
        let mut members = Map::new();
        for field in fields {
            let value = self.value(field.node, &format!("{path}/{}", escaped(&field.name)))?;
            members.insert(field.name.clone(), value);
        }
        Ok(Value::Object(members))
    }

    fn string(&mut self, node: usize, path: &str) -> Read<Value> {
        let start = self.at;
        let bytes = self.sized(node, path)?;
        let Ok(text) = std::str::from_utf8(bytes) else {
            return self.fault(start, "type", node, path, "the string is not UTF-8".into());
        };
        if matches!(self.model.nodes[node].meaning, Some(Meaning::Uuid)) && !is_uuid(text) {
            return self.fault(start, "logicalType", node, path, "the string is not a UUID".into());
        }
        Ok(Value::String(text.to_owned()))
    }

    fn array(&mut self, node: usize, items: usize, path: &str) -> Read<Value> {
        let mut values = Vec::new();
        loop {
            let count = self.block(node, path)?;
            if count == 0 {
                return Ok(Value::Array(values));
            }
            for _ in 0..count {
                values.push(self.value(items, &format!("{path}/{}", values.len()))?);
            }
        }
    }

    fn map(&mut self, node: usize, inner: usize, path: &str) -> Read<Value> {
        let mut members = Map::new();
        loop {
            let count = self.block(node, path)?;
            if count == 0 {
                return Ok(Value::Object(members));
            }
            for _ in 0..count {
                let start = self.at;
                let Ok(key) = std::str::from_utf8(self.sized(node, path)?) else {
                    return self.fault(start, "type", node, path, "the key is not UTF-8".into());
                };
                let value = self.value(inner, &format!("{path}/{}", escaped(key)))?;
                members.insert(key.to_owned(), value);
            }
        }
    }

    /// The number of values in the next block; a negative count is followed by the block's size, which nobody needs here.
    fn block(&mut self, node: usize, path: &str) -> Read<u64> {
        let count = self.long(node, path)?;
        if count < 0 {
            self.long(node, path)?;
        }
        Ok(count.unsigned_abs())
    }

    fn union(&mut self, node: usize, branches: &[usize], path: &str) -> Read<Value> {
        let start = self.at;
        let index = self.long(node, path)?;
        let Some(branch) = usize::try_from(index).ok().and_then(|index| branches.get(index)).copied() else {
            let message = format!("{index} is no branch of the union; there are {}", branches.len());
            return self.fault(start, "union", node, path, message);
        };
        let value = self.value(branch, path)?;
        Ok(self.model.tagged(branches, branch, value))
    }

    fn long(&mut self, node: usize, path: &str) -> Read<i64> {
        let start = self.at;
        let mut bits = 0_u64;
        for shift in (0..70).step_by(7) {
            let byte = self.take(1, node, path)?[0];
            if shift == 63 && byte > 1 {
                break;
            }
            bits |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok((bits >> 1) as i64 ^ -((bits & 1) as i64));
            }
        }
        self.fault(start, "range", node, path, "the number has more than 64 bits".into())
    }

    fn sized(&mut self, node: usize, path: &str) -> Read<&'a [u8]> {
        let start = self.at;
        let length = self.long(node, path)?;
        // Not `usize`: in a browser it has 32 bits, and a huge length would pass for a negative one.
        match u64::try_from(length) {
            Ok(length) => self.take(length, node, path),
            Err(_) => self.fault(start, "size", node, path, format!("a length of {length} is negative")),
        }
    }

    fn take(&mut self, length: u64, node: usize, path: &str) -> Read<&'a [u8]> {
        let start = self.at;
        let end = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(start);
        match self.bytes.get(start..end) {
            Some(bytes) => {
                self.at = end;
                Ok(bytes)
            }
            None => {
                let left = self.bytes.len() - start;
                self.at = self.bytes.len();
                let message =
                    format!("{} expected for {}, but {left} left", counted(length, "byte"), self.model.tag(node));
                self.fault(start, "size", node, path, message)
            }
        }
    }
}

fn number(value: f64) -> Value {
    let name = if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    };
    Number::from_f64(value).map_or_else(|| Value::String(name.into()), Value::Number)
}

fn latin1(bytes: &[u8]) -> Value {
    Value::String(bytes.iter().map(|byte| char::from(*byte)).collect())
}

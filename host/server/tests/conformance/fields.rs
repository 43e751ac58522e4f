//! Protobuf by hand: a message is a list of numbered fields. Knows no message of the contract.

use bytes::{Buf, BufMut, Bytes};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

const VARINT: u64 = 0;
const FIXED: u64 = 1;
const LENGTH: u64 = 2;

/// One field as it travels: a number (a double as its bits), or bytes (text, a message, a packed list).
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Number(u64),
    Bytes(Bytes),
}

/// A message, to be sent or received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields(Vec<(u64, Value)>);

/// A message to be filled.
pub(crate) fn fields() -> Fields {
    Fields::default()
}

impl Fields {
    pub(crate) fn number(mut self, field: u64, value: u64) -> Self {
        self.0.push((field, Value::Number(value)));
        self
    }

    pub(crate) fn bytes(mut self, field: u64, value: &[u8]) -> Self {
        self.0.push((field, Value::Bytes(Bytes::copy_from_slice(value))));
        self
    }

    pub(crate) fn text(self, field: u64, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    pub(crate) fn message(self, field: u64, value: &Self) -> Self {
        self.bytes(field, &value.encode())
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut buffer = Vec::new();
        for (field, value) in &self.0 {
            match value {
                Value::Number(number) => {
                    put_varint(&mut buffer, field << 3 | VARINT);
                    put_varint(&mut buffer, *number);
                }
                Value::Bytes(bytes) => {
                    put_varint(&mut buffer, field << 3 | LENGTH);
                    put_varint(&mut buffer, bytes.len() as u64);
                    buffer.extend_from_slice(bytes);
                }
            }
        }
        buffer
    }

    fn decode(mut bytes: Bytes) -> Result<Self, String> {
        let mut fields = Vec::new();
        while bytes.has_remaining() {
            let key = get_varint(&mut bytes)?;
            let value = match key & 7 {
                VARINT => Value::Number(get_varint(&mut bytes)?),
                FIXED => Value::Number(bytes.try_get_u64_le().map_err(|error| error.to_string())?),
                LENGTH => {
                    let length = get_varint(&mut bytes)?;
                    let length = usize::try_from(length).map_err(|error| error.to_string())?;
                    if length > bytes.len() {
                        return Err(format!("field {} is cut off", key >> 3));
                    }
                    Value::Bytes(bytes.split_to(length))
                }
                kind => return Err(format!("field {} has wire type {kind}, which no message has", key >> 3)),
            };
            fields.push((key >> 3, value));
        }
        Ok(Self(fields))
    }

    /// The numbers of the fields that are there, in order, none twice.
    pub(crate) fn present(&self) -> Vec<u64> {
        let mut numbers: Vec<u64> = self.0.iter().map(|(field, _)| *field).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// 0 where it is missing, as proto3 has it.
    pub(crate) fn get_number(&self, field: u64) -> u64 {
        self.0
            .iter()
            .rev()
            .find_map(|(number, value)| match value {
                Value::Number(value) if *number == field => Some(*value),
                _ => None,
            })
            .unwrap_or_default()
    }

    pub(crate) fn get_all(&self, field: u64) -> Vec<Bytes> {
        let values = self.0.iter().filter(|(number, _)| *number == field);
        values
            .filter_map(|(_, value)| match value {
                Value::Bytes(bytes) => Some(bytes.clone()),
                Value::Number(_) => None,
            })
            .collect()
    }

    /// Empty where it is missing.
    pub(crate) fn get_bytes(&self, field: u64) -> Bytes {
        self.get_all(field).pop().unwrap_or_default()
    }

    pub(crate) fn get_text(&self, field: u64) -> String {
        String::from_utf8(self.get_bytes(field).to_vec()).expect("text")
    }

    pub(crate) fn get_texts(&self, field: u64) -> Vec<String> {
        self.get_all(field).iter().map(|text| String::from_utf8(text.to_vec()).expect("text")).collect()
    }

    pub(crate) fn get_message(&self, field: u64) -> Self {
        Self::decode(self.get_bytes(field)).expect("a message")
    }

    pub(crate) fn get_messages(&self, field: u64) -> Vec<Self> {
        self.get_all(field).into_iter().map(|bytes| Self::decode(bytes).expect("a message")).collect()
    }
}

fn put_varint(buffer: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        buffer.push(value as u8 | 0x80);
        value >>= 7;
    }
    buffer.push(value as u8);
}

fn get_varint(bytes: &mut Bytes) -> Result<u64, String> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = bytes.try_get_u8().map_err(|error| error.to_string())?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err("a number is longer than 64 bits".to_owned())
}

/// Puts [`Fields`] into gRPC's frames.
#[derive(Clone, Copy, Default)]
pub(crate) struct FieldsCodec;

impl Codec for FieldsCodec {
    type Encode = Fields;
    type Decode = Fields;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for FieldsCodec {
    type Item = Fields;
    type Error = Status;

    fn encode(&mut self, item: Fields, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item.encode());
        Ok(())
    }
}

impl Decoder for FieldsCodec {
    type Item = Fields;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Fields>, Status> {
        let bytes = buffer.copy_to_bytes(buffer.remaining());
        Fields::decode(bytes).map(Some).map_err(Status::data_loss)
    }
}

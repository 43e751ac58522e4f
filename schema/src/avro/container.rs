//! Avro object container files: a header with the writer's schema, then blocks of data. Only the codecs `null` and
//! `deflate`, the two that every implementation must have.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{
    datum::{Cursor, Fault},
    json::long,
    model::{Kind, Model, Node},
};
use crate::{limits::AVRO_BLOCK_BYTES_MAX, place::ByteRange};

/// The first bytes of every container.
pub(super) const MAGIC: &[u8] = b"Obj\x01";

/// The header of a container.
pub(super) struct Header {
    pub schema: Vec<u8>,
    deflate: bool,
    sync: [u8; 16],
    /// Where the first block starts.
    end: usize,
}

/// The data of one block and where the block stands.
pub(super) struct Block {
    pub count: u64,
    pub data: Vec<u8>,
    pub range: ByteRange,
    /// The data is not what stands in the payload, so offsets within it mean nothing there.
    pub compressed: bool,
}

fn fault(start: usize, end: usize, message: String) -> Box<Fault> {
    Box::new(Fault {
        path: String::new(),
        range: ByteRange { start, end },
        rule: "container",
        schema_path: String::new(),
        message,
    })
}

/// The schema of the header's metadata.
fn metadata() -> Model {
    let node = |kind| Node { kind, pointer: String::new(), logical: None, meaning: None };
    Model { nodes: vec![node(Kind::Map(1)), node(Kind::Bytes)] }
}

/// A container of one value. Its marker is made of its content, not of chance: the same message is the same bytes.
pub(super) fn write(schema: &[u8], datum: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    let bytes = |out: &mut Vec<u8>, bytes: &[u8]| {
        long(out, bytes.len() as i64);
        out.extend_from_slice(bytes);
    };
    long(&mut out, 2);
    for (key, value) in [("avro.schema", schema), ("avro.codec", b"null".as_slice())] {
        bytes(&mut out, key.as_bytes());
        bytes(&mut out, value);
    }
    long(&mut out, 0);
    let hash = Sha256::digest([schema, datum].concat());
    let sync = &hash[..16];
    out.extend_from_slice(sync);
    long(&mut out, 1);
    bytes(&mut out, datum);
    out.extend_from_slice(sync);
    out
}

pub(super) fn header(payload: &[u8]) -> Result<Header, Box<Fault>> {
    let model = metadata();
    let mut cursor = Cursor::new(&model, payload);
    cursor.at = MAGIC.len();
    let entries: BTreeMap<String, Vec<u8>> = match cursor.root("") {
        Ok(serde_json::Value::Object(members)) => members
            .into_iter()
            .map(|(key, value)| (key, value.as_str().unwrap_or_default().chars().map(|c| c as u8).collect()))
            .collect(),
        Ok(_) => BTreeMap::new(),
        Err(error) => {
            return Err(fault(error.range.start, error.range.end, format!("container header: {}", error.message)));
        }
    };
    let end = cursor.at + 16;
    let sync = payload.get(cursor.at..end).and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    let sync = sync.ok_or_else(|| fault(cursor.at, payload.len(), "container header ends before its marker".into()))?;
    let schema = entries.get("avro.schema").cloned();
    let schema = schema.ok_or_else(|| fault(0, cursor.at, "container header names no schema (avro.schema)".into()))?;
    let deflate = match entries.get("avro.codec").map(Vec::as_slice) {
        None | Some(b"null" | b"") => false,
        Some(b"deflate") => true,
        Some(other) => {
            let name = crate::excerpt::clip(&String::from_utf8_lossy(other));
            return Err(fault(0, cursor.at, format!("container codec '{name}' is not supported; use null or deflate")));
        }
    };
    Ok(Header { schema, deflate, sync, end })
}

/// The blocks one after the other.
pub(super) struct Blocks<'a> {
    payload: &'a [u8],
    header: &'a Header,
    at: usize,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(payload: &'a [u8], header: &'a Header) -> Self {
        Self { payload, header, at: header.end }
    }

    pub(super) fn next(&mut self) -> Result<Option<Block>, Box<Fault>> {
        if self.at >= self.payload.len() {
            return Ok(None);
        }
        let numbers =
            Model { nodes: vec![Node { kind: Kind::Long, pointer: String::new(), logical: None, meaning: None }] };
        let mut cursor = Cursor::new(&numbers, self.payload);
        cursor.at = self.at;
        let mut number = || cursor.root("").map(|number| number.as_u64());
        let (count, size) = (number()?, number()?);
        let (start, left) = (cursor.at, self.payload.len() - cursor.at);
        let size = size.and_then(|size| usize::try_from(size).ok()).filter(|size| size.saturating_add(16) <= left);
        let (Some(count), Some(size)) = (count, size) else {
            return Err(fault(
                self.at,
                start,
                format!("container block claims more than the {left} bytes that are left"),
            ));
        };
        let end = start + size;
        if self.payload[end..end + 16] != self.header.sync {
            return Err(fault(end, end + 16, "container block does not end with the marker of the header".into()));
        }
        let data = match self.header.deflate {
            true => miniz_oxide::inflate::decompress_to_vec_with_limit(&self.payload[start..end], AVRO_BLOCK_BYTES_MAX)
                .map_err(|_| {
                    let limit = AVRO_BLOCK_BYTES_MAX;
                    fault(start, end, format!("container block does not decompress, or to more than {limit} bytes"))
                })?,
            false => self.payload[start..end].to_vec(),
        };
        self.at = end + 16;
        Ok(Some(Block { count, data, range: ByteRange { start, end }, compressed: self.header.deflate }))
    }
}

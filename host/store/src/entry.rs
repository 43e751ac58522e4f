//! What one key of the log keyspace holds: a record or a pack of records that follow each
//! other, or where in a segment that stands. The crate documentation states the bytes. Nothing
//! is written here.

use crate::StoreError;
use crate::keys::log_key;
use crate::log::Record;
use crate::segments::{Place, Segments};
use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_64;

/// Records of one pack. Whoever looks for a record looks no further back than this.
pub(crate) const PACK_RECORDS_MAX: u64 = 64;
/// Bytes at which a pack takes no further record. Enough that what an entry costs by itself
/// no longer counts, little enough that one record is not expensive to read.
pub(crate) const PACK_BYTES_MAX: usize = 32 << 10;

const TIME_BYTES: usize = 8;
/// Set in the time of a pack. A time of its own this large lies 292 million years ahead.
const PACK_BIT: u64 = 1 << 63;
/// Set in the time of what stands in a segment.
const SEGMENT_BIT: u64 = 1 << 62;
const LENGTH_BYTES: usize = 4;
/// Segment and position u64, bytes and records u32, checksum u64.
const REFERENCE_BYTES: usize = 32;

/// The records of an entry, which must not be empty, behind what `bytes` holds already;
/// `None` when one is longer than a length can say.
pub(crate) fn encode_body(records: &[&Bytes], bytes: &mut Vec<u8>) -> Option<()> {
    records.iter().for_each(|record| bytes.extend_from_slice(record));
    if records.len() > 1 {
        for length in records.iter().map(|record| record.len()).chain([records.len()]) {
            bytes.extend_from_slice(&u32::try_from(length).ok()?.to_be_bytes());
        }
    }
    Some(())
}

/// The value of an entry with these records, which must not be empty; `None` when one is
/// longer than a length can say.
pub(crate) fn encode(append_time_ms: u64, records: &[&Bytes]) -> Option<Bytes> {
    let bytes: usize = records.iter().map(|record| record.len()).sum();
    let mut value = Vec::with_capacity(TIME_BYTES + bytes + (records.len() + 1) * LENGTH_BYTES);
    let mark = if records.len() > 1 { PACK_BIT } else { 0 };
    value.extend_from_slice(&(time_of(append_time_ms) | mark).to_be_bytes());
    encode_body(records, &mut value)?;
    Some(Bytes::from(value))
}

/// The value of an entry whose body, with so many records, stands at `place`.
pub(crate) fn encode_reference(append_time_ms: u64, records: u32, body: &[u8], place: Place) -> Bytes {
    let mut value = Vec::with_capacity(TIME_BYTES + REFERENCE_BYTES);
    let mark = if records > 1 { SEGMENT_BIT | PACK_BIT } else { SEGMENT_BIT };
    value.extend_from_slice(&(time_of(append_time_ms) | mark).to_be_bytes());
    value.extend_from_slice(&place.segment.to_be_bytes());
    value.extend_from_slice(&place.position.to_be_bytes());
    value.extend_from_slice(&place.bytes.to_be_bytes());
    value.extend_from_slice(&records.to_be_bytes());
    value.extend_from_slice(&xxh3_64(body).to_be_bytes());
    Bytes::from(value)
}

fn time_of(value: u64) -> u64 {
    value & !(PACK_BIT | SEGMENT_BIT)
}

/// An entry as it was read.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) first_offset: u64,
    pub(crate) append_time_ms: u64,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Here(Packed),
    There(Reference),
}

/// Records, one behind the other, and where each ends.
#[derive(Debug)]
struct Packed {
    bytes: Bytes,
    ends: Vec<usize>,
}

#[derive(Debug)]
struct Reference {
    place: Place,
    records: u32,
    checksum: u64,
}

impl Packed {
    fn decode(is_pack: bool, body: Bytes) -> Option<Self> {
        if !is_pack {
            let ends = vec![body.len()];
            return Some(Self { bytes: body, ends });
        }
        let number = |at: usize| {
            let bytes = body.get(at..at + LENGTH_BYTES)?.try_into().ok()?;
            usize::try_from(u32::from_be_bytes(bytes)).ok()
        };
        let count_at = body.len().checked_sub(LENGTH_BYTES)?;
        let lengths_at = count_at.checked_sub(number(count_at)?.checked_mul(LENGTH_BYTES)?)?;
        let mut ends = Vec::with_capacity((count_at - lengths_at) / LENGTH_BYTES);
        let mut end = 0_usize;
        for at in (lengths_at..count_at).step_by(LENGTH_BYTES) {
            end = end.checked_add(number(at)?)?;
            ends.push(end);
        }
        let is_whole = end == lengths_at && !ends.is_empty();
        is_whole.then(|| Self { bytes: body, ends })
    }
}

impl Reference {
    fn decode(body: &Bytes) -> Option<Self> {
        let long = |at: usize| body.get(at..at + 8)?.try_into().ok().map(u64::from_be_bytes);
        let short = |at: usize| body.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
        let place = Place { segment: long(0)?, position: long(8)?, bytes: short(16)? };
        let reference = Self { place, records: short(20)?, checksum: long(24)? };
        (body.len() == REFERENCE_BYTES && reference.records > 0).then_some(reference)
    }
}

impl Entry {
    /// `None` when it is malformed.
    pub(crate) fn decode(key: &[u8], value: &Bytes) -> Option<Self> {
        let first_offset = crate::keys::offset_of(key)?;
        let time = value.get(..TIME_BYTES)?.try_into().ok().map(u64::from_be_bytes)?;
        let body = value.slice(TIME_BYTES..);
        let body = if time & SEGMENT_BIT == 0 {
            Body::Here(Packed::decode(time & PACK_BIT != 0, body)?)
        } else {
            Body::There(Reference::decode(&body)?)
        };
        Some(Self { first_offset, append_time_ms: time_of(time), body })
    }

    /// The offset behind its last record.
    pub(crate) fn end_offset(&self) -> u64 {
        let records = match &self.body {
            Body::Here(packed) => packed.ends.len() as u64,
            Body::There(reference) => u64::from(reference.records),
        };
        self.first_offset + records
    }

    /// Whether its records are read from a segment.
    pub(crate) fn is_in_segment(&self) -> bool {
        matches!(self.body, Body::There(_))
    }

    /// Its records, in order; they share their bytes.
    pub(crate) fn records(self, log: u64, segments: &Segments) -> Result<impl Iterator<Item = Record>, StoreError> {
        let packed = match self.body {
            Body::Here(packed) => packed,
            Body::There(reference) => reference.read(log, segments)?,
        };
        let mut begin = 0;
        let mut offset = self.first_offset;
        Ok(packed.ends.into_iter().map(move |end| {
            let record = packed.bytes.slice(begin..end);
            (begin, offset) = (end, offset + 1);
            Record { offset: offset - 1, append_time_ms: self.append_time_ms, record }
        }))
    }
}

impl Reference {
    fn read(&self, log: u64, segments: &Segments) -> Result<Packed, StoreError> {
        let segment = self.place.segment;
        let failed = |what: &str| {
            let reason = format!("the segment of log {log} that begins with offset {segment}: {what}");
            StoreError::Read { reason: reason.into() }
        };
        let body = segments.read(log, self.place).map_err(|error| failed(&error.to_string()))?;
        let is_whole = xxh3_64(&body) == self.checksum;
        let packed = Packed::decode(self.records > 1, Bytes::from(body)).filter(|_| is_whole);
        let packed = packed.filter(|packed| packed.ends.len() == self.records as usize);
        packed.ok_or_else(|| failed("what stands there fails its checksum"))
    }
}

/// The first key at which an entry may stand that holds `offset`.
pub(crate) fn earliest_key(log: u64, offset: u64) -> [u8; crate::keys::LOG_KEY_BYTES] {
    log_key(log, offset.saturating_sub(PACK_RECORDS_MAX - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(records: &[&'static [u8]]) -> Option<(u64, Vec<(u64, Bytes)>)> {
        let records: Vec<Bytes> = records.iter().map(|record| Bytes::from_static(record)).collect();
        let value = encode(77, &records.iter().collect::<Vec<_>>()).unwrap();
        let entry = Entry::decode(&log_key(3, 10), &value)?;
        assert_eq!(entry.end_offset(), 10 + records.len() as u64);
        let dir = tempfile::tempdir().unwrap();
        let segments = Segments::open(dir.path().to_owned(), 1).unwrap();
        let append_time_ms = entry.append_time_ms;
        let records = entry.records(3, &segments).unwrap();
        Some((append_time_ms, records.map(|record| (record.offset, record.record)).collect()))
    }

    #[test]
    fn records_come_back_alone_and_packed() {
        let alone = vec![(10, Bytes::from_static(b"abc"))];
        assert_eq!(decoded(&[b"abc"]), Some((77, alone)));
        assert_eq!(decoded(&[b""]), Some((77, vec![(10, Bytes::new())])));
        let packed = vec![(10, Bytes::from_static(b"abc")), (11, Bytes::new()), (12, Bytes::from_static(b"d"))];
        assert_eq!(decoded(&[b"abc", b"", b"d"]), Some((77, packed)));
    }

    #[test]
    fn what_is_malformed_is_nothing() {
        let records = [Bytes::from_static(b"abc"), Bytes::from_static(b"de")];
        let whole = encode(77, &records.iter().collect::<Vec<_>>()).unwrap();
        let key = log_key(0, 0);
        assert!(Entry::decode(&key[1..], &whole).is_none());
        for bytes in 0..whole.len() {
            let entry = Entry::decode(&key, &whole.slice(..bytes));
            assert!(entry.is_none(), "{bytes} bytes");
        }
        for place in 8..whole.len() {
            // Whatever was changed: at most other bytes in the records, never a panic.
            let mut changed = whole.to_vec();
            changed[place] ^= 0x81;
            let entry = Entry::decode(&key, &Bytes::from(changed));
            assert_eq!(entry.is_some(), place < 8 + 5, "{place}");
        }
        let no_records = [PACK_BIT.to_be_bytes().as_slice(), &[0; 4]].concat();
        assert!(Entry::decode(&key, &Bytes::from(no_records)).is_none());
    }
}

//! What one key of the log keyspace holds: a record, or a pack of records that follow each
//! other. The crate documentation states the bytes. Nothing is read or written here.

use crate::keys::log_key;
use crate::log::Record;
use bytes::Bytes;

/// Records of one pack. Whoever looks for a record looks no further back than this.
pub(crate) const PACK_RECORDS_MAX: u64 = 64;
/// Bytes at which a pack takes no further record. Enough that what an entry costs by itself
/// no longer counts, little enough that one record is not expensive to read.
pub(crate) const PACK_BYTES_MAX: usize = 32 << 10;

const TIME_BYTES: usize = 8;
/// Set in the time of a pack. A time of its own this large lies 292 million years ahead.
const PACK_BIT: u64 = 1 << 63;
const LENGTH_BYTES: usize = 4;

/// The value of an entry with these records, which must not be empty; `None` when one is
/// longer than a length can say.
pub(crate) fn encode(append_time_ms: u64, records: &[&Bytes]) -> Option<Bytes> {
    let bytes: usize = records.iter().map(|record| record.len()).sum();
    let is_pack = records.len() > 1;
    let footer_bytes = if is_pack { (records.len() + 1) * LENGTH_BYTES } else { 0 };
    let mut value = Vec::with_capacity(TIME_BYTES + bytes + footer_bytes);
    let mark = if is_pack { PACK_BIT } else { 0 };
    value.extend_from_slice(&((append_time_ms & !PACK_BIT) | mark).to_be_bytes());
    records.iter().for_each(|record| value.extend_from_slice(record));
    if is_pack {
        for length in records.iter().map(|record| record.len()).chain([records.len()]) {
            value.extend_from_slice(&u32::try_from(length).ok()?.to_be_bytes());
        }
    }
    Some(Bytes::from(value))
}

/// An entry as it was read.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) first_offset: u64,
    pub(crate) append_time_ms: u64,
    /// All records, one behind the other.
    bytes: Bytes,
    /// Where each record ends in them.
    ends: Vec<usize>,
}

impl Entry {
    /// `None` when it is malformed.
    pub(crate) fn decode(key: &[u8], value: &Bytes) -> Option<Self> {
        let first_offset = crate::keys::offset_of(key)?;
        let time = value.get(..TIME_BYTES)?.try_into().ok().map(u64::from_be_bytes)?;
        let body = value.slice(TIME_BYTES..);
        if time & PACK_BIT == 0 {
            let ends = vec![body.len()];
            return Some(Self { first_offset, append_time_ms: time, bytes: body, ends });
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
        is_whole.then(|| Self { first_offset, append_time_ms: time & !PACK_BIT, bytes: body, ends })
    }

    /// The offset behind its last record.
    pub(crate) fn end_offset(&self) -> u64 {
        self.first_offset + self.ends.len() as u64
    }

    /// Its records, in order; they share the entry's bytes.
    pub(crate) fn records(&self) -> impl Iterator<Item = Record> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).zip(self.first_offset..).map(|((begin, end), offset)| Record {
            offset,
            append_time_ms: self.append_time_ms,
            record: self.bytes.slice(begin..*end),
        })
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
        Some((entry.append_time_ms, entry.records().map(|record| (record.offset, record.record)).collect()))
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

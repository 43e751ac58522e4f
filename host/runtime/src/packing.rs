//! Batches and outcomes as bytes, as `plugins/wit/packed.wit` says: the faster way across the boundary for guests that have it. The answer comes from a
//! guest, so nothing in it is believed before it was checked. Knows no engine.

use std::mem::size_of;

use bytes::Bytes;

use crate::{
    accept::{Accepted, emit, shortened},
    limits::Limits,
    record::{OutputRecord, Record, SchemaReference},
    report::Outcome,
    trap::TrapKind,
};

const HAS_PARTITION: u32 = 1;
const HAS_OFFSET: u32 = 2;
const HAS_KEY: u32 = 4;
const HAS_SCHEMA: u32 = 8;
/// Of an answer's record.
const HAS_TOPIC: u32 = 1;

const EMIT: u32 = 0;
const KEEP: u32 = 1;
const DROP: u32 = 2;
const REJECT: u32 = 3;
const RETRY: u32 = 4;

const NUMBER_BYTES: usize = size_of::<u32>();
const LONG_BYTES: usize = size_of::<u64>();
/// Bytes of a record of a batch beside its texts and its payload.
const RECORD_BYTES: usize = 2 * LONG_BYTES + 8 * NUMBER_BYTES;

/// Writes a batch into a buffer, whose content is lost.
pub(crate) fn pack(batch: &[Record], buffer: &mut Vec<u8>) {
    buffer.clear();
    number(buffer, batch.len());
    for record in batch {
        pack_record(record, buffer);
    }
}

fn pack_record(record: &Record, buffer: &mut Vec<u8>) {
    let bit = |is_there: bool, field| if is_there { field } else { 0 };
    let fields = bit(record.partition.is_some(), HAS_PARTITION)
        | bit(record.offset.is_some(), HAS_OFFSET)
        | bit(record.key.is_some(), HAS_KEY)
        | bit(record.schema.is_some(), HAS_SCHEMA);
    let key = record.key.as_deref().unwrap_or_default();
    let (subject, version) = record.schema.as_ref().map_or(("", 0), |schema| (&schema.subject, schema.version));
    buffer.reserve(RECORD_BYTES + record.topic.len() + key.len() + record.payload.len());
    buffer.extend_from_slice(&record.publish_time_ms.to_le_bytes());
    buffer.extend_from_slice(&record.offset.unwrap_or_default().to_le_bytes());
    for field in [fields, record.partition.unwrap_or_default(), version] {
        buffer.extend_from_slice(&field.to_le_bytes());
    }
    for length in [record.topic.len(), key.len(), subject.len(), record.attributes.len(), record.payload.len()] {
        number(buffer, length);
    }
    for text in [record.topic.as_str(), key, subject] {
        buffer.extend_from_slice(text.as_bytes());
    }
    for (name, value) in &record.attributes {
        number(buffer, name.len());
        number(buffer, value.len());
        buffer.extend_from_slice(name.as_bytes());
        buffer.extend_from_slice(value.as_bytes());
    }
    buffer.extend_from_slice(&record.payload);
}

/// What has 4 GiB is beyond every component's memory: the engine says so when the batch is handed over.
fn number(buffer: &mut Vec<u8>, number: usize) {
    buffer.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
}

/// Reads the answer to a batch of so many records: what became of each, or why the guest must be stopped. What one outcome breaks does not touch the
/// others.
pub(crate) fn unpack(answer: &[u8], records: usize, limits: &Limits) -> Result<Vec<Accepted>, TrapKind> {
    let bytes_max = limits.hostcall_copy_bytes_max;
    let mut reader = Reader { bytes: answer, bytes_left: bytes_max, bytes_max };
    reader.spend(answer.len())?;
    let outcomes = reader.length()?;
    if outcomes != records {
        return Err(TrapKind::OutcomesMiscounted { outcomes, records });
    }
    let accepted = (0..outcomes).map(|_| reader.outcome(limits)).collect::<Result<_, _>>()?;
    match reader.bytes.len() {
        0 => Ok(accepted),
        surplus => Err(unreadable(format!("{surplus} bytes follow the last outcome"))),
    }
}

/// What is left of an answer.
struct Reader<'a> {
    bytes: &'a [u8],
    /// What may still be made of it, in bytes of this host's memory.
    bytes_left: usize,
    bytes_max: usize,
}

impl<'a> Reader<'a> {
    /// Bounds what small numbers in the answer can make the host allocate.
    fn spend(&mut self, bytes: usize) -> Result<(), TrapKind> {
        let left = self.bytes_left.checked_sub(bytes);
        self.bytes_left = left.ok_or(TrapKind::CopyTooLarge { bytes_max: self.bytes_max })?;
        Ok(())
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], TrapKind> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or_else(|| ends(count, self.bytes.len()))?;
        self.bytes = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, TrapKind> {
        let (taken, rest) = self.bytes.split_first_chunk().ok_or_else(|| ends(NUMBER_BYTES, self.bytes.len()))?;
        self.bytes = rest;
        Ok(u32::from_le_bytes(*taken))
    }

    fn length(&mut self) -> Result<usize, TrapKind> {
        Ok(self.number()? as usize)
    }

    fn text(&mut self, count: usize) -> Result<String, TrapKind> {
        let text = std::str::from_utf8(self.take(count)?);
        text.map(str::to_owned).map_err(|error| unreadable(error.to_string()))
    }

    fn outcome(&mut self, limits: &Limits) -> Result<Accepted, TrapKind> {
        match self.number()? {
            EMIT => self.emit(limits),
            KEEP => Ok(Ok(Outcome::Keep)),
            DROP => Ok(Ok(Outcome::Drop)),
            REJECT => Ok(Ok(Outcome::Reject(self.reason(limits)?))),
            RETRY => Ok(Ok(Outcome::Retry(self.reason(limits)?))),
            other => Err(unreadable(format!("there is no outcome {other}"))),
        }
    }

    fn reason(&mut self, limits: &Limits) -> Result<String, TrapKind> {
        let count = self.length()?;
        Ok(shortened(self.text(count)?, limits))
    }

    fn emit(&mut self, limits: &Limits) -> Result<Accepted, TrapKind> {
        let count = self.length()?;
        self.spend(count.saturating_mul(size_of::<OutputRecord>()))?;
        let records = (0..count).map(|_| self.record()).collect::<Result<Vec<_>, _>>()?;
        Ok(emit(records, limits))
    }

    fn record(&mut self) -> Result<OutputRecord, TrapKind> {
        let (fields, version) = (self.number()?, self.number()?);
        let unknown = fields & !(HAS_TOPIC | HAS_KEY | HAS_SCHEMA);
        if unknown != 0 {
            return Err(unreadable(format!("there are no fields {unknown:#x}")));
        }
        let (topic, key, subject) = (self.length()?, self.length()?, self.length()?);
        let (attributes, payload) = (self.length()?, self.length()?);
        self.spend(attributes.saturating_mul(size_of::<(String, String)>()))?;
        let topic = self.optional(fields & HAS_TOPIC != 0, topic)?;
        let key = self.optional(fields & HAS_KEY != 0, key)?;
        let subject = self.optional(fields & HAS_SCHEMA != 0, subject)?;
        let attributes = (0..attributes).map(|_| self.attribute()).collect::<Result<_, _>>()?;
        // Each its own: a payload that lives long does not keep its neighbours alive.
        let payload = Bytes::copy_from_slice(self.take(payload)?);
        let schema = subject.map(|subject| SchemaReference { subject, version });
        Ok(OutputRecord { topic, key, attributes, schema, payload })
    }

    fn optional(&mut self, is_there: bool, count: usize) -> Result<Option<String>, TrapKind> {
        match (is_there, count) {
            (true, _) => self.text(count).map(Some),
            (false, 0) => Ok(None),
            (false, _) => Err(unreadable(format!("a field that is absent has {count} bytes"))),
        }
    }

    fn attribute(&mut self) -> Result<(String, String), TrapKind> {
        let (name, value) = (self.length()?, self.length()?);
        Ok((self.text(name)?, self.text(value)?))
    }
}

fn ends(count: usize, left: usize) -> TrapKind {
    unreadable(format!("{count} bytes should follow, but it ends after {left}"))
}

fn unreadable(reason: String) -> TrapKind {
    TrapKind::AnswerUnreadable { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(numbers: &[u32]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    /// One of each outcome, everything filled.
    fn answer() -> Vec<u8> {
        let mut answer = numbers(&[5, EMIT, 1, HAS_TOPIC | HAS_KEY | HAS_SCHEMA, 5, 2, 1, 1, 1, 4]);
        answer.extend_from_slice(b"/tks");
        answer.extend(numbers(&[1, 2]));
        answer.extend_from_slice(b"nvvload");
        answer.extend(numbers(&[KEEP, DROP, REJECT, 2]));
        answer.extend_from_slice(b"no");
        answer.extend(numbers(&[RETRY, 0]));
        answer
    }

    #[test]
    fn a_batch_is_written_as_packed_wit_says() {
        let record = Record {
            topic: "/t".into(),
            partition: Some(3),
            offset: Some(9),
            key: Some("k".into()),
            attributes: vec![("n".into(), "vv".into())],
            publish_time_ms: 7,
            schema: Some(SchemaReference { subject: "s".into(), version: 5 }),
            payload: Bytes::from_static(b"load"),
        };
        let mut expected = numbers(&[2]);
        expected.extend_from_slice(&7u64.to_le_bytes());
        expected.extend_from_slice(&9u64.to_le_bytes());
        expected.extend(numbers(&[1 | 2 | 4 | 8, 3, 5, 2, 1, 1, 1, 4]));
        expected.extend_from_slice(b"/tks");
        expected.extend(numbers(&[1, 2]));
        expected.extend_from_slice(b"nvvload");
        expected.extend_from_slice(&[0; RECORD_BYTES]);
        let mut buffer = b"something earlier".to_vec();
        pack(&[record, Record::default()], &mut buffer);
        assert_eq!(buffer, expected);
    }

    #[test]
    fn an_answer_is_read_as_packed_wit_says() {
        let record = OutputRecord {
            topic: Some("/t".into()),
            key: Some("k".into()),
            attributes: vec![("n".into(), "vv".into())],
            schema: Some(SchemaReference { subject: "s".into(), version: 5 }),
            payload: Bytes::from_static(b"load"),
        };
        let expected = [
            Outcome::Emit(vec![record]),
            Outcome::Keep,
            Outcome::Drop,
            Outcome::Reject("no".into()),
            Outcome::Retry(String::new()),
        ];
        assert_eq!(unpack(&answer(), 5, &Limits::default()).unwrap(), expected.map(Ok));
    }

    #[test]
    fn an_answer_cut_anywhere_is_refused_and_no_byte_of_it_is_believed() {
        let (answer, limits) = (answer(), Limits::default());
        for end in 0..answer.len() {
            assert!(unpack(&answer[..end], 5, &limits).is_err(), "{end}");
        }
        for index in 0..answer.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut changed = answer.clone();
                changed[index] = value;
                // Whatever it is, reading it ends, with an answer or without.
                let _ = unpack(&changed, 5, &limits);
            }
        }
    }

    #[test]
    fn what_an_answer_makes_of_itself_counts_against_the_limit_of_copies() {
        let answer = answer();
        let needed = answer.len() + size_of::<OutputRecord>() + size_of::<(String, String)>();
        let limits = |bytes| Limits { hostcall_copy_bytes_max: bytes, ..Limits::default() };
        assert!(unpack(&answer, 5, &limits(needed)).is_ok());
        let refused = unpack(&answer, 5, &limits(needed - 1)).unwrap_err();
        assert_eq!(refused, TrapKind::CopyTooLarge { bytes_max: needed - 1 });
    }
}

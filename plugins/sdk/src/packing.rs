//! Batches and outcomes as bytes, as `packed.wit` says. The other end is the host, which made the batch and reads the answer with suspicion; this end
//! trusts it. Knows nothing of who calls.

use crate::{Outcome, OutputRecord, Record, SchemaReference};

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

/// Bytes of an outcome beside its texts and payloads, about.
const OUTCOME_BYTES: usize = 64;

/// Reads a batch.
///
/// # Panics
/// The host made it otherwise.
pub(crate) fn batch(bytes: &[u8]) -> Vec<Record> {
    let mut reader = Reader { bytes };
    (0..reader.number()).map(|_| reader.record()).collect()
}

/// What is left of a batch.
struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.bytes.split_at(count);
        self.bytes = rest;
        taken
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let (taken, rest) = self.bytes.split_first_chunk().expect("the host packs whole batches");
        self.bytes = rest;
        *taken
    }

    fn number(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    fn length(&mut self) -> usize {
        self.number() as usize
    }

    fn long(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    fn text(&mut self, count: usize) -> String {
        std::str::from_utf8(self.take(count)).expect("the host packs text as UTF-8").to_owned()
    }

    fn record(&mut self) -> Record {
        let (publish_time_ms, offset) = (self.long(), self.long());
        let fields = self.number();
        let has = |field| fields & field != 0;
        let (partition, version) = (self.number(), self.number());
        let (topic, key, subject) = (self.length(), self.length(), self.length());
        let (attributes, payload) = (self.length(), self.length());
        Record {
            topic: self.text(topic),
            partition: has(HAS_PARTITION).then_some(partition),
            offset: has(HAS_OFFSET).then_some(offset),
            key: has(HAS_KEY).then(|| self.text(key)),
            schema: has(HAS_SCHEMA).then(|| SchemaReference { subject: self.text(subject), version }),
            attributes: (0..attributes).map(|_| self.attribute()).collect(),
            publish_time_ms,
            payload: self.take(payload).to_vec(),
        }
    }

    fn attribute(&mut self) -> (String, String) {
        let (name, value) = (self.length(), self.length());
        (self.text(name), self.text(value))
    }
}

/// Writes the outcomes of a batch that had so many bytes.
pub(crate) fn answer(outcomes: Vec<Outcome>, batch_bytes: usize) -> Vec<u8> {
    let is_large = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Emit(_)));
    let capacity = outcomes.len() * OUTCOME_BYTES + if is_large { batch_bytes } else { 0 };
    let mut answer = Writer(Vec::with_capacity(capacity));
    answer.number(outcomes.len());
    for outcome in outcomes {
        answer.outcome(outcome);
    }
    answer.0
}

/// What is written of an answer.
struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, number: usize) {
        // A component's memory has 32 bits, so every length fits.
        self.field(number as u32);
    }

    fn field(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    fn outcome(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Emit(records) => {
                self.field(EMIT);
                self.number(records.len());
                for record in records {
                    self.record(&record);
                }
            }
            Outcome::Keep => self.field(KEEP),
            Outcome::Drop => self.field(DROP),
            Outcome::Reject(reason) => self.reason(REJECT, &reason),
            Outcome::Retry(reason) => self.reason(RETRY, &reason),
        }
    }

    fn reason(&mut self, kind: u32, reason: &str) {
        self.field(kind);
        self.number(reason.len());
        self.text(reason);
    }

    fn record(&mut self, record: &OutputRecord) {
        let OutputRecord { topic, key, attributes, schema, payload } = record;
        let bit = |is_there: bool, field| if is_there { field } else { 0 };
        let fields = bit(topic.is_some(), HAS_TOPIC) | bit(key.is_some(), HAS_KEY) | bit(schema.is_some(), HAS_SCHEMA);
        let (topic, key) = (topic.as_deref().unwrap_or_default(), key.as_deref().unwrap_or_default());
        let (subject, version) = schema.as_ref().map_or(("", 0), |schema| (&schema.subject, schema.version));
        self.field(fields);
        self.field(version);
        self.number(topic.len());
        self.number(key.len());
        self.number(subject.len());
        self.number(attributes.len());
        self.number(payload.len());
        self.text(topic);
        self.text(key);
        self.text(subject);
        for (name, value) in attributes {
            self.number(name.len());
            self.number(value.len());
            self.text(name);
            self.text(value);
        }
        self.0.extend_from_slice(payload);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(numbers: &[u32]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    #[test]
    fn a_batch_is_read_as_packed_wit_says() {
        let mut bytes = numbers(&[2]);
        bytes.extend_from_slice(&7u64.to_le_bytes());
        bytes.extend_from_slice(&9u64.to_le_bytes());
        bytes.extend(numbers(&[1 | 2 | 4 | 8, 3, 5, 2, 1, 1, 1, 4]));
        bytes.extend_from_slice(b"/tks");
        bytes.extend(numbers(&[1, 2]));
        bytes.extend_from_slice(b"nvvload");
        bytes.extend_from_slice(&[0; 8 + 8 + 4 * 8]);
        let full = Record {
            topic: "/t".into(),
            partition: Some(3),
            offset: Some(9),
            key: Some("k".into()),
            attributes: vec![("n".into(), "vv".into())],
            publish_time_ms: 7,
            schema: Some(SchemaReference { subject: "s".into(), version: 5 }),
            payload: b"load".to_vec(),
        };
        assert_eq!(batch(&bytes), [full, Record::default()]);
    }

    #[test]
    fn an_answer_is_written_as_packed_wit_says() {
        let record = OutputRecord {
            topic: Some("/t".into()),
            key: Some("k".into()),
            attributes: vec![("n".into(), "vv".into())],
            schema: Some(SchemaReference { subject: "s".into(), version: 5 }),
            payload: b"load".to_vec(),
        };
        let outcomes = vec![
            Outcome::Emit(vec![record, OutputRecord::default()]),
            Outcome::Keep,
            Outcome::Drop,
            Outcome::reject("no"),
            Outcome::Retry("later".into()),
        ];
        let mut expected = numbers(&[5, 0, 2, 1 | 4 | 8, 5, 2, 1, 1, 1, 4]);
        expected.extend_from_slice(b"/tks");
        expected.extend(numbers(&[1, 2]));
        expected.extend_from_slice(b"nvvload");
        expected.extend(numbers(&[0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 2]));
        expected.extend_from_slice(b"no");
        expected.extend(numbers(&[4, 5]));
        expected.extend_from_slice(b"later");
        assert_eq!(answer(outcomes, 0), expected);
    }
}

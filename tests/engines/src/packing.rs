//! Batches for the Extism plug-in and its answers, in the form of Irongate's `packed.wit`, which the plug-in reads with the SDK's own code. Believes
//! the answer: it is this benchmark's own guest.

use anyhow::Context;

use crate::records::{attribute, key, payload};

/// A record, owned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Where it is from; of an answer always empty here.
    pub topic: String,
    /// Its key.
    pub key: String,
    /// Names and values.
    pub attributes: Vec<(String, String)>,
    /// Its payload.
    pub payload: Vec<u8>,
}

/// What became of a record. The benchmark's guest does nothing else.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Emit(Vec<Record>),
    Keep,
    Drop,
}

/// So many records.
pub fn batch(records: usize) -> Vec<Record> {
    let record = |number: usize| Record {
        topic: "/default/orders".to_owned(),
        key: key(number),
        attributes: vec![attribute(number)],
        payload: payload(number).into_bytes(),
    };
    (0..records).map(record).collect()
}

/// Writes a batch into a buffer.
pub fn pack(batch: &[Record], buffer: &mut Vec<u8>) {
    const HAS_KEY: u32 = 4;

    let number = |buffer: &mut Vec<u8>, number: usize| buffer.extend_from_slice(&(number as u32).to_le_bytes());
    buffer.clear();
    number(buffer, batch.len());
    for record in batch {
        buffer.extend_from_slice(&[0; 16]);
        buffer.extend_from_slice(&HAS_KEY.to_le_bytes());
        let attributes = record.attributes.len();
        for length in [0, 0, record.topic.len(), record.key.len(), 0, attributes, record.payload.len()] {
            number(buffer, length);
        }
        buffer.extend_from_slice(record.topic.as_bytes());
        buffer.extend_from_slice(record.key.as_bytes());
        for (name, value) in &record.attributes {
            number(buffer, name.len());
            number(buffer, value.len());
            buffer.extend_from_slice(name.as_bytes());
            buffer.extend_from_slice(value.as_bytes());
        }
        buffer.extend_from_slice(&record.payload);
    }
}

/// Reads an answer.
///
/// # Errors
/// It is cut off, or not text where text belongs.
pub fn unpack(answer: &[u8]) -> anyhow::Result<Vec<Outcome>> {
    let mut reader = Reader(answer);
    let outcomes = reader.number()?;
    (0..outcomes).map(|_| reader.outcome()).collect()
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn number(&mut self) -> anyhow::Result<usize> {
        let (taken, rest) = self.0.split_first_chunk().context("the answer is cut off")?;
        self.0 = rest;
        Ok(u32::from_le_bytes(*taken) as usize)
    }

    fn bytes(&mut self, count: usize) -> anyhow::Result<Vec<u8>> {
        let (taken, rest) = self.0.split_at_checked(count).context("the answer is cut off")?;
        self.0 = rest;
        Ok(taken.to_vec())
    }

    fn text(&mut self, count: usize) -> anyhow::Result<String> {
        Ok(String::from_utf8(self.bytes(count)?)?)
    }

    fn outcome(&mut self) -> anyhow::Result<Outcome> {
        Ok(match self.number()? {
            0 => {
                let records = self.number()?;
                Outcome::Emit((0..records).map(|_| self.record()).collect::<anyhow::Result<_>>()?)
            }
            1 => Outcome::Keep,
            2 => Outcome::Drop,
            other => anyhow::bail!("the guest answers outcome {other}"),
        })
    }

    fn record(&mut self) -> anyhow::Result<Record> {
        let [_fields, _version, topic, key] = [self.number()?, self.number()?, self.number()?, self.number()?];
        let [subject, attributes, payload] = [self.number()?, self.number()?, self.number()?];
        let (topic, key) = (self.text(topic)?, self.text(key)?);
        self.bytes(subject)?;
        let attributes = (0..attributes).map(|_| self.attribute()).collect::<anyhow::Result<_>>()?;
        Ok(Record { topic, key, attributes, payload: self.bytes(payload)? })
    }

    fn attribute(&mut self) -> anyhow::Result<(String, String)> {
        let (name, value) = (self.number()?, self.number()?);
        Ok((self.text(name)?, self.text(value)?))
    }
}

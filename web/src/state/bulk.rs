//! A run of many messages: what became of each row, what is next, and the report. Cuts, checks and sends nothing.

use bytes::Bytes;
use irongate_proto::irongate_v1::{PublishResult, Refused, publish_result::Outcome};
use tonic::Code;

use super::explain::Failure;
use crate::checks::message::Row;
use crate::text::hex::preview;

/// The largest file, in bytes. Its rows are held in memory more than once.
pub const FILE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The most rows of one run.
pub const ROWS_MAX: usize = 200_000;

/// The most rows that are checked, or sent, in one go: progress shows, and stopping works, between two of them.
pub const BATCH_ROWS_MAX: usize = 500;

/// The most bytes of payload that are sent in one go, unless one row has more.
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// The most bad rows that are listed on the page; the report has all of them.
pub const LISTED_ROWS_MAX: usize = 200;

/// Characters of a row that are shown.
const PREVIEW_CHARACTERS_MAX: usize = 120;

/// What became of a row.
#[derive(Clone, Debug, PartialEq)]
enum State {
    Unchecked,
    /// Breaks its schema, or is none: a few words.
    Invalid(String),
    Valid,
    /// Acknowledged, and where it is.
    Sent(String, Option<u64>),
    /// Acknowledged in an earlier run of the same file.
    SentBefore,
    /// The broker said no.
    Refused(String),
}

#[derive(Clone, Debug)]
struct Entry {
    line: u32,
    payload: Bytes,
    state: State,
}

/// How many rows are where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All rows.
    pub all: usize,
    /// Not checked yet.
    pub unchecked: usize,
    /// Cannot be sent.
    pub invalid: usize,
    /// Can be sent and have not been.
    pub valid: usize,
    /// Acknowledged, `before` of them in an earlier run.
    pub sent: usize,
    /// Acknowledged in an earlier run of the same file.
    pub before: usize,
    /// Refused by the broker.
    pub refused: usize,
}

/// A row with what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Its line in the file.
    pub line: u32,
    /// What is wrong.
    pub reason: String,
    /// How it begins.
    pub text: String,
}

/// The rows of a file.
#[derive(Clone, Debug, Default)]
pub struct Run(Vec<Entry>);

impl Run {
    /// A run of the rows of a file, none of them checked.
    #[must_use]
    pub fn new(rows: Vec<Row>) -> Run {
        let entry = |row: Row| {
            let state = if row.problem.is_empty() { State::Unchecked } else { State::Invalid(row.problem) };
            Entry { line: row.line, payload: row.payload, state }
        };
        Run(rows.into_iter().map(entry).collect())
    }

    /// The next rows to check, from this one on.
    #[must_use]
    pub fn to_check(&self, from: usize) -> Vec<usize> {
        self.next(from, |state| *state == State::Unchecked)
    }

    /// The next rows to send, from this one on: few enough for one call.
    #[must_use]
    pub fn to_send(&self, from: usize) -> Vec<usize> {
        self.next(from, |state| *state == State::Valid)
    }

    fn next(&self, from: usize, wanted: impl Fn(&State) -> bool) -> Vec<usize> {
        let mut bytes = 0;
        let found = (from..self.0.len()).filter(|index| wanted(&self.0[*index].state)).take(BATCH_ROWS_MAX);
        let fits = found.enumerate().take_while(|(count, index)| {
            bytes += self.0[*index].payload.len();
            *count == 0 || bytes <= BATCH_BYTES_MAX
        });
        fits.map(|(_, index)| index).collect()
    }

    /// The payloads of some rows.
    #[must_use]
    pub fn payloads(&self, indices: &[usize]) -> Vec<Bytes> {
        indices.iter().map(|index| self.0[*index].payload.clone()).collect()
    }

    /// What the worker said of these rows.
    pub fn checked(&mut self, indices: &[usize], rows: Vec<Row>) {
        for (index, row) in indices.iter().zip(rows) {
            let entry = &mut self.0[*index];
            entry.state = if row.problem.is_empty() { State::Valid } else { State::Invalid(row.problem) };
            entry.payload = row.payload;
        }
    }

    /// What the broker said of these rows.
    ///
    /// # Errors
    /// It could not take some of them now, though another time it may: they stay to be sent.
    pub fn sent(&mut self, indices: &[usize], results: Vec<PublishResult>) -> Result<(), Failure> {
        let mut later = Ok(());
        let count = results.len();
        for (index, result) in indices.iter().zip(results) {
            self.0[*index].state = match result.outcome {
                Some(Outcome::Published(published)) => State::Sent(published.topic, published.offset),
                Some(Outcome::Refused(refused)) if passes(&refused) => {
                    later = Err(Failure::new(code(&refused), refused.message));
                    continue;
                }
                Some(Outcome::Refused(refused)) => State::Refused(refused.message),
                None => continue,
            };
        }
        if count < indices.len() && later.is_ok() {
            later = Err(Failure::new(Code::Internal, "the host's answer has fewer results than there were messages"));
        }
        later
    }

    /// One bit for each row that has been acknowledged, for a later run of the same file.
    #[must_use]
    pub fn acknowledged(&self) -> Vec<u8> {
        let mut bits = vec![0_u8; self.0.len().div_ceil(8)];
        for (index, entry) in self.0.iter().enumerate() {
            if matches!(entry.state, State::Sent(..) | State::SentBefore) {
                bits[index / 8] |= 1 << (index % 8);
            }
        }
        bits
    }

    /// Takes the valid rows out that an earlier run has sent.
    pub fn recall(&mut self, bits: &[u8]) {
        for (index, entry) in self.0.iter_mut().enumerate() {
            let sent = bits.get(index / 8).is_some_and(|byte| byte & (1 << (index % 8)) != 0);
            if sent && entry.state == State::Valid {
                entry.state = State::SentBefore;
            }
        }
    }

    /// How many rows are where.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { all: self.0.len(), ..Counts::default() };
        for entry in &self.0 {
            *match entry.state {
                State::Unchecked => &mut counts.unchecked,
                State::Invalid(_) => &mut counts.invalid,
                State::Valid => &mut counts.valid,
                State::Sent(..) => &mut counts.sent,
                State::SentBefore => &mut counts.before,
                State::Refused(_) => &mut counts.refused,
            } += 1;
        }
        counts.sent += counts.before;
        counts
    }

    /// The first [`LISTED_ROWS_MAX`] rows that cannot be sent or were refused.
    #[must_use]
    pub fn bad(&self) -> Vec<BadRow> {
        let bad = self.0.iter().filter_map(|entry| match &entry.state {
            State::Invalid(reason) | State::Refused(reason) => {
                let text = preview(&entry.payload, PREVIEW_CHARACTERS_MAX);
                Some(BadRow { line: entry.line, reason: reason.clone(), text })
            }
            State::Unchecked | State::Valid | State::Sent(..) | State::SentBefore => None,
        });
        bad.take(LISTED_ROWS_MAX).collect()
    }

    /// Every row with its result, as CSV.
    #[must_use]
    pub fn report(&self) -> String {
        let mut out = String::from("line,result,topic,offset,reason\r\n");
        for entry in &self.0 {
            let (result, topic, offset, reason) = match &entry.state {
                State::Unchecked => ("not checked", "", None, ""),
                State::Invalid(reason) => ("invalid", "", None, reason.as_str()),
                State::Valid => ("not sent", "", None, ""),
                State::Sent(topic, offset) => ("sent", topic.as_str(), *offset, ""),
                State::SentBefore => ("sent in an earlier run", "", None, ""),
                State::Refused(reason) => ("refused", "", None, reason.as_str()),
            };
            let offset = offset.map(|offset| offset.to_string()).unwrap_or_default();
            let reason = reason.replace('"', "\"\"");
            out.push_str(&format!("{},{result},{topic},{offset},\"{reason}\"\r\n", entry.line));
        }
        out
    }
}

fn code(refused: &Refused) -> Code {
    i32::try_from(refused.code).map_or(Code::Unknown, Code::from)
}

/// Whether the broker may take it another time.
fn passes(refused: &Refused) -> bool {
    matches!(code(refused), Code::Unavailable | Code::ResourceExhausted | Code::Aborted | Code::DeadlineExceeded)
}

/// What a file and its target are known by in a later run.
#[must_use]
pub fn fingerprint(content: &[u8], target: &str) -> String {
    // FNV-1a, 64 bits: finds the same file again; nobody gains from making another like it.
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = content.iter().chain(target.as_bytes()).fold(0xcbf2_9ce4_8422_2325, mix);
    format!("{hash:016x}-{}", content.len())
}

#[cfg(test)]
mod tests;

//! The rows of the tail: a ring of bounded length and bounded bytes, a text filter over
//! it, and a view that can be held still while rows keep arriving. Newest first. No
//! browser, no network.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use bytes::Bytes;
use irongate_proto::irongate_v1::BrowsedMessage;

/// The most rows held; the oldest go first.
pub const ROWS_MAX: usize = 1_000_000;

/// The most bytes of payloads, keys and attributes held; the oldest go first.
pub const HELD_BYTES_MAX: usize = 192 * 1024 * 1024;

/// Rows looked at in one step of a new filter. A step must fit into a frame of the browser.
pub const SCAN_STEP_ROWS: usize = 10_000;

/// One message as the tail keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct TailRow {
    /// Counts up from 0 in the order of arrival; names the row.
    pub sequence: u64,
    /// The topic, or the partition's own topic.
    pub topic: Rc<str>,
    /// Where it is stored; none on a non-reliable topic.
    pub offset: Option<u64>,
    /// When the producer says it was sent.
    pub publish_time_ms: u64,
    /// When the host appended it.
    pub append_time_ms: u64,
    /// Who sent it.
    pub producer_name: Rc<str>,
    /// Its routing key.
    pub routing_key: Option<Box<str>>,
    /// Its attributes, ordered by name.
    pub attributes: Box<[(String, String)]>,
    /// The subject's number.
    pub schema_id: Option<u64>,
    /// The version of the schema.
    pub schema_version: Option<u32>,
    /// The message itself.
    pub payload: Bytes,
}

impl TailRow {
    fn held_bytes(&self) -> usize {
        let attributes: usize = self.attributes.iter().map(|(key, value)| key.len() + value.len()).sum();
        let key = self.routing_key.as_ref().map_or(0, |key| key.len());
        size_of::<TailRow>() + self.payload.len() + attributes + key
    }

    fn contains(&self, needle: &Needle) -> bool {
        needle.is_in(&self.payload)
            || needle.is_in(self.topic.as_bytes())
            || self.routing_key.as_ref().is_some_and(|key| needle.is_in(key.as_bytes()))
            || self.attributes.iter().any(|(key, value)| needle.is_in(key.as_bytes()) || needle.is_in(value.as_bytes()))
    }
}

/// Text to look for; ASCII letters match in either case.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Needle(Box<[u8]>);

impl Needle {
    fn is_in(&self, haystack: &[u8]) -> bool {
        let Some((&first, rest)) = self.0.split_first() else { return true };
        let starts = haystack.len().saturating_sub(rest.len());
        haystack[..starts].iter().enumerate().any(|(at, byte)| {
            byte.to_ascii_lowercase() == first && haystack[at + 1..at + 1 + rest.len()].eq_ignore_ascii_case(rest)
        })
    }
}

/// The rows and the view on them.
#[derive(Debug, Default)]
pub struct TailBuffer {
    rows: VecDeque<TailRow>,
    held_bytes: usize,
    next_sequence: u64,
    /// The next offset of each topic that is not yet held: what comes twice after a reconnect is dropped.
    next_offsets: HashMap<Rc<str>, u64>,
    filter: Option<Filter>,
    /// The view ends before this row; none: it follows.
    held_at: Option<u64>,
    last_append_time_ms: Option<u64>,
    missed_count: u64,
}

#[derive(Debug)]
struct Filter {
    needle: Needle,
    /// Rows that match, oldest first. Complete from `scanned_from` on.
    matches: VecDeque<u64>,
    scanned_from: u64,
}

impl TailBuffer {
    /// Takes messages in; answers how many were new.
    pub fn push(&mut self, messages: Vec<BrowsedMessage>, missed_count: u64) -> usize {
        self.missed_count += missed_count;
        let before = self.next_sequence;
        for message in messages {
            self.push_one(message);
        }
        while self.rows.len() > ROWS_MAX || (self.held_bytes > HELD_BYTES_MAX && self.rows.len() > 1) {
            self.drop_oldest();
        }
        usize::try_from(self.next_sequence - before).unwrap_or(usize::MAX)
    }

    fn push_one(&mut self, browsed: BrowsedMessage) {
        let Some(message) = browsed.message else { return };
        let id = message.msg_id.unwrap_or_default();
        let topic = self.topic(&id.topic_name);
        let offset = browsed.stored.then_some(id.topic_offset);
        if let Some(offset) = offset {
            let next = self.next_offsets.entry(topic.clone()).or_default();
            if offset < *next {
                return;
            }
            *next = offset + 1;
        }
        self.last_append_time_ms = self.last_append_time_ms.max(Some(browsed.append_time_ms));
        let mut attributes: Vec<(String, String)> = Vec::with_capacity(message.attributes.len());
        for attribute in message.attributes {
            // Few: put each in its place; a sort of its own would weigh more in the page.
            let at = attributes.partition_point(|other| *other < attribute);
            attributes.insert(at, attribute);
        }
        let row = TailRow {
            sequence: self.next_sequence,
            topic,
            offset,
            publish_time_ms: message.publish_time,
            append_time_ms: browsed.append_time_ms,
            producer_name: self.producer(&message.producer_name),
            routing_key: message.routing_key.map(String::into_boxed_str),
            attributes: attributes.into_boxed_slice(),
            schema_id: message.schema_id,
            schema_version: message.schema_version,
            payload: message.payload,
        };
        self.next_sequence += 1;
        self.held_bytes += row.held_bytes();
        if let Some(filter) = self.filter.as_mut().filter(|filter| row.contains(&filter.needle)) {
            filter.matches.push_back(row.sequence);
        }
        self.rows.push_back(row);
    }

    /// Few topics have many messages: each name is kept once.
    fn topic(&self, name: &str) -> Rc<str> {
        let last = self.rows.back().filter(|row| &*row.topic == name).map(|row| row.topic.clone());
        last.or_else(|| self.next_offsets.get_key_value(name).map(|(known, _)| known.clone()))
            .unwrap_or_else(|| name.into())
    }

    /// Neighbours mostly come from one producer: its name is kept once for a run of them.
    fn producer(&self, name: &str) -> Rc<str> {
        let last = self.rows.back().filter(|row| &*row.producer_name == name);
        last.map_or_else(|| name.into(), |row| row.producer_name.clone())
    }

    fn drop_oldest(&mut self) {
        let Some(row) = self.rows.pop_front() else { return };
        self.held_bytes -= row.held_bytes();
        if let Some(filter) = &mut self.filter
            && filter.matches.front() == Some(&row.sequence)
        {
            filter.matches.pop_front();
        }
    }

    /// Forgets every row, but not which offsets have been seen.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.held_bytes = 0;
        self.missed_count = 0;
        if let Some(filter) = &mut self.filter {
            filter.matches.clear();
            filter.scanned_from = self.next_sequence;
        }
        if self.held_at.is_some() {
            self.held_at = Some(self.next_sequence);
        }
    }

    /// Forgets everything that has arrived; the filter stays, and a view that is held stays held.
    pub fn restart(&mut self) {
        let filter = self.filter.take().map(|filter| Filter {
            needle: filter.needle,
            matches: VecDeque::new(),
            scanned_from: 0,
        });
        *self = TailBuffer { filter, held_at: self.held_at.map(|_| 0), ..TailBuffer::default() };
    }

    /// Looks for a text from now on; empty: for none. Rows that are held are looked at by [`Self::scan_step`].
    pub fn set_filter(&mut self, text: &str) {
        let needle = Needle(text.to_ascii_lowercase().into_bytes().into_boxed_slice());
        self.filter =
            (!text.is_empty()).then(|| Filter { needle, matches: VecDeque::new(), scanned_from: self.next_sequence });
    }

    /// Looks at [`SCAN_STEP_ROWS`] more of the rows held, newest first; answers whether any are left.
    pub fn scan_step(&mut self) -> bool {
        let Some(filter) = &mut self.filter else { return false };
        let Some(oldest) = self.rows.front().map(|row| row.sequence) else { return false };
        let until = filter.scanned_from.saturating_sub(SCAN_STEP_ROWS as u64).max(oldest);
        let mut sequence = filter.scanned_from.max(oldest);
        while sequence > until {
            sequence -= 1;
            let row = usize::try_from(sequence - oldest).ok().and_then(|index| self.rows.get(index));
            if row.is_some_and(|row| row.contains(&filter.needle)) {
                filter.matches.push_front(sequence);
            }
        }
        filter.scanned_from = until;
        until > oldest
    }

    /// Whether a filter has rows left to look at.
    #[must_use]
    pub fn scanning(&self) -> bool {
        let oldest = self.rows.front().map_or(self.next_sequence, |row| row.sequence);
        self.filter.as_ref().is_some_and(|filter| filter.scanned_from > oldest)
    }

    /// Holds the view still: rows that arrive from now on wait above it.
    pub fn hold(&mut self) {
        self.held_at.get_or_insert(self.next_sequence);
    }

    /// Lets the view follow again.
    pub fn follow(&mut self) {
        self.held_at = None;
    }

    /// How many rows the view has.
    #[must_use]
    pub fn view_len(&self) -> usize {
        let end = self.held_at.unwrap_or(self.next_sequence);
        match &self.filter {
            Some(filter) => filter.matches.partition_point(|sequence| *sequence < end),
            None => {
                let first = self.rows.front().map_or(self.next_sequence, |row| row.sequence);
                usize::try_from(end.saturating_sub(first)).unwrap_or(usize::MAX)
            }
        }
    }

    /// A row of the view, counted from the newest.
    #[must_use]
    pub fn view_row(&self, index: usize) -> Option<&TailRow> {
        let at = self.view_len().checked_sub(index + 1)?;
        match &self.filter {
            Some(filter) => self.row(*filter.matches.get(at)?),
            None => self.rows.get(at),
        }
    }

    /// How many rows wait above a view that is held.
    #[must_use]
    pub fn waiting_count(&self) -> usize {
        let Some(held_at) = self.held_at else { return 0 };
        match &self.filter {
            Some(filter) => filter.matches.len() - self.view_len(),
            None => usize::try_from(self.next_sequence - held_at).unwrap_or(usize::MAX).min(self.rows.len()),
        }
    }

    /// The row with a sequence number, while it is held.
    #[must_use]
    pub fn row(&self, sequence: u64) -> Option<&TailRow> {
        let first = self.rows.front()?.sequence;
        self.rows.get(usize::try_from(sequence.checked_sub(first)?).ok()?)
    }

    /// The index in the view of the row with a sequence number.
    #[must_use]
    pub fn view_index(&self, sequence: u64) -> Option<usize> {
        let len = self.view_len();
        let at = match &self.filter {
            Some(filter) => filter.matches.binary_search(&sequence).ok()?,
            None => usize::try_from(sequence.checked_sub(self.rows.front()?.sequence)?).ok()?,
        };
        (at < len).then(|| len - 1 - at)
    }

    /// How many rows are held, filtered or not.
    #[must_use]
    pub fn held_count(&self) -> usize {
        self.rows.len()
    }

    /// How many messages have arrived, held or not.
    #[must_use]
    pub fn arrived_count(&self) -> u64 {
        self.next_sequence
    }

    /// Non-reliable messages that this page was too slow to see.
    #[must_use]
    pub fn missed_count(&self) -> u64 {
        self.missed_count
    }

    /// When the newest message was appended, as far as seen: where a broken stream goes on.
    #[must_use]
    pub fn last_append_time_ms(&self) -> Option<u64> {
        self.last_append_time_ms
    }
}

#[cfg(test)]
mod tests;

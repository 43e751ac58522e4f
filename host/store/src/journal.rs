//! Reads fjall's journals before fjall replays them, and tells a torn last batch from
//! damage. It decodes no records and repairs nothing but that last batch.
//!
//! Left to itself, fjall cuts a journal at the first entry it cannot decode, wherever that
//! is, and refuses the whole database where a batch decodes but fails its checksum. Both
//! are wrong for us: a bit that flipped in the middle must not silently cost the commits
//! behind it, and a power cut during the last write must not cost the start. A batch is
//! completed only after its sync, and one batch is written at a time; so damage is a torn
//! tail exactly when no whole batch follows it, and only in the newest journal.
//!
//! Entries (little-endian): start `1, items u32, sequence u64`; item `2, kind u8,
//! compression u8, keyspace u64, key bytes u16, value bytes u32, stored bytes u32, key,
//! value`; clear `4, keyspace u64`; end `3, xxh3 of the items u64, "FJL" 3`. Zeros follow the
//! last batch, because journals are allocated ahead.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Read, Result};
use std::path::{Path, PathBuf};

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;
const TRAILER: &[u8; 4] = b"FJL\x03";
/// What is read of a journal at a time.
const PIECE_BYTES: usize = 256 << 10;

/// What a look at a database's journals found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// Every batch is whole.
    Whole,
    /// There is one journal and nothing was ever written to it.
    Unused {
        /// That journal.
        path: PathBuf,
    },
    /// The last batch was torn and has been cut off; nothing in it was ever completed.
    Cut {
        /// Bytes cut off, from the first to the last that was not zero.
        bytes: u64,
    },
    /// A batch is damaged and others follow it; nothing was changed.
    Damaged {
        /// A sentence naming file and position.
        what: String,
    },
}

/// Checks all journals of the database in `dir`, oldest first.
pub(crate) fn check(dir: &Path) -> Result<Finding> {
    let journals = journals(dir)?;
    let mut finding = Finding::Whole;
    for (index, path) in journals.iter().enumerate() {
        let bytes = content(path)?;
        let end = batches_end(&bytes);
        let rest = &bytes[end..];
        let Some(last) = rest.iter().rposition(|byte| *byte != 0) else {
            if end == 0 && journals.len() == 1 {
                finding = Finding::Unused { path: path.clone() };
            }
            continue;
        };
        let newest = index + 1 == journals.len();
        if !newest || holds_batch(&rest[1..]) {
            let what = format!("the journal {} is damaged at byte {end}", path.display());
            return Ok(Finding::Damaged { what });
        }
        cut(path, end as u64)?;
        finding = Finding::Cut { bytes: last as u64 + 1 };
    }
    Ok(finding)
}

/// A journal without the zeros behind its last batch: of 64 MiB there is often next to nothing.
fn content(path: &Path) -> Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let (mut bytes, mut zeros) = (Vec::new(), 0);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = match file.read(&mut piece) {
            Ok(0) => return Ok(bytes),
            Ok(read) => &piece[..read],
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if read.iter().all(|byte| *byte == 0) {
            zeros += read.len();
        } else {
            bytes.resize(bytes.len() + std::mem::take(&mut zeros), 0);
            bytes.extend_from_slice(read);
        }
    }
}

/// Paths of the journals, in the order they were written.
pub(crate) fn journals(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "jnl") {
            continue;
        }
        let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<u64>().ok());
        let number = number.ok_or_else(|| Error::new(ErrorKind::InvalidData, "a journal's name is not a number"))?;
        found.push((number, path));
    }
    found.sort_unstable();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

fn cut(path: &Path, end: u64) -> Result<()> {
    let file: File = OpenOptions::new().write(true).open(path)?;
    file.set_len(end)?;
    file.sync_all()
}

/// Where the run of whole batches from the beginning ends.
fn batches_end(bytes: &[u8]) -> usize {
    let mut end = 0;
    while let Some(length) = batch_bytes(&bytes[end..]) {
        end += length;
    }
    end
}

/// Whether a whole batch begins anywhere in `bytes`.
fn holds_batch(bytes: &[u8]) -> bool {
    let mut starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == START);
    starts.any(|(at, _)| batch_bytes(&bytes[at..]).is_some())
}

/// Length of the whole batch at the beginning of `bytes`, if there is one.
fn batch_bytes(bytes: &[u8]) -> Option<usize> {
    let mut reader = Reader { bytes, at: 0 };
    if reader.u8()? != START {
        return None;
    }
    let items = reader.u32()?;
    reader.skip(8)?;
    let first = reader.at;
    for _ in 0..items {
        match reader.u8()? {
            ITEM => {
                reader.skip(1 + 1 + 8)?;
                let key = usize::from(reader.u16()?);
                reader.skip(4)?;
                let value = reader.u32()? as usize;
                reader.skip(key)?;
                reader.skip(value)?;
            }
            CLEAR => reader.skip(8)?,
            _ => return None,
        }
    }
    let last = reader.at;
    if reader.u8()? != END {
        return None;
    }
    let checksum = u64::from_le_bytes(reader.take()?);
    if &reader.take::<4>()? != TRAILER || xxhash_rust::xxh3::xxh3_64(&bytes[first..last]) != checksum {
        return None;
    }
    Some(reader.at)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let end = self.at.checked_add(N)?;
        let taken = self.bytes.get(self.at..end)?.try_into().ok()?;
        self.at = end;
        Some(taken)
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        let end = self.at.checked_add(bytes)?;
        (end <= self.bytes.len()).then(|| self.at = end)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take().map(u8::from_le_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }
}

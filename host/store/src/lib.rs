//! The durable floor of the broker: logs of records and a set of documents, written
//! together in group commits. It knows bytes, not messages, and has no async runtime.
//!
//! ```text
//! <data dir>/lock            held by the process that works on the directory
//! <data dir>/store/format    "irongate-store 3\n"
//! <data dir>/store/db/       a fjall database with three keyspaces
//!   log        key    log id u64 big-endian, offset u64 big-endian
//!              value  append time in ms u64 big-endian, record bytes; or, for a pack of records
//!                     that follow each other, append time with the highest bit set, the bytes of
//!                     all records, the length of each u32 big-endian, their number u32 big-endian;
//!                     or, for what stands in a segment, append time with the second highest bit set (and
//!                     the highest for a pack), first offset of the segment u64, position in it u64,
//!                     bytes u32, records u32, xxh3 of these bytes u64, all big-endian
//!   documents  key and value as the caller gives them
//!   heads      key    log id u64 big-endian
//!              value  first offset, next offset, last append time in ms, swept offset, each u64 big-endian
//! <data dir>/store/segments/<log id>-<first offset>.segment, both as 16 hexadecimal digits
//!   what the log got in large groups, one behind the other: without the append time what an entry would hold
//! ```
//! Offsets of a log are dense: they start at 0 and grow by one. A log that lost its
//! beginning has a head; without one it begins with its first record. What a head cuts
//! off is gone with the commit, and removed from the tables afterwards, bit by bit. Append times of a log
//! never go back, whatever the clock does. A record has at most 2^31 bytes.
//! Format 1 had no packs and format 2 no segments; such a directory becomes format 3 when it is opened. Checksums are fjall's, xxh3 over
//! each journal batch and each table block, and those of the entries that stand in a segment. A segment is synced before the commit
//! that names it; what no entry names there was never acknowledged.

mod commit;
mod committer;
mod copy;
mod directory;
mod durability;
mod entry;
mod error;
mod fill;
mod head;
mod journal;
mod keys;
mod log;
mod options;
mod queue;
mod segments;
mod space;
mod store;

pub use commit::{Append, Appended, Commit, Cut, DocumentWrite, Staged};
pub use copy::{Copied, CopyError};
pub use durability::Durability;
pub use error::{OpenError, StoreError};
pub use log::{LogBounds, Record};
pub use options::{CommitHook, FreeBytes, StoreOptions};
pub use store::{Store, StoreStats};

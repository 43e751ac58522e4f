//! What makes a record that is sent twice recognisable: an id of where it comes from and by which way, never of time, attempt or plugin version.

use irongate_runtime::Record;
use sha2::{Digest, Sha256};

use crate::engine::Position;

pub use irongate_messages::dead_letter::{DEDUP_ID, ORIGIN};

/// The same for the same output of the same record by the same way, whenever it is sent.
pub(crate) fn dedup_id(pipeline: &str, origin: &str, path: &str, target: &str) -> String {
    let mut hash = Sha256::new();
    for part in [pipeline, origin, path, target] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Where a record is from first: a replayed one stands for the one it was.
pub(crate) fn origin(record: &Record, position: &Position) -> String {
    let replayed = record.attributes.iter().find(|(name, _)| name == ORIGIN).map(|(_, value)| value.clone());
    replayed.unwrap_or_else(|| format!("{}@{}", position.topic, position.offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_counts_and_none_runs_into_the_next() {
        let id = dedup_id("p", "/a/b@1", "/s:0", "/a/c");
        assert_eq!(id, dedup_id("p", "/a/b@1", "/s:0", "/a/c"));
        assert_eq!(id.len(), 32);
        for other in [
            dedup_id("q", "/a/b@1", "/s:0", "/a/c"),
            dedup_id("p", "/a/b@2", "/s:0", "/a/c"),
            dedup_id("p", "/a/b@1", "/s:1", "/a/c"),
            dedup_id("p", "/a/b@1", "/s:0", "/a/d"),
            dedup_id("p", "/a/b@1/", "s:0", "/a/c"),
        ] {
            assert_ne!(id, other);
        }
    }
}

//! How a store is opened: durability, bounds and the hook for injected faults.

use crate::Durability;
use std::sync::Arc;

/// Called before each group commit with its number, from 0. An error is treated as if
/// the device had refused the write. Meant for tests.
pub type CommitHook = Arc<dyn Fn(u64) -> std::io::Result<()> + Send + Sync>;

/// Says how many bytes are free for the data directory, instead of the operating system.
/// Meant for tests.
pub type FreeBytes = Arc<dyn Fn() -> std::io::Result<u64> + Send + Sync>;

/// How to open a store.
#[derive(Clone)]
pub struct StoreOptions {
    /// What a completed commit survives.
    pub durability: Durability,
    /// Records that may wait for their commit; a document counts as one. Default 65 536.
    pub queue_records_max: usize,
    /// Bytes that may wait for their commit, 64 added for each record. Default 64 MiB.
    pub queue_bytes_max: usize,
    /// Bytes of one group commit; a larger commit is a group of its own. Default 8 MiB.
    pub group_bytes_max: usize,
    /// From so many bytes on, what one log gets in one group goes into a segment of its own instead of
    /// the tables: it is written once, for one more sync. Not with [`Durability::ProcessCrash`]. Default 256 KiB.
    pub segment_group_bytes_min: usize,
    /// Bytes from which on a segment is not written on; what one group adds goes beyond. Default 64 MiB.
    pub segment_bytes_max: u64,
    /// How late staged documents may be written when nothing else is committed. Default 100.
    pub staged_delay_max_ms: u64,
    /// Cache of table blocks in bytes. Default 8 MiB.
    pub block_cache_bytes: u64,
    /// Bytes that stay free on disk: commits that would go below are refused until there is
    /// room again. Deletions go on longer. Default 128 MiB.
    pub free_bytes_min: u64,
    /// See [`FreeBytes`].
    pub free_bytes: Option<FreeBytes>,
    /// See [`CommitHook`].
    pub commit_hook: Option<CommitHook>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            durability: Durability::default(),
            queue_records_max: 65_536,
            queue_bytes_max: 64 << 20,
            group_bytes_max: 8 << 20,
            segment_group_bytes_min: 256 << 10,
            segment_bytes_max: 64 << 20,
            staged_delay_max_ms: 100,
            block_cache_bytes: 8 << 20,
            free_bytes_min: 128 << 20,
            free_bytes: None,
            commit_hook: None,
        }
    }
}

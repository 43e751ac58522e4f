//! How much room the disk has, asked before anything is written: a write that fails half
//! way poisons the store, one that is refused beforehand does not.

use crate::options::{FreeBytes, StoreOptions};
use crate::{CopyError, StoreError};
use std::path::{Path, PathBuf};

pub(crate) struct Space {
    dir: PathBuf,
    probe: Option<FreeBytes>,
    bytes_min: u64,
}

impl Space {
    pub(crate) fn new(dir: &Path, options: &StoreOptions) -> Self {
        let probe = options.free_bytes.clone();
        Self { dir: dir.to_owned(), probe, bytes_min: options.free_bytes_min }
    }

    /// Whether so many bytes may be written and the reserve stays whole.
    pub(crate) fn check(&self, bytes: u64) -> Result<(), StoreError> {
        self.check_reserve(self.bytes_min, bytes)
    }

    /// The same for what must go on as long as it can: deletions, which give room back, and
    /// cursors. A quarter of the reserve is not for them.
    pub(crate) fn check_essential(&self, bytes: u64) -> Result<(), StoreError> {
        self.check_reserve(self.bytes_min / 4, bytes)
    }

    /// Whether a copy of so many bytes fits into a folder that is to be made, and the reserve stays whole there.
    pub(crate) fn check_copy(&self, folder: &Path, bytes: u64) -> Result<(), CopyError> {
        // What is not there yet is made on the disk of what is.
        let there = folder.ancestors().find(|ancestor| ancestor.is_dir());
        let free_bytes = match &self.probe {
            Some(probe) => probe().ok(),
            None => there.and_then(free_bytes),
        };
        let bytes_min = self.bytes_min;
        match free_bytes {
            Some(free_bytes) if free_bytes < bytes_min.saturating_add(bytes) => {
                Err(CopyError::NoRoom { folder: folder.to_owned(), bytes, free_bytes, bytes_min })
            }
            _ => Ok(()),
        }
    }

    fn check_reserve(&self, reserve: u64, bytes: u64) -> Result<(), StoreError> {
        match self.free_bytes() {
            Some(free_bytes) if free_bytes < reserve.saturating_add(bytes) => {
                Err(StoreError::DiskFull { free_bytes, bytes_min: self.bytes_min })
            }
            _ => Ok(()),
        }
    }

    /// `None` where the system does not say; then writing shows it.
    fn free_bytes(&self) -> Option<u64> {
        match &self.probe {
            Some(probe) => probe().ok(),
            None => free_bytes(&self.dir),
        }
    }
}

#[cfg(unix)]
fn free_bytes(dir: &Path) -> Option<u64> {
    let stats = rustix::fs::statvfs(dir).ok()?;
    Some(stats.f_bavail.saturating_mul(stats.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_dir: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_says_how_much_is_free() {
        let space =
            |free_bytes_min| Space::new(Path::new("."), &StoreOptions { free_bytes_min, ..StoreOptions::default() });
        assert!(space(1).check(0).is_ok());
        assert!(matches!(space(u64::MAX).check(1), Err(StoreError::DiskFull { bytes_min: u64::MAX, .. })));
        let missing = Path::new(env!("CARGO_MANIFEST_DIR")).join("not").join("there");
        assert!(space(1).check_copy(&missing, 0).is_ok());
        assert!(matches!(space(1).check_copy(&missing, u64::MAX), Err(CopyError::NoRoom { bytes: u64::MAX, .. })));
    }
}

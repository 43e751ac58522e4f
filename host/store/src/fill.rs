//! Writes zeros ahead of the journal's end, so that a sync has nothing to allocate. It
//! knows where a journal's holes are, not what a journal holds.
//!
//! fjall makes a journal 64 MiB long and leaves it a hole. A write into a hole, like one
//! that makes a file longer, changes the file's metadata, and `fdatasync` must then commit
//! the file system's own journal as well; over blocks that were written once it need not.
//! Small groups spend most of their time there. See docs/decisions/0004.
//!
//! Only the committer's thread writes to the newest journal, and it fills between two
//! groups; a journal is written from its beginning to its end, so its first hole is behind
//! everything written. A journal without a hole (opened again after a start, or on a file
//! system that does not tell) is left alone.

use crate::journal::journals;
use std::io::Result;
use std::path::{Path, PathBuf};

/// Filled at once: some thirty small groups, written in a fraction of a millisecond.
const FILL_BYTES: u64 = 256 << 10;

/// Larger groups are bound by what the disk writes, and filling would write all of it twice.
const GROUP_BYTES_MAX: u64 = 64 << 10;

pub(crate) struct Filler {
    dir: PathBuf,
    /// Bytes of small groups since the journal was last filled.
    written_bytes: u64,
    newest: PathBuf,
}

impl Filler {
    /// For the journals in `dir`.
    pub(crate) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), written_bytes: FILL_BYTES, newest: PathBuf::new() }
    }

    /// To be called before a group of so many bytes is written.
    pub(crate) fn before_group(&mut self, bytes: u64) {
        if bytes == 0 || bytes > GROUP_BYTES_MAX {
            return;
        }
        if self.written_bytes >= FILL_BYTES {
            self.written_bytes = 0;
            // Writing into a hole is slower, not wrong; what is the matter shows there.
            if let Err(error) = self.fill() {
                tracing::debug!(%error, "could not fill the journal ahead");
            }
        }
        self.written_bytes += bytes;
    }

    fn fill(&mut self) -> Result<()> {
        let Some(newest) = journals(&self.dir)?.pop() else { return Ok(()) };
        // The first time there are two, so that the second is there when the first is used up.
        let bytes = if newest == self.newest { FILL_BYTES } else { 2 * FILL_BYTES };
        fill_first_hole(&newest, bytes)?;
        self.newest = newest;
        Ok(())
    }
}

/// Writes zeros over up to `bytes` of the file's first hole; its length stays.
#[cfg(target_os = "linux")]
fn fill_first_hole(path: &Path, bytes: u64) -> Result<()> {
    use std::os::unix::fs::FileExt;

    let file = std::fs::OpenOptions::new().write(true).open(path)?;
    let hole = rustix::fs::seek(&file, rustix::fs::SeekFrom::Hole(0))?;
    let end = file.metadata()?.len().min(hole + bytes);
    let zeros = vec![0; usize::try_from(end.saturating_sub(hole)).unwrap_or(0)];
    file.write_all_at(&zeros, hole)
}

/// Elsewhere it was not measured whether it helps.
#[cfg(not(target_os = "linux"))]
fn fill_first_hole(_path: &Path, _bytes: u64) -> Result<()> {
    Ok(())
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{File, OpenOptions};

    fn holes_begin(path: &Path) -> u64 {
        rustix::fs::seek(File::open(path).unwrap(), rustix::fs::SeekFrom::Hole(0)).unwrap()
    }

    fn journal(dir: &Path, number: u32, written: &[u8], length: u64) -> PathBuf {
        let path = dir.join(format!("{number}.jnl"));
        std::fs::write(&path, written).unwrap();
        OpenOptions::new().write(true).open(&path).unwrap().set_len(length).unwrap();
        path
    }

    #[test]
    fn the_newest_journal_is_filled_ahead_and_keeps_what_it_holds() {
        let dir = tempfile::tempdir().unwrap();
        let (old, new) = (journal(dir.path(), 1, b"old", 8 << 20), journal(dir.path(), 10, &[7; 5000], 8 << 20));
        let old_hole = holes_begin(&old);
        let mut filler = Filler::new(dir.path());
        filler.before_group(1000);
        assert_eq!(holes_begin(&old), old_hole);
        let filled = holes_begin(&new);
        assert!((2 * FILL_BYTES..2 * FILL_BYTES + (64 << 10)).contains(&filled), "{filled}");
        filler.before_group(1000);
        assert_eq!(holes_begin(&new), filled, "nothing was used up yet");
        (0..FILL_BYTES / 1000 + 1).for_each(|_| filler.before_group(1000));
        assert_eq!(holes_begin(&new), filled + FILL_BYTES);
        let bytes = std::fs::read(&new).unwrap();
        assert_eq!(bytes.len(), 8 << 20);
        assert!(bytes[..5000].iter().all(|byte| *byte == 7) && bytes[5000..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn large_groups_do_not_fill() {
        let dir = tempfile::tempdir().unwrap();
        let path = journal(dir.path(), 1, &[7; 5000], 8 << 20);
        let hole = holes_begin(&path);
        let mut filler = Filler::new(dir.path());
        filler.before_group(GROUP_BYTES_MAX + 1);
        assert_eq!(holes_begin(&path), hole);
    }

    #[test]
    fn a_journal_without_a_hole_keeps_its_length() {
        let dir = tempfile::tempdir().unwrap();
        let path = journal(dir.path(), 1, &[7; 5000], 5000);
        Filler::new(dir.path()).before_group(1000);
        assert_eq!(std::fs::read(&path).unwrap(), [7; 5000]);
    }

    #[test]
    fn a_directory_that_is_gone_is_no_reason_to_fail() {
        let dir = tempfile::tempdir().unwrap();
        Filler::new(&dir.path().join("gone")).before_group(1000);
    }
}

//! What a region has not taken yet, on the disk: lines in the order in which they came, taken away from the front. Knows bytes and
//! places, no messages and no network.
//!
//! | file | content |
//! |---|---|
//! | `messages.jsonl` | one line for each message; synced before any of it counts |
//! | `position` | how many bytes of it have been delivered; behind, it costs a message that arrives twice, never one that is missing |
//! | `refused.jsonl` | lines that were delivered and refused, for a person |
//! | `lock` | held by the one process that uses the folder |

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Bytes that wait for one region at most, where nothing else is said.
pub(in crate::verbs::produce) const SPOOL_BYTES_MAX: u64 = 1 << 30;

/// Why a spool cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum SpoolError {
    /// Another process has it.
    #[error("another irongate produce uses the spool {}; wait for it, or give this run a folder of its own with --spool", .0.display())]
    Busy(PathBuf),
    /// There is no room for what should be kept.
    #[error(
        "the spool {} is full: {waiting} messages wait in it, and --spool-bytes-max allows {bytes_max} bytes; let the region come back, or allow more",
        folder.display()
    )]
    Full {
        /// Where it is.
        folder: PathBuf,
        /// Messages in it.
        waiting: u64,
        /// The limit.
        bytes_max: u64,
    },
    /// The disk said no.
    #[error("the spool {} cannot be used: {error}", folder.display())]
    Disk {
        /// Where it is.
        folder: PathBuf,
        /// What it said.
        error: io::Error,
    },
}

/// An open spool.
#[derive(Debug)]
pub(super) struct Spool {
    folder: PathBuf,
    file: File,
    /// Bytes at the front that are delivered.
    position: u64,
    length: u64,
    waiting: u64,
    bytes_max: u64,
    _lock: File,
}

/// Lines from the front.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) lines: Vec<Vec<u8>>,
    bytes: u64,
}

impl Spool {
    /// Opens the spool in this folder, made where it is missing. A last line that was not written to its end never counted, and
    /// is cut off.
    pub(super) fn open(folder: &Path, bytes_max: u64) -> Result<Self, SpoolError> {
        let disk = |error| SpoolError::Disk { folder: folder.to_owned(), error };
        std::fs::create_dir_all(folder).map_err(disk)?;
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        let lock = options.open(folder.join("lock")).map_err(disk)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SpoolError::Busy(folder.to_owned())),
            Err(TryLockError::Error(error)) => return Err(disk(error)),
        }
        let file = options.open(folder.join("messages.jsonl")).map_err(disk)?;
        let mut spool =
            Self { folder: folder.to_owned(), file, position: 0, length: 0, waiting: 0, bytes_max, _lock: lock };
        spool.recover().map_err(disk)?;
        Ok(spool)
    }

    fn recover(&mut self) -> io::Result<()> {
        let written = match std::fs::read_to_string(self.folder.join("position")) {
            Ok(text) => text.trim().parse().map_err(io::Error::other)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        let end = self.file.metadata()?.len();
        // The file is emptied before its position is: all of it was delivered.
        self.position = if written > end { 0 } else { written };
        self.length = self.position;
        self.file.seek(SeekFrom::Start(self.position))?;
        let mut reader = BufReader::new(&self.file);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 && line.last() == Some(&b'\n') {
            self.waiting += 1;
            self.length += line.len() as u64;
            line.clear();
        }
        self.file.set_len(self.length)?;
        self.file.sync_all()?;
        self.write_position()?;
        sync_folder(&self.folder)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Messages that wait.
    pub(super) fn waiting(&self) -> u64 {
        self.waiting
    }

    /// Puts lines at the end, all or none of them; afterwards they are on the disk.
    pub(super) fn append(&mut self, lines: &[Vec<u8>]) -> Result<(), SpoolError> {
        let bytes: u64 = lines.iter().map(|line| line.len() as u64 + 1).sum();
        if self.length - self.position + bytes > self.bytes_max {
            return Err(SpoolError::Full {
                folder: self.folder.clone(),
                waiting: self.waiting,
                bytes_max: self.bytes_max,
            });
        }
        self.try_append(lines, bytes).map_err(|error| SpoolError::Disk { folder: self.folder.clone(), error })
    }

    fn try_append(&mut self, lines: &[Vec<u8>], bytes: u64) -> io::Result<()> {
        if self.length + bytes > self.bytes_max {
            self.compact()?;
        }
        let mut all = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
        for line in lines {
            all.extend_from_slice(line);
            all.push(b'\n');
        }
        self.file.seek(SeekFrom::Start(self.length))?;
        let written = self.file.write_all(&all).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // What is there of it does not count, and must not become the beginning of the next line.
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += bytes;
        self.waiting += lines.len() as u64;
        Ok(())
    }

    /// Leaves out what is delivered. The position goes first: a crash in between makes messages arrive twice.
    fn compact(&mut self) -> io::Result<()> {
        let partial = self.folder.join("messages.partial");
        let mut fresh = OpenOptions::new().create(true).truncate(true).read(true).write(true).open(&partial)?;
        self.file.seek(SeekFrom::Start(self.position))?;
        let copied = io::copy(&mut (&self.file).take(self.length - self.position), &mut fresh)?;
        fresh.sync_all()?;
        self.position = 0;
        self.write_position()?;
        std::fs::rename(partial, self.folder.join("messages.jsonl"))?;
        sync_folder(&self.folder)?;
        self.file = fresh;
        self.length = copied;
        Ok(())
    }

    /// The first lines: one at least where any waits, so many at most, and not many more bytes than these.
    pub(super) fn head(&mut self, lines_max: usize, bytes_max: u64) -> Result<Head, SpoolError> {
        let mut read = || -> io::Result<Head> {
            let mut head = Head::default();
            self.file.seek(SeekFrom::Start(self.position))?;
            let mut reader = BufReader::new((&self.file).take(self.length - self.position));
            while head.lines.len() < lines_max && head.bytes < bytes_max {
                let mut line = Vec::new();
                let bytes = reader.read_until(b'\n', &mut line)?;
                if bytes == 0 {
                    break;
                }
                head.bytes += bytes as u64;
                line.pop();
                head.lines.push(line);
            }
            Ok(head)
        };
        read().map_err(|error| SpoolError::Disk { folder: self.folder.clone(), error })
    }

    /// Takes the first `count` lines of a head away: they are delivered.
    pub(super) fn advance(&mut self, head: &Head, count: usize) -> Result<(), SpoolError> {
        let bytes: u64 = head.lines[..count].iter().map(|line| line.len() as u64 + 1).sum();
        self.position += bytes;
        self.waiting -= count as u64;
        let mut write = || -> io::Result<()> {
            if self.position == self.length {
                self.file.set_len(0)?;
                self.file.sync_all()?;
                (self.position, self.length) = (0, 0);
            }
            self.write_position()
        };
        write().map_err(|error| SpoolError::Disk { folder: self.folder.clone(), error })
    }

    /// Keeps a line that was refused where a person finds it.
    pub(super) fn put_aside(&self, line: &[u8]) -> Result<(), SpoolError> {
        let disk = |error| SpoolError::Disk { folder: self.folder.clone(), error };
        let mut file =
            OpenOptions::new().create(true).append(true).open(self.folder.join("refused.jsonl")).map_err(disk)?;
        if file.metadata().map_err(disk)?.len() + line.len() as u64 >= self.bytes_max {
            let (folder, bytes_max) = (self.folder.clone(), self.bytes_max);
            return Err(SpoolError::Full { folder, waiting: self.waiting, bytes_max });
        }
        file.write_all(&[line, b"\n"].concat()).and_then(|()| file.sync_data()).map_err(disk)
    }

    fn write_position(&self) -> io::Result<()> {
        let partial = self.folder.join("position.partial");
        let mut file = File::create(&partial)?;
        file.write_all(self.position.to_string().as_bytes())?;
        file.sync_all()?;
        std::fs::rename(partial, self.folder.join("position"))?;
        sync_folder(&self.folder)
    }
}

/// A new name is on the disk only when its folder is.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(numbers: std::ops::Range<u32>) -> Vec<Vec<u8>> {
        numbers.map(|number| format!("line {number:03}").into_bytes()).collect()
    }

    #[test]
    fn what_is_put_in_comes_out_in_order_also_after_it_was_closed() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut spool = Spool::open(folder.path(), 1 << 20).expect("opened");
        spool.append(&lines(0..5)).expect("appended");
        let head = spool.head(2, u64::MAX).expect("read");
        assert_eq!(head.lines, lines(0..2));
        spool.advance(&head, 1).expect("advanced");
        drop(spool);
        let mut spool = Spool::open(folder.path(), 1 << 20).expect("opened");
        assert_eq!(spool.waiting(), 4);
        spool.append(&lines(5..6)).expect("appended");
        let head = spool.head(100, u64::MAX).expect("read");
        assert_eq!(head.lines, lines(1..6));
        assert_eq!(spool.head(100, 1).expect("read").lines, lines(1..2));
        spool.advance(&head, 5).expect("advanced");
        assert_eq!((spool.waiting(), spool.length), (0, 0));
        assert!(Spool::open(folder.path(), 1).is_err_and(|error| matches!(error, SpoolError::Busy(_))));
    }

    #[test]
    fn a_line_that_was_torn_by_a_crash_never_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut spool = Spool::open(folder.path(), 1 << 20).expect("opened");
        spool.append(&lines(0..2)).expect("appended");
        spool.file.write_all(b"line 0").expect("torn");
        drop(spool);
        let mut spool = Spool::open(folder.path(), 1 << 20).expect("opened");
        spool.append(&lines(2..3)).expect("appended");
        assert_eq!(spool.head(9, u64::MAX).expect("read").lines, lines(0..3));
    }

    #[test]
    fn a_crash_between_emptying_and_noting_it_loses_nothing_that_comes_later() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut spool = Spool::open(folder.path(), 1 << 20).expect("opened");
        spool.append(&lines(0..3)).expect("appended");
        let head = spool.head(2, u64::MAX).expect("read");
        spool.advance(&head, 2).expect("advanced");
        spool.file.set_len(0).expect("emptied");
        drop(spool);
        let mut spool = Spool::open(folder.path(), 1 << 20).expect("opened");
        assert_eq!(spool.waiting(), 0);
        spool.append(&lines(7..9)).expect("appended");
        assert_eq!(spool.head(9, u64::MAX).expect("read").lines, lines(7..9));
    }

    #[test]
    fn it_is_full_at_its_limit_and_what_is_delivered_makes_room() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut spool = Spool::open(folder.path(), 45).expect("opened");
        spool.append(&lines(0..5)).expect("45 bytes");
        let error = spool.append(&lines(5..6)).expect_err("full").to_string();
        assert!(error.contains("--spool-bytes-max allows 45 bytes") && error.contains("5 messages"), "{error}");
        let head = spool.head(2, u64::MAX).expect("read");
        spool.advance(&head, 2).expect("advanced");
        spool.append(&lines(5..7)).expect("room");
        assert_eq!(spool.head(9, u64::MAX).expect("read").lines, lines(2..7));
        drop(spool);
        assert_eq!(Spool::open(folder.path(), 45).expect("opened").waiting(), 5);
    }
}

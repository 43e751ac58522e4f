//! Segments: files with what a log got in large groups. What stands where is said by
//! references among the log entries, which are committed after the file was synced; so what no
//! reference names was never acknowledged. Which groups are large is the committer's decision.
//!
//! A segment belongs to one log and is named after it and the first offset written to it. It
//! goes as a whole once the log lost everything in it. The layout is in the crate's
//! documentation, the reasons are in docs/decisions/0013.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Result, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const SUFFIX: &str = "segment";

/// Segments that are kept open at once, for whoever writes and reads.
const OPEN_MAX: usize = 64;

/// Where bytes stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The name of the segment, with its log: the first offset in it.
    pub(crate) segment: u64,
    pub(crate) position: u64,
    pub(crate) bytes: u32,
}

/// What one log gets in one group.
pub(crate) struct Chunk {
    pub(crate) log: u64,
    pub(crate) first_offset: u64,
    pub(crate) bytes: Vec<u8>,
}

/// All segments of a store.
pub(crate) struct Segments {
    dir: PathBuf,
    bytes_max: u64,
    state: Mutex<State>,
    /// How many read segments of logs that may lose them meanwhile.
    holds: AtomicUsize,
}

#[derive(Default)]
struct State {
    /// Of each log, by the names of its segments, their bytes.
    logs: HashMap<u64, BTreeMap<u64, u64>>,
    /// The segments that were begun since the start: only these are written on.
    written: HashMap<u64, u64>,
    open: HashMap<(u64, u64), Arc<File>>,
}

/// While there is one, no segment is removed.
pub(crate) struct Hold<'a>(&'a Segments);

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.0.holds.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Segments {
    /// Those in `dir`, which is made when it is missing.
    pub(crate) fn open(dir: PathBuf, bytes_max: u64) -> Result<Self> {
        std::fs::create_dir_all(&dir)?;
        let mut state = State::default();
        for entry in std::fs::read_dir(&dir)? {
            let entry = entry?;
            if let Some((log, segment)) = name_of(&entry.path()) {
                state.logs.entry(log).or_default().insert(segment, entry.metadata()?.len());
            }
        }
        Ok(Self { dir, bytes_max, state: Mutex::new(state), holds: AtomicUsize::new(0) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, log: u64, segment: u64) -> PathBuf {
        self.dir.join(format!("{log:016x}-{segment:016x}.{SUFFIX}"))
    }

    /// Bytes of all segments.
    pub(crate) fn bytes(&self) -> u64 {
        self.lock().logs.values().flat_map(BTreeMap::values).sum()
    }

    /// Logs that have segments.
    pub(crate) fn logs(&self) -> Vec<u64> {
        self.lock().logs.keys().copied().collect()
    }

    pub(crate) fn has(&self, log: u64) -> bool {
        self.lock().logs.contains_key(&log)
    }

    /// Writes all chunks and syncs them; answers where each begins. Only for the committer.
    pub(crate) fn write(&self, chunks: &[Chunk]) -> Result<Vec<Place>> {
        let mut places = Vec::with_capacity(chunks.len());
        let mut files = Vec::with_capacity(chunks.len());
        let mut has_new = false;
        for chunk in chunks {
            let (place, is_new) = self.place(chunk)?;
            let file = self.file(chunk.log, place.segment, is_new)?;
            let mut end = &*file;
            end.seek(SeekFrom::Start(place.position))?;
            end.write_all(&chunk.bytes)?;
            has_new |= is_new;
            places.push(place);
            files.push(file);
        }
        files.iter().try_for_each(|file| file.sync_data())?;
        if has_new {
            sync_folder(&self.dir)?;
        }
        Ok(places)
    }

    /// Where the chunk goes, and whether that begins a segment.
    fn place(&self, chunk: &Chunk) -> Result<(Place, bool)> {
        let too_long = || Error::new(ErrorKind::InvalidInput, "a log got more than 4 GiB in one group");
        let bytes = u32::try_from(chunk.bytes.len()).map_err(|_| too_long())?;
        let mut state = self.lock();
        let State { logs, written, .. } = &mut *state;
        let segments = logs.entry(chunk.log).or_default();
        let newest = written.get(&chunk.log).filter(|newest| segments.get(newest) < Some(&self.bytes_max)).copied();
        // One of that name holds nothing: its commit failed, or this offset would be taken.
        let segment = newest.unwrap_or(chunk.first_offset);
        let length = segments.entry(segment).or_default();
        let position = if newest.is_some() { *length } else { 0 };
        *length = position + u64::from(bytes);
        written.insert(chunk.log, segment);
        Ok((Place { segment, position, bytes }, newest.is_none()))
    }

    fn file(&self, log: u64, segment: u64, is_new: bool) -> Result<Arc<File>> {
        if let Some(file) = self.lock().open.get(&(log, segment)).filter(|_| !is_new) {
            return Ok(Arc::clone(file));
        }
        let path = self.path(log, segment);
        let file = Arc::new(OpenOptions::new().read(true).write(true).create(is_new).truncate(is_new).open(path)?);
        let mut state = self.lock();
        // Opened meanwhile by someone else: which of the two is kept does not matter.
        if state.open.len() >= OPEN_MAX
            && let Some(other) = state.open.keys().next().copied()
        {
            state.open.remove(&other);
        }
        // Removed meanwhile: whoever comes next must not find it.
        if state.logs.get(&log).is_some_and(|segments| segments.contains_key(&segment)) {
            state.open.insert((log, segment), Arc::clone(&file));
        }
        Ok(file)
    }

    /// The bytes that stand there.
    pub(crate) fn read(&self, log: u64, place: Place) -> Result<Vec<u8>> {
        let mut bytes = vec![0; place.bytes as usize];
        read_exact_at(&*self.file(log, place.segment, false)?, &mut bytes, place.position)?;
        Ok(bytes)
    }

    /// Keeps all segments for as long as the answer lives.
    pub(crate) fn hold(&self) -> Hold<'_> {
        self.holds.fetch_add(1, Ordering::SeqCst);
        Hold(self)
    }

    /// Removes the segments of a log in which nothing is from `kept_offset` on; `next_offset` is the
    /// log's. Answers whether that could be done: not while someone holds them.
    pub(crate) fn remove_before(&self, log: u64, kept_offset: u64, next_offset: u64) -> Result<bool> {
        let mut state = self.lock();
        let State { logs, written, open } = &mut *state;
        let Some(segments) = logs.get_mut(&log) else { return Ok(true) };
        let ends = segments.keys().skip(1).copied().chain([next_offset]);
        let is_gone = |(segment, end): &(u64, u64)| *end <= kept_offset || *segment >= next_offset;
        let gone = segments.keys().copied().zip(ends).filter(is_gone).map(|(segment, _)| segment).collect::<Vec<_>>();
        if !gone.is_empty() && self.holds.load(Ordering::SeqCst) > 0 {
            return Ok(false);
        }
        for segment in gone {
            match std::fs::remove_file(self.path(log, segment)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            segments.remove(&segment);
            open.remove(&(log, segment));
            if written.get(&log) == Some(&segment) {
                written.remove(&log);
            }
        }
        if segments.is_empty() {
            logs.remove(&log);
        }
        Ok(true)
    }
}

/// The log and the first offset; `None` for another file.
fn name_of(path: &Path) -> Option<(u64, u64)> {
    let stem = path.file_stem()?.to_str().filter(|_| path.extension().is_some_and(|suffix| suffix == SUFFIX))?;
    let (log, segment) = stem.split_once('-')?;
    let number = |text: &str| u64::from_str_radix(text, 16).ok().filter(|_| text.len() == 16);
    Some((number(log)?, number(segment)?))
}

#[cfg(unix)]
fn sync_folder(dir: &Path) -> Result<()> {
    File::open(dir)?.sync_all()
}

/// Elsewhere a folder cannot be opened to be synced.
#[cfg(not(unix))]
fn sync_folder(_dir: &Path) -> Result<()> {
    Ok(())
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], position: u64) -> Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, position)
}

/// On Windows a read at a position moves the cursor, which nobody relies on: whoever writes sets it.
#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut position: u64) -> Result<()> {
    while !bytes.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, bytes, position)?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[read..];
        position += read as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEGMENT_BYTES_MAX: u64 = 1000;

    fn open(dir: &Path) -> Segments {
        Segments::open(dir.to_owned(), SEGMENT_BYTES_MAX).unwrap()
    }

    /// A chunk that says what it is; ten records each.
    fn chunk(log: u64, number: u64) -> Chunk {
        Chunk { log, first_offset: number * 10, bytes: vec![number as u8; 400] }
    }

    fn files(dir: &Path) -> usize {
        std::fs::read_dir(dir).unwrap().count()
    }

    #[test]
    fn what_was_written_is_read_and_segments_have_their_size() {
        let dir = tempfile::tempdir().unwrap();
        let segments = open(dir.path());
        let mut places = segments.write(&[chunk(1, 0), chunk(2, 0)]).unwrap();
        for number in 1..5 {
            places.extend(segments.write(&[chunk(1, number)]).unwrap());
        }
        let begins: Vec<_> = places.iter().map(|place| (place.segment, place.position)).collect();
        assert_eq!(begins, [(0, 0), (0, 0), (0, 400), (0, 800), (30, 0), (30, 400)]);
        assert_eq!((files(dir.path()), segments.bytes()), (3, 6 * 400));
        for segments in [segments, open(dir.path())] {
            let read = |log, place| segments.read(log, place).unwrap()[0];
            assert_eq!(places.iter().skip(1).map(|place| read(1, *place)).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
            assert_eq!(segments.bytes(), 6 * 400);
        }
    }

    #[test]
    fn a_segment_of_before_the_start_is_not_written_on_and_what_was_torn_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        open(dir.path()).write(&[chunk(1, 0), chunk(1, 1)]).unwrap();
        // The commit with the second chunk was lost: its offsets are given again.
        let segments = open(dir.path());
        let again = Chunk { bytes: vec![9; 10], ..chunk(1, 1) };
        let place = segments.write(&[again]).unwrap()[0];
        assert_eq!((place.segment, place.position), (10, 0));
        assert_eq!(segments.read(1, place).unwrap(), [9; 10]);
        // And the same when the segment was named after them.
        let place = open(dir.path()).write(&[Chunk { bytes: vec![8; 5], ..chunk(1, 1) }]).unwrap()[0];
        assert_eq!(open(dir.path()).read(1, place).unwrap(), [8; 5]);
        assert_eq!(open(dir.path()).bytes(), 2 * 400 + 5);
    }

    #[test]
    fn segments_go_when_everything_in_them_did() {
        let dir = tempfile::tempdir().unwrap();
        let segments = open(dir.path());
        (0..9).for_each(|number| drop(segments.write(&[chunk(1, number)]).unwrap()));
        segments.write(&[chunk(2, 0)]).unwrap();
        let foreign = dir.path().join("notes.txt");
        std::fs::write(&foreign, "not a segment").unwrap();
        assert_eq!(files(dir.path()), 5);
        assert!(segments.remove_before(1, 29, 90).unwrap());
        assert_eq!(files(dir.path()), 5, "offset 29 is in the first one");
        let hold = segments.hold();
        assert!(!segments.remove_before(1, 30, 90).unwrap(), "someone reads");
        assert_eq!(files(dir.path()), 5);
        drop(hold);
        assert!(segments.remove_before(1, 30, 90).unwrap());
        assert_eq!((files(dir.path()), segments.bytes()), (4, 7 * 400));
        assert!(segments.remove_before(1, 90, 90).unwrap());
        assert_eq!((files(dir.path()), segments.logs()), (2, vec![2]));
        // The log goes on.
        let place = segments.write(&[chunk(1, 9)]).unwrap()[0];
        assert_eq!((place.segment, segments.read(1, place).unwrap()[0]), (90, 9));
        // What was never committed goes as well.
        assert!(segments.remove_before(1, 0, 90).unwrap());
        assert!(segments.remove_before(2, 0, 0).unwrap());
        assert!(foreign.exists() && files(dir.path()) == 1);
    }

    #[test]
    fn no_more_than_so_many_are_open() {
        let dir = tempfile::tempdir().unwrap();
        let segments = open(dir.path());
        let logs = 0..2 * OPEN_MAX as u64;
        let places: Vec<Place> = logs.clone().map(|log| segments.write(&[chunk(log, log)]).unwrap()[0]).collect();
        for (log, place) in logs.clone().zip(&places) {
            assert_eq!(segments.read(log, *place).unwrap(), vec![log as u8; 400]);
            assert!(segments.lock().open.len() <= OPEN_MAX);
        }
        let place = segments.write(&[chunk(0, 1)]).unwrap()[0];
        assert_eq!((place.segment, place.position), (0, 400), "closed or not, it is written on");
    }
}

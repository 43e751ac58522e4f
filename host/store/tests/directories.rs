//! Directories as they are found: new, in use, half made, foreign, torn, damaged, and left
//! behind by a kill.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod killing;

use bytes::Bytes;
use irongate_store::{Append, DocumentWrite, OpenError, Store, StoreOptions};
use std::path::{Path, PathBuf};

fn open(dir: &Path) -> Result<Store, OpenError> {
    Store::open(dir, &StoreOptions::default())
}

fn fill(dir: &Path, commits: u64) {
    let store = open(dir).unwrap();
    for number in 0..commits {
        let record = Bytes::from(format!("record {number} {}", "x".repeat(200)));
        let document = DocumentWrite { key: b"count".to_vec(), value: Some(number.to_be_bytes().to_vec()) };
        store.commit(vec![Append { log: 1, record }], vec![document]).unwrap();
    }
}

fn count(store: &Store) -> u64 {
    let records = store.read(1, 0, usize::MAX, usize::MAX).unwrap();
    assert!(records.iter().all(|record| record.record.starts_with(format!("record {} ", record.offset).as_bytes())));
    records.len() as u64
}

/// All files with their contents, to see that nothing was touched.
fn contents(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            found.push((path, bytes));
        }
    }
    found.sort();
    found
}

fn journal(dir: &Path) -> PathBuf {
    let entries = std::fs::read_dir(dir.join("store/db")).unwrap();
    let journals = entries.map(|entry| entry.unwrap().path());
    journals.filter(|path| path.extension().is_some_and(|extension| extension == "jnl")).max().unwrap()
}

/// Where the written part of the journal ends.
fn end(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1
}

#[test]
fn a_directory_in_use_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let error = open(dir.path()).err().unwrap();
    assert!(matches!(error, OpenError::Locked { .. }));
    assert_eq!(error.to_string(), format!("the data directory {} is in use by another process", dir.path().display()));
    drop(store);
    assert!(open(dir.path()).is_ok());
}

#[test]
fn another_format_is_refused_and_left_alone() {
    for format in ["irongate-store 4\n", "irongate-store\n", "", "something else"] {
        let dir = tempfile::tempdir().unwrap();
        fill(dir.path(), 1);
        std::fs::write(dir.path().join("store/format"), format).unwrap();
        let before = contents(dir.path());
        let error = open(dir.path()).err().unwrap();
        assert!(matches!(error, OpenError::Format { .. }), "{error}");
        assert_eq!(contents(dir.path()), before);
    }
}

/// A host that knows no packs, or no segments, must not meet one; golden.rs opens what such a host wrote.
#[test]
fn a_directory_of_an_earlier_format_is_of_the_current_one_once_it_was_opened() {
    for earlier in ["irongate-store 1\n", "irongate-store 2\n"] {
        let dir = tempfile::tempdir().unwrap();
        fill(dir.path(), 3);
        let format = dir.path().join("store/format");
        std::fs::write(&format, earlier).unwrap();
        std::fs::remove_dir(dir.path().join("store/segments")).unwrap();
        assert_eq!(count(&open(dir.path()).unwrap()), 3);
        assert_eq!(std::fs::read_to_string(format).unwrap(), "irongate-store 3\n");
        assert_eq!(count(&open(dir.path()).unwrap()), 3);
    }
}

#[test]
fn missing_parts_are_damage_and_nothing_is_made_anew() {
    for part in ["store/format", "store/db/version"] {
        let dir = tempfile::tempdir().unwrap();
        fill(dir.path(), 1);
        std::fs::remove_file(dir.path().join(part)).unwrap();
        let before = contents(dir.path());
        assert!(matches!(open(dir.path()), Err(OpenError::Corrupt { .. })), "{part}");
        assert_eq!(contents(dir.path()), before);
    }
}

#[test]
fn a_start_that_was_cut_short_is_begun_again() {
    let dir = tempfile::tempdir().unwrap();
    let unborn = dir.path().join("store.creating/db");
    std::fs::create_dir_all(&unborn).unwrap();
    std::fs::write(unborn.join("0.jnl"), b"half").unwrap();
    fill(dir.path(), 2);
    assert_eq!(count(&open(dir.path()).unwrap()), 2);
}

#[test]
fn a_truncated_last_commit_is_cut_off_and_the_log_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), 10);
    let path = journal(dir.path());
    let bytes = std::fs::read(&path).unwrap();
    for lost in [1, 20, 150, 300] {
        std::fs::write(&path, &bytes[..end(&bytes) - lost]).unwrap();
        let store = open(dir.path()).unwrap();
        assert_eq!(count(&store), 9, "{lost} bytes lost");
        // Document and record of one commit are there together or not at all.
        assert_eq!(store.document(b"count").unwrap().unwrap(), 8_u64.to_be_bytes()[..]);
        let record = Bytes::from(format!("record 9 again {lost}"));
        assert_eq!(store.commit(vec![Append { log: 1, record }], Vec::new()).unwrap()[0].offset, 9);
        drop(store);
        assert_eq!(count(&open(dir.path()).unwrap()), 10);
    }
}

/// A power cut may leave the last write with its end on disk and a hole in its middle. fjall
/// refuses such a database; nothing in it was ever acknowledged.
#[test]
fn a_last_commit_with_a_hole_is_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), 10);
    let path = journal(dir.path());
    let mut bytes = std::fs::read(&path).unwrap();
    let end = end(&bytes);
    bytes[end - 200..end - 100].fill(0);
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(count(&open(dir.path()).unwrap()), 9);
}

/// fjall would cut the journal at the first entry it cannot decode, and so lose every
/// commit behind it without a word.
#[test]
fn damage_before_the_last_commit_is_refused_and_left_alone() {
    for at in [30, 400, 1500] {
        let dir = tempfile::tempdir().unwrap();
        fill(dir.path(), 10);
        let path = journal(dir.path());
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[at..at + 8].fill(0xA5);
        std::fs::write(&path, &bytes).unwrap();
        let before = contents(dir.path());
        let error = open(dir.path()).err().unwrap();
        assert!(matches!(error, OpenError::Corrupt { .. }), "{error}");
        assert!(error.to_string().contains(".jnl is damaged at byte "), "{error}");
        assert_eq!(contents(dir.path()), before);
    }
}

const CHILD_DIR: &str = "IRONGATE_STORE_TEST_CHILD_DIR";

/// Not a test of its own: the process that the next test kills.
#[test]
fn child_that_commits_until_it_is_killed() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else { return };
    let store = open(Path::new(&dir)).unwrap();
    for number in count(&store).. {
        let record = Bytes::from(format!("record {number} {}", "x".repeat(200)));
        store.commit(vec![Append { log: 1, record }], Vec::new()).unwrap();
        println!("committed {number}");
    }
}

#[test]
fn what_was_completed_before_a_kill_is_there() {
    let dir = tempfile::tempdir().unwrap();
    killing::what_was_completed_is_stored("child_that_commits_until_it_is_killed", CHILD_DIR, dir.path(), || {
        count(&open(dir.path()).unwrap())
    });
}

/// The length fjall gives a journal that it makes itself.
#[cfg(target_os = "linux")]
const JOURNAL_BYTES: u64 = 64 << 20;

#[cfg(target_os = "linux")]
#[test]
fn a_new_directory_and_one_never_written_to_get_a_journal_that_is_filled_ahead() {
    use std::os::unix::fs::MetadataExt;

    let dir = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let store = open(dir.path()).unwrap();
        assert_eq!(std::fs::metadata(journal(dir.path())).unwrap().len(), JOURNAL_BYTES);
        drop(store);
    }
    fill(dir.path(), 1);
    let metadata = std::fs::metadata(journal(dir.path())).unwrap();
    let allocated = metadata.blocks() * 512;
    assert_eq!(metadata.len(), JOURNAL_BYTES);
    assert!((512 << 10..JOURNAL_BYTES / 2).contains(&allocated), "{allocated}");
    assert_eq!(count(&open(dir.path()).unwrap()), 1);
}

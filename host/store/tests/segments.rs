//! What a log gets in large groups stands in files of its own: torn, damaged, missing, and
//! left behind by a kill. The model plays with segments too, see model.rs.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod killing;

use bytes::Bytes;
use irongate_store::{Append, Cut, DocumentWrite, Durability, Store, StoreError, StoreOptions};
use std::path::{Path, PathBuf};

const LOGS: u64 = 3;

/// Every commit of `commit` is large for each of its logs.
fn open(dir: &Path) -> Store {
    let options = StoreOptions { segment_group_bytes_min: 1000, segment_bytes_max: 100_000, ..StoreOptions::default() };
    Store::open(dir, &options).unwrap()
}

fn record(log: u64, number: u64) -> Bytes {
    Bytes::from(format!("log {log} commit {number} {}", "x".repeat(200)))
}

/// Ten records for each log, and a document.
fn commit(store: &Store, number: u64) {
    let appends = (0..LOGS * 10).map(|one| Append { log: one % LOGS, record: record(one % LOGS, number) });
    let document = DocumentWrite { key: b"count".to_vec(), value: Some(number.to_be_bytes().to_vec()) };
    store.commit(appends.collect(), vec![document]).unwrap();
}

/// How many commits there are; all of them are whole.
fn commits(store: &Store) -> u64 {
    let count = |log| {
        let records = store.read(log, 0, usize::MAX, usize::MAX).unwrap();
        assert_eq!(records.len() % 10, 0);
        assert!(records.iter().all(|one| one.record == record(log, one.offset / 10)));
        records.len() as u64 / 10
    };
    let counts: Vec<u64> = (0..LOGS).map(count).collect();
    assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?}");
    let document = store.document(b"count").unwrap();
    assert_eq!(
        document.map(|bytes| bytes[..].to_vec()),
        counts[0].checked_sub(1).map(|last| last.to_be_bytes().to_vec())
    );
    counts[0]
}

fn files(dir: &Path, folder: &str, suffix: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(dir.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == suffix));
    files.sort();
    files
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    files(dir, "store/segments", "segment")
}

#[test]
fn a_commit_that_was_torn_leaves_nothing_and_its_offsets_are_given_again() {
    for lost in [1, 20, 100] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        (0..5).for_each(|number| commit(&store, number));
        drop(store);
        let journal = files(dir.path(), "store/db", "jnl").pop().unwrap();
        let bytes = std::fs::read(&journal).unwrap();
        let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        std::fs::write(&journal, &bytes[..end - lost]).unwrap();
        let store = open(dir.path());
        assert_eq!(commits(&store), 4, "{lost} bytes lost");
        (4..8).for_each(|number| commit(&store, number));
        assert_eq!(commits(&store), 8);
        drop(store);
        assert_eq!(commits(&open(dir.path())), 8);
    }
}

#[test]
fn damage_is_told_and_reaches_no_other_record() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    (0..3).for_each(|number| commit(&store, number));
    drop(store);
    let path = &segments(dir.path())[1];
    let mut bytes = std::fs::read(path).unwrap();
    bytes[3000] ^= 1;
    std::fs::write(path, &bytes).unwrap();
    let store = open(dir.path());
    let error = store.read(1, 10, 1, 1).unwrap_err().to_string();
    assert_eq!(
        error,
        "cannot read the data directory: the segment of log 1 that begins with offset 0: what stands there fails its checksum"
    );
    assert_eq!(store.read(1, 0, 10, usize::MAX).unwrap().len(), 10);
    assert_eq!(store.read(1, 20, 10, usize::MAX).unwrap().len(), 10);
    for log in [0, 2] {
        assert_eq!(store.read(log, 0, 100, usize::MAX).unwrap().len(), 30);
    }
    std::fs::write(path, &bytes[..3000]).unwrap();
    let error = open_again(store, dir.path()).read(1, 10, 1, 1).unwrap_err().to_string();
    assert!(error.contains("the segment of log 1 that begins with offset 0: "), "{error}");
}

fn open_again(store: Store, dir: &Path) -> Store {
    drop(store);
    open(dir)
}

#[test]
fn what_no_commit_names_goes_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    commit(&store, 0);
    drop(store);
    let folder = dir.path().join("store/segments");
    // A log that never was, and one that never came so far.
    for name in ["00000000000000aa-0000000000000000", "0000000000000001-000000000000000a"] {
        std::fs::write(folder.join(name).with_extension("segment"), "never committed").unwrap();
    }
    assert_eq!(segments(dir.path()).len(), 5);
    assert_eq!(commits(&open(dir.path())), 1);
    assert_eq!(segments(dir.path()).len(), 3);
}

#[test]
fn a_segment_that_cannot_be_written_poisons_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    commit(&store, 0);
    // The log is new, so it needs a new segment.
    let away = dir.path().join("away");
    std::fs::rename(dir.path().join("store/segments"), &away).unwrap();
    let append = Append { log: 77, record: Bytes::from(vec![7; 2000]) };
    let failed = store.commit(vec![append.clone()], Vec::new());
    assert!(matches!(failed, Err(StoreError::Poisoned { .. })), "{failed:?}");
    assert!(store.health().is_err() && store.commit(vec![append.clone()], Vec::new()).is_err());
    drop(store);
    std::fs::remove_dir_all(dir.path().join("store/segments")).ok();
    std::fs::rename(&away, dir.path().join("store/segments")).unwrap();
    let store = open(dir.path());
    assert_eq!(commits(&store), 1);
    assert_eq!(store.commit(vec![append], Vec::new()).unwrap()[0].offset, 0);
}

#[test]
fn only_what_is_large_and_synced_gets_a_segment() {
    let default = StoreOptions::default();
    let bytes = default.segment_group_bytes_min;
    let unsynced = StoreOptions { durability: Durability::ProcessCrash, ..default.clone() };
    for (options, bytes, expected) in [(&default, bytes - 1, 0), (&default, bytes, 1), (&unsynced, bytes, 0)] {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), options).unwrap();
        let append = Append { log: 1, record: Bytes::from(vec![7; bytes]) };
        store.commit(vec![append.clone()], Vec::new()).unwrap();
        assert_eq!(segments(dir.path()).len(), expected, "{bytes} bytes");
        assert_eq!(store.read(1, 0, 1, 1).unwrap()[0].record, append.record);
    }
}

#[test]
fn a_deleted_log_gives_its_room_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    (0..100).for_each(|number| commit(&store, number));
    let before = store.disk_bytes().unwrap();
    let bytes: u64 = segments(dir.path()).iter().map(|path| path.metadata().unwrap().len()).sum();
    let cuts = (0..LOGS).map(|log| Cut { log, first_offset: u64::MAX, is_final: true }).collect();
    store.commit_with_cuts(Vec::new(), Vec::new(), cuts).unwrap();
    while !segments(dir.path()).is_empty() {
        std::thread::yield_now();
    }
    assert!(bytes > 600_000 && store.disk_bytes().unwrap() + bytes / 2 < before + (1 << 20), "{bytes}");
}

const CHILD_DIR: &str = "IRONGATE_STORE_TEST_SEGMENTS_DIR";

/// Not a test of its own: the process that the next test kills.
#[test]
fn child_that_writes_segments_until_it_is_killed() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else { return };
    let store = open(Path::new(&dir));
    for number in commits(&store).. {
        commit(&store, number);
        println!("committed {number}");
    }
}

#[test]
fn what_was_completed_before_a_kill_is_there() {
    let dir = tempfile::tempdir().unwrap();
    killing::what_was_completed_is_stored(
        "child_that_writes_segments_until_it_is_killed",
        CHILD_DIR,
        dir.path(),
        || commits(&open(dir.path())),
    );
}

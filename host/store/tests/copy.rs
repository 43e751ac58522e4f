//! A copy of a store that is written to meanwhile: everything from before is in it, nothing half, and the original does not stop.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use irongate_store::{Append, CopyError, DocumentWrite, FreeBytes, Store, StoreOptions};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

fn append(number: u64) -> Append {
    Append { log: 7, record: format!("record {number} {}", "x".repeat(1_000)).into() }
}

/// Each commit appends a record and writes its number down, so that a torn copy would show.
fn commit(store: &Store, number: u64) {
    let document = DocumentWrite { key: b"last".to_vec(), value: Some(number.to_be_bytes().to_vec()) };
    store.commit(vec![append(number)], vec![document]).unwrap();
}

fn last(store: &Store) -> u64 {
    u64::from_be_bytes(store.document(b"last").unwrap().unwrap()[..].try_into().unwrap())
}

#[test]
fn a_copy_has_all_from_before_and_whole_commits_of_what_came_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path().join("data"), &StoreOptions::default()).unwrap();
    (0..500).for_each(|number| commit(&store, number));
    let (is_over, written) = (AtomicBool::new(false), AtomicU64::new(499));
    let copied = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 500;
            while !is_over.load(Ordering::Relaxed) {
                commit(&store, number);
                written.store(number, Ordering::Relaxed);
                number += 1;
            }
        });
        while written.load(Ordering::Relaxed) < 600 {
            std::thread::yield_now();
        }
        let before = written.load(Ordering::Relaxed);
        let copied = store.copy_to(&dir.path().join("copy")).unwrap();
        is_over.store(true, Ordering::Relaxed);
        assert!(copied.records > before && copied.documents == 1, "{copied:?}");
        copied
    });
    let copy = Store::open(dir.path().join("copy"), &StoreOptions::default()).unwrap();
    let bounds = copy.bounds(7).unwrap();
    assert_eq!((bounds.first_offset, bounds.next_offset), (0, copied.records));
    assert_eq!(last(&copy), copied.records - 1, "the record and the document of a commit are both there");
    let records = copy.read(7, 0, usize::MAX, usize::MAX).unwrap();
    let first = store.read(7, 0, records.len(), usize::MAX).unwrap();
    assert_eq!(records, first, "records with their offsets and times");
    // The copy is a store like any other.
    commit(&copy, copied.records);
    drop(copy);
    let copy = Store::open(dir.path().join("copy"), &StoreOptions::default()).unwrap();
    assert_eq!(last(&copy), copied.records);
    assert_eq!(copy.bounds(7).unwrap().next_offset, copied.records + 1);
}

#[test]
fn a_log_that_lost_its_beginning_begins_where_it_did() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path().join("data"), &StoreOptions::default()).unwrap();
    (0..10).for_each(|number| commit(&store, number));
    let cut = irongate_store::Cut { log: 7, first_offset: 10, is_final: false };
    store.commit_with_cuts(Vec::new(), Vec::new(), vec![cut]).unwrap();
    // Records of one commit share entries.
    store.commit((0..100).map(|number| Append { log: 8, ..append(number) }).collect(), Vec::new()).unwrap();
    assert!(store.copy_to(&dir.path().join("copy")).unwrap().records >= 100);
    let copy = Store::open(dir.path().join("copy"), &StoreOptions::default()).unwrap();
    assert_eq!(copy.bounds(7).unwrap(), store.bounds(7).unwrap());
    assert_eq!(copy.bounds(7).unwrap().next_offset, 10);
    assert_eq!(copy.read(8, 50, 100, usize::MAX).unwrap(), store.read(8, 50, 100, usize::MAX).unwrap());
    assert_eq!(copy.bounds(8).unwrap().next_offset, 100);
}

#[test]
fn nothing_is_written_over_and_nothing_half_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path().join("data"), &StoreOptions::default()).unwrap();
    commit(&store, 0);
    let there = dir.path().join("there");
    std::fs::create_dir(&there).unwrap();
    assert!(matches!(store.copy_to(&there), Err(CopyError::Exists { .. })));
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = store.copy_to(&file.join("below")).unwrap_err();
    assert!(matches!(error, CopyError::Failed { .. }), "{error}");
    assert!(!file.join("below").exists());
}

#[test]
fn a_copy_that_has_no_room_is_not_begun() {
    const FREE_BYTES_MIN: u64 = 1_000;
    let dir = tempfile::tempdir().unwrap();
    let free = Arc::new(AtomicU64::new(u64::MAX));
    let told = Arc::clone(&free);
    let free_bytes: FreeBytes = Arc::new(move || Ok(told.load(Ordering::SeqCst)));
    let options =
        StoreOptions { free_bytes_min: FREE_BYTES_MIN, free_bytes: Some(free_bytes), ..StoreOptions::default() };
    let store = Store::open(dir.path().join("data"), &options).unwrap();
    commit(&store, 0);
    let (copy, bytes) = (dir.path().join("copy"), store.disk_bytes().unwrap());
    free.store(bytes + FREE_BYTES_MIN - 1, Ordering::SeqCst);
    let words = format!(
        "the copy {} may take {bytes} bytes and 1000 must stay free, but {} are free there; make room or copy to another disk",
        copy.display(),
        bytes + FREE_BYTES_MIN - 1
    );
    assert_eq!(store.copy_to(&copy).unwrap_err().to_string(), words);
    assert!(!copy.exists());
    // Exactly so much is enough, and the store is none the worse.
    free.store(bytes + FREE_BYTES_MIN, Ordering::SeqCst);
    commit(&store, 1);
    free.store(store.disk_bytes().unwrap() + FREE_BYTES_MIN, Ordering::SeqCst);
    assert_eq!(store.copy_to(&copy).unwrap().records, 2);
}

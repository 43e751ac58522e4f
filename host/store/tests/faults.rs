//! The Nth write fails: what was completed stays, what was not is refused, and so is
//! everything after it.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use bytes::Bytes;
use irongate_store::{Append, Commit, Cut, DocumentWrite, Staged, Store, StoreError, StoreOptions};
use std::io::{Error, ErrorKind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

fn append(log: u64, text: &str) -> Vec<Append> {
    vec![Append { log, record: Bytes::copy_from_slice(text.as_bytes()) }]
}

fn failing_at(nth: u64) -> StoreOptions {
    let hook = move |number| {
        if number == nth { Err(Error::new(ErrorKind::StorageFull, "no space left on device")) } else { Ok(()) }
    };
    StoreOptions { commit_hook: Some(Arc::new(hook)), ..StoreOptions::default() }
}

#[test]
fn after_a_failed_write_nothing_is_written_and_the_reason_is_told() {
    for nth in 0..4 {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &failing_at(nth)).unwrap();
        for number in 0..nth {
            assert!(store.commit(append(1, &number.to_string()), Vec::new()).is_ok());
            assert!(store.health().is_ok());
        }
        for _ in 0..2 {
            let error = store.commit(append(1, "lost"), Vec::new()).unwrap_err();
            assert_eq!(
                error.to_string(),
                "a write to the data directory failed and nothing is written since: no space left on device"
            );
        }
        assert!(matches!(store.health(), Err(StoreError::Poisoned { .. })));
        // Reading goes on.
        assert_eq!(store.read(1, 0, 100, 1000).unwrap().len() as u64, nth);
        drop(store);
        let store = Store::open(dir.path(), &StoreOptions::default()).unwrap();
        assert_eq!(store.bounds(1).unwrap().next_offset, nth);
        assert_eq!(store.commit(append(1, "next"), Vec::new()).unwrap()[0].offset, nth);
    }
}

/// A gate in the commit hook: holds the committer until it is opened.
#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    changed: Condvar,
    waiting: AtomicBool,
}

impl Gate {
    fn pass(&self) {
        self.waiting.store(true, Ordering::SeqCst);
        let mut open = self.open.lock().unwrap();
        while !*open {
            open = self.changed.wait(open).unwrap();
        }
    }

    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.changed.notify_all();
    }
}

#[test]
fn what_gathers_during_a_sync_is_one_group_and_completes_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let gate = Arc::new(Gate::default());
    let groups = Arc::new(AtomicU64::new(0));
    let (held, counted) = (Arc::clone(&gate), Arc::clone(&groups));
    let hook = move |number| {
        counted.store(number + 1, Ordering::SeqCst);
        if number == 0 {
            held.pass();
        }
        Ok(())
    };
    let options = StoreOptions { commit_hook: Some(Arc::new(hook)), ..StoreOptions::default() };
    let store = Store::open(dir.path(), &options).unwrap();
    let done = Arc::new(Mutex::new(Vec::new()));
    let submit = |number: u64| {
        let done = Arc::clone(&done);
        let commit = Commit::new(append(number % 3, &number.to_string()), Vec::new(), move |outcome| {
            done.lock().unwrap().push((number, outcome.unwrap()[0].offset));
        });
        store.submit(commit).unwrap();
    };
    submit(0);
    while !gate.waiting.load(Ordering::SeqCst) {
        std::thread::yield_now();
    }
    (1..100).for_each(submit);
    gate.open();
    store.close();
    assert_eq!(groups.load(Ordering::SeqCst), 2);
    let expected: Vec<(u64, u64)> = (0..100).map(|number| (number, number / 3)).collect();
    assert_eq!(*done.lock().unwrap(), expected);
    assert_eq!(store.stats().commits_total, 2);
    assert!(matches!(store.commit(append(1, "late"), Vec::new()), Err(StoreError::Closed)));
}

#[test]
fn a_failure_reaches_those_who_wait_behind_it() {
    let dir = tempfile::tempdir().unwrap();
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let hook = move |_| {
        held.pass();
        Err(Error::other("the device is gone"))
    };
    let options = StoreOptions { commit_hook: Some(Arc::new(hook)), ..StoreOptions::default() };
    let store = Store::open(dir.path(), &options).unwrap();
    let failed = Arc::new(AtomicU64::new(0));
    for _ in 0..10 {
        let failed = Arc::clone(&failed);
        let commit = Commit::new(append(1, "x"), Vec::new(), move |outcome| {
            assert!(matches!(outcome, Err(StoreError::Poisoned { .. })));
            failed.fetch_add(1, Ordering::SeqCst);
        });
        store.submit(commit).unwrap();
    }
    gate.open();
    store.close();
    assert_eq!(failed.load(Ordering::SeqCst), 10);
    assert_eq!(store.bounds(1).unwrap().next_offset, 0);
}

struct Cursor {
    value: AtomicU64,
    taken: AtomicU64,
}

impl Staged for Cursor {
    fn take(&self) -> Option<DocumentWrite> {
        self.taken.fetch_add(1, Ordering::SeqCst);
        let value = self.value.load(Ordering::SeqCst);
        Some(DocumentWrite { key: b"cursor".to_vec(), value: Some(value.to_be_bytes().to_vec()) })
    }
}

#[test]
fn a_staged_document_rides_with_the_next_commit_in_its_newest_state() {
    let dir = tempfile::tempdir().unwrap();
    let options = StoreOptions { staged_delay_max_ms: u64::from(u32::MAX), ..StoreOptions::default() };
    let store = Store::open(dir.path(), &options).unwrap();
    let cursor = Arc::new(Cursor { value: AtomicU64::new(1), taken: AtomicU64::new(0) });
    let staged: Arc<dyn Staged> = Arc::clone(&cursor) as Arc<dyn Staged>;
    store.stage(Arc::clone(&staged)).unwrap();
    cursor.value.store(2, Ordering::SeqCst);
    store.commit(append(1, "x"), Vec::new()).unwrap();
    let stored = || store.document(b"cursor").unwrap().map(|value| value.to_vec());
    assert_eq!(stored(), Some(2_u64.to_be_bytes().to_vec()));
    assert_eq!((cursor.taken.load(Ordering::SeqCst), store.stats().commits_total), (1, 1));
    // Closing writes what is staged.
    cursor.value.store(3, Ordering::SeqCst);
    store.stage(staged).unwrap();
    store.close();
    assert_eq!(stored(), Some(3_u64.to_be_bytes().to_vec()));
}

#[test]
fn a_staged_document_is_not_later_than_its_bound() {
    let dir = tempfile::tempdir().unwrap();
    let (sender, receiver) = std::sync::mpsc::sync_channel(8);
    let hook = move |number| sender.send(number).map_err(Error::other);
    let options =
        StoreOptions { staged_delay_max_ms: 20, commit_hook: Some(Arc::new(hook)), ..StoreOptions::default() };
    let store = Store::open(dir.path(), &options).unwrap();
    let begun = std::time::Instant::now();
    store.stage(Arc::new(Cursor { value: AtomicU64::new(1), taken: AtomicU64::new(0) })).unwrap();
    assert_eq!(receiver.recv().unwrap(), 0);
    assert!(begun.elapsed() >= std::time::Duration::from_millis(20));
}

/// A disk that is full at the nth question, and what must hold meanwhile: refusals that say
/// why, deletions and cursors that go on, and writing again once there is room.
#[test]
fn a_full_disk_refuses_and_recovers() {
    let dir = tempfile::tempdir().unwrap();
    let free = Arc::new(AtomicU64::new(u64::MAX));
    let told = Arc::clone(&free);
    let options = StoreOptions {
        free_bytes_min: 1000,
        free_bytes: Some(Arc::new(move || Ok(told.load(Ordering::SeqCst)))),
        ..StoreOptions::default()
    };
    let store = Store::open(dir.path(), &options).unwrap();
    for _ in 0..2 {
        store.commit(append(1, "kept"), Vec::new()).unwrap();
    }
    // Each record counts 64 bytes more than it has.
    for (bytes_free, fits) in [(1067, false), (1068, true), (999, false)] {
        free.store(bytes_free, Ordering::SeqCst);
        assert_eq!(store.commit(append(1, "kept"), Vec::new()).is_ok(), fits, "{bytes_free} bytes free");
    }
    let words = "the disk of the data directory is full: 999 bytes are free, 1000 must stay free; \
                 delete something or make room";
    assert_eq!(store.commit(append(1, "lost"), Vec::new()).unwrap_err().to_string(), words);
    assert_eq!(store.health().unwrap_err().to_string(), words);
    // What gives room back goes on, and so do cursors.
    let cut = vec![Cut { log: 1, first_offset: 2, is_final: false }];
    store.commit_with_cuts(Vec::new(), Vec::new(), cut).unwrap();
    let cursor = Arc::new(Cursor { value: AtomicU64::new(7), taken: AtomicU64::new(0) });
    store.stage(Arc::clone(&cursor) as Arc<dyn Staged>).unwrap();
    while store.document(b"cursor").unwrap().is_none() {
        std::thread::yield_now();
    }
    // Close to nothing, not even those; nothing of it is forgotten.
    free.store(10, Ordering::SeqCst);
    cursor.value.store(8, Ordering::SeqCst);
    store.stage(Arc::clone(&cursor) as Arc<dyn Staged>).unwrap();
    assert!(
        store.commit_with_cuts(Vec::new(), Vec::new(), vec![Cut { log: 1, first_offset: 3, is_final: false }]).is_err()
    );
    free.store(u64::MAX, Ordering::SeqCst);
    assert_eq!(store.commit(append(1, "next"), Vec::new()).unwrap()[0].offset, 3);
    assert!(store.health().is_ok());
    store.close();
    assert_eq!(store.document(b"cursor").unwrap().unwrap()[..], 8_u64.to_be_bytes());
    drop(store);
    let store = Store::open(dir.path(), &StoreOptions::default()).unwrap();
    assert_eq!(store.read(1, 0, 10, 1000).unwrap().len(), 2);
}

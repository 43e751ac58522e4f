//! Random actions against the store and against a model in memory, with reopening in
//! between: what was completed must be there, exactly.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use bytes::Bytes;
use irongate_store::{Append, Cut, DocumentWrite, Durability, LogBounds, Store, StoreOptions};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Clone, Debug)]
enum Action {
    /// Appends (log, size) and document writes (key, value or removal), in one commit.
    Commit {
        appends: Vec<(u64, usize)>,
        documents: Vec<(u8, Option<u8>)>,
    },
    Read {
        log: u64,
        from: u64,
        records_max: usize,
        bytes_max: usize,
    },
    /// A log loses its beginning.
    Cut {
        log: u64,
        first: u64,
    },
    Copy,
    Reopen,
}

fn action() -> impl Strategy<Value = Action> {
    // The second kind fills packs, by their records or by their bytes.
    let appends = prop_oneof![
        4 => prop::collection::vec((0..4_u64, 0..300_usize), 0..6),
        1 => prop::collection::vec((0..2_u64, prop_oneof![0..10_usize, 900..1500_usize]), 50..150),
    ];
    let offset = || prop_oneof![0..20_u64, 0..300_u64];
    let documents = prop::collection::vec((0..6_u8, prop::option::of(any::<u8>())), 0..3);
    prop_oneof![
        6 => (appends, documents).prop_map(|(appends, documents)| Action::Commit { appends, documents }),
        4 => (0..4_u64, offset(), 1..100_usize, 0..9000_usize)
            .prop_map(|(log, from, records_max, bytes_max)| Action::Read { log, from, records_max, bytes_max }),
        1 => (0..4_u64, prop_oneof![3 => offset(), 1 => Just(u64::MAX)]).prop_map(|(log, first)| Action::Cut { log, first }),
        1 => prop_oneof![7 => Just(Action::Reopen), 1 => Just(Action::Copy)],
    ]
}

#[derive(Default)]
struct Model {
    logs: BTreeMap<u64, Vec<Bytes>>,
    firsts: BTreeMap<u64, u64>,
    documents: BTreeMap<Vec<u8>, Vec<u8>>,
    number: u64,
}

impl Model {
    fn record(&mut self, size: usize) -> Bytes {
        self.number += 1;
        let mut record = self.number.to_be_bytes().to_vec();
        record.resize(8 + size, 7);
        Bytes::from(record)
    }

    fn commit(&mut self, store: &Store, appends: &[(u64, usize)], documents: &[(u8, Option<u8>)]) {
        let appends: Vec<Append> =
            appends.iter().map(|(log, size)| Append { log: *log, record: self.record(*size) }).collect();
        let documents: Vec<DocumentWrite> = documents
            .iter()
            .map(|(key, value)| DocumentWrite { key: vec![b'k', *key], value: value.map(|value| vec![value]) })
            .collect();
        let appended = store.commit(appends.clone(), documents.clone()).unwrap();
        assert_eq!(appended.len(), appends.len());
        for (append, appended) in appends.into_iter().zip(appended) {
            let log = self.logs.entry(append.log).or_default();
            assert_eq!((appended.log, appended.offset), (append.log, log.len() as u64));
            assert_eq!(appended.record, append.record);
            log.push(append.record);
        }
        for document in documents {
            match document.value {
                Some(value) => self.documents.insert(document.key, value),
                None => self.documents.remove(&document.key),
            };
        }
    }

    fn cut(&mut self, store: &Store, log: u64, first: u64) {
        store
            .commit_with_cuts(Vec::new(), Vec::new(), vec![Cut { log, first_offset: first, is_final: false }])
            .unwrap();
        let next = self.logs.get(&log).map_or(0, Vec::len) as u64;
        let kept = first.min(next).max(self.first(log));
        self.firsts.insert(log, kept);
    }

    fn first(&self, log: u64) -> u64 {
        self.firsts.get(&log).copied().unwrap_or(0)
    }

    fn read(&self, store: &Store, log: u64, from: u64, records_max: usize, bytes_max: usize) {
        let empty = Vec::new();
        let records = self.logs.get(&log).unwrap_or(&empty);
        let from = usize::try_from(from.max(self.first(log))).unwrap().min(records.len());
        let mut expected = Vec::new();
        let mut bytes = 0;
        for record in records[from..].iter().take(records_max) {
            bytes += record.len();
            if !expected.is_empty() && bytes > bytes_max {
                break;
            }
            expected.push(record.clone());
        }
        let read = store.read(log, from as u64, records_max, bytes_max).unwrap();
        let offsets: Vec<u64> = read.iter().map(|record| record.offset).collect();
        assert_eq!(offsets, (from as u64..(from + expected.len()) as u64).collect::<Vec<_>>());
        assert_eq!(read.into_iter().map(|record| record.record).collect::<Vec<_>>(), expected);
    }

    fn check(&self, store: &Store) {
        for log in 0..4 {
            let count = self.logs.get(&log).map_or(0, Vec::len) as u64;
            let bounds = LogBounds { first_offset: self.first(log), next_offset: count };
            assert_eq!(store.bounds(log).unwrap(), bounds);
            self.read(store, log, 0, usize::MAX, usize::MAX);
        }
        let stored: BTreeMap<Vec<u8>, Vec<u8>> =
            store.documents(b"k").map(|one| one.map(|(key, value)| (key.to_vec(), value.to_vec())).unwrap()).collect();
        assert_eq!(stored, self.documents);
    }
}

fn open(dir: &Path) -> Store {
    // Syncing is not what is tested here, and thousands of syncs take minutes.
    Store::open(dir, &StoreOptions { durability: Durability::ProcessCrash, ..StoreOptions::default() }).unwrap()
}

/// With segments, small enough that a log gets many.
fn open_segmented(dir: &Path) -> Store {
    let options = StoreOptions { segment_group_bytes_min: 600, segment_bytes_max: 40_000, ..StoreOptions::default() };
    Store::open(dir, &options).unwrap()
}

fn plays(actions: &[Action], open: fn(&Path) -> Store) {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut model = Model::default();
    for action in actions {
        match action {
            Action::Commit { appends, documents } => model.commit(&store, appends, documents),
            Action::Read { log, from, records_max, bytes_max } => {
                model.read(&store, *log, *from, *records_max, *bytes_max);
            }
            Action::Cut { log, first } => model.cut(&store, *log, *first),
            Action::Copy => {
                let copy = dir.path().join("copy");
                store.copy_to(&copy).unwrap();
                model.check(&open(&copy));
                std::fs::remove_dir_all(copy).unwrap();
            }
            Action::Reopen => {
                drop(store);
                store = open(dir.path());
            }
        }
    }
    model.check(&store);
    drop(store);
    model.check(&open(dir.path()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn the_store_is_what_the_model_says(actions in prop::collection::vec(action(), 1..40)) {
        plays(&actions, open);
    }

    #[test]
    fn and_so_it_is_with_segments(actions in prop::collection::vec(action(), 1..40)) {
        plays(&actions, open_segmented);
    }
}

#[test]
fn append_times_never_go_back_and_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for number in 0..20_u8 {
        store.commit(vec![Append { log: 1, record: Bytes::from(vec![number]) }], Vec::new()).unwrap();
    }
    let records = store.read(1, 0, usize::MAX, usize::MAX).unwrap();
    assert!(records.is_sorted_by_key(|record| record.append_time_ms));
    for record in &records {
        let first = records.iter().find(|one| one.append_time_ms >= record.append_time_ms).unwrap();
        assert_eq!(store.first_offset_at(1, record.append_time_ms).unwrap(), first.offset);
    }
    assert_eq!(store.first_offset_at(1, 0).unwrap(), 0);
    assert_eq!(store.first_offset_at(1, u64::MAX).unwrap(), 20);
    assert_eq!(store.first_offset_at(2, 5).unwrap(), 0);
}

/// Half of a log is cut off while it is read, far more than is removed between two
/// commits; what a stop leaves in the tables is removed after the next start.
#[test]
fn what_is_cut_off_is_gone_at_once_and_leaves_the_tables_in_the_end() {
    is_cut_off(open);
}

#[test]
fn and_so_do_segments() {
    is_cut_off(open_segmented);
}

fn is_cut_off(open: fn(&Path) -> Store) {
    const RECORDS: u64 = 20_000;
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let append = |number: u64| Append { log: 1, record: Bytes::copy_from_slice(&number.to_be_bytes()) };
    for first in (0..RECORDS).step_by(1000) {
        store.commit((first..first + 1000).map(append).collect(), Vec::new()).unwrap();
    }
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut from = 0;
            while from < RECORDS {
                let records = store.read(1, from, 100, usize::MAX).unwrap();
                let first = records[0].offset;
                assert!(first >= from && records.iter().zip(first..).all(|(record, offset)| record.offset == offset));
                from = records.last().unwrap().offset + 1;
            }
        });
        for first in [RECORDS / 4, RECORDS / 2] {
            store
                .commit_with_cuts(Vec::new(), Vec::new(), vec![Cut { log: 1, first_offset: first, is_final: false }])
                .unwrap();
        }
        reader.join().unwrap();
    });
    assert_eq!(store.read(1, 0, 1, 1).unwrap()[0].offset, RECORDS / 2);
    store
        .commit_with_cuts(Vec::new(), Vec::new(), vec![Cut { log: 1, first_offset: u64::MAX, is_final: false }])
        .unwrap();
    drop(store);
    let store = open(dir.path());
    let bounds = LogBounds { first_offset: RECORDS, next_offset: RECORDS };
    assert_eq!(store.bounds(1).unwrap(), bounds);
    assert_eq!(store.commit(vec![append(0)], Vec::new()).unwrap()[0].offset, RECORDS);
    while store.unswept_records().unwrap() > 0 {
        std::thread::yield_now();
    }
    assert_eq!(store.read(1, 0, 10, 1000).unwrap().len(), 1); // Only what holds the last record is left.
    let segments = std::fs::read_dir(dir.path().join("store/segments")).unwrap();
    let names: Vec<_> = segments.map(|segment| segment.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.is_empty(), "{names:?}");
}

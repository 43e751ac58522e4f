//! Batches that are settled at once, through the engine with native stages and a committer in memory: what was taken is there once, as a whole.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::Bytes;
use irongate_pipeline::{
    Arrived, Batch, CommitError, Committer, DEDUP_ID, Ended, Format, MemorySource, Outgoing, Pending, PipelineConfig,
    Position, Schemas, SendError, Stage, Stages, Target, plan, run,
};
use irongate_runtime::{BatchReport, HostFault, Outcome, Record, StateChange};

const FILE: &str = r#"
pipeline:
  name: p
  from: /default/in
  batch: { records: 4 }
  stages:
    - { id: s, uses: none.wasm, allow: { state: STATE } }
  to:
    - { topic: /default/one }
    - { topic: /default/two, on_error: drop }
  dead_letter: { topic: /default/dlq }
"#;

/// Rejects what says so, and counts in its state where it may.
struct Judge {
    counts: bool,
}

impl Stage for Judge {
    fn transform(&mut self, batch: &[Record]) -> Result<BatchReport, HostFault> {
        let judge = |record: &Record| match &record.payload[..] {
            b"bad" => Outcome::Reject("it is bad".into()),
            b"drop" => Outcome::Drop,
            _ => Outcome::Keep,
        };
        let change = || StateChange { key: "last".into(), value: Some(batch[0].payload.clone()) };
        let state_changes = if self.counts { vec![change()] } else { Vec::new() };
        Ok(BatchReport { outcomes: batch.iter().map(judge).collect(), state_changes, ..BatchReport::default() })
    }
}

/// A store that takes all of a batch or nothing, and says no as often as it is told to.
#[derive(Clone, Default)]
struct Store {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    answers: Vec<CommitError>,
    taken: Vec<(String, Outgoing)>,
    settled: BTreeSet<Position>,
    state: BTreeMap<String, Option<Bytes>>,
    tries: Vec<Batch>,
}

impl Store {
    fn answering(answers: Vec<CommitError>) -> Store {
        let store = Store::default();
        store.lock().answers = answers;
        store
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no test panics with it")
    }

    fn payloads(&self, topic: &str) -> Vec<String> {
        let inner = self.lock();
        let of_topic = inner.taken.iter().filter(|(name, _)| name == topic);
        of_topic.map(|(_, outgoing)| String::from_utf8_lossy(&outgoing.payload).into_owned()).collect()
    }
}

impl Committer for Store {
    fn commit<'a>(&'a self, batch: &'a Batch) -> Pending<'a, Result<(), CommitError>> {
        Box::pin(async {
            let mut inner = self.lock();
            inner.tries.push(batch.clone());
            if !inner.answers.is_empty() {
                return Err(inner.answers.remove(0));
            }
            let again: Vec<Position> =
                batch.settled.iter().filter(|one| inner.settled.contains(one)).cloned().collect();
            if !again.is_empty() {
                return Err(CommitError::Settled(again));
            }
            inner.taken.extend(batch.messages.iter().cloned());
            inner.settled.extend(batch.settled.iter().cloned());
            inner.state.extend(batch.state.iter().map(|write| (write.key.clone(), write.value.clone())));
            Ok(())
        })
    }
}

/// Nothing is sent but with its batch.
struct Never;

impl Target for Never {
    fn send<'a>(&'a self, _: &'a [Outgoing]) -> Pending<'a, Vec<Result<(), SendError>>> {
        panic!("a target was written apart from its batch")
    }
}

fn records(payloads: &[&str]) -> Vec<Arrived> {
    let arrived = |(offset, payload): (u64, &&str)| Arrived {
        position: Position { topic: "/default/in".into(), offset },
        record: Record { key: Some("k".into()), payload: (*payload).to_owned().into(), ..Record::default() },
    };
    (0..).zip(payloads).map(arrived).collect()
}

/// Runs until every record of the source was settled.
async fn served(records: Vec<Arrived>, store: &Store, keeps_state: bool) -> Ended {
    let file = FILE.replace("STATE", &keeps_state.to_string());
    let config = PipelineConfig::parse(&file, Format::Yaml, Path::new("")).expect("the file is right");
    let stages = Stages::native(vec![vec![Box::new(Judge { counts: keeps_state })]]);
    let plan = plan(&config, stages, &Schemas::new(), |_| Arc::new(Never)).committing(Arc::new(store.clone()));
    let positions: BTreeSet<Position> = records.iter().map(|arrived| arrived.position.clone()).collect();
    let source = MemorySource::of(records).staying_open();
    let (watched, settled) = (source.clone(), store.clone());
    let expected = u64::try_from(positions.len()).expect("few");
    let stop = async move {
        while watched.pulled() < expected || !positions.is_subset(&settled.lock().settled) {
            tokio::task::yield_now().await;
        }
    };
    let ended = run(plan, Box::new(source.clone()), Arc::new(source), stop).await.expect("it runs");
    assert!(ended.counts.are_conserved() && ended.counts.in_flight == 0, "{ended:?}");
    ended
}

#[tokio::test]
async fn s1_s4_outputs_dead_letters_and_the_place_in_the_source_are_one_batch() {
    let store = Store::default();
    let ended = served(records(&["a", "bad", "drop", "b"]), &store, false).await;
    assert_eq!(
        (store.payloads("/default/one"), store.payloads("/default/dlq")),
        (vec!["a".into(), "b".into()], vec!["bad".to_owned()])
    );
    let inner = store.lock();
    for batch in &inner.tries {
        for (_, outgoing) in &batch.messages {
            assert!(batch.settled.contains(&outgoing.origin), "an output is taken apart from its record");
        }
    }
    assert_eq!((ended.counts.delivered, ended.counts.dead_lettered, ended.counts.filtered), (2, 1, 1));
}

#[tokio::test]
async fn s7_what_was_settled_before_a_crash_is_not_there_again() {
    let store = Store::default();
    served(records(&["a", "b"]), &store, false).await;
    // The source did not hear of it, and delivers everything again, with more behind it.
    let ended = served(records(&["a", "b", "c"]), &store, false).await;
    assert_eq!(store.payloads("/default/one"), ["a", "b", "c"]);
    assert_eq!((ended.counts.read, ended.counts.settled_before, ended.counts.delivered), (3, 2, 1));
    let ids: BTreeSet<String> =
        store.lock().taken.iter().map(|(_, outgoing)| outgoing.attributes[DEDUP_ID].clone()).collect();
    assert_eq!(ids.len(), 6);
}

#[tokio::test]
async fn s8_state_is_taken_with_its_batch_and_not_before() {
    let store = Store::answering(vec![CommitError::Later("the disk is full".into())]);
    served(records(&["a", "b"]), &store, true).await;
    let inner = store.lock();
    assert_eq!(inner.state["last"], Some(Bytes::from_static(b"b")));
    assert_eq!(inner.tries.len(), 3);
    for batch in &inner.tries {
        assert_eq!((batch.settled.len(), batch.state.len()), (1, 1), "{batch:?}");
    }
    assert_eq!(inner.tries[0].state, inner.tries[1].state);
}

#[tokio::test]
async fn s9_what_the_store_refuses_meets_its_targets_policy_and_the_rest_is_taken() {
    // Of the outputs a, b to the first target and a, b to the second: a of the first, b of the second.
    let refused = CommitError::Refused(vec![(0, "too large".into()), (3, "too large".into())]);
    let store = Store::answering(vec![refused]);
    let ended = served(records(&["a", "b"]), &store, false).await;
    let taken: Vec<usize> = store.lock().tries.iter().map(|batch| batch.settled.len()).collect();
    if taken[0] == 2 {
        assert_eq!(store.payloads("/default/one"), ["b"]);
        assert_eq!(store.payloads("/default/two"), ["a"]);
        assert_eq!(store.payloads("/default/dlq"), ["a"]);
        assert_eq!((ended.counts.dead_lettered, ended.counts.dropped), (1, 1));
    } else {
        panic!("the records did not come as one batch: {taken:?}");
    }
}

#[tokio::test]
async fn a_batch_that_is_too_large_is_taken_in_parts_and_one_record_that_is_is_a_dead_letter() {
    let too_large = || CommitError::TooLarge("9 bytes, at most 8 are allowed".into());
    let store = Store::answering(vec![too_large(), too_large(), too_large()]);
    let ended = served(records(&["a", "b", "c", "d"]), &store, false).await;
    assert_eq!(store.payloads("/default/dlq"), ["a"]);
    assert_eq!(store.payloads("/default/one"), ["b", "c", "d"]);
    assert_eq!((ended.counts.dead_lettered, ended.counts.delivered), (1, 3));
}

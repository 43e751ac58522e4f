//! The delivery rules, one test each, through the engine with native stages and ports in memory. What came in is always accounted for.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use irongate_pipeline::{
    Arrived, Ended, Format, MemorySource, Outgoing, Pending, PipelineConfig, Position, Schemas, SendError, Stage,
    Stages, Target, plan, run,
};
use irongate_runtime::{BatchReport, HostFault, Outcome, Record};

const FILE: &str = r#"
pipeline:
  name: p
  from: /default/in
  in_flight: { records: 4 }
  budget: 300ms
  drain: 100ms
  stages:
    - { id: s, uses: none.wasm, retry: { interval: 1ms } }
  to:
    - { topic: /default/one, retry: { interval: 1ms } }
    - { topic: /default/two, retry: { interval: 1ms } }
  dead_letter: { topic: /default/dlq }
"#;

/// Rejects what says so, keeps the rest.
struct Judge;

impl Stage for Judge {
    fn transform(&mut self, batch: &[Record]) -> Result<BatchReport, HostFault> {
        let judge = |record: &Record| match &record.payload[..] {
            b"bad" => Outcome::Reject("it is bad".into()),
            b"drop" => Outcome::Drop,
            _ => Outcome::Keep,
        };
        Ok(BatchReport { outcomes: batch.iter().map(judge).collect(), ..BatchReport::default() })
    }
}

/// A target that notes what it is sent, after what was acknowledged by then, and fails so many times.
#[derive(Clone)]
struct Probe {
    source: MemorySource,
    failures: Arc<Mutex<u32>>,
    taken: Arc<Mutex<Vec<Outgoing>>>,
    tries: Arc<Mutex<u32>>,
}

impl Probe {
    fn new(source: &MemorySource, failures: u32) -> Probe {
        Probe {
            source: source.clone(),
            failures: Arc::new(failures.into()),
            taken: Arc::default(),
            tries: Arc::default(),
        }
    }

    fn taken(&self) -> Vec<Outgoing> {
        self.taken.lock().expect("no test panics with it").clone()
    }

    fn payloads(&self) -> Vec<String> {
        self.taken().iter().map(|outgoing| String::from_utf8_lossy(&outgoing.payload).into_owned()).collect()
    }
}

impl Target for Probe {
    fn send<'a>(&'a self, batch: &'a [Outgoing]) -> Pending<'a, Vec<Result<(), SendError>>> {
        Box::pin(async {
            *self.tries.lock().expect("no test panics with it") += 1;
            let acknowledged = self.source.acknowledged();
            assert!(
                batch.iter().all(|outgoing| !acknowledged.contains(&outgoing.origin)),
                "S1: acknowledged too early"
            );
            let mut failures = self.failures.lock().expect("no test panics with it");
            if *failures > 0 {
                *failures -= 1;
                return batch.iter().map(|_| Err(SendError::Later("away".into()))).collect();
            }
            self.taken.lock().expect("no test panics with it").extend_from_slice(batch);
            batch.iter().map(|_| Ok(())).collect()
        })
    }
}

fn records(payloads: &[&str]) -> Vec<Arrived> {
    let arrived = |(offset, payload): (u64, &&str)| Arrived {
        position: Position { topic: "/default/in".into(), offset },
        record: Record { key: Some("k".into()), payload: (*payload).to_owned().into(), ..Record::default() },
    };
    (0..).zip(payloads).map(arrived).collect()
}

/// Failures of the targets one and two and of the dead letters.
async fn served(source: &MemorySource, failures: [u32; 3], stop: impl Future<Output = ()>) -> (Ended, [Probe; 3]) {
    let config = PipelineConfig::parse(FILE, Format::Yaml, Path::new("")).expect("the file is right");
    let probes = failures.map(|failures| Probe::new(source, failures));
    let open = |topic: &str| -> Arc<dyn Target> {
        let index = ["/default/one", "/default/two", "/default/dlq"].iter().position(|name| *name == topic);
        Arc::new(probes[index.expect("a topic of the file")].clone())
    };
    let stages = Stages::native(vec![vec![Box::new(Judge)]]);
    let plan = plan(&config, stages, &Schemas::new(), open);
    let ended = run(plan, Box::new(source.clone()), Arc::new(source.clone()), stop).await.expect("it runs");
    assert!(ended.counts.are_conserved(), "{ended:?}");
    (ended, probes)
}

async fn never() {
    std::future::pending().await
}

#[tokio::test]
async fn s1_s2_only_the_target_that_failed_is_tried_again_and_then_it_is_acknowledged() {
    let source = MemorySource::of(records(&["a", "drop", "b"]));
    let (ended, [one, two, dead]) = served(&source, [0, 2, 0], never()).await;
    assert_eq!((one.payloads(), two.payloads()), (vec!["a".into(), "b".into()], vec!["a".to_owned(), "b".into()]));
    assert!(dead.taken().is_empty());
    assert_eq!((source.acknowledged().len(), ended.counts.filtered, ended.counts.delivered), (3, 1, 2));
    assert_eq!(ended.frontier["/default/in"], 3);
}

#[tokio::test]
async fn s3_s4_s9_what_is_rejected_is_among_the_dead_letters_before_it_is_acknowledged() {
    let source = MemorySource::of(records(&["bad", "a"]));
    let (ended, [one, _, dead]) = served(&source, [0, 0, 3], never()).await;
    assert_eq!((one.payloads(), dead.payloads()), (vec!["a".to_owned()], vec!["bad".to_owned()]));
    assert_eq!(dead.taken()[0].attributes["x-failure-reason"], "it is bad");
    assert_eq!(*dead.tries.lock().expect("no test panics with it"), 4);
    assert_eq!((ended.counts.dead_lettered, source.acknowledged().len()), (1, 2));
}

#[tokio::test]
async fn s6_s9_what_comes_again_after_the_budget_is_in_order_and_sent_to_no_target_twice() {
    let source = MemorySource::of(records(&["a", "b", "c", "d", "e", "f"]));
    let (ended, [one, two, _]) = served(&source, [0, 12, 0], never()).await;
    assert!(ended.counts.given_back > 0, "{ended:?}");
    assert_eq!(two.payloads(), ["a", "b", "c", "d", "e", "f"]);
    assert_eq!(one.payloads(), two.payloads());
    let ids = |probe: &Probe| -> Vec<String> {
        probe.taken().iter().map(|outgoing| outgoing.attributes["x-irongate-dedup-id"].clone()).collect()
    };
    assert!(ids(&one).iter().all(|id| !ids(&two).contains(id)));
}

#[tokio::test]
async fn s10_a_copy_of_a_record_in_flight_is_not_worked_on() {
    let mut twice = records(&["a", "b"]);
    twice.insert(1, twice[0].clone());
    let (ended, [one, ..]) = served(&MemorySource::of(twice), [0; 3], never()).await;
    assert_eq!((one.payloads(), ended.counts.copies), (vec!["a".to_owned(), "b".into()], 1));
}

#[tokio::test]
async fn s11_s13_no_more_is_pulled_than_there_is_room_and_the_rest_stays_unacknowledged() {
    let source = MemorySource::of(records(&["bad"; 20])).staying_open();
    let watched = source.clone();
    let full = async move {
        while watched.pulled() < 4 {
            tokio::task::yield_now().await;
        }
        tokio::time::timeout(Duration::from_millis(50), never()).await.unwrap_err();
    };
    // The dead letters are never taken: the first batch waits for ever.
    let (ended, _) = served(&source, [0, 0, u32::MAX], full).await;
    assert_eq!((source.pulled(), ended.counts.in_flight), (4, 4));
    assert!(source.acknowledged().is_empty());
    assert_eq!(ended.frontier["/default/in"], 0);
}

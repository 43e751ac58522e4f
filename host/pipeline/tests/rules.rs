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
  give_back_delay: 1ms
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
async fn s1_the_source_is_acknowledged_after_every_target() {
    // A probe fails where it is sent what is acknowledged already.
    let source = MemorySource::of(records(&["a", "drop", "b"]));
    let (ended, [one, two, dead]) = served(&source, [2, 0, 0], never()).await;
    assert_eq!((one.payloads(), two.payloads()), (vec!["a".into(), "b".into()], vec!["a".to_owned(), "b".into()]));
    assert!(dead.taken().is_empty());
    assert_eq!((source.acknowledged().len(), ended.counts.filtered, ended.counts.delivered), (3, 1, 2));
    assert_eq!(ended.frontier["/default/in"], 3);
}

#[tokio::test]
async fn s2_only_the_target_that_failed_is_tried_again() {
    let source = MemorySource::of(records(&["a", "b"]));
    let (_, [one, two, _]) = served(&source, [0, 2, 0], never()).await;
    let tries = |probe: &Probe| *probe.tries.lock().expect("no test panics with it");
    assert_eq!(one.payloads(), ["a", "b"]);
    assert_eq!(two.payloads(), ["a", "b"]);
    assert_eq!(tries(&two), tries(&one) + 2);
}

#[tokio::test]
async fn s3_what_is_rejected_is_not_acknowledged_by_that() {
    let source = MemorySource::of(records(&["bad"])).staying_open();
    let watched = source.clone();
    let rejected = async move {
        while watched.pulled() < 1 {
            tokio::task::yield_now().await;
        }
        tokio::time::timeout(Duration::from_millis(50), never()).await.expect_err("it never ends");
    };
    let (ended, [one, ..]) = served(&source, [0, 0, u32::MAX], rejected).await;
    assert!(source.acknowledged().is_empty() && one.taken().is_empty());
    assert_eq!(ended.counts.in_flight, 1);
}

#[tokio::test]
async fn s4_a_dead_letter_is_taken_before_its_record_is_acknowledged() {
    let source = MemorySource::of(records(&["bad", "a"]));
    let (ended, [_, _, dead]) = served(&source, [0, 0, 3], never()).await;
    assert_eq!(dead.payloads(), ["bad"]);
    assert_eq!(*dead.tries.lock().expect("no test panics with it"), 4);
    assert_eq!((ended.counts.dead_lettered, source.acknowledged().len()), (1, 2));
}

#[tokio::test]
async fn s6_what_comes_again_is_in_order() {
    let source = MemorySource::of(records(&["a", "b", "c", "d", "e", "f"]));
    let (ended, [one, two, _]) = served(&source, [0, 12, 0], never()).await;
    assert!(ended.counts.given_back > 0, "{ended:?}");
    assert_eq!(two.payloads(), ["a", "b", "c", "d", "e", "f"]);
    assert_eq!(one.payloads(), two.payloads());
    assert!(ids(&one).iter().all(|id| !ids(&two).contains(id)));
}

fn ids(probe: &Probe) -> Vec<String> {
    probe.taken().iter().map(|outgoing| outgoing.attributes["x-irongate-dedup-id"].clone()).collect()
}

/// Two runs over the same records, as if the first had died before its acknowledgements were heard of.
#[tokio::test]
async fn s7_what_is_sent_twice_after_a_crash_has_the_same_dedup_id() {
    let (_, [before, ..]) = served(&MemorySource::of(records(&["a", "b"])), [0; 3], never()).await;
    let (_, [after, ..]) = served(&MemorySource::of(records(&["a", "b", "c"])), [0; 3], never()).await;
    assert_eq!(ids(&before), ids(&after)[..2]);
    assert_eq!(after.payloads(), ["a", "b", "c"]);
    let all = ids(&after);
    assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
}

#[tokio::test]
async fn s9_what_will_never_pass_is_not_tried_again() {
    let source = MemorySource::of(records(&["bad", "a"]));
    let (ended, [one, _, dead]) = served(&source, [0; 3], never()).await;
    assert_eq!((one.payloads(), dead.payloads()), (vec!["a".to_owned()], vec!["bad".to_owned()]));
    assert_eq!(dead.taken()[0].attributes["x-failure-reason"], "it is bad");
    assert_eq!(dead.taken()[0].attributes["x-delivery-attempt"], "1");
    assert_eq!(ended.counts.given_back, 0);
}

#[tokio::test]
async fn how_often_a_record_was_redriven_stays_on_its_letter_and_not_on_its_outputs() {
    let mut redriven = records(&["a", "bad"]);
    for (arrived, origin) in redriven.iter_mut().zip(["/default/in@7", "/default/in@8"]) {
        let attributes = [("x-irongate-origin", origin), ("x-irongate-redrives", "2"), ("tenant", "t")];
        arrived.record.attributes =
            attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
    }
    let (_, [one, _, dead]) = served(&MemorySource::of(redriven), [0; 3], never()).await;
    let (output, letter) = (&one.taken()[0].attributes, &dead.taken()[0].attributes);
    assert_eq!(output.keys().collect::<Vec<_>>(), ["tenant", "x-irongate-dedup-id"]);
    assert_eq!((&*letter["x-irongate-origin"], &*letter["x-irongate-redrives"]), ("/default/in@8", "2"));
}

#[tokio::test]
async fn s10_a_copy_of_a_record_in_flight_is_not_worked_on() {
    let mut twice = records(&["a", "b"]);
    twice.insert(1, twice[0].clone());
    let (ended, [one, ..]) = served(&MemorySource::of(twice), [0; 3], never()).await;
    assert_eq!((one.payloads(), ended.counts.copies), (vec!["a".to_owned(), "b".into()], 1));
}

/// A source of twenty records, stopped when as many were pulled as there is room for; the dead letters are never taken.
async fn full() -> (MemorySource, Ended) {
    let source = MemorySource::of(records(&["bad"; 20])).staying_open();
    let watched = source.clone();
    let full = async move {
        while watched.pulled() < 4 {
            tokio::task::yield_now().await;
        }
        tokio::time::timeout(Duration::from_millis(50), never()).await.expect_err("it never ends");
    };
    let (ended, _) = served(&source, [0, 0, u32::MAX], full).await;
    (source, ended)
}

#[tokio::test]
async fn s11_no_more_is_pulled_than_there_is_room() {
    let (source, ended) = full().await;
    assert_eq!((source.pulled(), ended.counts.in_flight), (4, 4));
}

#[tokio::test]
async fn s13_what_is_not_settled_in_time_stays_unacknowledged() {
    let (source, ended) = full().await;
    assert!(source.acknowledged().is_empty());
    assert_eq!((ended.counts.in_flight, ended.frontier["/default/in"]), (4, 0));
}

//! Dry runs by native stages and ports in memory: what each stage answered, which targets had what, and how the record would end.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use irongate_pipeline::{
    Arrived, DryEnd, DryRun, Format, Outgoing, Pending, PipelineConfig, Position, Schemas, SendError, Stage, Stages,
    StateWrite, Target, dead_letter, dry_run, lane_for,
};
use irongate_runtime::{BatchReport, HostFault, Outcome, OutputRecord, Record, StateChange};

/// The policies stand where ERROR and TARGET do.
const FILE: &str = r#"
pipeline:
  name: p
  from: /default/in
  lanes: 8
  stages:
    - { id: first, uses: none.wasm, on_error: ERROR, retry: { attempts: 5, interval: 60s, cap: 60s } }
    - { id: second, uses: none.wasm, allow: { state: true } }
  to:
    - { topic: /default/one, on_error: TARGET }
    - { topic: /default/two, when: { key: true, equals: big } }
  dead_letter: { topic: /default/dlq }
"#;

fn config(error: &str, target: &str) -> PipelineConfig {
    let text = FILE.replace("ERROR", error).replace("TARGET", target);
    PipelineConfig::parse(&text, Format::Yaml, Path::new("")).expect("a pipeline")
}

/// Answers what the payload says, and writes into its state; the second one keeps everything.
struct Obedient {
    is_first: bool,
}

impl Stage for Obedient {
    fn transform(&mut self, batch: &[Record]) -> Result<BatchReport, HostFault> {
        let answer = |record: &Record| match &record.payload[..] {
            _ if !self.is_first => Outcome::Keep,
            b"reject" => Outcome::Reject("it is bad".into()),
            b"retry" => Outcome::Retry("not yet".into()),
            b"drop" => Outcome::Drop,
            b"double" => {
                let output =
                    OutputRecord { payload: "made".into(), key: record.key.clone(), ..OutputRecord::default() };
                Outcome::Emit(vec![output.clone(), output])
            }
            _ => Outcome::Keep,
        };
        let change = StateChange { key: "last".into(), value: Some(batch[0].payload.clone()) };
        let state_changes = if self.is_first { Vec::new() } else { vec![change] };
        Ok(BatchReport { outcomes: batch.iter().map(answer).collect(), state_changes, ..BatchReport::default() })
    }
}

/// Notes what it is given, and refuses one payload.
struct Noting {
    topic: String,
    taken: Arc<Mutex<Vec<(String, Outgoing)>>>,
}

impl Target for Noting {
    fn send<'a>(&'a self, batch: &'a [Outgoing]) -> Pending<'a, Vec<Result<(), SendError>>> {
        Box::pin(async move {
            let take = |outgoing: &Outgoing| match &outgoing.payload[..] {
                b"refuse" if self.topic == "/default/one" => Err(SendError::Refused("the topic says no".to_owned())),
                b"later" => Err(SendError::Later("it is away".to_owned())),
                _ => {
                    self.taken.lock().expect("no test panics with it").push((self.topic.clone(), outgoing.clone()));
                    Ok(())
                }
            };
            batch.iter().map(take).collect()
        })
    }
}

async fn run(config: &PipelineConfig, payload: &str, only: Option<&str>) -> (DryRun, Vec<(String, Outgoing)>) {
    let stages: Vec<Box<dyn Stage>> =
        vec![Box::new(Obedient { is_first: true }), Box::new(Obedient { is_first: false })];
    let taken = Arc::<Mutex<Vec<(String, Outgoing)>>>::default();
    let arrived = arrived(payload, "big");
    let open = |topic: &str| {
        let (topic, taken) = (topic.to_owned(), Arc::clone(&taken));
        Arc::new(Noting { topic, taken }) as Arc<dyn Target>
    };
    let ran = dry_run(config, Stages::native(vec![stages]), &Schemas::new(), arrived, only, open).await;
    let mut taken = taken.lock().expect("no test panics with it").clone();
    taken.sort_by(|(a, _), (b, _)| a.cmp(b));
    (ran.expect("the stages run"), taken)
}

fn arrived(payload: &str, key: &str) -> Arrived {
    let record = Record { payload: payload.to_owned().into(), key: Some(key.to_owned()), ..Record::default() };
    Arrived { position: Position { topic: "/default/in".into(), offset: 7 }, record }
}

#[tokio::test]
async fn each_stage_is_told_and_each_target_has_what_is_for_it() {
    let (ran, taken) = run(&config("dead_letter", "drop"), "double", None).await;
    assert!(matches!(ran.end, DryEnd::Delivered), "{ran:?}");
    let ids: Vec<&str> = ran.stages.iter().map(|call| &*call.id).collect();
    assert_eq!((ids, ran.stages[0].records.len(), ran.stages[1].records.len()), (vec!["first", "second"], 1, 2));
    assert!(ran.stages[0].made().iter().all(|(_, record)| record.payload == "made"));
    assert_eq!(ran.stages[1].state()[0].key, "last");
    let topics: Vec<&str> = taken.iter().map(|(topic, _)| &**topic).collect();
    assert_eq!(topics, ["/default/one", "/default/one", "/default/two", "/default/two"]);
}

#[tokio::test]
async fn one_stage_alone_reaches_no_target() {
    let (ran, taken) = run(&config("dead_letter", "drop"), "reject", Some("second")).await;
    assert!(matches!(ran.end, DryEnd::Answered), "{ran:?}");
    assert_eq!((ran.stages.len(), &*ran.stages[0].id, taken.len()), (1, "second", 0));
    let (ran, _) = run(&config("dead_letter", "drop"), "reject", Some("first")).await;
    assert!(matches!(ran.end, DryEnd::DeadLetter(_)), "{ran:?}");
    assert_eq!(ran.stages[0].refusals(), ["reject: it is bad"]);
}

#[tokio::test]
async fn a_record_that_fails_ends_by_the_policy_and_nothing_waits_for_another_try() {
    // A minute lies between two tries of the first stage, and a stage that blocks tries for ever.
    for payload in ["reject", "retry"] {
        let (ran, taken) = run(&config("dead_letter", "drop"), payload, None).await;
        let DryEnd::DeadLetter(letter) = &ran.end else { panic!("{ran:?}") };
        assert_eq!((&*letter.attributes[dead_letter::ERROR_CLASS], taken.len()), (payload, 0));
        assert!(matches!(run(&config("block", "drop"), payload, None).await.0.end, DryEnd::Blocked(_)));
        assert!(matches!(run(&config("drop", "drop"), payload, None).await.0.end, DryEnd::Dropped));
    }
    assert!(matches!(run(&config("dead_letter", "drop"), "drop", None).await.0.end, DryEnd::Filtered));
}

#[tokio::test]
async fn what_a_target_says_decides_by_its_policy() {
    let (ran, taken) = run(&config("drop", "dead_letter"), "refuse", None).await;
    let DryEnd::DeadLetter(letter) = &ran.end else { panic!("{ran:?}") };
    assert_eq!(letter.attributes[dead_letter::TARGET], "/default/one");
    assert_eq!(taken.len(), 1, "the other target has it all the same");
    assert!(matches!(run(&config("drop", "drop"), "refuse", None).await.0.end, DryEnd::Dropped));
    assert!(matches!(run(&config("drop", "block"), "refuse", None).await.0.end, DryEnd::TriedAgain(_)));
    assert!(
        matches!(run(&config("drop", "drop"), "later", None).await.0.end, DryEnd::TriedAgain(why) if why.contains("away"))
    );
}

#[tokio::test]
async fn what_a_stage_kept_before_is_put_back_into_the_one_lane() {
    let config = config("drop", "drop");
    let lanes: Vec<usize> = (0..50).map(|n| lane_for(&config, &arrived("x", &n.to_string()))).collect();
    assert!(lanes.iter().all(|lane| *lane < 8) && lanes.iter().any(|lane| *lane != lanes[0]), "{lanes:?}");
    let stages: Vec<Box<dyn Stage>> =
        vec![Box::new(Obedient { is_first: true }), Box::new(Obedient { is_first: false })];
    let mut stages = Stages::native(vec![stages]);
    let kept = |lane| StateWrite { stage: "second".into(), lane, key: "k".into(), value: Some("v".into()) };
    assert!(stages.restore(&config, kept(0)) && !stages.restore(&config, kept(1)));
}

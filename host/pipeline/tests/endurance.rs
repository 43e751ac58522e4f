//! A pipeline that goes on: stages that are stopped again and again, and very many records.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use irongate_pipeline::{
    Acknowledger, Arrived, Ended, EngineError, Format, MemorySource, Outgoing, Pending, PipelineConfig, PortError,
    Position, STOPPED_RECORDS_MAX, Schemas, SendError, Source, Stage, Stages, TRUSTED_AFTER_RECORDS, Target, plan, run,
};
use irongate_runtime::{BatchReport, GuestTrap, HostFault, Outcome, Record, RecordFault, TrapKind};

const FILE: &str = r#"
pipeline:
  name: p
  from: /default/in
  batch: { records: BATCH }
  stages:
    - { id: s, uses: none.wasm }
  to:
    - { topic: /default/one }
  dead_letter: { topic: /default/dlq }
"#;

/// Stopped on every record, until it was called so often.
struct Stormy {
    calls: u32,
    until: u32,
}

impl Stage for Stormy {
    fn transform(&mut self, batch: &[Record]) -> Result<BatchReport, HostFault> {
        self.calls += 1;
        let outcome = |record: &Record| if self.calls <= self.until { stopped(record) } else { Outcome::Keep };
        Ok(BatchReport { outcomes: batch.iter().map(outcome).collect(), ..BatchReport::default() })
    }
}

fn stopped(record: &Record) -> Outcome {
    let kind = TrapKind::Trapped { reason: "unreachable".into() };
    let trap = GuestTrap { kind, frames: Vec::new(), last_words: String::new() };
    Outcome::Fault(Box::new(RecordFault {
        plugin_name: "stormy".into(),
        plugin_version: "0.0.0".into(),
        plugin_sha256: String::new(),
        topic: record.topic.clone(),
        partition: None,
        offset: record.offset,
        attempts: 2,
        fault: Box::new(trap).into(),
    }))
}

/// Counts what it takes and keeps none of it.
#[derive(Clone, Default)]
struct Sink {
    taken: Arc<AtomicU32>,
}

impl Target for Sink {
    fn send<'a>(&'a self, batch: &'a [Outgoing]) -> Pending<'a, Vec<Result<(), SendError>>> {
        self.taken.fetch_add(u32::try_from(batch.len()).expect("few"), Ordering::SeqCst);
        Box::pin(async { batch.iter().map(|_| Ok(())).collect() })
    }
}

fn record(offset: u64) -> Arrived {
    let payload = format!("{{\"n\":{offset},\"filling\":\"{}\"}}", "x".repeat(512));
    Arrived {
        position: Position { topic: "/default/in".into(), offset },
        record: Record { key: Some(format!("k{}", offset % 100)), payload: payload.into(), ..Record::default() },
    }
}

async fn served(
    batch: usize,
    stage: impl Stage + 'static,
    source: Box<dyn Source>,
    acknowledger: Arc<dyn Acknowledger>,
) -> (Ended, Sink, Sink) {
    let file = FILE.replace("BATCH", &batch.to_string());
    let config = PipelineConfig::parse(&file, Format::Yaml, Path::new("")).expect("the file is right");
    let (sink, dead) = (Sink::default(), Sink::default());
    let open = |topic: &str| -> Arc<dyn Target> {
        Arc::new(if topic == "/default/dlq" { dead.clone() } else { sink.clone() })
    };
    let plan = plan(&config, Stages::native(vec![vec![Box::new(stage)]]), &Schemas::new(), open);
    let ended = run(plan, source, acknowledger, std::future::pending()).await.expect("it runs");
    assert!(ended.counts.are_conserved() && ended.counts.in_flight == 0, "{ended:?}");
    (ended, sink, dead)
}

/// The third, the fourth and the fifth record in a row that stop the stage cost a pause each, and the one behind them is served.
#[tokio::test]
async fn s12_a_storm_of_traps_pauses_the_stage() {
    let source = MemorySource::of((0..6).map(record).collect());
    let started = Instant::now();
    let stormy = Stormy { calls: 0, until: 5 };
    let (ended, sink, dead) = served(1, stormy, Box::new(source.clone()), Arc::new(source)).await;
    assert!(started.elapsed() >= Duration::from_millis(100 + 200 + 400), "{:?}", started.elapsed());
    assert_eq!((sink.taken.load(Ordering::SeqCst), dead.taken.load(Ordering::SeqCst)), (1, 5));
    assert_eq!(ended.counts.dead_lettered, 5);
}

/// Serves some records, then is stopped by every one.
struct Tired {
    left: u64,
}

impl Stage for Tired {
    fn transform(&mut self, batch: &[Record]) -> Result<BatchReport, HostFault> {
        let mut outcome = |record: &Record| {
            let is_rested = self.left > 0;
            self.left = self.left.saturating_sub(1);
            if is_rested { Outcome::Keep } else { stopped(record) }
        };
        Ok(BatchReport { outcomes: batch.iter().map(&mut outcome).collect(), ..BatchReport::default() })
    }
}

/// A stage that never worked ends the pipeline before its records are dead letters; one that did for long is trusted, and they are.
#[tokio::test]
async fn s12_only_a_stage_that_is_not_trusted_yet_ends_the_pipeline() {
    let file = FILE.replace("BATCH", "64");
    let config = PipelineConfig::parse(&file, Format::Yaml, Path::new("")).expect("the file is right");
    let run_tired = async |left: u64| {
        let source = MemorySource::of((0..left + STOPPED_RECORDS_MAX as u64).map(record).collect());
        let stages = Stages::native(vec![vec![Box::new(Tired { left })]]);
        let plan = plan(&config, stages, &Schemas::new(), |_| Arc::new(Sink::default())).ending_when_stopped();
        let ended = run(plan, Box::new(source.clone()), Arc::new(source.clone()), std::future::pending()).await;
        (ended, source.acknowledged().len())
    };
    let (ended, acknowledged) = run_tired(0).await;
    assert!(matches!(&ended, Err(EngineError::Stopped { records: STOPPED_RECORDS_MAX, .. })), "{ended:?}");
    assert_eq!(acknowledged, 0);
    let (ended, _) = run_tired(TRUSTED_AFTER_RECORDS - 1).await;
    assert!(matches!(&ended, Err(EngineError::Stopped { .. })), "{ended:?}");
    let (ended, acknowledged) = run_tired(TRUSTED_AFTER_RECORDS).await;
    assert_eq!(ended.expect("it is trusted").counts.dead_lettered, STOPPED_RECORDS_MAX as u64);
    assert_eq!(acknowledged, usize::try_from(TRUSTED_AFTER_RECORDS).expect("small") + STOPPED_RECORDS_MAX);
}

/// So many records, and the memory of the process when the first tenth was through.
struct Stream {
    next: u64,
    records: u64,
    memory: Arc<Mutex<usize>>,
}

impl Source for Stream {
    fn next(&mut self) -> Pending<'_, Result<Option<Arrived>, PortError>> {
        if self.next == self.records / 10 {
            *self.memory.lock().expect("no test panics with it") = resident_bytes();
        }
        self.next += 1;
        let offset = self.next - 1;
        Box::pin(async move { Ok((offset < self.records).then(|| record(offset))) })
    }

    fn let_go(&mut self) -> Pending<'_, Result<(), PortError>> {
        panic!("everything is taken")
    }
}

/// Says yes to everything and remembers nothing.
struct Yes;

impl Acknowledger for Yes {
    fn acknowledge<'a>(&'a self, _: &'a Position) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async { Ok(()) })
    }
}

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("this system tells its processes' memory");
    let pages: usize = statm.split(' ').nth(1).expect("a number").parse().expect("a number");
    pages * 4096
}

/// Every record that were kept would be half a kilobyte: 90,000 of them are 45 MB.
#[tokio::test]
async fn s16_memory_does_not_grow_with_the_records() {
    let memory = Arc::<Mutex<usize>>::default();
    let stream = Stream { next: 0, records: 100_000, memory: Arc::clone(&memory) };
    let (ended, sink, _) = served(64, Stormy { calls: 0, until: 0 }, Box::new(stream), Arc::new(Yes)).await;
    assert_eq!((ended.counts.delivered, sink.taken.load(Ordering::SeqCst)), (100_000, 100_000));
    let grown = resident_bytes().saturating_sub(*memory.lock().expect("no test panics with it"));
    assert!(grown < 8 << 20, "the memory has grown by {grown} bytes");
}

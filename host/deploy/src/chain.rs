//! A topic's transforms at work: messages through every stage, each stage called once for all of them, on a thread where it may block. What enters the topic is
//! the broker's; here a message becomes records, and what is answered of these becomes messages again. What becomes of one message is no other's matter.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use irongate_broker::{Passing, TopicTransforms, TransformRefusal, Transforming};
use irongate_pipeline::{ChainConfig, Format, Plugins, Problem, Uses};
use irongate_proto::{danube::StreamMessage, pipelines_v1 as v1, transforms_v1 as wire};
use irongate_runtime::{BatchReport, HostFault, LogLine, Outcome, OutputRecord, Record, SchemaReference, Transform};
use tokio::sync::Semaphore;

use crate::{
    described::stages,
    documents::TransformsDocument,
    limits::TOPIC_CALLS_AT_ONCE_MAX,
    plugins::PluginFolder,
    prepare::{Runtimes, Unprepared, parse_chain},
    topic_counts::TopicCounts,
};

/// The transforms of a topic, ready. Clones share the instances.
#[derive(Clone)]
pub(crate) struct Chain {
    shared: Arc<Shared>,
    /// As many as may be in the stages at once; who comes then waits.
    places: Arc<Semaphore>,
    counts: Arc<TopicCounts>,
}

struct Shared {
    config: ChainConfig,
    plugins: Plugins,
    /// Instances that nobody uses, each a set of all stages.
    idle: Mutex<Vec<Vec<Transform>>>,
    records_max: usize,
}

/// What became of messages that went through together.
pub(crate) struct Passed {
    /// One answer for each, in their order.
    pub(crate) made: Vec<Result<Vec<Passing>, TransformRefusal>>,
    pub(crate) stages: Vec<StageRun>,
    pub(crate) elapsed: Duration,
}

/// One call of one stage.
pub(crate) struct StageRun {
    pub(crate) id: String,
    pub(crate) elapsed: Duration,
    pub(crate) memory_bytes: usize,
    pub(crate) calls_stopped: u32,
    pub(crate) log: Vec<LogLine>,
    pub(crate) log_lines_left_out: u64,
}

impl StageRun {
    pub(crate) fn on_the_wire(self) -> wire::StageRun {
        let line = |line: LogLine| wire::LogLine { level: line.level.to_string(), message: line.message };
        wire::StageRun {
            id: self.id,
            elapsed_us: u64::try_from(self.elapsed.as_micros()).unwrap_or(u64::MAX),
            memory_bytes: self.memory_bytes as u64,
            calls_stopped: self.calls_stopped,
            log: self.log.into_iter().map(line).collect(),
            log_lines_left_out: self.log_lines_left_out,
        }
    }
}

/// A record of a message, and whether a stage has made it: one that every stage kept stays the very message that was sent.
struct Item {
    /// Which of the messages that go through together.
    message: usize,
    record: Record,
    is_made: bool,
}

/// Messages between two stages.
struct Underway {
    items: Vec<Item>,
    /// Of each message, why it is refused.
    refusals: Vec<Option<TransformRefusal>>,
}

impl Chain {
    /// Loads the components and tries whether they start. Blocks.
    pub(crate) fn load(
        document: &TransformsDocument,
        plugins: &PluginFolder,
        runtimes: &Runtimes,
        records_max: usize,
        counts: Arc<TopicCounts>,
    ) -> Result<Chain, Unprepared> {
        let format = if document.is_yaml { Format::Yaml } else { Format::Toml };
        let mut config = parse_chain(&document.configuration, format).map_err(Unprepared::Problems)?;
        for stage in &mut config.stages {
            if let Some(sha256) = document.components.get(&stage.id) {
                stage.uses = Uses::File(plugins.path(sha256));
                // What is in the folder is what was sent, or it is not used.
                stage.sha256.get_or_insert_with(|| sha256.clone());
            }
        }
        let runtime = runtimes.get(config.stages.iter().any(|stage| stage.limits.fuel_max.is_some()))?;
        let plugins = Plugins::load(&config.stages, &runtime).map_err(Unprepared::Problems)?;
        let first = plugins.transforms(&config.stages).map_err(Unprepared::Problems)?;
        let shared = Shared { config, plugins, idle: Mutex::new(vec![first]), records_max };
        Ok(Chain { shared: Arc::new(shared), places: Arc::new(Semaphore::new(TOPIC_CALLS_AT_ONCE_MAX)), counts })
    }

    pub(crate) fn described(&self) -> Vec<v1::Stage> {
        stages(&self.shared.plugins, &self.shared.config.stages)
    }

    /// Puts messages through all stages and counts nothing.
    pub(crate) async fn try_out(&self, topic: &str, messages: Vec<Passing>) -> Passed {
        self.pass(topic, messages, Arc::default()).await
    }

    async fn pass(&self, topic: &str, messages: Vec<Passing>, counts: Arc<TopicCounts>) -> Passed {
        let count = messages.len();
        let later = |reason: String| Passed {
            made: (0..count).map(|_| Err(TransformRefusal::Later(reason.clone()))).collect(),
            stages: Vec::new(),
            elapsed: Duration::ZERO,
        };
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
            return later("the host is shutting down".to_owned());
        };
        let (shared, topic, counting) = (Arc::clone(&self.shared), topic.to_owned(), Arc::clone(&counts));
        let passed = tokio::task::spawn_blocking(move || {
            // Held until the work is done, also when whoever asked has gone away.
            let _place = place;
            counting.took(messages.len());
            let passed = shared.pass(&topic, &messages);
            counting.answered(&passed);
            passed
        });
        passed.await.unwrap_or_else(|error| {
            let passed = later(error.to_string());
            counts.answered(&passed);
            passed
        })
    }
}

impl TopicTransforms for Chain {
    fn transform<'a>(&'a self, topic: &'a str, messages: Vec<Passing>) -> Transforming<'a> {
        Box::pin(async move {
            let passed = self.pass(topic, messages, Arc::clone(&self.counts)).await;
            for (stage, line) in passed.stages.iter().flat_map(|stage| stage.log.iter().map(move |line| (stage, line)))
            {
                let level = line.level;
                tracing::info!(target: "irongate::transform", topic, stage = stage.id, %level, "{}", line.message);
            }
            passed.made
        })
    }
}

/// Stands where transforms cannot run: nothing enters the topic.
pub(crate) struct Broken {
    pub(crate) reason: String,
    pub(crate) counts: Arc<TopicCounts>,
}

impl TopicTransforms for Broken {
    fn transform<'a>(&'a self, _: &'a str, messages: Vec<Passing>) -> Transforming<'a> {
        let refused = || Err(TransformRefusal::Unusable(self.reason.clone()));
        let made = messages.iter().map(|_| refused()).collect();
        let passed = Passed { made, stages: Vec::new(), elapsed: Duration::ZERO };
        self.counts.took(messages.len());
        self.counts.answered(&passed);
        Box::pin(async { passed.made })
    }
}

impl Shared {
    fn pass(&self, topic: &str, messages: &[Passing]) -> Passed {
        let started = Instant::now();
        let mut stages = Vec::new();
        let made = match self.instances() {
            Err(refusal) => messages.iter().map(|_| Err(refusal.clone())).collect(),
            Ok(mut instances) => {
                let made = self.run(&mut instances, topic, messages, &mut stages);
                self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(instances);
                made
            }
        };
        Passed { made, stages, elapsed: started.elapsed() }
    }

    fn instances(&self) -> Result<Vec<Transform>, TransformRefusal> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| self.plugins.transforms(&self.config.stages).map_err(|problems| later(&problems)), Ok)
    }

    fn run(
        &self,
        instances: &mut [Transform],
        topic: &str,
        messages: &[Passing],
        runs: &mut Vec<StageRun>,
    ) -> Vec<Result<Vec<Passing>, TransformRefusal>> {
        let item = |(message, passing)| Item { message, record: record(topic, passing), is_made: false };
        let mut underway = Underway {
            items: messages.iter().enumerate().map(item).collect(),
            refusals: messages.iter().map(|_| None).collect(),
        };
        for (stage, transform) in self.config.stages.iter().zip(instances) {
            underway.through(&stage.id, transform, self.records_max, runs);
        }
        underway.ended(messages)
    }
}

impl Underway {
    /// Puts all items through a stage. What refuses one refuses its message.
    fn through(&mut self, stage: &str, transform: &mut Transform, records_max: usize, runs: &mut Vec<StageRun>) {
        let mut waiting = std::mem::take(&mut self.items);
        while !waiting.is_empty() {
            let records: Vec<Record> = waiting.iter().map(|item| item.record.clone()).collect();
            let report = match transform.transform(&records) {
                Ok(report) => report,
                Err(fault) => {
                    waiting.iter().for_each(|item| self.refuse(item.message, host_fault(stage, &fault)));
                    break;
                }
            };
            let (outcomes, run) = taken_apart(stage, report);
            runs.push(run);
            let given = waiting.len();
            let mut untried = Vec::new();
            for (item, outcome) in waiting.into_iter().zip(outcomes) {
                let message = item.message;
                if outcome == Outcome::Untried {
                    untried.push(item);
                } else if let Err(refusal) = self.advance(stage, item, outcome) {
                    self.refuse(message, refusal);
                }
            }
            // Others failed before them, and what made these others is refused now.
            untried.retain(|item| self.refusals[item.message].is_none());
            if untried.len() == given {
                let reason = format!("{stage}: too many of the messages beside it failed");
                untried.drain(..).for_each(|item| self.refuse(item.message, TransformRefusal::Later(reason.clone())));
            }
            waiting = untried;
        }
        self.bound(stage, records_max);
        let refusals = &self.refusals;
        self.items.retain(|item| refusals[item.message].is_none());
    }

    /// What a stage makes of an item.
    fn advance(&mut self, stage: &str, item: Item, outcome: Outcome) -> Result<(), TransformRefusal> {
        match outcome {
            Outcome::Keep => self.items.push(item),
            Outcome::Drop => {}
            Outcome::Emit(records) => {
                for output in records {
                    let record = emitted(stage, &item.record, output)?;
                    self.items.push(Item { message: item.message, record, is_made: true });
                }
            }
            Outcome::Reject(reason) => return Err(TransformRefusal::Rejected(format!("{stage}: {reason}"))),
            Outcome::Retry(reason) => return Err(TransformRefusal::Later(format!("{stage}: {reason}"))),
            Outcome::Fault(fault) => return Err(TransformRefusal::Failed(format!("{stage}: {}", fault.fault))),
            Outcome::Untried => {}
        }
        Ok(())
    }

    fn bound(&mut self, stage: &str, records_max: usize) {
        let mut counts = vec![0; self.refusals.len()];
        self.items.iter().for_each(|item| counts[item.message] += 1);
        for (message, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > records_max) {
            let reason = format!("{stage}: {count} messages are made of one, at most {records_max} are allowed");
            self.refuse(message, TransformRefusal::Failed(reason));
        }
    }

    /// The first reason counts.
    fn refuse(&mut self, message: usize, refusal: TransformRefusal) {
        self.refusals[message].get_or_insert(refusal);
    }

    /// What was made of each message.
    fn ended(self, messages: &[Passing]) -> Vec<Result<Vec<Passing>, TransformRefusal>> {
        let made = self.refusals.into_iter().map(|refusal| refusal.map_or_else(|| Ok(Vec::new()), Err));
        let mut made: Vec<Result<Vec<Passing>, TransformRefusal>> = made.collect();
        for item in self.items {
            let index = item.message;
            if let (Ok(made), Some(sent)) = (&mut made[index], messages.get(index)) {
                made.push(message(item, sent));
            }
        }
        made
    }
}

fn taken_apart(id: &str, report: BatchReport) -> (Vec<Outcome>, StageRun) {
    let run = StageRun {
        id: id.to_owned(),
        elapsed: report.elapsed,
        memory_bytes: report.memory_bytes,
        calls_stopped: report.traps,
        log: report.log,
        log_lines_left_out: report.log_lines_left_out,
    };
    (report.outcomes, run)
}

/// A message stays in the topic that it was sent to.
fn emitted(stage: &str, before: &Record, output: OutputRecord) -> Result<Record, TransformRefusal> {
    if let Some(other) = output.topic.filter(|topic| *topic != before.topic) {
        let topic = &before.topic;
        let reason = format!("{stage}: it is for {other}, but what enters {topic} stays there; use a pipeline");
        return Err(TransformRefusal::Failed(reason));
    }
    Ok(Record {
        key: output.key,
        attributes: output.attributes,
        schema: output.schema,
        payload: output.payload,
        ..before.clone()
    })
}

fn record(topic: &str, passing: &Passing) -> Record {
    let message = &passing.message;
    let mut attributes: Vec<_> = message.attributes.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    attributes.sort();
    let schema = passing.subject.clone().zip(message.schema_version);
    Record {
        topic: topic.to_owned(),
        partition: passing.partition,
        offset: None,
        key: message.routing_key.clone(),
        attributes,
        publish_time_ms: message.publish_time,
        schema: schema.map(|(subject, version)| SchemaReference { subject, version }),
        payload: message.payload.clone(),
    }
}

fn message(item: Item, sent: &Passing) -> Passing {
    if !item.is_made {
        return Passing { message: sent.message.clone(), subject: None, partition: sent.partition };
    }
    let Record { key, attributes, schema, payload, .. } = item.record;
    let (subject, schema_version) = schema.map(|schema| (schema.subject, schema.version)).unzip();
    let attributes: HashMap<String, String> = attributes.into_iter().collect();
    let message = StreamMessage { payload, routing_key: key, attributes, schema_version, ..StreamMessage::default() };
    Passing { message, subject, partition: sent.partition }
}

fn host_fault(stage: &str, fault: &HostFault) -> TransformRefusal {
    let reason = format!("{stage}: {fault}");
    match fault {
        HostFault::Instantiate { .. } => TransformRefusal::Later(reason),
        _ => TransformRefusal::Failed(reason),
    }
}

fn later(problems: &[Problem]) -> TransformRefusal {
    let sentences: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    TransformRefusal::Later(sentences.join("; "))
}

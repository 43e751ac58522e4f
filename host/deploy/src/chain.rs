//! A topic's transforms at work: one message at a time through every stage, each call on a thread where it may block. What enters the topic is the
//! broker's; here a message becomes records, and what is answered of these becomes messages again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use irongate_broker::{Passing, TopicTransforms, TransformRefusal, Transforming};
use irongate_pipeline::{ChainConfig, Format, Plugins, Problem};
use irongate_proto::{danube::StreamMessage, pipelines_v1 as v1, transforms_v1 as wire};
use irongate_runtime::{BatchReport, HostFault, LogLine, Outcome, OutputRecord, Record, SchemaReference, Transform};
use tokio::sync::Semaphore;

use crate::{
    described::stages,
    documents::TransformsDocument,
    limits::TOPIC_MESSAGES_AT_ONCE_MAX,
    plugins::PluginFolder,
    prepare::{Runtimes, Unprepared, parse_chain},
};

/// The transforms of a topic, ready. Clones share the instances.
#[derive(Clone)]
pub(crate) struct Chain {
    shared: Arc<Shared>,
    /// As many as may be in the stages at once; who comes then waits.
    places: Arc<Semaphore>,
}

struct Shared {
    config: ChainConfig,
    plugins: Plugins,
    /// Instances that nobody uses, each a set of all stages.
    idle: Mutex<Vec<Vec<Transform>>>,
    records_max: usize,
}

/// What became of one message.
pub(crate) struct Passed {
    pub(crate) made: Result<Vec<Passing>, TransformRefusal>,
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

/// A record, and whether a stage has made it: one that every stage kept stays the very message that was sent.
struct Item {
    record: Record,
    is_made: bool,
}

impl Chain {
    /// Loads the components and tries whether they start. Blocks.
    pub(crate) fn load(
        document: &TransformsDocument,
        plugins: &PluginFolder,
        runtimes: &Runtimes,
        records_max: usize,
    ) -> Result<Chain, Unprepared> {
        let format = if document.is_yaml { Format::Yaml } else { Format::Toml };
        let mut config = parse_chain(&document.configuration, format).map_err(Unprepared::Problems)?;
        for stage in &mut config.stages {
            if let Some(sha256) = document.components.get(&stage.id) {
                stage.uses = plugins.path(sha256);
                // What is in the folder is what was sent, or it is not used.
                stage.sha256.get_or_insert_with(|| sha256.clone());
            }
        }
        let runtime = runtimes.get(config.stages.iter().any(|stage| stage.limits.fuel_max.is_some()))?;
        let plugins = Plugins::load(&config.stages, &runtime).map_err(Unprepared::Problems)?;
        let first = plugins.transforms(&config.stages).map_err(Unprepared::Problems)?;
        let shared = Shared { config, plugins, idle: Mutex::new(vec![first]), records_max };
        Ok(Chain { shared: Arc::new(shared), places: Arc::new(Semaphore::new(TOPIC_MESSAGES_AT_ONCE_MAX)) })
    }

    pub(crate) fn described(&self) -> Vec<v1::Stage> {
        stages(&self.shared.plugins, &self.shared.config.stages)
    }

    /// Puts a message through all stages.
    pub(crate) async fn pass(&self, topic: &str, passing: Passing) -> Passed {
        let later = |reason: String| Passed {
            made: Err(TransformRefusal::Later(reason)),
            stages: Vec::new(),
            elapsed: Duration::ZERO,
        };
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
            return later("the host is shutting down".to_owned());
        };
        let (shared, topic) = (Arc::clone(&self.shared), topic.to_owned());
        let passed = tokio::task::spawn_blocking(move || {
            // Held until the work is done, also when whoever asked has gone away.
            let _place = place;
            shared.pass(&topic, passing)
        });
        passed.await.unwrap_or_else(|error| later(error.to_string()))
    }
}

impl TopicTransforms for Chain {
    fn transform<'a>(&'a self, topic: &'a str, passing: Passing) -> Transforming<'a> {
        Box::pin(async move {
            let passed = self.pass(topic, passing).await;
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
pub(crate) struct Broken(pub(crate) String);

impl TopicTransforms for Broken {
    fn transform<'a>(&'a self, _: &'a str, _: Passing) -> Transforming<'a> {
        Box::pin(async { Err(TransformRefusal::Unusable(self.0.clone())) })
    }
}

impl Shared {
    fn pass(&self, topic: &str, passing: Passing) -> Passed {
        let started = Instant::now();
        let mut stages = Vec::new();
        let made = self.instances().and_then(|mut instances| {
            let made = self.run(&mut instances, record(topic, &passing), &mut stages);
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(instances);
            made
        });
        let made = made.map(|items| items.into_iter().map(|item| message(item, &passing)).collect());
        Passed { made, stages, elapsed: started.elapsed() }
    }

    fn instances(&self) -> Result<Vec<Transform>, TransformRefusal> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| self.plugins.transforms(&self.config.stages).map_err(|problems| later(&problems)), Ok)
    }

    fn run(
        &self,
        instances: &mut [Transform],
        record: Record,
        runs: &mut Vec<StageRun>,
    ) -> Result<Vec<Item>, TransformRefusal> {
        let mut items = vec![Item { record, is_made: false }];
        for (stage, transform) in self.config.stages.iter().zip(instances) {
            if items.is_empty() {
                break;
            }
            let records: Vec<Record> = items.iter().map(|item| item.record.clone()).collect();
            let report = transform.transform(&records).map_err(|fault| host_fault(&stage.id, &fault))?;
            let (outcomes, run) = taken_apart(&stage.id, report);
            runs.push(run);
            items = advance(&stage.id, items, outcomes)?;
            if items.len() > self.records_max {
                let (count, max) = (items.len(), self.records_max);
                let reason = format!("{}: {count} messages are made of one, at most {max} are allowed", stage.id);
                return Err(TransformRefusal::Failed(reason));
            }
        }
        Ok(items)
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

/// What a stage makes of what the one before it made; one refusal refuses the message.
fn advance(stage: &str, items: Vec<Item>, outcomes: Vec<Outcome>) -> Result<Vec<Item>, TransformRefusal> {
    let mut next = Vec::with_capacity(items.len());
    for (item, outcome) in items.into_iter().zip(outcomes) {
        match outcome {
            Outcome::Keep => next.push(item),
            Outcome::Drop => {}
            Outcome::Emit(records) => {
                for output in records {
                    next.push(Item { record: emitted(stage, &item.record, output)?, is_made: true });
                }
            }
            Outcome::Reject(reason) => return Err(TransformRefusal::Rejected(format!("{stage}: {reason}"))),
            Outcome::Retry(reason) => return Err(TransformRefusal::Later(format!("{stage}: {reason}"))),
            Outcome::Fault(fault) => return Err(TransformRefusal::Failed(format!("{stage}: {}", fault.fault))),
            Outcome::Untried => {
                let reason = format!("{stage}: too many of the messages that were made of it failed");
                return Err(TransformRefusal::Failed(reason));
            }
        }
    }
    Ok(next)
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

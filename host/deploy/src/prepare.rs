//! From a version as it is kept to one that can start: the file parsed, its components loaded and configured, its schemas compiled, its targets there.
//! Consumes nothing.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use irongate_broker::{Broker, BrokerError};
use irongate_pipeline::{
    ChainConfig, Format, Pending, PipelineConfig, Place, Plugins, Problem, Schemas, SendError, Target, Uses,
};
use irongate_pipeline::{Outgoing, Stages};
use irongate_proto::{
    danube::{DispatchStrategy, SchemaReference, schema_reference::VersionRef},
    danube_schema::{GetLatestSchemaRequest, GetSchemaRequest},
    irongate_v1::PublishRequest,
};
use irongate_runtime::{EngineLimits, Runtime, RuntimeConfig};
use irongate_schema::{Schema, SchemaType};

use crate::{documents::VersionDocument, error::DeployError, plugins::PluginFolder};

/// Runtimes of the host, made when the first transform needs one: counting fuel costs time, so it is done apart.
pub(crate) struct Runtimes {
    cache_folder: std::path::PathBuf,
    instances_max: u32,
    made: Mutex<HashMap<bool, Runtime>>,
}

impl Runtimes {
    pub(crate) fn new(data_dir: &Path, instances_max: u32) -> Runtimes {
        Runtimes { cache_folder: data_dir.join("compiled-transforms"), instances_max, made: Mutex::default() }
    }

    pub(crate) fn get(&self, counts_fuel: bool) -> Result<Runtime, DeployError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = made.get(&counts_fuel) {
            return Ok(runtime.clone());
        }
        let limits = EngineLimits { counts_fuel, instances_max: self.instances_max, ..EngineLimits::default() };
        let config = RuntimeConfig { cache_folder: Some(self.cache_folder.clone()), limits };
        let runtime = Runtime::new(config).map_err(|error| DeployError::Runtime { reason: error.to_string() })?;
        made.insert(counts_fuel, runtime.clone());
        Ok(runtime)
    }
}

/// A version whose file and components are right.
pub(crate) struct Prepared {
    pub(crate) config: PipelineConfig,
    pub(crate) plugins: Plugins,
    /// For the next run: an interpreter takes its time to start, and nothing should wait for that while one version takes another's place.
    ready: Mutex<Option<Stages>>,
}

/// What is wrong, or why it could not be found out.
pub(crate) enum Unprepared {
    Problems(Vec<Problem>),
    Error(DeployError),
}

impl From<DeployError> for Unprepared {
    fn from(error: DeployError) -> Unprepared {
        Unprepared::Error(error)
    }
}

/// Parses the file.
pub(crate) fn parse(configuration: &str, is_yaml: bool) -> Result<PipelineConfig, Vec<Problem>> {
    let format = if is_yaml { Format::Yaml } else { Format::Toml };
    let config = PipelineConfig::parse(configuration, format, Path::new(""))?;
    let fleeting = config.targets.iter().enumerate().filter(|(_, target)| !target.reliable);
    let problems: Vec<Problem> = fleeting
        .map(|(index, target)| {
            let path = format!("pipeline.to[{index}].reliable");
            let message = format!("{} is not reliable, and exactly once needs targets that are stored", target.topic);
            problem(&path, message, "leave `reliable` out, or run the pipeline with irongate pipeline run")
        })
        .collect();
    if problems.is_empty() { Ok(config) } else { Err(problems) }
}

/// Parses the file of a topic's transforms.
pub(crate) fn parse_chain(configuration: &str, format: Format) -> Result<ChainConfig, Vec<Problem>> {
    ChainConfig::parse(configuration, format, Path::new(""))
}

/// A problem that has no place in the file.
pub(crate) fn problem(path: &str, message: String, suggestion: &str) -> Problem {
    let place = Place { line: 1, column: 1 };
    Problem { place, path: path.to_owned(), message, suggestion: Some(suggestion.to_owned()) }
}

/// Parses the file, loads every component and starts its instances. Blocks.
pub(crate) fn prepare(
    version: &VersionDocument,
    plugins: &PluginFolder,
    runtimes: &Runtimes,
) -> Result<Prepared, Unprepared> {
    let mut config = parse(&version.configuration, version.is_yaml).map_err(Unprepared::Problems)?;
    for stage in &mut config.stages {
        if let Some(sha256) = version.components.get(&stage.id) {
            stage.uses = Uses::File(plugins.path(sha256));
        }
    }
    let runtime = runtimes.get(config.stages.iter().any(|stage| stage.limits.fuel_max.is_some()))?;
    let plugins = Plugins::load(&config.stages, &runtime).map_err(Unprepared::Problems)?;
    // Whether every stage starts is known before the version before it is stopped.
    let ready = plugins.configure(&config).map_err(Unprepared::Problems)?;
    Ok(Prepared { config, plugins, ready: Mutex::new(Some(ready)) })
}

impl Prepared {
    /// Stages of their own for one run. Blocks.
    pub(crate) fn stages(&self) -> Result<Stages, Vec<Problem>> {
        self.take_ready().map_or_else(|| self.plugins.configure(&self.config), Ok)
    }

    /// Gives back what is ready for a run that does not come: instances are counted.
    pub(crate) fn is_not_started(&self) {
        drop(self.take_ready());
    }

    fn take_ready(&self) -> Option<Stages> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Compiles the schemas of the targets and creates the topics that are missing.
    pub(crate) async fn open_targets(&self, broker: &Broker) -> Result<Schemas, DeployError> {
        let schemas = self.schemas(broker).await?;
        for target in &self.config.targets {
            let reference = target.schema().map(|(subject, version)| {
                let version_ref = version.map_or(VersionRef::UseLatest(true), VersionRef::PinnedVersion);
                SchemaReference { subject, version_ref: Some(version_ref) }
            });
            self.open(broker, &target.topic, target.partitions, reference).await?;
        }
        if let Some(dead_letter) = &self.config.dead_letter {
            self.open(broker, &dead_letter.topic, 0, None).await?;
        }
        Ok(schemas)
    }

    /// Compiles the schemas of the targets.
    pub(crate) async fn schemas(&self, broker: &Broker) -> Result<Schemas, DeployError> {
        let mut schemas = Schemas::new();
        for (subject, version) in self.config.targets.iter().filter_map(|target| target.schema()) {
            let compiled = schema(broker, &subject, version).await?;
            schemas.insert((subject, version), compiled);
        }
        Ok(schemas)
    }

    /// A call without messages creates the topic, or says what is wrong with it.
    async fn open(
        &self,
        broker: &Broker,
        topic: &str,
        partitions: u32,
        schema_ref: Option<SchemaReference>,
    ) -> Result<(), DeployError> {
        let request = PublishRequest {
            topic: topic.to_owned(),
            producer_name: format!("pipeline-{}", self.config.name),
            dispatch_strategy: Some(DispatchStrategy::Reliable.into()),
            partitions,
            schema_ref,
            messages: Vec::new(),
        };
        Ok(broker.publish(request).await.map(|_| ())?)
    }
}

async fn schema(broker: &Broker, subject: &str, version: Option<u32>) -> Result<Arc<Schema>, DeployError> {
    let request = GetLatestSchemaRequest { subject: subject.to_owned() };
    let mut found = broker.get_latest_schema(request).await?;
    if version.is_some() && version != Some(found.version) {
        found = broker.get_schema(GetSchemaRequest { schema_id: found.schema_id, version }).await?;
    }
    let compiled = found.schema_type.parse::<SchemaType>().map_err(|error| error.to_string()).and_then(|schema_type| {
        Schema::compile(schema_type, &found.schema_definition).map_err(|error| error.to_string())
    });
    let broken = |reason| DeployError::Precondition {
        what: format!("the schema {subject} version {} cannot be used: {reason}", found.version),
    };
    compiled.map(Arc::new).map_err(broken)
}

/// Stands where a target is written, but never on its own: what goes there goes with the batch it belongs to.
pub(crate) struct WithTheBatch;

impl Target for WithTheBatch {
    fn send<'a>(&'a self, batch: &'a [Outgoing]) -> Pending<'a, Vec<Result<(), SendError>>> {
        let refused = || Err(SendError::Later("this target is written together with the whole batch only".to_owned()));
        Box::pin(async move { batch.iter().map(|_| refused()).collect() })
    }
}

/// By which pipelines a topic is written or read, to find circles: for each pipeline its source and its sinks.
pub(crate) fn circle(pipelines: &BTreeMap<String, (String, Vec<String>)>) -> Option<Vec<String>> {
    fn walk<'a>(
        topic: &'a str,
        pipelines: &'a BTreeMap<String, (String, Vec<String>)>,
        path: &mut Vec<&'a str>,
    ) -> Option<Vec<String>> {
        if let Some(start) = path.iter().position(|seen| *seen == topic) {
            return Some(path[start..].iter().chain([&topic]).map(|topic| (*topic).to_owned()).collect());
        }
        path.push(topic);
        let readers = pipelines.values().filter(|(from, _)| from == topic);
        let found = readers.flat_map(|(_, to)| to).find_map(|next| walk(next, pipelines, path));
        path.pop();
        found
    }
    pipelines.values().find_map(|(from, _)| walk(from, pipelines, &mut Vec::new()))
}

/// The sentence of an error of the broker for a topic that is read.
pub(crate) fn source_error(error: BrokerError) -> String {
    match error {
        BrokerError::TopicMissing { topic } => format!("the topic {topic} does not exist; create it, or produce to it"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_that_would_come_back_for_ever_are_noticed() {
        let one = |from: &str, to: &[&str]| (from.to_owned(), to.iter().map(|topic| (*topic).to_owned()).collect());
        let mut pipelines = BTreeMap::from([("a".to_owned(), one("/a/1", &["/a/2", "/a/3"]))]);
        pipelines.insert("b".to_owned(), one("/a/2", &["/a/4"]));
        assert_eq!(circle(&pipelines), None);
        pipelines.insert("c".to_owned(), one("/a/4", &["/a/1"]));
        assert_eq!(circle(&pipelines).expect("a circle"), ["/a/1", "/a/2", "/a/4", "/a/1"]);
    }
}

//! All pipelines of a host: deploy, list, pause, resume, roll back, remove. One change at a time; what it decides is written down before it is done.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use irongate_broker::{Broker, Note};
use irongate_pipeline::Problem;
use irongate_proto::pipelines_v1 as v1;
use irongate_runtime::EngineLimits;
use prost::Message;
use tokio::sync::{Mutex, mpsc};

use crate::{
    described::refused,
    documents::{self, PipelineDocument, VersionDocument},
    error::DeployError,
    ledger::{Figures, Ledgers},
    limits::{COMPONENT_BYTES_MAX, PIPELINES_MAX, TOPIC_INSTANCES_MAX},
    plugins::PluginFolder,
    prepare::{Prepared, Runtimes, Unprepared, parse, prepare},
    running::{Running, blocking, sentences},
    topic_counts::TopicLedgers,
    topics::{self, Chains},
    way_back::{self, GivenUp, WayBack},
};

/// The pipelines of a host. Clones share them.
#[derive(Clone)]
pub struct Deployments {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) broker: Broker,
    pub(crate) plugins: PluginFolder,
    runtimes: Runtimes,
    pub(crate) ledgers: Ledgers,
    given_up: mpsc::Sender<GivenUp>,
    /// A pipeline that takes every instance leaves those of the topics.
    pub(crate) topic_runtimes: Runtimes,
    pub(crate) topic_ledgers: TopicLedgers,
    pub(crate) pipelines: Mutex<Pipelines>,
}

#[derive(Default)]
pub(crate) struct Pipelines {
    pub(crate) by_name: BTreeMap<String, Deployed>,
    pub(crate) topics: Chains,
    is_closed: bool,
}

pub(crate) struct Deployed {
    pub(crate) document: PipelineDocument,
    /// Absent where what is kept cannot be used any more; then `failure` says why.
    pub(crate) prepared: Option<Arc<Prepared>>,
    pub(crate) running: Option<Running>,
    pub(crate) failure: String,
}

impl std::fmt::Debug for Deployments {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Deployments").finish_non_exhaustive()
    }
}

#[expect(clippy::missing_errors_doc, reason = "every error is a DeployError, whose variants say when")]
impl Deployments {
    /// Reads what is kept and starts every pipeline that is not paused.
    pub async fn open(broker: Broker, data_dir: &Path) -> Result<Deployments, DeployError> {
        let plugins = PluginFolder::open(data_dir)?;
        let runtimes = Runtimes::new(data_dir, EngineLimits::default().instances_max);
        let topic_runtimes = Runtimes::new(data_dir, TOPIC_INSTANCES_MAX);
        let (given_up, giving_up) = mpsc::channel(PIPELINES_MAX);
        let shared = Arc::new(Shared {
            broker,
            plugins,
            runtimes,
            ledgers: Ledgers::default(),
            given_up,
            topic_runtimes,
            topic_ledgers: TopicLedgers::default(),
            pipelines: Mutex::default(),
        });
        way_back::serve(&shared, giving_up);
        // A version that is given up before all are there waits for that.
        let mut pipelines = shared.pipelines.lock().await;
        // Pipelines write to topics.
        pipelines.topics = topics::revive(&shared).await;
        for (note, value) in shared.broker.notes(documents::pipelines_prefix())? {
            let Some(name) = documents::pipeline_name(&note) else { continue };
            let damaged =
                |error: prost::DecodeError| DeployError::Damaged { name: name.to_owned(), reason: error.to_string() };
            let document = PipelineDocument::decode(&*value).map_err(damaged)?;
            pipelines.by_name.insert(name.to_owned(), shared.revive(name, document).await?);
        }
        drop(pipelines);
        Ok(Deployments { shared })
    }

    /// The broker, and what keeps every pipeline as it is for as long as it is held.
    pub(crate) async fn still(&self) -> Result<(&Broker, impl Sized + '_), DeployError> {
        Ok((&self.shared.broker, self.shared.open_pipelines().await?))
    }

    /// The folder with the components.
    pub(crate) fn components(&self) -> PathBuf {
        self.shared.plugins.folder().to_owned()
    }

    /// Drains every pipeline; afterwards every change is refused.
    pub async fn close(&self) {
        let mut pipelines = self.shared.pipelines.lock().await;
        pipelines.is_closed = true;
        let stopping: Vec<_> = pipelines.by_name.values_mut().filter_map(|one| one.running.take()).collect();
        let mut ending = tokio::task::JoinSet::new();
        stopping.into_iter().for_each(|running| drop(ending.spawn(running.stop())));
        ending.join_all().await;
    }

    /// Starts a pipeline, or another version of one.
    pub async fn deploy(&self, request: v1::DeployPipelineRequest) -> Result<v1::DeployPipelineResponse, DeployError> {
        let mut pipelines = self.shared.open_pipelines().await?;
        let config = match parse(&request.configuration, request.is_yaml) {
            Ok(config) => config,
            Err(problems) => return Ok(refused(problems)),
        };
        let problems = pipelines.against(&config, &request);
        if !problems.is_empty() {
            return Ok(refused(problems));
        }
        let known = pipelines.by_name.get(&config.name);
        if known.is_none() && pipelines.by_name.len() >= PIPELINES_MAX {
            let what = format!("there are {} pipelines", pipelines.by_name.len());
            return Err(DeployError::LimitReached { what, limit: PIPELINES_MAX });
        }
        let mut document = known.map_or_else(PipelineDocument::default, |known| known.document.clone());
        let components = self.shared.keep(request.components).await?;
        document.push(request.configuration, request.is_yaml, components);
        let answered = self.shared.put(&mut pipelines, config.name, document).await?;
        Ok(answered.map_or_else(refused, |version| v1::DeployPipelineResponse { version, problems: Vec::new() }))
    }

    /// All pipelines, by name.
    pub async fn list(&self) -> v1::ListPipelinesResponse {
        let pipelines = self.shared.pipelines.lock().await;
        let describe =
            |(name, one): (&String, &Deployed)| one.describe(name, &self.shared.ledgers.of(name), &self.shared.broker);
        let pipelines = pipelines.by_name.iter().map(describe).collect();
        v1::ListPipelinesResponse { pipelines, answered_at_ms: documents::now_ms() }
    }

    /// What each pipeline has done, by name. Waits for nothing.
    #[must_use]
    pub fn figures(&self) -> Vec<Figures> {
        self.shared.ledgers.figures(&self.shared.broker)
    }

    /// Settles what is in flight and reads no more.
    pub async fn pause(&self, name: &str) -> Result<(), DeployError> {
        let mut pipelines = self.shared.open_pipelines().await?;
        let deployed = pipelines.get(name)?;
        deployed.document.is_paused = true;
        self.shared.broker.write_notes(vec![documents::pipeline(name, Some(&deployed.document))]).await?;
        if let Some(running) = deployed.running.take() {
            running.stop().await;
        }
        Ok(())
    }

    /// Goes on where it was paused.
    pub async fn resume(&self, name: &str) -> Result<(), DeployError> {
        let mut pipelines = self.shared.open_pipelines().await?;
        let deployed = pipelines.get(name)?;
        let Some(prepared) = deployed.prepared.clone() else {
            return Err(DeployError::Precondition { what: deployed.failure.clone() });
        };
        deployed.document.is_paused = false;
        self.shared.broker.write_notes(vec![documents::pipeline(name, Some(&deployed.document))]).await?;
        if deployed.running.is_none() {
            deployed.running = Some(self.shared.start(name, prepared, &deployed.document));
        }
        Ok(())
    }

    /// Deploys the version before the last one again.
    pub async fn rollback(&self, name: &str) -> Result<u64, DeployError> {
        let mut pipelines = self.shared.open_pipelines().await?;
        let mut document = pipelines.get(name)?.document.clone();
        if !document.go_back() {
            return Err(DeployError::Precondition {
                what: format!("the pipeline {name} has no version before this one"),
            });
        }
        match self.shared.put(&mut pipelines, name.to_owned(), document).await? {
            Ok(version) => Ok(version),
            Err(problems) => Err(DeployError::Precondition { what: sentences(&problems) }),
        }
    }

    /// Ends it and forgets it and the state of its stages.
    pub async fn remove(&self, name: &str) -> Result<(), DeployError> {
        let mut pipelines = self.shared.open_pipelines().await?;
        if let Some(running) = pipelines.get(name)?.running.take() {
            running.stop().await;
        }
        let state = self.shared.broker.notes(&documents::state_prefix(name))?;
        let gone = state.into_iter().map(|(name, _)| Note { name, value: None });
        let notes = gone.chain([documents::pipeline(name, None)]).collect();
        self.shared.broker.write_notes(notes).await?;
        pipelines.by_name.remove(name);
        self.shared.ledgers.forget(name);
        self.shared.tidy(&pipelines)
    }
}

impl Shared {
    pub(crate) async fn open_pipelines(&self) -> Result<tokio::sync::MutexGuard<'_, Pipelines>, DeployError> {
        let pipelines = self.pipelines.lock().await;
        if pipelines.is_closed { Err(DeployError::Closed) } else { Ok(pipelines) }
    }

    /// A pipeline as it was kept. One that cannot be used any more is listed with the reason, and the others run.
    async fn revive(self: &Arc<Self>, name: &str, document: PipelineDocument) -> Result<Deployed, DeployError> {
        let version = document.versions.last().cloned().unwrap_or_default();
        let (prepared, failure) = match self.prepare(version).await? {
            Ok(prepared) => (Some(Arc::new(prepared)), String::new()),
            Err(problems) => (None, sentences(&problems)),
        };
        if !failure.is_empty() {
            tracing::error!(pipeline = name, "it cannot be started: {failure}");
        }
        let running = prepared.as_ref().and_then(|prepared| self.place(name, prepared, &document));
        Ok(Deployed { document, prepared, running, failure })
    }

    /// Puts a version in place, and starts it unless the pipeline is paused.
    fn place(&self, name: &str, prepared: &Arc<Prepared>, document: &PipelineDocument) -> Option<Running> {
        self.ledgers.of(name).reads(&prepared.config);
        if document.is_paused {
            prepared.is_not_started();
            return None;
        }
        Some(self.start(name, Arc::clone(prepared), document))
    }

    fn start(&self, name: &str, prepared: Arc<Prepared>, document: &PipelineDocument) -> Running {
        let version = document.versions.last().filter(|last| document.versions.len() > 1 && !last.is_return);
        let way_back = version.map(|version| WayBack {
            name: name.to_owned(),
            version: version.number,
            given_up: self.given_up.clone(),
        });
        Running::start(self.broker.clone(), prepared, self.ledgers.of(name), way_back)
    }

    /// Deploys the version before one that was given up. Where that cannot be, the one that was given up goes on as it can.
    pub(crate) async fn go_back(self: &Arc<Self>, given_up: GivenUp) -> Result<(), DeployError> {
        let GivenUp { name, version, reason } = given_up;
        let mut pipelines = self.open_pipelines().await?;
        let mut document = pipelines.get(&name)?.document.clone();
        let is_current = document.versions.last().is_some_and(|last| last.number == version);
        if !is_current || !document.take_back(&reason) {
            return Ok(());
        }
        let what = match self.put(&mut pipelines, name.clone(), document).await {
            Ok(Ok(number)) => {
                self.ledgers.of(&name).has_taken_back();
                tracing::error!(
                    pipeline = name,
                    "version {version} is taken back, the one before runs as {number}: {reason}"
                );
                return Ok(());
            }
            Ok(Err(problems)) => sentences(&problems),
            Err(error) => error.to_string(),
        };
        let deployed = pipelines.get(&name)?;
        if let Some(prepared) = deployed.prepared.clone().filter(|_| !deployed.document.is_paused) {
            deployed.running = Some(Running::start(self.broker.clone(), prepared, self.ledgers.of(&name), None));
        }
        Err(DeployError::Precondition { what })
    }

    async fn prepare(
        self: &Arc<Self>,
        version: VersionDocument,
    ) -> Result<Result<Prepared, Vec<Problem>>, DeployError> {
        let shared = Arc::clone(self);
        let prepared = blocking(move || prepare(&version, &shared.plugins, &shared.runtimes));
        match prepared.await? {
            Ok(prepared) => Ok(Ok(prepared)),
            Err(Unprepared::Problems(problems)) => Ok(Err(problems)),
            Err(Unprepared::Error(error)) => Err(error),
        }
    }

    /// Checks the newest version of a document, writes it down, and puts it in the place of the one that runs.
    async fn put(
        self: &Arc<Self>,
        pipelines: &mut Pipelines,
        name: String,
        document: PipelineDocument,
    ) -> Result<Result<u64, Vec<Problem>>, DeployError> {
        let version = document.versions.last().cloned().unwrap_or_default();
        let number = version.number;
        let prepared = match self.prepare(version).await? {
            Ok(prepared) => Arc::new(prepared),
            Err(problems) => {
                self.tidy(pipelines)?;
                return Ok(Err(problems));
            }
        };
        prepared.open_targets(&self.broker).await?;
        self.broker.write_notes(vec![documents::pipeline(&name, Some(&document))]).await?;
        let before = pipelines.by_name.get_mut(&name).and_then(|deployed| deployed.running.take());
        if let Some(before) = before {
            before.stop().await;
        }
        let running = self.place(&name, &prepared, &document);
        let deployed = Deployed { document, prepared: Some(prepared), running, failure: String::new() };
        pipelines.by_name.insert(name, deployed);
        self.tidy(pipelines)?;
        Ok(Ok(number))
    }

    pub(crate) async fn keep(
        self: &Arc<Self>,
        components: std::collections::HashMap<String, bytes::Bytes>,
    ) -> Result<std::collections::HashMap<String, String>, DeployError> {
        let bytes: usize = components.values().map(bytes::Bytes::len).sum();
        if bytes > COMPONENT_BYTES_MAX {
            let what = format!("the components have {bytes} bytes together");
            return Err(DeployError::LimitReached { what, limit: COMPONENT_BYTES_MAX });
        }
        let shared = Arc::clone(self);
        let kept = blocking(move || {
            let keep = |(stage, component): (String, bytes::Bytes)| Ok((stage, shared.plugins.keep(&component)?));
            components.into_iter().map(keep).collect()
        });
        kept.await?
    }

    /// Removes components that no version and no topic uses any more.
    pub(crate) fn tidy(&self, pipelines: &Pipelines) -> Result<(), DeployError> {
        // What cannot be read may need any of them.
        let Some(mut wanted) = topics::components(&self.broker) else { return Ok(()) };
        let versions = pipelines.by_name.values().flat_map(|one| &one.document.versions);
        wanted.extend(versions.flat_map(|version| version.components.values().cloned()));
        self.plugins.keep_only(&wanted)
    }
}

impl Pipelines {
    fn get(&mut self, name: &str) -> Result<&mut Deployed, DeployError> {
        self.by_name.get_mut(name).ok_or_else(|| DeployError::Missing { name: name.to_owned() })
    }
}

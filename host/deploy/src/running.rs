//! A pipeline that is to run: started, watched, started again when it fails, drained when it is to stop. Writes nothing down.

use std::{sync::Arc, time::Duration};

use irongate_broker::Broker;
use irongate_pipeline::{EngineError, Problem, plan, run};
use tokio::{
    sync::watch,
    task::{JoinHandle, spawn_blocking},
};

use crate::{
    committer::EmbeddedCommitter,
    documents,
    error::DeployError,
    ledger::Ledger,
    limits::{RESTART_PAUSE, RESTART_PAUSE_MAX},
    prepare::{Prepared, WithTheBatch, source_error},
    source::{EmbeddedAcknowledger, EmbeddedSource},
    way_back::WayBack,
};

/// A pipeline at work.
pub(crate) struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    /// With a way back, the version ends by it where its stages do not work.
    pub(crate) fn start(
        broker: Broker,
        prepared: Arc<Prepared>,
        ledger: Arc<Ledger>,
        way_back: Option<WayBack>,
    ) -> Running {
        let (stop, stopping) = watch::channel(false);
        let worker = Worker { broker, prepared, ledger, way_back, stopping };
        Running { stop, task: tokio::spawn(worker.work()) }
    }

    /// Settles what is in flight, within the pipeline's own time, and ends.
    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        if self.task.await.is_err() {
            tracing::error!("a pipeline ended with a panic");
        }
    }
}

/// Why a run ended.
struct Failure {
    reason: String,
    /// Record after record stopped a stage.
    is_stopped: bool,
}

impl From<String> for Failure {
    fn from(reason: String) -> Failure {
        Failure { reason, is_stopped: false }
    }
}

struct Worker {
    broker: Broker,
    prepared: Arc<Prepared>,
    ledger: Arc<Ledger>,
    way_back: Option<WayBack>,
    stopping: watch::Receiver<bool>,
}

impl Worker {
    async fn work(mut self) {
        let mut pause = RESTART_PAUSE;
        loop {
            let Failure { reason: failure, is_stopped } = match self.run().await {
                Ok(()) => return,
                Err(failure) => failure,
            };
            if let Some(way_back) = self.way_back.take_if(|_| is_stopped) {
                self.ledger.has_failed(failure.clone(), 0);
                return way_back.take(failure).await;
            }
            let name = &self.prepared.config.name;
            tracing::warn!(pipeline = name, "it failed and is started again in {} ms: {failure}", pause.as_millis());
            let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            self.ledger.has_failed(failure, documents::now_ms().saturating_add(pause_ms));
            if self.stopped_within(pause).await {
                return;
            }
            pause = (pause * 2).min(RESTART_PAUSE_MAX);
        }
    }

    /// One run, to the end or to its failure.
    async fn run(&self) -> Result<(), Failure> {
        let config = &self.prepared.config;
        let schemas = self.prepared.open_targets(&self.broker).await.map_err(|error| error.to_string())?;
        let prepared = Arc::clone(&self.prepared);
        let configured = spawn_blocking(move || prepared.stages()).await.map_err(|error| error.to_string())?;
        let mut stages = configured.map_err(|problems| sentences(&problems))?;
        let kept = self.broker.notes(&documents::state_prefix(&config.name)).map_err(|error| error.to_string())?;
        for (name, value) in kept {
            if let Some(write) = documents::restored(&config.name, &name, value) {
                stages.restore(config, write);
            }
        }
        let committer = EmbeddedCommitter {
            broker: self.broker.clone(),
            pipeline: config.name.clone(),
            subscription: config.subscription.clone(),
            dead_letter: config.dead_letter.as_ref().map(|dead_letter| dead_letter.topic.clone()),
            ledger: Arc::clone(&self.ledger),
        };
        let acknowledger =
            EmbeddedAcknowledger { broker: self.broker.clone(), subscription: config.subscription.clone() };
        let plan = plan(config, stages, &schemas, |_| Arc::new(WithTheBatch)).committing(Arc::new(committer));
        let plan = if self.way_back.is_some() { plan.ending_when_stopped() } else { plan };
        let source = EmbeddedSource::open(&self.broker, config).await.map_err(source_error)?;
        self.ledger.has_begun(plan.books());
        let mut stopping = self.stopping.clone();
        let stop = async move {
            // An error says that nobody is left to ask for more.
            let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
        };
        let ended = run(plan, Box::new(source), Arc::new(acknowledger), stop).await;
        self.ledger.has_ended();
        let ended = ended.map_err(|error| Failure {
            is_stopped: matches!(error, EngineError::Stopped { .. }),
            reason: chain(&error),
        })?;
        if ended.counts.in_flight > 0 {
            tracing::warn!(pipeline = config.name, left = ended.counts.in_flight, "stopped; the rest comes again");
        }
        Ok(())
    }

    async fn stopped_within(&mut self, pause: Duration) -> bool {
        tokio::time::timeout(pause, self.stopping.wait_for(|is_stopping| *is_stopping)).await.is_ok()
    }
}

pub(crate) fn sentences(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn chain(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(|cause| format!(": {}", chain(cause))).unwrap_or_default();
    format!("{error}{cause}")
}

/// Makes a version ready and answers it with what is wrong, if something is.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, DeployError> {
    spawn_blocking(work).await.map_err(|error| DeployError::Runtime { reason: error.to_string() })
}

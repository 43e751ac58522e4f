//! From a checked configuration to a plan that can run: components loaded and configured, one set for each lane, before anything is consumed. Opens no
//! connection; whoever calls brings schemas and targets.

use std::{collections::BTreeMap, sync::Arc};

use irongate_runtime::{ConfigureError, GuestError, GuestFault, MemoryState, Plugin, Runtime, Transform};
use irongate_schema::{Schema, SchemaType};

use crate::{
    config::{PipelineConfig, Problem, StageConfig},
    engine::{LaneStages, LaneState, OpenDeadLetter, OpenTarget, Plan, Stage, StageTerms, StateWrite, Target, Terms},
};

/// Compiled schemas, by the subject and the version that a target names; no version: the latest.
pub type Schemas = BTreeMap<(String, Option<u32>), Arc<Schema>>;

/// The plugins of a configuration, in the order of its stages.
pub struct Plugins {
    plugins: Vec<Plugin>,
}

/// The stages of every lane, configured.
pub struct Stages {
    sha256: Vec<String>,
    lanes: Vec<LaneStages>,
}

impl Plugins {
    /// Loads the component of every stage, and checks its digest and its configuration against its own schema.
    ///
    /// # Errors
    /// Every problem, with its place in the file.
    pub fn load(stages: &[StageConfig], runtime: &Runtime) -> Result<Plugins, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut plugins = Vec::new();
        for stage in stages {
            match load(stage, runtime) {
                Ok(plugin) => plugins.push(plugin),
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() { Ok(Plugins { plugins }) } else { Err(problems) }
    }

    /// Each stage's id with its plugin's name and version, and the plugin's sha256.
    pub fn described<'a>(
        &'a self,
        stages: &'a [StageConfig],
    ) -> impl Iterator<Item = (String, String, String)> + use<'a> {
        stages.iter().zip(&self.plugins).map(|(stage, plugin)| {
            let description = plugin.description();
            let name = format!("{} {}", description.name, description.version);
            (stage.id.clone(), name, plugin.sha256().to_owned())
        })
    }

    /// Configures an instance of every stage for every lane.
    ///
    /// # Errors
    /// Every stage that does not start, with its place in the file.
    pub fn configure(&self, config: &PipelineConfig) -> Result<Stages, Vec<Problem>> {
        self.configured(config, config.lanes)
    }

    /// Configures an instance of every stage for one lane, which is the first then.
    ///
    /// # Errors
    /// As [`Plugins::configure`].
    pub fn configure_one(&self, config: &PipelineConfig) -> Result<Stages, Vec<Problem>> {
        self.configured(config, 1)
    }

    fn configured(&self, config: &PipelineConfig, lanes_max: usize) -> Result<Stages, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut lanes = Vec::new();
        let room = Arc::default();
        for lane in 0..lanes_max {
            let mut made = LaneStages::default();
            for (stage, plugin) in config.stages.iter().zip(&self.plugins) {
                let state = Arc::new(LaneState::within(&room));
                let reader: Arc<LaneState> = Arc::clone(&state);
                match plugin.configure(&stage.with, stage.limits.clone(), stage.grants, reader) {
                    Ok(transform) => made.stages.push(Box::new(transform)),
                    Err(error) if lane == 0 => problems.push(does_not_start(stage, &error)),
                    Err(_) => {}
                }
                made.states.push(state);
            }
            lanes.push(made);
        }
        let sha256 = self.plugins.iter().map(|plugin| plugin.sha256().to_owned()).collect();
        let is_whole = lanes.iter().all(|lane| lane.stages.len() == config.stages.len());
        if is_whole { Ok(Stages { sha256, lanes }) } else { Err(problems) }
    }

    /// Configures one instance of every stage, without state.
    ///
    /// # Errors
    /// Every stage that does not start, with its place in the file.
    pub fn transforms(&self, stages: &[StageConfig]) -> Result<Vec<Transform>, Vec<Problem>> {
        let (mut made, mut problems) = (Vec::new(), Vec::new());
        for (stage, plugin) in stages.iter().zip(&self.plugins) {
            let state = Arc::new(MemoryState::default());
            match plugin.configure(&stage.with, stage.limits.clone(), stage.grants, state) {
                Ok(transform) => made.push(transform),
                Err(error) => problems.push(does_not_start(stage, &error)),
            }
        }
        if problems.is_empty() { Ok(made) } else { Err(problems) }
    }
}

impl Stages {
    /// Puts a value back that a stage had in its state when it ran last. Says whether the configuration has that stage and that lane.
    pub fn restore(&mut self, config: &PipelineConfig, kept: StateWrite) -> bool {
        let stage = config.stages.iter().position(|stage| stage.id == kept.stage && stage.grants.state);
        let state = stage.and_then(|stage| self.lanes.get(kept.lane)?.states.get(stage));
        let (Some(state), Some(value)) = (state, kept.value) else { return false };
        state.restore(kept.key, value);
        true
    }

    /// Stages that are no components, for tests of the engine: one list for each lane.
    #[must_use]
    pub fn native(lanes: Vec<Vec<Box<dyn Stage>>>) -> Stages {
        let sha256 = lanes.first().map_or(0, Vec::len);
        let room = Arc::default();
        let lane = |stages: Vec<Box<dyn Stage>>| {
            let states = stages.iter().map(|_| Arc::new(LaneState::within(&room))).collect();
            LaneStages { stages, states, ..LaneStages::default() }
        };
        Stages { sha256: vec![String::new(); sha256], lanes: lanes.into_iter().map(lane).collect() }
    }
}

/// Compiles the schemas that the configuration has in files.
///
/// # Errors
/// One sentence for each that cannot be read or does not compile.
pub fn schemas(config: &PipelineConfig) -> Result<Schemas, Vec<String>> {
    let mut schemas = Schemas::new();
    let mut problems = Vec::new();
    for schema in &config.schemas {
        let compiled = std::fs::read(&schema.file)
            .map_err(|error| error.to_string())
            .and_then(|text| Schema::compile(schema.schema_type, &text).map_err(|error| error.to_string()));
        match compiled {
            Ok(compiled) => {
                let compiled = Arc::new(compiled);
                let users =
                    config.targets.iter().filter(|target| target.schema_subject.as_ref() == Some(&schema.subject));
                schemas.extend(users.filter_map(|target| Some((target.schema()?, Arc::clone(&compiled)))));
            }
            Err(reason) => {
                problems.push(format!("the schema {} in {}: {reason}", schema.subject, schema.file.display()))
            }
        }
    }
    if problems.is_empty() { Ok(schemas) } else { Err(problems) }
}

/// Puts a plan together. `open` answers the way into a target or the dead letters, by topic.
pub fn plan(
    config: &PipelineConfig,
    stages: Stages,
    schemas: &Schemas,
    open: impl Fn(&str) -> Arc<dyn Target>,
) -> Plan {
    let stage_terms = config.stages.iter().zip(&stages.sha256).map(|(stage, sha256)| StageTerms {
        id: stage.id.clone(),
        retry: stage.retry,
        on_error: stage.on_error,
        keeps_state: stage.grants.state,
        sha256: sha256.clone(),
    });
    let targets = config.targets.iter().map(|target| OpenTarget {
        topic: target.topic.clone(),
        schema: target.schema().and_then(|wanted| schemas.get(&wanted).cloned()),
        when: target.when.clone(),
        message_bytes_max: target.message_bytes_max,
        retry: target.retry,
        on_error: target.on_error,
        port: open(&target.topic),
    });
    let terms = Terms {
        name: config.name.clone(),
        subscription: config.subscription.clone(),
        batch: config.batch,
        in_flight: config.in_flight,
        budget: config.budget,
        give_back_delay: config.give_back_delay,
        drain: config.drain,
        stages: stage_terms.collect(),
        targets: targets.collect(),
        dead_letter: config
            .dead_letter
            .as_ref()
            .map(|dead_letter| OpenDeadLetter { topic: dead_letter.topic.clone(), port: open(&dead_letter.topic) }),
    };
    Plan { terms: Arc::new(terms), lanes: stages.lanes, committer: None, book: Arc::default() }
}

fn load(stage: &StageConfig, runtime: &Runtime) -> Result<Plugin, Vec<Problem>> {
    let Some(file) = stage.uses.file() else {
        let message = format!("{} is a plugin's name, and there is no plugin store here", stage.uses);
        return Err(vec![stage.problem("/uses", message, None)]);
    };
    let bytes = std::fs::read(file).map_err(|error| {
        let build = Some("irongate plugin build makes a component".to_owned());
        vec![stage.problem("/uses", format!("{} cannot be read: {error}", stage.uses), build)]
    })?;
    let plugin = runtime
        .load(&bytes)
        .map_err(|error| vec![stage.problem("/uses", format!("{}: {}", stage.uses, chain(&error)), None)])?;
    if let Some(pinned) = stage.sha256.as_ref().filter(|pinned| *pinned != plugin.sha256()) {
        let message = format!("{} has the sha256 {}, not {pinned}", stage.uses, plugin.sha256());
        return Err(vec![stage.problem("/sha256", message, None)]);
    }
    let Some(schema) = &plugin.description().configuration_schema else { return Ok(plugin) };
    let schema = Schema::compile(SchemaType::JsonSchema, schema.as_bytes()).map_err(|error| {
        vec![stage.problem("/uses", format!("the component's schema of its configuration: {error}"), None)]
    })?;
    let broken: Vec<Problem> = schema
        .validate(stage.with.as_bytes())
        .into_iter()
        .map(|broken| stage.problem(&format!("/with{}", broken.instance_path), broken.message, None))
        .collect();
    if broken.is_empty() { Ok(plugin) } else { Err(broken) }
}

fn does_not_start(stage: &StageConfig, error: &ConfigureError) -> Problem {
    let (part, suggestion) = match error {
        ConfigureError::CapabilityDenied { capability, .. } => {
            ("/allow", Some(format!("allow = {{ {capability} = true }} grants it")))
        }
        ConfigureError::Guest(GuestFault::Error(GuestError::ConfigurationRefused { .. })) => ("/with", None),
        _ => ("", None),
    };
    stage.problem(part, chain(error), suggestion)
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

//! Pipelines and problems as the contract answers them. Changes nothing.

use irongate_broker::Broker;
use irongate_pipeline::{OnError, Plugins, Problem, StageConfig, TargetConfig};
use irongate_proto::pipelines_v1 as v1;

use crate::{deployments::Deployed, ledger::Ledger};

impl Deployed {
    pub(crate) fn describe(&self, name: &str, ledger: &Ledger, broker: &Broker) -> v1::Pipeline {
        let version = self.document.versions.last().cloned().unwrap_or_default();
        let mut pipeline = v1::Pipeline {
            name: name.to_owned(),
            failure: self.failure.clone(),
            version: version.number,
            deployed_at_ms: version.deployed_at_ms,
            configuration: version.configuration.clone(),
            version_before: self.document.version_before(),
            ..v1::Pipeline::default()
        };
        pipeline.set_state(if self.failure.is_empty() {
            v1::pipeline::State::Paused
        } else {
            v1::pipeline::State::Failed
        });
        if let Some(prepared) = &self.prepared {
            let config = &prepared.config;
            pipeline.from.clone_from(&config.from);
            pipeline.subscription.clone_from(&config.subscription);
            pipeline.to = config.targets.iter().map(|target| target.topic.clone()).collect();
            pipeline.targets = config.targets.iter().map(target).collect();
            pipeline.dead_letter = config.dead_letter.as_ref().map(|letter| letter.topic.clone()).unwrap_or_default();
            pipeline.stages = stages(&prepared.plugins, &config.stages);
            for (stage, config) in pipeline.stages.iter_mut().zip(&config.stages) {
                on_error(config.on_error).clone_into(&mut stage.on_error);
            }
        }
        if self.running.is_some() {
            ledger.describe_state(&mut pipeline);
        }
        ledger.describe_counts(&mut pipeline, broker);
        if pipeline.failure.is_empty() {
            pipeline.failure = version.taken_back;
        }
        pipeline
    }
}

fn target(config: &TargetConfig) -> v1::Target {
    v1::Target {
        topic: config.topic.clone(),
        when: config.when.as_ref().map(ToString::to_string).unwrap_or_default(),
        schema_subject: config.schema_subject.clone().unwrap_or_default(),
        schema_version: config.schema_version.unwrap_or_default(),
        on_error: on_error(config.on_error).to_owned(),
        messages_written: 0,
    }
}

/// As a pipeline's file spells it.
fn on_error(on_error: OnError) -> &'static str {
    match on_error {
        OnError::DeadLetter => "dead_letter",
        OnError::Drop => "drop",
        OnError::Block => "block",
    }
}

/// The stages of a file, with what runs in them and under what.
pub(crate) fn stages(plugins: &Plugins, stages: &[StageConfig]) -> Vec<v1::Stage> {
    let described = |(stage, (id, plugin, sha256)): (&StageConfig, _)| {
        let (limits, granted) = (&stage.limits, stage.grants);
        let capabilities = [("state", granted.state), ("clock", granted.clock), ("random", granted.random)];
        let limits = v1::StageLimits {
            memory_bytes: limits.memory_bytes_max as u64,
            timeout_ms: limits.batch_time_ms_max,
            output_bytes: limits.output_bytes_per_record_max as u64,
            outputs_per_record: u32::try_from(limits.outputs_per_record_max).unwrap_or(u32::MAX),
            state_keys: if granted.state { limits.state_keys_max as u64 } else { 0 },
        };
        let capabilities =
            capabilities.iter().filter(|(_, is_granted)| *is_granted).map(|(name, _)| (*name).to_owned());
        let (capabilities, limits) = (capabilities.collect(), Some(limits));
        v1::Stage { id, plugin, sha256, capabilities, limits, on_error: String::new() }
    };
    stages.iter().zip(plugins.described(stages)).map(described).collect()
}

pub(crate) fn refused(problems: Vec<Problem>) -> v1::DeployPipelineResponse {
    v1::DeployPipelineResponse { version: 0, problems: on_the_wire(problems) }
}

/// Problems as the contract spells them.
pub(crate) fn on_the_wire(problems: Vec<Problem>) -> Vec<v1::Problem> {
    let problem = |problem: Problem| v1::Problem {
        line: problem.place.line as u64,
        column: problem.place.column as u64,
        path: problem.path,
        message: problem.message,
        suggestion: problem.suggestion.unwrap_or_default(),
    };
    problems.into_iter().map(problem).collect()
}

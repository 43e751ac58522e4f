//! What speaks against a deployment beside what its file says: components that are missing, records that would go in a circle, a subscription or a state that
//! another version or pipeline has. Changes nothing.

use std::collections::BTreeMap;

use irongate_pipeline::{PipelineConfig, Problem};
use irongate_proto::pipelines_v1 as v1;

use crate::{
    deployments::{Deployed, Pipelines},
    prepare::{circle, problem},
};

impl Pipelines {
    /// What speaks against a file beside what the file itself says.
    pub(crate) fn against(&self, config: &PipelineConfig, request: &v1::DeployPipelineRequest) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (index, stage) in config.stages.iter().enumerate() {
            if !request.components.contains_key(&stage.id) {
                let path = format!("pipeline.stages[{index}].uses");
                problems.push(problem(&path, format!("the component of {} is missing", stage.id), "send it along"));
            }
        }
        let mut edges = self.edges();
        edges.insert(config.name.clone(), edge(config));
        if let Some(circle) = circle(&edges) {
            let message = format!("records would go round for ever: {}", circle.join(" -> "));
            problems.push(problem("pipeline.to", message, "write to another topic"));
        }
        let taken = self.by_name.iter().find(|(name, one)| {
            let other = one.prepared.as_ref().map(|prepared| &prepared.config);
            let is_same =
                |other: &PipelineConfig| other.from == config.from && other.subscription == config.subscription;
            **name != config.name && other.is_some_and(is_same)
        });
        if let Some((name, _)) = taken {
            let message = format!("the pipeline {name} reads {} with the same subscription", config.from);
            problems.push(problem("pipeline.subscription", message, "give it a subscription of its own"));
        }
        let before = self.by_name.get(&config.name).and_then(|one| one.prepared.as_ref());
        let keeps_state = config.stages.iter().any(|stage| stage.grants.state);
        if before.is_some_and(|before| before.config.lanes != config.lanes) && keeps_state {
            let message = "each lane has a state of its own, so their number stays while stages keep state".to_owned();
            problems.push(problem("pipeline.lanes", message, "remove the pipeline first, which forgets the state"));
        }
        problems
    }

    fn edges(&self) -> BTreeMap<String, (String, Vec<String>)> {
        let edge = |(name, one): (&String, &Deployed)| Some((name.clone(), edge(&one.prepared.as_ref()?.config)));
        self.by_name.iter().filter_map(edge).collect()
    }
}

fn edge(config: &PipelineConfig) -> (String, Vec<String>) {
    let dead_letter = config.dead_letter.iter().map(|dead_letter| dead_letter.topic.clone());
    (config.from.clone(), config.targets.iter().map(|target| target.topic.clone()).chain(dead_letter).collect())
}

//! Every plugin of a host, and where it is used: by transforms of topics and by stages of pipelines. Pure.

use irongate_proto::pipelines_v1::{Pipeline, Stage, StageLimits};
use irongate_proto::transforms_v1::TopicTransforms;

use crate::text::size::{bytes, grouped};
use crate::text::time::milliseconds;

/// The digits of a digest that are shown; the rest is there to be looked at and copied.
pub const DIGEST_SHOWN: usize = 12;

/// A component, however often it is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Plugin {
    /// Name and version.
    pub name: String,
    /// Of its bytes, in hexadecimal.
    pub sha256: String,
    /// Where it runs.
    pub uses: Vec<Use>,
}

/// One stage that runs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// The topic or the pipeline.
    pub place: Place,
    /// The stage's name.
    pub stage: String,
    /// What it may do beyond computing.
    pub capabilities: Vec<String>,
    /// What it may take.
    pub limits: StageLimits,
}

/// What a stage is part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The transforms of a topic.
    Topic(String),
    /// A pipeline.
    Pipeline(String),
}

/// All of them, by name and digest.
#[must_use]
pub fn plugins(topics: &[TopicTransforms], pipelines: &[Pipeline]) -> Vec<Plugin> {
    let mut found: Vec<Plugin> = Vec::new();
    let mut add = |place: Place, stage: &Stage| {
        let known = found.iter().position(|plugin| plugin.sha256 == stage.sha256);
        let at = known.unwrap_or_else(|| {
            let key = (&stage.plugin, &stage.sha256);
            let at = found.partition_point(|other| (&other.name, &other.sha256) < key);
            found.insert(at, Plugin { name: stage.plugin.clone(), sha256: stage.sha256.clone(), uses: Vec::new() });
            at
        });
        found[at].uses.push(Use {
            place,
            stage: stage.id.clone(),
            capabilities: stage.capabilities.clone(),
            limits: stage.limits.unwrap_or_default(),
        });
    };
    for topic in topics {
        topic.stages.iter().for_each(|stage| add(Place::Topic(topic.topic.clone()), stage));
    }
    for pipeline in pipelines {
        pipeline.stages.iter().for_each(|stage| add(Place::Pipeline(pipeline.name.clone()), stage));
    }
    found
}

/// The beginning of a digest.
#[must_use]
pub fn short(sha256: &str) -> &str {
    sha256.get(..DIGEST_SHOWN).unwrap_or(sha256)
}

/// What a stage may take, name by name.
#[must_use]
pub fn limits(limits: &StageLimits) -> Vec<(&'static str, String)> {
    let mut said = vec![
        ("Memory", bytes(limits.memory_bytes)),
        ("Time", time(limits.timeout_ms)),
        ("Output", bytes(limits.output_bytes)),
        ("Records for one", grouped(u64::from(limits.outputs_per_record))),
    ];
    if limits.state_keys > 0 {
        said.push(("Keys of state", grouped(limits.state_keys)));
    }
    said
}

fn time(ms: u64) -> String {
    if ms > 0 && ms.is_multiple_of(1000) { format!("{} s", ms / 1000) } else { milliseconds(ms as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(id: &str, plugin: &str, sha256: &str) -> Stage {
        Stage { id: id.to_owned(), plugin: plugin.to_owned(), sha256: sha256.to_owned(), ..Stage::default() }
    }

    #[test]
    fn a_plugin_is_listed_once_with_every_place_that_uses_it() {
        let topics = [TopicTransforms {
            topic: "/a/b".to_owned(),
            stages: vec![stage("split", "split-lines 0.1.0", "bb"), stage("mask", "mask-fields 0.1.0", "aa")],
            ..TopicTransforms::default()
        }];
        let limits = Some(StageLimits { state_keys: 5, ..StageLimits::default() });
        let with_state =
            Stage { limits, capabilities: vec!["state".to_owned()], ..stage("m", "mask-fields 0.1.0", "aa") };
        let newer = stage("new", "mask-fields 0.2.0", "cc");
        let pipelines = [Pipeline { name: "p".to_owned(), stages: vec![with_state, newer], ..Pipeline::default() }];
        let found = plugins(&topics, &pipelines);
        let named: Vec<_> = found.iter().map(|plugin| (&*plugin.name, plugin.uses.len())).collect();
        assert_eq!(named, [("mask-fields 0.1.0", 2), ("mask-fields 0.2.0", 1), ("split-lines 0.1.0", 1)]);
        assert_eq!((&found[0].uses[0].place, &*found[0].uses[0].stage), (&Place::Topic("/a/b".to_owned()), "mask"));
        assert_eq!(found[0].uses[1].place, Place::Pipeline("p".to_owned()));
        assert_eq!((&*found[0].uses[1].capabilities[0], found[0].uses[1].limits.state_keys), ("state", 5));
    }

    #[test]
    fn limits_are_told_in_words() {
        let all = StageLimits {
            memory_bytes: 64 << 20,
            timeout_ms: 1000,
            output_bytes: 4 << 20,
            outputs_per_record: 256,
            state_keys: 0,
        };
        let told: Vec<String> = limits(&all).into_iter().map(|(name, value)| format!("{name} {value}")).collect();
        assert_eq!(told, ["Memory 67.1 MB", "Time 1 s", "Output 4.2 MB", "Records for one 256"]);
        assert_eq!(limits(&StageLimits { state_keys: 7, ..all }).last(), Some(&("Keys of state", "7".to_owned())));
        assert_eq!(limits(&StageLimits { timeout_ms: 250, ..all })[1].1, "250 ms");
        assert_eq!((short("0123456789abcdef"), short("0123")), ("0123456789ab", "0123"));
    }
}

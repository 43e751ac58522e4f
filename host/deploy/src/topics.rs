//! Which topics have transforms: set, listed, taken away, tried; loaded when the host starts. The broker keeps what is decided with the topic, so that it goes
//! when the topic goes.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use irongate_broker::{Broker, BrokerError, Passing, TopicTransforms, refused, violation};
use irongate_pipeline::{Format, Problem, StageConfig};
use irongate_proto::{danube::StreamMessage, irongate_v1::OutgoingMessage, transforms_v1 as v1};
use prost::Message;

use crate::{
    chain::{Broken, Chain, Passed, StageRun},
    deployments::{Deployments, Pipelines, Shared},
    described::on_the_wire,
    documents::{TransformsDocument, now_ms},
    error::DeployError,
    limits::TOPIC_STAGES_MAX,
    prepare::{Unprepared, parse_chain, problem},
    running::blocking,
    topic_counts::TopicFigures,
};

/// The transforms of every topic, or why they cannot run.
pub(crate) type Chains = BTreeMap<String, Result<Chain, String>>;

/// Loads what is kept. What cannot run any more stands in the way of its topic, with the reason.
pub(crate) async fn revive(shared: &Arc<Shared>) -> Chains {
    let mut chains = Chains::new();
    for (topic, kept) in shared.broker.transforms() {
        let loaded = match TransformsDocument::decode(&*kept) {
            Ok(document) => load(shared, &topic, document).await.map_err(|unprepared| sentence(&unprepared)),
            Err(error) => Err(format!("what is kept of them cannot be read: {error}")),
        };
        let live: Arc<dyn TopicTransforms> = match &loaded {
            Ok(chain) => Arc::new(chain.clone()),
            Err(reason) => {
                tracing::error!(topic, "its transforms cannot run, so it takes no message: {reason}");
                Arc::new(Broken { reason: reason.clone(), counts: shared.topic_ledgers.of(&topic) })
            }
        };
        // A topic that is deleted meanwhile needs none.
        if shared.broker.load_transforms(&topic, &live).is_ok() {
            chains.insert(topic, loaded);
        }
    }
    chains
}

/// The sha256 of every component that a topic's transforms are made of; none where that cannot be said.
pub(crate) fn components(broker: &Broker) -> Option<Vec<String>> {
    let documents = broker.transforms().into_iter().map(|(_, kept)| TransformsDocument::decode(&*kept).ok());
    let documents: Vec<TransformsDocument> = documents.collect::<Option<_>>()?;
    Some(documents.into_iter().flat_map(|document| document.components.into_values()).collect())
}

async fn load(shared: &Arc<Shared>, topic: &str, document: TransformsDocument) -> Result<Chain, Unprepared> {
    let (shared, counts) = (Arc::clone(shared), shared.topic_ledgers.of(topic));
    let records_max = shared.broker.limits().publish_batch_messages_max;
    blocking(move || Chain::load(&document, &shared.plugins, &shared.topic_runtimes, records_max, counts)).await?
}

fn sentence(unprepared: &Unprepared) -> String {
    match unprepared {
        Unprepared::Problems(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        Unprepared::Error(error) => error.to_string(),
    }
}

fn unchanged(problems: Vec<Problem>) -> v1::SetTopicTransformsResponse {
    v1::SetTopicTransformsResponse { stages: Vec::new(), problems: on_the_wire(problems) }
}

/// Every stage's component must come along.
fn missing(stages: &[StageConfig], components: &HashMap<String, bytes::Bytes>) -> Vec<Problem> {
    let absent = stages.iter().enumerate().filter(|(_, stage)| !components.contains_key(&stage.id));
    let complaint = |(index, stage): (usize, &StageConfig)| {
        let path = format!("stages[{index}].uses");
        problem(&path, format!("the component of {} is missing", stage.id), "send it along")
    };
    absent.map(complaint).collect()
}

impl Pipelines {
    /// A topic takes its transforms with it when it is deleted.
    pub(crate) fn forget_deleted_topics(&mut self, shared: &Shared) {
        let kept = shared.broker.transforms();
        self.topics.retain(|topic, _| kept.iter().any(|(name, _)| name == topic));
        shared.topic_ledgers.keep_only(|topic| self.topics.contains_key(topic));
    }
}

#[expect(clippy::missing_errors_doc, reason = "every error is a DeployError, whose variants say when")]
impl Deployments {
    /// Gives a topic transforms, or others.
    pub async fn set_topic_transforms(
        &self,
        request: v1::SetTopicTransformsRequest,
    ) -> Result<v1::SetTopicTransformsResponse, DeployError> {
        let v1::SetTopicTransformsRequest { topic, configuration, is_yaml, components } = request;
        let mut pipelines = self.shared.open_pipelines().await?;
        let format = if is_yaml { Format::Yaml } else { Format::Toml };
        let config = match parse_chain(&configuration, format) {
            Ok(config) => config,
            Err(problems) => return Ok(unchanged(problems)),
        };
        let problems = missing(&config.stages, &components);
        if !problems.is_empty() {
            return Ok(unchanged(problems));
        }
        pipelines.forget_deleted_topics(&self.shared);
        let of_others = pipelines.topics.iter().filter(|(other, _)| **other != topic);
        let stages: usize = of_others.map(|(_, chain)| chain.as_ref().map_or(0, |chain| chain.described().len())).sum();
        if stages + config.stages.len() > TOPIC_STAGES_MAX {
            let what = format!("the transforms of all topics would have {} stages", stages + config.stages.len());
            return Err(DeployError::LimitReached { what, limit: TOPIC_STAGES_MAX });
        }
        let of_stages = components.into_iter().filter(|(id, _)| config.stages.iter().any(|stage| stage.id == *id));
        let components = self.shared.keep(of_stages.collect()).await?;
        let document = TransformsDocument { configuration, is_yaml, components, set_at_ms: now_ms() };
        let kept = document.encode_to_vec();
        let answered = match load(&self.shared, &topic, document).await {
            Ok(chain) => {
                let live: Arc<dyn TopicTransforms> = Arc::new(chain.clone());
                let stages = chain.described();
                let set = self.shared.broker.set_transforms(&topic, Some((kept, live))).await;
                set.map_err(DeployError::from).map(|()| {
                    pipelines.topics.insert(topic, Ok(chain));
                    v1::SetTopicTransformsResponse { stages, problems: Vec::new() }
                })
            }
            Err(Unprepared::Problems(problems)) => Ok(unchanged(problems)),
            Err(Unprepared::Error(error)) => Err(error),
        };
        self.shared.tidy(&pipelines)?;
        answered
    }

    /// The transforms of all topics, or of one.
    pub async fn list_topic_transforms(&self, topic: &str) -> v1::ListTopicTransformsResponse {
        let pipelines = self.shared.pipelines.lock().await;
        let kept = self.shared.broker.transforms().into_iter().filter(|(name, _)| topic.is_empty() || name == topic);
        let describe = |(topic, kept): (String, Vec<u8>)| {
            let document = TransformsDocument::decode(&*kept).unwrap_or_default();
            let (stages, failure) = match pipelines.topics.get(&topic) {
                Some(Ok(chain)) => (chain.described(), String::new()),
                Some(Err(reason)) => (Vec::new(), reason.clone()),
                None => (Vec::new(), "they are not loaded; set them again".to_owned()),
            };
            let TransformsDocument { configuration, is_yaml, set_at_ms, .. } = document;
            v1::TopicTransforms { topic, stages, configuration, is_yaml, set_at_ms, failure }
        };
        v1::ListTopicTransformsResponse { topics: kept.map(describe).collect() }
    }

    /// What the transforms of each topic have done, by name. Waits for nothing.
    #[must_use]
    pub fn topic_figures(&self) -> Vec<TopicFigures> {
        self.shared.topic_ledgers.figures(&self.shared.broker)
    }

    /// Lets messages enter as they are sent again.
    pub async fn clear_topic_transforms(&self, topic: &str) -> Result<(), DeployError> {
        let mut pipelines = self.shared.open_pipelines().await?;
        self.shared.broker.set_transforms(topic, None).await?;
        pipelines.topics.remove(topic);
        self.shared.topic_ledgers.keep_only(|other| other != topic);
        self.shared.tidy(&pipelines)
    }

    /// What a topic's transforms would make of a message, and whether the topic would take that.
    pub async fn dry_run_topic_transforms(
        &self,
        topic: &str,
        message: OutgoingMessage,
    ) -> Result<v1::DryRunTopicTransformsResponse, DeployError> {
        let broker = &self.shared.broker;
        let is_there = broker.transforms().iter().any(|(name, _)| name == topic);
        let found = self.shared.pipelines.lock().await.topics.get(topic).cloned().filter(|_| is_there);
        let chain = match found {
            Some(Ok(chain)) => chain,
            Some(Err(reason)) => return Err(DeployError::Precondition { what: reason }),
            None => {
                let what = format!("the topic {topic} has no transforms; irongate topics transform set gives it some");
                return Err(DeployError::Precondition { what });
            }
        };
        let Passed { made, stages, elapsed } = chain.try_out(topic, vec![passing(message)]).await;
        let mut answer = v1::DryRunTopicTransformsResponse {
            stages: stages.into_iter().map(StageRun::on_the_wire).collect(),
            elapsed_us: u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
            ..v1::DryRunTopicTransformsResponse::default()
        };
        match made.into_iter().next().unwrap_or_else(|| Ok(Vec::new())) {
            Err(refusal) => {
                let error = BrokerError::TransformRefused { topic: topic.to_owned(), refusal };
                answer.refused = Some(refused(&error));
            }
            Ok(made) => {
                for one in made {
                    answer.messages.push(examined(broker, topic, one).await);
                }
            }
        }
        Ok(answer)
    }
}

pub(crate) fn passing(message: OutgoingMessage) -> Passing {
    let publish_time = if message.publish_time_ms == 0 { now_ms() } else { message.publish_time_ms };
    let OutgoingMessage { payload, attributes, routing_key, partition, .. } = message;
    let message = StreamMessage { payload, attributes, routing_key, publish_time, ..StreamMessage::default() };
    Passing { message, subject: None, partition }
}

async fn examined(broker: &Broker, topic: &str, made: Passing) -> v1::MadeMessage {
    let StreamMessage { payload, attributes, routing_key, schema_version, .. } = made.message.clone();
    let message = OutgoingMessage { payload, attributes, routing_key, ..OutgoingMessage::default() };
    let schema_subject = made.subject.clone().unwrap_or_default();
    let mut answer = v1::MadeMessage {
        message: Some(message),
        schema_subject,
        schema_version: schema_version.unwrap_or_default(),
        ..v1::MadeMessage::default()
    };
    match broker.examine(topic, made).await {
        Ok(warnings) => answer.warnings = warnings.into_iter().map(violation).collect(),
        Err(error) => answer.refused = Some(refused(&error)),
    }
    answer
}

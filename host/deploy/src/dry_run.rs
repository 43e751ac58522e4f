//! What a deployed pipeline would make of one message: its stages on instances of their own, with the state as it is kept, and the targets asked instead of
//! written. Keeps nothing.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use irongate_broker::{BrokerError, TransformRefusal, refused, violation};
use irongate_pipeline::{
    Arrived, DryEnd, DryRun, Outgoing, Pending, PipelineConfig, SendError, StageCall, StateWrite, Target, dead_letter,
    dry_run, lane_for,
};
use irongate_proto::{
    danube::{MsgId, StreamMessage},
    irongate_v1::{DescribeTopicRequest, OutgoingMessage, Violation},
    transforms_v1::{
        self as v1, DryRunPipelineRequest, DryRunPipelineResponse, PipelineOutput, PipelineStageRun,
        dry_run_pipeline_response::End,
    },
};
use irongate_runtime::{Record, StateChange};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    chain::StageRun,
    committer::is_final,
    contract::SourceTopic,
    deployments::{Deployments, Shared},
    documents,
    error::DeployError,
    limits::DRY_RUNS_AT_ONCE_MAX,
    prepare::Prepared,
    running::{blocking, sentences},
    topics::passing,
};

/// Dry runs take instances beside those of the pipelines.
static PLACES: Semaphore = Semaphore::const_new(DRY_RUNS_AT_ONCE_MAX);

async fn place() -> Result<SemaphorePermit<'static>, DeployError> {
    PLACES.acquire().await.map_err(|_| DeployError::Closed)
}

#[expect(clippy::missing_errors_doc, reason = "every error is a DeployError, whose variants say when")]
impl Deployments {
    /// What a pipeline, or one stage of it, would make of a message of its source.
    pub async fn dry_run_pipeline(
        &self,
        request: DryRunPipelineRequest,
    ) -> Result<DryRunPipelineResponse, DeployError> {
        let DryRunPipelineRequest { name, stage, message } = request;
        let prepared = self.shared.open_pipelines().await?.prepared(&name)?;
        let config = &prepared.config;
        if !stage.is_empty() && config.stages.iter().all(|known| known.id != stage) {
            let known: Vec<&str> = config.stages.iter().map(|stage| stage.id.as_str()).collect();
            let what = format!("the pipeline {name} has no stage {stage}, but {}", known.join(", "));
            return Err(DeployError::Precondition { what });
        }
        let _place = place().await?;
        let shared = &self.shared;
        let arrived = shared.arrived(config, message.unwrap_or_default())?;
        let configuring = Arc::clone(&prepared);
        let configured = blocking(move || configuring.plugins.configure_one(&configuring.config)).await?;
        let mut stages = configured.map_err(|problems| DeployError::Precondition { what: sentences(&problems) })?;
        for write in shared.kept_state(config, lane_for(config, &arrived))? {
            stages.restore(config, write);
        }
        let schemas = prepared.schemas(&shared.broker).await?;
        let seen = Arc::<Mutex<Vec<PipelineOutput>>>::default();
        let open = |topic: &str| {
            let (shared, topic, seen) = (Arc::clone(shared), topic.to_owned(), Arc::clone(&seen));
            Arc::new(Asked { shared, topic, seen }) as Arc<dyn Target>
        };
        let only = (!stage.is_empty()).then_some(stage.as_str());
        let started = Instant::now();
        let ran = dry_run(config, stages, &schemas, arrived, only, open).await;
        let ran = ran.map_err(|error| DeployError::Runtime { reason: error.to_string() })?;
        let outputs = match only {
            Some(_) => ran.stages.iter().flat_map(StageCall::made).map(made).collect(),
            None => std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner)),
        };
        let mut answer = on_the_wire(config, ran, outputs);
        answer.elapsed_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        Ok(answer)
    }

    /// The pipelines that read a topic, by name. Waits for nothing.
    #[must_use]
    pub fn readers(&self, topic: &str) -> Vec<String> {
        self.shared.ledgers.readers(topic)
    }
}

impl Shared {
    /// The message as the source would deliver it next.
    fn arrived(&self, config: &PipelineConfig, message: OutgoingMessage) -> Result<Arrived, DeployError> {
        let described = self.broker.describe_topic(DescribeTopicRequest { topic: config.from.clone() })?;
        let index = message.partition.unwrap_or_default();
        let missing = || BrokerError::TopicMissing { topic: config.from.clone() };
        let partition = described.partitions.into_iter().nth(index as usize).ok_or_else(missing)?;
        let id = MsgId { topic_offset: partition.next_offset, ..MsgId::default() };
        let message = StreamMessage { msg_id: Some(id), ..passing(message).message };
        Ok(SourceTopic::new(&config.from, &partition.topic).arrived(message, None))
    }

    /// What the stages of one lane keep, for a run that has one lane.
    fn kept_state(&self, config: &PipelineConfig, lane: usize) -> Result<Vec<StateWrite>, DeployError> {
        let kept = self.broker.notes(&documents::state_prefix(&config.name))?;
        let restored = kept.into_iter().filter_map(|(name, value)| documents::restored(&config.name, &name, value));
        Ok(restored.filter(|write| write.lane == lane).map(|write| StateWrite { lane: 0, ..write }).collect())
    }

    /// What a topic would say to a message, its own transforms included: what it warns of, or why it refuses.
    async fn judge(&self, topic: &str, message: OutgoingMessage) -> Result<Vec<Violation>, BrokerError> {
        let is_transformed = self.broker.transforms().iter().any(|(name, _)| name == topic);
        let chain = self.pipelines.lock().await.topics.get(topic).cloned().filter(|_| is_transformed);
        let refuse = |refusal| BrokerError::TransformRefused { topic: topic.to_owned(), refusal };
        let made = match chain {
            None => vec![passing(message)],
            Some(Err(reason)) => return Err(refuse(TransformRefusal::Unusable(reason))),
            Some(Ok(chain)) => {
                let answers = chain.try_out(topic, vec![passing(message)]).await.made;
                answers.into_iter().collect::<Result<Vec<_>, _>>().map_err(refuse)?.concat()
            }
        };
        let mut warnings = Vec::new();
        for one in made {
            warnings.extend(self.broker.examine(topic, one).await?.into_iter().map(violation));
        }
        Ok(warnings)
    }
}

/// A target that is asked what it would say, and given nothing.
struct Asked {
    shared: Arc<Shared>,
    topic: String,
    seen: Arc<Mutex<Vec<PipelineOutput>>>,
}

impl Target for Asked {
    fn send<'a>(&'a self, batch: &'a [Outgoing]) -> Pending<'a, Vec<Result<(), SendError>>> {
        Box::pin(async move {
            let mut results = Vec::with_capacity(batch.len());
            for outgoing in batch {
                let said = self.shared.judge(&self.topic, message(outgoing)).await;
                let mut output = PipelineOutput {
                    topic: self.topic.clone(),
                    message: Some(message(outgoing)),
                    ..Default::default()
                };
                results.push(match said {
                    Ok(warnings) => {
                        output.warnings = warnings;
                        Ok(())
                    }
                    Err(error) => {
                        output.refused = Some(refused(&error));
                        let reason = error.to_string();
                        Err(if is_final(&error) { SendError::Refused(reason) } else { SendError::Later(reason) })
                    }
                });
                self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(output);
            }
            results
        })
    }
}

fn message(outgoing: &Outgoing) -> OutgoingMessage {
    OutgoingMessage {
        payload: outgoing.payload.clone(),
        attributes: outgoing.attributes.clone().into_iter().collect(),
        routing_key: outgoing.key.clone(),
        ..OutgoingMessage::default()
    }
}

fn made((topic, record): (Option<String>, Record)) -> PipelineOutput {
    let Record { payload, attributes, key, .. } = record;
    let attributes = attributes.into_iter().collect();
    let message = OutgoingMessage { payload, attributes, routing_key: key, ..OutgoingMessage::default() };
    PipelineOutput { topic: topic.unwrap_or_default(), message: Some(message), ..PipelineOutput::default() }
}

fn on_the_wire(config: &PipelineConfig, ran: DryRun, outputs: Vec<PipelineOutput>) -> DryRunPipelineResponse {
    let mut answer = DryRunPipelineResponse { outputs, ..DryRunPipelineResponse::default() };
    // Targets are asked at once, and answer in any order.
    answer.outputs.sort_by_key(|output| config.targets.iter().position(|target| target.topic == output.topic));
    for output in &mut answer.outputs {
        let target = config.targets.iter().find(|target| target.topic == output.topic);
        output.when = target.and_then(|target| target.when.as_ref()).map(ToString::to_string).unwrap_or_default();
    }
    let (end, reason) = match ran.end {
        DryEnd::Answered => (End::Answered, String::new()),
        DryEnd::Delivered => (End::Delivered, String::new()),
        DryEnd::Filtered => (End::Filtered, String::new()),
        DryEnd::Dropped => (End::Dropped, String::new()),
        DryEnd::Blocked(reason) => (End::Blocked, reason),
        DryEnd::TriedAgain(reason) => (End::TriedAgain, reason),
        DryEnd::DeadLetter(letter) => {
            let topic = config.dead_letter.as_ref().map(|dead| dead.topic.clone()).unwrap_or_default();
            let reason = letter.attributes.get(dead_letter::FAILURE_REASON).cloned().unwrap_or_default();
            answer.dead_letter =
                Some(PipelineOutput { topic, message: Some(message(&letter)), ..PipelineOutput::default() });
            (End::DeadLetter, reason)
        }
    };
    answer.set_end(end);
    answer.reason = reason;
    answer.stages = ran.stages.into_iter().map(stage_run).collect();
    answer
}

fn stage_run(call: StageCall) -> PipelineStageRun {
    let count = |records: usize| u32::try_from(records).unwrap_or(u32::MAX);
    let (records_in, records_out) = (count(call.records.len()), count(call.made().len()));
    let (refusals, records_dropped) = (call.refusals(), count(call.dropped()));
    let entry = |change: &StateChange| v1::StateEntry {
        key: change.key.clone(),
        value: change.value.clone().unwrap_or_default(),
        is_removed: change.value.is_none(),
    };
    let state = call.state().iter().map(entry).collect();
    let report = call.report;
    let run = StageRun {
        id: call.id,
        elapsed: report.elapsed,
        memory_bytes: report.memory_bytes,
        calls_stopped: report.traps,
        log: report.log,
        log_lines_left_out: report.log_lines_left_out,
    };
    PipelineStageRun { run: Some(run.on_the_wire()), refusals, records_in, records_out, records_dropped, state }
}

impl crate::deployments::Pipelines {
    /// A pipeline that can run, or why there is none.
    fn prepared(&self, name: &str) -> Result<Arc<Prepared>, DeployError> {
        let missing = || DeployError::Missing { name: name.to_owned() };
        let deployed = self.by_name.get(name).ok_or_else(missing)?;
        let broken = || DeployError::Precondition { what: deployed.failure.clone() };
        deployed.prepared.clone().ok_or_else(broken)
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future, pin::pin, task::Poll};

    use super::*;

    #[tokio::test]
    async fn so_many_dry_runs_are_at_work_and_the_next_one_waits() {
        let mut held = Vec::new();
        for _ in 0..DRY_RUNS_AT_ONCE_MAX {
            held.push(place().await.expect("there is room"));
        }
        let mut next = pin!(place());
        let is_waiting = std::future::poll_fn(|context| Poll::Ready(next.as_mut().poll(context).is_pending())).await;
        assert!(is_waiting);
        held.pop();
        drop(next.await.expect("there is room again"));
    }
}

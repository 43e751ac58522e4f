//! Transforms of topics: which there are, taking them away, trying them on a message.

use irongate_proto::irongate_v1::OutgoingMessage;
use irongate_proto::transforms_v1::{
    ClearTopicTransformsRequest, ClearTopicTransformsResponse, DryRunPipelineRequest, DryRunPipelineResponse,
    DryRunTopicTransformsRequest, DryRunTopicTransformsResponse, ListTopicTransformsRequest,
    ListTopicTransformsResponse, TopicTransforms,
};

use super::{Failure, call};

/// Those of every topic that has some.
///
/// # Errors
/// Where the host has no transforms, or cannot be asked.
pub async fn list() -> Result<Vec<TopicTransforms>, Failure> {
    let path = "/irongate.transforms.v1.TransformService/ListTopicTransforms";
    let listed: ListTopicTransformsResponse = call::unary(path, &ListTopicTransformsRequest::default()).await?;
    Ok(listed.topics)
}

/// Takes a topic's transforms away.
///
/// # Errors
/// Where there is no such topic, or the host cannot be asked.
pub async fn clear(topic: String) -> Result<(), Failure> {
    let path = "/irongate.transforms.v1.TransformService/ClearTopicTransforms";
    let _cleared: ClearTopicTransformsResponse = call::unary(path, &ClearTopicTransformsRequest { topic }).await?;
    Ok(())
}

/// What a topic's transforms would make of a message. Nothing is kept.
///
/// # Errors
/// Where the topic has no transforms, they cannot run, or the host cannot be asked.
pub async fn dry_run(topic: String, message: OutgoingMessage) -> Result<DryRunTopicTransformsResponse, Failure> {
    let path = "/irongate.transforms.v1.TransformService/DryRunTopicTransforms";
    call::unary(path, &DryRunTopicTransformsRequest { topic, message: Some(message) }).await
}

/// What a pipeline, or one stage of it, would make of a message. Nothing is kept.
///
/// # Errors
/// Where there is no such pipeline or stage, it cannot run, or the host cannot be asked.
pub async fn dry_run_pipeline(
    name: String,
    stage: String,
    message: OutgoingMessage,
) -> Result<DryRunPipelineResponse, Failure> {
    let path = "/irongate.transforms.v1.TransformService/DryRunPipeline";
    call::unary(path, &DryRunPipelineRequest { name, stage, message: Some(message) }).await
}

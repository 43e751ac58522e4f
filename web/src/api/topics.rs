//! Topics: the list, and what is known of one.

use irongate_proto::danube::DispatchStrategy;
use irongate_proto::danube_schema::{GetTopicSchemaConfigRequest, GetTopicSchemaConfigResponse};
use irongate_proto::irongate_v1::{
    CreateTopicRequest, CreateTopicResponse, DeleteTopicRequest, DeleteTopicResponse, DescribeTopicRequest,
    DescribeTopicResponse, ListTopicsRequest, ListTopicsResponse, TopicSummary, TruncateTopicRequest,
    TruncateTopicResponse,
};
use tonic::Code;

use super::{Failure, call};
use crate::state::topic_facts::{ExistingTopic, Policy, TopicFacts};

/// All topics of all namespaces.
///
/// # Errors
/// Where the host cannot be asked.
pub async fn list() -> Result<ListTopicsResponse, Failure> {
    call::unary("/irongate.v1.TopicService/ListTopics", &ListTopicsRequest::default()).await
}

/// Partitions and subscriptions of one topic.
///
/// # Errors
/// Where there is no such topic, or the host cannot be asked.
pub async fn describe(topic: &str) -> Result<DescribeTopicResponse, Failure> {
    let request = DescribeTopicRequest { topic: topic.to_owned() };
    call::unary("/irongate.v1.TopicService/DescribeTopic", &request).await
}

/// What the Produce page needs to know of a topic.
pub async fn facts(topic: &str) -> TopicFacts {
    let (summary, pipelines) = match describe(topic).await {
        Ok(described) => (described.summary.unwrap_or_default(), described.pipelines),
        Err(failure) if failure.code == Code::NotFound => return TopicFacts::Missing,
        Err(failure) => return TopicFacts::Unreachable(failure.message),
    };
    match policy(topic, &summary).await {
        Ok(policy) => TopicFacts::Exists(ExistingTopic {
            reliable: summary.dispatch_strategy == DispatchStrategy::Reliable as i32,
            partitions: summary.partitions,
            transformed: summary.is_transformed,
            pipelines,
            subject: summary.schema_subject,
            policy,
        }),
        Err(failure) => TopicFacts::Unreachable(failure.message),
    }
}

/// The policy in force. The summary names the policy; whether payloads are checked at all, only the registry says.
///
/// # Errors
/// Where the host cannot be asked.
pub async fn policy(topic: &str, summary: &TopicSummary) -> Result<Policy, Failure> {
    if summary.schema_subject.is_empty() {
        return Ok(Policy::None);
    }
    let request = GetTopicSchemaConfigRequest { topic_name: topic.to_owned() };
    let path = "/danube_schema.SchemaRegistry/GetTopicSchemaConfig";
    let config: GetTopicSchemaConfigResponse = call::unary(path, &request).await?;
    Ok(Policy::in_force(&config.validation_policy, config.enable_payload_validation))
}

/// Creates a topic, and its namespace where the host allows that.
///
/// # Errors
/// Where the name is taken or none, or the host cannot be asked.
pub async fn create(request: CreateTopicRequest) -> Result<(), Failure> {
    let _created: CreateTopicResponse = call::unary("/irongate.v1.TopicService/CreateTopic", &request).await?;
    Ok(())
}

/// Deletes a topic with all its messages and subscriptions.
///
/// # Errors
/// Where there is no such topic, it is still in use, or the host cannot be asked.
pub async fn delete(topic: String) -> Result<(), Failure> {
    let path = "/irongate.v1.TopicService/DeleteTopic";
    let _deleted: DeleteTopicResponse = call::unary(path, &DeleteTopicRequest { topic }).await?;
    Ok(())
}

/// Deletes every message of a topic; what is subscribed moves past them.
///
/// # Errors
/// Where there is no such topic, it stores nothing, or the host cannot be asked.
pub async fn truncate(topic: String) -> Result<(), Failure> {
    let path = "/irongate.v1.TopicService/TruncateTopic";
    let _truncated: TruncateTopicResponse =
        call::unary(path, &TruncateTopicRequest { topic, before_offset: None }).await?;
    Ok(())
}

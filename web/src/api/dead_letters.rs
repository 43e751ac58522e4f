//! Where dead letters are put, and what a topic would make of a message: what the page of dead letters asks beside browsing
//! and publishing.

use std::collections::BTreeMap;

use irongate_proto::danube_admin::{
    GetSubscriptionFailurePolicyRequest, GetSubscriptionFailurePolicyResponse, SubscriptionPoisonPolicy,
};
use irongate_proto::irongate_v1::{OutgoingMessage, TopicSummary};
use irongate_proto::pipelines_v1::{ListPipelinesRequest, ListPipelinesResponse};
use irongate_proto::transforms_v1::{
    DryRunTopicTransformsRequest, DryRunTopicTransformsResponse, ListTopicTransformsRequest,
    ListTopicTransformsResponse,
};
use tonic::Code;

use super::{Failure, call, topics};

/// Topics whose subscriptions are asked where they put their dead letters; each costs a call and one for every subscription.
pub const ASKED_TOPICS_MAX: usize = 100;

/// Topics of dead letters, with who puts letters there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// By name.
    pub topics: BTreeMap<String, Vec<String>>,
    /// How many letters are in each, where that is known.
    pub letters: BTreeMap<String, u64>,
    /// Every topic there is, for suggestions.
    pub all: Vec<String>,
    /// There are more topics with subscriptions than are asked.
    pub cut: bool,
    /// What could not be asked, because the caller may not or the host has none.
    pub unasked: Option<String>,
}

/// The topics that pipelines and the failure policies of subscriptions name.
///
/// # Errors
/// Where the topics cannot be listed.
pub async fn known() -> Result<Known, Failure> {
    let all = topics::list().await?.topics;
    let mut known = Known { all: all.iter().map(|topic| topic.name.clone()).collect(), ..Known::default() };
    let listed: Result<ListPipelinesResponse, Failure> =
        call::unary("/irongate.pipelines.v1.PipelineService/ListPipelines", &ListPipelinesRequest {}).await;
    match listed {
        Ok(listed) => {
            for pipeline in listed.pipelines.into_iter().filter(|pipeline| !pipeline.dead_letter.is_empty()) {
                put(&mut known.topics, pipeline.dead_letter, format!("pipeline {}", pipeline.name));
            }
        }
        Err(failure) => unasked(&mut known, failure)?,
    }
    let subscribed: Vec<&TopicSummary> = all.iter().filter(|topic| topic.subscription_count > 0).collect();
    known.cut = subscribed.len() > ASKED_TOPICS_MAX;
    for topic in subscribed.into_iter().take(ASKED_TOPICS_MAX) {
        if let Err(failure) = of_subscriptions(&topic.name, &mut known.topics).await {
            unasked(&mut known, failure)?;
            break;
        }
    }
    let is_known = |topic: &&TopicSummary| known.topics.contains_key(&topic.name);
    known.letters = all.iter().filter(is_known).map(|topic| (topic.name.clone(), topic.message_count)).collect();
    Ok(known)
}

/// A caller who may not ask, or a host without such a thing, leaves the list shorter; every other failure ends it.
fn unasked(known: &mut Known, failure: Failure) -> Result<(), Failure> {
    match failure.code {
        Code::PermissionDenied | Code::Unimplemented => {
            known.unasked = Some(failure.message);
            Ok(())
        }
        _ => Err(failure),
    }
}

fn put(topics: &mut BTreeMap<String, Vec<String>>, topic: String, who: String) {
    let all = topics.entry(topic).or_default();
    if !all.contains(&who) {
        all.push(who);
    }
}

async fn of_subscriptions(topic: &str, known: &mut BTreeMap<String, Vec<String>>) -> Result<(), Failure> {
    let described = match topics::describe(topic).await {
        Ok(described) => described,
        // Deleted meanwhile.
        Err(failure) if failure.code == Code::NotFound => return Ok(()),
        Err(failure) => return Err(failure),
    };
    let mut names: Vec<String> = described.subscriptions.into_iter().map(|subscription| subscription.name).collect();
    // Each partition has them all.
    names.sort_unstable();
    names.dedup();
    for subscription in names {
        let request =
            GetSubscriptionFailurePolicyRequest { topic: topic.to_owned(), subscription: subscription.clone() };
        let path = "/danube_admin.TopicAdmin/GetSubscriptionFailurePolicy";
        let answer: GetSubscriptionFailurePolicyResponse = match call::unary(path, &request).await {
            Ok(answer) => answer,
            // Gone meanwhile, or of a topic that keeps nothing and so has no such policy.
            Err(failure) if matches!(failure.code, Code::NotFound | Code::FailedPrecondition) => continue,
            Err(failure) => return Err(failure),
        };
        let policy =
            answer.failure_policy.filter(|policy| policy.poison_policy() == SubscriptionPoisonPolicy::DeadLetter);
        if let Some(target) = policy.and_then(|policy| policy.dead_letter_topic) {
            put(known, target, format!("subscription {subscription} of {topic}"));
        }
    }
    Ok(())
}

/// The topics that have transforms; none where the caller may not ask or the host has no such thing.
///
/// # Errors
/// Where the host cannot be asked.
pub async fn transformed() -> Result<Vec<String>, Failure> {
    let request = ListTopicTransformsRequest::default();
    let path = "/irongate.transforms.v1.TransformService/ListTopicTransforms";
    match call::unary::<ListTopicTransformsResponse>(path, &request).await {
        Ok(listed) => Ok(listed.topics.into_iter().map(|topic| topic.topic).collect()),
        Err(failure) if matches!(failure.code, Code::PermissionDenied | Code::Unimplemented) => Ok(Vec::new()),
        Err(failure) => Err(failure),
    }
}

/// What a topic's transforms would make of a message, and whether the topic would take that.
///
/// # Errors
/// Where the transforms cannot run, or the host cannot be asked.
pub async fn dry_run(topic: &str, message: OutgoingMessage) -> Result<DryRunTopicTransformsResponse, Failure> {
    let request = DryRunTopicTransformsRequest { topic: topic.to_owned(), message: Some(message) };
    call::unary("/irongate.transforms.v1.TransformService/DryRunTopicTransforms", &request).await
}

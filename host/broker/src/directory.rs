//! Listing and describing topics, and creating them by name. Answers only; the topics
//! themselves are in `topics.rs`.

use crate::BrokerError;
use crate::inner::Inner;
use crate::names::{TopicName, check_namespace, split_partition};
use crate::producers::{named_reference, strategy};
use crate::subscription::{Position, Subscription};
use crate::topic::Topic;
use crate::topics::NewTopics;
use irongate_proto::danube::DispatchStrategy;
use irongate_proto::irongate_v1 as v1;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

impl Inner {
    /// A partitioned base name counts as missing, as in Danube: it is not a topic.
    pub(crate) fn lookup(&self, topic: &str) -> Result<(), BrokerError> {
        let name = TopicName::parse(topic, &self.config.limits)?;
        self.topics.get(name.as_str()).map(|_| ())
    }

    pub(crate) fn partitions(&self, topic: &str) -> Result<Vec<String>, BrokerError> {
        let name = TopicName::parse(topic, &self.config.limits)?;
        Ok(self.topics.expand(name.as_str()).iter().map(|topic| topic.name().to_owned()).collect())
    }

    pub(crate) fn list_topics(&self, request: v1::ListTopicsRequest) -> Result<v1::ListTopicsResponse, BrokerError> {
        if !request.namespace.is_empty() {
            check_namespace(&request.namespace, &self.config.limits)?;
        }
        let mut groups: BTreeMap<String, Vec<Arc<Topic>>> = BTreeMap::new();
        for topic in self.topics.all() {
            if request.namespace.is_empty() || topic.full_name().namespace() == request.namespace {
                let base = split_partition(topic.name()).map_or(topic.name(), |(base, _)| base);
                groups.entry(base.to_owned()).or_default().push(topic);
            }
        }
        let topics = groups.into_iter().map(|(name, topics)| self.summary(name, &topics));
        Ok(v1::ListTopicsResponse { topics: topics.collect::<Result<_, _>>()?, namespaces: self.topics.namespaces() })
    }

    fn summary(&self, name: String, topics: &[Arc<Topic>]) -> Result<v1::TopicSummary, BrokerError> {
        let mut message_count = 0;
        for topic in topics {
            let bounds = topic.bounds(&self.store)?;
            message_count += bounds.next_offset - bounds.first_offset;
        }
        let partitioned = topics.first().is_some_and(|topic| topic.name() != name);
        let partitions = if partitioned { topics.len() } else { 0 };
        let binding = topics.iter().find_map(|topic| topic.binding());
        let subscriptions: usize = topics.iter().map(|topic| topic.subscription_count()).sum();
        Ok(v1::TopicSummary {
            name,
            dispatch_strategy: topics.first().map_or(DispatchStrategy::NonReliable, |topic| dispatch(topic)) as i32,
            partitions: u32::try_from(partitions).unwrap_or(u32::MAX),
            schema_subject: binding.as_ref().map(|binding| binding.subject.clone()).unwrap_or_default(),
            validation_policy: binding.map(|binding| binding.policy.to_string()).unwrap_or_default(),
            message_count,
            subscription_count: u32::try_from(subscriptions).unwrap_or(u32::MAX),
            is_transformed: topics.iter().any(|topic| topic.is_transformed()),
        })
    }

    fn existing(&self, topic: &str) -> Result<(TopicName, Vec<Arc<Topic>>), BrokerError> {
        let name = TopicName::parse(topic, &self.config.limits)?;
        let topics = self.topics.expand(name.as_str());
        if topics.is_empty() {
            return Err(BrokerError::TopicMissing { topic: topic.to_owned() });
        }
        Ok((name, topics))
    }

    pub(crate) fn describe_topic(
        &self,
        request: v1::DescribeTopicRequest,
    ) -> Result<v1::DescribeTopicResponse, BrokerError> {
        let (name, topics) = self.existing(&request.topic)?;
        let mut partitions = Vec::new();
        let mut subscriptions = Vec::new();
        for topic in &topics {
            let bounds = topic.bounds(&self.store)?;
            partitions.push(v1::PartitionInfo {
                topic: topic.name().to_owned(),
                first_offset: bounds.first_offset,
                next_offset: bounds.next_offset,
            });
            let infos = topic.subscriptions();
            subscriptions.extend(infos.iter().map(|one| self.subscription_info(topic, one, bounds.next_offset)));
        }
        let retention = topics.iter().find_map(|topic| topic.retention());
        let summary = Some(self.summary(name.as_str().to_owned(), &topics)?);
        // Pipelines are nothing that is known here.
        let pipelines = Vec::new();
        Ok(v1::DescribeTopicResponse { summary, partitions, subscriptions, retention, pipelines })
    }

    fn subscription_info(&self, topic: &Topic, subscription: &Subscription, next_offset: u64) -> v1::SubscriptionInfo {
        let Position { cursor, acked_ahead, unacked, blocked } = subscription.position();
        let (delivered_per_second, acked_per_second) = subscription.rates();
        let (blocked_offset, blocked_reason) = blocked.unzip();
        let attach = Duration::from_millis(self.config.limits.consumer_attach_ms);
        v1::SubscriptionInfo {
            topic: topic.name().to_owned(),
            name: subscription.name.clone(),
            subscription_type: subscription.kind as i32,
            consumer_count: u32::try_from(subscription.consumers_present(attach)).unwrap_or(u32::MAX),
            next_offset: cursor,
            backlog_count: next_offset.saturating_sub(cursor).saturating_sub(acked_ahead),
            unacked_count: unacked as u64,
            delivered_per_second,
            acked_per_second,
            blocked_offset,
            blocked_reason: blocked_reason.unwrap_or_default(),
        }
    }

    /// Refused where the topic exists. The only way to create topics when first use may not.
    pub(crate) async fn create_topic(
        self: &Arc<Self>,
        request: v1::CreateTopicRequest,
    ) -> Result<v1::CreateTopicResponse, BrokerError> {
        let name = TopicName::parse(&request.topic, &self.config.limits)?;
        let strategy = strategy(request.dispatch_strategy)?;
        let reference = named_reference(request.schema_ref);
        if !self.topics.expand(name.as_str()).is_empty() {
            return Err(BrokerError::TopicClash { what: format!("the topic {} exists already", name.as_str()) });
        }
        if !self.config.auto_create_topics && !self.topics.has_namespace(name.namespace()) {
            return Err(BrokerError::NamespaceMissing { namespace: name.namespace().to_owned() });
        }
        let names = self.partition_names(&name, request.partitions)?;
        self.create_topics(NewTopics { names, strategy, reference }, false).await?;
        Ok(v1::CreateTopicResponse {})
    }

    pub(crate) fn namespace_topics(&self, namespace: &str) -> Result<Vec<(String, DispatchStrategy)>, BrokerError> {
        check_namespace(namespace, &self.config.limits)?;
        if !self.topics.has_namespace(namespace) {
            return Err(BrokerError::NamespaceMissing { namespace: namespace.to_owned() });
        }
        let topics = self.topics.all().into_iter().filter(|topic| topic.full_name().namespace() == namespace);
        Ok(topics.map(|topic| (topic.name().to_owned(), dispatch(&topic))).collect())
    }

    pub(crate) fn subscriptions(&self, topic: &str) -> Result<Vec<String>, BrokerError> {
        let (_, topics) = self.existing(topic)?;
        let mut names: Vec<String> =
            topics.iter().flat_map(|topic| topic.subscriptions()).map(|one| one.name.clone()).collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }
}

fn dispatch(topic: &Topic) -> DispatchStrategy {
    if topic.is_reliable() { DispatchStrategy::Reliable } else { DispatchStrategy::NonReliable }
}

//! Topics as a cluster's administrative port knows them, and the sentences for what it does not.

use crate::cluster::Inner;
use crate::connections::Place;
use crate::meaning::passed_on;
use irongate_broker::BrokerError;
use irongate_proto::danube::DispatchStrategy;
use irongate_proto::danube::discovery_client::DiscoveryClient;
use irongate_proto::danube::{TopicLookupRequest, schema_reference::VersionRef};
use irongate_proto::danube_admin::broker_admin_client::BrokerAdminClient;
use irongate_proto::danube_admin::namespace_admin_client::NamespaceAdminClient;
use irongate_proto::danube_admin::topic_admin_client::TopicAdminClient;
use irongate_proto::danube_admin::{self as admin, NamespaceRequest, TopicRequest};
use irongate_proto::irongate_v1::{self as v1, Feature, MissingFeature, TopicSummary};
use std::collections::BTreeMap;
use tonic::{Code, Status};

pub(crate) const NO_ADMIN: &str =
    "a cluster lists and changes topics on its administrative port; start this host with --upstream-admin URL";
pub(crate) const NO_PAST: &str =
    "a Danube cluster hands out messages from the newest on; what it has stored can be read by a subscription alone";
pub(crate) const NO_RETENTION: &str = "a Danube cluster keeps no retention for each topic and truncates none";
const NO_OFFSETS: &str = "a Danube cluster does not tell a producer the offset of its message";
const NO_COUNTS: &str =
    "a Danube cluster does not tell how many messages a topic holds or a subscription has before it";
const NO_VIOLATIONS: &str = "a Danube cluster names the first reason for which it refuses a message";

pub(crate) fn unimplemented(reason: &str) -> BrokerError {
    BrokerError::Upstream { status: Box::new(Status::unimplemented(reason)) }
}

/// What a cluster cannot do, with the reasons that its calls answer as well.
pub(crate) fn missing_features(has_admin: bool) -> Vec<MissingFeature> {
    let mut missing = vec![
        (Feature::BrowseStored, NO_PAST),
        (Feature::Offsets, NO_OFFSETS),
        (Feature::Counts, NO_COUNTS),
        (Feature::Retention, NO_RETENTION),
        (Feature::Violations, NO_VIOLATIONS),
    ];
    if !has_admin {
        missing.extend([(Feature::Browse, NO_ADMIN), (Feature::Topics, NO_ADMIN)]);
    }
    let described =
        |(feature, reason): (Feature, &str)| MissingFeature { feature: feature.into(), reason: reason.to_owned() };
    missing.into_iter().map(described).collect()
}

/// Base name and index of a partition's name; `None` for any other topic.
fn partition(name: &str) -> Option<(&str, u32)> {
    let (base, digits) = name.rsplit_once("-part-")?;
    let index: u32 = digits.parse().ok()?;
    (digits == index.to_string()).then_some((base, index))
}

impl Inner {
    /// Where administration is asked for.
    pub(crate) fn admin(&self) -> Result<Place, BrokerError> {
        let address = self.connections.config().admin.as_ref().ok_or_else(|| unimplemented(NO_ADMIN))?;
        self.connections.to(address).map_err(passed_on)
    }

    pub(crate) async fn partitions(&self, topic: &str) -> Result<Vec<String>, BrokerError> {
        let ask = |place: Place| async move {
            let request = TopicLookupRequest { request_id: 0, topic: topic.to_owned() };
            let mut client = DiscoveryClient::new(place.channel.clone());
            Ok(client.topic_partitions(place.call(request)).await?.into_inner().partitions)
        };
        let found = self.anywhere(ask).await.map_err(passed_on)?;
        // Danube matches by prefix: /a/orders finds the partitions of /a/orders-2 too.
        let is_own = |name: &String| name == topic || partition(name).is_some_and(|(base, _)| base == topic);
        let mut own: Vec<String> = found.into_iter().filter(is_own).collect();
        own.sort_by_key(|name| partition(name).map(|(_, index)| index));
        Ok(own)
    }

    pub(crate) async fn list_topics(
        &self,
        request: v1::ListTopicsRequest,
    ) -> Result<v1::ListTopicsResponse, BrokerError> {
        let place = self.admin()?;
        let listed = BrokerAdminClient::new(place.channel.clone()).list_namespaces(place.call(admin::Empty {})).await;
        let namespaces = listed.map_err(passed_on)?.into_inner().namespaces;
        let mut topics = BTreeMap::new();
        for namespace in namespaces.iter().filter(|name| request.namespace.is_empty() || **name == request.namespace) {
            let asked = place.call(NamespaceRequest { name: namespace.clone() });
            let listed = TopicAdminClient::new(place.channel.clone()).list_namespace_topics(asked).await;
            for topic in listed.map_err(passed_on)?.into_inner().topics {
                let (name, partitions) = partition(&topic.name).map_or((&*topic.name, 0), |(base, _)| (base, 1));
                let summary = topics.entry(name.to_owned()).or_insert_with(|| TopicSummary {
                    name: name.to_owned(),
                    dispatch_strategy: strategy(&topic.delivery).into(),
                    ..TopicSummary::default()
                });
                summary.partitions += partitions;
            }
        }
        Ok(v1::ListTopicsResponse { topics: topics.into_values().collect(), namespaces })
    }

    pub(crate) async fn describe_topic(
        &self,
        request: v1::DescribeTopicRequest,
    ) -> Result<v1::DescribeTopicResponse, BrokerError> {
        let place = self.admin()?;
        let names = self.partitions(&request.topic).await?;
        if names.is_empty() {
            return Err(BrokerError::TopicMissing { topic: request.topic });
        }
        let partitions = if names.contains(&request.topic) { 0 } else { names.len() };
        let mut summary = TopicSummary {
            name: request.topic,
            partitions: u32::try_from(partitions).unwrap_or(u32::MAX),
            ..TopicSummary::default()
        };
        let mut subscriptions = Vec::new();
        for name in &names {
            let asked = place.call(admin::DescribeTopicRequest { name: name.clone() });
            let described = TopicAdminClient::new(place.channel.clone()).describe_topic(asked).await;
            let described = described.map_err(passed_on)?.into_inner();
            summary.dispatch_strategy = strategy(&described.delivery).into();
            summary.schema_subject = described.schema_subject.unwrap_or_default();
            let named = |subscription: String| v1::SubscriptionInfo {
                topic: name.clone(),
                name: subscription,
                ..v1::SubscriptionInfo::default()
            };
            subscriptions.extend(described.subscriptions.into_iter().map(named));
        }
        summary.subscription_count = u32::try_from(subscriptions.len()).unwrap_or(u32::MAX);
        let partitions = names.into_iter().map(|topic| v1::PartitionInfo { topic, ..v1::PartitionInfo::default() });
        Ok(v1::DescribeTopicResponse {
            summary: Some(summary),
            partitions: partitions.collect(),
            subscriptions,
            retention: None,
            pipelines: Vec::new(),
        })
    }

    pub(crate) async fn create_topic(
        &self,
        request: v1::CreateTopicRequest,
    ) -> Result<v1::CreateTopicResponse, BrokerError> {
        let place = self.admin()?;
        let v1::CreateTopicRequest { topic, dispatch_strategy, partitions, schema_ref } = request;
        let is_latest = |version: &Option<VersionRef>| matches!(version, None | Some(VersionRef::UseLatest(_)));
        if schema_ref.as_ref().is_some_and(|schema| !is_latest(&schema.version_ref)) {
            return Err(unimplemented("a Danube cluster binds a new topic to the latest version of its subject"));
        }
        let schema_subject = schema_ref.map(|schema| schema.subject);
        let mut client = TopicAdminClient::new(place.channel.clone());
        let namespace = topic.split('/').nth(1).unwrap_or_default().to_owned();
        self.create_namespace(&place, namespace).await?;
        let created = match partitions {
            0 => {
                let request = admin::NewTopicRequest { name: topic, schema_subject, dispatch_strategy };
                client.create_topic(place.call(request)).await
            }
            partitions => {
                let base_name = topic;
                let request =
                    admin::PartitionedTopicRequest { base_name, partitions, schema_subject, dispatch_strategy };
                client.create_partitioned_topic(place.call(request)).await
            }
        };
        created.map_err(passed_on)?;
        Ok(v1::CreateTopicResponse {})
    }

    /// Danube's topics have no namespace by themselves. One that exists is fine.
    async fn create_namespace(&self, place: &Place, name: String) -> Result<(), BrokerError> {
        let mut client = NamespaceAdminClient::new(place.channel.clone());
        match client.create_namespace(place.call(NamespaceRequest { name })).await {
            Err(status) if status.code() != Code::AlreadyExists => Err(passed_on(status)),
            _ => Ok(()),
        }
    }

    pub(crate) async fn delete_topic(&self, topic: &str) -> Result<u32, BrokerError> {
        let place = self.admin()?;
        let names = self.partitions(topic).await?;
        if names.is_empty() {
            return Err(BrokerError::TopicMissing { topic: topic.to_owned() });
        }
        let count = u32::try_from(names.len()).unwrap_or(u32::MAX);
        for name in names {
            self.places.forget(&name);
            let request = place.call(TopicRequest { name });
            TopicAdminClient::new(place.channel.clone()).delete_topic(request).await.map_err(passed_on)?;
        }
        Ok(count)
    }
}

/// `Reliable` or `NonReliable`, as the administrative port writes it.
fn strategy(delivery: &str) -> DispatchStrategy {
    let is_reliable = delivery.eq_ignore_ascii_case("reliable");
    if is_reliable { DispatchStrategy::Reliable } else { DispatchStrategy::NonReliable }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_told_from_names_that_look_like_them() {
        assert_eq!(partition("/a/b-part-3"), Some(("/a/b", 3)));
        for name in ["/a/b", "/a/b-part-", "/a/b-part-03", "/a/b-part-x", "/a/b-part-99999999999"] {
            assert_eq!(partition(name), None, "{name}");
        }
    }

    #[test]
    fn every_missing_feature_has_a_reason() {
        let (with, without) = (missing_features(true), missing_features(false));
        assert_eq!((with.len(), without.len()), (5, 7));
        assert!(without.iter().all(|missing| missing.reason.len() > 20 && missing.feature != 0));
    }
}

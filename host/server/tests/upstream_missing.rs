//! What a cluster does not have: each feature is listed with a reason, and every method of `irongate.v1`
//! that needs it is refused with that same reason, or leaves its fields empty. Nothing is made up.

use crate::access::methods;
use crate::harness::TestServer;
use crate::upstream::{Front, before, config};
use irongate_proto::danube_admin::NamespaceRequest;
use irongate_proto::danube_admin::namespace_admin_client::NamespaceAdminClient;
use irongate_proto::irongate_v1::browse_service_client::BrowseServiceClient;
use irongate_proto::irongate_v1::host_service_client::HostServiceClient;
use irongate_proto::irongate_v1::publish_service_client::PublishServiceClient;
use irongate_proto::irongate_v1::topic_service_client::TopicServiceClient;
use irongate_proto::irongate_v1::{self as v1, Feature, browse_request::Start, publish_result::Outcome};
use irongate_proto::pipelines_v1::ListPipelinesRequest;
use irongate_proto::pipelines_v1::pipeline_service_client::PipelineServiceClient;
use irongate_proto::transforms_v1::transform_service_client::TransformServiceClient;
use irongate_proto::transforms_v1::{DryRunPipelineRequest, ListTopicTransformsRequest};
use std::collections::BTreeSet;
use tonic::transport::Channel;
use tonic::{Code, Status};

const TOPIC: &str = "/default/t";

async fn info(channel: &Channel) -> v1::GetHostInfoResponse {
    let info = HostServiceClient::new(channel.clone()).get_host_info(v1::GetHostInfoRequest {}).await;
    info.expect("answered").into_inner()
}

fn reason(info: &v1::GetHostInfoResponse, feature: Feature) -> String {
    let missing = info.missing_features.iter().find(|missing| missing.feature() == feature);
    missing.unwrap_or_else(|| panic!("{feature:?} is not said to be missing")).reason.clone()
}

fn assert_refused(info: &v1::GetHostInfoResponse, calls: Vec<(&str, Feature, Result<(), Status>)>) {
    for (call, feature, outcome) in calls {
        let status = outcome.expect_err(call);
        assert_eq!((status.code(), status.message()), (Code::Unimplemented, &*reason(info, feature)), "{call}");
    }
}

async fn browse(channel: &Channel, start: Option<Start>) -> Result<(), Status> {
    let request = v1::BrowseRequest { topics: vec![TOPIC.into()], start, follow: true };
    BrowseServiceClient::new(channel.clone()).browse(request).await.map(drop)
}

/// Every way to begin but the newest message; and what needs a retention.
async fn calls_about_the_past(channel: &Channel) -> Vec<(&'static str, Feature, Result<(), Status>)> {
    let mut topics = TopicServiceClient::new(channel.clone());
    let truncate = v1::TruncateTopicRequest { topic: TOPIC.into(), before_offset: None };
    let retention = v1::SetTopicRetentionRequest { topic: TOPIC.into(), retention: None };
    vec![
        ("Browse from earliest", Feature::BrowseStored, browse(channel, Some(Start::Earliest(true))).await),
        ("Browse from an offset", Feature::BrowseStored, browse(channel, Some(Start::Offset(0))).await),
        ("Browse from a time", Feature::BrowseStored, browse(channel, Some(Start::TimestampMs(1))).await),
        ("Browse of the last ones", Feature::BrowseStored, browse(channel, Some(Start::LastCount(1))).await),
        ("TruncateTopic", Feature::Retention, topics.truncate_topic(truncate).await.map(drop)),
        ("SetTopicRetention", Feature::Retention, topics.set_topic_retention(retention).await.map(drop)),
    ]
}

#[tokio::test]
async fn without_the_administrative_port_topics_and_views_are_refused() {
    let cluster = TestServer::start().await;
    cluster.publish(TOPIC, b"x", None).await;
    let front = Front::before(config(&cluster.url())).await;
    let channel = front.channel().await;
    let info = info(&channel).await;
    assert_eq!(info.upstream, cluster.url());
    let features: Vec<i32> = info.missing_features.iter().map(|missing| missing.feature).collect();
    let mut sorted = features.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (1..=7).collect::<Vec<_>>(), "without that port a cluster has none of our features");
    let mut calls = calls_about_the_past(&channel).await;
    let mut topics = TopicServiceClient::new(channel.clone());
    let create = v1::CreateTopicRequest { topic: TOPIC.into(), ..v1::CreateTopicRequest::default() };
    calls.extend([
        ("Browse from the newest", Feature::Browse, browse(&channel, Some(Start::Latest(true))).await),
        ("Browse from nowhere said", Feature::Browse, browse(&channel, None).await),
        ("ListTopics", Feature::Topics, topics.list_topics(v1::ListTopicsRequest::default()).await.map(drop)),
        (
            "DescribeTopic",
            Feature::Topics,
            topics.describe_topic(v1::DescribeTopicRequest { topic: TOPIC.into() }).await.map(drop),
        ),
        ("CreateTopic", Feature::Topics, topics.create_topic(create).await.map(drop)),
        (
            "DeleteTopic",
            Feature::Topics,
            topics.delete_topic(v1::DeleteTopicRequest { topic: TOPIC.into() }).await.map(drop),
        ),
    ]);
    let named: BTreeSet<&str> = calls.iter().filter_map(|(call, ..)| call.split(' ').next()).collect();
    let ours = methods().into_iter().filter(|path| path.starts_with("/irongate.v1."));
    let left: Vec<String> = ours.filter(|path| !named.contains(path.rsplit('/').next().unwrap_or_default())).collect();
    // A load is made by publishing.
    let answered =
        ["/irongate.v1.PublishService/Publish", "/irongate.v1.HostService/GetHostInfo", "/irongate.v1.LoadService/Run"];
    assert_eq!(left, answered, "every other method of irongate.v1 is refused here");
    assert_refused(&info, calls);
    let mut namespaces = NamespaceAdminClient::new(channel);
    let admin = namespaces.create_namespace(NamespaceRequest { name: "x".into() });
    let admin = admin.await.expect_err("no port");
    assert_eq!((admin.code(), admin.message().contains("--upstream-admin")), (Code::Unimplemented, true), "{admin}");
}

/// With the port the rest is still missing; its fields are empty, and are said to be.
#[tokio::test]
async fn with_the_administrative_port_the_past_and_the_figures_are_still_missing() {
    let cluster = TestServer::start().await;
    let stored = cluster.publish(TOPIC, b"x", None).await.results;
    assert!(matches!(&stored[0].outcome, Some(Outcome::Published(one)) if one.offset == Some(0)), "{stored:?}");
    let front = before(&cluster).await;
    let channel = front.channel().await;
    let info = info(&channel).await;
    let features: BTreeSet<i32> = info.missing_features.iter().map(|missing| missing.feature).collect();
    let expected = [Feature::BrowseStored, Feature::Offsets, Feature::Counts, Feature::Retention, Feature::Violations];
    assert_eq!(features, expected.map(i32::from).into());
    assert_refused(&info, calls_about_the_past(&channel).await);
    let mut pipelines = PipelineServiceClient::new(channel.clone());
    let refused = pipelines.list_pipelines(ListPipelinesRequest {}).await.expect_err("no pipelines here");
    assert_eq!((refused.code(), refused.message().contains("irongate pipeline run")), (Code::Unimplemented, true));
    let mut transforms = TransformServiceClient::new(channel.clone());
    let refused = transforms.list_topic_transforms(ListTopicTransformsRequest::default()).await.expect_err("none here");
    assert_eq!((refused.code(), refused.message().contains("produce --transform")), (Code::Unimplemented, true));
    let refused = transforms.dry_run_pipeline(DryRunPipelineRequest::default()).await.expect_err("no pipelines here");
    assert_eq!(refused.code(), Code::Unimplemented);
    let mut topics = TopicServiceClient::new(channel.clone());
    let described = topics.describe_topic(v1::DescribeTopicRequest { topic: TOPIC.into() }).await;
    let described = described.expect("described").into_inner();
    let summary = described.summary.expect("a summary");
    assert_eq!((summary.message_count, summary.dispatch_strategy), (0, 1), "a count is not made up");
    assert_eq!((described.partitions[0].next_offset, described.retention), (0, None));
    let request = v1::PublishRequest {
        topic: TOPIC.into(),
        producer_name: "p".into(),
        messages: vec![v1::OutgoingMessage { payload: "y".into(), ..v1::OutgoingMessage::default() }],
        ..v1::PublishRequest::default()
    };
    let results =
        PublishServiceClient::new(channel.clone()).publish(request).await.expect("tried").into_inner().results;
    let Some(Outcome::Published(published)) = &results[0].outcome else { panic!("{results:?}") };
    assert_eq!(published.offset, None, "an offset is not made up");
    assert!(browse(&channel, Some(Start::Latest(true))).await.is_ok());
}

#[tokio::test]
async fn the_embedded_broker_lacks_nothing() {
    let server = TestServer::start().await;
    let info = info(&server.channel().await).await;
    assert!(info.upstream.is_empty() && info.missing_features.is_empty(), "{info:?}");
}

/// Not even a cluster's segments can be read through a host.
#[tokio::test]
async fn a_service_that_no_host_has_says_what_to_do_instead() {
    let cluster = TestServer::start().await;
    let front = before(&cluster).await;
    let answer = front.post("/danube.StorageService/ListSegmentDescriptors", &[], "none").await;
    assert_eq!(answer.header("grpc-status"), "12", "{answer:?}");
    assert!(answer.header("grpc-message").contains("irongate.v1.BrowseService"), "{answer:?}");
}

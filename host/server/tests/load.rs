//! Load from inside the host: what is sent, what is told of it, and that it ends: by itself, with its stream, at its limits.

use crate::harness::TestServer;
use crate::upstream::before;
use irongate_proto::danube::{SchemaReference, schema_reference::VersionRef};
use irongate_proto::danube_schema::RegisterSchemaRequest;
use irongate_proto::danube_schema::schema_registry_client::SchemaRegistryClient;
use irongate_proto::irongate_v1::load_service_client::LoadServiceClient;
use irongate_proto::irongate_v1::run_load_request::End;
use irongate_proto::irongate_v1::{LoadSnapshot, RunLoadRequest};
use irongate_server::{Limits, LoadLimits, ServerConfig};
use std::time::Duration;
use tonic::{Code, Status, Streaming};

const TOPIC: &str = "/default/under-load";
/// Longer than any of these tests may take.
const PATIENCE: Duration = Duration::from_secs(30);

fn request(end: End) -> RunLoadRequest {
    let payload = r#"{"n":{{seq}}}"#.to_owned();
    RunLoadRequest {
        topic: TOPIC.to_owned(),
        dispatch_strategy: Some(1),
        payload,
        producers: 2,
        in_flight: 5,
        end: Some(end),
        end_to_end: true,
        ..RunLoadRequest::default()
    }
}

async fn run(server: &TestServer, request: RunLoadRequest) -> Result<Streaming<LoadSnapshot>, Status> {
    Ok(LoadServiceClient::new(server.channel().await).run(request).await?.into_inner())
}

async fn to_the_end(mut stream: Streaming<LoadSnapshot>) -> Vec<LoadSnapshot> {
    let mut snapshots = Vec::new();
    while let Some(snapshot) = stream.message().await.expect("the stream goes well") {
        snapshots.push(snapshot);
    }
    snapshots
}

fn stored(server: &TestServer) -> u64 {
    let topics = server.broker.list_topics(irongate_proto::irongate_v1::ListTopicsRequest::default());
    let topics = topics.expect("a list").topics;
    topics.iter().find(|topic| topic.name == TOPIC).map_or(0, |topic| topic.message_count)
}

#[tokio::test]
async fn a_count_is_sent_measured_and_stored() {
    let server = TestServer::start().await;
    let snapshots = to_the_end(run(&server, request(End::Count(500))).await.expect("it begins")).await;
    let last = snapshots.last().expect("a last word");
    assert!(last.last && snapshots.iter().filter(|snapshot| snapshot.last).count() == 1);
    assert_eq!((last.acknowledged, last.failed, last.ended_because.as_str()), (500, 0, ""));
    for latencies in [&last.acknowledgement, &last.service, &last.end_to_end] {
        let latencies = latencies.as_ref().expect("measured");
        assert_eq!(latencies.count, 500);
        assert!(latencies.p50_us <= latencies.p99_us && latencies.p99_us <= latencies.max_us && latencies.max_us > 0);
        assert_eq!(latencies.buckets.iter().map(|bucket| bucket.count).sum::<u64>(), 500);
    }
    let by_second: u64 = snapshots.iter().flat_map(|it| &it.seconds).map(|second| second.acknowledged).sum();
    assert_eq!(by_second, 500, "each second is told once");
    assert_eq!(stored(&server), 500);
}

#[tokio::test]
async fn a_rate_is_kept_and_told_twice_a_second() {
    let server = TestServer::start().await;
    let with_rate = RunLoadRequest { rate: 100.0, ..request(End::DurationS(2)) };
    let snapshots = to_the_end(run(&server, with_rate).await.expect("it begins")).await;
    assert_eq!(snapshots.last().map(|last| (last.acknowledged, last.failed)), Some((200, 0)));
    assert!(snapshots.len() >= 4, "{}", snapshots.len());
}

#[tokio::test]
async fn whoever_closes_the_stream_stops_the_run_and_makes_room_for_the_next() {
    let load = LoadLimits { runs_max: 1, ..LoadLimits::default() };
    let config = ServerConfig { limits: Limits { load, ..Limits::default() }, ..ServerConfig::default() };
    let server = TestServer::start_with(config, |_| {}).await;
    let long = RunLoadRequest { rate: 0.1, ..request(End::DurationS(3_600)) };
    let mut stream = run(&server, long.clone()).await.expect("it begins");
    stream.message().await.expect("a snapshot");
    let status = run(&server, long.clone()).await.expect_err("one at a time");
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().starts_with("1 loads run already"), "{status}");
    drop(stream);
    let again = async {
        while run(&server, request(End::Count(1))).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("the closed run is over");
}

#[tokio::test]
async fn a_load_beyond_the_limits_is_refused_and_failures_are_counted() {
    let server = TestServer::start().await;
    let limits = LoadLimits::default();
    let too_many = RunLoadRequest { producers: limits.producers_max + 1, ..request(End::Count(1)) };
    let status = run(&server, too_many).await.expect_err("too many producers");
    assert_eq!(status.code(), Code::InvalidArgument);
    to_the_end(run(&server, request(End::Count(1))).await.expect("it begins")).await;
    let other = RunLoadRequest { dispatch_strategy: Some(0), ..request(End::Count(20)) };
    let snapshots = to_the_end(run(&server, other).await.expect("it begins")).await;
    let last = snapshots.last().expect("a last word");
    assert_eq!((last.acknowledged, last.failed), (0, 20));
    assert_eq!((last.failures[0].code.as_str(), last.failures[0].count), ("FAILED_PRECONDITION", 20));
}

#[tokio::test]
async fn partitions_and_a_schema_are_kept_before_a_cluster_as_well() {
    let cluster = TestServer::start().await;
    let front = before(&cluster).await;
    let channel = front.channel().await;
    let schema = RegisterSchemaRequest {
        subject: "counts".into(),
        schema_type: "json_schema".into(),
        schema_definition: r#"{"type":"object","required":["n"]}"#.into(),
        ..RegisterSchemaRequest::default()
    };
    SchemaRegistryClient::new(channel.clone()).register_schema(schema).await.expect("registered");
    for (version, topic) in [(VersionRef::UseLatest(true), "/default/latest"), (VersionRef::PinnedVersion(1), TOPIC)] {
        let load = RunLoadRequest {
            topic: topic.into(),
            partitions: 3,
            schema_ref: Some(SchemaReference { subject: "counts".into(), version_ref: Some(version) }),
            ..request(End::Count(30))
        };
        let mut client = LoadServiceClient::new(channel.clone());
        let snapshots = to_the_end(client.run(load.clone()).await.expect("it begins").into_inner()).await;
        let last = snapshots.last().expect("a last word");
        assert_eq!((last.acknowledged, last.failed), (30, 0), "{topic}: {:?}", last.failures);
        assert_eq!(cluster.broker.partitions(topic).expect("there").len(), 3, "{topic}");
        let broken = RunLoadRequest { payload: "[]".into(), ..load };
        let snapshots = to_the_end(client.run(broken).await.expect("it begins").into_inner()).await;
        assert_eq!(snapshots.last().map(|last| (last.acknowledged, last.failed)), Some((0, 30)), "{topic}");
    }
}

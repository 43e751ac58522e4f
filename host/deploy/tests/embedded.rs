//! Deployed pipelines on a real broker, by the crate's own interface: what the server's and the command's tests cannot bring about.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use irongate_broker::{Broker, BrokerConfig, Deliveries};
use irongate_deploy::Deployments;
use irongate_proto::{
    danube::{ConsumerRequest, DispatchStrategy, ReceiveRequest, consumer_request::SubscriptionType},
    danube_admin::{
        SetSubscriptionFailurePolicyRequest, SubscriptionBackoffStrategy, SubscriptionFailurePolicy,
        SubscriptionPoisonPolicy,
    },
    irongate_v1::{
        BrowseRequest, DescribeTopicRequest, OutgoingMessage, PublishRequest, SubscriptionInfo, browse_request::Start,
    },
    pipelines_v1::{DeployPipelineRequest, DeployPipelineResponse, pipeline::State},
};
use tokio::task::yield_now;
use tokio_stream::StreamExt;

const ORDERS: &str = "/default/orders";
const CLEAN: &str = "/default/orders-clean";

/// The example that keeps state, built once.
static DEDUPLICATE: LazyLock<PathBuf> = LazyLock::new(|| built(&["-p", "deduplicate"], "deduplicate"));

fn built(what: &[&str], name: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../plugins");
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS").env_remove("CARGO_TARGET_DIR");
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins"));
    command.args(["build", "--quiet", "--release", "--target", "wasm32-wasip2"]).args(what);
    assert!(command.arg("--target-dir").arg(&target).status().unwrap().success(), "the component does not build");
    target.join(format!("wasm32-wasip2/release/{name}.wasm"))
}

struct Host {
    broker: Broker,
    deployments: Deployments,
    dir: tempfile::TempDir,
}

impl Host {
    async fn new() -> Host {
        Host::on(tempfile::tempdir().unwrap()).await
    }

    async fn on(dir: tempfile::TempDir) -> Host {
        let broker = Broker::open(BrokerConfig::new(dir.path())).unwrap();
        let deployments = Deployments::open(broker.clone(), dir.path()).await.unwrap();
        Host { broker, deployments, dir }
    }

    async fn reopened(self) -> Host {
        self.deployments.close().await;
        self.broker.close().await;
        let Host { broker, deployments, dir } = self;
        drop((broker, deployments));
        Host::on(dir).await
    }

    async fn deploy(&self, configuration: &str, component: Option<&Path>) -> DeployPipelineResponse {
        let component = component.map(|path| ("stage".to_owned(), std::fs::read(path).unwrap().into()));
        let components: HashMap<_, _> = component.into_iter().collect();
        let configuration = configuration.to_owned();
        self.deployments.deploy(DeployPipelineRequest { configuration, is_yaml: false, components }).await.unwrap()
    }

    async fn publish(&self, topic: &str, payloads: &[&str]) {
        let message = |payload: &&str| OutgoingMessage {
            payload: (*payload).to_owned().into(),
            routing_key: Some((*payload).to_owned()),
            ..OutgoingMessage::default()
        };
        let request = PublishRequest {
            topic: topic.to_owned(),
            producer_name: "test".to_owned(),
            dispatch_strategy: Some(DispatchStrategy::Reliable.into()),
            messages: payloads.iter().map(message).collect(),
            ..PublishRequest::default()
        };
        self.broker.publish(request).await.unwrap();
    }

    /// Payloads of a topic, from its beginning, as many as are wanted; waits for them.
    async fn first(&self, topic: &str, count: usize) -> Vec<String> {
        let request =
            BrowseRequest { topics: vec![topic.to_owned()], start: Some(Start::Earliest(true)), follow: true };
        let mut browse = self.broker.browse(request).unwrap();
        let mut payloads = Vec::new();
        while payloads.len() < count {
            let response = browse.next().await.unwrap().unwrap();
            let messages = response.messages.into_iter().filter_map(|browsed| browsed.message);
            payloads.extend(messages.map(|message| String::from_utf8(message.payload.to_vec()).unwrap()));
        }
        payloads
    }

    /// The files with the components.
    fn components(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.dir.path().join("plugins")).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    fn subscription(&self, name: &str) -> Option<SubscriptionInfo> {
        let described = self.broker.describe_topic(DescribeTopicRequest { topic: ORDERS.to_owned() }).unwrap();
        described.subscriptions.into_iter().find(|one| one.name == name)
    }

    async fn subscribe(&self, subscription: &str) -> Deliveries {
        let request = ConsumerRequest {
            topic_name: ORDERS.to_owned(),
            consumer_name: subscription.to_owned(),
            subscription: subscription.to_owned(),
            subscription_type: SubscriptionType::Exclusive.into(),
            ..ConsumerRequest::default()
        };
        let consumer_id = self.broker.subscribe(request).await.unwrap().consumer_id;
        self.broker.receive(ReceiveRequest { request_id: 0, consumer_id }).unwrap()
    }

    /// What is not acknowledged at once has failed, and one failure blocks the subscription.
    async fn make_impatient(&self, subscription: &str) {
        let policy = SubscriptionFailurePolicy {
            max_redelivery_count: 0,
            ack_timeout_ms: 1,
            base_redelivery_delay_ms: 0,
            max_redelivery_delay_ms: 0,
            backoff_strategy: SubscriptionBackoffStrategy::Fixed.into(),
            dead_letter_topic: None,
            poison_policy: SubscriptionPoisonPolicy::Block.into(),
        };
        let request = SetSubscriptionFailurePolicyRequest {
            topic: ORDERS.to_owned(),
            subscription: subscription.to_owned(),
            failure_policy: Some(policy),
        };
        self.broker.set_failure_policy(request).await.unwrap();
    }
}

fn pipeline(more: &str) -> String {
    format!(
        "[pipeline]\nname = \"p\"\nfrom = \"{ORDERS}\"\n{more}\n[[pipeline.to]]\ntopic = \"{CLEAN}\"\n\
         [pipeline.dead_letter]\ntopic = \"/default/orders-dlq\"\n"
    )
}

fn stage(allow: &str) -> String {
    pipeline(&format!(
        "[[pipeline.stages]]\nid = \"stage\"\nuses = \"deduplicate.wasm\"\nlimits = {{ timeout = \"60s\" }}\n{allow}"
    ))
}

/// S15, in the host: nothing of a version is in place before every stage of it has started.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s15_a_stage_that_does_not_start_lets_nothing_be_consumed() {
    let host = Host::new().await;
    host.publish(ORDERS, &["a"]).await;
    // It wants state, which it is not granted: only starting it shows that.
    let answer = host.deploy(&stage(""), Some(&DEDUPLICATE)).await;
    let problem = &answer.problems.first().expect("a problem");
    assert!(problem.path.ends_with(".allow") && problem.message.contains("state"), "{problem:?}");
    assert!(host.subscription("p").is_none(), "the source was subscribed to");
    assert!(host.deployments.list().await.pipelines.is_empty());

    // The same of another version: the one that runs stays, and misses nothing.
    let allowed = host.deploy(&stage("allow = { state = true }"), Some(&DEDUPLICATE)).await;
    assert_eq!((allowed.version, allowed.problems.len()), (1, 0));
    while host.subscription("p").is_none() {
        yield_now().await;
    }
    assert!(!host.deploy(&stage(""), Some(&DEDUPLICATE)).await.problems.is_empty());
    host.publish(ORDERS, &["b", "b", "c"]).await;
    assert_eq!(host.first(CLEAN, 2).await, ["b", "c"]);

    // A component that cannot be used any more when the host starts again.
    host.deployments.pause("p").await.unwrap();
    host.publish(ORDERS, &["d"]).await;
    host.deployments.resume("p").await.unwrap();
    assert_eq!(host.first(CLEAN, 3).await, ["b", "c", "d"]);
    let host = damaged(host).await;
    let listed = host.deployments.list().await.pipelines.remove(0);
    assert!(listed.state() == State::Failed && !listed.failure.is_empty(), "{listed:?}");
    host.publish(ORDERS, &["e"]).await;
    let left = host.subscription("p").unwrap();
    assert_eq!((left.backlog_count, left.unacked_count, left.consumer_count), (1, 0, 0));
}

/// The host started again after every component was damaged on the disk.
async fn damaged(host: Host) -> Host {
    host.components().iter().for_each(|component| std::fs::write(component, "no component").unwrap());
    host.reopened().await
}

/// The fixture that is stopped by every record that says so, built once.
static TRAP: LazyLock<PathBuf> =
    LazyLock::new(|| built(&["-p", "irongate-fixtures", "--example", "trap"], "examples/trap"));

/// A version that does not work is taken back before it has made dead letters of everything, and what was returned to stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_record_after_record_stops_is_taken_back_once() {
    let host = Host::new().await;
    host.publish(ORDERS, &["before"]).await;
    host.deploy(&pipeline(""), None).await;
    while host.subscription("p").is_none() {
        yield_now().await;
    }
    let answer = host.deploy(&stage("").replace("deduplicate", "trap"), Some(&TRAP)).await;
    assert_eq!((answer.version, answer.problems.len()), (2, 0));
    let poison = vec!["poison"; 40];
    host.publish(ORDERS, &poison).await;
    let through = host.first(CLEAN, 24).await;
    assert!(through.iter().all(|payload| payload == "poison"));
    while host.subscription("p").is_some_and(|one| one.backlog_count > 0) {
        yield_now().await;
    }
    let listed = host.deployments.list().await.pipelines.remove(0);
    assert!(listed.version == 3 && listed.failure.starts_with("version 2 was taken back: 16 records"), "{listed:?}");
    assert_eq!(listed.state(), State::Running);
    // What is in flight is settled by then.
    host.deployments.pause("p").await.unwrap();
    let figures = host.deployments.figures().remove(0);
    assert_eq!((figures.returns, figures.counts.delivered + figures.counts.dead_lettered), (1, 40));
    assert!(figures.counts.dead_lettered < 16, "{figures:?}");

    // Why is still known when the host starts again, until a person deploys another version.
    let host = host.reopened().await;
    let kept = host.deployments.list().await.pipelines.remove(0);
    assert_eq!((kept.state(), &kept.failure), (State::Paused, &listed.failure));
    host.deployments.resume("p").await.unwrap();
    assert_eq!(host.deployments.list().await.pipelines.remove(0).failure, listed.failure);
    host.deploy(&pipeline(""), None).await;
    assert_eq!(host.deployments.list().await.pipelines.remove(0).failure, "");
}

/// What was returned to is not taken back as well, though it does not work either: two versions would take turns for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_returned_to_stays_whatever_it_does() {
    let host = Host::new().await;
    host.publish(ORDERS, &["before"]).await;
    let trap = stage("").replace("deduplicate", "trap");
    host.deploy(&trap, Some(&TRAP)).await;
    assert_eq!(host.deploy(&trap, Some(&TRAP)).await.version, 2);
    while host.subscription("p").is_none() {
        yield_now().await;
    }
    let payloads = [&["poison"; 40][..], &["good"]].concat();
    host.publish(ORDERS, &payloads).await;
    assert_eq!(host.first(CLEAN, 1).await, ["good"]);
    while host.subscription("p").is_some_and(|one| one.backlog_count > 0) {
        yield_now().await;
    }
    let listed = host.deployments.list().await.pipelines.remove(0);
    assert!(listed.version == 3 && listed.failure.starts_with("version 2 was taken back"), "{listed:?}");
    host.deployments.pause("p").await.unwrap();
    let figures = host.deployments.figures().remove(0);
    assert_eq!((figures.returns, figures.counts.dead_lettered, figures.counts.delivered), (1, 40, 1));
}

/// Where the version before cannot be loaded any more, the one that does not work goes on: its records become dead letters, and none waits for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_version_to_return_to_the_one_that_is_there_goes_on() {
    let host = Host::new().await;
    host.publish(ORDERS, &["before"]).await;
    host.deploy(&stage("allow = { state = true }"), Some(&DEDUPLICATE)).await;
    let before: Vec<PathBuf> = host.components();
    assert_eq!(host.deploy(&stage("").replace("deduplicate", "trap"), Some(&TRAP)).await.version, 2);
    before.iter().for_each(|component| std::fs::write(component, "no component").unwrap());
    while host.subscription("p").is_none() {
        yield_now().await;
    }
    host.publish(ORDERS, &["poison"; 20]).await;
    host.publish(ORDERS, &["good"]).await;
    assert_eq!(host.first(CLEAN, 1).await, ["good"]);
    let listed = host.deployments.list().await.pipelines.remove(0);
    assert_eq!((listed.version, listed.state(), listed.failure.as_str()), (2, State::Running, ""));
    host.deployments.pause("p").await.unwrap();
    let figures = host.deployments.figures().remove(0);
    assert_eq!((figures.returns, figures.counts.dead_lettered, figures.counts.delivered), (0, 20, 1));
}

/// All stages in all lanes share one room for their states. What has no room is the transform's to answer, the records beside it are served, and
/// what is kept still counts when the host starts again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_states_of_a_pipeline_have_one_bound_in_bytes() {
    let host = Host::new().await;
    host.publish(ORDERS, &["before"]).await;
    // A key of the state is the topic, a line feed and the record's key: 17 bytes.
    let small = stage("allow = { state = true }")
        .replace("[[pipeline.stages]]", "lanes = 4\nstate_bytes = \"40B\"\n[[pipeline.stages]]");
    let answer = host.deploy(&small, Some(&DEDUPLICATE)).await;
    assert_eq!((answer.version, answer.problems), (1, Vec::new()));
    while host.subscription("p").is_none() {
        yield_now().await;
    }
    for (index, key) in ["a", "b"].into_iter().enumerate() {
        host.publish(ORDERS, &[key]).await;
        assert_eq!(host.first(CLEAN, index + 1).await[index], key);
    }
    for (index, key) in ["c", "d", "e", "f"].into_iter().enumerate() {
        host.publish(ORDERS, &["a", key, "b"]).await;
        assert_eq!(host.first("/default/orders-dlq", index + 1).await[index], key);
    }
    let host = host.reopened().await;
    host.publish(ORDERS, &["b", "g"]).await;
    assert_eq!(host.first("/default/orders-dlq", 5).await[4], "g");
    while host.subscription("p").is_none_or(|one| one.backlog_count > 0) {
        yield_now().await;
    }
    assert_eq!(host.first(CLEAN, 2).await, ["a", "b"]);
}

/// A lane that waits for its commit is nobody's failure, however long it waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_that_wait_for_their_commit_do_not_fail() {
    let host = Host::new().await;
    host.publish(ORDERS, &["before"]).await;
    host.deploy(&pipeline(""), None).await;
    while host.subscription("p").is_none() {
        yield_now().await;
    }
    host.make_impatient("p").await;
    // It stands for the time that passes: what it is given it keeps for too long.
    let _silent = host.subscribe("silent").await;
    host.make_impatient("silent").await;
    host.broker.delete_topic(CLEAN).await.unwrap();
    host.publish(ORDERS, &["a", "b", "c"]).await;
    while host.subscription("silent").is_none_or(|one| one.blocked_offset.is_none()) {
        yield_now().await;
    }
    let clean = DescribeTopicRequest { topic: CLEAN.to_owned() };
    assert!(host.broker.describe_topic(clean).is_err(), "the lane does not wait");
    let waiting = host.subscription("p").unwrap();
    assert_eq!((waiting.blocked_offset, waiting.blocked_reason.as_str()), (None, ""));

    host.publish(CLEAN, &[]).await;
    assert_eq!(host.first(CLEAN, 3).await, ["a", "b", "c"]);
    while host.subscription("p").is_some_and(|one| one.backlog_count > 0) {
        yield_now().await;
    }
    assert!(host.subscription("p").unwrap().blocked_offset.is_none());
}

/// What a list says is enough to draw a pipeline from: what each edge carried, what lies before it, and when one that failed is tried again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_says_what_each_pipeline_has_done_and_what_lies_before_it() {
    let host = Host::new().await;
    let large =
        "[[pipeline.to]]\ntopic = \"/default/large\"\nwhen = { key = true, starts_with = \"l\" }\non_error = \"drop\"";
    host.deploy(&pipeline(large), None).await;
    // Its source is not there yet.
    let failed = loop {
        let listed = host.deployments.list().await;
        let now_ms = listed.answered_at_ms;
        let one = listed.pipelines.into_iter().next().unwrap();
        if one.state() == State::Failed {
            assert!(one.deployed_at_ms <= now_ms, "{now_ms} {one:?}");
            break one;
        }
        yield_now().await;
    };
    assert!(failed.restarts_at_ms > failed.deployed_at_ms && failed.restarts > 0, "{failed:?}");
    assert!(failed.failure.contains("does not exist") && failed.backlog.is_none(), "{failed:?}");
    assert_eq!(
        (failed.targets[0].when.as_str(), failed.targets[0].on_error.as_str()),
        ("key starts with \"l\"", "drop")
    );

    host.publish(ORDERS, &["before"]).await;
    while host.subscription("p").is_none() {
        yield_now().await;
    }
    host.publish(ORDERS, &["large", "small"]).await;
    while host.subscription("p").is_some_and(|one| one.backlog_count > 0) {
        yield_now().await;
    }
    // What is in flight is settled by then.
    host.deployments.pause("p").await.unwrap();
    host.publish(ORDERS, &["later"]).await;
    let one = host.deployments.list().await.pipelines.remove(0);
    assert_eq!((one.state(), one.restarts_at_ms, one.backlog), (State::Paused, 0, Some(1)));
    assert_eq!((one.records_read, one.records_settled, one.records_in_flight), (2, 2, 0));
    let written: Vec<_> = one.targets.iter().map(|target| (target.topic.as_str(), target.messages_written)).collect();
    assert_eq!(written, [("/default/large", 1), (CLEAN, 2)]);

    assert_eq!(one.version_before, 0);
    let limits = "limits = { memory = \"8MiB\", timeout = \"60s\" }\nallow = { state = true }\non_error = \"block\"";
    let staged = stage("").replace("limits = { timeout = \"60s\" }", limits);
    assert_eq!(host.deploy(&staged, Some(&DEDUPLICATE)).await.version, 2);
    let two = host.deployments.list().await.pipelines.remove(0);
    let stage = &two.stages[0];
    assert_eq!(
        (two.version_before, stage.on_error.as_str(), stage.capabilities.join(" ")),
        (1, "block", "state".into())
    );
    assert_eq!(stage.limits.map(|limits| (limits.memory_bytes, limits.timeout_ms)), Some((8 << 20, 60_000)));
}

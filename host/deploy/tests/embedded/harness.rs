//! A broker with deployments on a directory of its own, the components that are deployed on it, and their files.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use irongate_broker::{Broker, BrokerConfig, Deliveries, OpenError};
use irongate_deploy::Deployments;
use irongate_proto::{
    danube::{ConsumerRequest, DispatchStrategy, ReceiveRequest, consumer_request::SubscriptionType},
    danube_admin::{
        SetSubscriptionFailurePolicyRequest, SubscriptionBackoffStrategy, SubscriptionFailurePolicy,
        SubscriptionPoisonPolicy,
    },
    irongate_v1::{
        BrowseRequest, DescribeTopicRequest, OutgoingMessage, PublishRequest, SubscriptionInfo, browse_request::Start,
        publish_result::Outcome,
    },
    pipelines_v1::{DeployPipelineRequest, DeployPipelineResponse},
};
use tokio::task::yield_now;
use tokio_stream::StreamExt;

pub(crate) const ORDERS: &str = "/default/orders";
pub(crate) const CLEAN: &str = "/default/orders-clean";

/// The example that keeps state, built once.
pub(crate) static DEDUPLICATE: LazyLock<PathBuf> = LazyLock::new(|| built(&["-p", "deduplicate"], "deduplicate"));

pub(crate) fn built(what: &[&str], name: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../plugins");
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS").env_remove("CARGO_TARGET_DIR");
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins"));
    command.args(["build", "--quiet", "--release", "--target", "wasm32-wasip2"]).args(what);
    assert!(command.arg("--target-dir").arg(&target).status().unwrap().success(), "the component does not build");
    target.join(format!("wasm32-wasip2/release/{name}.wasm"))
}

pub(crate) struct Host {
    pub(crate) broker: Broker,
    pub(crate) deployments: Deployments,
    pub(crate) dir: tempfile::TempDir,
}

impl Host {
    pub(crate) async fn new() -> Host {
        Host::on(tempfile::tempdir().unwrap()).await
    }

    pub(crate) async fn on(dir: tempfile::TempDir) -> Host {
        let broker = loop {
            match Broker::open(BrokerConfig::new(dir.path())) {
                // A task of the host before this one, which has ended, may not be taken down yet.
                Err(OpenError::Locked { .. }) => yield_now().await,
                opened => break opened.unwrap(),
            }
        };
        let deployments = Deployments::open(broker.clone(), dir.path()).await.unwrap();
        Host { broker, deployments, dir }
    }

    pub(crate) async fn reopened(self) -> Host {
        self.deployments.close().await;
        self.broker.close().await;
        let Host { broker, deployments, dir } = self;
        drop((broker, deployments));
        Host::on(dir).await
    }

    pub(crate) async fn deploy(&self, configuration: &str, component: Option<&Path>) -> DeployPipelineResponse {
        let component = component.map(|path| ("stage".to_owned(), std::fs::read(path).unwrap().into()));
        let components: HashMap<_, _> = component.into_iter().collect();
        let configuration = configuration.to_owned();
        self.deployments.deploy(DeployPipelineRequest { configuration, is_yaml: false, components }).await.unwrap()
    }

    pub(crate) async fn publish(&self, topic: &str, payloads: &[&str]) {
        assert!(self.answers(topic, payloads).await.iter().all(|is_in| *is_in), "a message was refused");
    }

    /// Publishes messages in one call, and says of each whether it was accepted.
    pub(crate) async fn answers(&self, topic: &str, payloads: &[&str]) -> Vec<bool> {
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
        let answers = self.broker.publish(request).await.unwrap().results;
        answers.iter().map(|one| matches!(one.outcome, Some(Outcome::Published(_)))).collect()
    }

    /// Payloads of a topic, from its beginning, as many as are wanted; waits for them.
    pub(crate) async fn first(&self, topic: &str, count: usize) -> Vec<String> {
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
    pub(crate) fn components(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.dir.path().join("plugins")).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    pub(crate) fn subscription(&self, name: &str) -> Option<SubscriptionInfo> {
        let described = self.broker.describe_topic(DescribeTopicRequest { topic: ORDERS.to_owned() }).unwrap();
        described.subscriptions.into_iter().find(|one| one.name == name)
    }

    pub(crate) async fn subscribe(&self, subscription: &str) -> Deliveries {
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
    pub(crate) async fn make_impatient(&self, subscription: &str) {
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

pub(crate) fn pipeline(more: &str) -> String {
    format!(
        "[pipeline]\nname = \"p\"\nfrom = \"{ORDERS}\"\n{more}\n[[pipeline.to]]\ntopic = \"{CLEAN}\"\n\
         [pipeline.dead_letter]\ntopic = \"/default/orders-dlq\"\n"
    )
}

pub(crate) fn stage(allow: &str) -> String {
    pipeline(&format!(
        "[[pipeline.stages]]\nid = \"stage\"\nuses = \"deduplicate.wasm\"\nlimits = {{ timeout = \"60s\" }}\n{allow}"
    ))
}

/// The fixture that is stopped by every record that says so, built once.
pub(crate) static TRAP: LazyLock<PathBuf> =
    LazyLock::new(|| built(&["-p", "irongate-fixtures", "--example", "trap"], "examples/trap"));

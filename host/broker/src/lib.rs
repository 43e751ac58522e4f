//! The embedded broker: topics, producers, subscriptions, browsing and the schema
//! registry. Requests and answers are the contract's own messages. It knows no
//! transport: no HTTP, no sockets, no TLS, no authorisation.
//!
//! A message on a reliable topic is acknowledged after the group commit that holds it is
//! synced; see [`irongate_store::Durability`]. A consumer's acknowledgement is written with
//! the next group commit, at most [`Limits::cursor_delay_max_ms`] later: after a crash, that
//! much is delivered again, never less and never out of what was acknowledged before.

mod admin;
mod backup;
mod binding;
mod browse;
mod commits;
mod config;
mod consumers;
mod deletion;
mod directory;
mod documents;
mod error;
mod inner;
mod message_broker;
mod metrics;
mod names;
mod notes;
mod outbox;
mod policies;
mod producers;
mod publish;
mod recent;
mod registry;
mod retention;
mod subscription;
mod topic;
mod topics;
mod transforms;

pub use browse::Browse;
pub use config::{BrokerConfig, Limits};
pub use error::{BrokerError, OpenError};
pub use irongate_store::{CommitHook, Copied, CopyError, FreeBytes};
pub use message_broker::{Delivered, MessageBroker, Standing};
pub use metrics::MetricsSnapshot;
pub use notes::Note;
pub use publish::{
    Passing, TopicTransforms, Transacted, Transaction, TransformRefusal, Transforming, refused, violation,
};
pub use subscription::Deliveries;

use inner::Inner;
use irongate_proto::{danube, danube_schema, irongate_v1};
use std::sync::Arc;

/// A broker on one data directory; clones share it. The directory is released when the
/// last clone and the last stream are gone. Methods must be called inside a tokio
/// runtime. Their errors are [`BrokerError`], which knows its gRPC status.
#[derive(Clone)]
pub struct Broker {
    inner: Arc<Inner>,
}

type Answer<T> = Result<T, BrokerError>;

#[expect(clippy::missing_errors_doc, reason = "every error is a BrokerError, whose variants say when")]
impl Broker {
    /// Opens the data directory, creating it when missing.
    pub fn open(config: BrokerConfig) -> Result<Self, OpenError> {
        Inner::open(config).map(|inner| Self { inner })
    }

    /// Ends every stream, writes cursors and whatever else is queued, and syncs.
    /// Afterwards every request is refused.
    pub async fn close(&self) {
        self.inner.close().await;
    }

    /// Why the store refuses writes, if it does.
    pub fn health(&self) -> Result<(), String> {
        self.inner.check_open().map_err(|error| error.to_string())?;
        self.inner.store.health().map_err(|error| error.to_string())
    }

    /// The limits it was opened with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.config.limits
    }

    /// Whether topics and namespaces are created on first use.
    #[must_use]
    pub fn auto_create_topics(&self) -> bool {
        self.inner.config.auto_create_topics
    }

    /// Counters and gauges.
    #[must_use]
    pub fn metrics(&self) -> MetricsSnapshot {
        self.inner.snapshot()
    }

    /// Creates a producer, and the topic where it may; one of that name on the topic keeps its id.
    pub async fn create_producer(&self, request: danube::ProducerRequest) -> Answer<danube::ProducerResponse> {
        self.inner.create_producer(request).await
    }

    /// Publishes one message of a producer.
    pub async fn send(&self, message: danube::StreamMessage) -> Answer<danube::MessageResponse> {
        self.inner.send(message).await
    }

    /// Joins a subscription, creating it where it does not exist.
    pub async fn subscribe(&self, request: danube::ConsumerRequest) -> Answer<danube::ConsumerResponse> {
        self.inner.subscribe(request).await
    }

    /// The messages of a consumer; ends a stream it may have had before.
    pub fn receive(&self, request: danube::ReceiveRequest) -> Answer<Deliveries> {
        self.inner.receive(request)
    }

    /// The topic a consumer subscribed to.
    pub fn consumer_topic(&self, consumer_id: u64) -> Answer<String> {
        self.inner.consumers.topic(consumer_id)
    }

    /// Acknowledges one message.
    #[expect(clippy::unused_async, reason = "an acknowledgement may come to wait for its sync")]
    pub async fn ack(&self, request: danube::AckRequest) -> Answer<danube::AckResponse> {
        self.inner.ack(&request)
    }

    /// Asks for one message again, after a delay.
    #[expect(clippy::unused_async, reason = "as its twin, the acknowledgement")]
    pub async fn nack(&self, request: danube::NackRequest) -> Answer<danube::NackResponse> {
        self.inner.nack(&request)
    }

    /// Whether this exact topic exists.
    pub fn lookup(&self, topic: &str) -> Answer<()> {
        self.inner.lookup(topic)
    }

    /// The topic itself, all partitions of a base name, or nothing.
    pub fn partitions(&self, topic: &str) -> Answer<Vec<String>> {
        self.inner.partitions(topic)
    }

    /// Whether the broker still knows a producer or consumer.
    pub fn health_check(&self, request: danube::HealthCheckRequest) -> Answer<danube::HealthCheckResponse> {
        self.inner.health_check(request)
    }

    /// Publishes messages to one topic, one result for each.
    pub async fn publish(&self, request: irongate_v1::PublishRequest) -> Answer<irongate_v1::PublishResponse> {
        self.inner.publish(request).await
    }

    /// Commits messages, acknowledgements and notes together.
    pub async fn transact(&self, transaction: Transaction) -> Answer<Transacted> {
        self.inner.transact(transaction).await
    }

    /// Writes notes; all are on the disk when it is answered.
    pub async fn write_notes(&self, notes: Vec<Note>) -> Answer<()> {
        self.inner.check_open()?;
        self.inner.commits.write(notes.into_iter().map(Note::into_document).collect()).await
    }

    /// Puts every message of a topic through transforms before it is checked and kept; `None` ends that. `kept` is handed
    /// back by [`Broker::transforms`] after a restart, and until [`Broker::load_transforms`] the topic takes no message.
    pub async fn set_transforms(
        &self,
        topic: &str,
        transforms: Option<(Vec<u8>, Arc<dyn TopicTransforms>)>,
    ) -> Answer<()> {
        self.inner.set_transforms(topic, transforms).await
    }

    /// Loads the transforms that a topic has.
    pub fn load_transforms(&self, topic: &str, live: &Arc<dyn TopicTransforms>) -> Answer<()> {
        self.inner.load_transforms(topic, live)
    }

    /// Topics with transforms, partitions folded into their base name, and what is kept of these.
    #[must_use]
    pub fn transforms(&self) -> Vec<(String, Vec<u8>)> {
        self.inner.transforms()
    }

    /// Whether a topic would take what transforms made of a message: size and schema. Answers what its policy would let through with a warning; keeps
    /// nothing.
    pub async fn examine(&self, topic: &str, made: Passing) -> Answer<Vec<irongate_schema::Violation>> {
        self.inner.examine(topic, made).await
    }

    /// All notes whose names begin so, with their values, in the order of their names.
    pub fn notes(&self, prefix: &[u8]) -> Answer<Vec<(Vec<u8>, Vec<u8>)>> {
        self.inner.notes(prefix)
    }

    /// Reads topics without a subscription.
    pub fn browse(&self, request: irongate_v1::BrowseRequest) -> Answer<Browse> {
        self.inner.browse(request)
    }

    /// Topics, partitions folded into their base name, and namespaces.
    pub fn list_topics(&self, request: irongate_v1::ListTopicsRequest) -> Answer<irongate_v1::ListTopicsResponse> {
        self.inner.list_topics(request)
    }

    /// One topic or base name, with its partitions and subscriptions.
    pub fn describe_topic(
        &self,
        request: irongate_v1::DescribeTopicRequest,
    ) -> Answer<irongate_v1::DescribeTopicResponse> {
        self.inner.describe_topic(request)
    }

    /// Creates a topic, refused where it exists.
    pub async fn create_topic(
        &self,
        request: irongate_v1::CreateTopicRequest,
    ) -> Answer<irongate_v1::CreateTopicResponse> {
        self.inner.create_topic(request).await
    }

    /// Creates a namespace; one that exists is left as it is.
    pub async fn create_namespace(&self, namespace: &str) -> Answer<()> {
        self.inner.create_namespace(namespace).await
    }

    /// All namespaces, in order.
    #[must_use]
    pub fn namespaces(&self) -> Vec<String> {
        self.inner.topics.namespaces()
    }

    /// Every topic of a namespace, each partition by its own name.
    pub fn namespace_topics(&self, namespace: &str) -> Answer<Vec<(String, danube::DispatchStrategy)>> {
        self.inner.namespace_topics(namespace)
    }

    /// Names of the subscriptions of a topic, or of all partitions of a base name.
    pub fn subscriptions(&self, topic: &str) -> Answer<Vec<String>> {
        self.inner.subscriptions(topic)
    }
}

/// The schema registry: one method for each call of the contract.
#[expect(clippy::missing_errors_doc, reason = "every error is a BrokerError, whose variants say when")]
#[expect(clippy::unused_async, reason = "one shape for all calls of the registry")]
impl Broker {
    /// Registers a version; the same definition again answers with the version it has.
    pub async fn register_schema(
        &self,
        request: danube_schema::RegisterSchemaRequest,
    ) -> Answer<danube_schema::RegisterSchemaResponse> {
        self.inner.register_schema(request).await
    }

    /// A version by schema id; the latest where none is named.
    pub async fn get_schema(
        &self,
        request: danube_schema::GetSchemaRequest,
    ) -> Answer<danube_schema::GetSchemaResponse> {
        self.inner.get_schema(request)
    }

    /// The latest version of a subject.
    pub async fn get_latest_schema(
        &self,
        request: danube_schema::GetLatestSchemaRequest,
    ) -> Answer<danube_schema::GetSchemaResponse> {
        self.inner.get_latest_schema(request)
    }

    /// The versions of a subject, ascending.
    pub async fn list_versions(
        &self,
        request: danube_schema::ListVersionsRequest,
    ) -> Answer<danube_schema::ListVersionsResponse> {
        self.inner.list_versions(request)
    }

    /// Whether a definition may follow the latest version.
    pub async fn check_compatibility(
        &self,
        request: danube_schema::CheckCompatibilityRequest,
    ) -> Answer<danube_schema::CheckCompatibilityResponse> {
        self.inner.check_schema_compatibility(request)
    }

    /// Deletes a version; with the last one the subject, unless a topic is bound to it.
    pub async fn delete_schema_version(
        &self,
        request: danube_schema::DeleteSchemaVersionRequest,
    ) -> Answer<danube_schema::DeleteSchemaVersionResponse> {
        self.inner.delete_schema_version(request).await
    }

    /// What later versions of a subject must satisfy.
    pub async fn set_compatibility_mode(
        &self,
        request: danube_schema::SetCompatibilityModeRequest,
    ) -> Answer<danube_schema::SetCompatibilityModeResponse> {
        self.inner.set_compatibility_mode(request).await
    }

    /// Binds a topic, or all partitions of a base name, to a subject.
    pub async fn configure_topic_schema(
        &self,
        request: danube_schema::ConfigureTopicSchemaRequest,
    ) -> Answer<danube_schema::ConfigureTopicSchemaResponse> {
        self.inner.configure_topic_schema(request).await
    }

    /// Changes what happens to invalid messages on a bound topic.
    pub async fn update_topic_validation_policy(
        &self,
        request: danube_schema::UpdateTopicValidationPolicyRequest,
    ) -> Answer<danube_schema::UpdateTopicValidationPolicyResponse> {
        self.inner.update_topic_validation_policy(request).await
    }

    /// How a topic is bound.
    pub async fn get_topic_schema_config(
        &self,
        request: danube_schema::GetTopicSchemaConfigRequest,
    ) -> Answer<danube_schema::GetTopicSchemaConfigResponse> {
        self.inner.get_topic_schema_config(request)
    }

    /// All subjects, in order.
    pub async fn list_subjects(
        &self,
        _request: danube_schema::ListSubjectsRequest,
    ) -> Answer<danube_schema::ListSubjectsResponse> {
        Ok(self.inner.list_subjects())
    }
}

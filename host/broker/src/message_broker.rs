//! What a server needs of a broker: one method for each call of the contracts that a cluster can
//! answer as well. The embedded broker is one implementation, and passes nothing on: its methods
//! are the calls. Generic code pays nothing for it; there is no trait object.

use crate::{Broker, BrokerError, Browse, Deliveries, Limits, MetricsSnapshot};
use futures_core::Stream;
use irongate_proto::{danube, danube_schema as schema, irongate_v1 as v1};
use std::pin::Pin;
use std::task::{Context, Poll};

/// What a broker says of itself beside its limits.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// The cluster behind this host; empty where it keeps its messages itself.
    pub upstream: String,
    /// What of `irongate.v1` it cannot do, and why.
    pub missing_features: Vec<v1::MissingFeature>,
}

macro_rules! message_broker {
    (
        waiting { $($(#[$doc:meta])* $waiting:ident($request:ty) -> $answer:ty;)* }
        at_once { $($(#[$doc_now:meta])* $now:ident($request_now:ty) -> $answer_now:ty;)* }
    ) => {
        /// A broker that a server can put before its clients. Errors are [`BrokerError`], which knows its gRPC status.
        #[expect(clippy::missing_errors_doc, reason = "every error is a BrokerError, whose variants say when")]
        pub trait MessageBroker: Clone + Send + Sync + 'static {
            /// Messages of one consumer.
            type Deliveries: Stream<Item = Result<danube::StreamMessage, BrokerError>> + Send + Unpin + 'static;
            /// What a browse stream carries.
            type Browse: Stream<Item = Result<v1::BrowseResponse, BrokerError>> + Send + Unpin + 'static;

            /// The limits that requests are held to.
            fn limits(&self) -> &Limits;
            /// Whether topics come into being on first use.
            fn auto_create_topics(&self) -> bool;
            /// What it is.
            fn standing(&self) -> Standing;
            /// Why it cannot work, if it cannot.
            fn health(&self) -> Result<(), String>;
            /// Counters and gauges.
            fn metrics(&self) -> MetricsSnapshot;
            /// Ends every stream and whatever else it does.
            fn close(&self) -> impl Future<Output = ()> + Send;
            /// The messages of a consumer; ends a stream it may have had before.
            fn receive(
                &self,
                request: danube::ReceiveRequest,
            ) -> impl Future<Output = Result<Self::Deliveries, BrokerError>> + Send;
            /// Reads topics without a subscription.
            fn browse(&self, request: v1::BrowseRequest) -> impl Future<Output = Result<Self::Browse, BrokerError>> + Send;
            /// The topic a consumer subscribed to.
            fn consumer_topic(&self, consumer_id: u64) -> Result<String, BrokerError>;
            /// Whether this exact topic exists.
            fn lookup(&self, topic: &str) -> impl Future<Output = Result<(), BrokerError>> + Send;
            /// The topic itself, all partitions of a base name, or nothing.
            fn partitions(&self, topic: &str) -> impl Future<Output = Result<Vec<String>, BrokerError>> + Send;
            /// Deletes a topic, or all partitions of a base name; answers how many.
            fn delete_topic(&self, topic: &str) -> impl Future<Output = Result<u32, BrokerError>> + Send;
            $($(#[$doc])* fn $waiting(&self, request: $request) -> impl Future<Output = Result<$answer, BrokerError>> + Send;)*
            $($(#[$doc_now])* fn $now(&self, request: $request_now) -> impl Future<Output = Result<$answer_now, BrokerError>> + Send;)*
        }

        impl MessageBroker for Broker {
            type Deliveries = Delivered;
            type Browse = Browse;

            fn limits(&self) -> &Limits {
                Broker::limits(self)
            }

            fn auto_create_topics(&self) -> bool {
                Broker::auto_create_topics(self)
            }

            fn standing(&self) -> Standing {
                Standing::default()
            }

            fn health(&self) -> Result<(), String> {
                Broker::health(self)
            }

            fn metrics(&self) -> MetricsSnapshot {
                Broker::metrics(self)
            }

            fn close(&self) -> impl Future<Output = ()> + Send {
                Broker::close(self)
            }

            async fn receive(&self, request: danube::ReceiveRequest) -> Result<Delivered, BrokerError> {
                Broker::receive(self, request).map(Delivered)
            }

            async fn browse(&self, request: v1::BrowseRequest) -> Result<Browse, BrokerError> {
                Broker::browse(self, request)
            }

            fn consumer_topic(&self, consumer_id: u64) -> Result<String, BrokerError> {
                Broker::consumer_topic(self, consumer_id)
            }

            async fn lookup(&self, topic: &str) -> Result<(), BrokerError> {
                Broker::lookup(self, topic)
            }

            async fn partitions(&self, topic: &str) -> Result<Vec<String>, BrokerError> {
                Broker::partitions(self, topic)
            }

            fn delete_topic(&self, topic: &str) -> impl Future<Output = Result<u32, BrokerError>> + Send {
                Broker::delete_topic(self, topic)
            }

            $(fn $waiting(&self, request: $request) -> impl Future<Output = Result<$answer, BrokerError>> + Send {
                Broker::$waiting(self, request)
            })*

            $(async fn $now(&self, request: $request_now) -> Result<$answer_now, BrokerError> {
                Broker::$now(self, request)
            })*
        }
    };
}

message_broker! {
    waiting {
        /// Creates a producer, and the topic where it may.
        create_producer(danube::ProducerRequest) -> danube::ProducerResponse;
        /// Publishes one message of a producer.
        send(danube::StreamMessage) -> danube::MessageResponse;
        /// Joins a subscription, creating it where it does not exist.
        subscribe(danube::ConsumerRequest) -> danube::ConsumerResponse;
        /// Acknowledges one message.
        ack(danube::AckRequest) -> danube::AckResponse;
        /// Asks for one message again, after a delay.
        nack(danube::NackRequest) -> danube::NackResponse;
        /// Publishes messages to one topic, one result for each.
        publish(v1::PublishRequest) -> v1::PublishResponse;
        /// Creates a topic, refused where it exists.
        create_topic(v1::CreateTopicRequest) -> v1::CreateTopicResponse;
        /// Deletes messages from the beginning of a topic on.
        truncate_topic(v1::TruncateTopicRequest) -> v1::TruncateTopicResponse;
        /// Sets how long a topic keeps its messages.
        set_retention(v1::SetTopicRetentionRequest) -> v1::SetTopicRetentionResponse;
        /// Registers a version; the same definition again answers with the version it has.
        register_schema(schema::RegisterSchemaRequest) -> schema::RegisterSchemaResponse;
        /// A version by schema id; the latest where none is named.
        get_schema(schema::GetSchemaRequest) -> schema::GetSchemaResponse;
        /// The latest version of a subject.
        get_latest_schema(schema::GetLatestSchemaRequest) -> schema::GetSchemaResponse;
        /// The versions of a subject, ascending.
        list_versions(schema::ListVersionsRequest) -> schema::ListVersionsResponse;
        /// Whether a definition may follow the latest version.
        check_compatibility(schema::CheckCompatibilityRequest) -> schema::CheckCompatibilityResponse;
        /// Deletes a version.
        delete_schema_version(schema::DeleteSchemaVersionRequest) -> schema::DeleteSchemaVersionResponse;
        /// What later versions of a subject must satisfy.
        set_compatibility_mode(schema::SetCompatibilityModeRequest) -> schema::SetCompatibilityModeResponse;
        /// Binds a topic to a subject.
        configure_topic_schema(schema::ConfigureTopicSchemaRequest) -> schema::ConfigureTopicSchemaResponse;
        /// Changes what happens to invalid messages on a bound topic.
        update_topic_validation_policy(schema::UpdateTopicValidationPolicyRequest)
            -> schema::UpdateTopicValidationPolicyResponse;
        /// How a topic is bound.
        get_topic_schema_config(schema::GetTopicSchemaConfigRequest) -> schema::GetTopicSchemaConfigResponse;
        /// All subjects, in order.
        list_subjects(schema::ListSubjectsRequest) -> schema::ListSubjectsResponse;
    }
    at_once {
        /// Whether the broker still knows a producer or consumer.
        health_check(danube::HealthCheckRequest) -> danube::HealthCheckResponse;
        /// Topics, partitions folded into their base name, and namespaces.
        list_topics(v1::ListTopicsRequest) -> v1::ListTopicsResponse;
        /// One topic or base name, with its partitions and subscriptions.
        describe_topic(v1::DescribeTopicRequest) -> v1::DescribeTopicResponse;
    }
}

/// Deliveries of the embedded broker, which end but do not fail.
pub struct Delivered(Deliveries);

impl Stream for Delivered {
    type Item = Result<danube::StreamMessage, BrokerError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0).poll_next(context).map(|next| next.map(Ok))
    }
}

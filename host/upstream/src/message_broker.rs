//! The cluster as a server needs it: one method for each call of the contracts. What goes to any
//! broker is called here; what belongs to a topic, in the files named after it.

use crate::catalogue::{NO_RETENTION, missing_features, unimplemented};
use crate::cluster::{Cluster, Inner};
use crate::connections::Place;
use crate::consumers::Deliveries;
use crate::definition::unwrapped;
use crate::meaning::passed_on;
use crate::tail::Tail;
use irongate_broker::{BrokerError, Limits, MessageBroker, MetricsSnapshot, Standing};
use irongate_proto::danube_schema::schema_registry_client::SchemaRegistryClient;
use irongate_proto::danube_schema::{self as schema, GetSchemaResponse};
use irongate_proto::{danube, irongate_v1 as v1};
use std::sync::atomic::{AtomicU64, Ordering};
use tonic::transport::Channel;

type Answer<T> = Result<T, BrokerError>;

impl Inner {
    pub(crate) async fn latest_schema(&self, request: schema::GetLatestSchemaRequest) -> Answer<GetSchemaResponse> {
        let request = &request;
        let ask = |place: Place| async move {
            Ok(registry(&place).get_latest_schema(place.call(request.clone())).await?.into_inner())
        };
        self.anywhere(ask).await.map(as_registered).map_err(passed_on)
    }
}

fn registry(place: &Place) -> SchemaRegistryClient<Channel> {
    SchemaRegistryClient::new(place.channel.clone()).max_decoding_message_size(SCHEMA_BYTES_MAX)
}

/// The largest answer of the registry: a definition, as text within text.
const SCHEMA_BYTES_MAX: usize = 16 << 20;

fn as_registered(mut response: GetSchemaResponse) -> GetSchemaResponse {
    response.schema_definition = unwrapped(response.schema_definition, &response.schema_type);
    response
}

/// Calls of the registry that mean the same at every broker.
macro_rules! of_the_registry {
    ($($name:ident($request:ident) -> $answer:ident;)*) => {
        $(async fn $name(&self, request: schema::$request) -> Answer<schema::$answer> {
            let request = &request;
            let ask = |place: Place| async move { Ok(registry(&place).$name(place.call(request.clone())).await?.into_inner()) };
            self.inner.anywhere(ask).await.map_err(passed_on)
        })*
    };
}

impl MessageBroker for Cluster {
    type Deliveries = Deliveries;
    type Browse = Tail;

    fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Whether it does is the cluster's own setting; it says so when it does not.
    fn auto_create_topics(&self) -> bool {
        true
    }

    fn standing(&self) -> Standing {
        let config = self.inner.connections.config();
        let addresses: Vec<String> = config.addresses.iter().map(ToString::to_string).collect();
        let upstream = addresses.iter().map(|address| address.trim_end_matches('/')).collect::<Vec<_>>().join(", ");
        Standing { upstream, missing_features: missing_features(config.admin.is_some()) }
    }

    /// This host works whether or not the cluster can be reached at the moment.
    fn health(&self) -> Result<(), String> {
        Ok(())
    }

    fn metrics(&self) -> MetricsSnapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counted = &self.inner.counted;
        let mut snapshot = MetricsSnapshot::default();
        snapshot.messages_published_total = read(&counted.published);
        snapshot.bytes_published_total = read(&counted.bytes);
        snapshot.messages_refused_total = read(&counted.refused);
        snapshot.messages_delivered_total = read(&counted.delivered);
        snapshot.messages_acked_total = read(&counted.acked);
        snapshot.producers = self.inner.producers.count();
        snapshot.consumers = self.inner.consumers.count();
        snapshot.browse_streams = read(&counted.tails);
        snapshot
    }

    /// Nothing is kept that would have to be written.
    async fn close(&self) {}

    async fn create_producer(&self, request: danube::ProducerRequest) -> Answer<danube::ProducerResponse> {
        self.inner.create_producer(request).await
    }

    async fn send(&self, message: danube::StreamMessage) -> Answer<danube::MessageResponse> {
        self.inner.send(message).await
    }

    async fn subscribe(&self, request: danube::ConsumerRequest) -> Answer<danube::ConsumerResponse> {
        self.inner.subscribe(request).await
    }

    async fn receive(&self, request: danube::ReceiveRequest) -> Answer<Deliveries> {
        self.deliveries(request).await
    }

    fn consumer_topic(&self, consumer_id: u64) -> Answer<String> {
        Ok(self.inner.consumer(consumer_id)?.request.topic_name.clone())
    }

    async fn ack(&self, request: danube::AckRequest) -> Answer<danube::AckResponse> {
        self.inner.ack(request).await
    }

    async fn nack(&self, request: danube::NackRequest) -> Answer<danube::NackResponse> {
        self.inner.nack(request).await
    }

    async fn lookup(&self, topic: &str) -> Answer<()> {
        self.inner.locate(topic).await.map(|_| ()).map_err(passed_on)
    }

    async fn partitions(&self, topic: &str) -> Answer<Vec<String>> {
        self.inner.partitions(topic).await
    }

    async fn health_check(&self, request: danube::HealthCheckRequest) -> Answer<danube::HealthCheckResponse> {
        self.inner.health_check(request).await
    }

    async fn publish(&self, request: v1::PublishRequest) -> Answer<v1::PublishResponse> {
        self.inner.publish(request).await
    }

    async fn browse(&self, request: v1::BrowseRequest) -> Answer<Tail> {
        self.tail(request).await
    }

    async fn list_topics(&self, request: v1::ListTopicsRequest) -> Answer<v1::ListTopicsResponse> {
        self.inner.list_topics(request).await
    }

    async fn describe_topic(&self, request: v1::DescribeTopicRequest) -> Answer<v1::DescribeTopicResponse> {
        self.inner.describe_topic(request).await
    }

    async fn create_topic(&self, request: v1::CreateTopicRequest) -> Answer<v1::CreateTopicResponse> {
        self.inner.create_topic(request).await
    }

    async fn delete_topic(&self, topic: &str) -> Answer<u32> {
        self.inner.delete_topic(topic).await
    }

    async fn truncate_topic(&self, _: v1::TruncateTopicRequest) -> Answer<v1::TruncateTopicResponse> {
        Err(unimplemented(NO_RETENTION))
    }

    async fn set_retention(&self, _: v1::SetTopicRetentionRequest) -> Answer<v1::SetTopicRetentionResponse> {
        Err(unimplemented(NO_RETENTION))
    }

    async fn get_schema(&self, request: schema::GetSchemaRequest) -> Answer<GetSchemaResponse> {
        let ask =
            |place: Place| async move { Ok(registry(&place).get_schema(place.call(request)).await?.into_inner()) };
        self.inner.anywhere(ask).await.map(as_registered).map_err(passed_on)
    }

    async fn get_latest_schema(&self, request: schema::GetLatestSchemaRequest) -> Answer<GetSchemaResponse> {
        self.inner.latest_schema(request).await
    }

    of_the_registry! {
        register_schema(RegisterSchemaRequest) -> RegisterSchemaResponse;
        list_versions(ListVersionsRequest) -> ListVersionsResponse;
        check_compatibility(CheckCompatibilityRequest) -> CheckCompatibilityResponse;
        delete_schema_version(DeleteSchemaVersionRequest) -> DeleteSchemaVersionResponse;
        set_compatibility_mode(SetCompatibilityModeRequest) -> SetCompatibilityModeResponse;
        configure_topic_schema(ConfigureTopicSchemaRequest) -> ConfigureTopicSchemaResponse;
        update_topic_validation_policy(UpdateTopicValidationPolicyRequest) -> UpdateTopicValidationPolicyResponse;
        get_topic_schema_config(GetTopicSchemaConfigRequest) -> GetTopicSchemaConfigResponse;
        list_subjects(ListSubjectsRequest) -> ListSubjectsResponse;
    }
}

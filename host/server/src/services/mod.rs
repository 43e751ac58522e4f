//! The gRPC services: one file each, and each only hands requests to the broker and its
//! answers back. What a request means is the broker's business.

mod broker_admin;
mod browse;
mod consumer;
mod discovery;
mod ending;
mod health_check;
mod host;
mod namespace_admin;
mod producer;
mod publish;
mod schema_registry;
mod topic;
mod topic_admin;

pub(crate) use discovery::ClientUrl;

use crate::access::Access;
use crate::limits::{CONTROL_REQUEST_BYTES_MAX, MESSAGE_SLACK_BYTES};
use irongate_broker::Broker;
use irongate_proto::danube::consumer_service_server::ConsumerServiceServer;
use irongate_proto::danube::discovery_server::DiscoveryServer;
use irongate_proto::danube::health_check_server::HealthCheckServer;
use irongate_proto::danube::producer_service_server::ProducerServiceServer;
use irongate_proto::danube_admin::broker_admin_server::BrokerAdminServer;
use irongate_proto::danube_admin::namespace_admin_server::NamespaceAdminServer;
use irongate_proto::danube_admin::topic_admin_server::TopicAdminServer;
use irongate_proto::danube_schema::schema_registry_server::SchemaRegistryServer;
use irongate_proto::irongate_v1::browse_service_server::BrowseServiceServer;
use irongate_proto::irongate_v1::host_service_server::HostServiceServer;
use irongate_proto::irongate_v1::publish_service_server::PublishServiceServer;
use irongate_proto::irongate_v1::topic_service_server::TopicServiceServer;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

/// Danube names the broker that serves a topic, by a number; here there is one.
const BROKER_ID: &str = "1";

/// Every service, each with the limit its requests have.
pub(crate) fn routes(broker: &Broker, access: &Access, environment: &str, stopping: &CancellationToken) -> Routes {
    let limits = broker.limits();
    let message_bytes_max = limits.message_bytes_max.saturating_add(MESSAGE_SLACK_BYTES);
    let batch_bytes_max = limits.publish_batch_bytes_max.saturating_add(MESSAGE_SLACK_BYTES);
    let schema_bytes_max = limits.schema_definition_bytes_max.saturating_add(MESSAGE_SLACK_BYTES);

    let producer = ProducerServiceServer::new(producer::Producer::new(broker.clone(), access.clone()));
    let consumer =
        ConsumerServiceServer::new(consumer::Consumer::new(broker.clone(), access.clone(), stopping.clone()));
    let discovery = DiscoveryServer::new(discovery::Lookup::new(broker.clone(), access.clone()));
    let health = HealthCheckServer::new(health_check::Health::new(broker.clone()));
    let registry = SchemaRegistryServer::new(schema_registry::Registry::new(broker.clone(), access.clone()));
    let brokers = BrokerAdminServer::new(broker_admin::Brokers::new(broker.clone(), access.clone()));
    let namespaces = NamespaceAdminServer::new(namespace_admin::Namespaces::new(broker.clone(), access.clone()));
    let topics = TopicAdminServer::new(topic_admin::TopicsAdmin::new(broker.clone(), access.clone()));
    let publish = PublishServiceServer::new(publish::Publish::new(broker.clone(), access.clone()));
    let browse = BrowseServiceServer::new(browse::Browser::new(broker.clone(), access.clone(), stopping.clone()));
    let topic = TopicServiceServer::new(topic::Topics::new(broker.clone(), access.clone()));
    let host = HostServiceServer::new(host::Host::new(broker.clone(), environment.to_owned()));

    Routes::new(producer.max_decoding_message_size(message_bytes_max))
        .add_service(publish.max_decoding_message_size(batch_bytes_max))
        .add_service(registry.max_decoding_message_size(schema_bytes_max))
        .add_service(consumer.max_decoding_message_size(CONTROL_REQUEST_BYTES_MAX))
        .add_service(discovery.max_decoding_message_size(CONTROL_REQUEST_BYTES_MAX))
        .add_service(health.max_decoding_message_size(CONTROL_REQUEST_BYTES_MAX))
        .add_service(brokers.max_decoding_message_size(CONTROL_REQUEST_BYTES_MAX))
        .add_service(namespaces.max_decoding_message_size(CONTROL_REQUEST_BYTES_MAX))
        .add_service(topics.max_decoding_message_size(CONTROL_REQUEST_BYTES_MAX))
        .add_service(browse.max_decoding_message_size(CONTROL_REQUEST_BYTES_MAX))
        .add_service(topic.max_decoding_message_size(CONTROL_REQUEST_BYTES_MAX))
        .add_service(host.max_decoding_message_size(CONTROL_REQUEST_BYTES_MAX))
        .prepare()
}

//! The gRPC services: one file each, and each only hands requests to the broker and its
//! answers back. What a request means is the broker's business.

mod absent;
mod backup;
mod broker_admin;
mod browse;
mod consumer;
mod discovery;
mod ending;
mod health_check;
pub(crate) mod host;
mod load;
mod namespace_admin;
mod pipelines;
mod producer;
mod publish;
mod relay;
mod schema_registry;
mod topic;
mod topic_admin;
mod transforms;

pub(crate) use discovery::ClientUrl;

use crate::access::Access;
use crate::backend::Backend;
use crate::limits::{CONTROL_REQUEST_BYTES_MAX, LoadLimits, MESSAGE_SLACK_BYTES};
use absent::Absent;
use host::About;
use irongate_broker::MessageBroker;
use irongate_deploy::{COMPONENT_BYTES_MAX, Deployments};
use irongate_proto::backup_v1::backup_service_server::BackupServiceServer;
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
use irongate_proto::irongate_v1::load_service_server::LoadServiceServer;
use irongate_proto::irongate_v1::publish_service_server::PublishServiceServer;
use irongate_proto::irongate_v1::topic_service_server::TopicServiceServer;
use irongate_proto::pipelines_v1::pipeline_service_server::PipelineServiceServer;
use irongate_proto::transforms_v1::transform_service_server::TransformServiceServer;
use relay::Relay;
use std::path::PathBuf;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

/// Danube names the broker that serves a topic, by a number; here there is one.
const BROKER_ID: &str = "1";

/// Every service of a server.
pub(crate) fn routes(
    backend: &Backend,
    access: &Access,
    about: &About,
    load: &LoadLimits,
    deployments: Option<Deployments>,
    backup_folder: Option<PathBuf>,
    stopping: &CancellationToken,
) -> Routes {
    let backups = backup::Backups::new(deployments.clone(), backup_folder, access.clone());
    let backups = BackupServiceServer::new(backups).max_decoding_message_size(CONTROL_REQUEST_BYTES_MAX);
    let transforms = TransformServiceServer::new(transforms::Transforms::new(deployments.clone(), access.clone()));
    let pipelines = PipelineServiceServer::new(pipelines::Pipelines::new(deployments.clone(), access.clone()));
    let components_bytes_max = COMPONENT_BYTES_MAX.saturating_add(MESSAGE_SLACK_BYTES);
    let routes = match backend {
        Backend::Embedded(broker) => {
            let brokers = BrokerAdminServer::new(broker_admin::Brokers::new(broker.clone(), access.clone()));
            let namespaces =
                NamespaceAdminServer::new(namespace_admin::Namespaces::new(broker.clone(), access.clone()));
            let topics = TopicAdminServer::new(topic_admin::TopicsAdmin::new(broker.clone(), access.clone()));
            of_broker(broker, access, about, load, deployments, stopping)
                .add_service(brokers.max_decoding_message_size(CONTROL_REQUEST_BYTES_MAX))
                .add_service(namespaces.max_decoding_message_size(CONTROL_REQUEST_BYTES_MAX))
                .add_service(topics.max_decoding_message_size(CONTROL_REQUEST_BYTES_MAX))
                .add_service(Absent::<1>)
                .add_service(Absent::<2>)
        }
        Backend::Upstream(cluster) => of_broker(cluster, access, about, load, deployments, stopping)
            .add_service(Relay::<0>::new(cluster.clone(), access.clone()))
            .add_service(Relay::<1>::new(cluster.clone(), access.clone()))
            .add_service(Relay::<2>::new(cluster.clone(), access.clone()))
            .add_service(Relay::<3>::new(cluster.clone(), access.clone()))
            .add_service(Relay::<4>::new(cluster.clone(), access.clone())),
    };
    let transforms = transforms.max_decoding_message_size(components_bytes_max);
    let routes = routes.add_service(Absent::<0>).add_service(backups).add_service(transforms);
    routes.add_service(pipelines.max_decoding_message_size(components_bytes_max)).prepare()
}

/// The services that every broker has, each with the limit its requests have.
fn of_broker<B: MessageBroker>(
    broker: &B,
    access: &Access,
    about: &About,
    load: &LoadLimits,
    deployments: Option<Deployments>,
    stopping: &CancellationToken,
) -> Routes {
    let limits = broker.limits();
    let message_bytes_max = limits.message_bytes_max.saturating_add(MESSAGE_SLACK_BYTES);
    let batch_bytes_max = limits.publish_batch_bytes_max.saturating_add(MESSAGE_SLACK_BYTES);
    let schema_bytes_max = limits.schema_definition_bytes_max.saturating_add(MESSAGE_SLACK_BYTES);
    let (broker, access) = (|| broker.clone(), || access.clone());

    let producer = ProducerServiceServer::new(producer::Producer::new(broker(), access()));
    let consumer = ConsumerServiceServer::new(consumer::Consumer::new(broker(), access(), stopping.clone()));
    let discovery = DiscoveryServer::new(discovery::Lookup::new(broker(), access()));
    let health = HealthCheckServer::new(health_check::Health::new(broker()));
    let registry = SchemaRegistryServer::new(schema_registry::Registry::new(broker(), access()));
    let publish = PublishServiceServer::new(publish::Publish::new(broker(), access()));
    let browse = BrowseServiceServer::new(browse::Browser::new(broker(), access(), stopping.clone()));
    let topic = TopicServiceServer::new(topic::Topics::new(broker(), access(), deployments));
    let template_bytes_max = load.template_bytes_max as usize + MESSAGE_SLACK_BYTES;
    let load = LoadServiceServer::new(load::Load::new(broker(), access(), load.clone(), stopping.clone()));
    let host = HostServiceServer::new(host::Host::new(broker(), about.clone()));

    Routes::new(producer.max_decoding_message_size(message_bytes_max))
        .add_service(publish.max_decoding_message_size(batch_bytes_max))
        .add_service(load.max_decoding_message_size(template_bytes_max))
        .add_service(registry.max_decoding_message_size(schema_bytes_max))
        .add_service(consumer.max_decoding_message_size(CONTROL_REQUEST_BYTES_MAX))
        .add_service(discovery.max_decoding_message_size(CONTROL_REQUEST_BYTES_MAX))
        .add_service(health.max_decoding_message_size(CONTROL_REQUEST_BYTES_MAX))
        .add_service(browse.max_decoding_message_size(CONTROL_REQUEST_BYTES_MAX))
        .add_service(topic.max_decoding_message_size(CONTROL_REQUEST_BYTES_MAX))
        .add_service(host.max_decoding_message_size(CONTROL_REQUEST_BYTES_MAX))
}

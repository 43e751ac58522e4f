//! `danube_admin.NamespaceAdmin`. Danube serves it on a second port.

use crate::access::Access;
use crate::status::refuse;
use irongate_broker::{Broker, Limits};
use irongate_proto::danube_admin::namespace_admin_server::NamespaceAdmin;
use irongate_proto::danube_admin::{NamespaceRequest, NamespaceResponse, PolicyResponse, TopicListResponse};
use tonic::{Request, Response, Status};

pub(crate) struct Namespaces {
    broker: Broker,
    access: Access,
}

impl Namespaces {
    pub(crate) fn new(broker: Broker, access: Access) -> Self {
        Self { broker, access }
    }
}

#[tonic::async_trait]
impl NamespaceAdmin for Namespaces {
    async fn get_namespace_topics(
        &self,
        request: Request<NamespaceRequest>,
    ) -> Result<Response<TopicListResponse>, Status> {
        self.access.namespace(&request, &request.get_ref().name)?;
        let topics = self.broker.namespace_topics(&request.get_ref().name).map_err(refuse)?;
        let topics = topics.into_iter().map(|(topic, _)| topic).collect();
        Ok(Response::new(TopicListResponse { topics }))
    }

    async fn create_namespace(
        &self,
        request: Request<NamespaceRequest>,
    ) -> Result<Response<NamespaceResponse>, Status> {
        self.access.namespace(&request, &request.get_ref().name)?;
        self.broker.create_namespace(&request.get_ref().name).await.map_err(refuse)?;
        Ok(Response::new(NamespaceResponse { success: true }))
    }

    /// Danube's names for what every namespace of this host has in common; 0 is no bound.
    async fn get_namespace_policies(
        &self,
        request: Request<NamespaceRequest>,
    ) -> Result<Response<PolicyResponse>, Status> {
        self.access.namespace(&request, &request.get_ref().name)?;
        self.broker.namespace_topics(&request.get_ref().name).map_err(refuse)?;
        Ok(Response::new(PolicyResponse { policies: policies(self.broker.limits()) }))
    }

    async fn delete_namespace(
        &self,
        request: Request<NamespaceRequest>,
    ) -> Result<Response<NamespaceResponse>, Status> {
        self.access.namespace(&request, &request.get_ref().name)?;
        self.broker.delete_namespace(&request.get_ref().name).await.map_err(refuse)?;
        Ok(Response::new(NamespaceResponse { success: true }))
    }
}

/// As JSON; every value is a number.
fn policies(limits: &Limits) -> String {
    let policies = [
        ("max_producers_per_topic", limits.producers_per_topic_max),
        ("max_subscriptions_per_topic", limits.subscriptions_per_topic_max),
        ("max_consumers_per_topic", 0),
        ("max_consumers_per_subscription", limits.consumers_per_subscription_max),
        ("max_message_size", limits.message_bytes_max),
    ];
    let fields: Vec<String> = policies.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

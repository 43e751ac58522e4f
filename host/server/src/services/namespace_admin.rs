//! `danube_admin.NamespaceAdmin`, as far as Irongate answers it. Danube serves it on a second port.

use crate::status::refuse;
use irongate_broker::Broker;
use irongate_proto::danube_admin::namespace_admin_server::NamespaceAdmin;
use irongate_proto::danube_admin::{NamespaceRequest, NamespaceResponse, TopicListResponse};
use tonic::{Request, Response, Status};

pub(crate) struct Namespaces {
    broker: Broker,
}

impl Namespaces {
    pub(crate) fn new(broker: Broker) -> Self {
        Self { broker }
    }
}

#[tonic::async_trait]
impl NamespaceAdmin for Namespaces {
    async fn get_namespace_topics(
        &self,
        request: Request<NamespaceRequest>,
    ) -> Result<Response<TopicListResponse>, Status> {
        let topics = self.broker.namespace_topics(&request.get_ref().name).map_err(refuse)?;
        let topics = topics.into_iter().map(|(topic, _)| topic).collect();
        Ok(Response::new(TopicListResponse { topics }))
    }

    async fn create_namespace(
        &self,
        request: Request<NamespaceRequest>,
    ) -> Result<Response<NamespaceResponse>, Status> {
        self.broker.create_namespace(&request.get_ref().name).await.map_err(refuse)?;
        Ok(Response::new(NamespaceResponse { success: true }))
    }
}

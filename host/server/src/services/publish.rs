//! `irongate.v1.PublishService`: publishing with the offset back.

use crate::status::refuse;
use irongate_broker::Broker;
use irongate_proto::irongate_v1::publish_service_server::PublishService;
use irongate_proto::irongate_v1::{PublishRequest, PublishResponse};
use tonic::{Request, Response, Status};

pub(crate) struct Publish {
    broker: Broker,
}

impl Publish {
    pub(crate) fn new(broker: Broker) -> Self {
        Self { broker }
    }
}

#[tonic::async_trait]
impl PublishService for Publish {
    async fn publish(&self, request: Request<PublishRequest>) -> Result<Response<PublishResponse>, Status> {
        self.broker.publish(request.into_inner()).await.map(Response::new).map_err(refuse)
    }
}

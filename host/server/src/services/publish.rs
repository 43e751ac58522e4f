//! `irongate.v1.PublishService`: publishing with the offset back.

use crate::access::Access;
use crate::status::refuse;
use irongate_broker::Broker;
use irongate_proto::irongate_v1::publish_service_server::PublishService;
use irongate_proto::irongate_v1::{PublishRequest, PublishResponse};
use tonic::{Request, Response, Status};

pub(crate) struct Publish {
    broker: Broker,
    access: Access,
}

impl Publish {
    pub(crate) fn new(broker: Broker, access: Access) -> Self {
        Self { broker, access }
    }
}

#[tonic::async_trait]
impl PublishService for Publish {
    async fn publish(&self, request: Request<PublishRequest>) -> Result<Response<PublishResponse>, Status> {
        self.access.topic(&request, &request.get_ref().topic)?;
        self.broker.publish(request.into_inner()).await.map(Response::new).map_err(refuse)
    }
}

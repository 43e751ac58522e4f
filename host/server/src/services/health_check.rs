//! `danube.HealthCheck`: whether a producer or consumer still exists. The health of the whole
//! server is answered at `/healthz`.

use crate::status::refuse;
use irongate_broker::MessageBroker;
use irongate_proto::danube::health_check_server::HealthCheck;
use irongate_proto::danube::{HealthCheckRequest, HealthCheckResponse};
use tonic::{Request, Response, Status};

pub(crate) struct Health<B> {
    broker: B,
}

impl<B> Health<B> {
    pub(crate) fn new(broker: B) -> Self {
        Self { broker }
    }
}

#[tonic::async_trait]
impl<B: MessageBroker> HealthCheck for Health<B> {
    async fn health_check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        self.broker.health_check(request.into_inner()).await.map(Response::new).map_err(refuse)
    }
}

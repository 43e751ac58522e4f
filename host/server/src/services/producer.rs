//! `danube.ProducerService`. Nothing is checked here: every message passes this way.

use crate::status::refuse;
use irongate_broker::Broker;
use irongate_proto::danube::producer_service_server::ProducerService;
use irongate_proto::danube::{MessageResponse, ProducerRequest, ProducerResponse, StreamMessage};
use tonic::{Request, Response, Status};

pub(crate) struct Producer {
    broker: Broker,
}

impl Producer {
    pub(crate) fn new(broker: Broker) -> Self {
        Self { broker }
    }
}

#[tonic::async_trait]
impl ProducerService for Producer {
    async fn create_producer(&self, request: Request<ProducerRequest>) -> Result<Response<ProducerResponse>, Status> {
        self.broker.create_producer(request.into_inner()).await.map(Response::new).map_err(refuse)
    }

    async fn send_message(&self, request: Request<StreamMessage>) -> Result<Response<MessageResponse>, Status> {
        self.broker.send(request.into_inner()).await.map(Response::new).map_err(refuse)
    }
}

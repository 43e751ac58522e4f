//! `danube.ProducerService`. Nothing is checked here: every message passes this way.

use crate::access::Access;
use crate::status::refuse;
use irongate_broker::Broker;
use irongate_proto::danube::producer_service_server::ProducerService;
use irongate_proto::danube::{MessageResponse, ProducerRequest, ProducerResponse, StreamMessage};
use tonic::{Request, Response, Status};

pub(crate) struct Producer {
    broker: Broker,
    access: Access,
}

impl Producer {
    pub(crate) fn new(broker: Broker, access: Access) -> Self {
        Self { broker, access }
    }
}

#[tonic::async_trait]
impl ProducerService for Producer {
    async fn create_producer(&self, request: Request<ProducerRequest>) -> Result<Response<ProducerResponse>, Status> {
        self.access.topic(&request, &request.get_ref().topic_name)?;
        self.broker.create_producer(request.into_inner()).await.map(Response::new).map_err(refuse)
    }

    async fn send_message(&self, request: Request<StreamMessage>) -> Result<Response<MessageResponse>, Status> {
        // The broker refuses a message whose topic is not its producer's.
        let topic = request.get_ref().msg_id.as_ref().map_or("", |id| &id.topic_name);
        self.access.topic(&request, topic)?;
        self.broker.send(request.into_inner()).await.map(Response::new).map_err(refuse)
    }
}

//! `danube.ConsumerService`. Dropping the stream of messages, as a client does that goes
//! away, detaches the consumer; the broker sees to what was not acknowledged.

use super::ending::Ending;
use crate::access::Access;
use crate::status::refuse;
use irongate_broker::{Broker, Deliveries};
use irongate_proto::danube::consumer_service_server::ConsumerService;
use irongate_proto::danube::{
    AckRequest, AckResponse, ConsumerRequest, ConsumerResponse, MsgId, NackRequest, NackResponse, ReceiveRequest,
    StreamMessage,
};
use tokio_stream::StreamExt;
use tokio_stream::adapters::Map;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

pub(crate) struct Consumer {
    broker: Broker,
    access: Access,
    stopping: CancellationToken,
}

impl Consumer {
    pub(crate) fn new(broker: Broker, access: Access, stopping: CancellationToken) -> Self {
        Self { broker, access, stopping }
    }
}

fn topic_of(id: Option<&MsgId>) -> &str {
    id.map_or("", |id| &id.topic_name)
}

type Delivered = Result<StreamMessage, Status>;

#[tonic::async_trait]
impl ConsumerService for Consumer {
    type ReceiveMessagesStream = Ending<Map<Deliveries, fn(StreamMessage) -> Delivered>>;

    async fn subscribe(&self, request: Request<ConsumerRequest>) -> Result<Response<ConsumerResponse>, Status> {
        self.access.topic(&request, &request.get_ref().topic_name)?;
        self.broker.subscribe(request.into_inner()).await.map(Response::new).map_err(refuse)
    }

    async fn receive_messages(
        &self,
        request: Request<ReceiveRequest>,
    ) -> Result<Response<Self::ReceiveMessagesStream>, Status> {
        self.access.topic(&request, &self.broker.consumer_topic(request.get_ref().consumer_id).map_err(refuse)?)?;
        let deliveries = self.broker.receive(request.into_inner()).map_err(refuse)?;
        let delivered: fn(StreamMessage) -> Delivered = Ok;
        Ok(Response::new(Ending::new(deliveries.map(delivered), &self.stopping)))
    }

    async fn ack(&self, request: Request<AckRequest>) -> Result<Response<AckResponse>, Status> {
        self.access.topic(&request, topic_of(request.get_ref().msg_id.as_ref()))?;
        self.broker.ack(request.into_inner()).await.map(Response::new).map_err(refuse)
    }

    async fn nack(&self, request: Request<NackRequest>) -> Result<Response<NackResponse>, Status> {
        self.access.topic(&request, topic_of(request.get_ref().msg_id.as_ref()))?;
        self.broker.nack(request.into_inner()).await.map(Response::new).map_err(refuse)
    }
}

//! `irongate.v1.BrowseService`: reading without a subscription.

use super::ending::Ending;
use crate::access::Access;
use crate::status::refuse;
use irongate_broker::{BrokerError, MessageBroker};
use irongate_proto::irongate_v1::browse_service_server::BrowseService;
use irongate_proto::irongate_v1::{BrowseRequest, BrowseResponse};
use tokio_stream::StreamExt;
use tokio_stream::adapters::Map;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

pub(crate) struct Browser<B> {
    broker: B,
    access: Access,
    stopping: CancellationToken,
}

impl<B> Browser<B> {
    pub(crate) fn new(broker: B, access: Access, stopping: CancellationToken) -> Self {
        Self { broker, access, stopping }
    }
}

type Browsed = Result<BrowseResponse, BrokerError>;
type Answered = Result<BrowseResponse, Status>;

#[tonic::async_trait]
impl<B: MessageBroker> BrowseService for Browser<B> {
    type BrowseStream = Ending<Map<B::Browse, fn(Browsed) -> Answered>>;

    async fn browse(&self, request: Request<BrowseRequest>) -> Result<Response<Self::BrowseStream>, Status> {
        for topic in &request.get_ref().topics {
            self.access.topic(&request, topic)?;
        }
        let browse = self.broker.browse(request.into_inner()).await.map_err(refuse)?;
        let answered: fn(Browsed) -> Answered = |response| response.map_err(refuse);
        Ok(Response::new(Ending::new(browse.map(answered), &self.stopping)))
    }
}

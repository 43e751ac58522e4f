//! `irongate.v1.BrowseService`: reading without a subscription.

use super::ending::Ending;
use crate::access::Access;
use crate::status::refuse;
use irongate_broker::{Broker, BrokerError, Browse};
use irongate_proto::irongate_v1::browse_service_server::BrowseService;
use irongate_proto::irongate_v1::{BrowseRequest, BrowseResponse};
use tokio_stream::StreamExt;
use tokio_stream::adapters::Map;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

pub(crate) struct Browser {
    broker: Broker,
    access: Access,
    stopping: CancellationToken,
}

impl Browser {
    pub(crate) fn new(broker: Broker, access: Access, stopping: CancellationToken) -> Self {
        Self { broker, access, stopping }
    }
}

type Browsed = Result<BrowseResponse, BrokerError>;
type Answered = Result<BrowseResponse, Status>;

#[tonic::async_trait]
impl BrowseService for Browser {
    type BrowseStream = Ending<Map<Browse, fn(Browsed) -> Answered>>;

    async fn browse(&self, request: Request<BrowseRequest>) -> Result<Response<Self::BrowseStream>, Status> {
        for topic in &request.get_ref().topics {
            self.access.topic(&request, topic)?;
        }
        let browse = self.broker.browse(request.into_inner()).map_err(refuse)?;
        let answered: fn(Browsed) -> Answered = |response| response.map_err(refuse);
        Ok(Response::new(Ending::new(browse.map(answered), &self.stopping)))
    }
}

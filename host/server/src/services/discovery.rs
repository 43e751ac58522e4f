//! `danube.Discovery`: where a topic is served, which is always here, and which partitions it has.

use crate::access::Access;
use crate::status::refuse;
use http::uri::Authority;
use irongate_broker::Broker;
use irongate_proto::danube::discovery_server::Discovery;
use irongate_proto::danube::topic_lookup_response::LookupType;
use irongate_proto::danube::{TopicLookupRequest, TopicLookupResponse, TopicPartitionsResponse};
use tonic::{Request, Response, Status};

/// The name under which a client reached the server. Clients dial the address that a lookup
/// answers; only the one they used themselves is sure to be reachable for them, where a
/// listen address may be a wildcard or lie behind a mapped port.
#[derive(Clone, Debug)]
pub(crate) struct ClientUrl {
    pub(crate) scheme: &'static str,
    pub(crate) authority: Authority,
}

pub(crate) struct Lookup {
    broker: Broker,
    access: Access,
}

impl Lookup {
    pub(crate) fn new(broker: Broker, access: Access) -> Self {
        Self { broker, access }
    }
}

#[tonic::async_trait]
impl Discovery for Lookup {
    async fn topic_lookup(
        &self,
        request: Request<TopicLookupRequest>,
    ) -> Result<Response<TopicLookupResponse>, Status> {
        self.access.topic(&request, &request.get_ref().topic)?;
        self.broker.lookup(&request.get_ref().topic).map_err(refuse)?;
        let Some(ClientUrl { scheme, authority }) = request.extensions().get() else {
            return Err(Status::internal("the lookup does not know how the client reached the server"));
        };
        let url = format!("{scheme}://{authority}");
        Ok(Response::new(TopicLookupResponse {
            request_id: request.get_ref().request_id,
            response_type: LookupType::Connect.into(),
            connect_url: url.clone(),
            broker_url: url,
            proxy: false,
        }))
    }

    async fn topic_partitions(
        &self,
        request: Request<TopicLookupRequest>,
    ) -> Result<Response<TopicPartitionsResponse>, Status> {
        self.access.topic(&request, &request.get_ref().topic)?;
        let TopicLookupRequest { request_id, topic } = request.into_inner();
        let partitions = self.broker.partitions(&topic).map_err(refuse)?;
        Ok(Response::new(TopicPartitionsResponse { request_id, partitions }))
    }
}

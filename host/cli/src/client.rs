//! Connecting to a server and finding out what it is: Irongate, or a Danube broker that knows
//! Danube's own services alone.

use crate::address::ServiceAddr;
use crate::failure::{innermost, refused};
use anyhow::{Result, anyhow};
use irongate_proto::irongate_v1::host_service_client::HostServiceClient;
use irongate_proto::irongate_v1::{GetHostInfoRequest, GetHostInfoResponse};
use std::time::Duration;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often an idle connection is asked whether it is alive, so that a consumer notices a server that vanished.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);

/// The largest answer that is read: the server's own limit decides what can be stored.
pub(crate) const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Connects, or says why not.
pub(crate) async fn connect(address: &ServiceAddr) -> Result<Channel> {
    endpoint(address).connect().await.map_err(|error| {
        anyhow!("cannot reach {address}: {}; is the server running? irongate serve starts one", innermost(&error))
    })
}

/// A channel that connects when it is first used, and again whenever it lost its connection.
pub(crate) fn endpoint(address: &ServiceAddr) -> Endpoint {
    Endpoint::from(address.uri())
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_while_idle(true)
}

/// What the server says about itself; `None` for a Danube broker.
pub(crate) async fn host_info(channel: &Channel, address: &ServiceAddr) -> Result<Option<GetHostInfoResponse>> {
    match HostServiceClient::new(channel.clone()).get_host_info(GetHostInfoRequest {}).await {
        Ok(response) => Ok(Some(response.into_inner())),
        Err(status) if status.code() == Code::Unimplemented => Ok(None),
        Err(status) => Err(refused(&status, address)),
    }
}

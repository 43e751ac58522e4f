//! Connecting to a server and finding out what it is: Irongate, or a Danube broker that knows
//! Danube's own services alone. Every call carries the token, where there is one.

use crate::address::ServiceAddr;
use crate::failure::{innermost, refused};
use anyhow::{Result, anyhow};
use irongate_proto::irongate_v1::host_service_client::HostServiceClient;
use irongate_proto::irongate_v1::{GetHostInfoRequest, GetHostInfoResponse};
use std::time::Duration;
use tonic::metadata::AsciiMetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Status};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often an idle connection is asked whether it is alive, so that a consumer notices a server that vanished.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);

/// The largest answer that is read: the server's own limit decides what can be stored.
pub(crate) const ANSWER_BYTES_MAX: usize = 64 << 20;

/// A connection whose calls carry the token. Clones share it.
pub(crate) type Channel = InterceptedService<tonic::transport::Channel, Bearer>;

/// Shows the token, if there is one.
#[derive(Clone)]
pub(crate) struct Bearer(Option<AsciiMetadataValue>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.0 {
            request.metadata_mut().insert("authorization", token.clone());
        }
        Ok(request)
    }
}

/// Connects, or says why not.
pub(crate) async fn connect(address: &ServiceAddr) -> Result<Channel> {
    let channel = endpoint(address)?.connect().await.map_err(|error| {
        anyhow!("cannot reach {address}: {}; is the server running? irongate serve starts one", innermost(&error))
    })?;
    Ok(InterceptedService::new(channel, Bearer(address.credentials().token())))
}

/// A channel that connects when it is first used, and again whenever it lost its connection.
pub(crate) fn connect_later(address: &ServiceAddr) -> Result<Channel> {
    Ok(InterceptedService::new(endpoint(address)?.connect_lazy(), Bearer(address.credentials().token())))
}

fn endpoint(address: &ServiceAddr) -> Result<Endpoint> {
    let endpoint = Endpoint::from(address.uri())
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_while_idle(true);
    if !address.is_tls() {
        return Ok(endpoint);
    }
    let tls = ClientTlsConfig::new();
    let tls = match address.credentials().authority() {
        Some(authority) => tls.ca_certificate(authority),
        None => tls.with_native_roots(),
    };
    endpoint.tls_config(tls).map_err(|error| anyhow!("cannot speak TLS with {address}: {}", innermost(&error)))
}

/// What the server says about itself; `None` for a Danube broker.
pub(crate) async fn host_info(channel: &Channel, address: &ServiceAddr) -> Result<Option<GetHostInfoResponse>> {
    match HostServiceClient::new(channel.clone()).get_host_info(GetHostInfoRequest {}).await {
        Ok(response) => Ok(Some(response.into_inner())),
        Err(status) if status.code() == Code::Unimplemented => Ok(None),
        Err(status) => Err(refused(&status, address)),
    }
}

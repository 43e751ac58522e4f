//! Danube's administration contract before a cluster: requests and answers pass as they are, to the
//! cluster's administrative port. Only who may call, and what the cluster is shown, is decided here.

use crate::access::Access;
use http::header::{AUTHORIZATION, HOST};
use http::{Request, Response, Version};
use irongate_upstream::Cluster;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tower::{Service, ServiceExt};

/// The services that are passed on, each by its number here.
const SERVICES: [&str; 5] = [
    "danube_admin.BrokerAdmin",
    "danube_admin.NamespaceAdmin",
    "danube_admin.TopicAdmin",
    "danube_admin.ClusterAdmin",
    "danube_admin.SecurityAdmin",
];

/// One of [`SERVICES`].
#[derive(Clone)]
pub(super) struct Relay<const SERVICE: usize> {
    cluster: Cluster,
    access: Access,
}

impl<const SERVICE: usize> Relay<SERVICE> {
    pub(super) fn new(cluster: Cluster, access: Access) -> Self {
        Self { cluster, access }
    }
}

impl<const SERVICE: usize> NamedService for Relay<SERVICE> {
    const NAME: &'static str = SERVICES[SERVICE];
}

impl<const SERVICE: usize> Service<Request<Body>> for Relay<SERVICE> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let relay = self.clone();
        Box::pin(async move { Ok(relay.pass_on(request).await.unwrap_or_else(Status::into_http)) })
    }
}

impl<const SERVICE: usize> Relay<SERVICE> {
    async fn pass_on(&self, mut request: Request<Body>) -> Result<Response<Body>, Status> {
        // Which namespace a request means is not read here, so whoever may not do all may do nothing.
        self.access.everywhere(request.extensions(), "the administration of a cluster")?;
        let reason = "a cluster is administered on its administrative port; start this host with --upstream-admin URL";
        let (channel, token) = self.cluster.admin().ok_or_else(|| Status::unimplemented(reason))?;
        let headers = request.headers_mut();
        headers.remove(HOST);
        headers.remove(AUTHORIZATION);
        if let Some(token) = token.and_then(|token| token.to_str().ok()?.parse().ok()) {
            headers.insert(AUTHORIZATION, token);
        }
        *request.version_mut() = Version::HTTP_2;
        let unreachable = |error: tonic::transport::Error| {
            let mut cause: &dyn std::error::Error = &error;
            while let Some(deeper) = cause.source() {
                cause = deeper;
            }
            Status::unavailable(format!("the administrative port of the cluster cannot be reached: {cause}"))
        };
        channel.oneshot(request).await.map_err(unreachable)
    }
}

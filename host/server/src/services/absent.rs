//! Danube's services that one node has no use for. Each call is told so, and what to do instead. What
//! nobody knows at all is the router's business.

use http::{Request, Response};
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tower::Service;

/// Names, and what whoever calls them is told.
const SERVICES: [(&str, &str); 3] = [
    (
        "danube.StorageService",
        "messages are in this host's own log, there are no segments in a shared store: read them with irongate.v1.BrowseService",
    ),
    (
        "danube_admin.ClusterAdmin",
        "this host is a cluster of one and has no members to add or remove: ask danube_admin.BrokerAdmin what it is, \
         and start it with --upstream and --upstream-admin to stand before a cluster",
    ),
    (
        "danube_admin.SecurityAdmin",
        "this host keeps no list of tokens and roles: the scopes and namespaces are in the token itself, make one with \
         `irongate token`",
    ),
];

/// One of [`SERVICES`].
#[derive(Clone)]
pub(super) struct Absent<const SERVICE: usize>;

impl<const SERVICE: usize> NamedService for Absent<SERVICE> {
    const NAME: &'static str = SERVICES[SERVICE].0;
}

impl<const SERVICE: usize> Service<Request<Body>> for Absent<SERVICE> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        ready(Ok(Status::unimplemented(SERVICES[SERVICE].1).into_http()))
    }
}

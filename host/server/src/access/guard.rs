//! The door in front of every gRPC service, whichever way a call came in: native or gRPC-web,
//! own page or foreign. Nothing that needs a token gets behind it without one.

use super::Access;
use http::{Request, Response};
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use tokio_util::either::Either;
use tonic::body::Body;
use tonic::service::Routes;
use tower::Service;

/// The services, behind [`Access`].
#[derive(Clone)]
pub(crate) struct Guard {
    access: Access,
    routes: Routes,
}

impl Guard {
    pub(crate) fn new(access: Access, routes: Routes) -> Self {
        Self { access, routes }
    }
}

impl<B> Service<Request<B>> for Guard
where
    Routes: Service<Request<B>, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response<Body>, Infallible>>, <Routes as Service<Request<B>>>::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.routes.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.access.admit(request.uri().path(), request.headers()) {
            Ok(caller) => {
                if let Some(caller) = caller {
                    request.extensions_mut().insert(caller);
                }
                Either::Right(self.routes.call(request))
            }
            Err(status) => {
                // The sentence names no part of the token.
                tracing::debug!(path = request.uri().path(), reason = status.message(), "call refused");
                Either::Left(ready(Ok(status.into_http())))
            }
        }
    }
}

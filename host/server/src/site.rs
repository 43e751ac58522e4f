//! Everything that is plain HTTP: health, metrics and the console, each answered at once and
//! read-only. gRPC never comes here.

use crate::backend::Backend;
use crate::console;
use crate::metrics::{self, Counters};
use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use irongate_deploy::Deployments;
use std::sync::Arc;
use tonic::body::Body;

/// What every answer forbids the browser. Scripts and workers come from here alone; wasm may
/// be compiled; `style` attributes are allowed because the console sizes its rows by them.
const SECURITY_HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; \
         style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// The site of one server.
pub(crate) struct Site {
    broker: Backend,
    deployments: Option<Deployments>,
    counters: Arc<Counters>,
}

impl Site {
    pub(crate) fn new(broker: Backend, deployments: Option<Deployments>, counters: Arc<Counters>) -> Self {
        Self { broker, deployments, counters }
    }

    pub(crate) fn answer<B>(&self, request: &Request<B>) -> Response<Body> {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return method_refused(request);
        }
        let mut response = match request.uri().path() {
            "/healthz" => self.health(),
            "/metrics" => self.metrics(),
            path => console::answer(path, request.headers()),
        };
        if request.method() == Method::HEAD {
            *response.body_mut() = Body::empty();
        }
        response
    }

    fn health(&self) -> Response<Body> {
        match self.broker.health() {
            Ok(()) => text(StatusCode::OK, "ok"),
            Err(reason) => text(StatusCode::SERVICE_UNAVAILABLE, &reason),
        }
    }

    fn metrics(&self) -> Response<Body> {
        let pipelines = self.deployments.as_ref().map(Deployments::figures).unwrap_or_default();
        let topics = self.deployments.as_ref().map(Deployments::topic_figures).unwrap_or_default();
        let rendered = metrics::render(&self.counters, &self.broker.metrics(), &pipelines, &topics);
        let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        uncached(StatusCode::OK, content_type, rendered)
    }
}

fn method_refused<B>(request: &Request<B>) -> Response<Body> {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content_type.starts_with("application/grpc") {
        let sentence =
            "gRPC needs HTTP/2; over HTTP/1.1 send gRPC-web with the content type application/grpc-web+proto";
        return text(StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence);
    }
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered here");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

/// A sentence for a person.
pub(crate) fn text(status: StatusCode, sentence: &str) -> Response<Body> {
    uncached(status, HeaderValue::from_static("text/plain; charset=utf-8"), format!("{sentence}\n"))
}

fn uncached(status: StatusCode, content_type: HeaderValue, text: String) -> Response<Body> {
    let mut response = page(status, content_type, Bytes::from(text));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An answer with everything but its caching rules.
pub(crate) fn page(status: StatusCode, content_type: HeaderValue, content: Bytes) -> Response<Body> {
    let length = HeaderValue::from(content.len());
    let mut response = Response::new(Body::new(Full::new(content)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CONTENT_LENGTH, length);
    for (name, value) in SECURITY_HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

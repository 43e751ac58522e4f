//! Which door a request takes: gRPC, gRPC-web, or the site (console, health, metrics). The
//! content type decides, so that a native call passes no layer it does not need. What is
//! behind the doors is not decided here.

use crate::access::{Access, Guard};
use crate::backend::Backend;
use crate::config::ServerConfig;
use crate::gate::{Gate, Refusal};
use crate::limits::ms;
use crate::metrics::{Counters, OpenConnection};
use crate::services::host::About;
use crate::services::{self, ClientUrl};
use crate::site::{self, Site};
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, HeaderName, HeaderValue, ORIGIN};
use http::{Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic_web::{GrpcWebLayer, GrpcWebService};
use tower::{Layer, ServiceExt};
use tower_http::cors::{AllowOrigin, Cors, CorsLayer};
use tower_http::timeout::{RequestBodyTimeout, RequestBodyTimeoutLayer};

/// gRPC-web in, gRPC out. A browser's upload may stall; a native connection has keep-alive instead.
type Web = RequestBodyTimeout<GrpcWebService<Guard>>;

/// The paths whose services must know how the client addressed the server.
const ADDRESS_PATHS: [&str; 2] = ["/danube.Discovery/TopicLookup", "/danube_admin.BrokerAdmin/ListBrokers"];

/// Everything a connection can reach; clones share it.
#[derive(Clone)]
pub(crate) struct Doors {
    native: Guard,
    web: Web,
    /// The same for listed foreign origins, which need permission in every answer.
    web_foreign: Cors<Web>,
    shared: Arc<Shared>,
    local: IpAddr,
}

struct Shared {
    gate: Gate,
    site: Site,
    counters: Arc<Counters>,
    /// How a client's own address begins.
    scheme: &'static str,
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl Doors {
    pub(crate) fn new(broker: Backend, config: ServerConfig, stopping: CancellationToken) -> Self {
        let counters = Arc::new(Counters::default());
        let body_pause = ms(config.limits.body_pause_timeout_ms);
        let access = Access::new(config.token_secrets);
        let scheme = if config.tls.is_some() { "https" } else { "http" };
        let about = About { environment: config.environment, read_only_console: config.read_only_console };
        let routes = services::routes(
            &broker,
            &access,
            &about,
            &config.limits.load,
            config.deployments.clone(),
            config.backup_folder,
            &stopping,
        );
        let native = Guard::new(access, routes);
        let gate = Gate::new(config.allowed_hosts, config.allowed_origins);
        let web = RequestBodyTimeoutLayer::new(body_pause).layer(GrpcWebLayer::new().layer(native.clone()));
        Self {
            web_foreign: foreign_origins(&gate).layer(web.clone()),
            native,
            web,
            shared: Arc::new(Shared {
                gate,
                site: Site::new(broker, config.deployments, counters.clone()),
                counters,
                scheme,
            }),
            local: IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }

    /// The doors of a connection that arrived at the address `local`.
    pub(crate) fn at(&self, local: IpAddr) -> Self {
        Self { local: local.to_canonical(), ..self.clone() }
    }

    /// Counts a connection for as long as the answer lives.
    pub(crate) fn count_connection(&self) -> OpenConnection {
        Counters::open(&self.shared.counters)
    }

    pub(crate) fn count_turned_away(&self) {
        self.shared.counters.turn_away();
    }

    fn answer(&self, mut request: Request<Incoming>) -> Answer {
        let authority = match self.shared.gate.admit(&request, self.local) {
            Ok(authority) => authority,
            Err(refusal) => {
                self.shared.counters.refuse();
                tracing::debug!(reason = refusal.sentence, "request refused");
                return ready(refused(refusal, kind(&request)));
            }
        };
        if ADDRESS_PATHS.contains(&request.uri().path()) {
            request.extensions_mut().insert(ClientUrl { scheme: self.shared.scheme, authority });
        }
        let kind = kind(&request);
        self.shared.counters.count(kind);
        match kind {
            Kind::Grpc => Box::pin(self.native.clone().oneshot(request)),
            Kind::GrpcWeb if self.is_foreign(&request) => Box::pin(self.web_foreign.clone().oneshot(request)),
            Kind::GrpcWeb => Box::pin(self.web.clone().oneshot(request)),
            Kind::Site => ready(self.shared.site.answer(&request)),
        }
    }

    fn is_foreign(&self, request: &Request<Incoming>) -> bool {
        let origin = request.headers().get(ORIGIN).and_then(|value| value.to_str().ok());
        origin.is_some_and(|origin| self.shared.gate.lists_origin(origin))
    }
}

impl hyper::service::Service<Request<Incoming>> for Doors {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, request: Request<Incoming>) -> Answer {
        self.answer(request)
    }
}

fn ready(response: Response<Body>) -> Answer {
    Box::pin(std::future::ready(Ok(response)))
}

/// What a request speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Grpc,
    GrpcWeb,
    Site,
}

fn kind<B>(request: &Request<B>) -> Kind {
    let content_type = request.headers().get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    if content_type.starts_with(b"application/grpc-web") {
        Kind::GrpcWeb
    } else if content_type.starts_with(b"application/grpc") && request.version() == Version::HTTP_2 {
        Kind::Grpc
    } else if request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        // A browser asks whether a gRPC-web call from a foreign origin may follow.
        Kind::GrpcWeb
    } else {
        Kind::Site
    }
}

/// A refusal in the client's own language: gRPC clients read it from the trailers, people from the text.
fn refused(refusal: Refusal, kind: Kind) -> Response<Body> {
    if kind == Kind::Site {
        return site::text(refusal.status, &refusal.sentence);
    }
    let code = if refusal.status == StatusCode::FORBIDDEN {
        tonic::Code::PermissionDenied
    } else {
        tonic::Code::InvalidArgument
    };
    let mut response = tonic::Status::new(code, refusal.sentence).into_http();
    *response.status_mut() = refusal.status;
    response
}

/// What a page's call may carry.
const HEADERS_OF_CALLS: [&str; 5] = ["authorization", "content-type", "x-grpc-web", "x-user-agent", "grpc-timeout"];

fn foreign_origins(gate: &Gate) -> CorsLayer {
    let origins = gate.origins().iter().filter_map(|origin| HeaderValue::from_str(origin.as_str()).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::POST])
        .allow_headers(HEADERS_OF_CALLS.map(HeaderName::from_static))
        .expose_headers(["grpc-status", "grpc-message", "grpc-status-details-bin"].map(HeaderName::from_static))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(version: Version, content_type: &str) -> Kind {
        let request = Request::builder().version(version).header(CONTENT_TYPE, content_type).body(());
        kind(&request.expect("a request"))
    }

    #[test]
    fn the_content_type_decides() {
        assert_eq!(kind_of(Version::HTTP_2, "application/grpc"), Kind::Grpc);
        assert_eq!(kind_of(Version::HTTP_2, "application/grpc+proto"), Kind::Grpc);
        for content_type in ["application/grpc-web", "application/grpc-web+proto", "application/grpc-web-text"] {
            assert_eq!(kind_of(Version::HTTP_11, content_type), Kind::GrpcWeb);
            assert_eq!(kind_of(Version::HTTP_2, content_type), Kind::GrpcWeb);
        }
        assert_eq!(kind_of(Version::HTTP_11, "application/grpc"), Kind::Site);
        assert_eq!(kind_of(Version::HTTP_11, "text/html"), Kind::Site);
    }
}

//! One port: gRPC over HTTP/2, gRPC-web over HTTP/1.1, the console, health and metrics.
//! Everything that knows HTTP lives here and nothing that knows topics does: the broker
//! decides, this crate translates. The gate keeps other web pages and rebound host names out;
//! tokens say who may call what, and TLS keeps both to themselves, where a server is given them.

mod access;
mod backend;
mod config;
mod connection;
mod console;
mod dispatch;
mod error;
mod first_bytes;
mod gate;
mod limits;
mod load_plan;
mod load_snapshot;
mod metrics;
mod run;
mod services;
mod site;
mod status;
mod tls;

pub use access::{Grant, Scope, TokenError, TokenSecret};
pub use backend::Backend;
pub use config::{AllowedHost, AllowedOrigin, ServerConfig};
pub use error::{AddressError, ServerError, TlsError};
pub use limits::{Limits, LoadLimits};
pub use run::run;
pub use tls::TlsIdentity;

//! One port: gRPC over HTTP/2, gRPC-web over HTTP/1.1, the console, health and metrics.
//! Everything that knows HTTP lives here and nothing that knows topics does: the broker
//! decides, this crate translates. There is no TLS and no authentication; the gate only
//! keeps other web pages and rebound host names out.

mod config;
mod connection;
mod console;
mod dispatch;
mod error;
mod first_bytes;
mod gate;
mod limits;
mod metrics;
mod run;
mod services;
mod site;
mod status;

pub use config::{AllowedHost, AllowedOrigin, ServerConfig};
pub use error::{AddressError, ServerError};
pub use limits::Limits;
pub use run::run;

//! The server over real sockets, with a real broker on a directory of its own.

mod access;
mod admin;
mod conformance;
mod contract_page;
mod gate;
mod grpc_web_bytes;
mod harness;
mod limits;
mod load;
mod native;
mod shutdown;
mod site;
mod tls;
mod upstream;
mod upstream_missing;
mod upstream_scripted;

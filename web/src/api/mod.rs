//! The network: gRPC-web calls to the host that served this page. The only module that
//! knows a client type. Every call answers with plain contract messages or a [`Failure`].

pub mod browse;
mod call;
pub mod dead_letters;
pub mod host;
pub mod load;
pub mod pipelines;
pub mod publish;
pub mod registry;
pub mod token;
pub mod topics;
pub mod transforms;

pub use crate::state::explain::Failure;

//! A Danube cluster as a broker: finds the broker of each topic, follows it when it moves, makes
//! producers and consumers anew when connections break, and says of what a cluster lacks why it
//! cannot be had. It speaks Danube's contract and nothing else to the cluster, and stores nothing.

mod catalogue;
mod cluster;
mod config;
mod connections;
mod consumers;
mod definition;
mod meaning;
mod message_broker;
mod places;
mod producers;
mod publish;
mod register;
mod tail;

pub use cluster::Cluster;
pub use config::{ConfigError, UpstreamConfig, UpstreamLimits};
pub use consumers::Deliveries;
pub use tail::Tail;

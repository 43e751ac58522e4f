//! Where the cluster is, what to show it, and the bounds of dealing with it. No file or environment
//! is read here; that is the command line's work.

use std::fmt;
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::{Certificate, Uri};

/// How to reach a cluster.
#[derive(Clone)]
pub struct UpstreamConfig {
    /// Brokers to ask first, in this order; any of them knows the others.
    pub addresses: Vec<Uri>,
    /// The administrative port of a broker; without it topics cannot be listed.
    pub admin: Option<Uri>,
    /// The value of the `authorization` header, `Bearer TOKEN`.
    pub token: Option<AsciiMetadataValue>,
    /// The authorities that vouch for the cluster's certificates, instead of the system's.
    pub authority: Option<Certificate>,
    /// The bounds.
    pub limits: UpstreamLimits,
}

impl fmt::Debug for UpstreamConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { addresses, admin, token: _, authority: _, limits } = self;
        formatter
            .debug_struct("UpstreamConfig")
            .field("addresses", addresses)
            .field("admin", admin)
            .field("limits", limits)
            .finish_non_exhaustive()
    }
}

/// Every bound of dealing with a cluster, with its unit in its name.
#[derive(Clone, Debug)]
pub struct UpstreamLimits {
    /// How long connecting to a broker may take. Default 5 000.
    pub connect_timeout_ms: u64,
    /// How long one answer may take. Default 30 000.
    pub call_timeout_ms: u64,
    /// How often a call is tried again that failed for a reason that passes. Default 8.
    pub retries_max: u32,
    /// The wait before the first further try, doubled with each, half of it left to chance. Default 100.
    pub retry_wait_ms: u64,
    /// No wait is longer. Default 3 000.
    pub retry_wait_ms_max: u64,
    /// How often a lookup follows a broker that names another. Default 8.
    pub redirects_max: u32,
    /// Brokers to keep connections to. Default 256.
    pub connections_max: usize,
    /// Topics whose broker is remembered. Default 10 000.
    pub places_max: usize,
    /// Producers at one time; those idle for `idle_ms` make room. Default 100 000.
    pub producers_max: usize,
    /// Consumers at one time; those idle for `idle_ms` make room. Default 100 000.
    pub consumers_max: usize,
    /// After how long without a message or health check a client may be forgotten. Default 60 000.
    pub idle_ms: u64,
    /// Messages that a live view holds ready for a slow reader. Default 256.
    pub tail_messages_max: usize,
    /// Topics of one live view, partitions counted. Default 64.
    pub tail_topics_max: usize,
    /// One message; what every Danube broker takes. Default 4 MiB.
    pub message_bytes_max: usize,
}

impl Default for UpstreamLimits {
    fn default() -> Self {
        Self {
            connect_timeout_ms: 5_000,
            call_timeout_ms: 30_000,
            retries_max: 8,
            retry_wait_ms: 100,
            retry_wait_ms_max: 3_000,
            redirects_max: 8,
            connections_max: 256,
            places_max: 10_000,
            producers_max: 100_000,
            consumers_max: 100_000,
            idle_ms: 60_000,
            tail_messages_max: 256,
            tail_topics_max: 64,
            message_bytes_max: 4 << 20,
        }
    }
}

/// Why a cluster cannot be used as it is described.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No broker is named.
    #[error("a cluster needs the address of at least one of its brokers")]
    NoAddress,
    /// TLS cannot be set up.
    #[error("cannot speak TLS with {address}: {reason}")]
    Tls {
        /// The broker.
        address: Uri,
        /// What is wrong.
        reason: String,
    },
}

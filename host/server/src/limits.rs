//! Every bound of the transport, with its unit in its name. What a message or a topic may
//! be is bounded by the broker, not here.

use std::time::Duration;

/// Bounds of one server. The defaults fit one machine; tests make them smaller.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at one time; further ones are turned away with 503. Default 16 384.
    pub connections_max: usize,
    /// Calls at one time on one HTTP/2 connection. Default 1024.
    pub concurrent_streams_max: u32,
    /// All headers of one request together. Default 32 KiB.
    pub header_bytes_max: u32,
    /// Headers of one HTTP/1.1 request. Default 64.
    pub headers_max: usize,
    /// How long a TLS handshake may take. Default 10 000.
    pub tls_handshake_timeout_ms: u64,
    /// How long a new connection may take to send its first 24 bytes. Default 10 000.
    pub first_bytes_timeout_ms: u64,
    /// How long an HTTP/1.1 request's headers may take, idle time before them included. Default 30 000.
    pub header_read_timeout_ms: u64,
    /// How long a gRPC-web request's body may pause. Default 30 000.
    pub body_pause_timeout_ms: u64,
    /// How often a silent HTTP/2 connection is asked whether it is alive. Default 20 000.
    pub keep_alive_interval_ms: u64,
    /// How long its answer may take. Default 20 000.
    pub keep_alive_timeout_ms: u64,
    /// How long calls in flight may take to finish once the server stops. Default 10 000.
    pub drain_deadline_ms: u64,
    /// Load that is made in this host.
    pub load: LoadLimits,
}

/// Bounds of the load that is made in this host, which takes its share of the processor and the disk.
#[derive(Clone, Debug)]
pub struct LoadLimits {
    /// Runs at one time. Default 2.
    pub runs_max: usize,
    /// Producers of one run. Default 64.
    pub producers_max: u32,
    /// Messages under way of one producer. Default 10 000.
    pub in_flight_max: u32,
    /// How long one run may take. Default 3600.
    pub duration_max_s: u32,
    /// The payload's template. Default 1 MiB.
    pub template_bytes_max: u32,
    /// All payloads of one run that may wait or be under way together. Default 256 MiB.
    pub held_bytes_max: u64,
}

impl Default for LoadLimits {
    fn default() -> Self {
        Self {
            runs_max: 2,
            producers_max: 64,
            in_flight_max: 10_000,
            duration_max_s: 3_600,
            template_bytes_max: 1 << 20,
            held_bytes_max: 256 << 20,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 16_384,
            concurrent_streams_max: 1024,
            header_bytes_max: 32 << 10,
            headers_max: 64,
            tls_handshake_timeout_ms: 10_000,
            first_bytes_timeout_ms: 10_000,
            header_read_timeout_ms: 30_000,
            body_pause_timeout_ms: 30_000,
            keep_alive_interval_ms: 20_000,
            keep_alive_timeout_ms: 20_000,
            drain_deadline_ms: 10_000,
            load: LoadLimits::default(),
        }
    }
}

/// A length of time given in milliseconds.
pub(crate) fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// How far a gRPC request may exceed the broker's own limit before the transport refuses to
/// read it. Up to here the broker answers, with the better sentence.
pub(crate) const MESSAGE_SLACK_BYTES: usize = 64 << 10;

/// Requests that carry names and numbers only.
pub(crate) const CONTROL_REQUEST_BYTES_MAX: usize = 64 << 10;
/// The name of a back-up.
pub(crate) const BACKUP_NAME_BYTES_MAX: usize = 100;

/// A status message as it travels, percent-encoded. It travels a second time inside the details;
/// all together stays below the 8 KiB of headers that the strictest of the usual clients accepts.
pub(crate) const STATUS_MESSAGE_BYTES_MAX: usize = 2 << 10;

/// Field violations in a status's details, before base64.
pub(crate) const STATUS_DETAILS_BYTES_MAX: usize = 1536;

/// How long to wait after the operating system refused a connection, for lack of file handles for example.
pub(crate) const ACCEPT_RETRY_MS: u64 = 100;

//! The cluster as one thing: what is known of it, shared by every client of the host.

use crate::config::{ConfigError, UpstreamConfig};
use crate::connections::Connections;
use crate::consumers::Consumer;
use crate::places::Places;
use crate::producers::Producer;
use crate::register::Register;
use irongate_broker::Limits;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::Channel;

/// A Danube cluster; clones share it. Methods must be called inside a tokio runtime.
#[derive(Clone)]
pub struct Cluster {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) connections: Connections,
    pub(crate) places: Places,
    pub(crate) producers: Register<u64, Producer>,
    pub(crate) consumers: Register<u64, Consumer>,
    /// Producers of `Publish` calls, by topic and name.
    pub(crate) publishers: Register<(String, String), Producer>,
    pub(crate) next_partition: AtomicUsize,
    pub(crate) limits: Limits,
    pub(crate) counted: Counted,
}

/// What went through this host.
#[derive(Default)]
pub(crate) struct Counted {
    pub(crate) published: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) delivered: AtomicU64,
    pub(crate) acked: AtomicU64,
    pub(crate) tails: AtomicU64,
}

impl Cluster {
    /// Knows where the cluster is. Nothing is connected to before the first call.
    ///
    /// # Errors
    /// [`ConfigError`] where that is not said, or TLS cannot be set up.
    pub fn new(config: UpstreamConfig) -> Result<Self, ConfigError> {
        let message_bytes_max = config.limits.message_bytes_max;
        let limits = Limits { message_bytes_max, publish_batch_messages_max: 500, ..Limits::default() };
        let of = &config.limits;
        let (producers, consumers) = (of.producers_max, of.consumers_max);
        let inner = Inner {
            producers: Register::new("producers", producers, of.idle_ms),
            consumers: Register::new("consumers", consumers, of.idle_ms),
            publishers: Register::new("producers", producers, of.idle_ms),
            connections: Connections::new(config)?,
            places: Places::default(),
            next_partition: AtomicUsize::default(),
            limits,
            counted: Counted::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The administrative port, with what its calls must show; none where it was not named.
    #[must_use]
    pub fn admin(&self) -> Option<(Channel, Option<AsciiMetadataValue>)> {
        let place = self.inner.admin().ok()?;
        let token = place.token();
        Some((place.channel, token))
    }
}

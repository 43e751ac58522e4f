//! Connections to the brokers of a cluster, one each, and the headers that calls on them carry.
//! Which broker to ask is decided in `places.rs`.

use crate::config::{ConfigError, UpstreamConfig};
use std::collections::HashMap;
use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint, Uri};
use tonic::{Request, Status};

/// How often a silent connection is asked whether it is alive.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// Where calls about a topic go.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) channel: Channel,
    token: Option<AsciiMetadataValue>,
    /// Behind a proxy: the broker that is meant.
    broker: Option<AsciiMetadataValue>,
    timeout: Duration,
}

impl Place {
    /// A call that is answered once.
    pub(crate) fn call<T>(&self, message: T) -> Request<T> {
        let mut request = self.stream(message);
        request.set_timeout(self.timeout);
        request
    }

    /// A call that is answered for as long as it takes.
    pub(crate) fn stream<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(token) = &self.token {
            request.metadata_mut().insert("authorization", token.clone());
        }
        if let Some(broker) = &self.broker {
            request.metadata_mut().insert("x-danube-broker-url", broker.clone());
        }
        request
    }

    /// The same place, reached through a proxy that must be told which broker is meant.
    pub(crate) fn behind_proxy(mut self, broker: &str) -> Result<Self, Status> {
        let unusable = |_| Status::internal(format!("the cluster names a broker by what is no header: {broker}"));
        self.broker = Some(AsciiMetadataValue::try_from(broker).map_err(unusable)?);
        Ok(self)
    }

    pub(crate) fn token(&self) -> Option<AsciiMetadataValue> {
        self.token.clone()
    }
}

/// Every connection, by address.
pub(crate) struct Connections {
    config: UpstreamConfig,
    open: Mutex<HashMap<Uri, Channel>>,
}

impl Connections {
    pub(crate) fn new(config: UpstreamConfig) -> Result<Self, ConfigError> {
        if config.addresses.is_empty() {
            return Err(ConfigError::NoAddress);
        }
        for address in config.addresses.iter().chain(&config.admin) {
            endpoint(&config, address)?;
        }
        Ok(Self { config, open: Mutex::default() })
    }

    pub(crate) fn config(&self) -> &UpstreamConfig {
        &self.config
    }

    /// The broker at an address, connected to when it is first called and whenever it was lost.
    pub(crate) fn to(&self, address: &Uri) -> Result<Place, Status> {
        let channel = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            match open.get(address) {
                Some(channel) => channel.clone(),
                None => {
                    let endpoint =
                        endpoint(&self.config, address).map_err(|error| Status::internal(error.to_string()))?;
                    let channel = endpoint.connect_lazy();
                    // A cluster is small; whoever names ever new brokers does not fill the memory.
                    if open.len() >= self.config.limits.connections_max {
                        open.clear();
                    }
                    open.insert(address.clone(), channel.clone());
                    channel
                }
            }
        };
        // A token that was meant for TLS does not travel without.
        let was_secured = self.config.addresses.iter().all(is_tls);
        let token = self.config.token.clone().filter(|_| !was_secured || is_tls(address));
        let timeout = Duration::from_millis(self.config.limits.call_timeout_ms);
        Ok(Place { channel, token, broker: None, timeout })
    }
}

fn is_tls(address: &Uri) -> bool {
    address.scheme_str() == Some("https")
}

fn endpoint(config: &UpstreamConfig, address: &Uri) -> Result<Endpoint, ConfigError> {
    let endpoint = Endpoint::from(address.clone())
        .connect_timeout(Duration::from_millis(config.limits.connect_timeout_ms))
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_while_idle(true);
    if !is_tls(address) {
        return Ok(endpoint);
    }
    let tls = match &config.authority {
        Some(authority) => ClientTlsConfig::new().ca_certificate(authority.clone()),
        None => ClientTlsConfig::new().with_native_roots(),
    };
    endpoint.tls_config(tls).map_err(|error| ConfigError::Tls {
        address: address.clone(),
        reason: error.source().map_or_else(|| error.to_string(), ToString::to_string),
    })
}

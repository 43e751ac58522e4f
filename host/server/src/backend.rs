//! Which broker a server stands before: the embedded one, or a cluster. The choice is made once,
//! when the services are put together; no call passes through here.

use irongate_broker::{Broker, MessageBroker, MetricsSnapshot};
use irongate_upstream::Cluster;

/// The broker behind a server.
#[derive(Clone)]
pub enum Backend {
    /// In this process, on its own disk.
    Embedded(Broker),
    /// A Danube cluster.
    Upstream(Cluster),
}

impl From<Broker> for Backend {
    fn from(broker: Broker) -> Self {
        Self::Embedded(broker)
    }
}

impl From<Cluster> for Backend {
    fn from(cluster: Cluster) -> Self {
        Self::Upstream(cluster)
    }
}

impl Backend {
    pub(crate) fn health(&self) -> Result<(), String> {
        match self {
            Self::Embedded(broker) => broker.health(),
            Self::Upstream(cluster) => cluster.health(),
        }
    }

    pub(crate) fn metrics(&self) -> MetricsSnapshot {
        match self {
            Self::Embedded(broker) => broker.metrics(),
            Self::Upstream(cluster) => cluster.metrics(),
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Embedded(broker) => broker.close().await,
            Self::Upstream(cluster) => cluster.close().await,
        }
    }
}

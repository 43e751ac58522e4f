//! `irongate.v1.HostService`: what this host is and which limits a client should know before it tries.

use irongate_broker::MessageBroker;
use irongate_proto::irongate_v1::host_service_server::HostService;
use irongate_proto::irongate_v1::{GetHostInfoRequest, GetHostInfoResponse};
use std::time::{SystemTime, UNIX_EPOCH};
use tonic::{Request, Response, Status};

/// What the configuration has the console say and do.
#[derive(Clone)]
pub(crate) struct About {
    pub(crate) environment: String,
    pub(crate) read_only_console: bool,
}

pub(crate) struct Host<B> {
    broker: B,
    about: About,
    started_at_ms: u64,
}

impl<B> Host<B> {
    pub(crate) fn new(broker: B, about: About) -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let started_at_ms = u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX);
        Self { broker, about, started_at_ms }
    }
}

#[tonic::async_trait]
impl<B: MessageBroker> HostService for Host<B> {
    async fn get_host_info(&self, _: Request<GetHostInfoRequest>) -> Result<Response<GetHostInfoResponse>, Status> {
        let limits = self.broker.limits();
        let standing = self.broker.standing();
        Ok(Response::new(GetHostInfoResponse {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at_ms: self.started_at_ms,
            environment: self.about.environment.clone(),
            message_bytes_max: u64::try_from(limits.message_bytes_max).unwrap_or(u64::MAX),
            publish_batch_messages_max: u32::try_from(limits.publish_batch_messages_max).unwrap_or(u32::MAX),
            auto_create_topics: self.broker.auto_create_topics(),
            upstream: standing.upstream,
            missing_features: standing.missing_features,
            read_only_console: self.about.read_only_console,
        }))
    }
}

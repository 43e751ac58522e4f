//! A pipeline's ports over the network, by Danube's contract: a subscription it reads, topics it writes. What is done with a record is the engine's
//! business; here is only whether a server took it, will never take it, or may take it later.

use crate::address::ServiceAddr;
use crate::client::{Channel, connect, host_info};
use crate::failure::{is_temporary, refused, sentence};
use crate::registry::{Registry, Wanted};
use crate::sender::{Message, Outcome, RETRIES_MAX, RetryPolicy, Route, RouteSchema, Sender, wait_to_retry};
use crate::subscription::Acknowledgements;
use anyhow::{Context, Result, bail};
use irongate_deploy::message_id;
use irongate_pipeline::{
    Acknowledger, Outgoing, Pending, PipelineConfig, PortError, Position, Schemas, SendError, Target, TargetConfig,
};
use irongate_proto::danube::discovery_client::DiscoveryClient;
use irongate_proto::danube::{DispatchStrategy, TopicLookupRequest};
use irongate_proto::irongate_v1::topic_service_client::TopicServiceClient;
use irongate_proto::irongate_v1::{DescribeTopicRequest, GetHostInfoResponse, Refused};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinSet;
use tonic::Code;

/// Payload bytes of one call. More would only make the first answer come later.
const CALL_BYTES_MAX: usize = 1 << 20;
/// Calls at once to a broker that takes one message in a call. Messages with the same key follow each other.
const SINGLE_CALLS_MAX: u64 = 16;

/// A server, and whether it is more than a Danube broker.
pub(super) struct Connection {
    pub(super) channel: Channel,
    pub(super) address: ServiceAddr,
    host: Option<GetHostInfoResponse>,
}

impl Connection {
    pub(super) async fn open(address: &ServiceAddr) -> Result<Connection> {
        let channel = connect(address).await?;
        let host = host_info(&channel, address).await?;
        Ok(Connection { channel, address: address.clone(), host })
    }

    fn sender(&self) -> Sender {
        Sender::new(self.channel.clone(), &self.address, self.host.as_ref())
    }

    pub(super) fn registry(&self) -> Registry {
        Registry::new(self.channel.clone(), &self.address)
    }

    /// Whether there is such a topic.
    pub(super) async fn exists(&self, topic: &str) -> Result<bool> {
        let request = TopicLookupRequest { request_id: 0, topic: topic.to_owned() };
        let found = DiscoveryClient::new(self.channel.clone()).topic_partitions(request).await;
        Ok(!found.map_err(|status| refused(&status, &self.address))?.into_inner().partitions.is_empty())
    }

    /// Whether first use makes a topic. A Danube broker does not say that it does not.
    pub(super) fn makes_topics(&self) -> bool {
        self.host.as_ref().is_none_or(|host| host.auto_create_topics)
    }

    /// The host, where it keeps its messages itself.
    pub(super) fn embedded(&self) -> Option<&GetHostInfoResponse> {
        self.host.as_ref().filter(|host| host.upstream.is_empty())
    }

    /// The largest message that it takes, where it says.
    pub(super) fn message_bytes_max(&self) -> Option<usize> {
        self.host.as_ref().and_then(|host| usize::try_from(host.message_bytes_max).ok())
    }

    /// Refuses a source that stores nothing: its messages have no offsets, and what a pipeline loses there nobody could deliver again. A Danube
    /// broker does not tell; there the first messages do.
    pub(super) async fn check_source(&self, topic: &str) -> Result<()> {
        if self.host.is_none() {
            return Ok(());
        }
        let request = DescribeTopicRequest { topic: topic.to_owned() };
        let described = TopicServiceClient::new(self.channel.clone()).describe_topic(request).await;
        let described = described.map_err(|status| refused(&status, &self.address))?.into_inner();
        if described.summary.is_some_and(|summary| summary.dispatch_strategy() == DispatchStrategy::NonReliable) {
            bail!(
                "the topic {topic} is not reliable: it stores nothing, so a pipeline cannot read it without losing records"
            );
        }
        Ok(())
    }

    /// Looks up the schemas that targets name, and says under which terms each topic is written.
    pub(super) async fn targets(&self, config: &PipelineConfig) -> Result<(Schemas, BTreeMap<String, Arc<NetTarget>>)> {
        let mut schemas = Schemas::new();
        let mut targets = BTreeMap::new();
        for target in &config.targets {
            let mut route = route(config, &target.topic, target.partitions, target.reliable);
            if let Some((subject, version)) = target.schema() {
                let wanted = version.map_or(Wanted::Latest, Wanted::Pinned);
                let resolved = self.registry().resolve(&subject, wanted, self.host.is_none()).await?;
                route.schema = Some(RouteSchema {
                    reference: resolved.reference(),
                    schema_id: Some(resolved.schema_id),
                    version: Some(resolved.version),
                });
                schemas.insert((subject, version), Arc::new(resolved.schema));
            }
            targets.insert(target.topic.clone(), self.target(route).await?);
        }
        if let Some(dead_letter) = &config.dead_letter {
            let route = route(config, &dead_letter.topic, 0, true);
            targets.insert(dead_letter.topic.clone(), self.target(route).await?);
        }
        Ok((schemas, targets))
    }

    async fn target(&self, route: Route) -> Result<Arc<NetTarget>> {
        let sender = self.sender();
        let opened = sender.open(&route).await.map_err(|status| refused(&status, &self.address));
        opened.with_context(|| format!("the pipeline cannot write to {}", route.topic))?;
        let again =
            Connection { channel: self.channel.clone(), address: self.address.clone(), host: self.host.clone() };
        Ok(Arc::new(NetTarget { connection: again, sender: Mutex::new(sender), route: Arc::new(route) }))
    }
}

fn route(config: &PipelineConfig, topic: &str, partitions: u32, is_reliable: bool) -> Route {
    let producer_name = format!("pipeline-{}", config.name);
    Route::plain(topic.to_owned(), producer_name, partitions, is_reliable)
}

/// A topic that is written.
pub(super) struct NetTarget {
    connection: Connection,
    sender: Mutex<Sender>,
    route: Arc<Route>,
}

type Taken = Result<(), SendError>;

impl NetTarget {
    fn sender(&self) -> Sender {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A Danube broker forgets its producers when it is started anew, or gives the topic to another: they are made again.
    fn renew(&self) {
        *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = self.connection.sender();
    }

    fn message(&self, outgoing: &Outgoing) -> Message {
        Message {
            number: outgoing.origin.offset,
            route: Arc::clone(&self.route),
            payload: outgoing.payload.clone(),
            attributes: outgoing.attributes.clone().into_iter().collect(),
            routing_key: outgoing.key.clone(),
        }
    }

    /// Many messages in a call. After one that may come later nothing more is sent: it could pass it.
    async fn send_calls(&self, sender: &Sender, batch: &[Outgoing]) -> Vec<Taken> {
        let mut taken = Vec::with_capacity(batch.len());
        while taken.len() < batch.len() {
            let rest = &batch[taken.len()..];
            let messages: Vec<Message> = rest[..call_length(rest, sender.call_messages_max())]
                .iter()
                .map(|outgoing| self.message(outgoing))
                .collect();
            taken.extend(send_once(sender, &messages, &self.connection.address).await);
            if taken.iter().any(|taken| matches!(taken, Err(SendError::Later(_)))) {
                taken.resize(batch.len(), Err(SendError::NotTried));
            }
        }
        taken
    }

    /// One message in a call, several calls at once, those with the same key in order.
    async fn send_singly(&self, sender: &Sender, batch: &[Outgoing]) -> Vec<Taken> {
        let mut groups: BTreeMap<u64, Vec<(usize, Message)>> = BTreeMap::new();
        for (index, outgoing) in batch.iter().enumerate() {
            let mut hasher = DefaultHasher::new();
            outgoing.key.hash(&mut hasher);
            groups.entry(hasher.finish() % SINGLE_CALLS_MAX).or_default().push((index, self.message(outgoing)));
        }
        let mut sending = JoinSet::new();
        for group in groups.into_values() {
            let (sender, address) = (sender.clone(), self.connection.address.clone());
            sending.spawn(async move {
                let mut taken = Vec::with_capacity(group.len());
                let mut is_held = false;
                for (index, message) in group {
                    let one = match is_held {
                        true => Err(SendError::NotTried),
                        false => send_once(&sender, std::slice::from_ref(&message), &address).await.remove(0),
                    };
                    is_held |= matches!(one, Err(SendError::Later(_)));
                    taken.push((index, one));
                }
                taken
            });
        }
        let mut all: Vec<Taken> = batch.iter().map(|_| Err(SendError::NotTried)).collect();
        while let Some(Ok(taken)) = sending.join_next().await {
            taken.into_iter().for_each(|(index, taken)| all[index] = taken);
        }
        all
    }
}

impl Target for NetTarget {
    fn send<'a>(&'a self, batch: &'a [Outgoing]) -> Pending<'a, Vec<Taken>> {
        Box::pin(async {
            let sender = self.sender();
            let taken = match sender {
                Sender::Irongate(_) => self.send_calls(&sender, batch).await,
                Sender::Danube(_) => self.send_singly(&sender, batch).await,
            };
            if taken.iter().any(|taken| matches!(taken, Err(SendError::Later(_)))) {
                self.renew();
            }
            taken
        })
    }
}

/// How many of them go in one call; one always does.
fn call_length(batch: &[Outgoing], messages_max: usize) -> usize {
    let mut bytes = 0;
    let fits = |outgoing: &&Outgoing| {
        bytes += outgoing.payload.len();
        bytes <= CALL_BYTES_MAX
    };
    batch.iter().take(messages_max).take_while(fits).count().max(1)
}

/// One try, one answer for each: what is tried again, and when, the engine decides.
async fn send_once(sender: &Sender, messages: &[Message], address: &ServiceAddr) -> Vec<Taken> {
    let once = RetryPolicy { retries_max: 0, step_ms: 0 };
    match sender.send(messages, once).await {
        Ok(outcomes) => outcomes.into_iter().map(|(outcome, _)| taken(outcome)).collect(),
        Err(status) => messages.iter().map(|_| Err(SendError::Later(sentence(&status, address)))).collect(),
    }
}

fn taken(outcome: Outcome) -> Taken {
    match outcome {
        Outcome::Sent(_) => Ok(()),
        Outcome::Refused(refused) if is_final(&refused) => Err(SendError::Refused(refused.message)),
        Outcome::Refused(refused) => Err(SendError::Later(refused.message)),
    }
}

/// Whether the same message would be refused again. Danube answers every failure to publish with one code, so the code alone does not tell.
fn is_final(refused: &Refused) -> bool {
    let is = |code: Code| refused.code == code as u32;
    let breaks_schema = !refused.violations.is_empty() || refused.message.contains("validation failed");
    is(Code::InvalidArgument) || is(Code::OutOfRange) || (is(Code::PermissionDenied) && breaks_schema)
}

/// Who tells the subscription that its records are settled.
pub(super) struct NetAcknowledger {
    pub(super) acknowledgements: Arc<Acknowledgements>,
    pub(super) address: ServiceAddr,
}

impl Acknowledger for NetAcknowledger {
    fn acknowledge<'a>(&'a self, position: &'a Position) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move {
            let id = message_id(position);
            let mut retry = 0;
            loop {
                match self.acknowledgements.acknowledge(&id).await {
                    Ok(()) => return Ok(()),
                    Err(status) if is_temporary(&status) && retry < RETRIES_MAX => {
                        retry += 1;
                        wait_to_retry(retry).await;
                    }
                    Err(status) => return Err(PortError(sentence(&status, &self.address))),
                }
            }
        })
    }
}

/// The topics a pipeline writes, for people.
pub(super) fn names(targets: &[TargetConfig]) -> String {
    targets.iter().map(|target| target.topic.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_would_be_refused_again_is_final() {
        let refused =
            |code: Code, message: &str| Refused { code: code as u32, message: message.into(), violations: Vec::new() };
        assert!(is_final(&refused(Code::InvalidArgument, "too large")));
        assert!(is_final(&refused(Code::OutOfRange, "too large")));
        assert!(is_final(&refused(Code::PermissionDenied, "Unable to publish: Payload validation failed: /a")));
        assert!(!is_final(&refused(Code::PermissionDenied, "Unable to publish the message: the topic is draining")));
        assert!(!is_final(&refused(Code::ResourceExhausted, "the disk is almost full")));
    }

    #[test]
    fn a_call_has_bounds_and_takes_one_at_least() {
        let one = |bytes: usize| Outgoing {
            origin: Position { topic: "/default/t".into(), offset: 0 },
            key: None,
            attributes: BTreeMap::new(),
            payload: vec![0; bytes].into(),
        };
        assert_eq!(call_length(&[one(2 * CALL_BYTES_MAX), one(1)], 10), 1);
        assert_eq!(call_length(&[one(CALL_BYTES_MAX - 1), one(1), one(1)], 10), 2);
        assert_eq!(call_length(&[one(1), one(1), one(1)], 2), 2);
    }
}

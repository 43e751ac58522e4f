//! A subscription through Danube's own services, on all partitions of a topic: one consumer
//! each, connected again whenever the connection or the server is lost. Messages wait here
//! only until they are printed; what is not acknowledged the server delivers again.

use crate::address::ServiceAddr;
use crate::client::{ANSWER_BYTES_MAX, Channel, connect_later};
use crate::failure::{is_temporary, refused, sentence};
use crate::output::complain;
use crate::sender::wait_to_retry;
use anyhow::{Result, anyhow, bail};
use irongate_proto::danube::consumer_request::SubscriptionType;
use irongate_proto::danube::consumer_service_client::ConsumerServiceClient;
use irongate_proto::danube::discovery_client::DiscoveryClient;
use irongate_proto::danube::topic_lookup_response::LookupType;
use irongate_proto::danube::{
    AckRequest, ConsumerRequest, MsgId, NackRequest, ReceiveRequest, StreamMessage, TopicLookupRequest,
};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tonic::{Code, Status, Streaming};

/// Messages received and not yet printed, over all partitions.
const WAITING_MESSAGES_MAX: usize = 16;
/// Acknowledgements under way at once.
const ANSWERS_MAX: usize = 64;
/// How long those under way are waited for at the end.
const SETTLE_WAIT: Duration = Duration::from_secs(5);
/// So often in a row a server that came back may know nothing of a topic before it counts as gone.
const MISSING_MAX: u32 = 4;
/// Waiting between two tries to connect grows up to this many steps.
pub(crate) const RETRY_STEPS_MAX: u32 = 10;

/// There is nothing to subscribe to.
#[derive(Debug, thiserror::Error)]
#[error("no topics found for {topic}; produce to it or create it first")]
pub(crate) struct TopicMissing {
    topic: String,
}

/// What to subscribe to.
#[derive(Clone, Debug)]
pub(crate) struct SubscriptionArgs {
    pub(crate) topic: String,
    pub(crate) consumer: String,
    pub(crate) subscription: String,
    pub(crate) subscription_type: SubscriptionType,
    /// Globs over routing keys; for a key-shared subscription.
    pub(crate) key_filters: Vec<String>,
}

/// An open subscription.
pub(crate) struct Subscription {
    arriving: mpsc::Receiver<Result<StreamMessage>>,
    acknowledgements: Arc<Acknowledgements>,
    /// One task for each partition; they end with this, and the server delivers again what was not acknowledged.
    _partitions: JoinSet<()>,
    /// Answers to the server that are under way.
    answers: JoinSet<()>,
}

/// Tells the server what became of messages, whoever has them.
pub(crate) struct Acknowledgements {
    /// By the topic a message names.
    clients: HashMap<String, ConsumerServiceClient<Channel>>,
    address: ServiceAddr,
    subscription: String,
    requests: AtomicU64,
}

impl Subscription {
    /// Subscribes to every partition; returns once each is attached.
    pub(crate) async fn open(channel: Channel, address: &ServiceAddr, args: SubscriptionArgs) -> Result<Self> {
        let request = TopicLookupRequest { request_id: 0, topic: args.topic.clone() };
        let found = DiscoveryClient::new(channel.clone()).topic_partitions(request).await;
        let topics = found.map_err(|status| refused(&status, address))?.into_inner().partitions;
        if topics.is_empty() {
            return Err(TopicMissing { topic: args.topic }.into());
        }
        let (sender, arriving) = mpsc::channel(WAITING_MESSAGES_MAX);
        let args = Arc::new(args);
        let mut clients = HashMap::new();
        let mut partitions = JoinSet::new();
        let is_partitioned = topics.len() > 1;
        for (number, topic) in topics.into_iter().enumerate() {
            let client = client_for(&channel, address, &topic).await;
            let consumer = if is_partitioned { format!("{}-{number}", args.consumer) } else { args.consumer.clone() };
            clients.insert(topic.clone(), client.clone());
            let discovery = DiscoveryClient::new(channel.clone());
            let (args, address) = (args.clone(), address.clone());
            let mut partition = Partition { client, discovery, topic, consumer, args, address: address.clone() };
            let stream = partition.attach().await.map_err(|status| refused(&status, &address))?;
            partitions.spawn(partition.receive(stream, sender.clone()));
        }
        let (address, subscription) = (address.clone(), args.subscription.clone());
        let acknowledgements = Acknowledgements { clients, address, subscription, requests: AtomicU64::new(0) };
        let (acknowledgements, answers) = (Arc::new(acknowledgements), JoinSet::new());
        Ok(Self { arriving, acknowledgements, _partitions: partitions, answers })
    }

    /// The way back to the server, for those who settle messages elsewhere.
    pub(crate) fn acknowledgements(&self) -> Arc<Acknowledgements> {
        Arc::clone(&self.acknowledgements)
    }

    /// The next message of any partition.
    pub(crate) async fn next(&mut self) -> Result<StreamMessage> {
        self.arriving.recv().await.ok_or_else(|| anyhow!("the subscription ended"))?
    }

    /// Acknowledges a message, while the next is printed. Where that fails the server delivers it again, and it is
    /// said here.
    pub(crate) async fn acknowledge(&mut self, message: &StreamMessage) {
        let Some((way, id)) = self.place(message).await else { return };
        self.answers.spawn(async move {
            if let Err(status) = way.acknowledge(&id).await {
                let (offset, reason) = (id.topic_offset, sentence(&status, &way.address));
                complain(&format!("offset {offset} could not be acknowledged and may come again: {reason}"));
            }
        });
    }

    /// Gives a message back: it comes again, when and how often is up to the subscription's failure policy.
    pub(crate) async fn give_back(&mut self, message: &StreamMessage) {
        let Some((way, id)) = self.place(message).await else { return };
        self.answers.spawn(async move {
            if let Err(status) = way.give_back(&id, None, "given back by irongate consume").await {
                let (offset, reason) = (id.topic_offset, sentence(&status, &way.address));
                complain(&format!("offset {offset} could not be given back: {reason}"));
            }
        });
    }

    /// Waits for the answers that are under way, but not for ever.
    pub(crate) async fn settle(mut self) {
        let all = async { while self.answers.join_next().await.is_some() {} };
        // What is late the server delivers again.
        let _ = tokio::time::timeout(SETTLE_WAIT, all).await;
    }

    /// The way an answer about this message takes, once there is room for one more.
    async fn place(&mut self, message: &StreamMessage) -> Option<(Arc<Acknowledgements>, MsgId)> {
        let id = message.msg_id.clone()?;
        while self.answers.len() >= ANSWERS_MAX {
            self.answers.join_next().await;
        }
        Some((self.acknowledgements(), id))
    }
}

impl Acknowledgements {
    /// The message is done with.
    pub(crate) async fn acknowledge(&self, id: &MsgId) -> Result<(), Status> {
        let subscription_name = self.subscription.clone();
        let request = AckRequest { request_id: self.number(), msg_id: Some(id.clone()), subscription_name };
        self.client(id)?.ack(request).await.map(|_| ())
    }

    /// The message is to be delivered again: after the delay, or as the subscription's failure policy says.
    pub(crate) async fn give_back(&self, id: &MsgId, delay: Option<Duration>, reason: &str) -> Result<(), Status> {
        let request = NackRequest {
            request_id: self.number(),
            msg_id: Some(id.clone()),
            subscription_name: self.subscription.clone(),
            delay_ms: delay.map(|delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)),
            reason: Some(reason.to_owned()),
        };
        self.client(id)?.nack(request).await.map(|_| ())
    }

    fn number(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn client(&self, id: &MsgId) -> Result<ConsumerServiceClient<Channel>, Status> {
        let missing = || Status::not_found(format!("{} is not part of the subscription", id.topic_name));
        self.clients.get(&id.topic_name).cloned().ok_or_else(missing)
    }
}

/// One partition's consumer.
struct Partition {
    client: ConsumerServiceClient<Channel>,
    discovery: DiscoveryClient<Channel>,
    topic: String,
    consumer: String,
    args: Arc<SubscriptionArgs>,
    address: ServiceAddr,
}

impl Partition {
    async fn attach(&mut self) -> Result<Streaming<StreamMessage>, Status> {
        let request = ConsumerRequest {
            request_id: 0,
            topic_name: self.topic.clone(),
            consumer_name: self.consumer.clone(),
            subscription: self.args.subscription.clone(),
            subscription_type: self.args.subscription_type.into(),
            key_filters: self.args.key_filters.clone(),
        };
        let consumer_id = self.client.subscribe(request).await?.into_inner().consumer_id;
        let request = ReceiveRequest { request_id: 1, consumer_id };
        Ok(self.client.receive_messages(request).await?.into_inner())
    }

    /// Hands messages over until nobody takes them or the subscription is lost for good.
    async fn receive(mut self, mut stream: Streaming<StreamMessage>, arriving: mpsc::Sender<Result<StreamMessage>>) {
        loop {
            let lost = match stream.message().await {
                Ok(Some(message)) => {
                    if arriving.send(Ok(message)).await.is_err() {
                        return;
                    }
                    continue;
                }
                Ok(None) => Err(self.ended().await),
                Err(status) if is_temporary(&status) => self.attach_again().await,
                Err(status) => Err(refused(&status, &self.address)),
            };
            match lost {
                Ok(attached) => stream = attached,
                Err(error) => {
                    let _ = arriving.send(Err(error)).await;
                    return;
                }
            }
        }
    }

    /// Why the server has ended the stream.
    async fn ended(&mut self) -> anyhow::Error {
        let Self { topic, consumer, .. } = self;
        let request = TopicLookupRequest { request_id: 0, topic: topic.clone() };
        match self.discovery.topic_lookup(request).await {
            Err(status) if status.code() == Code::NotFound => {
                anyhow!("the server ended the stream of {topic}: the topic was deleted")
            }
            _ => anyhow!(
                "the server ended the stream of {topic}: another consumer named {consumer} has taken it over, or the \
                 subscription {} was deleted",
                self.args.subscription
            ),
        }
    }

    /// Tries for as long as it takes: a consumer outlives its server's restart, but not its topic.
    async fn attach_again(&mut self) -> Result<Streaming<StreamMessage>> {
        complain(&format!("the connection to {} was lost; subscribing to {} again", self.address, self.topic));
        let mut missing = 0;
        for retry in 1.. {
            wait_to_retry(RETRY_STEPS_MAX.min(retry)).await;
            match self.attach().await {
                Ok(stream) => return Ok(stream),
                Err(status) if is_temporary(&status) => missing = 0,
                // A server that has just started may forget a consumer between the two calls.
                Err(status) if status.code() == Code::NotFound && missing < MISSING_MAX => missing += 1,
                Err(status) => return Err(refused(&status, &self.address)),
            }
        }
        bail!("{} did not come back", self.address)
    }
}

/// A client of the broker that serves `topic`: the one that was asked, or the one it names.
async fn client_for(channel: &Channel, address: &ServiceAddr, topic: &str) -> ConsumerServiceClient<Channel> {
    let request = TopicLookupRequest { request_id: 0, topic: topic.to_owned() };
    let found = DiscoveryClient::new(channel.clone()).topic_lookup(request).await;
    let elsewhere = found.ok().map(tonic::Response::into_inner).and_then(|found| {
        let url = address.sibling(&found.connect_url).ok()?;
        (found.response_type() != LookupType::Failed && &url != address).then_some(url)
    });
    let channel = elsewhere.and_then(|url| connect_later(&url).ok()).unwrap_or_else(|| channel.clone());
    ConsumerServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

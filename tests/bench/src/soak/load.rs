//! The steady part of a soak: producers of both kinds at a fixed pace, and subscriptions of every
//! type whose consumers acknowledge, give back, go away and come again. Retention bounds the disk.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, ensure};
use bytes::Bytes;
use irongate_proto::{
    danube::{
        AckRequest, ConsumerRequest, DispatchStrategy, NackRequest, ProducerRequest, ReceiveRequest,
        consumer_request::SubscriptionType,
    },
    irongate_v1::{CreateTopicRequest, Retention, SetTopicRetentionRequest},
};
use irongate_tests::{
    Host,
    rpc::{self, Rpc},
};
use tokio::{task::JoinSet, time};

use crate::load::PAYLOAD_BYTES;

/// The topic that is kept, produced to by [`PRODUCERS`] and consumed by all [`SUBSCRIPTIONS`].
pub const RELIABLE: &str = "/default/soak-reliable";

/// The topic that is not.
const LIVE: &str = "/default/soak-live";

/// Producers of each of the two topics.
const PRODUCERS: usize = 4;

/// Each producer sends one message in that time.
const PACE: Duration = Duration::from_millis(20);

/// Keys of the messages.
const KEYS: u64 = 32;

/// What a reliable topic keeps beyond what subscriptions need.
const RETENTION_BYTES_MAX: u64 = 16 << 20;

/// Type and consumers of the reliable topic's subscriptions.
const SUBSCRIPTIONS: [(SubscriptionType, usize); 4] = [
    (SubscriptionType::Exclusive, 1),
    (SubscriptionType::Shared, 3),
    (SubscriptionType::Failover, 2),
    (SubscriptionType::KeyShared, 3),
];

/// Messages after which a consumer goes away and comes again on a new connection.
const STAY_MESSAGES: u64 = 2000;

/// Of so many deliveries one is given back.
const NACK_ONE_IN: u64 = 50;

/// What was done so far, by kind.
#[derive(Debug, Default)]
pub struct Counts {
    /// Messages to the reliable topic.
    pub reliable: AtomicU64,
    /// Messages to the non-reliable one.
    pub live: AtomicU64,
    /// Messages to the schema's topic.
    pub checked: AtomicU64,
    /// Messages that the schema refused.
    pub refused: AtomicU64,
    /// Deliveries of the reliable topic.
    pub delivered: AtomicU64,
    /// Deliveries of the other.
    pub heard: AtomicU64,
    /// Messages given back.
    pub nacked: AtomicU64,
    /// Messages browsed.
    pub browsed: AtomicU64,
    /// Topics made, used and deleted.
    pub topics: AtomicU64,
    /// Schema versions registered and deleted.
    pub versions: AtomicU64,
}

impl Counts {
    fn all(&self) -> [(&'static str, u64); 10] {
        [
            ("reliable messages", &self.reliable),
            ("non-reliable messages", &self.live),
            ("messages under a schema", &self.checked),
            ("refused messages", &self.refused),
            ("reliable deliveries", &self.delivered),
            ("non-reliable deliveries", &self.heard),
            ("messages given back", &self.nacked),
            ("messages browsed", &self.browsed),
            ("topics made and deleted", &self.topics),
            ("schema versions made and deleted", &self.versions),
        ]
        .map(|(name, count)| (name, count.load(Ordering::Relaxed)))
    }

    /// Messages sent and taken.
    pub fn sent(&self) -> u64 {
        [&self.reliable, &self.live, &self.checked].map(|count| count.load(Ordering::Relaxed)).iter().sum()
    }

    /// Messages delivered, all subscriptions together.
    pub fn delivered(&self) -> u64 {
        [&self.delivered, &self.heard].map(|count| count.load(Ordering::Relaxed)).iter().sum()
    }

    /// All of it, for a person.
    pub fn sentence(&self) -> String {
        self.all().map(|(name, count)| format!("{count} {name}")).join(", ")
    }

    /// # Errors
    /// A part of the load did nothing, so that the soak says nothing about it.
    pub fn check(&self) -> anyhow::Result<()> {
        let idle: Vec<&str> = self.all().into_iter().filter(|(_, count)| *count == 0).map(|(name, _)| name).collect();
        ensure!(idle.is_empty(), "nothing was done of: {}", idle.join(", "));
        Ok(())
    }
}

/// One more of these.
pub fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Makes the topics and starts everybody.
pub async fn start(load: &mut JoinSet<anyhow::Result<()>>, host: &Host, counts: &Arc<Counts>) -> anyhow::Result<()> {
    let mut rpc = host.rpc().await;
    create_topic(&mut rpc, LIVE, DispatchStrategy::NonReliable).await?;
    create_topic(&mut rpc, RELIABLE, DispatchStrategy::Reliable).await?;
    bound_disk(&mut rpc, RELIABLE).await?;
    for (kind, consumers) in SUBSCRIPTIONS {
        for number in 0..consumers {
            load.spawn(consume(host.url(), consumer(RELIABLE, kind, number), Arc::clone(counts)));
        }
    }
    load.spawn(consume(host.url(), consumer(LIVE, SubscriptionType::Shared, 0), Arc::clone(counts)));
    for number in 0..PRODUCERS {
        load.spawn(produce(host.url(), RELIABLE, DispatchStrategy::Reliable, number, Arc::clone(counts)));
        load.spawn(produce(host.url(), LIVE, DispatchStrategy::NonReliable, number, Arc::clone(counts)));
    }
    Ok(())
}

/// Makes one topic.
pub async fn create_topic(rpc: &mut Rpc, topic: &str, strategy: DispatchStrategy) -> anyhow::Result<()> {
    let request =
        CreateTopicRequest { topic: topic.to_owned(), dispatch_strategy: strategy.into(), ..Default::default() };
    rpc.topics.create_topic(request).await.with_context(|| format!("creating {topic}"))?;
    Ok(())
}

/// Lets a topic keep no more than [`RETENTION_BYTES_MAX`] that nobody needs.
pub async fn bound_disk(rpc: &mut Rpc, topic: &str) -> anyhow::Result<()> {
    let retention = Retention { bytes_max: RETENTION_BYTES_MAX, ..Default::default() };
    let request = SetTopicRetentionRequest { topic: topic.to_owned(), retention: Some(retention) };
    rpc.topics.set_topic_retention(request).await.context("setting the retention")?;
    Ok(())
}

/// A consumer whose subscription is called like its type.
pub fn consumer(topic: &str, kind: SubscriptionType, number: usize) -> ConsumerRequest {
    ConsumerRequest {
        request_id: 1,
        topic_name: topic.to_owned(),
        consumer_name: format!("soak-{number}"),
        subscription: format!("soak-{kind:?}"),
        subscription_type: kind.into(),
        ..Default::default()
    }
}

async fn produce(
    url: String,
    topic: &'static str,
    strategy: DispatchStrategy,
    number: usize,
    counts: Arc<Counts>,
) -> anyhow::Result<()> {
    let mut rpc = Rpc::connect(&url).await;
    let request = ProducerRequest {
        topic_name: topic.to_owned(),
        producer_name: format!("soak-{number}"),
        dispatch_strategy: strategy.into(),
        ..Default::default()
    };
    let id = rpc.create_producer(request).await.with_context(|| format!("a producer of {topic}"))?;
    let payload = Bytes::from(vec![b'x'; PAYLOAD_BYTES]);
    let mut pace = time::interval(PACE);
    for sent in 0_u64.. {
        pace.tick().await;
        let mut message = rpc::message(topic, id, payload.clone());
        message.routing_key = Some(format!("{number}-{}", sent % KEYS));
        rpc.producer.send_message(message).await.with_context(|| format!("sending to {topic}"))?;
        count(if strategy == DispatchStrategy::Reliable { &counts.reliable } else { &counts.live });
    }
    Ok(())
}

async fn consume(url: String, request: ConsumerRequest, counts: Arc<Counts>) -> anyhow::Result<()> {
    let mut arrived = 0_u64;
    loop {
        let mut rpc = Rpc::connect(&url).await;
        arrived = stay(&mut rpc, request.clone(), arrived, &counts)
            .await
            .with_context(|| format!("consumer {} of {}", request.consumer_name, request.subscription))?;
    }
}

/// Consumes [`STAY_MESSAGES`] and goes away with what it holds then.
async fn stay(rpc: &mut Rpc, request: ConsumerRequest, mut arrived: u64, counts: &Counts) -> anyhow::Result<u64> {
    let is_live = request.topic_name == LIVE;
    let subscription = request.subscription.clone();
    let consumer_id = rpc.consumer.subscribe(request).await.context("subscribing")?.into_inner().consumer_id;
    let receive = ReceiveRequest { request_id: 1, consumer_id };
    let mut stream = rpc.consumer.receive_messages(receive).await.context("receiving")?.into_inner();
    for _ in 0..STAY_MESSAGES {
        let message = stream.message().await?.context("the stream ended by itself")?;
        arrived += 1;
        count(if is_live { &counts.heard } else { &counts.delivered });
        if arrived.is_multiple_of(NACK_ONE_IN) && !is_live {
            let nack = NackRequest {
                request_id: message.request_id,
                msg_id: message.msg_id,
                subscription_name: subscription.clone(),
                delay_ms: Some(100),
                reason: Some("one of many".to_owned()),
            };
            rpc.consumer.nack(nack).await.context("giving back")?;
            count(&counts.nacked);
        } else {
            let (request_id, msg_id) = (message.request_id, message.msg_id);
            let ack = AckRequest { request_id, msg_id, subscription_name: subscription.clone() };
            rpc.consumer.ack(ack).await.context("acknowledging")?;
        }
    }
    Ok(arrived)
}

//! Kill after kill, seen from the consumers: subscriptions of every type work while the host
//! dies without warning, again and again. What the broker acknowledged reaches every
//! subscription, what a consumer acknowledged durably never comes again, and keys keep their order.
//!
//! When is an acknowledgement durable? It is written with the next group commit. So it is once a
//! message is acknowledged that was sent after it, whatever the clock says.
//!
//! `IRONGATE_TORTURE_ROUNDS` (default 6) says how often, `IRONGATE_SEED` repeats a run.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use irongate_proto::{
    danube::{
        AckRequest, ConsumerRequest, DispatchStrategy, NackRequest, ProducerRequest, ReceiveRequest, StreamMessage,
        consumer_request::SubscriptionType,
    },
    irongate_v1::DescribeTopicRequest,
};
use irongate_tests::{
    Host,
    rpc::{self, Rpc},
    seed::Seed,
    surroundings, until,
};
use tokio::task::JoinSet;
use tonic::Status;

const TOPIC: &str = "/default/torture";
const PRODUCERS: u64 = 4;
const KEYS_PER_PRODUCER: u64 = 3;
const LOAD_MAX_MS: u64 = 600;

/// Of so many messages one is given back where the order of the others does not hang on it.
const NACK_ONE_IN: u64 = 16;

/// Type, consumers, and whether messages of one key stay in order.
const SUBSCRIPTIONS: [(SubscriptionType, u64, bool); 4] = [
    (SubscriptionType::Exclusive, 1, true),
    (SubscriptionType::Shared, 3, false),
    (SubscriptionType::Failover, 2, true),
    (SubscriptionType::KeyShared, 3, true),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_subscription_gets_everything_and_nothing_that_it_durably_acknowledged_again() {
    let mut seed = Seed::from_environment();
    let rounds = surroundings::number("IRONGATE_TORTURE_ROUNDS", 6);
    let mut host = Host::start().await;
    create_producer(&mut host.rpc().await, 0).await.unwrap();
    let clock = Arc::<AtomicU64>::default();
    let books: Vec<Arc<Book>> =
        SUBSCRIPTIONS.iter().map(|(kind, _, ordered)| Book::new(*kind, *ordered, &clock)).collect();
    let mut record = Record::default();

    for _ in 0..rounds {
        let consumers = consume(&host, &books, &mut seed).await;
        drained(&host, &books, &record).await;
        load_until_killed(&mut host, &mut record, &clock, &mut seed).await;
        consumers.join_all().await;
        let durable = record.durable;
        books.iter().for_each(|book| book.next_life(durable));
        if seed.below(3) == 0 {
            let moment = Duration::from_millis(seed.below(60));
            host.interrupted_restart(tokio::time::sleep(moment)).await;
        }
        host.restart().await;
    }
    let consumers = consume(&host, &books, &mut seed).await;
    drained(&host, &books, &record).await;
    host.kill().await;
    consumers.join_all().await;

    let repeated: Vec<u64> = books.iter().map(|book| book.lock().repeated).collect();
    println!(
        "{rounds} rounds: {} messages acknowledged, per subscription {repeated:?} came again",
        record.acknowledged.len()
    );
    assert!(record.acknowledged.len() as u64 > rounds * PRODUCERS, "the load was one");
    host.assert_never_panicked();
}

/// A message's key and its number among those with this key.
type Name = (String, u64);

/// What the producers know.
#[derive(Default)]
struct Record {
    acknowledged: HashSet<Name>,
    /// The next number of each key.
    next: HashMap<String, u64>,
    /// The latest moment at which a message was sent that was then acknowledged.
    durable: u64,
}

/// What the consumers of one subscription know.
struct Book {
    kind: SubscriptionType,
    ordered: bool,
    /// Orders what producers and consumers do.
    clock: Arc<AtomicU64>,
    pages: Mutex<Pages>,
}

#[derive(Default)]
struct Pages {
    /// Every message that ever arrived.
    arrived: HashSet<Name>,
    /// Offsets whose acknowledgement was answered in this life, and when.
    answered: HashMap<u64, u64>,
    /// Offsets that may not come again after a restart.
    durable: HashSet<u64>,
    /// The last number of each key in this life.
    last: HashMap<String, u64>,
    repeated: u64,
}

impl Book {
    fn new(kind: SubscriptionType, ordered: bool, clock: &Arc<AtomicU64>) -> Arc<Book> {
        Arc::new(Book { kind, ordered, clock: Arc::clone(clock), pages: Mutex::default() })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Pages> {
        self.pages.lock().unwrap()
    }

    fn subscription(&self) -> String {
        format!("{:?}", self.kind)
    }

    fn arrived(&self, offset: u64, name: &Name) {
        let (key, number) = name;
        let mut pages = self.lock();
        let kind = self.kind;
        assert!(!pages.durable.contains(&offset), "{kind:?}: offset {offset} was durably acknowledged and came again");
        assert!(!pages.answered.contains_key(&offset), "{kind:?}: offset {offset} was acknowledged and came again");
        if !pages.arrived.insert(name.clone()) {
            pages.repeated += 1;
        }
        let last = pages.last.insert(key.clone(), *number).unwrap_or_default();
        assert!(!self.ordered || *number >= last, "{kind:?}: key {key} has {number} after {last}");
    }

    fn answered(&self, offset: u64) {
        let now = self.clock.fetch_add(1, Ordering::SeqCst);
        self.lock().answered.insert(offset, now);
    }

    /// The host is gone; what was answered before `durable` must have outlived it.
    fn next_life(&self, durable: u64) {
        let mut pages = self.lock();
        let answered = std::mem::take(&mut pages.answered);
        pages.durable.extend(answered.into_iter().filter(|(_, at)| *at < durable).map(|(offset, _)| offset));
        pages.last.clear();
    }
}

/// Starts the consumers of every subscription; they end with the host.
async fn consume(host: &Host, books: &[Arc<Book>], seed: &mut Seed) -> JoinSet<()> {
    let mut consumers = JoinSet::new();
    for (book, (kind, count, _)) in books.iter().zip(SUBSCRIPTIONS) {
        for number in 0..count {
            let mut rpc = host.rpc().await;
            let request = ConsumerRequest {
                topic_name: TOPIC.to_owned(),
                consumer_name: format!("consumer-{number}"),
                subscription: book.subscription(),
                subscription_type: kind.into(),
                ..Default::default()
            };
            let consumer_id = rpc.consumer.subscribe(request).await.unwrap().into_inner().consumer_id;
            consumers.spawn(work(rpc, consumer_id, Arc::clone(book), Seed::from(seed.below(u64::MAX))));
        }
    }
    consumers
}

/// Acknowledges message after message until the host is gone.
async fn work(mut rpc: Rpc, consumer_id: u64, book: Arc<Book>, mut seed: Seed) {
    let request = ReceiveRequest { request_id: 0, consumer_id };
    let Ok(answer) = rpc.consumer.receive_messages(request).await else { return };
    let mut stream = answer.into_inner();
    let gives_back = matches!(book.kind, SubscriptionType::Shared | SubscriptionType::KeyShared);
    while let Ok(Some(message)) = stream.message().await {
        let id = message.msg_id.clone().unwrap();
        book.arrived(id.topic_offset, &name_of(&message));
        if gives_back && seed.below(NACK_ONE_IN) == 0 {
            let nack = NackRequest {
                msg_id: Some(id),
                subscription_name: book.subscription(),
                delay_ms: Some(0),
                ..Default::default()
            };
            if rpc.consumer.nack(nack).await.is_err() {
                return;
            }
            continue;
        }
        let offset = id.topic_offset;
        let ack = AckRequest { request_id: 0, msg_id: Some(id), subscription_name: book.subscription() };
        if rpc.consumer.ack(ack).await.is_err() {
            return;
        }
        book.answered(offset);
    }
}

fn name_of(message: &StreamMessage) -> Name {
    let number = String::from_utf8(message.payload.to_vec()).unwrap().parse().unwrap();
    (message.routing_key.clone().unwrap(), number)
}

/// Waits until everything that producers were told is safe has arrived at every subscription, and
/// nothing is left unacknowledged. An acknowledgement whose answer the kill swallowed counts.
async fn drained(host: &Host, books: &[Arc<Book>], record: &Record) {
    let rpc = host.rpc().await;
    until::some("every subscription has everything", async || {
        let request = DescribeTopicRequest { topic: TOPIC.to_owned() };
        let described = rpc.clone().topics.describe_topic(request).await.unwrap().into_inner();
        let is_empty = described.subscriptions.iter().all(|subscription| subscription.backlog_count == 0);
        let has_all = books.iter().all(|book| record.acknowledged.is_subset(&book.lock().arrived));
        (is_empty && has_all && described.subscriptions.len() == books.len()).then_some(())
    })
    .await;
}

async fn load_until_killed(host: &mut Host, record: &mut Record, clock: &Arc<AtomicU64>, seed: &mut Seed) {
    let mut producers = JoinSet::new();
    for producer in 0..PRODUCERS {
        let keys = (0..KEYS_PER_PRODUCER).map(|key| format!("{producer}-{key}"));
        let next = keys.map(|key| (record.next.get(&key).copied().unwrap_or(1), key)).collect();
        let load = Load { next, clock: Arc::clone(clock), seed: Seed::from(seed.below(u64::MAX)) };
        producers.spawn(load.run(host.rpc().await, producer));
    }
    tokio::time::sleep(Duration::from_millis(1 + seed.below(LOAD_MAX_MS))).await;
    host.kill().await;
    for (acknowledged, next, durable) in producers.join_all().await {
        record.acknowledged.extend(acknowledged);
        record.next.extend(next.into_iter().map(|(number, key)| (key, number)));
        record.durable = record.durable.max(durable);
    }
}

struct Load {
    /// The next number of each of its keys.
    next: Vec<(u64, String)>,
    clock: Arc<AtomicU64>,
    seed: Seed,
}

impl Load {
    /// Sends message after message until the host is gone.
    async fn run(mut self, mut rpc: Rpc, producer: u64) -> (Vec<Name>, Vec<(u64, String)>, u64) {
        let (mut acknowledged, mut durable) = (Vec::new(), 0);
        let Ok(id) = create_producer(&mut rpc, producer).await else { return (acknowledged, self.next, durable) };
        loop {
            let (number, key) = &mut self.next[self.seed.below(KEYS_PER_PRODUCER) as usize];
            let name = (key.clone(), *number);
            *number += 1;
            let message =
                StreamMessage { routing_key: Some(name.0.clone()), ..rpc::message(TOPIC, id, name.1.to_string()) };
            let sent = self.clock.fetch_add(1, Ordering::SeqCst);
            if rpc.producer.send_message(message).await.is_err() {
                return (acknowledged, self.next, durable);
            }
            durable = sent;
            acknowledged.push(name);
        }
    }
}

async fn create_producer(rpc: &mut Rpc, producer: u64) -> Result<u64, Status> {
    rpc.create_producer(ProducerRequest {
        topic_name: TOPIC.to_owned(),
        producer_name: format!("producer-{producer}"),
        dispatch_strategy: DispatchStrategy::Reliable.into(),
        ..Default::default()
    })
    .await
}

//! Kill after kill: a host under load dies without warning at a random moment, again
//! and again, on one data directory. Nothing it acknowledged may be missing afterwards.
//!
//! `IRONGATE_CRASH_ROUNDS` (default 20) says how often, `IRONGATE_SEED` repeats a run.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use irongate_proto::{
    danube::{DispatchStrategy, ProducerRequest},
    irongate_v1::{CreateTopicRequest, OutgoingMessage, PublishRequest, publish_result::Outcome},
};
use irongate_tests::{
    Host,
    rpc::{self, Rpc},
    seed::Seed,
    surroundings,
};
use tokio::task::JoinSet;
use tonic::Status;

const PARTITIONS: u64 = 3;
const PRODUCERS: u64 = 8;
const RESTART_MAX: Duration = Duration::from_secs(2);
const LOAD_MAX_MS: u64 = 400;
const PAYLOAD_BYTES_MAX: u64 = 2000;

/// The load moves to a fresh topic after so many rounds. Each round reads the whole
/// topic back, so with one topic for all rounds the reading would grow with their square.
const ROUNDS_PER_TOPIC: u64 = 20;

/// What a producer was told is safe: partition, payload, and the offset if it was told that too.
type Acknowledged = Vec<(String, String, Option<u64>)>;

/// What each partition holds, by offset from 0.
type Held = BTreeMap<String, Vec<String>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_no_order_is_broken() {
    let mut seed = Seed::from_environment();
    let rounds = surroundings::number("IRONGATE_CRASH_ROUNDS", 20);
    let mut host = Host::start().await;
    let mut topics = Vec::new();
    let mut slowest = Duration::ZERO;

    for round in 0..rounds {
        if round.is_multiple_of(ROUNDS_PER_TOPIC) {
            topics.push(Topic::create(&host, topics.len()).await);
        }
        let topic = topics.last_mut().expect("round 0 creates one");
        topic.acknowledged.extend(load_until_killed(&mut host, &topic.name, round, &mut seed).await);
        // Dying while it recovers is a crash like any other.
        if seed.below(3) == 0 {
            let moment = Duration::from_millis(seed.below(60));
            host.interrupted_restart(tokio::time::sleep(moment)).await;
        }
        host.restart().await;
        assert!(host.started_in() < RESTART_MAX, "round {round}: the restart took {:?}", host.started_in());
        slowest = slowest.max(host.started_in());
        topic.check(&host, round).await;
    }
    for topic in &mut topics {
        topic.check(&host, rounds).await;
    }

    let acknowledged: usize = topics.iter().map(|topic| topic.acknowledged.len()).sum();
    let held: usize = topics.iter().flat_map(|topic| topic.held.values()).map(Vec::len).sum();
    println!(
        "{rounds} rounds: {acknowledged} messages acknowledged, {held} held, slowest restart {} ms",
        slowest.as_millis()
    );
    assert!(acknowledged as u64 > rounds * PRODUCERS, "the load was one: {acknowledged} messages");
    host.assert_never_panicked();
}

/// One topic under load, and what is known about it.
struct Topic {
    name: String,
    acknowledged: Acknowledged,
    held: Held,
}

impl Topic {
    async fn create(host: &Host, number: usize) -> Topic {
        let name = format!("/default/crash-{number}");
        let request = CreateTopicRequest {
            topic: name.clone(),
            dispatch_strategy: DispatchStrategy::Reliable.into(),
            partitions: PARTITIONS as u32,
            schema_ref: None,
        };
        host.rpc().await.topics.create_topic(request).await.unwrap();
        Topic { name, acknowledged: Acknowledged::new(), held: Held::new() }
    }

    /// Reads all of it back and compares with what was acknowledged and what was there before.
    async fn check(&mut self, host: &Host, round: u64) {
        let now = held_by(host, &self.name).await;
        assert_no_message_vanished(&self.held, &now, round);
        assert_order(&now, round);
        assert_acknowledged(&self.acknowledged, &now, round);
        self.held = now;
    }
}

async fn load_until_killed(host: &mut Host, topic: &str, round: u64, seed: &mut Seed) -> Acknowledged {
    let mut producers = JoinSet::new();
    for producer in 0..PRODUCERS {
        let rpc = host.rpc().await;
        let seed = Seed::from(seed.below(u64::MAX));
        producers.spawn(produce(rpc, topic.to_owned(), producer, round, seed));
    }
    tokio::time::sleep(Duration::from_millis(1 + seed.below(LOAD_MAX_MS))).await;
    host.kill().await;
    producers.join_all().await.into_iter().flatten().collect()
}

/// Sends one message after the other until the host is gone; half of the producers as
/// Danube's clients do, half through our own service, some of them in batches.
async fn produce(mut rpc: Rpc, parent: String, producer: u64, round: u64, mut seed: Seed) -> Acknowledged {
    let mut acknowledged = Acknowledged::new();
    let partition = producer % PARTITIONS;
    let topic = format!("{parent}-part-{partition}");
    let mut sequence = 0;
    let mut next_payload = |seed: &mut Seed| {
        sequence += 1;
        let padding = "x".repeat(seed.below(PAYLOAD_BYTES_MAX) as usize);
        format!("{producer}:{round}:{sequence}:{padding}")
    };
    if producer.is_multiple_of(2) {
        let Ok(id) = create_producer(&mut rpc, &topic, producer).await else { return acknowledged };
        loop {
            let payload = next_payload(&mut seed);
            if rpc.producer.send_message(rpc::message(&topic, id, payload.clone())).await.is_err() {
                return acknowledged;
            }
            acknowledged.push((topic.clone(), payload, None));
        }
    }
    loop {
        let payloads: Vec<String> = (0..=seed.below(4)).map(|_| next_payload(&mut seed)).collect();
        let Ok(offsets) = publish(&mut rpc, &parent, partition as u32, &payloads).await else { return acknowledged };
        acknowledged
            .extend(payloads.into_iter().zip(offsets).map(|(payload, offset)| (topic.clone(), payload, Some(offset))));
    }
}

async fn create_producer(rpc: &mut Rpc, topic: &str, producer: u64) -> Result<u64, Status> {
    rpc.create_producer(ProducerRequest {
        topic_name: topic.to_owned(),
        producer_name: format!("producer-{producer}"),
        dispatch_strategy: DispatchStrategy::Reliable.into(),
        ..Default::default()
    })
    .await
}

async fn publish(rpc: &mut Rpc, topic: &str, partition: u32, payloads: &[String]) -> Result<Vec<u64>, Status> {
    let messages = payloads.iter().map(|payload| OutgoingMessage {
        payload: payload.clone().into(),
        partition: Some(partition),
        ..Default::default()
    });
    let request = PublishRequest { topic: topic.to_owned(), messages: messages.collect(), ..Default::default() };
    let answer = rpc.publish.publish(request).await?.into_inner();
    let offset = |outcome: Option<Outcome>| match outcome {
        Some(Outcome::Published(published)) => published.offset.expect("a reliable message has an offset"),
        other => panic!("a message was not published: {other:?}"),
    };
    Ok(answer.results.into_iter().map(|result| offset(result.outcome)).collect())
}

async fn held_by(host: &Host, topic: &str) -> Held {
    let mut held = Held::new();
    for browsed in host.rpc().await.browse_all(&[topic]).await.unwrap() {
        let message = browsed.message.expect("a browsed message is one");
        let id = message.msg_id.expect("a stored message has an id");
        let partition = held.entry(id.topic_name).or_default();
        assert_eq!(id.topic_offset, partition.len() as u64, "offsets follow each other without a gap");
        partition.push(String::from_utf8(message.payload.to_vec()).unwrap());
    }
    held
}

/// What was seen after one restart is still the same after the next.
fn assert_no_message_vanished(before: &Held, now: &Held, round: u64) {
    for (partition, old) in before {
        let new = &now[partition];
        assert!(
            new.len() >= old.len() && new[..old.len()] == old[..],
            "round {round}: {partition} lost or changed messages"
        );
    }
}

/// Each producer's messages of a round are there in the order it sent them, none twice.
fn assert_order(held: &Held, round: u64) {
    for (partition, payloads) in held {
        let mut last: HashMap<(&str, &str), u64> = HashMap::new();
        for payload in payloads {
            let mut parts = payload.split(':');
            let producer = (parts.next().unwrap(), parts.next().unwrap());
            let sequence: u64 = parts.next().unwrap().parse().unwrap();
            let previous = last.insert(producer, sequence).unwrap_or(0);
            assert!(
                sequence > previous,
                "round {round}: {partition} has message {sequence} of producer {producer:?} after {previous}"
            );
        }
    }
}

fn assert_acknowledged(acknowledged: &Acknowledged, held: &Held, round: u64) {
    let all: HashSet<(&str, &str)> = held
        .iter()
        .flat_map(|(partition, payloads)| payloads.iter().map(|payload| (partition.as_str(), payload.as_str())))
        .collect();
    for (partition, payload, offset) in acknowledged {
        let name = payload.trim_end_matches('x');
        assert!(
            all.contains(&(partition.as_str(), payload.as_str())),
            "round {round}: {name} was acknowledged and is lost"
        );
        if let Some(offset) = offset {
            assert_eq!(
                &held[partition][*offset as usize], payload,
                "round {round}: {name} is not at its offset {offset}"
            );
        }
    }
}

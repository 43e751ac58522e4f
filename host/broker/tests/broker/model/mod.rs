//! The whole broker under random actions against a model in memory: messages, subscriptions, key
//! filters, acknowledgements that come and that do not, failures, policies, deletion, restarts,
//! crashes and writes that fail.
//!
//! What the model cannot know for sure, it says: after a crash an acknowledgement that nothing
//! durable followed may be forgotten or not.

mod action;
mod drain;
mod expected;
mod expire;

use crate::harness::*;
use action::{Action, action};
use expected::{Done, Entry, Policy, Subscription, Topic};
use irongate_broker::{Broker, BrokerConfig, BrokerError, OpenError};
use irongate_proto::danube::consumer_request::SubscriptionType::{self, KeyShared, Shared};
use irongate_proto::danube::{AckRequest, NackRequest};
use irongate_proto::danube_admin::{
    SetSubscriptionFailurePolicyRequest, SubscriptionFailurePolicy, SubscriptionPoisonPolicy as Poison,
};
use irongate_proto::irongate_v1::{OutgoingMessage, PublishRequest, TruncateTopicRequest, publish_result::Outcome};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio_stream::StreamExt;
use tonic::Code;

const TOPICS: [&str; 2] = ["/default/one", "/production/two"];
const SUBSCRIPTIONS: [(&str, SubscriptionType); 3] = [("shared", Shared), ("keyed", KeyShared), (FILTERED, KeyShared)];
/// Its consumer has one of [`FILTERS`]; the others want every key.
const FILTERED: &str = "filtered";
const KEYS: usize = 3;
/// Key filters, and the keys that they let through.
const FILTERS: [(&[&str], [bool; KEYS]); 3] =
    [(&["0", "1*"], [true, true, false]), (&["1", "2"], [false, true, true]), (&["?"], [true; KEYS])];
const NACK_DELAY: Duration = Duration::from_secs(1000);
/// So long that it is over only when [`Action::Expire`] says so.
const ACK_TIMEOUT_MS: u64 = 80_000_000;

/// How many writes are left before one fails.
type Fault = Arc<AtomicI64>;

struct World {
    host: Option<Host>,
    fault: Fault,
    topics: BTreeMap<usize, Topic>,
    published: u64,
}

fn configure(config: &mut BrokerConfig, fault: &Fault) {
    let fault = Arc::clone(fault);
    config.limits.ack_timeout_ms = ACK_TIMEOUT_MS;
    config.limits.ack_timeout_busy_ms = ACK_TIMEOUT_MS;
    config.commit_hook = Some(Arc::new(move |_| {
        if fault.fetch_sub(1, Ordering::SeqCst) > 0 { Ok(()) } else { Err(std::io::Error::other("the device is gone")) }
    }));
}

/// The clock stands still only here: elsewhere it would leap ahead while a disk is waited for.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

impl World {
    fn new() -> Self {
        let fault = Arc::new(AtomicI64::new(i64::MAX));
        let host = Host::with(|config| configure(config, &fault));
        Self { host: Some(host), fault, topics: BTreeMap::new(), published: 0 }
    }

    fn host(&self) -> &Host {
        self.host.as_ref().unwrap()
    }

    async fn act(&mut self, action: Action) {
        match action {
            Action::Publish { topic, keys } => self.publish(topic, &keys).await,
            Action::Subscribe { topic, subscription, filters } => self.subscribe(topic, subscription, filters).await,
            Action::Receive { topic, subscription } => {
                if let Some(one) = self.subscription(topic, subscription).filter(|one| one.stream.is_none()) {
                    let filters = one.filters;
                    self.subscribe(topic, subscription, filters).await;
                }
                while self.receive(topic, subscription, Duration::from_millis(5)).await {}
            }
            Action::Ack { topic, subscription, which } => self.ack(topic, subscription, which).await,
            Action::Nack { topic, subscription, which, late } => self.nack(topic, subscription, which, late).await,
            Action::Detach { topic, subscription } => {
                if let Some(one) = self.subscription(topic, subscription) {
                    one.lose_stream();
                }
            }
            Action::SetPolicy { topic, subscription, failures, drop } => {
                self.set_policy(topic, subscription, failures, drop).await;
            }
            Action::Pass => pass(NACK_DELAY + Duration::from_secs(1)).await,
            Action::Expire => self.expire().await,
            Action::Truncate { topic, count } => self.truncate(topic, count).await,
            Action::DeleteTopic { topic } => self.delete_topic(topic).await,
            Action::Unsubscribe { topic, subscription } => self.unsubscribe(topic, subscription).await,
            Action::Restart => self.restart().await,
            Action::Crash => self.crash().await,
            Action::FailWrite(count) => self.fault.store(count, Ordering::SeqCst),
        }
    }

    fn subscription(&mut self, topic: usize, subscription: usize) -> Option<&mut Subscription> {
        self.topics.get_mut(&topic)?.subscriptions.get_mut(&subscription)
    }

    /// What a write came to: it is on disk with all before it, or the store refuses and only a
    /// crash helps.
    async fn written<T>(&mut self, outcome: Result<T, BrokerError>) -> Option<T> {
        match outcome {
            Ok(value) => {
                self.subscriptions().for_each(Subscription::sync);
                Some(value)
            }
            Err(error) => {
                assert_eq!(error.code(), Code::Unavailable, "{error}");
                assert!(self.fault.load(Ordering::SeqCst) <= 0, "refused without a fault: {error}");
                assert!(self.host().broker.health().is_err());
                self.crash().await;
                None
            }
        }
    }

    async fn publish(&mut self, topic: usize, keys: &[usize]) {
        let texts: Vec<(String, usize)> = keys
            .iter()
            .map(|key| {
                self.published += 1;
                (self.published.to_string(), *key)
            })
            .collect();
        let outgoing = texts.iter().map(|(text, key)| OutgoingMessage {
            payload: text.clone().into(),
            routing_key: Some(key.to_string()),
            ..OutgoingMessage::default()
        });
        let request = PublishRequest { messages: outgoing.collect(), ..reliable(TOPICS[topic], &[]) };
        let outcome = match self.host().broker.publish(request).await {
            Ok(response) => offsets(response.results.into_iter().map(|result| result.outcome.unwrap()).collect()),
            Err(error) => Err(error),
        };
        // The topic may have come into being before its first message failed.
        if self.host().broker.lookup(TOPICS[topic]).is_ok() {
            self.topics.entry(topic).or_default();
        }
        if let Some(offsets) = self.written(outcome).await {
            let topic = self.topics.get_mut(&topic).unwrap();
            let expected: Vec<u64> = (topic.next..).take(offsets.len()).collect();
            assert_eq!(offsets, expected);
            offsets.into_iter().zip(texts).for_each(|(offset, text)| topic.append(offset, text));
        }
    }

    async fn subscribe(&mut self, topic: usize, subscription: usize, filters: usize) {
        let (name, kind) = SUBSCRIPTIONS[subscription];
        let mut request = consumer_request(TOPICS[topic], name, "c", kind);
        if name == FILTERED {
            request.key_filters = FILTERS[filters].0.iter().map(|filter| (*filter).to_owned()).collect();
        }
        let outcome = self.host().broker.subscribe(request).await;
        let Some(known) = self.topics.get_mut(&topic) else {
            assert_eq!(outcome.unwrap_err().code(), Code::NotFound);
            return;
        };
        if known.subscriptions.contains_key(&subscription) {
            let stream = self.host().receive(outcome.unwrap().consumer_id);
            self.topics.get_mut(&topic).unwrap().joined(subscription, stream, filters);
        } else if let Some(joined) = self.written(outcome).await {
            let stream = self.host().receive(joined.consumer_id);
            let one = Subscription { stream: Some(stream), filters, ..Subscription::default() };
            self.topics.get_mut(&topic).unwrap().subscriptions.insert(subscription, one);
        }
    }

    /// Says whether a message came within that time.
    async fn receive(&mut self, topic: usize, subscription: usize, patience: Duration) -> bool {
        let Some(known) = self.topics.get_mut(&topic) else { return false };
        let Some(one) = known.subscriptions.get_mut(&subscription) else { return false };
        let Some(stream) = &mut one.stream else { return false };
        let Ok(Some(message)) = tokio::time::timeout(patience, stream.next()).await else { return false };
        known.received(subscription, message);
        true
    }

    async fn ack(&mut self, topic: usize, subscription: usize, which: usize) {
        let Some(one) = self.subscription(topic, subscription) else { return };
        let Some((offset, message)) = one.take_held(which) else { return };
        // A store that refuses to write may refuse this, too: then a crash decides.
        let subscription_name = SUBSCRIPTIONS[subscription].0.to_owned();
        let request = AckRequest { request_id: 0, msg_id: message.msg_id, subscription_name };
        let outcome = self.host().broker.ack(request).await;
        let poisoned = self.fault.load(Ordering::SeqCst) <= 0;
        assert!(outcome.is_ok() || poisoned, "{outcome:?}");
        if let Some(entry) = self.subscription(topic, subscription).unwrap().entries.get_mut(&offset) {
            *entry = Entry { done: Done::Yes, durable: false, out: false, ..*entry };
        }
    }

    async fn nack(&mut self, topic: usize, subscription: usize, which: usize, late: bool) {
        let Some(one) = self.subscription(topic, subscription) else { return };
        let Some((offset, message)) = one.take_held(which) else { return };
        let request = NackRequest {
            msg_id: message.msg_id,
            subscription_name: SUBSCRIPTIONS[subscription].0.to_owned(),
            delay_ms: Some(if late { NACK_DELAY.as_millis() as u64 } else { 0 }),
            ..Default::default()
        };
        let outcome = self.host().broker.nack(request).await;
        let poisoned = self.fault.load(Ordering::SeqCst) <= 0;
        assert!(outcome.is_ok() || poisoned, "{outcome:?}");
        self.topics.get_mut(&topic).unwrap().failed(subscription, offset);
    }

    async fn set_policy(&mut self, topic: usize, subscription: usize, failures_max: u32, drop: bool) {
        let poison = if drop { Poison::Drop } else { Poison::Block };
        let request = SetSubscriptionFailurePolicyRequest {
            topic: TOPICS[topic].to_owned(),
            subscription: SUBSCRIPTIONS[subscription].0.to_owned(),
            failure_policy: Some(SubscriptionFailurePolicy {
                ack_timeout_ms: ACK_TIMEOUT_MS,
                ..policy(failures_max, poison)
            }),
        };
        let outcome = self.host().broker.set_failure_policy(request).await;
        if !self.topics.contains_key(&topic) {
            assert_eq!(outcome.unwrap_err().code(), Code::NotFound);
        } else if self.written(outcome).await.is_some() {
            self.topics.get_mut(&topic).unwrap().set_policy(subscription, Policy { failures_max, drop });
        }
    }

    async fn truncate(&mut self, topic: usize, count: u64) {
        let before = self.topics.get(&topic).map(|known| (known.first, (known.first + count).min(known.next)));
        let request = TruncateTopicRequest { topic: TOPICS[topic].to_owned(), before_offset: before.map(|(_, to)| to) };
        let outcome = self.host().broker.truncate_topic(request).await;
        let Some((first, to)) = before else {
            assert_eq!(outcome.unwrap_err().code(), Code::NotFound);
            return;
        };
        if first == to {
            assert_eq!(outcome.unwrap().messages_deleted, 0);
        } else if let Some(answer) = self.written(outcome).await {
            assert_eq!(answer.messages_deleted, to - first);
            self.topics.get_mut(&topic).unwrap().truncate(to);
        }
    }

    async fn delete_topic(&mut self, topic: usize) {
        let outcome = self.host().broker.delete_topic(TOPICS[topic]).await;
        if !self.topics.contains_key(&topic) {
            assert_eq!(outcome.unwrap_err().code(), Code::NotFound);
        } else if self.written(outcome).await.is_some() {
            self.topics.remove(&topic);
        }
    }

    async fn unsubscribe(&mut self, topic: usize, subscription: usize) {
        let outcome = self.host().broker.unsubscribe(TOPICS[topic], SUBSCRIPTIONS[subscription].0).await;
        if self.subscription(topic, subscription).is_none() {
            assert_eq!(outcome.unwrap_err().code(), Code::NotFound);
        } else if self.written(outcome).await.is_some() {
            let topic = self.topics.get_mut(&topic).unwrap();
            topic.subscriptions.remove(&subscription);
            topic.policies.remove(&subscription);
        }
    }

    /// Everything is written before the end, unless a write failed before.
    async fn restart(&mut self) {
        self.subscriptions().for_each(Subscription::lose_stream);
        let Host { broker, dir } = self.host.take().unwrap();
        broker.close().await;
        drop(broker);
        let failed = self.fault.swap(i64::MAX, Ordering::SeqCst) <= 0;
        let mut config = BrokerConfig::new(dir.path());
        configure(&mut config, &self.fault);
        // The tasks of the old one let go of the directory when they come to run.
        let broker = loop {
            match Broker::open(config.clone()) {
                Err(OpenError::Locked { .. }) => tokio::task::yield_now().await,
                opened => break opened.unwrap(),
            }
        };
        self.host = Some(Host { broker, dir });
        for topic in self.topics.values_mut() {
            topic.restarted(failed);
        }
        self.compare().await;
    }

    /// Not one more write reaches the disk.
    async fn crash(&mut self) {
        self.fault.store(0, Ordering::SeqCst);
        self.restart().await;
    }

    fn subscriptions(&mut self) -> impl Iterator<Item = &mut Subscription> {
        self.topics.values_mut().flat_map(|topic| topic.subscriptions.values_mut())
    }
}

/// Offsets where all were published; an error where none was.
fn offsets(outcomes: Vec<Outcome>) -> Result<Vec<u64>, BrokerError> {
    let mut offsets = Vec::new();
    let mut refusals = Vec::new();
    for outcome in outcomes {
        match outcome {
            Outcome::Published(published) => offsets.push(published.offset.unwrap()),
            Outcome::Refused(refused) => refusals.push(refused),
        }
    }
    let Some(refused) = refusals.pop() else { return Ok(offsets) };
    assert!(offsets.is_empty(), "one commit, and yet only some of it: {offsets:?}");
    assert_eq!(refused.code, Code::Unavailable as u32, "{refused:?}");
    Err(BrokerError::Unwritable { reason: refused.message })
}

async fn run(actions: Vec<Action>) {
    let mut world = World::new();
    for topic in 0..TOPICS.len() {
        world.publish(topic, &[0]).await;
        for subscription in 0..SUBSCRIPTIONS.len() {
            world.subscribe(topic, subscription, 0).await;
        }
    }
    for action in actions {
        world.act(action).await;
    }
    world.drain().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 100, ..ProptestConfig::default() })]

    #[test]
    fn the_broker_is_what_the_model_is(actions in prop::collection::vec(action(), 40..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(actions));
    }
}

//! Subscribe, receive, acknowledge: the requests of consumers. Who gets which message is
//! decided in `subscription/`.

use crate::BrokerError;
use crate::inner::Inner;
use crate::metrics::Metrics;
use crate::names::{TopicName, check_name};
use crate::outbox::Outbox;
use crate::policies::settings;
use crate::subscription::dispatcher::Dispatcher;
use crate::subscription::{
    Consumer, Deliveries, JoinBounds, Joined, KeyFilter, Ledger, LedgerLimits, Subscription, key_filters,
};
use crate::topic::Topic;
use irongate_proto::danube::consumer_request::SubscriptionType;
use irongate_proto::danube::health_check_request::ClientType;
use irongate_proto::danube::health_check_response::ClientStatus;
use irongate_proto::danube::{
    AckRequest, AckResponse, ConsumerRequest, ConsumerResponse, HealthCheckRequest, HealthCheckResponse, MsgId,
    NackRequest, NackResponse, ReceiveRequest,
};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// Messages a reliable subscription hands out ahead of its consumer's stream.
const RELIABLE_QUEUE_MESSAGES_MAX: usize = 64;

/// Why a message failed when its consumer does not say.
const NACK_REASON_NONE: &str = "given back by the consumer";

/// All consumers by id.
#[derive(Default)]
pub(crate) struct Consumers {
    by_id: RwLock<HashMap<u64, Arc<Consumer>>>,
}

impl Consumers {
    fn get(&self, consumer_id: u64) -> Result<Arc<Consumer>, BrokerError> {
        let by_id = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
        by_id.get(&consumer_id).cloned().ok_or(BrokerError::ConsumerMissing { consumer_id })
    }

    pub(crate) fn topic(&self, consumer_id: u64) -> Result<String, BrokerError> {
        Ok(self.get(consumer_id)?.topic.name().to_owned())
    }

    pub(crate) fn count(&self) -> usize {
        self.by_id.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn add(&self, consumer: Arc<Consumer>) {
        self.by_id.write().unwrap_or_else(PoisonError::into_inner).insert(consumer.id, consumer);
    }

    pub(crate) fn remove(&self, ids: &[u64]) {
        let mut by_id = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
        ids.iter().for_each(|id| {
            by_id.remove(id);
        });
    }
}

impl Inner {
    pub(crate) async fn subscribe(self: &Arc<Self>, request: ConsumerRequest) -> Result<ConsumerResponse, BrokerError> {
        self.check_open()?;
        let limits = &self.config.limits;
        let name = TopicName::parse(&request.topic_name, limits)?;
        check_name("consumer name", &request.consumer_name, true, limits)?;
        check_name("subscription", &request.subscription, false, limits)?;
        let kind = kind(request.subscription_type)?;
        // As in Danube, the other types take filters and do not look at them.
        let filters = if Subscription::is_keyed(kind) { &*request.key_filters } else { &[] };
        let filters = key_filters(filters, limits)?.into();
        let topic = self.topics.get(name.as_str())?;
        let subscription = match topic.subscription(&request.subscription) {
            Some(subscription) => subscription,
            None => self.create_subscription(&topic, &request.subscription, kind).await?,
        };
        if subscription.kind != kind {
            let reason = format!(
                "the subscription {} on {} is {}, a {} consumer cannot join it",
                subscription.name,
                topic.name(),
                kind_in_words(subscription.kind),
                kind_in_words(kind)
            );
            return Err(BrokerError::SubscribeRefused { reason });
        }
        let consumer = self.join(&topic, &subscription, &request.consumer_name, filters)?;
        Ok(ConsumerResponse {
            request_id: request.request_id,
            consumer_id: consumer.id,
            consumer_name: consumer.name.clone(),
        })
    }

    fn join(
        &self,
        topic: &Arc<Topic>,
        subscription: &Arc<Subscription>,
        name: &str,
        filters: Arc<[KeyFilter]>,
    ) -> Result<Arc<Consumer>, BrokerError> {
        let limits = &self.config.limits;
        let bounds = JoinBounds {
            attach: Duration::from_millis(limits.consumer_attach_ms),
            consumers_max: limits.consumers_per_subscription_max,
        };
        let new = || {
            Arc::new(Consumer {
                id: self.random_id(),
                name: name.to_owned(),
                topic: Arc::clone(topic),
                subscription: Arc::downgrade(subscription),
            })
        };
        // Those whose streams ended long ago make room before a limit is named.
        self.consumers.remove(&subscription.forget_idle(Duration::from_millis(limits.consumer_idle_ms)));
        match subscription.join(name, filters, new, bounds) {
            Joined::New(consumer) => {
                self.consumers.add(Arc::clone(&consumer));
                Ok(consumer)
            }
            Joined::Again(consumer) => Ok(consumer),
            Joined::Taken { by } => Err(BrokerError::SubscribeRefused {
                reason: format!(
                    "the exclusive subscription {} on {} is taken by {by}",
                    subscription.name,
                    topic.name()
                ),
            }),
            Joined::Gone => Err(BrokerError::SubscribeRefused {
                reason: format!("the subscription {} on {} is being deleted", subscription.name, topic.name()),
            }),
            Joined::Full => Err(BrokerError::LimitReached {
                what: format!("the subscription {} has too many consumers", subscription.name),
                limit: limits.consumers_per_subscription_max,
            }),
        }
    }

    /// A new subscription of a reliable topic begins behind the newest message, and is on
    /// disk before it is answered.
    async fn create_subscription(
        self: &Arc<Self>,
        topic: &Arc<Topic>,
        name: &str,
        kind: SubscriptionType,
    ) -> Result<Arc<Subscription>, BrokerError> {
        let (inner, topic, name) = (Arc::clone(self), Arc::clone(topic), name.to_owned());
        let work = tokio::spawn(async move {
            let _changing = inner.changes.lock().await;
            topic.check_alive()?;
            if let Some(subscription) = topic.subscription(&name) {
                return Ok(subscription);
            }
            let limits = &inner.config.limits;
            if topic.subscription_count() >= limits.subscriptions_per_topic_max {
                let what = format!("the topic {} has too many subscriptions", topic.name());
                return Err(BrokerError::LimitReached { what, limit: limits.subscriptions_per_topic_max });
            }
            let next = topic.bounds(&inner.store)?.next_offset;
            let settings = settings(topic.settings(&name).as_ref(), limits)?;
            let new = || Ledger::new(LedgerLimits::from(limits), settings, Subscription::is_keyed(kind), next);
            let ledger = topic.is_reliable().then(new);
            let subscription = Subscription::new(topic.name(), &name, kind, ledger, Duration::ZERO);
            if let Some(document) = subscription.document() {
                inner.commits.write(vec![document]).await?;
            }
            topic.add_subscription(Arc::clone(&subscription));
            Ok(subscription)
        });
        work.await.map_err(|_| BrokerError::Closed)?
    }

    pub(crate) fn receive(self: &Arc<Self>, request: ReceiveRequest) -> Result<Deliveries, BrokerError> {
        self.check_open()?;
        let consumer_id = request.consumer_id;
        let consumer = self.consumers.get(consumer_id)?;
        let missing = || BrokerError::ConsumerMissing { consumer_id };
        let subscription = consumer.subscription.upgrade().ok_or_else(missing)?;
        let limits = &self.config.limits;
        let reliable = consumer.topic.is_reliable();
        let messages_max = if reliable { RELIABLE_QUEUE_MESSAGES_MAX } else { usize::MAX };
        let messages_max = messages_max.min(limits.consumer_queue_messages_max);
        let outbox = Outbox::new(messages_max, limits.consumer_queue_bytes_max);
        let outbox = subscription.attach(consumer_id, outbox).ok_or_else(missing)?;
        subscription.ensure_dispatcher(|| Dispatcher {
            inner: Arc::clone(self),
            topic: Arc::clone(&consumer.topic),
            subscription: Arc::clone(&subscription),
        });
        Ok(Deliveries { consumer_id, subscription, outbox, metrics: Arc::clone(&self.metrics) })
    }

    /// Answered at once: the cursor is written with the next group commit.
    pub(crate) fn ack(&self, request: &AckRequest) -> Result<AckResponse, BrokerError> {
        let (topic, subscription, offset) =
            self.acknowledged("Ack", request.msg_id.as_ref(), &request.subscription_name)?;
        let response = AckResponse { request_id: request.request_id };
        // As in Danube, an offset that does not exist (yet) is accepted and ignored.
        if !topic.is_reliable() || offset >= topic.bounds(&self.store)?.next_offset {
            return Ok(response);
        }
        if !subscription.ack(offset) {
            let reason = format!(
                "offset {offset} of {} is {} or more messages ahead of the first unacknowledged one",
                topic.name(),
                self.config.limits.ack_window_messages_max
            );
            return Err(BrokerError::AckRefused { reason });
        }
        Metrics::add(&self.metrics.messages_acked, 1);
        subscription.stage(&self.store)?;
        Ok(response)
    }

    pub(crate) fn nack(&self, request: &NackRequest) -> Result<NackResponse, BrokerError> {
        let (_, subscription, offset) =
            self.acknowledged("Nack", request.msg_id.as_ref(), &request.subscription_name)?;
        let reason = request.reason.as_deref().filter(|reason| !reason.is_empty()).unwrap_or(NACK_REASON_NONE);
        let reason = cut(reason, self.config.limits.nack_reason_bytes_max).to_owned();
        if subscription.nack(offset, request.delay_ms.map(Duration::from_millis), reason) {
            // How often it failed is kept over a restart.
            subscription.stage(&self.store)?;
        }
        Ok(NackResponse { request_id: request.request_id })
    }

    fn acknowledged(
        &self,
        request: &'static str,
        id: Option<&MsgId>,
        subscription: &str,
    ) -> Result<(Arc<Topic>, Arc<Subscription>, u64), BrokerError> {
        self.check_open()?;
        let id = id.ok_or(BrokerError::MessageIdMissing { request })?;
        let refused = |reason: String| BrokerError::AckRefused { reason };
        let topic = self.topics.find(&id.topic_name);
        let topic = topic.ok_or_else(|| refused(format!("the topic {} does not exist", id.topic_name)))?;
        let found = topic.subscription(subscription);
        let found = found.ok_or_else(|| refused(format!("{} has no subscription {subscription}", topic.name())))?;
        Ok((topic, found, id.topic_offset))
    }

    pub(crate) fn health_check(&self, request: HealthCheckRequest) -> Result<HealthCheckResponse, BrokerError> {
        let client = ClientType::try_from(request.client).map_err(|_| BrokerError::InvalidArgument {
            what: format!("the client type {} is unknown, it must be 0 (producer) or 1 (consumer)", request.client),
        })?;
        let known = match client {
            ClientType::Producer => self.producers.get(request.id).map(|producer| drop(producer.touch())).is_ok(),
            ClientType::Consumer => self.consumers.get(request.id).is_ok(),
        };
        let status = if known && self.check_open().is_ok() { ClientStatus::Ok } else { ClientStatus::Close };
        Ok(HealthCheckResponse { status: status as i32 })
    }
}

fn kind(value: i32) -> Result<SubscriptionType, BrokerError> {
    match SubscriptionType::try_from(value) {
        Ok(kind) => Ok(kind),
        Err(_) => Err(BrokerError::SubscribeRefused {
            reason: format!("the subscription type {value} is unknown, it must be 0, 1, 2 or 3"),
        }),
    }
}

/// The longest beginning of `text` within that many bytes.
fn cut(text: &str, bytes_max: usize) -> &str {
    let end = (0..=bytes_max.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    &text[..end]
}

fn kind_in_words(kind: SubscriptionType) -> &'static str {
    match kind {
        SubscriptionType::Exclusive => "exclusive",
        SubscriptionType::Shared => "shared",
        SubscriptionType::Failover => "failover",
        SubscriptionType::KeyShared => "key-shared",
    }
}

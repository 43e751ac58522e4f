//! Producers: known by id, one for each name on a topic, forgotten when idle and room is
//! needed. They do not survive a restart, as in Danube: a client creates them again.

use crate::BrokerError;
use crate::inner::Inner;
use crate::names::{TopicName, check_name};
use crate::topic::Topic;
use irongate_proto::danube::{
    DispatchStrategy, ProducerAccessMode, ProducerRequest, ProducerResponse, SchemaReference,
};
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::Instant;

pub(crate) struct Producer {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) topic: Arc<Topic>,
    state: Mutex<State>,
}

struct State {
    reference: Option<Arc<SchemaReference>>,
    /// It wants the topic for itself.
    exclusive: bool,
    seen: Instant,
}

impl Producer {
    /// Notes a sign of life and returns the schema reference.
    pub(crate) fn touch(&self) -> Option<Arc<SchemaReference>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.seen = Instant::now();
        state.reference.clone()
    }

    fn renew(&self, reference: Option<Arc<SchemaReference>>, exclusive: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State { reference, exclusive, seen: Instant::now() };
    }

    /// Whether it keeps others out, or would be kept out itself.
    fn is_exclusive(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).exclusive
    }

    fn is_idle(&self, idle: Duration) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).seen.elapsed() > idle
    }
}

/// All producers by id.
#[derive(Default)]
pub(crate) struct Producers {
    by_id: RwLock<HashMap<u64, Arc<Producer>>>,
}

impl Producers {
    pub(crate) fn get(&self, producer_id: u64) -> Result<Arc<Producer>, BrokerError> {
        let by_id = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
        by_id.get(&producer_id).cloned().ok_or(BrokerError::ProducerMissing { producer_id })
    }

    pub(crate) fn count(&self) -> usize {
        self.by_id.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn add(&self, producer: Arc<Producer>) {
        self.by_id.write().unwrap_or_else(PoisonError::into_inner).insert(producer.id, producer);
    }

    /// The producers of a topic that is gone.
    pub(crate) fn forget_all(&self, topic: &Topic) {
        let forgotten = std::mem::take(&mut *topic.producers.lock().unwrap_or_else(PoisonError::into_inner));
        self.remove(&forgotten.values().map(|producer| producer.id).collect::<Vec<_>>());
    }

    fn remove(&self, ids: &[u64]) {
        let mut by_id = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
        by_id.retain(|id, _| !ids.contains(id));
    }
}

impl Inner {
    /// A producer that wants its topic for itself gets it, unless another one is there; it
    /// loses it when it is silent for a while, because no call closes a producer.
    pub(crate) async fn create_producer(
        self: &Arc<Self>,
        request: ProducerRequest,
    ) -> Result<ProducerResponse, BrokerError> {
        let limits = &self.config.limits;
        let name = TopicName::parse(&request.topic_name, limits)?;
        check_name("producer name", &request.producer_name, true, limits)?;
        let strategy = strategy(request.dispatch_strategy)?;
        let exclusive = access_mode(request.producer_access_mode)? == ProducerAccessMode::Exclusive;
        let reference = named_reference(request.schema_ref);
        let topic = self.topic_for_producer(&name, Some(strategy), reference.as_ref()).await?;
        let producer = self.register_producer(&topic, &request.producer_name, reference, exclusive)?;
        Ok(ProducerResponse {
            request_id: request.request_id,
            producer_id: producer.id,
            producer_name: producer.name.clone(),
        })
    }

    fn register_producer(
        &self,
        topic: &Arc<Topic>,
        name: &str,
        reference: Option<SchemaReference>,
        exclusive: bool,
    ) -> Result<Arc<Producer>, BrokerError> {
        let reference = reference.map(Arc::new);
        let mut producers = topic.producers.lock().unwrap_or_else(PoisonError::into_inner);
        let silent = Duration::from_millis(self.config.limits.exclusive_producer_idle_ms);
        let mut others = producers.values().filter(|one| one.name != name && !one.is_idle(silent));
        if let Some(holder) = others.find(|one| exclusive || one.is_exclusive()) {
            return Err(BrokerError::ProducerRefused { reason: kept_out(topic, &holder.name, holder.is_exclusive()) });
        }
        if exclusive {
            topic.exclusive.store(true, Ordering::Release);
        }
        if let Some(producer) = producers.get(name) {
            producer.renew(reference, exclusive);
            return Ok(Arc::clone(producer));
        }
        let limits = &self.config.limits;
        if producers.len() >= limits.producers_per_topic_max {
            let idle = Duration::from_millis(limits.producer_idle_ms);
            let forgotten = producers.extract_if(|_, producer| producer.is_idle(idle));
            let forgotten: Vec<u64> = forgotten.map(|(_, producer)| producer.id).collect();
            self.producers.remove(&forgotten);
            if forgotten.is_empty() {
                let what = format!("the topic {} has too many producers", topic.name());
                return Err(BrokerError::LimitReached { what, limit: limits.producers_per_topic_max });
            }
        }
        let state = Mutex::new(State { reference, exclusive, seen: Instant::now() });
        let producer =
            Arc::new(Producer { id: self.random_id(), name: name.to_owned(), topic: Arc::clone(topic), state });
        producers.insert(name.to_owned(), Arc::clone(&producer));
        self.producers.add(Arc::clone(&producer));
        Ok(producer)
    }
}

impl Inner {
    /// Whether somebody of that name may write to the topic now.
    pub(crate) fn check_producer(&self, topic: &Topic, name: &str) -> Result<(), BrokerError> {
        // Most topics never had an exclusive producer.
        if !topic.exclusive.load(Ordering::Acquire) {
            return Ok(());
        }
        let silent = Duration::from_millis(self.config.limits.exclusive_producer_idle_ms);
        let producers = topic.producers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut holders = producers.values().filter(|one| one.is_exclusive() && !one.is_idle(silent));
        match holders.find(|holder| holder.name != name) {
            Some(holder) => Err(BrokerError::PublishRefused { reason: kept_out(topic, &holder.name, true) }),
            None => Ok(()),
        }
    }
}

fn kept_out(topic: &Topic, holder: &str, exclusive: bool) -> String {
    let topic = topic.name();
    if exclusive {
        return format!("the topic {topic} belongs to the exclusive producer {holder}");
    }
    format!("the topic {topic} cannot have an exclusive producer while {holder} writes to it")
}

fn access_mode(value: i32) -> Result<ProducerAccessMode, BrokerError> {
    ProducerAccessMode::try_from(value).map_err(|_| BrokerError::InvalidArgument {
        what: format!("the producer access mode {value} is unknown, it must be 0 (shared) or 1 (exclusive)"),
    })
}

pub(crate) fn strategy(value: i32) -> Result<DispatchStrategy, BrokerError> {
    DispatchStrategy::try_from(value).map_err(|_| BrokerError::InvalidArgument {
        what: format!("the dispatch strategy {value} is unknown, it must be 0 (non-reliable) or 1 (reliable)"),
    })
}

/// A reference without a subject counts as none.
pub(crate) fn named_reference(reference: Option<SchemaReference>) -> Option<SchemaReference> {
    reference.filter(|reference| !reference.subject.is_empty())
}

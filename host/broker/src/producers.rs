//! Producers: known by id, one for each name on a topic, forgotten when idle and room is
//! needed. They do not survive a restart, as in Danube: a client creates them again.

use crate::BrokerError;
use crate::inner::Inner;
use crate::names::{TopicName, check_name};
use crate::topic::Topic;
use irongate_proto::danube::{DispatchStrategy, ProducerRequest, ProducerResponse, SchemaReference};
use std::collections::HashMap;
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
    seen: Instant,
}

impl Producer {
    /// Notes a sign of life and returns the schema reference.
    pub(crate) fn touch(&self) -> Option<Arc<SchemaReference>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.seen = Instant::now();
        state.reference.clone()
    }

    fn renew(&self, reference: Option<Arc<SchemaReference>>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State { reference, seen: Instant::now() };
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
    /// Access modes are accepted and, as in Danube, not enforced: there is no call that
    /// closes a producer, so an exclusive one would lock its successor out.
    pub(crate) async fn create_producer(
        self: &Arc<Self>,
        request: ProducerRequest,
    ) -> Result<ProducerResponse, BrokerError> {
        let limits = &self.config.limits;
        let name = TopicName::parse(&request.topic_name, limits)?;
        check_name("producer name", &request.producer_name, true, limits)?;
        let strategy = strategy(request.dispatch_strategy)?;
        let reference = named_reference(request.schema_ref);
        let topic = self.topic_for_producer(&name, Some(strategy), reference.as_ref()).await?;
        let producer = self.register_producer(&topic, &request.producer_name, reference)?;
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
    ) -> Result<Arc<Producer>, BrokerError> {
        let reference = reference.map(Arc::new);
        let mut producers = topic.producers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(producer) = producers.get(name) {
            producer.renew(reference);
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
        let state = Mutex::new(State { reference, seen: Instant::now() });
        let producer =
            Arc::new(Producer { id: self.random_id(), name: name.to_owned(), topic: Arc::clone(topic), state });
        producers.insert(name.to_owned(), Arc::clone(&producer));
        self.producers.add(Arc::clone(&producer));
        Ok(producer)
    }
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

//! The directory of namespaces and topics: finding them, and creating them on first use.
//! Everything in it is on disk before it is visible.

use crate::BrokerError;
use crate::binding::Binding;
use crate::config::Limits;
use crate::documents::{self, CountersDocument, SettingsDocument, SubscriptionDocument, TopicDocument};
use crate::inner::Inner;
use crate::names::{TopicName, partition_name, partition_prefix, split_partition};
use crate::policies::settings;
use crate::recent::RecentBudget;
use crate::subscription::{Ledger, LedgerLimits, Subscription};
use crate::topic::Topic;
use irongate_proto::danube::consumer_request::SubscriptionType;
use irongate_proto::danube::{DispatchStrategy, SchemaReference};
use irongate_store::{DocumentWrite, Store};
use prost::Message;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Notify;

const KEY_MALFORMED: &str = "a subscription's key is malformed";

/// There from the beginning, as in Danube.
const NAMESPACE_DEFAULT: &str = "default";

#[derive(Default)]
struct State {
    namespaces: BTreeSet<String>,
    topics: BTreeMap<String, Arc<Topic>>,
    counters: CountersDocument,
}

pub(crate) struct Topics {
    state: RwLock<State>,
    /// Readers that follow a name wait here for topics that appear.
    pub(crate) created: Arc<Notify>,
}

impl Topics {
    pub(crate) fn load(store: &Store, limits: &Limits, recent: &Arc<RecentBudget>) -> Result<Self, String> {
        let mut state = State::default();
        state.namespaces.insert(NAMESPACE_DEFAULT.to_owned());
        if let Some(bytes) = store.document(documents::COUNTERS).map_err(|error| error.to_string())? {
            state.counters = decode("counters", bytes)?;
        }
        for document in store.documents(documents::NAMESPACES) {
            let (key, _) = document.map_err(|error| error.to_string())?;
            state.namespaces.extend(documents::name_in(documents::NAMESPACES, &key).map(str::to_owned));
        }
        for document in store.documents(documents::TOPICS) {
            let (key, value) = document.map_err(|error| error.to_string())?;
            let name = documents::name_in(documents::TOPICS, &key).ok_or("a topic's name is not text")?;
            // Limits may have become tighter since; a topic that exists stays.
            let parsed = TopicName::parse(name, &Limits { topic_name_bytes_max: usize::MAX, ..limits.clone() });
            let parsed = parsed.map_err(|error| error.to_string())?;
            let document: TopicDocument = decode(name, value)?;
            state.topics.insert(name.to_owned(), Topic::new(parsed, &document, recent));
        }
        for document in store.documents(documents::SETTINGS) {
            let (key, value) = document.map_err(|error| error.to_string())?;
            let (topic, name) = documents::subscription_in(documents::SETTINGS, &key).ok_or(KEY_MALFORMED)?;
            let document: SettingsDocument = decode(name, value)?;
            if let Some(topic) = state.topics.get(topic) {
                topic.set_settings(name, Some(document));
            }
        }
        for document in store.documents(documents::SUBSCRIPTIONS) {
            let (key, value) = document.map_err(|error| error.to_string())?;
            let (topic, name) = documents::subscription_in(documents::SUBSCRIPTIONS, &key).ok_or(KEY_MALFORMED)?;
            let document: SubscriptionDocument = decode(name, value)?;
            let Some(topic) = state.topics.get(topic) else { continue };
            let kind = SubscriptionType::try_from(document.kind).map_err(|error| error.to_string())?;
            let settings = settings(topic.settings(name).as_ref(), limits).map_err(|error| error.to_string())?;
            let keyed = Subscription::is_keyed(kind);
            let ledger = Ledger::restore(LedgerLimits::from(limits), settings, keyed, &document);
            let grace = Duration::from_millis(limits.consumer_idle_ms);
            topic.add_subscription(Subscription::new(topic.name(), name, kind, Some(ledger), grace));
        }
        Ok(Self { state: RwLock::new(state), created: Arc::default() })
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<Topic>> {
        self.read().topics.get(name).cloned()
    }

    pub(crate) fn get(&self, name: &str) -> Result<Arc<Topic>, BrokerError> {
        self.find(name).ok_or_else(|| BrokerError::TopicMissing { topic: name.to_owned() })
    }

    /// The partitions of a base name, in order.
    pub(crate) fn partitions(&self, base: &str) -> Vec<Arc<Topic>> {
        let prefix = partition_prefix(base);
        let state = self.read();
        let candidates = state.topics.range(prefix.clone()..).take_while(|(name, _)| name.starts_with(&prefix));
        let mut found: Vec<(u32, Arc<Topic>)> = candidates
            .filter_map(|(name, topic)| {
                let (of, index) = split_partition(name)?;
                (of == base).then(|| (index, Arc::clone(topic)))
            })
            .collect();
        found.sort_unstable_by_key(|(index, _)| *index);
        found.into_iter().map(|(_, topic)| topic).collect()
    }

    /// The topic of that name, or all partitions of that base name, or nothing.
    pub(crate) fn expand(&self, name: &str) -> Vec<Arc<Topic>> {
        match self.find(name) {
            Some(topic) => vec![topic],
            None => self.partitions(name),
        }
    }

    pub(crate) fn all(&self) -> Vec<Arc<Topic>> {
        self.read().topics.values().cloned().collect()
    }

    pub(crate) fn remove(&self, name: &str) {
        self.write().topics.remove(name);
    }

    pub(crate) fn remove_namespace(&self, namespace: &str) {
        self.write().namespaces.remove(namespace);
    }

    pub(crate) fn count(&self) -> usize {
        self.read().topics.len()
    }

    pub(crate) fn namespaces(&self) -> Vec<String> {
        self.read().namespaces.iter().cloned().collect()
    }

    pub(crate) fn has_namespace(&self, namespace: &str) -> bool {
        self.read().namespaces.contains(namespace)
    }

    fn check_clash(&self, name: &TopicName) -> Result<(), BrokerError> {
        if let Some((base, _)) = name.partition()
            && self.find(base).is_some()
        {
            let what =
                format!("{} cannot be a partition: the topic {base} exists and is not partitioned", name.as_str());
            return Err(BrokerError::TopicClash { what });
        }
        let partitions = self.partitions(name.as_str()).len();
        if partitions > 0 {
            let what = format!(
                "the topic {} exists with {partitions} partitions; use one of them, or a producer with partitions",
                name.as_str()
            );
            return Err(BrokerError::TopicClash { what });
        }
        Ok(())
    }
}

/// Whether a namespace cannot be deleted.
pub(crate) fn is_permanent(namespace: &str) -> bool {
    namespace == NAMESPACE_DEFAULT
}

fn decode<T: Message + Default>(what: &str, bytes: bytes::Bytes) -> Result<T, String> {
    T::decode(bytes).map_err(|error| format!("the document of {what} does not decode: {error}"))
}

/// A topic that is to be created.
pub(crate) struct NewTopics {
    pub(crate) names: Vec<TopicName>,
    pub(crate) strategy: DispatchStrategy,
    pub(crate) reference: Option<SchemaReference>,
}

impl Inner {
    /// The topic a producer names, created when it may be; checked against strategy and
    /// subject, and bound when it was not.
    pub(crate) async fn topic_for_producer(
        self: &Arc<Self>,
        name: &TopicName,
        strategy: Option<DispatchStrategy>,
        reference: Option<&SchemaReference>,
    ) -> Result<Arc<Topic>, BrokerError> {
        self.check_open()?;
        let Some(topic) = self.topics.find(name.as_str()) else {
            self.check_creation(name)?;
            let strategy = strategy.unwrap_or(DispatchStrategy::NonReliable);
            let new = NewTopics { names: vec![name.clone()], strategy, reference: reference.cloned() };
            self.create_topics(new, true).await?;
            let topic = self.topics.get(name.as_str())?;
            // Another producer may have been first.
            check_strategy(&topic, Some(strategy))?;
            self.bind_by_producer(&topic, reference).await?;
            return Ok(topic);
        };
        check_strategy(&topic, strategy)?;
        self.bind_by_producer(&topic, reference).await?;
        Ok(topic)
    }

    /// Whether first use may create this topic.
    pub(crate) fn check_creation(&self, name: &TopicName) -> Result<(), BrokerError> {
        if self.config.auto_create_topics {
            return Ok(());
        }
        if !self.topics.has_namespace(name.namespace()) {
            return Err(BrokerError::NamespaceMissing { namespace: name.namespace().to_owned() });
        }
        Err(BrokerError::TopicMissing { topic: name.as_str().to_owned() })
    }

    /// Creates topics and their namespaces in one commit. Those that exist are left as they
    /// are when `existing` allows it, else refused.
    pub(crate) async fn create_topics(self: &Arc<Self>, new: NewTopics, existing: bool) -> Result<(), BrokerError> {
        let inner = Arc::clone(self);
        // A caller that goes away must not leave memory and disk apart: the work is detached.
        let work = tokio::spawn(async move { inner.create_topics_now(new, existing).await });
        work.await.map_err(|_| BrokerError::Closed)?
    }

    async fn create_topics_now(&self, new: NewTopics, existing: bool) -> Result<(), BrokerError> {
        let _changing = self.changes.lock().await;
        self.check_open()?;
        let binding = new.reference.as_ref().map(|reference| self.registry.check_reference(reference)).transpose()?;
        let binding = binding.map(|()| Binding::by_producer(&new.reference.unwrap_or_default().subject));
        let mut counters = self.topics.read().counters;
        let mut writes = Vec::new();
        let mut topics = Vec::new();
        let mut namespaces = BTreeSet::new();
        for name in new.names {
            if self.topics.find(name.as_str()).is_some() {
                if existing {
                    continue;
                }
                return Err(BrokerError::TopicClash { what: format!("the topic {} exists already", name.as_str()) });
            }
            self.topics.check_clash(&name)?;
            let document = TopicDocument {
                log: counters.next_log,
                reliable: new.strategy == DispatchStrategy::Reliable,
                created_at_ms: clock_ms(),
                binding: binding.as_ref().map(Binding::document),
                retention: None,
                transforms: Vec::new(),
            };
            counters.next_log += 1;
            writes.push(documents::set(documents::key(documents::TOPICS, name.as_str()), &document));
            if !self.topics.has_namespace(name.namespace()) {
                namespaces.insert(name.namespace().to_owned());
            }
            topics.push(Topic::new(name, &document, &self.recent));
        }
        let limit = self.config.limits.topics_max;
        if self.topics.count() + topics.len() > limit {
            return Err(BrokerError::LimitReached { what: "there are too many topics".to_owned(), limit });
        }
        if topics.is_empty() {
            return Ok(());
        }
        writes.extend(namespaces.iter().map(|namespace| namespace_write(namespace)));
        writes.push(documents::set(documents::COUNTERS.to_vec(), &self.counters_with_log(counters.next_log)));
        self.commits.write(writes).await?;
        let mut state = self.topics.write();
        state.counters.next_log = counters.next_log;
        state.namespaces.extend(namespaces);
        state.topics.extend(topics.into_iter().map(|topic| (topic.name().to_owned(), topic)));
        drop(state);
        self.topics.created.notify_waiters();
        Ok(())
    }

    fn counters_with_log(&self, next_log: u64) -> CountersDocument {
        CountersDocument { next_log, ..self.topics.read().counters }
    }

    /// Hands out the next schema id; the caller writes the document, then calls the second.
    pub(crate) fn next_schema_id(&self) -> (u64, CountersDocument) {
        let counters = self.topics.read().counters;
        let id = counters.next_schema_id.max(1);
        (id, CountersDocument { next_schema_id: id + 1, ..counters })
    }

    pub(crate) fn schema_id_used(&self, counters: CountersDocument) {
        self.topics.write().counters.next_schema_id = counters.next_schema_id;
    }

    pub(crate) async fn create_namespace(self: &Arc<Self>, namespace: &str) -> Result<(), BrokerError> {
        crate::names::check_namespace(namespace, &self.config.limits)?;
        let (inner, namespace) = (Arc::clone(self), namespace.to_owned());
        let work = tokio::spawn(async move {
            let _changing = inner.changes.lock().await;
            inner.check_open()?;
            if inner.topics.has_namespace(&namespace) {
                return Ok(());
            }
            inner.commits.write(vec![namespace_write(&namespace)]).await?;
            inner.topics.write().namespaces.insert(namespace);
            Ok(())
        });
        work.await.map_err(|_| BrokerError::Closed)?
    }

    /// Names of `count` partitions, or the name itself for 0.
    pub(crate) fn partition_names(&self, name: &TopicName, count: u32) -> Result<Vec<TopicName>, BrokerError> {
        let limits = &self.config.limits;
        if count == 0 {
            return Ok(vec![name.clone()]);
        }
        if count > limits.partitions_max {
            let what = format!("{count} partitions for {}", name.as_str());
            return Err(BrokerError::LimitReached { what, limit: limits.partitions_max as usize });
        }
        (0..count).map(|index| TopicName::parse(&partition_name(name.as_str(), index), limits)).collect()
    }
}

fn namespace_write(namespace: &str) -> DocumentWrite {
    DocumentWrite { key: documents::key(documents::NAMESPACES, namespace), value: Some(Vec::new()) }
}

pub(crate) fn check_strategy(topic: &Topic, strategy: Option<DispatchStrategy>) -> Result<(), BrokerError> {
    let words = |reliable| if reliable { "reliable" } else { "non-reliable" };
    match strategy {
        Some(strategy) if (strategy == DispatchStrategy::Reliable) != topic.is_reliable() => {
            Err(BrokerError::StrategyMismatch {
                topic: topic.name().to_owned(),
                existing: words(topic.is_reliable()),
                requested: words(!topic.is_reliable()),
            })
        }
        _ => Ok(()),
    }
}

/// Milliseconds since the epoch.
pub(crate) fn clock_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

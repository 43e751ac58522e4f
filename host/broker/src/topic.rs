//! One topic: its log or none, its binding, its subscriptions and those who watch it.
//! A partition is a topic. It neither creates nor persists itself.

use crate::BrokerError;
use crate::binding::Binding;
use crate::commits::store_error;
use crate::documents::TopicDocument;
use crate::metrics::Metrics;
use crate::names::TopicName;
use crate::outbox::Outbox;
use crate::producers::Producer;
use crate::recent::{Recent, RecentBudget};
use crate::subscription::{Offered, Subscription};
use irongate_proto::danube::StreamMessage;
use irongate_store::{Appended, LogBounds, Record, Store};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tokio::sync::Notify;

pub(crate) struct Topic {
    name: TopicName,
    log: u64,
    reliable: bool,
    created_at_ms: u64,
    binding: RwLock<Option<Arc<Binding>>>,
    pub(crate) producers: Mutex<HashMap<String, Arc<Producer>>>,
    subscriptions: RwLock<BTreeMap<String, Arc<Subscription>>>,
    recent: Mutex<Recent>,
    /// Woken after each group commit with messages of this topic.
    watchers: Mutex<Vec<Arc<Notify>>>,
    /// Live readers of a non-reliable topic.
    taps: RwLock<Vec<Arc<Tap>>>,
    /// For messages without key or partition; used on the first partition only.
    pub(crate) round_robin: AtomicU64,
}

/// A live reader of non-reliable topics.
pub(crate) struct Tap {
    pub(crate) outbox: Outbox,
    pub(crate) notify: Arc<Notify>,
}

impl Topic {
    pub(crate) fn new(name: TopicName, document: &TopicDocument, budget: &Arc<RecentBudget>) -> Arc<Self> {
        Arc::new(Self {
            name,
            log: document.log,
            reliable: document.reliable,
            created_at_ms: document.created_at_ms,
            binding: RwLock::new(document.binding.as_ref().map(|binding| Arc::new(Binding::restore(binding)))),
            producers: Mutex::default(),
            subscriptions: RwLock::default(),
            recent: Mutex::new(Recent::new(Arc::clone(budget))),
            watchers: Mutex::default(),
            taps: RwLock::default(),
            round_robin: AtomicU64::new(0),
        })
    }

    pub(crate) fn document(&self, binding: Option<&Binding>) -> TopicDocument {
        TopicDocument {
            log: self.log,
            reliable: self.reliable,
            created_at_ms: self.created_at_ms,
            binding: binding.map(Binding::document),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.name.as_str()
    }

    pub(crate) fn full_name(&self) -> &TopicName {
        &self.name
    }

    pub(crate) fn is_reliable(&self) -> bool {
        self.reliable
    }

    pub(crate) fn log(&self) -> u64 {
        self.log
    }

    pub(crate) fn binding(&self) -> Option<Arc<Binding>> {
        self.binding.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_binding(&self, binding: Option<Arc<Binding>>) {
        *self.binding.write().unwrap_or_else(PoisonError::into_inner) = binding;
    }

    pub(crate) fn subscription(&self, name: &str) -> Option<Arc<Subscription>> {
        self.subscriptions.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub(crate) fn subscriptions(&self) -> Vec<Arc<Subscription>> {
        self.subscriptions.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    pub(crate) fn subscription_count(&self) -> usize {
        self.subscriptions.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub(crate) fn add_subscription(&self, subscription: Arc<Subscription>) {
        let mut subscriptions = self.subscriptions.write().unwrap_or_else(PoisonError::into_inner);
        subscriptions.insert(subscription.name.clone(), subscription);
    }

    /// Forgets subscriptions for which `forget` holds, and says how many went.
    pub(crate) fn forget_subscriptions(&self, forget: impl Fn(&Subscription) -> bool) -> usize {
        let mut subscriptions = self.subscriptions.write().unwrap_or_else(PoisonError::into_inner);
        let before = subscriptions.len();
        subscriptions.retain(|_, subscription| !forget(subscription));
        before - subscriptions.len()
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watchers(&self) -> MutexGuard<'_, Vec<Arc<Notify>>> {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes `notify` after each commit, until the guard is dropped.
    pub(crate) fn watch(self: &Arc<Self>, notify: Arc<Notify>) -> Watch {
        self.watchers().push(Arc::clone(&notify));
        Watch { topic: Arc::clone(self), notify }
    }

    /// Called on the committer's thread, in the order of offsets.
    pub(crate) fn appended(&self, record: &Appended) {
        let watchers = self.watchers();
        let mut recent = self.recent();
        // Without live readers nothing is kept; the first one begins with the store.
        if watchers.is_empty() {
            recent.clear();
        } else {
            recent.push(record);
        }
    }

    /// Called after the last record of a commit.
    pub(crate) fn wake_watchers(&self) {
        self.watchers().iter().for_each(|watcher| watcher.notify_one());
    }

    pub(crate) fn bounds(&self, store: &Store) -> Result<LogBounds, BrokerError> {
        if !self.reliable {
            return Ok(LogBounds::default());
        }
        store.bounds(self.log).map_err(store_error)
    }

    /// As `Store::read`, off the async threads when the disk has to be asked.
    pub(crate) async fn read(
        &self,
        store: &Arc<Store>,
        from_offset: u64,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Record>, BrokerError> {
        if from_offset >= self.bounds(store)?.next_offset {
            return Ok(Vec::new());
        }
        if let Some(records) = self.recent().read(from_offset, records_max, bytes_max) {
            return Ok(records);
        }
        let (store, log) = (Arc::clone(store), self.log);
        let read = tokio::task::spawn_blocking(move || store.read(log, from_offset, records_max, bytes_max));
        read.await.map_err(|_| BrokerError::Closed)?.map_err(store_error)
    }

    /// Hands a non-reliable message to every subscription and live reader.
    pub(crate) fn dispatch(&self, message: &StreamMessage, bytes: usize, metrics: &Metrics) {
        for subscription in self.subscriptions.read().unwrap_or_else(PoisonError::into_inner).values() {
            if subscription.offer(message, bytes) == Offered::Dropped {
                Metrics::add(&metrics.messages_dropped, 1);
            }
        }
        for tap in self.taps.read().unwrap_or_else(PoisonError::into_inner).iter() {
            tap.outbox.push(message.clone(), bytes);
            tap.notify.notify_one();
        }
    }

    pub(crate) fn tap(self: &Arc<Self>, tap: &Arc<Tap>) -> TapGuard {
        self.taps.write().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(tap));
        TapGuard { topic: Arc::clone(self), tap: Arc::clone(tap) }
    }
}

/// Ends a watch when dropped.
pub(crate) struct Watch {
    topic: Arc<Topic>,
    notify: Arc<Notify>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watchers = self.topic.watchers();
        if let Some(index) = watchers.iter().position(|watcher| Arc::ptr_eq(watcher, &self.notify)) {
            watchers.swap_remove(index);
        }
        if watchers.is_empty() {
            self.topic.recent().clear();
        }
    }
}

/// Ends a tap when dropped.
pub(crate) struct TapGuard {
    topic: Arc<Topic>,
    tap: Arc<Tap>,
}

impl Drop for TapGuard {
    fn drop(&mut self) {
        let mut taps = self.topic.taps.write().unwrap_or_else(PoisonError::into_inner);
        taps.retain(|tap| !Arc::ptr_eq(tap, &self.tap));
    }
}

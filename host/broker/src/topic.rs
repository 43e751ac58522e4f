//! One topic: its log or none, its binding, its subscriptions and those who watch it.
//! A partition is a topic. It neither creates nor persists itself.

use crate::BrokerError;
use crate::binding::Binding;
use crate::commits::store_error;
use crate::documents::{SettingsDocument, TopicDocument};
use crate::metrics::Metrics;
use crate::names::TopicName;
use crate::outbox::Outbox;
use crate::producers::Producer;
use crate::publish::TopicTransforms;
use crate::recent::{Recent, RecentBudget};
use crate::retention::Measured;
use crate::subscription::{Offered, Subscription};
use irongate_proto::danube::StreamMessage;
use irongate_proto::irongate_v1::Retention;
use irongate_store::{Appended, LogBounds, Record, Store};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
    /// What was set for subscriptions, whether they exist or not.
    settings: RwLock<BTreeMap<String, SettingsDocument>>,
    recent: Mutex<Recent>,
    /// Woken after each group commit with messages of this topic.
    watchers: Mutex<Vec<Arc<Notify>>>,
    /// Live readers of a non-reliable topic.
    taps: RwLock<Vec<Arc<Tap>>>,
    /// For messages without key or partition; used on the first partition only.
    pub(crate) round_robin: AtomicU64,
    retention: RwLock<Option<Retention>>,
    measured: Mutex<Measured>,
    /// It has, or once had, an exclusive producer.
    pub(crate) exclusive: AtomicBool,
    /// It was deleted.
    ended: AtomicBool,
    /// Whether `transforms` are kept: one load for the topics that have none.
    transformed: AtomicBool,
    transforms: RwLock<Transforms>,
}

/// What messages go through before they are checked and kept.
#[derive(Clone, Default)]
pub(crate) struct Transforms {
    /// As on the disk; empty: none.
    pub(crate) kept: Vec<u8>,
    /// What runs them. Absent, although they are kept, until somebody has loaded them.
    pub(crate) live: Option<Arc<dyn TopicTransforms>>,
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
            settings: RwLock::default(),
            recent: Mutex::new(Recent::new(Arc::clone(budget))),
            watchers: Mutex::default(),
            taps: RwLock::default(),
            round_robin: AtomicU64::new(0),
            retention: RwLock::new(document.retention),
            measured: Mutex::default(),
            exclusive: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            transformed: AtomicBool::new(!document.transforms.is_empty()),
            transforms: RwLock::new(Transforms { kept: document.transforms.clone(), live: None }),
        })
    }

    pub(crate) fn document(&self, binding: Option<&Binding>) -> TopicDocument {
        self.document_with(binding, self.retention())
    }

    pub(crate) fn document_with(&self, binding: Option<&Binding>, retention: Option<Retention>) -> TopicDocument {
        TopicDocument {
            log: self.log,
            reliable: self.reliable,
            created_at_ms: self.created_at_ms,
            binding: binding.map(Binding::document),
            retention,
            transforms: self.transforms().kept,
        }
    }

    pub(crate) fn is_transformed(&self) -> bool {
        self.transformed.load(Ordering::Acquire)
    }

    pub(crate) fn transforms(&self) -> Transforms {
        self.transforms.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_transforms(&self, transforms: Transforms) {
        let mut current = self.transforms.write().unwrap_or_else(PoisonError::into_inner);
        self.transformed.store(!transforms.kept.is_empty(), Ordering::Release);
        *current = transforms;
    }

    /// Says whether it has transforms, which then run so.
    pub(crate) fn load_transforms(&self, live: &Arc<dyn TopicTransforms>) -> bool {
        let mut current = self.transforms.write().unwrap_or_else(PoisonError::into_inner);
        let is_there = !current.kept.is_empty();
        current.live = is_there.then(|| Arc::clone(live));
        is_there
    }

    /// The name that its clients know: of a partition the base name.
    pub(crate) fn base_name(&self) -> &str {
        self.name.partition().map_or(self.name.as_str(), |(base, _)| base)
    }

    /// `None` keeps everything.
    pub(crate) fn retention(&self) -> Option<Retention> {
        *self.retention.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_retention(&self, retention: Option<Retention>) {
        *self.retention.write().unwrap_or_else(PoisonError::into_inner) = retention;
    }

    pub(crate) fn measured(&self) -> MutexGuard<'_, Measured> {
        self.measured.lock().unwrap_or_else(PoisonError::into_inner)
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

    pub(crate) fn remove_subscription(&self, name: &str) {
        self.subscriptions.write().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    pub(crate) fn settings(&self, subscription: &str) -> Option<SettingsDocument> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).get(subscription).cloned()
    }

    pub(crate) fn settings_count(&self) -> usize {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// `None` forgets them.
    pub(crate) fn set_settings(&self, subscription: &str, settings: Option<SettingsDocument>) {
        let mut all = self.settings.write().unwrap_or_else(PoisonError::into_inner);
        match settings {
            Some(settings) => all.insert(subscription.to_owned(), settings),
            None => all.remove(subscription),
        };
    }

    /// Names of subscriptions with settings.
    pub(crate) fn settings_names(&self) -> Vec<String> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
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

    /// Messages before `first` are gone from the log.
    pub(crate) fn forget_before(&self, first: u64) {
        self.recent().forget_before(first);
    }

    /// The topic is deleted: nothing enters it any more, whoever still holds it.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.recent().clear();
        self.wake_watchers();
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Refused once the topic is deleted.
    pub(crate) fn check_alive(&self) -> Result<(), BrokerError> {
        if self.has_ended() {
            return Err(BrokerError::TopicMissing { topic: self.name().to_owned() });
        }
        Ok(())
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

impl TapGuard {
    pub(crate) fn topic(&self) -> &Arc<Topic> {
        &self.topic
    }
}

impl Drop for TapGuard {
    fn drop(&mut self) {
        let mut taps = self.topic.taps.write().unwrap_or_else(PoisonError::into_inner);
        taps.retain(|tap| !Arc::ptr_eq(tap, &self.tap));
    }
}

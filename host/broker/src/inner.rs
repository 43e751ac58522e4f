//! What the clones of a broker share, and its life: opening, closing, tidying. The
//! requests themselves are answered in the files named after them.

use crate::commits::Commits;
use crate::config::BrokerConfig;
use crate::consumers::Consumers;
use crate::metrics::{Metrics, MetricsSnapshot};
use crate::producers::Producers;
use crate::recent::RecentBudget;
use crate::registry::Registry;
use crate::retention::keep_retaining;
use crate::topics::Topics;
use crate::{BrokerError, OpenError};
use irongate_store::{Store, StoreOptions};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, interval_at};

/// How often consumers and subscriptions that nobody uses are looked for.
const TIDY_INTERVAL: Duration = Duration::from_secs(15);

pub(crate) struct Inner {
    pub(crate) config: BrokerConfig,
    pub(crate) store: Arc<Store>,
    pub(crate) commits: Commits,
    pub(crate) topics: Topics,
    pub(crate) registry: Registry,
    pub(crate) producers: Producers,
    pub(crate) consumers: Consumers,
    pub(crate) recent: Arc<RecentBudget>,
    pub(crate) metrics: Arc<Metrics>,
    /// Held while namespaces, topics, bindings or subscriptions change.
    pub(crate) changes: tokio::sync::Mutex<()>,
    /// Told `true` once, when the broker closes.
    pub(crate) closing: watch::Sender<bool>,
    closed: AtomicBool,
    random: RandomState,
    ids: AtomicU64,
}

impl Inner {
    pub(crate) fn open(config: BrokerConfig) -> Result<Arc<Self>, OpenError> {
        let runtime = Handle::try_current().map_err(|_| OpenError::NoRuntime)?;
        let limits = &config.limits;
        let options = StoreOptions {
            queue_bytes_max: limits.commit_queue_bytes_max,
            // The bytes bound the records as well: each counts at least 64.
            queue_records_max: limits.commit_queue_bytes_max,
            staged_delay_max_ms: limits.cursor_delay_max_ms,
            free_bytes_min: limits.disk_free_bytes_min,
            free_bytes: config.free_bytes.clone(),
            commit_hook: config.commit_hook.clone(),
            ..StoreOptions::default()
        };
        let store = Arc::new(Store::open(&config.data_dir, &options).map_err(open_error)?);
        let recent = RecentBudget::new(limits.cache_bytes_max, limits.topic_cache_bytes_max);
        let damaged = |what: String| OpenError::Corrupt { dir: config.data_dir.clone(), what };
        let topics = Topics::load(&store, limits, &recent).map_err(damaged)?;
        let registry = Registry::load(Arc::clone(&store), limits).map_err(damaged)?;
        let inner = Arc::new(Self {
            commits: Commits::new(Arc::clone(&store)),
            topics,
            registry,
            producers: Producers::default(),
            consumers: Consumers::default(),
            recent,
            metrics: Arc::default(),
            changes: tokio::sync::Mutex::default(),
            closing: watch::Sender::new(false),
            closed: AtomicBool::new(false),
            random: RandomState::new(),
            ids: AtomicU64::new(0),
            store,
            config,
        });
        runtime.spawn(tidy(Arc::downgrade(&inner)));
        let every = Duration::from_millis(inner.config.limits.retention_interval_ms);
        runtime.spawn(keep_retaining(Arc::downgrade(&inner), every));
        Ok(inner)
    }

    pub(crate) fn check_open(&self) -> Result<(), BrokerError> {
        if self.closed.load(Ordering::Acquire) { Err(BrokerError::Closed) } else { Ok(()) }
    }

    /// Unpredictable and never 0, as clients take 0 for "none".
    pub(crate) fn random_id(&self) -> u64 {
        self.random.hash_one(self.ids.fetch_add(1, Ordering::Relaxed)).max(1)
    }

    pub(crate) async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.closing.send_replace(true);
        for topic in self.topics.all() {
            topic.subscriptions().iter().for_each(|subscription| subscription.end_streams());
        }
        let store = Arc::clone(&self.store);
        if tokio::task::spawn_blocking(move || store.close()).await.is_err() {
            tracing::error!("closing the store ended with a panic");
        }
    }

    pub(crate) fn snapshot(&self) -> MetricsSnapshot {
        let (metrics, store) = (&self.metrics, self.store.stats());
        let subscriptions: usize = self.topics.all().iter().map(|topic| topic.subscription_count()).sum();
        MetricsSnapshot {
            messages_published_total: Metrics::read(&metrics.messages_published),
            bytes_published_total: Metrics::read(&metrics.bytes_published),
            messages_refused_total: Metrics::read(&metrics.messages_refused),
            messages_invalid_total: Metrics::read(&metrics.messages_invalid),
            messages_warned_total: Metrics::read(&metrics.messages_warned),
            messages_delivered_total: Metrics::read(&metrics.messages_delivered),
            messages_redelivered_total: Metrics::read(&metrics.messages_redelivered),
            messages_dropped_total: Metrics::read(&metrics.messages_dropped),
            messages_acked_total: Metrics::read(&metrics.messages_acked),
            messages_dead_lettered_total: Metrics::read(&metrics.messages_dead_lettered),
            messages_poison_dropped_total: Metrics::read(&metrics.messages_poison_dropped),
            messages_passed_over_total: Metrics::read(&metrics.messages_passed_over),
            commits_total: store.commits_total,
            commit_records_total: store.records_total,
            commit_bytes_total: store.bytes_total,
            commit_records_last: store.records_last,
            commit_duration_us_total: store.duration_us_total,
            commit_queue_records: store.queue_records,
            commit_queue_bytes: store.queue_bytes,
            namespaces: self.topics.namespaces().len() as u64,
            topics: self.topics.count() as u64,
            producers: self.producers.count() as u64,
            subscriptions: subscriptions as u64,
            consumers: self.consumers.count() as u64,
            browse_streams: Metrics::read(&metrics.browse_streams),
            subjects: self.registry.count() as u64,
        }
    }
}

/// Forgets consumers and subscriptions that nobody uses. Ends with the broker.
async fn tidy(inner: Weak<Inner>) {
    let mut ticks = interval_at(Instant::now() + TIDY_INTERVAL, TIDY_INTERVAL);
    loop {
        ticks.tick().await;
        let Some(inner) = inner.upgrade() else { return };
        if inner.check_open().is_err() {
            return;
        }
        let idle = Duration::from_millis(inner.config.limits.consumer_idle_ms);
        for topic in inner.topics.all() {
            for subscription in topic.subscriptions() {
                inner.consumers.remove(&subscription.forget_idle(idle));
            }
            if !topic.is_reliable() {
                topic.forget_subscriptions(|subscription| subscription.is_idle(idle));
            }
        }
    }
}

fn open_error(error: irongate_store::OpenError) -> OpenError {
    use irongate_store::OpenError as Store;
    match error {
        Store::Locked { dir } => OpenError::Locked { dir },
        Store::Format { dir, found, supported } => OpenError::Format { dir, found, supported },
        Store::Corrupt { dir, what } => OpenError::Corrupt { dir, what },
        Store::Io { path, source } => OpenError::Io { dir: path, source },
        other => OpenError::Corrupt { dir: std::path::PathBuf::new(), what: other.to_string() },
    }
}

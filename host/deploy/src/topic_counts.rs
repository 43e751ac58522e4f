//! What the transforms of each topic have done since the host started, over the chains that it had. Writes nothing down.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use irongate_broker::Broker;

use crate::chain::Passed;

/// What a topic's transforms have done since the host started. What was received is passed, dropped or refused, or still in them. None ever becomes smaller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicFigures {
    /// The topic's name.
    pub topic: String,
    /// Messages that came to them.
    pub received: u64,
    /// Messages that they let through, changed or not.
    pub passed: u64,
    /// Messages that they dropped.
    pub dropped: u64,
    /// Messages that they refused, for any reason.
    pub refused: u64,
    /// Messages that left them, of those that they let through.
    pub made: u64,
    /// Calls of a stage that were stopped: by a limit, or because they trapped.
    pub stopped_calls: u64,
}

/// Of one topic.
#[derive(Default)]
pub(crate) struct TopicCounts {
    received: AtomicU64,
    passed: AtomicU64,
    dropped: AtomicU64,
    refused: AtomicU64,
    made: AtomicU64,
    stopped_calls: AtomicU64,
}

/// Of all topics, by name.
#[derive(Default)]
pub(crate) struct TopicLedgers {
    by_topic: Mutex<BTreeMap<String, Arc<TopicCounts>>>,
}

impl TopicCounts {
    pub(crate) fn took(&self, messages: usize) {
        self.received.fetch_add(messages as u64, Ordering::Relaxed);
    }

    pub(crate) fn answered(&self, passed: &Passed) {
        for made in &passed.made {
            let (counter, count) = match made {
                Err(_) => (&self.refused, 0),
                Ok(made) if made.is_empty() => (&self.dropped, 0),
                Ok(made) => (&self.passed, made.len()),
            };
            counter.fetch_add(1, Ordering::Relaxed);
            self.made.fetch_add(count as u64, Ordering::Relaxed);
        }
        let stopped: u64 = passed.stages.iter().map(|stage| u64::from(stage.calls_stopped)).sum();
        self.stopped_calls.fetch_add(stopped, Ordering::Relaxed);
    }
}

impl TopicLedgers {
    /// The counts of a topic, which begin where there are none.
    pub(crate) fn of(&self, topic: &str) -> Arc<TopicCounts> {
        Arc::clone(self.lock().entry(topic.to_owned()).or_default())
    }

    pub(crate) fn keep_only(&self, is_wanted: impl Fn(&str) -> bool) {
        self.lock().retain(|topic, _| is_wanted(topic));
    }

    /// Of the topics that have transforms.
    pub(crate) fn figures(&self, broker: &Broker) -> Vec<TopicFigures> {
        let transformed = broker.transforms();
        let counted = self.lock().clone();
        let of_these = counted.into_iter().filter(|(topic, _)| transformed.iter().any(|(name, _)| name == topic));
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let figures = |(topic, counts): (String, Arc<TopicCounts>)| TopicFigures {
            topic,
            received: read(&counts.received),
            passed: read(&counts.passed),
            dropped: read(&counts.dropped),
            refused: read(&counts.refused),
            made: read(&counts.made),
            stopped_calls: read(&counts.stopped_calls),
        };
        of_these.map(figures).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<TopicCounts>>> {
        self.by_topic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! A consumer and its place in a subscription. It moves no messages.

use super::Subscription;
use super::key_filter::KeyFilter;
use crate::outbox::Outbox;
use crate::topic::Topic;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::Instant;

/// Known by its id from Subscribe until it is forgotten.
pub(crate) struct Consumer {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) topic: Arc<Topic>,
    /// The subscription holds the consumer, not the other way round.
    pub(crate) subscription: Weak<Subscription>,
}

pub(super) struct Slot {
    pub(super) consumer: Arc<Consumer>,
    /// Which keys it wants; it may say otherwise each time it subscribes.
    pub(super) filters: Arc<[KeyFilter]>,
    pub(super) presence: Presence,
}

/// Messages of a non-reliable topic that wait for a consumer that is about to ask for messages, and their bytes.
const EARLY_MESSAGES_MAX: usize = 64;
const EARLY_BYTES_MAX: usize = 1 << 20;

pub(super) enum Presence {
    /// Has subscribed and not yet asked for messages. What a non-reliable topic has for it meanwhile waits.
    Expected {
        since: Instant,
        early: Outbox,
    },
    Attached {
        outbox: Arc<Outbox>,
    },
    /// Its stream ended.
    Gone {
        since: Instant,
    },
}

impl Presence {
    pub(super) fn expected(now: Instant) -> Self {
        Self::Expected { since: now, early: Outbox::new(EARLY_MESSAGES_MAX, EARLY_BYTES_MAX) }
    }
}

impl Slot {
    pub(super) fn new(consumer: Arc<Consumer>, filters: Arc<[KeyFilter]>, now: Instant) -> Self {
        Self { consumer, filters, presence: Presence::expected(now) }
    }

    pub(super) fn is_present(&self, now: Instant, attach: Duration) -> bool {
        match self.presence {
            Presence::Attached { .. } => true,
            Presence::Expected { since, .. } => now - since < attach,
            Presence::Gone { .. } => false,
        }
    }

    pub(super) fn is_idle(&self, now: Instant, idle: Duration) -> bool {
        match self.presence {
            Presence::Attached { .. } => false,
            Presence::Expected { since, .. } | Presence::Gone { since } => now - since >= idle,
        }
    }

    pub(super) fn holds(&self, consumer_id: u64, stream: &Arc<Outbox>) -> bool {
        self.consumer.id == consumer_id
            && matches!(&self.presence, Presence::Attached { outbox } if Arc::ptr_eq(outbox, stream))
    }
}

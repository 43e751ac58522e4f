//! What the model remembers of topics and subscriptions, and what it asserts of each message
//! that comes. It asks the broker nothing.

use super::{FILTERED, FILTERS, SUBSCRIPTIONS};
use crate::harness::{offset, payload};
use irongate_broker::Deliveries;
use irongate_proto::danube::StreamMessage;
use irongate_proto::danube::consumer_request::SubscriptionType::KeyShared;
use std::collections::BTreeMap;

/// Whether a subscription is done with a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Done {
    #[default]
    No,
    Maybe,
    Yes,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Entry {
    pub done: Done,
    /// The policy did that.
    pub dropped: bool,
    /// Its being done is on disk for sure.
    pub durable: bool,
    pub out: bool,
    /// When its time was up it may have been on its way, unread: then it may come once more than it should.
    pub on_its_way: bool,
    /// Failures: at least those on disk, at least, at most.
    pub fails_on_disk: u32,
    pub fails_least: u32,
    pub fails_most: u32,
}

#[derive(Default)]
pub struct Subscription {
    /// By offset; from the first one after its creation on.
    pub entries: BTreeMap<u64, Entry>,
    /// Deliveries that the test holds, to acknowledge them by.
    pub held: BTreeMap<u64, StreamMessage>,
    pub stream: Option<Deliveries>,
    /// Which of [`FILTERS`] its consumer came with last.
    pub filters: usize,
}

#[derive(Clone, Copy)]
pub struct Policy {
    pub failures_max: u32,
    pub drop: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self { failures_max: 5, drop: false }
    }
}

#[derive(Default)]
pub struct Topic {
    pub first: u64,
    pub next: u64,
    pub messages: BTreeMap<u64, (String, usize)>,
    pub subscriptions: BTreeMap<usize, Subscription>,
    pub policies: BTreeMap<usize, Policy>,
}

impl Topic {
    pub fn append(&mut self, offset: u64, text: (String, usize)) {
        let key = text.1;
        self.messages.insert(offset, text);
        self.next = offset + 1;
        for (index, one) in &mut self.subscriptions {
            one.entries.insert(offset, Entry::default());
            if !one.wants(*index, key) {
                one.may_pass_over(offset);
            }
        }
    }

    /// A consumer took over. What it does not want is passed over at some time, as long as it is there.
    pub fn joined(&mut self, subscription: usize, stream: Deliveries, filters: usize) {
        let one = self.subscriptions.get_mut(&subscription).unwrap();
        one.lose_stream();
        (one.stream, one.filters) = (Some(stream), filters);
        for (offset, (_, key)) in &self.messages {
            if !one.wants(subscription, *key) {
                one.may_pass_over(*offset);
            }
        }
    }

    pub fn truncate(&mut self, to: u64) {
        self.first = to;
        self.messages = self.messages.split_off(&to);
        for one in self.subscriptions.values_mut() {
            one.entries = one.entries.split_off(&to);
            one.held = one.held.split_off(&to);
        }
    }

    pub fn received(&mut self, subscription: usize, message: StreamMessage) {
        let at = offset(&message);
        // It was on its way when it was deleted.
        if at < self.first {
            return;
        }
        let (text, key) = &self.messages[&at];
        assert_eq!((payload(&message), message.routing_key.clone()), (text.clone(), Some(key.to_string())));
        let keyed = SUBSCRIPTIONS[subscription].1 == KeyShared;
        let one = self.subscriptions.get_mut(&subscription).unwrap();
        assert!(one.wants(subscription, *key), "{at} came although its key {key} is not wanted");
        let entry = one.entries.get_mut(&at).expect("a message from before the subscription came");
        if entry.on_its_way && (entry.out || entry.done == Done::Yes) {
            entry.on_its_way = false;
            return;
        }
        let before = one.entries.range(..at).filter(|(offset, _)| self.messages[offset].1 == *key);
        let open: Vec<&u64> = before.filter(|(_, entry)| entry.done == Done::No).map(|(offset, _)| offset).collect();
        assert!(!keyed || open.is_empty(), "{at} came before {open:?} of the same key");
        let entry = one.entries.get_mut(&at).expect("a message from before the subscription came");
        assert_ne!(entry.done, Done::Yes, "{at} came again: {entry:?}");
        assert!(!entry.out, "{at} came twice");
        *entry = Entry { done: Done::No, out: true, ..*entry };
        one.held.insert(at, message);
    }

    pub fn failed(&mut self, subscription: usize, offset: u64) {
        let policy = self.policies.get(&subscription).copied().unwrap_or_default();
        let one = self.subscriptions.get_mut(&subscription).unwrap();
        let Some(entry) = one.entries.get_mut(&offset) else { return };
        entry.out = false;
        entry.fails_least += 1;
        entry.fails_most += 1;
        if policy.drop && entry.fails_least > policy.failures_max {
            (entry.done, entry.dropped, entry.durable) = (Done::Yes, true, false);
        } else if policy.drop && entry.fails_most > policy.failures_max {
            entry.done = Done::Maybe;
        }
    }

    /// Nothing that is out was acknowledged in time. When the broker notices is its own business.
    pub fn expired(&mut self, subscription: usize) {
        let policy = self.policies.get(&subscription).copied().unwrap_or_default();
        let one = self.subscriptions.get_mut(&subscription).unwrap();
        one.held.clear();
        for entry in one.entries.values_mut().filter(|entry| entry.done != Done::Yes) {
            entry.on_its_way = !entry.out;
            entry.out = false;
            entry.fails_most += 1;
            entry.may_be_dropped(policy);
        }
    }

    /// The new policy decides about what the old one gave up, unless it is gone already.
    pub fn set_policy(&mut self, subscription: usize, policy: Policy) {
        self.policies.insert(subscription, policy);
        let Some(one) = self.subscriptions.get_mut(&subscription) else { return };
        for entry in one.entries.values_mut() {
            if entry.dropped {
                (entry.done, entry.dropped) = (Done::Maybe, false);
            }
            entry.may_be_dropped(policy);
        }
    }

    pub fn restarted(&mut self, failed: bool) {
        for (index, one) in &mut self.subscriptions {
            let policy = self.policies.get(index).copied().unwrap_or_default();
            if !failed {
                one.sync();
            }
            for entry in one.entries.values_mut() {
                entry.restarted(policy);
            }
        }
    }
}

impl Entry {
    /// Under a policy that drops, what failed too often before it may be dropped or not.
    pub fn may_be_dropped(&mut self, policy: Policy) {
        if policy.drop && !self.out && self.done == Done::No && self.fails_most > policy.failures_max {
            self.done = Done::Maybe;
        }
    }

    pub fn restarted(&mut self, policy: Policy) {
        self.fails_least = self.fails_on_disk;
        if self.done == Done::Yes && !self.durable {
            (self.done, self.dropped) = (Done::Maybe, false);
        }
        self.may_be_dropped(policy);
    }
}

impl Subscription {
    /// All so far is on disk.
    pub fn sync(&mut self) {
        for entry in self.entries.values_mut() {
            entry.durable = entry.done == Done::Yes;
            entry.fails_on_disk = entry.fails_least;
        }
    }

    pub fn wants(&self, index: usize, key: usize) -> bool {
        SUBSCRIPTIONS[index].0 != FILTERED || FILTERS[self.filters].1[key]
    }

    fn may_pass_over(&mut self, offset: u64) {
        if let Some(entry) = self.entries.get_mut(&offset).filter(|entry| entry.done == Done::No) {
            entry.done = Done::Maybe;
        }
    }

    /// What the consumer held goes to the next one.
    pub fn lose_stream(&mut self) {
        self.stream = None;
        self.held.clear();
        self.entries.values_mut().for_each(|entry| (entry.out, entry.on_its_way) = (false, false));
    }

    pub fn take_held(&mut self, which: usize) -> Option<(u64, StreamMessage)> {
        let offset = *self.held.keys().nth(which % self.held.len().max(1))?;
        self.held.remove_entry(&offset)
    }
}

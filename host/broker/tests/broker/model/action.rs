//! What may happen to a broker, and how often.

use super::{FILTERS, KEYS, SUBSCRIPTIONS, TOPICS};
use proptest::prelude::*;

/// How often a message may fail before the policy decides; the highest is never reached.
const FAILURES: [u32; 3] = [0, 1, 1000];

#[derive(Clone, Debug)]
pub enum Action {
    Publish {
        topic: usize,
        keys: Vec<usize>,
    },
    Subscribe {
        topic: usize,
        subscription: usize,
        /// Counts on the filtered subscription alone.
        filters: usize,
    },
    Receive {
        topic: usize,
        subscription: usize,
    },
    Ack {
        topic: usize,
        subscription: usize,
        which: usize,
    },
    Nack {
        topic: usize,
        subscription: usize,
        which: usize,
        late: bool,
    },
    Detach {
        topic: usize,
        subscription: usize,
    },
    SetPolicy {
        topic: usize,
        subscription: usize,
        failures: u32,
        drop: bool,
    },
    Pass,
    /// Longer than any consumer may take.
    Expire,
    Truncate {
        topic: usize,
        count: u64,
    },
    DeleteTopic {
        topic: usize,
    },
    Unsubscribe {
        topic: usize,
        subscription: usize,
    },
    Restart,
    Crash,
    /// This many writes from now, one fails.
    FailWrite(i64),
}

pub fn action() -> impl Strategy<Value = Action> {
    use Action::*;
    let place = || (0..TOPICS.len(), 0..SUBSCRIPTIONS.len());
    prop_oneof![
        16 => (0..TOPICS.len(), prop::collection::vec(0..KEYS, 1..4)).prop_map(|(topic, keys)| Publish { topic, keys }),
        3 => (place(), 0..FILTERS.len())
            .prop_map(|((topic, subscription), filters)| Subscribe { topic, subscription, filters }),
        16 => place().prop_map(|(topic, subscription)| Receive { topic, subscription }),
        24 => (place(), any::<usize>()).prop_map(|((topic, subscription), which)| Ack { topic, subscription, which }),
        8 => (place(), any::<usize>(), any::<bool>())
            .prop_map(|((topic, subscription), which, late)| Nack { topic, subscription, which, late }),
        2 => place().prop_map(|(topic, subscription)| Detach { topic, subscription }),
        2 => (place(), prop::sample::select(&FAILURES), any::<bool>())
            .prop_map(|((topic, subscription), failures, drop)| SetPolicy { topic, subscription, failures, drop }),
        1 => Just(Pass),
        2 => Just(Expire),
        1 => (0..TOPICS.len(), 1..5_u64).prop_map(|(topic, count)| Truncate { topic, count }),
        1 => (0..TOPICS.len()).prop_map(|topic| DeleteTopic { topic }),
        1 => place().prop_map(|(topic, subscription)| Unsubscribe { topic, subscription }),
        2 => Just(Restart),
        2 => Just(Crash),
        1 => (1..4_i64).prop_map(FailWrite),
    ]
}

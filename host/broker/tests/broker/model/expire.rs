//! The time for acknowledgements passes: everything that is out comes again, unless its policy or its
//! subscription's standing still says otherwise.

use super::expected::Done;
use super::{ACK_TIMEOUT_MS, World, pass};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Longer than the first redeliveries of any policy wait.
const REDELIVERY: Duration = Duration::from_secs(61);

/// How long a message may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

impl World {
    pub async fn expire(&mut self) {
        for (topic, subscription, _) in self.out() {
            while self.receive(topic, subscription, Duration::from_millis(5)).await {}
        }
        let late = self.out();
        pass(Duration::from_millis(ACK_TIMEOUT_MS) + Duration::from_secs(1)).await;
        for (topic, subscription, _) in &late {
            self.topics.get_mut(topic).unwrap().expired(*subscription);
        }
        // A store that refuses to write is a crash waiting to happen.
        if self.fault.load(Ordering::SeqCst) != i64::MAX {
            return;
        }
        let deadline = Instant::now() + PATIENCE;
        for (topic, subscription, offsets) in late {
            while !self.stands(topic, subscription) && self.is_awaited(topic, subscription, &offsets) {
                assert!(Instant::now() < deadline, "{offsets:?} do not come again after the ack timeout");
                if !self.receive(topic, subscription, Duration::from_millis(20)).await {
                    pass(REDELIVERY).await;
                }
            }
        }
    }

    /// Topic, subscription, and the offsets that its consumer holds.
    fn out(&self) -> Vec<(usize, usize, Vec<u64>)> {
        let mut out = Vec::new();
        for (topic, known) in &self.topics {
            for (subscription, one) in &known.subscriptions {
                let held = one.entries.iter().filter(|(_, entry)| entry.out);
                out.push((*topic, *subscription, held.map(|(offset, _)| *offset).collect()));
            }
        }
        out
    }

    /// Whether a message that failed too often may hold the others up.
    fn stands(&mut self, topic: usize, subscription: usize) -> bool {
        let known = &self.topics[&topic];
        let policy = known.policies.get(&subscription).copied().unwrap_or_default();
        let mut entries = known.subscriptions[&subscription].entries.values();
        !policy.drop && entries.any(|entry| entry.done != Done::Yes && entry.fails_most > policy.failures_max)
    }

    fn is_awaited(&self, topic: usize, subscription: usize, offsets: &[u64]) -> bool {
        let entries = &self.topics[&topic].subscriptions[&subscription].entries;
        offsets.iter().filter_map(|offset| entries.get(offset)).any(|entry| entry.done == Done::No && !entry.out)
    }
}

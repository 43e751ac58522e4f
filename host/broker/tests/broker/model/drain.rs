//! The comparison of broker and model: what can be read at any time, and that everything comes in the end.

use super::expected::Done;
use super::{NACK_DELAY, SUBSCRIPTIONS, TOPICS, World, pass};
use crate::harness::{offset, payload};
use irongate_proto::danube::{MsgId, StreamMessage};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tonic::Code;

impl World {
    /// What can be read is what the model holds.
    pub async fn compare(&self) {
        for (index, name) in TOPICS.iter().enumerate() {
            let Some(topic) = self.topics.get(&index) else {
                assert_eq!(self.host().broker.lookup(name).unwrap_err().code(), Code::NotFound);
                continue;
            };
            let stored = self.host().stored(name).await;
            let stored: Vec<(u64, String)> = stored.iter().map(|message| (offset(message), payload(message))).collect();
            let expected: Vec<_> = topic.messages.iter().map(|(offset, (text, _))| (*offset, text.clone())).collect();
            assert_eq!(stored, expected, "{name}");
            let described = self.host().described(name);
            let names: Vec<&str> = described.subscriptions.iter().map(|one| one.name.as_str()).collect();
            let mut expected: Vec<&str> = topic.subscriptions.keys().map(|index| SUBSCRIPTIONS[*index].0).collect();
            expected.sort_unstable();
            assert_eq!(names, expected, "{name}");
            assert_eq!(
                (described.partitions[0].first_offset, described.partitions[0].next_offset),
                (topic.first, topic.next)
            );
        }
    }

    /// Everything comes in the end, and nothing is left.
    pub async fn drain(&mut self) {
        if self.fault.swap(i64::MAX, Ordering::SeqCst) <= 0 {
            self.crash().await;
        }
        self.compare().await;
        let places: Vec<(usize, usize)> = self
            .topics
            .iter()
            .flat_map(|(topic, known)| known.subscriptions.keys().map(|subscription| (*topic, *subscription)))
            .collect();
        for (topic, subscription) in places {
            let filters = self.subscription(topic, subscription).unwrap().filters;
            self.subscribe(topic, subscription, filters).await;
            let deadline = std::time::Instant::now() + Duration::from_secs(60);
            let mut passes = 0;
            while self.backlog(topic, subscription) > 0 {
                assert!(
                    std::time::Instant::now() < deadline,
                    "{}: {:?}",
                    TOPICS[topic],
                    self.open(topic, subscription)
                );
                self.free(topic, subscription).await;
                let came = self.receive(topic, subscription, Duration::from_millis(20)).await;
                self.ack(topic, subscription, 0).await;
                if !came && passes < 3 {
                    passes += 1;
                    pass(NACK_DELAY + Duration::from_secs(1)).await;
                }
            }
            assert_eq!(self.open(topic, subscription), Vec::<u64>::new(), "acknowledged and never delivered");
        }
    }

    fn backlog(&self, topic: usize, subscription: usize) -> u64 {
        let described = self.host().described(TOPICS[topic]);
        let name = SUBSCRIPTIONS[subscription].0;
        described.subscriptions.iter().find(|one| one.name == name).unwrap().backlog_count
    }

    fn open(&mut self, topic: usize, subscription: usize) -> Vec<u64> {
        let entries = &self.subscription(topic, subscription).unwrap().entries;
        entries.iter().filter(|(_, entry)| entry.done == Done::No).map(|(offset, _)| *offset).collect()
    }

    /// Acknowledges what may stand in the way.
    async fn free(&mut self, topic: usize, subscription: usize) {
        let known = self.topics.get_mut(&topic).unwrap();
        let policy = known.policies.get(&subscription).copied().unwrap_or_default();
        let one = known.subscriptions.get_mut(&subscription).unwrap();
        let mut blocked = Vec::new();
        for (offset, entry) in &mut one.entries {
            if !policy.drop && entry.done != Done::Yes && !entry.out && entry.fails_most > policy.failures_max {
                // It may be on its way all the same.
                entry.done = Done::Maybe;
                blocked.push(*offset);
            }
        }
        for offset in blocked {
            let id = MsgId { topic_name: TOPICS[topic].to_owned(), topic_offset: offset, ..MsgId::default() };
            let message = StreamMessage { msg_id: Some(id), ..StreamMessage::default() };
            self.host().ack(SUBSCRIPTIONS[subscription].0, &message).await;
        }
    }
}

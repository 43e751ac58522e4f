//! Which consumer of a key-shared subscription a key belongs to: a consistent hash, so that
//! a consumer that comes or goes moves only the keys it gains or loses. It moves no messages.

use super::key_filter::KeyFilter;
use crate::outbox::Outbox;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Places of each consumer on the ring, as in Danube.
const PLACES_PER_CONSUMER: u32 = 100;

/// FNV-1a in 32 bits, as in Danube.
const FNV_OFFSET: u32 = 0x811c_9dc5;
const FNV_PRIME: u32 = 0x0100_0193;

/// The consumers that are attached.
#[derive(Default)]
pub(super) struct Ring {
    members: HashMap<u64, Member>,
    places: BTreeSet<(u32, u64)>,
}

pub(super) struct Member {
    name: String,
    filters: Arc<[KeyFilter]>,
    pub(super) outbox: Arc<Outbox>,
}

impl Ring {
    pub(super) fn add(&mut self, consumer_id: u64, name: &str, filters: Arc<[KeyFilter]>, outbox: Arc<Outbox>) {
        self.remove(consumer_id);
        self.places.extend((0..PLACES_PER_CONSUMER).map(|index| (place(name, index), consumer_id)));
        self.members.insert(consumer_id, Member { name: name.to_owned(), filters, outbox });
    }

    pub(super) fn remove(&mut self, consumer_id: u64) {
        if let Some(member) = self.members.remove(&consumer_id) {
            for index in 0..PLACES_PER_CONSUMER {
                self.places.remove(&(place(&member.name, index), consumer_id));
            }
        }
    }

    /// The next consumer on the ring that wants the key.
    pub(super) fn owner(&self, key: &str) -> Option<(u64, &Member)> {
        let mut willing: HashMap<u64, bool> = HashMap::new();
        let hash = fnv1a32(key.as_bytes());
        let around = self.places.range((hash, 0)..).chain(self.places.range(..(hash, 0)));
        for (_, consumer_id) in around {
            let Some(member) = self.members.get(consumer_id) else { continue };
            // Each consumer is asked once, however many places it has.
            if *willing.entry(*consumer_id).or_insert_with(|| wants(&member.filters, key)) {
                return Some((*consumer_id, member));
            }
            if willing.len() == self.members.len() {
                break;
            }
        }
        None
    }
}

/// Whether filters let a key through; no filters let all through.
pub(super) fn wants(filters: &[KeyFilter], key: &str) -> bool {
    filters.is_empty() || filters.iter().any(|filter| filter.matches(key))
}

/// The number comes first: the hash spreads early differences over all bits, late ones not.
fn place(name: &str, index: u32) -> u32 {
    fnv1a32(format!("{index}/{name}").as_bytes())
}

fn fnv1a32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(FNV_OFFSET, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(FNV_PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: u32 = 2000;

    fn ring(names: &[&str]) -> Ring {
        let mut ring = Ring::default();
        for (id, name) in (1..).zip(names) {
            ring.add(id, name, Arc::default(), Arc::new(Outbox::new(1, 1)));
        }
        ring
    }

    fn owners(ring: &Ring) -> Vec<u64> {
        (0..KEYS).map(|key| ring.owner(&format!("user-{key}")).unwrap().0).collect()
    }

    #[test]
    fn hashes_as_the_published_test_vectors_say() {
        assert_eq!(fnv1a32(b""), 0x811c_9dc5);
        assert_eq!(fnv1a32(b"a"), 0xe40c_292c);
        assert_eq!(fnv1a32(b"foobar"), 0xbf9c_f968);
    }

    #[test]
    fn every_consumer_gets_a_fair_share() {
        let owners = owners(&ring(&["c1", "c2", "c3", "c4"]));
        for consumer in 1..=4 {
            let share = owners.iter().filter(|owner| **owner == consumer).count();
            assert!(share > KEYS as usize / 10, "consumer {consumer} has {share} of {KEYS} keys");
        }
    }

    #[test]
    fn a_consumer_that_comes_or_goes_moves_only_its_own_keys() {
        let mut ring = ring(&["c1", "c2", "c3"]);
        let before = owners(&ring);
        ring.add(4, "c4", Arc::default(), Arc::new(Outbox::new(1, 1)));
        let with = owners(&ring);
        assert!(before.iter().zip(&with).all(|(before, now)| before == now || *now == 4));
        assert!(with.contains(&4));
        ring.remove(4);
        assert_eq!(owners(&ring), before);
    }

    #[test]
    fn a_key_goes_to_the_next_consumer_that_wants_it() {
        let mut ring = ring(&["all"]);
        let eu: Arc<[KeyFilter]> = vec![KeyFilter::new("eu-*")].into();
        ring.add(2, "eu", Arc::clone(&eu), Arc::new(Outbox::new(1, 1)));
        let of_two = |ring: &Ring, prefix: &str| {
            (0..100).filter(|key| ring.owner(&format!("{prefix}{key}")).unwrap().0 == 2).count()
        };
        assert_eq!(of_two(&ring, "us-"), 0);
        assert!((1..100).contains(&of_two(&ring, "eu-")));
        ring.remove(1);
        assert!(ring.owner("us-1").is_none());
        assert_eq!(of_two(&ring, "eu-"), 100);
    }
}

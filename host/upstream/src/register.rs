//! What is known by an id and forgotten when nobody has asked for it in a while and room is needed.

use irongate_broker::BrokerError;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A bounded map.
pub(crate) struct Register<K, V> {
    what: &'static str,
    entries_max: usize,
    idle: Duration,
    entries: Mutex<HashMap<K, (Arc<V>, Instant)>>,
}

impl<K: Eq + Hash, V> Register<K, V> {
    pub(crate) fn new(what: &'static str, entries_max: usize, idle_ms: u64) -> Self {
        Self { what, entries_max, idle: Duration::from_millis(idle_ms), entries: Mutex::default() }
    }

    pub(crate) fn get(&self, key: &K) -> Option<Arc<V>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let (value, seen) = entries.get_mut(key)?;
        *seen = Instant::now();
        Some(value.clone())
    }

    /// Adds an entry; where there is no room and nobody idle, says so.
    pub(crate) fn add(&self, key: K, value: Arc<V>) -> Result<(), BrokerError> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if entries.len() >= self.entries_max && !entries.contains_key(&key) {
            entries.retain(|_, (_, seen)| now.duration_since(*seen) < self.idle);
        }
        if entries.len() >= self.entries_max && !entries.contains_key(&key) {
            return Err(BrokerError::LimitReached {
                what: format!("this host has too many {}", self.what),
                limit: self.entries_max,
            });
        }
        entries.insert(key, (value, now));
        Ok(())
    }

    pub(crate) fn count(&self) -> u64 {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_idle_make_room_and_the_busy_do_not() {
        let busy = Register::new("producers", 2, 3_600_000);
        for key in 0..2 {
            busy.add(key, Arc::new(())).expect("room");
        }
        busy.add(1, Arc::new(())).expect("the same again needs no room");
        let error = busy.add(2, Arc::new(())).expect_err("full");
        assert!(error.to_string().contains("this host has too many producers"), "{error}");
        let idle = Register::new("producers", 2, 0);
        for key in 0..5 {
            idle.add(key, Arc::new(())).expect("the idle go");
        }
        assert!(idle.count() <= 2 && idle.get(&4).is_some() && idle.get(&0).is_none());
    }
}

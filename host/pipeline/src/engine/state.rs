//! A stage's state in one lane: what is lasting, and what the record in work wants changed. Changes become lasting when the record is settled, never
//! before. In memory: what a committer writes down is put back at the next start, else it is lost with the process.

use std::{
    collections::BTreeMap,
    error::Error,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use irongate_runtime::{StateChange, StateReader};

#[derive(Default)]
pub(crate) struct LaneState {
    values: Mutex<Values>,
}

#[derive(Default)]
struct Values {
    lasting: BTreeMap<String, Bytes>,
    pending: BTreeMap<String, Option<Bytes>>,
}

impl LaneState {
    /// Notes changes; the next call of the stage sees them.
    pub(crate) fn note(&self, changes: Vec<StateChange>) {
        self.lock().pending.extend(changes.into_iter().map(|change| (change.key, change.value)));
    }

    /// What was noted and is not lasting yet.
    pub(crate) fn pending(&self) -> Vec<(String, Option<Bytes>)> {
        self.lock().pending.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// Puts back what was lasting before the process ended.
    pub(crate) fn restore(&self, key: String, value: Bytes) {
        self.lock().lasting.insert(key, value);
    }

    /// Makes what was noted lasting.
    pub(crate) fn commit(&self) {
        let values = &mut *self.lock();
        for (key, value) in std::mem::take(&mut values.pending) {
            match value {
                Some(value) => values.lasting.insert(key, value),
                None => values.lasting.remove(&key),
            };
        }
    }

    /// Forgets what was noted.
    pub(crate) fn discard(&self) {
        self.lock().pending.clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Values> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateReader for LaneState {
    fn get(&self, key: &str) -> Result<Option<Bytes>, Box<dyn Error + Send + Sync>> {
        let values = self.lock();
        Ok(values.pending.get(key).cloned().unwrap_or_else(|| values.lasting.get(key).cloned()))
    }

    fn keys(&self) -> usize {
        let values = self.lock();
        let is_new = |key: &String| !values.lasting.contains_key(key);
        let added = values.pending.iter().filter(|(key, value)| value.is_some() && is_new(key)).count();
        let gone = values.pending.iter().filter(|(key, value)| value.is_none() && !is_new(key)).count();
        values.lasting.len() + added - gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_counted_with_what_is_not_lasting_yet() {
        let state = LaneState::default();
        let change = |key: &str, value: Option<&str>| StateChange {
            key: key.to_owned(),
            value: value.map(|value| Bytes::from(value.to_owned())),
        };
        state.restore("a".to_owned(), Bytes::from("1"));
        state.note(vec![change("a", Some("2")), change("b", Some("1")), change("c", None)]);
        assert_eq!(state.keys(), 2);
        state.note(vec![change("a", None)]);
        assert_eq!(state.keys(), 1);
        state.discard();
        assert_eq!(state.keys(), 1);
    }
}

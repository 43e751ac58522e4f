//! A transform's key-value state: what a call reads and what it wants changed. Never writes: the changes travel in the report, and the caller makes
//! them lasting together with the outcomes.

use std::{collections::BTreeMap, error::Error, sync::Mutex};

use bytes::Bytes;

use crate::{bindings::irongate::transform::state::StateError, error::HostFault, limits::Limits};

/// Where the lasting values are read. One per transform; keys are not shared with others.
pub trait StateReader: Send + Sync {
    /// The value of a key, or nothing.
    ///
    /// # Errors
    /// The store failed. The batch ends as [`HostFault::State`] and no record is to blame.
    fn get(&self, key: &str) -> Result<Option<Bytes>, Box<dyn Error + Send + Sync>>;
}

/// One change that a batch made. Of each key only the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateChange {
    /// The key.
    pub key: String,
    /// The new value, or nothing where the key was deleted.
    pub value: Option<Bytes>,
}

/// State in memory, lost with the process: for tests and dry runs.
#[derive(Debug, Default)]
pub struct MemoryState {
    values: Mutex<BTreeMap<String, Bytes>>,
}

impl MemoryState {
    /// Makes a batch's changes lasting.
    pub fn apply(&self, changes: Vec<StateChange>) {
        let mut values = self.lock();
        for change in changes {
            match change.value {
                Some(value) => values.insert(change.key, value),
                None => values.remove(&change.key),
            };
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Bytes>> {
        // Nothing panics while the lock is held, and a half-applied batch is still a map.
        self.values.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl StateReader for MemoryState {
    fn get(&self, key: &str) -> Result<Option<Bytes>, Box<dyn Error + Send + Sync>> {
        Ok(self.lock().get(key).cloned())
    }
}

/// Changes by key: a value, or nothing for a deleted key.
pub(crate) type Changes = BTreeMap<String, Option<Bytes>>;

/// The state as one call sees it.
#[derive(Default)]
pub(crate) struct StateBook {
    /// Changes of earlier calls for the same batch.
    pub(crate) earlier: Changes,
    /// Changes of this call.
    pub(crate) changes: Changes,
    changed_bytes: usize,
}

impl StateBook {
    pub(crate) fn after(earlier: Changes) -> StateBook {
        StateBook { earlier, ..StateBook::default() }
    }

    pub(crate) fn get(&self, key: &str, store: &dyn StateReader, limits: &Limits) -> Read {
        if let Err(error) = within("the key", key.len(), "state_key_bytes_max", limits.state_key_bytes_max) {
            return Ok(Err(error));
        }
        if let Some(value) = self.changes.get(key).or_else(|| self.earlier.get(key)) {
            return Ok(Ok(value.clone()));
        }
        store.get(key).map(Ok).map_err(HostFault::State)
    }

    pub(crate) fn change(&mut self, key: String, value: Option<Vec<u8>>, limits: &Limits) -> Result<(), StateError> {
        let value_bytes = value.as_ref().map_or(0, Vec::len);
        within("the key", key.len(), "state_key_bytes_max", limits.state_key_bytes_max)?;
        within("the value", value_bytes, "state_value_bytes_max", limits.state_value_bytes_max)?;
        // Counted by what was asked, not by what is left of it: that bounds the work as well.
        let changed_bytes = self.changed_bytes + key.len() + value_bytes;
        within("what this call changes", changed_bytes, "state_change_bytes_max", limits.state_change_bytes_max)?;
        self.changed_bytes = changed_bytes;
        self.changes.insert(key, value.map(Bytes::from));
        Ok(())
    }
}

/// The outer error ends the call, the inner one is the guest's to handle.
type Read = Result<Result<Option<Bytes>, StateError>, HostFault>;

fn within(what: &str, bytes: usize, limit: &str, bytes_max: usize) -> Result<(), StateError> {
    if bytes <= bytes_max {
        return Ok(());
    }
    Err(StateError::TooLarge(format!("{what} has {bytes} bytes, at most {bytes_max} are allowed ({limit})")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_sees_its_own_changes_then_earlier_ones_then_the_store() {
        let (limits, store) = (Limits::default(), MemoryState::default());
        let value = |text: &str| Some(Bytes::from(text.to_owned()));
        store.apply(["a", "b", "c"].map(|key| StateChange { key: key.into(), value: value("store") }).into());
        let mut book =
            StateBook::after(Changes::from([("b".into(), value("earlier")), ("c".into(), value("earlier"))]));
        book.change("c".into(), None, &limits).unwrap();

        let read = |key| book.get(key, &store, &limits).unwrap().unwrap();
        assert_eq!((read("a"), read("b"), read("c"), read("d")), (value("store"), value("earlier"), None, None));
    }

    #[test]
    fn each_limit_is_named() {
        let limits = Limits {
            state_key_bytes_max: 4,
            state_value_bytes_max: 8,
            state_change_bytes_max: 10,
            ..Limits::default()
        };
        let mut book = StateBook::default();
        let mut refusal = |key: &str, bytes: usize| match book.change(key.into(), Some(vec![0; bytes]), &limits) {
            Err(StateError::TooLarge(reason)) => reason,
            other => panic!("{other:?}"),
        };
        assert!(refusal("longer", 1).contains("state_key_bytes_max"));
        assert!(refusal("k", 9).contains("the value has 9 bytes, at most 8 are allowed"));
        book.change("k".into(), Some(vec![0; 8]), &limits).unwrap();
        let again = book.change("k".into(), Some(vec![0; 8]), &limits).unwrap_err();
        assert!(matches!(again, StateError::TooLarge(reason) if reason.contains("state_change_bytes_max")));
        assert!(book.get("longer", &MemoryState::default(), &limits).unwrap().is_err());
    }
}

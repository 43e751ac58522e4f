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
    /// How many keys have a value.
    fn keys(&self) -> usize;
    /// How many bytes all keys and values have together, those of other transforms included with which this one shares its room
    /// ([`Limits::state_bytes_max`]).
    fn bytes(&self) -> usize;
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

    fn keys(&self) -> usize {
        self.lock().len()
    }

    fn bytes(&self) -> usize {
        self.lock().iter().map(|(key, value)| key.len() + value.len()).sum()
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
    /// By what all these changes make the state larger, once that was asked.
    growth: Option<Growth>,
}

/// By how much a state becomes larger, or smaller.
#[derive(Clone, Copy, Debug, Default)]
struct Growth {
    keys: isize,
    bytes: isize,
}

impl Growth {
    /// With one value in the place of another, or with none.
    fn and(self, key: &str, before: Option<&Bytes>, after: Option<usize>) -> Growth {
        let signed = |bytes: usize| isize::try_from(bytes).unwrap_or(isize::MAX);
        let bytes = |value: usize| signed(key.len() + value);
        Growth {
            keys: self.keys + isize::from(after.is_some()) - isize::from(before.is_some()),
            bytes: self.bytes + after.map_or(0, bytes) - before.map_or(0, |value| bytes(value.len())),
        }
    }
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

    pub(crate) fn change(
        &mut self,
        key: String,
        value: Option<Vec<u8>>,
        store: &dyn StateReader,
        limits: &Limits,
    ) -> Changed {
        let value_bytes = value.as_ref().map_or(0, Vec::len);
        // Counted by what was asked, not by what is left of it: that bounds the work as well.
        let changed_bytes = self.changed_bytes + key.len() + value_bytes;
        let is_small = within("the key", key.len(), "state_key_bytes_max", limits.state_key_bytes_max)
            .and_then(|()| within("the value", value_bytes, "state_value_bytes_max", limits.state_value_bytes_max))
            .and_then(|()| {
                let (limit, bytes_max) = ("state_change_bytes_max", limits.state_change_bytes_max);
                within("what this call changes", changed_bytes, limit, bytes_max)
            });
        if let Err(error) = is_small {
            return Ok(Err(error));
        }
        let before = match self.changes.get(&key).or_else(|| self.earlier.get(&key)) {
            Some(changed) => changed.clone(),
            None => store.get(&key).map_err(HostFault::State)?,
        };
        let growth = self.growth(store)?;
        let larger = growth.and(&key, before.as_ref(), value.as_ref().map(Vec::len));
        if let Err(error) = has_room(growth, larger, store, limits) {
            return Ok(Err(error));
        }
        self.growth = Some(larger);
        self.changed_bytes = changed_bytes;
        self.changes.insert(key, value.map(Bytes::from));
        Ok(Ok(()))
    }

    fn growth(&self, store: &dyn StateReader) -> Result<Growth, HostFault> {
        if let Some(growth) = self.growth {
            return Ok(growth);
        }
        let mut growth = Growth::default();
        for (key, value) in &self.earlier {
            let before = store.get(key).map_err(HostFault::State)?;
            growth = growth.and(key, before.as_ref(), value.as_ref().map(Bytes::len));
        }
        Ok(growth)
    }
}

/// What makes the state smaller is always taken.
fn has_room(now: Growth, then: Growth, store: &dyn StateReader, limits: &Limits) -> Result<(), StateError> {
    let full =
        |reason: String| Err(StateError::TooLarge(format!("{reason}; delete keys that are not needed any more")));
    let (keys, keys_max) = (store.keys().saturating_add_signed(now.keys), limits.state_keys_max);
    if then.keys > now.keys && keys >= keys_max {
        return full(format!("the state has {keys} keys, at most {keys_max} are allowed (state_keys_max)"));
    }
    let (bytes, bytes_max) = (store.bytes().saturating_add_signed(then.bytes), limits.state_bytes_max);
    if then.bytes > now.bytes && bytes > bytes_max {
        let what = "the keys and values of all states that share this room";
        return full(format!("{what} would have {bytes} bytes, at most {bytes_max} are allowed (state_bytes_max)"));
    }
    Ok(())
}

/// The outer error ends the call, the inner one is the guest's to handle.
pub(crate) type Changed = Result<Result<(), StateError>, HostFault>;

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
        book.change("c".into(), None, &store, &limits).unwrap().unwrap();

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
        let store = MemoryState::default();
        let mut refusal = |key: &str, bytes: usize| match book.change(key.into(), Some(vec![0; bytes]), &store, &limits)
        {
            Ok(Err(StateError::TooLarge(reason))) => reason,
            other => panic!("{other:?}"),
        };
        assert!(refusal("longer", 1).contains("state_key_bytes_max"));
        assert!(refusal("k", 9).contains("the value has 9 bytes, at most 8 are allowed"));
        book.change("k".into(), Some(vec![0; 8]), &store, &limits).unwrap().unwrap();
        let again = book.change("k".into(), Some(vec![0; 8]), &store, &limits).unwrap().unwrap_err();
        assert!(matches!(again, StateError::TooLarge(reason) if reason.contains("state_change_bytes_max")));
        assert!(book.get("longer", &MemoryState::default(), &limits).unwrap().is_err());
    }

    #[test]
    fn the_number_of_keys_is_bounded_and_a_deleted_one_makes_room() {
        let limits = Limits { state_keys_max: 3, ..Limits::default() };
        let store = MemoryState::default();
        store.apply(["a", "b"].map(|key| StateChange { key: key.into(), value: Some("v".into()) }).into());
        // An earlier call of the batch took one away and added two: there are three.
        let set = || Some(Bytes::from("v"));
        let earlier = Changes::from([("a".into(), None), ("c".into(), set()), ("d".into(), set())]);
        let mut book = StateBook::after(earlier);
        let mut change =
            |key: &str, value: Option<&str>| book.change(key.into(), value.map(Into::into), &store, &limits).unwrap();
        let told = change("e", Some("v")).unwrap_err();
        assert!(matches!(told, StateError::TooLarge(told) if told.starts_with("the state has 3 keys, at most 3 are")));
        change("c", Some("another value")).unwrap();
        change("b", None).unwrap();
        change("b", None).unwrap();
        change("e", Some("v")).unwrap();
        change("f", Some("v")).unwrap_err();
    }

    #[test]
    fn the_bytes_are_bounded_and_what_becomes_smaller_makes_room() {
        let limits = Limits { state_bytes_max: 12, ..Limits::default() };
        let store = MemoryState::default();
        store.apply(["a", "b"].map(|key| StateChange { key: key.into(), value: Some("1234".into()) }).into());
        assert_eq!(store.bytes(), 10);
        // An earlier call of the batch has made one value a byte longer: there are 11.
        let earlier = Changes::from([("a".into(), Some(Bytes::from("12345")))]);
        let mut book = StateBook::after(earlier);
        let mut change =
            |key: &str, value: Option<&str>| book.change(key.into(), value.map(Into::into), &store, &limits).unwrap();
        let told = change("c", Some("v")).unwrap_err();
        let StateError::TooLarge(told) = told else { panic!("{told:?}") };
        assert!(told.contains("would have 13 bytes, at most 12 are allowed (state_bytes_max)"), "{told}");
        change("a", Some("123456")).unwrap();
        change("a", Some("1234567")).unwrap_err();
        change("b", Some("")).unwrap();
        change("c", Some("123")).unwrap();
        change("d", Some("")).unwrap_err();
        change("a", None).unwrap();
        change("d", Some("123456")).unwrap();
    }
}

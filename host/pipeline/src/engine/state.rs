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
}

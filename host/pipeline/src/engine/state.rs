//! A stage's state in one lane: what is lasting, and what the record in work wants changed. Changes become lasting when the record is settled, never
//! before. In memory: what a committer writes down is put back at the next start, else it is lost with the process.

use std::{
    collections::BTreeMap,
    error::Error,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use irongate_runtime::{StateChange, StateReader};

pub(crate) struct LaneState {
    values: Mutex<Values>,
    room: Arc<StateRoom>,
}

/// What all states of a pipeline have together: every stage's in every lane.
#[derive(Default)]
pub(crate) struct StateRoom {
    bytes: AtomicUsize,
}

#[derive(Default)]
struct Values {
    lasting: BTreeMap<String, Bytes>,
    pending: BTreeMap<String, Option<Bytes>>,
}

impl Values {
    fn get(&self, key: &str) -> Option<&Bytes> {
        self.pending.get(key).map_or_else(|| self.lasting.get(key), Option::as_ref)
    }
}

impl StateRoom {
    /// A value of a key is in the place of another, or of none.
    fn exchange(&self, key: &str, before: Option<&Bytes>, after: Option<&Bytes>) {
        let bytes = |value: Option<&Bytes>| value.map_or(0, |value| key.len() + value.len());
        self.bytes.fetch_add(bytes(after), Ordering::Relaxed);
        self.bytes.fetch_sub(bytes(before), Ordering::Relaxed);
    }
}

impl LaneState {
    /// A state without values, which shares this room.
    pub(crate) fn within(room: &Arc<StateRoom>) -> LaneState {
        LaneState { values: Mutex::default(), room: Arc::clone(room) }
    }

    /// Notes changes; the next call of the stage sees them.
    pub(crate) fn note(&self, changes: Vec<StateChange>) {
        let values = &mut *self.lock();
        for StateChange { key, value } in changes {
            self.room.exchange(&key, values.get(&key), value.as_ref());
            values.pending.insert(key, value);
        }
    }

    /// What was noted and is not lasting yet.
    pub(crate) fn pending(&self) -> Vec<(String, Option<Bytes>)> {
        self.lock().pending.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// Puts back what was lasting before the process ended.
    pub(crate) fn restore(&self, key: String, value: Bytes) {
        let values = &mut *self.lock();
        self.room.exchange(&key, values.get(&key), Some(&value));
        values.lasting.insert(key, value);
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
        let values = &mut *self.lock();
        for (key, value) in std::mem::take(&mut values.pending) {
            self.room.exchange(&key, value.as_ref(), values.lasting.get(&key));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Values> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateReader for LaneState {
    fn get(&self, key: &str) -> Result<Option<Bytes>, Box<dyn Error + Send + Sync>> {
        Ok(self.lock().get(key).cloned())
    }

    fn keys(&self) -> usize {
        let values = self.lock();
        let is_new = |key: &String| !values.lasting.contains_key(key);
        let added = values.pending.iter().filter(|(key, value)| value.is_some() && is_new(key)).count();
        let gone = values.pending.iter().filter(|(key, value)| value.is_none() && !is_new(key)).count();
        values.lasting.len() + added - gone
    }

    fn bytes(&self) -> usize {
        self.room.bytes.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Format, PipelineConfig};

    fn change(key: &str, value: Option<&str>) -> StateChange {
        StateChange { key: key.to_owned(), value: value.map(|value| Bytes::from(value.to_owned())) }
    }

    #[test]
    fn the_bytes_of_all_states_that_share_a_room_are_counted() {
        let room = Arc::new(StateRoom::default());
        let (one, other) = (LaneState::within(&room), LaneState::within(&room));
        one.restore("a".to_owned(), Bytes::from("123"));
        other.note(vec![change("bc", Some("1"))]);
        assert_eq!((one.bytes(), other.bytes()), (7, 7));
        one.note(vec![change("a", Some("12345")), change("d", Some("")), change("none", None)]);
        assert_eq!(other.bytes(), 10);
        one.note(vec![change("a", None)]);
        assert_eq!(other.bytes(), 4);
        one.discard();
        assert_eq!(other.bytes(), 7);
        other.commit();
        other.discard();
        assert_eq!(one.bytes(), 7);
        other.note(vec![change("bc", None)]);
        other.commit();
        assert_eq!(one.bytes(), 4);
    }

    #[test]
    fn keys_are_counted_with_what_is_not_lasting_yet() {
        let state = LaneState::within(&Arc::default());
        state.restore("a".to_owned(), Bytes::from("1"));
        state.note(vec![change("a", Some("2")), change("b", Some("1")), change("c", None)]);
        assert_eq!(state.keys(), 2);
        state.note(vec![change("a", None)]);
        assert_eq!(state.keys(), 1);
        state.discard();
        assert_eq!(state.keys(), 1);
    }

    #[test]
    fn the_stages_of_a_pipeline_share_the_room_for_their_states() {
        let parse = |more: &str| {
            let stage =
                |id: &str| format!("[[pipeline.stages]]\nid = \"{id}\"\nuses = \"x.wasm\"\non_error = \"drop\"\n");
            let to = "[[pipeline.to]]\ntopic = \"/default/b\"\non_error = \"drop\"\n";
            let head = format!("[pipeline]\nname = \"p\"\nfrom = \"/default/a\"\n{more}\n");
            let text = [&head, &*stage("one"), &stage("two"), to].concat();
            PipelineConfig::parse(&text, Format::Toml, Path::new(""))
        };
        let bytes_of = |more: &str| {
            let config = parse(more).expect("it is right");
            config.stages.iter().map(|stage| stage.limits.state_bytes_max).collect::<Vec<_>>()
        };
        assert_eq!(bytes_of(""), [256 << 20; 2]);
        assert_eq!(bytes_of("state_bytes = \"1MiB\""), [1 << 20; 2]);
        let told = parse("state_bytes = \"5GiB\"").expect_err("it is too much").remove(0).to_string();
        assert_eq!(told, "4:15: pipeline.state_bytes: 5GiB is out of bounds: from 1 to 4294967296 bytes");
    }
}

//! What a run leaves behind when it does not come to its end, so that --resume can go on: which messages were
//! acknowledged, and the seed they were made with. Local, small, and gone once all is sent.

use crate::hash::fnv_1a;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Numbers of acknowledged messages, as ranges with both ends: few, because almost all is acknowledged in order.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Acknowledged(BTreeMap<u64, u64>);

impl Acknowledged {
    pub(super) fn insert(&mut self, number: u64) {
        let mut first = number;
        let mut last = number;
        if let Some((&before, &end)) = self.0.range(..=number).next_back() {
            if end >= number {
                return;
            }
            if end + 1 == number {
                first = before;
            }
        }
        if let Some(&end) = self.0.get(&(number + 1)) {
            self.0.remove(&(number + 1));
            last = end;
        }
        self.0.insert(first, last);
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        self.0.range(..=number).next_back().is_some_and(|(_, &end)| end >= number)
    }

    pub(super) fn count(&self) -> u64 {
        self.0.iter().map(|(first, last)| last - first + 1).sum()
    }
}

/// The content of the file.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct State {
    pub(super) seed: u64,
    pub(super) acknowledged: Acknowledged,
}

/// The file of one command.
#[derive(Clone, Debug)]
pub(super) struct StateFile(PathBuf);

impl StateFile {
    /// The same arguments and inputs have the same file. `None` where the user has no folder for it.
    pub(super) fn of(identity: &[String]) -> Option<Self> {
        let folder = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
        let folder = folder.or_else(|| Some(std::env::home_dir()?.join(".local").join("state")))?;
        let name = format!("{:016x}.json", fnv_1a(identity.join("\0").as_bytes()));
        Some(Self(folder.join("irongate").join("produce").join(name)))
    }

    /// What the last run left; `None` where it left nothing.
    pub(super) fn read(&self) -> Result<Option<State>> {
        match std::fs::read(&self.0) {
            Ok(text) => {
                let state = serde_json::from_slice(&text);
                state.map(Some).with_context(|| format!("{} cannot be resumed from; remove it", self.0.display()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", self.0.display())),
        }
    }

    /// Replaces the file as a whole.
    pub(super) fn write(&self, state: &State) -> Result<()> {
        let write = || -> std::io::Result<()> {
            if let Some(folder) = self.0.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let partial = self.0.with_extension("partial");
            std::fs::write(&partial, serde_json::to_vec(state)?)?;
            std::fs::rename(partial, &self.0)
        };
        write().with_context(|| format!("cannot write {}", self.0.display()))
    }

    pub(super) fn remove(&self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_grow_together() {
        let mut acknowledged = Acknowledged::default();
        for number in [1, 2, 5, 4, 9, 3, 2] {
            acknowledged.insert(number);
        }
        assert_eq!(acknowledged.0, BTreeMap::from([(1, 5), (9, 9)]));
        assert_eq!(acknowledged.count(), 6);
        for number in 0..12 {
            assert_eq!(acknowledged.contains(number), (1..=5).contains(&number) || number == 9, "{number}");
        }
    }

    #[test]
    fn any_order_gives_the_same_ranges() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..100 {
            let mut numbers: Vec<u64> = (1..=60).collect();
            random.shuffle(&mut numbers);
            let mut acknowledged = Acknowledged::default();
            numbers.iter().take(40).for_each(|&number| acknowledged.insert(number));
            let expected: Vec<bool> = (1..=60).map(|number| numbers[..40].contains(&number)).collect();
            assert_eq!((1..=60).map(|number| acknowledged.contains(number)).collect::<Vec<_>>(), expected);
            assert_eq!(acknowledged.count(), 40);
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = StateFile(folder.path().join("deep").join("x.json"));
        assert!(file.read().expect("nothing").is_none());
        let mut state = State { seed: u64::MAX, ..State::default() };
        state.acknowledged.insert(3);
        file.write(&state).expect("written");
        let read = file.read().expect("read").expect("a state");
        assert_eq!((read.seed, read.acknowledged), (u64::MAX, state.acknowledged));
        file.remove();
        assert!(file.read().expect("nothing").is_none());
    }
}

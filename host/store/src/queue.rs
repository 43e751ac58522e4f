//! The bounded queue between callers and the committer. It orders and bounds commits;
//! it writes nothing.

use crate::commit::{Commit, Staged};
use crate::{StoreError, StoreOptions};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Default)]
struct State {
    commits: std::collections::VecDeque<Commit>,
    records: usize,
    bytes: usize,
    staged: Vec<Arc<dyn Staged>>,
    staged_since: Option<Instant>,
    closed: bool,
    failure: Option<Arc<str>>,
}

/// What the committer writes next.
#[derive(Default)]
pub(crate) struct Group {
    pub(crate) commits: Vec<Commit>,
    pub(crate) staged: Vec<Arc<dyn Staged>>,
}

impl Group {
    pub(crate) fn is_empty(&self) -> bool {
        self.commits.is_empty() && self.staged.is_empty()
    }
}

pub(crate) struct Queue {
    state: Mutex<State>,
    work: Condvar,
    room: Condvar,
    records_max: usize,
    bytes_max: usize,
    group_bytes_max: usize,
    staged_delay_max: Duration,
}

impl Queue {
    pub(crate) fn new(options: &StoreOptions) -> Self {
        Self {
            state: Mutex::default(),
            work: Condvar::new(),
            room: Condvar::new(),
            records_max: options.queue_records_max,
            bytes_max: options.queue_bytes_max,
            group_bytes_max: options.group_bytes_max,
            staged_delay_max: Duration::from_millis(options.staged_delay_max_ms),
        }
    }

    // A panic while the lock was held cannot leave the state half-changed: nothing in
    // the locked sections runs foreign code.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues the commit, waiting for room when `wait`; else hands it back when full.
    pub(crate) fn push(&self, commit: Commit, wait: bool) -> Result<(), (Commit, StoreError)> {
        let (records, bytes) = (commit.records(), commit.bytes());
        if bytes > self.bytes_max || records > self.records_max {
            return Err((commit, StoreError::CommitTooLarge { bytes, bytes_max: self.bytes_max }));
        }
        let mut state = self.lock();
        loop {
            if let Some(error) = state.refusal() {
                return Err((commit, error));
            }
            if state.records + records <= self.records_max && state.bytes + bytes <= self.bytes_max {
                break;
            }
            if !wait {
                let error = StoreError::QueueFull { records: state.records, bytes: state.bytes };
                return Err((commit, error));
            }
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.records += records;
        state.bytes += bytes;
        state.commits.push_back(commit);
        drop(state);
        self.work.notify_one();
        Ok(())
    }

    /// Adds a staged document; the caller sees to it that each is in here at most once.
    pub(crate) fn stage(&self, staged: Arc<dyn Staged>) -> Result<(), StoreError> {
        let mut state = self.lock();
        if let Some(error) = state.refusal() {
            return Err(error);
        }
        state.staged.push(staged);
        let first = state.staged_since.is_none();
        state.staged_since.get_or_insert_with(Instant::now);
        drop(state);
        if first {
            self.work.notify_one();
        }
        Ok(())
    }

    /// Waits for work; without `wait` the group may be empty.
    /// `None` when closed and empty.
    pub(crate) fn next_group(&self, wait: bool) -> Option<Group> {
        let mut state = self.lock();
        loop {
            if !state.commits.is_empty() {
                break;
            }
            if !wait && !state.closed {
                break;
            }
            let age = state.staged_since.map(|since| since.elapsed());
            state = match age {
                Some(_) if state.closed => break,
                Some(age) if age >= self.staged_delay_max => break,
                Some(age) => {
                    let rest = self.staged_delay_max - age;
                    self.work.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0
                }
                None if state.closed => return None,
                None => self.work.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        let mut group = Group { commits: Vec::new(), staged: std::mem::take(&mut state.staged) };
        state.staged_since = None;
        let mut group_bytes = 0;
        while let Some(commit) = state.commits.front() {
            let bytes = commit.bytes();
            if !group.commits.is_empty() && group_bytes + bytes > self.group_bytes_max {
                break;
            }
            group_bytes += bytes;
            group.commits.extend(state.commits.pop_front());
        }
        Some(group)
    }

    /// Staged documents that could not be written now; a closed queue drops them.
    pub(crate) fn restage(&self, staged: Vec<Arc<dyn Staged>>) {
        let mut state = self.lock();
        if !state.closed && !staged.is_empty() {
            state.staged.extend(staged);
            state.staged_since.get_or_insert_with(Instant::now);
        }
    }

    /// Gives back the room of a finished group.
    pub(crate) fn release(&self, records: usize, bytes: usize) {
        let mut state = self.lock();
        state.records -= records;
        state.bytes -= bytes;
        drop(state);
        self.room.notify_all();
    }

    /// Refuses everything from now on, and hands out what was waiting.
    pub(crate) fn fail(&self, reason: Arc<str>) -> Vec<Commit> {
        let mut state = self.lock();
        state.failure.get_or_insert(reason);
        state.staged.clear();
        state.staged_since = None;
        let waiting = std::mem::take(&mut state.commits).into();
        drop(state);
        self.room.notify_all();
        waiting
    }

    /// Takes nothing more; what is queued is still written.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.work.notify_all();
        self.room.notify_all();
    }

    pub(crate) fn failure(&self) -> Option<Arc<str>> {
        self.lock().failure.clone()
    }

    /// Records and bytes waiting or being written.
    pub(crate) fn depth(&self) -> (usize, usize) {
        let state = self.lock();
        (state.records, state.bytes)
    }
}

impl State {
    fn refusal(&self) -> Option<StoreError> {
        match &self.failure {
            Some(reason) => Some(StoreError::Poisoned { reason: Arc::clone(reason) }),
            None if self.closed => Some(StoreError::Closed),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Append;
    use bytes::Bytes;

    fn commit(bytes: usize) -> Commit {
        Commit::new(vec![Append { log: 0, record: Bytes::from(vec![0; bytes]) }], Vec::new(), |_| {})
    }

    #[test]
    fn a_full_queue_hands_the_commit_back_and_says_how_full() {
        let options = StoreOptions { queue_records_max: 2, ..StoreOptions::default() };
        let queue = Queue::new(&options);
        assert!(queue.push(commit(1), false).is_ok());
        assert!(queue.push(commit(1), false).is_ok());
        let (_, error) = queue.push(commit(1), false).err().unwrap();
        assert_eq!(error.to_string(), "the commit queue is full: 2 records, 130 bytes waiting");
    }

    #[test]
    fn a_waiting_push_goes_on_when_a_group_is_done() {
        let options = StoreOptions { queue_records_max: 1, ..StoreOptions::default() };
        let queue = Queue::new(&options);
        assert!(queue.push(commit(1), false).is_ok());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| queue.push(commit(2), true).is_ok());
            let group = queue.next_group(true).unwrap();
            queue.release(group.commits[0].records(), group.commits[0].bytes());
            assert!(waiting.join().unwrap());
        });
        assert_eq!(queue.depth().0, 1);
    }

    #[test]
    fn a_group_is_bounded_in_bytes_but_takes_one_large_commit() {
        let options = StoreOptions { group_bytes_max: 1000, ..StoreOptions::default() };
        let queue = Queue::new(&options);
        for bytes in [2000, 400, 400, 400] {
            assert!(queue.push(commit(bytes), false).is_ok());
        }
        let sizes: Vec<usize> = (0..3).map(|_| queue.next_group(true).unwrap().commits.len()).collect();
        assert_eq!(sizes, [1, 2, 1]);
    }

    #[test]
    fn a_commit_over_the_queue_is_refused_with_its_size() {
        let options = StoreOptions { queue_bytes_max: 100, ..StoreOptions::default() };
        let (_, error) = Queue::new(&options).push(commit(100), true).err().unwrap();
        assert_eq!(error.to_string(), "the commit has 164 bytes, the limit is 100");
    }
}

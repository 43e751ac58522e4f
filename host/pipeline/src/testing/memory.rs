//! A source and targets in memory, for tests: they keep what they were given, deliver again what was let go, and fail when a test says so.

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Notify;

use super::fault::{FaultKind, Faults};
use crate::engine::{Acknowledger, Arrived, Outgoing, Pending, PortError, Position, SendError, Source, Target};

/// A source of some records, and the books of what was acknowledged. Ends when every record is.
#[derive(Clone, Default)]
pub struct MemorySource {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    queues: Mutex<Queues>,
    changed: Notify,
}

#[derive(Default)]
struct Queues {
    waiting: VecDeque<Arrived>,
    out: Vec<Arrived>,
    acknowledged: BTreeSet<Position>,
    pulled: u64,
    stays_open: bool,
}

impl MemorySource {
    /// Of these records, in this order.
    #[must_use]
    pub fn of(records: Vec<Arrived>) -> MemorySource {
        let source = MemorySource::default();
        source.lock().waiting = records.into();
        source
    }

    /// Does not end when every record is acknowledged.
    #[must_use]
    pub fn staying_open(self) -> MemorySource {
        self.lock().stays_open = true;
        self
    }

    /// What was acknowledged.
    #[must_use]
    pub fn acknowledged(&self) -> BTreeSet<Position> {
        self.lock().acknowledged.clone()
    }

    /// How many records were taken out, copies included.
    #[must_use]
    pub fn pulled(&self) -> u64 {
        self.lock().pulled
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Queues> {
        self.shared.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next record, or whether there will be none.
    fn take(&self) -> Option<Option<Arrived>> {
        let mut queues = self.lock();
        if let Some(arrived) = queues.waiting.pop_front() {
            queues.pulled += 1;
            queues.out.push(arrived.clone());
            return Some(Some(arrived));
        }
        (queues.out.is_empty() && !queues.stays_open).then_some(None)
    }
}

impl Source for MemorySource {
    fn next(&mut self) -> Pending<'_, Result<Option<Arrived>, PortError>> {
        Box::pin(async {
            loop {
                let changed = self.shared.changed.notified();
                if let Some(taken) = self.take() {
                    return Ok(taken);
                }
                changed.await;
            }
        })
    }

    fn let_go(&mut self) -> Pending<'_, Result<(), PortError>> {
        Box::pin(async {
            let queues = &mut *self.lock();
            let mut waiting: Vec<Arrived> = queues.out.drain(..).chain(queues.waiting.drain(..)).collect();
            // In the order of the log, as a broker delivers.
            waiting.sort_by(|a, b| a.position.cmp(&b.position));
            queues.waiting = waiting.into();
            Ok(())
        })
    }
}

impl Acknowledger for MemorySource {
    fn acknowledge<'a>(&'a self, position: &'a Position) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async {
            let mut queues = self.lock();
            queues.out.retain(|arrived| arrived.position != *position);
            queues.acknowledged.insert(position.clone());
            drop(queues);
            self.shared.changed.notify_one();
            Ok(())
        })
    }
}

/// A target that keeps what it took.
#[derive(Clone)]
pub struct MemoryTarget {
    topic: String,
    faults: Arc<Faults>,
    taken: Arc<Mutex<Vec<Outgoing>>>,
}

impl MemoryTarget {
    pub(crate) fn new(topic: &str, faults: Arc<Faults>) -> MemoryTarget {
        MemoryTarget { topic: topic.to_owned(), faults, taken: Arc::default() }
    }

    /// What it took, in order.
    #[must_use]
    pub fn taken(&self) -> Vec<Outgoing> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn take(&self, outgoing: &Outgoing) -> Result<(), SendError> {
        let is_ours = |kind: &FaultKind| match kind {
            FaultKind::Produce(topic) | FaultKind::Refuse(topic) => *topic == self.topic,
            _ => false,
        };
        match self.faults.take(Some(outgoing.origin.offset), is_ours) {
            Some(FaultKind::Refuse(_)) => Err(SendError::Refused("the test refuses it".to_owned())),
            Some(_) => Err(SendError::Later("the test cuts the connection".to_owned())),
            None => {
                self.taken.lock().unwrap_or_else(PoisonError::into_inner).push(outgoing.clone());
                Ok(())
            }
        }
    }
}

impl Target for MemoryTarget {
    fn send<'a>(&'a self, batch: &'a [Outgoing]) -> Pending<'a, Vec<Result<(), SendError>>> {
        Box::pin(async {
            let mut failed: HashSet<Option<&str>> = HashSet::new();
            let take = |outgoing: &'a Outgoing| {
                if failed.contains(&outgoing.key.as_deref()) {
                    return Err(SendError::NotTried);
                }
                let taken = self.take(outgoing);
                if matches!(taken, Err(SendError::Later(_))) {
                    failed.insert(outgoing.key.as_deref());
                }
                taken
            };
            batch.iter().map(take).collect()
        })
    }
}

//! Runs a pipeline: pulls records while there is room, hands each to its lane, and drains when it is told to stop. Knows no network and no broker:
//! both are behind the ports.
//!
//! The delivery rules that tests name are kept here: S1 to S4 and S8 in `lane` and `at_once`, S2 in `delivery`, S5, S10 and S14 in `book`,
//! S6 by lanes and by `outage`, S9 in `delivery`, `chain` and `outage`, S12 in `chain` and the runtime, S11 and S13 in this file.

mod at_once;
pub(crate) mod book;
mod chain;
pub(crate) mod delivery;
mod lane;
mod outage;
mod plan;
mod ports;
mod state;

pub use book::{Books, Counts};
pub use plan::Plan;
pub use ports::{
    Acknowledger, Arrived, Batch, CommitError, Committer, Outgoing, Pending, PortError, Position, SendError, Source,
    Stage, StateWrite, Target,
};

pub(crate) use plan::{LaneStages, OpenDeadLetter, OpenTarget, StageTerms, Terms};
pub(crate) use state::LaneState;

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
};

use book::{Admission, Book};
use lane::{Job, Lane, key_of};
use outage::Outage;

use crate::{
    error::EngineError,
    limits::{STALLED_AFTER, WATCH_INTERVAL},
};

/// How a pipeline ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// What became of the records.
    pub counts: Counts,
    /// The offset of each partition before which everything that came is complete.
    pub frontier: BTreeMap<String, u64>,
}

/// Bytes counted for a record beside its texts.
const RECORD_OVERHEAD_BYTES: usize = 256;

/// Runs a pipeline until its source ends or `stop` resolves. Then no more is pulled, and what is in flight has the plan's drain time to finish; the
/// rest stays unacknowledged and is counted as in flight.
///
/// # Errors
/// A stage cannot be run, or the source is lost. Nothing in flight was acknowledged for it.
pub async fn run(
    plan: Plan,
    mut source: Box<dyn Source>,
    acknowledger: Arc<dyn Acknowledger>,
    stop: impl Future<Output = ()>,
) -> Result<Ended, EngineError> {
    let (book, terms) = (plan.book, plan.terms);
    let mut lanes = JoinSet::new();
    let mut feeder = Feeder {
        slots: Arc::new(Semaphore::new(terms.in_flight.records)),
        room: Arc::new(Semaphore::new(terms.in_flight.bytes)),
        room_bytes: terms.in_flight.bytes,
        book: Arc::clone(&book),
        acknowledger: Arc::clone(&acknowledger),
        outage: Arc::default(),
        in_flight_records: terms.in_flight.records,
        give_back_delay: terms.give_back_delay,
        lanes: Vec::new(),
    };
    for (number, stages) in plan.lanes.into_iter().enumerate() {
        // As deep as the window, so that a busy lane does not keep others from their records.
        let (sender, jobs) = mpsc::channel(terms.in_flight.records);
        feeder.lanes.push(sender);
        let (terms, book, acknowledger) = (Arc::clone(&terms), Arc::clone(&book), Arc::clone(&acknowledger));
        let committer = plan.committer.clone();
        let outage = Arc::clone(&feeder.outage);
        lanes.spawn(Lane { number, terms, stages, committer, book, acknowledger, jobs, outage }.work());
    }
    let mut stop = pin!(stop);
    // Apart from the feeding, which must not be interrupted; it ends with this function.
    let mut watching = JoinSet::new();
    watching.spawn(watch(Arc::clone(&book)));
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            ended = lanes.join_next() => match ended {
                Some(ended) => of_lane(ended)?,
                None => break,
            },
            fed = feeder.feed(source.as_mut()) => if !fed? { break },
        }
    }
    drop(feeder);
    let drained = tokio::time::timeout(terms.drain, async {
        while let Some(ended) = lanes.join_next().await {
            of_lane(ended)?;
        }
        Ok::<(), EngineError>(())
    });
    if let Ok(ended) = drained.await {
        ended?;
    }
    lanes.shutdown().await;
    Ok(Ended { counts: book.counts(), frontier: book.frontier() })
}

/// Says which partitions stand still.
async fn watch(book: Arc<Book>) {
    let mut ticks = tokio::time::interval(WATCH_INTERVAL);
    loop {
        ticks.tick().await;
        for (topic, oldest) in book.stalled(STALLED_AFTER) {
            let seconds = STALLED_AFTER.as_secs();
            tracing::warn!(topic, oldest, "nothing of this partition was settled for {seconds} s");
        }
    }
}

fn of_lane(ended: Result<Result<(), EngineError>, tokio::task::JoinError>) -> Result<(), EngineError> {
    ended.map_err(|error| EngineError::Lane { reason: error.to_string() })?
}

/// Hands records to lanes.
struct Feeder {
    slots: Arc<Semaphore>,
    room: Arc<Semaphore>,
    room_bytes: usize,
    book: Arc<Book>,
    acknowledger: Arc<dyn Acknowledger>,
    outage: Arc<Outage>,
    in_flight_records: usize,
    give_back_delay: Duration,
    lanes: Vec<mpsc::Sender<Job>>,
}

impl Feeder {
    /// Pulls one record, once there is room for one. Answers whether there may be more. Dropped half-way, it leaves a record at most unacknowledged.
    async fn feed(&self, source: &mut dyn Source) -> Result<bool, EngineError> {
        let closed = |_| EngineError::Lane { reason: "its queue is closed".to_owned() };
        let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(closed)?;
        let arrived = tokio::select! {
            biased;
            () = self.outage.begun() => {
                drop(slot);
                return self.sit_out(source).await.map(|()| true);
            }
            arrived = source.next() => arrived?,
        };
        let Some(arrived) = arrived else { return Ok(false) };
        match self.book.admit(&arrived.position) {
            Admission::New => {}
            Admission::Copy => return Ok(true),
            Admission::Settled => {
                if self.acknowledger.acknowledge(&arrived.position).await.is_err() {
                    self.book.remember_settled(&arrived.position);
                }
                return Ok(true);
            }
        }
        let bytes = bytes_of(&arrived);
        // A record larger than all the room takes all of it: one is always admitted.
        let permits = u32::try_from(bytes.min(self.room_bytes)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(permits).await.map_err(closed)?;
        let lane = &self.lanes[lane_of(&arrived, self.lanes.len())];
        let gone = |_| EngineError::Lane { reason: "its queue is closed".to_owned() };
        lane.send(Job { arrived, bytes, slot, room }).await.map_err(gone)?;
        Ok(true)
    }

    /// Lets everything go that is not settled, and stays away for a while.
    async fn sit_out(&self, source: &mut dyn Source) -> Result<(), EngineError> {
        let closed = |_| EngineError::Lane { reason: "its queue is closed".to_owned() };
        let all = u32::try_from(self.in_flight_records).unwrap_or(u32::MAX);
        // No record is in work once every slot is free.
        drop(self.slots.acquire_many(all).await.map_err(closed)?);
        source.let_go().await?;
        tokio::time::sleep(self.outage.pause(self.give_back_delay)).await;
        self.outage.end();
        Ok(())
    }
}

fn bytes_of(arrived: &Arrived) -> usize {
    let record = &arrived.record;
    let attributes: usize = record.attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
    record.payload.len() + attributes + record.key.as_ref().map_or(0, String::len) + RECORD_OVERHEAD_BYTES
}

/// The lane of a record: the same for the same key; for records without one the same for a partition.
pub(crate) fn lane_of(arrived: &Arrived, lanes: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    match key_of(arrived) {
        (_, Some(key)) => key.hash(&mut hasher),
        (topic, None) => topic.hash(&mut hasher),
    }
    usize::try_from(hasher.finish() % lanes as u64).unwrap_or_default()
}

//! Sends the load: in an open loop by the clock, in a closed loop by acknowledgements. Hands every call's times on and
//! counts nothing.

use crate::{LoadError, Pace};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;

/// The attribute by which an arriving message is known: the run, and when the message was due, in microseconds of it.
pub const DUE_ATTRIBUTE: &str = "irongate-load";
/// Finished calls that wait to be counted.
pub(crate) const CALLS_MAX: usize = 1_024;
/// How long the clock's thread may not notice that the run has been stopped.
const STOP_NOTICED: Duration = Duration::from_millis(50);

/// Why a message was not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// A gRPC code as the protocol writes it: `PERMISSION_DENIED`.
    pub code: String,
    /// In a sentence.
    pub message: String,
}

/// What load is sent to, by one producer. Clones are the same producer.
pub trait Target: Clone + Send + Sync + 'static {
    /// A message that is ready to go.
    type Message: Send + 'static;

    /// How many messages one call may carry.
    fn call_messages_max(&self) -> usize;

    /// Makes the message of this number, counted from 1, with `due` as its attribute [`DUE_ATTRIBUTE`].
    ///
    /// # Errors
    /// [`LoadError::Compose`].
    fn compose(&self, number: u64, due: String) -> Result<Self::Message, LoadError>;

    /// Sends messages, at most [`Self::call_messages_max`] of them, once each. Answers for each whether it failed.
    fn send(&self, messages: Vec<Self::Message>) -> impl Future<Output = Vec<Option<Failure>>> + Send;
}

/// What became of the messages of one call.
pub(crate) struct Call {
    pub(crate) ended: Instant,
    pub(crate) sent: Instant,
    pub(crate) messages: Vec<Sample>,
}

/// One message of a call.
pub(crate) struct Sample {
    pub(crate) due: Instant,
    /// How late the generator itself was with it.
    pub(crate) late: Duration,
    pub(crate) failure: Option<Failure>,
}

/// What all producers of a run share.
pub(crate) struct Drive {
    pub(crate) run_id: String,
    pub(crate) start: Instant,
    pub(crate) end: Option<Instant>,
    pub(crate) count: Option<u64>,
    pub(crate) in_flight: usize,
    pub(crate) next: AtomicU64,
    pub(crate) is_stopped: AtomicBool,
    /// Microseconds that the open loop waited because too much was under way.
    pub(crate) held_back_us: AtomicU64,
}

/// A message with its time.
struct Due<M> {
    message: M,
    due: Instant,
    late: Duration,
}

impl Drive {
    /// The number of the next message that is sent now; `None` at the end of the run.
    fn take_now(&self) -> Option<u64> {
        if self.end.is_some_and(|end| Instant::now() >= end) { None } else { self.take() }
    }

    /// The number of the next message, whatever the time; `None` once there are enough.
    fn take(&self) -> Option<u64> {
        if self.is_stopped.load(Ordering::Relaxed) {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        self.count.is_none_or(|count| number <= count).then_some(number)
    }

    fn compose<T: Target>(&self, target: &T, number: u64, due: Instant) -> Result<T::Message, LoadError> {
        let due_us = due.saturating_duration_since(self.start).as_micros();
        target.compose(number, format!("{}/{due_us}", self.run_id))
    }

    /// Sends until the end, with a producer for each target.
    pub(crate) async fn run<T: Target>(
        self: Arc<Self>,
        targets: Vec<T>,
        rate: Option<f64>,
        calls: mpsc::Sender<Call>,
    ) -> Result<(), LoadError> {
        let mut lanes = JoinSet::new();
        let mut queues = Vec::new();
        for target in targets {
            let lane = Lane { drive: self.clone(), target: target.clone(), calls: calls.clone(), own: JoinSet::new() };
            if rate.is_some() {
                let (queue, queued) = mpsc::channel(self.in_flight);
                queues.push((target, queue));
                lanes.spawn(lane.follow(queued));
            } else {
                lanes.spawn(lane.by_acknowledgements());
            }
        }
        drop(calls);
        if let Some(rate) = rate {
            let drive = self.clone();
            tokio::task::spawn_blocking(move || drive.by_the_clock(rate, &queues)).await??;
        }
        while let Some(lane) = lanes.join_next().await {
            lane??;
        }
        Ok(())
    }

    /// The open loop, in a thread of its own: the runtime's timers are a millisecond coarse, and what is late here would
    /// look like the server's fault.
    fn by_the_clock<T: Target>(
        &self,
        rate: f64,
        queues: &[(T, mpsc::Sender<Due<T::Message>>)],
    ) -> Result<(), LoadError> {
        // From the start of the run: what becomes due before this thread runs is sent, and is late.
        let pace = Pace::since(self.start, rate);
        let mut free_since = self.start;
        for index in 0.. {
            let due = pace.due(index);
            if self.end.is_some_and(|end| due >= end) {
                return Ok(());
            }
            // What was due before the end is sent, however late it has become.
            if !self.sleep_until(due) {
                return Ok(());
            }
            let Some(number) = self.take() else { return Ok(()) };
            let (target, queue) = &queues[usize::try_from(index % queues.len() as u64).unwrap_or_default()];
            let message = self.compose(target, number, due)?;
            let now = Instant::now();
            // While the loop was held back by the server, the messages that became due were not late by its own fault.
            let late = now.saturating_duration_since(due.max(free_since));
            let full = match queue.try_send(Due { message, due, late }) {
                Ok(()) => continue,
                Err(mpsc::error::TrySendError::Full(due)) => due,
                Err(mpsc::error::TrySendError::Closed(_)) => return Ok(()),
            };
            if queue.blocking_send(full).is_err() {
                return Ok(());
            }
            free_since = Instant::now();
            let held_back = u64::try_from((free_since - now).as_micros()).unwrap_or(u64::MAX);
            self.held_back_us.fetch_add(held_back, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Whether the time has come; not, where the run was stopped before.
    fn sleep_until(&self, due: Instant) -> bool {
        loop {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() || self.is_stopped.load(Ordering::Relaxed) {
                return left.is_zero();
            }
            std::thread::sleep(left.min(STOP_NOTICED));
        }
    }
}

/// One producer.
struct Lane<T> {
    drive: Arc<Drive>,
    target: T,
    calls: mpsc::Sender<Call>,
    own: JoinSet<()>,
}

impl<T: Target> Lane<T> {
    /// Sends what the clock made due, as much in one call as is there.
    async fn follow(mut self, mut queue: mpsc::Receiver<Due<T::Message>>) -> Result<(), LoadError> {
        let room = Arc::new(Semaphore::new(self.drive.in_flight));
        while let Some(first) = queue.recv().await {
            let mut batch = vec![(first, acquire(&room).await)];
            while batch.len() < self.target.call_messages_max() {
                let Ok(permit) = room.clone().try_acquire_owned() else { break };
                let Ok(more) = queue.try_recv() else { break };
                batch.push((more, permit));
            }
            self.call(batch);
        }
        self.finish().await
    }

    /// The closed loop: whatever there is room for.
    async fn by_acknowledgements(mut self) -> Result<(), LoadError> {
        let room = Arc::new(Semaphore::new(self.drive.in_flight));
        loop {
            let mut permits = vec![acquire(&room).await];
            while permits.len() < self.target.call_messages_max() {
                let Ok(permit) = room.clone().try_acquire_owned() else { break };
                permits.push(permit);
            }
            let mut batch = Vec::with_capacity(permits.len());
            for permit in permits {
                let Some(number) = self.drive.take_now() else { break };
                let due = Instant::now();
                batch.push((
                    Due { message: self.drive.compose(&self.target, number, due)?, due, late: Duration::ZERO },
                    permit,
                ));
            }
            if batch.is_empty() {
                return self.finish().await;
            }
            self.call(batch);
        }
    }

    async fn finish(mut self) -> Result<(), LoadError> {
        while self.own.join_next().await.is_some() {}
        Ok(())
    }

    fn call(&mut self, batch: Vec<(Due<T::Message>, OwnedSemaphorePermit)>) {
        while self.own.try_join_next().is_some() {}
        let (target, calls) = (self.target.clone(), self.calls.clone());
        self.own.spawn(async move {
            let (dues, permits): (Vec<_>, Vec<OwnedSemaphorePermit>) = batch.into_iter().unzip();
            let (messages, times): (Vec<T::Message>, Vec<_>) =
                dues.into_iter().map(|due| (due.message, (due.due, due.late))).unzip();
            let sent = Instant::now();
            let failures = target.send(messages).await;
            let ended = Instant::now();
            drop(permits);
            let samples = times.into_iter().zip(failures);
            let messages = samples.map(|((due, late), failure)| Sample { due, late, failure }).collect();
            // Where nobody counts any more the run is over.
            let _ = calls.send(Call { ended, sent, messages }).await;
        });
    }
}

async fn acquire(room: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    room.clone().acquire_owned().await.expect("nobody closes the room of a producer")
}

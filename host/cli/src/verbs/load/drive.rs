//! Sends the load: in an open loop by the clock, in a closed loop by acknowledgements. Hands every call's times on and
//! counts nothing.

use crate::address::ServiceAddr;
use crate::failure::{code_name, sentence};
use crate::messages::composer::Composer;
use crate::pace::Pace;
use crate::sender::{Message, Outcome, RetryPolicy, Sender};
use anyhow::Result;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;

/// The attribute by which an arriving message is known: the run, and when the message was due, in microseconds of it.
pub(super) const DUE_ATTRIBUTE: &str = "irongate-load";
/// Finished calls that wait to be counted.
pub(super) const CALLS_MAX: usize = 1_024;
/// A failure is counted, not repaired.
const NO_RETRIES: RetryPolicy = RetryPolicy { retries_max: 0, step_ms: 0 };

/// What became of the messages of one call.
pub(super) struct Call {
    pub(super) ended: Instant,
    pub(super) sent: Instant,
    pub(super) messages: Vec<Sample>,
}

/// One message of a call.
pub(super) struct Sample {
    pub(super) due: Instant,
    /// How late the generator itself was with it.
    pub(super) late: Duration,
    /// A code, and the sentence.
    pub(super) failure: Option<(String, String)>,
}

/// What all producers of a run share.
pub(super) struct Drive {
    pub(super) composer: Composer,
    pub(super) run_id: String,
    pub(super) start: Instant,
    pub(super) end: Option<Instant>,
    pub(super) count: Option<u64>,
    pub(super) in_flight: usize,
    pub(super) next: AtomicU64,
    pub(super) is_stopped: AtomicBool,
    /// Microseconds that the open loop waited because too much was under way.
    pub(super) held_back_us: AtomicU64,
}

/// A message that is ready to go.
struct Due {
    message: Message,
    due: Instant,
    late: Duration,
}

impl Drive {
    /// The number of the next message; `None` at the end of the run.
    fn take(&self) -> Option<u64> {
        let is_over = self.is_stopped.load(Ordering::Relaxed) || self.end.is_some_and(|end| Instant::now() >= end);
        if is_over {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        self.count.is_none_or(|count| number <= count).then_some(number)
    }

    fn compose(&self, number: u64, due: Instant) -> Result<Message> {
        let mut message = self.composer.message(number)?;
        let due_us = due.saturating_duration_since(self.start).as_micros();
        message.attributes.insert(DUE_ATTRIBUTE.to_owned(), format!("{}/{due_us}", self.run_id));
        Ok(message)
    }

    /// Sends until the end, with a producer for each sender.
    ///
    /// # Errors
    /// A message cannot be made.
    pub(super) async fn run(
        self: Arc<Self>,
        senders: Vec<Sender>,
        address: ServiceAddr,
        rate: Option<f64>,
        calls: mpsc::Sender<Call>,
    ) -> Result<()> {
        let mut lanes = JoinSet::new();
        let mut queues = Vec::new();
        for sender in senders {
            let lane = Lane {
                drive: self.clone(),
                sender,
                address: address.clone(),
                calls: calls.clone(),
                own: JoinSet::new(),
            };
            if rate.is_some() {
                let (queue, queued) = mpsc::channel(self.in_flight);
                queues.push(queue);
                lanes.spawn(lane.follow(queued));
            } else {
                lanes.spawn(lane.as_fast_as_acknowledged());
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
    fn by_the_clock(&self, rate: f64, queues: &[mpsc::Sender<Due>]) -> Result<()> {
        let pace = Pace::of_rate(rate);
        let mut free_since = self.start;
        for index in 0.. {
            let due = pace.due(index);
            if self.end.is_some_and(|end| due >= end) {
                return Ok(());
            }
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let Some(number) = self.take() else { return Ok(()) };
            let message = self.compose(number, due)?;
            let now = Instant::now();
            // While the loop was held back by the server, the messages that became due were not late by its own fault.
            let late = now.saturating_duration_since(due.max(free_since));
            let queue = &queues[usize::try_from(index % queues.len() as u64).unwrap_or_default()];
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
}

/// One producer.
struct Lane {
    drive: Arc<Drive>,
    sender: Sender,
    address: ServiceAddr,
    calls: mpsc::Sender<Call>,
    own: JoinSet<()>,
}

impl Lane {
    /// Sends what the clock made due, as much in one call as is there.
    async fn follow(mut self, mut queue: mpsc::Receiver<Due>) -> Result<()> {
        let room = Arc::new(Semaphore::new(self.drive.in_flight));
        while let Some(first) = queue.recv().await {
            let mut batch = vec![(first, room.clone().acquire_owned().await?)];
            while batch.len() < self.sender.call_messages_max() {
                let Ok(permit) = room.clone().try_acquire_owned() else { break };
                let Ok(more) = queue.try_recv() else { break };
                batch.push((more, permit));
            }
            self.call(batch);
        }
        self.finish().await
    }

    /// The closed loop: whatever there is room for.
    async fn as_fast_as_acknowledged(mut self) -> Result<()> {
        let room = Arc::new(Semaphore::new(self.drive.in_flight));
        loop {
            let mut permits = vec![room.clone().acquire_owned().await?];
            while permits.len() < self.sender.call_messages_max() {
                let Ok(permit) = room.clone().try_acquire_owned() else { break };
                permits.push(permit);
            }
            let mut batch = Vec::with_capacity(permits.len());
            for permit in permits {
                let Some(number) = self.drive.take() else { break };
                let due = Instant::now();
                batch.push((Due { message: self.drive.compose(number, due)?, due, late: Duration::ZERO }, permit));
            }
            if batch.is_empty() {
                return self.finish().await;
            }
            self.call(batch);
        }
    }

    async fn finish(mut self) -> Result<()> {
        while self.own.join_next().await.is_some() {}
        Ok(())
    }

    fn call(&mut self, batch: Vec<(Due, OwnedSemaphorePermit)>) {
        while self.own.try_join_next().is_some() {}
        let (sender, address, calls) = (self.sender.clone(), self.address.clone(), self.calls.clone());
        self.own.spawn(async move {
            let (dues, permits): (Vec<Due>, Vec<OwnedSemaphorePermit>) = batch.into_iter().unzip();
            let (messages, times): (Vec<Message>, Vec<_>) =
                dues.into_iter().map(|due| (due.message, (due.due, due.late))).unzip();
            let sent = Instant::now();
            let outcomes = sender.send(&messages, NO_RETRIES).await;
            let ended = Instant::now();
            drop(permits);
            let failures: Vec<Option<(String, String)>> = match outcomes {
                Ok(outcomes) => outcomes.into_iter().map(|(outcome, _)| failure(outcome)).collect(),
                Err(status) => {
                    let failure = (code_name(status.code() as u32), sentence(&status, &address));
                    vec![Some(failure); messages.len()]
                }
            };
            let samples = times.into_iter().zip(failures);
            let messages = samples.map(|((due, late), failure)| Sample { due, late, failure }).collect();
            // Where nobody counts any more the run is over.
            let _ = calls.send(Call { ended, sent, messages }).await;
        });
    }
}

fn failure(outcome: Outcome) -> Option<(String, String)> {
    match outcome {
        Outcome::Sent(_) => None,
        Outcome::Refused(refused) => Some((code_name(refused.code), refused.message)),
    }
}

//! One producer: takes messages from its queue, sends them in calls, hands on what became of each. Knows neither
//! where messages come from nor how results are printed.

use crate::address::ServiceAddr;
use crate::failure::{code_name, sentence};
use crate::sender::{Message, Outcome, RetryPolicy, Route, Sender};
use irongate_proto::irongate_v1::{Published, Refused, Violation};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tonic::Status;

/// Payload bytes of one call. More would only make the first answer come later.
const CALL_BYTES_MAX: usize = 1 << 20;
/// What Danube brokers say of a payload that breaks its schema.
const DANUBE_INVALID: &str = "Payload validation failed";

/// A message on its way.
pub(super) enum Item {
    Send(Message),
    /// It cannot be sent, for this reason: only its dead letter can.
    Bury(Message, Failed),
}

/// How a run is going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The first message is on its way, alone: what is wrong with it may be wrong with all.
    First,
    Running,
    /// Nothing more is begun.
    Stopping,
}

/// What became of a message.
pub(super) struct Done {
    pub(super) message: Message,
    pub(super) result: Result<Published, Failed>,
}

/// Why a message was not sent.
#[derive(Debug)]
pub(super) struct Failed {
    /// A gRPC code as the protocol writes it, or `INVALID`.
    pub(super) cause: String,
    pub(super) text: String,
    pub(super) violations: Vec<Violation>,
    pub(super) tries: u32,
    /// Whether the next message would fail for the same reason.
    pub(super) is_fatal: bool,
    /// The topic of its dead letter, where one was stored.
    pub(super) buried: Option<String>,
}

/// The cause of a message that breaks its schema.
pub(super) const INVALID_CAUSE: &str = "INVALID";

/// How a lane sends.
#[derive(Clone)]
pub(super) struct Terms {
    pub(super) policy: RetryPolicy,
    pub(super) dead_letters: Option<Arc<Route>>,
    /// Messages under way at once; absent: one call.
    pub(super) in_flight: Option<usize>,
}

/// A producer with its queue.
pub(super) struct Lane {
    pub(super) sender: Sender,
    pub(super) address: ServiceAddr,
    pub(super) terms: Terms,
    pub(super) queue: mpsc::Receiver<Item>,
    pub(super) done: mpsc::Sender<Vec<Done>>,
    pub(super) phase: watch::Receiver<Phase>,
}

impl Failed {
    fn of_status(status: &Status, address: &ServiceAddr, tries: u32) -> Self {
        Self {
            cause: code_name(status.code() as u32),
            text: sentence(status, address),
            violations: Vec::new(),
            tries,
            is_fatal: true,
            buried: None,
        }
    }

    fn of_refusal(refused: Refused, tries: u32) -> Self {
        let is_invalid = !refused.violations.is_empty() || refused.message.contains(DANUBE_INVALID);
        Self {
            cause: if is_invalid { INVALID_CAUSE.to_owned() } else { code_name(refused.code) },
            text: refused.message,
            violations: refused.violations,
            tries,
            is_fatal: false,
            buried: None,
        }
    }

    /// A message that was found invalid here.
    pub(super) fn invalid(text: String, violations: Vec<Violation>) -> Self {
        Self { cause: INVALID_CAUSE.to_owned(), text, violations, tries: 0, is_fatal: false, buried: None }
    }
}

impl Lane {
    /// Runs until the queue ends or the run stops; calls that have begun are waited for.
    pub(super) async fn run(mut self) {
        let call_max = self.sender.call_messages_max();
        let in_flight = self.terms.in_flight.unwrap_or(call_max);
        let batch_max = in_flight.min(call_max);
        let mut calls = JoinSet::new();
        let mut held = None;
        while *self.phase.borrow() != Phase::Stopping {
            let batch = next_batch(&mut self.queue, &mut held, batch_max).await;
            if batch.is_empty() {
                break;
            }
            while calls.len() >= in_flight.div_ceil(batch_max) {
                calls.join_next().await;
            }
            if *self.phase.borrow() == Phase::Stopping {
                break;
            }
            calls.spawn(call(self.sender.clone(), self.address.clone(), self.terms.clone(), batch, self.done.clone()));
        }
        while calls.join_next().await.is_some() {}
    }
}

/// What is there already, up to what one call takes: one message at least, all of one route. Empty at the end.
async fn next_batch(queue: &mut mpsc::Receiver<Item>, held: &mut Option<Item>, batch_max: usize) -> Vec<Item> {
    let first = match held.take() {
        Some(first) => first,
        None => match queue.recv().await {
            Some(first) => first,
            None => return Vec::new(),
        },
    };
    let mut bytes = first.message().payload.len();
    let mut batch = vec![first];
    while batch.len() < batch_max {
        let Ok(item) = queue.try_recv() else { break };
        bytes += item.message().payload.len();
        if bytes > CALL_BYTES_MAX || !item.goes_with(&batch[0]) {
            *held = Some(item);
            break;
        }
        batch.push(item);
    }
    batch
}

impl Item {
    fn message(&self) -> &Message {
        match self {
            Self::Send(message) | Self::Bury(message, _) => message,
        }
    }

    fn goes_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Send(one), Self::Send(two)) => Arc::ptr_eq(&one.route, &two.route),
            (Self::Bury(..), Self::Bury(..)) => true,
            _ => false,
        }
    }
}

/// One call, and a second one for the dead letters of what it could not send.
async fn call(sender: Sender, address: ServiceAddr, terms: Terms, batch: Vec<Item>, done: mpsc::Sender<Vec<Done>>) {
    let mut all = Vec::with_capacity(batch.len());
    let mut messages = Vec::with_capacity(batch.len());
    for item in batch {
        match item {
            Item::Send(message) => messages.push(message),
            Item::Bury(message, failed) => all.push(Done { message, result: Err(failed) }),
        }
    }
    if !messages.is_empty() {
        match sender.send(&messages, terms.policy).await {
            Ok(outcomes) => all.extend(messages.into_iter().zip(outcomes).map(|(message, (outcome, tries))| {
                let result = match outcome {
                    Outcome::Sent(published) => Ok(published),
                    Outcome::Refused(refused) => Err(Failed::of_refusal(refused, tries)),
                };
                Done { message, result }
            })),
            Err(status) => {
                let tries = terms.policy.retries_max + 1;
                let tries = if crate::failure::is_temporary(&status) { tries } else { 1 };
                let failed = |message| Done { message, result: Err(Failed::of_status(&status, &address, tries)) };
                all.extend(messages.into_iter().map(failed));
            }
        }
    }
    if let Some(route) = &terms.dead_letters {
        bury(&sender, route, terms.policy, &mut all).await;
    }
    // Where nobody counts any more the run is over.
    let _ = done.send(all).await;
}

/// Sends the dead letters of all that failed. A failure whose letter is stored is no reason to stop.
async fn bury(sender: &Sender, route: &Arc<Route>, policy: RetryPolicy, all: &mut [Done]) {
    let mut failed: Vec<(Message, &mut Failed)> = Vec::new();
    for done in all {
        if let Err(failure) = &mut done.result {
            failed.push((dead_letter(&done.message, failure, route), failure));
        }
    }
    let mut first = 0;
    while first < failed.len() {
        let last = (first + sender.call_messages_max()).min(failed.len());
        let letters: Vec<Message> = failed[first..last].iter().map(|(letter, _)| letter.clone()).collect();
        let Ok(outcomes) = sender.send(&letters, policy).await else { return };
        for ((_, failure), (outcome, _)) in failed[first..last].iter_mut().zip(outcomes) {
            if let Outcome::Sent(published) = outcome {
                failure.is_fatal = false;
                failure.buried = Some(published.topic);
            }
        }
        first = last;
    }
}

fn dead_letter(message: &Message, failed: &Failed, route: &Arc<Route>) -> Message {
    let mut letter = Message { route: route.clone(), ..message.clone() };
    for (name, value) in [
        ("original_topic", message.route.topic.clone()),
        ("failures", failed.tries.to_string()),
        ("error_code", failed.cause.clone()),
        ("error", failed.text.clone()),
    ] {
        letter.attributes.insert(name.to_owned(), value);
    }
    letter
}

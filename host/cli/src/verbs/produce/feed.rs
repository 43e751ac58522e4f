//! Between the supply and the producers: makes messages in a thread at their pace, and gives each producer its share.

use super::check;
use super::lane::{Failed, Item, Phase};
use super::state::Acknowledged;
use super::supply::{Made, Supply};
use crate::pace::Pacer;
use crate::sender::Message;
use anyhow::Result;
use irongate_load::Pace;
use irongate_proto::irongate_v1::Violation;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, watch};

/// Messages that are made and wait for a producer.
const READ_AHEAD_MESSAGES_MAX: usize = 1_000;

/// What is read, and what of it is left out.
pub(super) struct Reading {
    pub(super) supply: Arc<Supply>,
    pub(super) cycles: u64,
    pub(super) acknowledged: Acknowledged,
    /// Check each message on its way, and go on without those that are invalid.
    pub(super) skip_invalid: bool,
    /// A message is made when it is due: what its template says of the time is true.
    pub(super) pace: Option<Pace>,
}

/// Reads in a thread of its own: standard input may block for ever, and composing takes time.
pub(super) fn read(reading: Reading) -> mpsc::Receiver<Result<Item>> {
    let (sender, receiver) = mpsc::channel(READ_AHEAD_MESSAGES_MAX);
    std::thread::spawn(move || {
        let mut messages = match reading.supply.messages(reading.cycles, true) {
            Ok(messages) => messages,
            Err(error) => {
                let _ = sender.blocking_send(Err(error));
                return;
            }
        };
        let mut pacer = reading.pace.map(Pacer::new);
        loop {
            if let Some(pacer) = &mut pacer {
                std::thread::sleep(pacer.wait(Instant::now()));
            }
            let Some(message) = messages.next() else { return };
            let item = match message {
                Ok(Made::Message(message)) if reading.acknowledged.contains(message.number) => continue,
                Ok(Made::Rejected(message, reason)) => Ok(Item::Bury(message, Failed::invalid(reason, Vec::new()))),
                Ok(Made::Invalid(message, violations)) => Ok(broken(message, violations)),
                Ok(Made::Message(message)) => {
                    Ok(if reading.skip_invalid { checked(message) } else { Item::Send(message) })
                }
                Err(error) => Err(error),
            };
            let is_over = item.is_err();
            if sender.blocking_send(item).is_err() || is_over {
                return;
            }
            pacer.iter_mut().for_each(Pacer::advance);
        }
    });
    receiver
}

fn checked(message: Message) -> Item {
    let violations = check::violations_of(&message);
    if violations.is_empty() {
        return Item::Send(message);
    }
    broken(message, violations)
}

fn broken(message: Message, violations: Vec<Violation>) -> Item {
    let subject = message.route.breakable().map_or("", |schema| &schema.subject);
    let failed = Failed::invalid(format!("it breaks the schema {subject}"), violations);
    Item::Bury(message, failed)
}

/// Hands the messages out until there are no more or the run stops.
///
/// # Errors
/// A message could not be read or made; those before it are under way.
pub(super) async fn hand_out(
    mut source: mpsc::Receiver<Result<Item>>,
    lanes: Vec<mpsc::Sender<Item>>,
    mut phase: watch::Receiver<Phase>,
) -> Result<()> {
    let mut index = 0_u64;
    loop {
        let item = tokio::select! {
            item = source.recv() => item,
            () = stopped(&mut phase) => return Ok(()),
        };
        let Some(item) = item else { return Ok(()) };
        let item = item?;
        let lane = &lanes[lane_of(&item, index, lanes.len())];
        tokio::select! {
            sent = lane.send(item) => if sent.is_err() { return Ok(()) },
            () = stopped(&mut phase) => return Ok(()),
        }
        if index == 0 && phase.wait_for(|phase| *phase != Phase::First).await.is_err() {
            return Ok(());
        }
        index += 1;
    }
}

pub(super) async fn stopped(phase: &mut watch::Receiver<Phase>) {
    // A sender that is gone has nothing more to say: the run is over.
    let _ = phase.wait_for(|phase| *phase == Phase::Stopping).await;
}

/// In turn; a routing key always has the same producer, or its messages could overtake each other.
fn lane_of(item: &Item, index: u64, lanes: usize) -> usize {
    let (Item::Send(message) | Item::Bury(message, _)) = item;
    let number = message.routing_key.as_ref().map_or(index, |key| crate::hash::fnv_1a(key.as_bytes()));
    usize::try_from(number % lanes as u64).unwrap_or_default()
}

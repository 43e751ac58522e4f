//! From the outputs of a batch to its targets: who takes what, the schema check before it, and retries of what was not taken, alone. Acknowledges
//! nothing.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use irongate_messages::dead_letter::REDRIVES;
use irongate_runtime::OutputRecord;
use irongate_schema::Violation;
use tokio::{task::JoinSet, time::Instant};

use super::{
    book::Book,
    chain::{Chained, Item},
    plan::{OpenTarget, Terms},
    ports::{Arrived, Outgoing, SendError, Target},
};
use crate::{
    condition::View,
    config::{OnError, Retry},
    dead_letter::Failure,
    dedup::{DEDUP_ID, ORIGIN, dedup_id, origin},
    error::EngineError,
};

/// Bytes counted for a message beside its texts: field numbers, ids, lengths.
const MESSAGE_OVERHEAD_BYTES: usize = 512;

/// What became of a record of the batch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fate {
    /// Dedup ids of the outputs that their targets took.
    pub(crate) sent: Vec<String>,
    /// Why it must come again.
    pub(crate) unsent: Option<String>,
    /// Why it goes to the dead letters.
    pub(crate) failure: Option<Failure>,
    /// Something of it was dropped for an error.
    pub(crate) is_dropped: bool,
}

/// An output for one target.
#[derive(Clone)]
pub(super) struct Parcel {
    pub(super) source: usize,
    pub(super) dedup_id: String,
    pub(super) outgoing: Outgoing,
}

/// What became of a parcel.
enum Taken {
    Yes,
    Refused(String),
    Unsent(String),
}

/// Sends what the stages made to all targets at once, and answers what became of each record of the batch.
pub(crate) async fn deliver(
    terms: &Arc<Terms>,
    book: &Book,
    batch: &[Arrived],
    chained: Chained,
    deadline: Instant,
) -> Result<Vec<Fate>, EngineError> {
    let (mut fates, parcels) = sort_all(terms, book, batch, chained);
    let mut sending = JoinSet::new();
    for (index, parcels) in parcels.into_iter().enumerate().filter(|(_, parcels)| !parcels.is_empty()) {
        let terms = Arc::clone(terms);
        sending.spawn(async move {
            let taken = send(&terms.targets[index], &parcels, deadline).await;
            (index, parcels, taken)
        });
    }
    while let Some(sent) = sending.join_next().await {
        let (index, parcels, taken) = sent.map_err(|error| EngineError::Lane { reason: error.to_string() })?;
        for (parcel, taken) in parcels.into_iter().zip(taken) {
            let fate = &mut fates[parcel.source];
            match taken {
                Taken::Yes => fate.sent.push(parcel.dedup_id),
                Taken::Unsent(reason) => fate.unsent = Some(format!("{}: {reason}", terms.targets[index].topic)),
                Taken::Refused(reason) => {
                    refuse(
                        &terms.targets[index],
                        Failure::of_target("refused", reason, &terms.targets[index].topic),
                        fate,
                    );
                }
            }
        }
    }
    Ok(fates)
}

/// What the stages made of a batch, as parcels for each target, and what is known of each record by then.
pub(super) fn sort_all(
    terms: &Terms,
    book: &Book,
    batch: &[Arrived],
    chained: Chained,
) -> (Vec<Fate>, Vec<Vec<Parcel>>) {
    let mut fates = vec![Fate::default(); batch.len()];
    for (source, failure) in chained.failures {
        fates[source].failure.get_or_insert(failure);
    }
    for source in chained.dropped {
        fates[source].is_dropped = true;
    }
    let mut parcels: Vec<Vec<Parcel>> = vec![Vec::new(); terms.targets.len()];
    for item in chained.items {
        sort(terms, book, &batch[item.source], item, &mut parcels, &mut fates);
    }
    (fates, parcels)
}

/// Makes the parcels of one output, and notes what no target may have.
fn sort(terms: &Terms, book: &Book, arrived: &Arrived, item: Item, parcels: &mut [Vec<Parcel>], fates: &mut [Fate]) {
    let fate = &mut fates[item.source];
    let output = OutputRecord {
        topic: item.topic,
        key: item.record.key,
        attributes: item.record.attributes,
        schema: None,
        payload: item.record.payload,
    };
    if let Some(topic) =
        output.topic.as_ref().filter(|topic| terms.targets.iter().all(|target| target.topic != **topic))
    {
        let reason = format!("a stage sends the record to {topic}, which is not a target of the pipeline");
        fate.failure.get_or_insert(Failure::of_target("target", reason, topic));
        return;
    }
    let origin = origin(&arrived.record, &arrived.position);
    let view = View::of(&output);
    for (index, target) in terms.targets.iter().enumerate() {
        let is_named = output.topic.as_ref().is_none_or(|topic| *topic == target.topic);
        if !is_named || !target.when.as_ref().is_none_or(|condition| condition.holds(&view)) {
            continue;
        }
        let dedup_id = dedup_id(&terms.name, &origin, &item.path, &target.topic);
        if book.was_sent(&arrived.position, &dedup_id) {
            fate.sent.push(dedup_id);
            continue;
        }
        let outgoing = outgoing(arrived, &output, &dedup_id);
        match check(target, &outgoing) {
            Err(failure) => refuse(target, *failure, fate),
            Ok(()) => parcels[index].push(Parcel { source: item.source, dedup_id, outgoing }),
        }
    }
}

/// Meets a record that a target can never take with the target's policy.
pub(super) fn refuse(target: &OpenTarget, failure: Failure, fate: &mut Fate) {
    match target.on_error {
        OnError::DeadLetter => {
            fate.failure.get_or_insert(failure);
        }
        OnError::Drop => fate.is_dropped = true,
        OnError::Block => fate.unsent = Some(failure.reason),
    }
}

fn outgoing(arrived: &Arrived, output: &OutputRecord, dedup_id: &str) -> Outgoing {
    let mut attributes: BTreeMap<String, String> = output.attributes.iter().cloned().collect();
    // They say where this record is from and how it came, not its outputs.
    attributes.remove(ORIGIN);
    attributes.remove(REDRIVES);
    attributes.insert(DEDUP_ID.to_owned(), dedup_id.to_owned());
    let origin = arrived.position.clone();
    Outgoing { origin, key: output.key.clone(), attributes, payload: output.payload.clone() }
}

/// Whether the target may have it.
fn check(target: &OpenTarget, outgoing: &Outgoing) -> Result<(), Box<Failure>> {
    let attributes: usize = outgoing.attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
    let key = outgoing.key.as_ref().map_or(0, String::len);
    let bytes = outgoing.payload.len() + attributes + key + MESSAGE_OVERHEAD_BYTES;
    if bytes > target.message_bytes_max {
        let reason = format!(
            "the message has {bytes} bytes, at most {} are allowed (message_bytes_max)",
            target.message_bytes_max
        );
        return Err(Box::new(Failure::of_target("oversize", reason, &target.topic)));
    }
    let violations = target.schema.as_ref().map_or_else(Vec::new, |schema| schema.validate(&outgoing.payload));
    if violations.is_empty() {
        return Ok(());
    }
    let tell = |broken: &Violation| {
        let place = if broken.instance_path.is_empty() { "the whole message" } else { &broken.instance_path };
        format!("{place}: {} [{}]", broken.message, broken.rule)
    };
    let told: Vec<String> = violations.iter().map(tell).collect();
    Err(Box::new(Failure::of_target(
        "schema",
        format!("the message breaks its schema: {}", told.join("; ")),
        &target.topic,
    )))
}

/// Sends parcels until each is taken or refused, or the time is up. What was taken is not sent again.
async fn send(target: &OpenTarget, parcels: &[Parcel], deadline: Instant) -> Vec<Taken> {
    let outgoing: Vec<Outgoing> = parcels.iter().map(|parcel| parcel.outgoing.clone()).collect();
    let until = Until { attempts: target.retry.attempts, deadline: Some(deadline) };
    send_all(target.port.as_ref(), outgoing, &target.retry, until).await
}

/// When to give up.
struct Until {
    attempts: u32,
    deadline: Option<Instant>,
}

async fn send_all(port: &dyn Target, outgoing: Vec<Outgoing>, retry: &Retry, until: Until) -> Vec<Taken> {
    let mut taken: Vec<Option<Taken>> = outgoing.iter().map(|_| None).collect();
    let mut waiting: Vec<(usize, Outgoing)> = outgoing.into_iter().enumerate().collect();
    let mut tries = 0;
    loop {
        let (indexes, batch): (Vec<usize>, Vec<Outgoing>) = waiting.into_iter().unzip();
        let mut results = port.send(&batch).await.into_iter();
        tries += 1;
        waiting = Vec::new();
        let mut reason = String::new();
        for (index, outgoing) in indexes.into_iter().zip(batch) {
            match results.next().unwrap_or(Err(SendError::NotTried)) {
                Ok(()) => taken[index] = Some(Taken::Yes),
                Err(SendError::Refused(reason)) => taken[index] = Some(Taken::Refused(reason)),
                Err(error) => {
                    if error != SendError::NotTried {
                        reason = error.to_string();
                    }
                    waiting.push((index, outgoing));
                }
            }
        }
        let pause = retry.pause(tries);
        let is_late = until.deadline.is_some_and(|deadline| Instant::now() + pause >= deadline);
        if waiting.is_empty() || tries >= until.attempts || is_late {
            return taken.into_iter().map(|taken| taken.unwrap_or_else(|| Taken::Unsent(reason.clone()))).collect();
        }
        tokio::time::sleep(pause).await;
    }
}

/// Sends dead letters, for as long as it takes: a dead letter that cannot be written holds its lane back and is never dropped.
pub(crate) async fn bury(port: &dyn Target, topic: &str, mut letters: Vec<Outgoing>) {
    let retry = Retry { cap: Duration::from_secs(5), ..Retry::default() };
    let mut rounds = 0;
    while !letters.is_empty() {
        let until = Until { attempts: 1, deadline: None };
        let taken = send_all(port, letters.clone(), &retry, until).await;
        let mut left = Vec::new();
        let mut why = String::new();
        for (letter, taken) in letters.into_iter().zip(taken) {
            match taken {
                Taken::Yes => {}
                Taken::Refused(reason) | Taken::Unsent(reason) => {
                    why = reason;
                    left.push(letter);
                }
            }
        }
        letters = left;
        if !letters.is_empty() {
            rounds += 1;
            tracing::warn!(topic, waiting = letters.len(), "dead letters are not taken: {why}");
            tokio::time::sleep(retry.pause(rounds)).await;
        }
    }
}

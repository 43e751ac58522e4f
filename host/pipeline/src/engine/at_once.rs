//! A batch settled at once: its outputs, its dead letters, the stages' state and the place in the source are taken together or not at all, so that
//! nothing is there twice after a crash. Where it cannot be taken now, the lane waits: nothing is given back.

use std::{collections::HashSet, time::Duration};

use super::{
    book::End,
    delivery::{Fate, Parcel, refuse, sort_all},
    lane::{Lane, end_of},
    ports::{Arrived, Batch, CommitError, Committer, StateWrite},
};
use crate::{
    config::{OnError, Retry},
    dead_letter::{Failure, letter},
    error::EngineError,
};

/// The longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// What is known of a batch while it is not settled.
struct Open {
    records: Vec<Arrived>,
    fates: Vec<Fate>,
    /// Outputs, each with the index of its target.
    parcels: Vec<(usize, Parcel)>,
    /// Records that were settled before.
    settled: HashSet<usize>,
}

/// What a try led to.
enum Tried {
    Taken,
    /// Without what was taken out of it.
    Again,
    TooLarge,
}

impl Open {
    /// Both halves, the second one first.
    fn halves(mut self) -> Vec<Open> {
        let middle = self.records.len() / 2;
        let settled = |second: bool| {
            let of_half = self.settled.iter().copied().filter(move |index| (*index >= middle) == second);
            of_half.map(|index| if second { index - middle } else { index }).collect()
        };
        let (settled_first, settled_second) = (settled(false), settled(true));
        let (second, first): (Vec<_>, Vec<_>) =
            self.parcels.into_iter().partition(|(_, parcel)| parcel.source >= middle);
        let second = second.into_iter().map(|(target, parcel)| {
            let source = parcel.source - middle;
            (target, Parcel { source, ..parcel })
        });
        let (records, fates) = (self.records.split_off(middle), self.fates.split_off(middle));
        let second = Open { records, fates, parcels: second.collect(), settled: settled_second };
        vec![second, Open { records: self.records, fates: self.fates, parcels: first, settled: settled_first }]
    }
}

impl Lane {
    /// Runs a batch through the stages and has everything taken.
    pub(super) async fn serve_at_once(
        &mut self,
        records: Vec<Arrived>,
        committer: &dyn Committer,
    ) -> Result<(), EngineError> {
        let terms = std::sync::Arc::clone(&self.terms);
        let chained = self.stages.run(&terms, &records).await?;
        let (fates, parcels) = sort_all(&terms, &self.book, &records, chained);
        let parcels = parcels.into_iter().enumerate();
        let parcels = parcels.flat_map(|(target, parcels)| parcels.into_iter().map(move |parcel| (target, parcel)));
        let open = Open { records, fates, parcels: parcels.collect(), settled: HashSet::new() };
        let mut parts = vec![open];
        while let Some(open) = parts.pop() {
            parts.extend(self.settle_at_once(open, committer).await);
        }
        Ok(())
    }

    /// Has a batch taken, or splits one that is too large; then its parts are answered, the first one last.
    async fn settle_at_once(&mut self, mut open: Open, committer: &dyn Committer) -> Vec<Open> {
        let retry = Retry { cap: PAUSE_MAX, ..Retry::default() };
        let mut tries = 0;
        loop {
            let reason = match self.try_commit(&mut open, committer).await {
                Ok(Tried::Taken) => break,
                Ok(Tried::Again) => continue,
                Ok(Tried::TooLarge) => return open.halves(),
                Err(reason) => reason,
            };
            tries += 1;
            tracing::warn!(records = open.records.len(), "a batch is not taken and waits: {reason}");
            tokio::time::sleep(retry.pause(tries)).await;
        }
        for state in &self.stages.states {
            if open.settled.is_empty() { state.commit() } else { state.discard() }
        }
        for (index, (arrived, fate)) in open.records.iter().zip(&open.fates).enumerate() {
            let end = if open.settled.contains(&index) { End::SettledBefore } else { end_of(fate) };
            self.book.settle(&arrived.position, end);
        }
        Vec::new()
    }

    /// One try, or why the next must wait.
    async fn try_commit(&mut self, open: &mut Open, committer: &dyn Committer) -> Result<Tried, String> {
        // A target that blocks what its schema refuses is not asked: only another schema or another stage ends that.
        if let Some(reason) = open.fates.iter().find_map(|fate| fate.unsent.clone()) {
            return Err(reason);
        }
        let batch = self.batch(open);
        let outputs = open.parcels.len();
        match committer.commit(&batch).await {
            Ok(()) => {
                for (_, parcel) in open.parcels.drain(..) {
                    open.fates[parcel.source].sent.push(parcel.dedup_id);
                }
                Ok(Tried::Taken)
            }
            Err(CommitError::Later(reason)) => Err(reason),
            Err(CommitError::TooLarge(_)) if open.records.len() > 1 => Ok(Tried::TooLarge),
            // The outputs of one record: no part of them may be there without the others.
            Err(CommitError::TooLarge(reason)) if outputs > 0 => {
                self.without_refused(open, outputs, (0..outputs).map(|index| (index, reason.clone())).collect())
            }
            Err(CommitError::TooLarge(reason)) => Err(reason),
            Err(CommitError::Settled(positions)) => {
                let is_settled = |arrived: &Arrived| positions.contains(&arrived.position);
                let known: Vec<usize> = (0..open.records.len()).filter(|at| is_settled(&open.records[*at])).collect();
                if known.iter().all(|index| open.settled.contains(index)) {
                    return Err("the source takes none of its records as settled".to_owned());
                }
                open.settled.extend(known);
                let settled = &open.settled;
                open.parcels.retain(|(_, parcel)| !settled.contains(&parcel.source));
                Ok(Tried::Again)
            }
            Err(CommitError::Refused(refused)) => self.without_refused(open, outputs, refused),
        }
    }

    /// Takes out what will never be taken. A dead letter is not among that: it waits.
    fn without_refused(&self, open: &mut Open, outputs: usize, refused: Vec<(usize, String)>) -> Result<Tried, String> {
        if let Some((_, reason)) = refused.iter().find(|(index, _)| *index >= outputs) {
            return Err(format!("dead letters are not taken: {reason}"));
        }
        let blocking = refused.iter().find(|(index, _)| {
            let (target, _) = &open.parcels[*index];
            self.terms.targets[*target].on_error == OnError::Block
        });
        if let Some((_, reason)) = blocking {
            return Err(reason.clone());
        }
        let mut reasons: std::collections::HashMap<usize, String> = refused.into_iter().collect();
        let mut index = 0;
        let (terms, fates) = (&self.terms, &mut open.fates);
        open.parcels.retain(|(target, parcel)| {
            let reason = reasons.remove(&index);
            index += 1;
            let Some(reason) = reason else { return true };
            let target = &terms.targets[*target];
            refuse(target, Failure::of_target("refused", reason, &target.topic), &mut fates[parcel.source]);
            false
        });
        Ok(Tried::Again)
    }

    fn batch(&self, open: &Open) -> Batch {
        let outputs = open.parcels.iter().map(|(target, parcel)| {
            let topic = self.terms.targets[*target].topic.clone();
            (topic, parcel.outgoing.clone())
        });
        let mut messages: Vec<_> = outputs.collect();
        let mut settled = Vec::with_capacity(open.records.len());
        for (index, (arrived, fate)) in open.records.iter().zip(&open.fates).enumerate() {
            if open.settled.contains(&index) {
                continue;
            }
            settled.push(arrived.position.clone());
            if let (Some(failure), Some(dead_letter)) = (&fate.failure, &self.terms.dead_letter) {
                let (name, topic) = (&self.terms.name, dead_letter.topic.clone());
                messages.push((topic.clone(), letter(name, &self.terms.subscription, &topic, arrived, failure)));
            }
        }
        let mut state = Vec::new();
        if open.settled.is_empty() {
            for (stage, values) in self.terms.stages.iter().zip(&self.stages.states) {
                let write = |(key, value)| StateWrite { stage: stage.id.clone(), lane: self.number, key, value };
                state.extend(values.pending().into_iter().map(write));
            }
        }
        Batch { messages, settled, state }
    }
}

//! One lane: takes its records in order, a batch at a time, and settles each before it takes more. Records with the same key are in the same lane, so
//! nothing here may let one pass another. The order of settling is the order of the delivery rules: targets, dead letters, state, acknowledgement.

use std::sync::Arc;

use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    task::JoinSet,
    time::Instant,
};

use super::{
    book::{Book, End},
    delivery::{Fate, bury, deliver},
    outage::Outage,
    plan::{LaneStages, Terms},
    ports::{Acknowledger, Arrived, Committer},
};
use crate::{dead_letter::letter, error::EngineError};

/// A record and the room that it takes until it is settled.
pub(crate) struct Job {
    pub(crate) arrived: Arrived,
    pub(crate) bytes: usize,
    pub(crate) slot: OwnedSemaphorePermit,
    pub(crate) room: OwnedSemaphorePermit,
}

pub(crate) struct Lane {
    /// Counted from 0.
    pub(crate) number: usize,
    pub(crate) terms: Arc<Terms>,
    pub(crate) stages: LaneStages,
    /// Takes a batch at once, where there is one; else targets and source are told one after the other.
    pub(crate) committer: Option<Arc<dyn Committer>>,
    pub(crate) book: Arc<Book>,
    pub(crate) acknowledger: Arc<dyn Acknowledger>,
    pub(crate) jobs: mpsc::Receiver<Job>,
    pub(crate) outage: Arc<Outage>,
}

impl Lane {
    /// Works until there are no more jobs.
    pub(crate) async fn work(mut self) -> Result<(), EngineError> {
        let mut next = None;
        loop {
            let first = match next.take() {
                Some(job) => job,
                None => match self.jobs.recv().await {
                    Some(job) => job,
                    None => return Ok(()),
                },
            };
            let (batch, left) = self.fill(first);
            next = left;
            if self.outage.is_on() {
                // What is behind a record that comes again must come again behind it.
                batch.iter().for_each(|job| self.book.settle(&job.arrived.position, End::GivenBack));
                continue;
            }
            self.serve(batch).await?;
        }
    }

    /// What is there already and fits into a batch; one that does not fit begins the next.
    fn fill(&mut self, first: Job) -> (Vec<Job>, Option<Job>) {
        let bound = self.terms.batch;
        // State changes belong to a batch as a whole, so a record that may be given back must be alone in it.
        let records = if self.terms.stages.iter().any(|stage| stage.keeps_state) { 1 } else { bound.records };
        let mut bytes = first.bytes;
        let mut batch = vec![first];
        while batch.len() < records {
            let Ok(job) = self.jobs.try_recv() else { break };
            bytes += job.bytes;
            if bytes > bound.bytes {
                return (batch, Some(job));
            }
            batch.push(job);
        }
        (batch, None)
    }

    async fn serve(&mut self, batch: Vec<Job>) -> Result<(), EngineError> {
        if batch.is_empty() {
            return Ok(());
        }
        let deadline = Instant::now() + self.terms.budget;
        let (records, room): (Vec<Arrived>, Vec<_>) =
            batch.into_iter().map(|job| (job.arrived, (job.slot, job.room))).unzip();
        if let Some(committer) = self.committer.clone() {
            return self.serve_at_once(records, committer.as_ref()).await;
        }
        let terms = Arc::clone(&self.terms);
        let chained = self.stages.run(&terms, &records).await?;
        let fates = deliver(&terms, &self.book, &records, chained, deadline).await?;
        self.bury(&records, &fates).await;
        let is_whole = fates.iter().all(|fate| fate.unsent.is_none());
        for state in &self.stages.states {
            if is_whole { state.commit() } else { state.discard() }
        }
        self.settle(records, fates).await?;
        drop(room);
        Ok(())
    }

    /// Writes the dead letters of those that do not come again.
    async fn bury(&mut self, records: &[Arrived], fates: &[Fate]) {
        let Some(dead_letter) = &self.terms.dead_letter else { return };
        let letters: Vec<_> = records
            .iter()
            .zip(fates)
            .filter(|(_, fate)| fate.unsent.is_none())
            .filter_map(|(arrived, fate)| {
                let failure = fate.failure.as_ref()?;
                Some(letter(&self.terms.name, &self.terms.subscription, &dead_letter.topic, arrived, failure))
            })
            .collect();
        bury(dead_letter.port.as_ref(), &dead_letter.topic, letters).await;
    }

    async fn settle(&mut self, records: Vec<Arrived>, fates: Vec<Fate>) -> Result<(), EngineError> {
        if let Some(reason) = fates.iter().find_map(|fate| fate.unsent.as_ref()) {
            self.outage.begin(reason);
        } else if fates.iter().any(|fate| !fate.sent.is_empty()) {
            self.outage.is_over();
        }
        let mut acknowledging = JoinSet::new();
        for (arrived, fate) in records.into_iter().zip(fates) {
            if fate.unsent.is_some() {
                self.book.remember_sent(&arrived.position, fate.sent.into_iter());
                self.book.settle(&arrived.position, End::GivenBack);
                continue;
            }
            let end = end_of(&fate);
            let (acknowledger, book) = (Arc::clone(&self.acknowledger), Arc::clone(&self.book));
            acknowledging.spawn(async move {
                let acknowledged = acknowledger.acknowledge(&arrived.position).await;
                // Settled either way: it is done, whether the source knows it or not.
                book.settle(&arrived.position, end);
                if let Err(error) = acknowledged {
                    tracing::warn!(offset = arrived.position.offset, "an acknowledgement was lost: {error}");
                    book.remember_settled(&arrived.position);
                }
            });
        }
        while let Some(done) = acknowledging.join_next().await {
            done.map_err(|error| EngineError::Lane { reason: error.to_string() })?;
        }
        Ok(())
    }
}

pub(super) fn end_of(fate: &Fate) -> End {
    if fate.failure.is_some() {
        End::DeadLettered
    } else if fate.is_dropped {
        End::Dropped
    } else if fate.sent.is_empty() {
        End::Filtered
    } else {
        End::Delivered
    }
}

/// What must stay in order: a key, or a whole partition where records have none.
pub(crate) fn key_of(arrived: &Arrived) -> (Arc<str>, Option<String>) {
    (Arc::clone(&arrived.position.topic), arrived.record.key.clone())
}

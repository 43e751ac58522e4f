//! The engine's ports in the world of a simulation. Each call passes a step before it has an effect and one after, so that the process may die in
//! between.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use irongate_pipeline::{
    Acknowledger, Arrived, Batch, CommitError, Committer, Outgoing, Pending, PortError, Position, SendError, Source,
    Stage, Target,
};
use irongate_runtime::{BatchReport, HostFault, Outcome, OutputRecord, Record, StateChange};
use tokio::time::Instant;

use super::world::{Pulled, TWO, World};

/// The world as one life of the process sees it.
#[derive(Clone)]
pub struct Life {
    pub world: Arc<World>,
    pub number: u64,
}

impl Life {
    async fn step(&self) {
        self.world.step(self.number).await;
    }
}

impl Source for Life {
    fn next(&mut self) -> Pending<'_, Result<Option<Arrived>, PortError>> {
        Box::pin(async {
            self.step().await;
            loop {
                let changed = self.world.changed.notified();
                let pulled = self.world.lock().pull(Instant::now());
                match pulled {
                    Pulled::Record(arrived) => return Ok(Some(arrived)),
                    Pulled::End => return Ok(None),
                    Pulled::Wait(None) => changed.await,
                    Pulled::Wait(Some(due)) => tokio::select! {
                        biased;
                        () = changed => {}
                        () = tokio::time::sleep_until(due) => {}
                    },
                }
            }
        })
    }

    fn let_go(&mut self) -> Pending<'_, Result<(), PortError>> {
        Box::pin(async {
            self.step().await;
            self.world.lock().let_go();
            self.step().await;
            Ok(())
        })
    }
}

impl Acknowledger for Life {
    fn acknowledge<'a>(&'a self, position: &'a Position) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move {
            self.step().await;
            let is_heard = {
                let mut world = self.world.lock();
                let (is_lost, is_heard) = (world.rng.u32(..20) == 0, world.rng.u32(..20) > 0);
                if !(is_lost && world.fault()) {
                    world.acknowledge(position);
                    is_heard || !world.fault()
                } else {
                    false
                }
            };
            self.world.changed.notify_one();
            self.step().await;
            if is_heard { Ok(()) } else { Err(PortError("the connection is lost".into())) }
        })
    }
}

/// A topic that is written.
pub struct Topic {
    pub life: Life,
    pub name: String,
}

impl Topic {
    fn take(&self, outgoing: &Outgoing) -> Result<(), SendError> {
        let mut world = self.life.world.lock();
        if self.name == TWO && outgoing.payload == "refused" {
            return Err(SendError::Refused("it is refused".into()));
        }
        let is_away = self.name == TWO && world.away_until.is_some_and(|until| Instant::now() < until);
        if is_away || world.rng.u32(..12) == 0 && world.fault() {
            return Err(SendError::Later("the target is away".into()));
        }
        let answer_is_lost = world.rng.u32(..25) == 0 && world.fault();
        world.take(&self.name, outgoing, answer_is_lost);
        if answer_is_lost { Err(SendError::Later("the answer is lost".into())) } else { Ok(()) }
    }
}

impl Target for Topic {
    fn send<'a>(&'a self, batch: &'a [Outgoing]) -> Pending<'a, Vec<Result<(), SendError>>> {
        Box::pin(async move {
            self.life.step().await;
            let mut failed = HashSet::new();
            let mut taken = Vec::with_capacity(batch.len());
            for outgoing in batch {
                let one = if failed.contains(&outgoing.key) { Err(SendError::NotTried) } else { self.take(outgoing) };
                if matches!(one, Err(SendError::Later(_))) {
                    failed.insert(outgoing.key.clone());
                }
                taken.push(one);
            }
            self.life.step().await;
            taken
        })
    }
}

impl Committer for Life {
    fn commit<'a>(&'a self, batch: &'a Batch) -> Pending<'a, Result<(), CommitError>> {
        Box::pin(async move {
            self.step().await;
            let committed = self.commit_now(batch);
            self.world.changed.notify_one();
            self.step().await;
            committed
        })
    }
}

impl Life {
    fn commit_now(&self, batch: &Batch) -> Result<(), CommitError> {
        let mut world = self.world.lock();
        let settled: Vec<Position> =
            batch.settled.iter().filter(|position| world.is_acknowledged(position)).cloned().collect();
        if !settled.is_empty() {
            return Err(CommitError::Settled(settled));
        }
        if world.rng.u32(..10) == 0 && world.fault() {
            return Err(CommitError::Later("the disk is full".into()));
        }
        if batch.settled.len() > 1 && world.rng.u32(..15) == 0 && world.fault() {
            return Err(CommitError::TooLarge("it is too large".into()));
        }
        let is_refused =
            |(_, (topic, outgoing)): &(usize, &(String, Outgoing))| topic == TWO && outgoing.payload == "refused";
        let refused = batch.messages.iter().enumerate().filter(is_refused);
        let refused: Vec<_> = refused.map(|(index, _)| (index, "it is refused".to_owned())).collect();
        if !refused.is_empty() {
            return Err(CommitError::Refused(refused));
        }
        world.commit(batch);
        Ok(())
    }
}

/// Does what the payload says.
#[derive(Default)]
pub struct Script {
    pub tries: HashMap<(Option<String>, Option<u64>), u32>,
    pub keeps_state: bool,
}

impl Stage for Script {
    fn transform(&mut self, batch: &[Record]) -> Result<BatchReport, HostFault> {
        let outcomes: Vec<Outcome> = batch.iter().map(|record| self.outcome(record)).collect();
        let last = batch.last().and_then(|record| record.offset).unwrap_or_default().to_string();
        let change = StateChange { key: "last".into(), value: Some(last.into()) };
        let state_changes = if self.keeps_state { vec![change] } else { Vec::new() };
        Ok(BatchReport { outcomes, state_changes, ..BatchReport::default() })
    }

    fn may_block(&self) -> bool {
        false
    }
}

impl Script {
    fn outcome(&mut self, record: &Record) -> Outcome {
        let output = |attributes: &[(&str, &str)]| OutputRecord {
            topic: None,
            key: record.key.clone(),
            attributes: attributes.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            schema: None,
            payload: record.payload.clone(),
        };
        match &record.payload[..] {
            b"drop" => Outcome::Drop,
            b"bad" => Outcome::Reject("it is bad".into()),
            b"split" => Outcome::Emit(vec![output(&[]), output(&[])]),
            b"narrow" => Outcome::Emit(vec![output(&[("narrow", "yes")])]),
            b"retry" => {
                let tries = self.tries.entry((record.key.clone(), record.offset)).or_default();
                *tries += 1;
                if *tries % 2 == 1 { Outcome::Retry("not yet".into()) } else { Outcome::Keep }
            }
            _ => Outcome::Keep,
        }
    }
}

//! What the engine is plugged into: where records come from, who is told that they are settled, and where they go. Implemented over the network by the
//! command, and in memory for tests.

use std::{collections::BTreeMap, pin::Pin, sync::Arc};

use bytes::Bytes;
use irongate_runtime::{BatchReport, HostFault, Record, Transform};
use thiserror::Error;

/// A future in a box, so that ports of different kinds can stand beside each other.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A stored record's place.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// The topic; of a partitioned one the partition's own name.
    pub topic: Arc<str>,
    /// The offset.
    pub offset: u64,
}

/// A record that came in.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// Its place.
    pub position: Position,
    /// The record, as a stage sees it.
    pub record: Record,
}

/// A record for a target.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The place of the record that it was made of.
    pub origin: Position,
    /// The routing key.
    pub key: Option<String>,
    /// The attributes, with the dedup id among them.
    pub attributes: BTreeMap<String, String>,
    /// The payload.
    pub payload: Bytes,
}

/// The subscription is lost for good, or a call to it failed.
#[derive(Clone, Debug, Error)]
#[error("{0}")]
pub struct PortError(pub String);

/// Why a target did not take a record.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SendError {
    /// It will never take it.
    #[error("{0}")]
    Refused(String),
    /// It may take it later.
    #[error("{0}")]
    Later(String),
    /// It was not asked, because a record with the same key before it failed.
    #[error("not tried: a record with the same key before it was not taken")]
    NotTried,
}

/// Where records come from.
pub trait Source: Send {
    /// The next record; nothing once there will be none. May be dropped while it waits, without losing a record.
    fn next(&mut self) -> Pending<'_, Result<Option<Arrived>, PortError>>;
    /// Leaves the subscription: everything that was delivered and is not acknowledged comes again, in its order, once `next` is called again, and that
    /// counts as nobody's failure. No record is in work when it is called.
    fn let_go(&mut self) -> Pending<'_, Result<(), PortError>>;
}

/// Who is told that a record is settled.
pub trait Acknowledger: Send + Sync {
    /// It is settled.
    fn acknowledge<'a>(&'a self, position: &'a Position) -> Pending<'a, Result<(), PortError>>;
}

/// Everything that a batch of records led to.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Outputs, then dead letters, each with its topic.
    pub messages: Vec<(String, Outgoing)>,
    /// The records that are settled by it.
    pub settled: Vec<Position>,
    /// What stages want to remember.
    pub state: Vec<StateWrite>,
}

/// A value of a stage's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateWrite {
    /// The stage's id.
    pub stage: String,
    /// The lane, counted from 0: each has its own state.
    pub lane: usize,
    /// The key.
    pub key: String,
    /// The value; none removes it.
    pub value: Option<Bytes>,
}

/// Why a batch was not taken. Nothing of it was.
#[derive(Clone, Debug, Error)]
pub enum CommitError {
    /// These messages, by index, will never be taken.
    #[error("{} messages are refused", .0.len())]
    Refused(Vec<(usize, String)>),
    /// These records are settled already.
    #[error("{} records are settled already", .0.len())]
    Settled(Vec<Position>),
    /// It is more than can be taken at once: in smaller parts it may be.
    #[error("{0}")]
    TooLarge(String),
    /// It may be taken later.
    #[error("{0}")]
    Later(String),
}

/// Takes a batch as a whole, or nothing of it, also over a crash.
pub trait Committer: Send + Sync {
    /// Takes it.
    fn commit<'a>(&'a self, batch: &'a Batch) -> Pending<'a, Result<(), CommitError>>;
}

/// Where records go.
pub trait Target: Send + Sync {
    /// Sends records and answers one result for each, in order. Of records with the same key none is sent after one that failed.
    fn send<'a>(&'a self, batch: &'a [Outgoing]) -> Pending<'a, Vec<Result<(), SendError>>>;
}

/// What transforms records. One for each lane.
pub trait Stage: Send {
    /// Transforms a batch.
    ///
    /// # Errors
    /// The host could not do its part; no record is to blame.
    fn transform(&mut self, batch: &[Record]) -> Result<BatchReport, HostFault>;
    /// Whether a call may take long. Then it is made on a thread where it may block.
    fn may_block(&self) -> bool {
        true
    }
}

impl Stage for Transform {
    fn transform(&mut self, batch: &[Record]) -> Result<BatchReport, HostFault> {
        Transform::transform(self, batch)
    }
}

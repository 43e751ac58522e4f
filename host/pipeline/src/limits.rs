//! Every limit of a pipeline: name, unit, default. Those of a transform are in `irongate_runtime::Limits`.

use std::{ops::RangeInclusive, time::Duration};

const MIB: usize = 1 << 20;

/// Bytes of a configuration file.
pub const CONFIG_BYTES_MAX: usize = 4 * MIB;
/// Lanes of a pipeline. Default 1. Each has an instance of every stage.
pub const LANES_MAX: u64 = 32;
/// Stages of a pipeline.
pub const STAGES_MAX: usize = 16;
/// Stages of a topic's transforms. Every message waits for all of them.
pub const CHAIN_STAGES_MAX: usize = 8;
/// Targets of a pipeline.
pub const TARGETS_MAX: usize = 16;
/// Records that a lane hands to its stages at a time. Default 64.
pub const BATCH_RECORDS_MAX: u64 = 1_024;
pub(crate) const BATCH_RECORDS: u64 = 64;
/// Bytes that a lane hands to its stages at a time. Default 1 MiB. A larger record goes alone.
pub(crate) const BATCH_BYTES: usize = MIB;
/// Records between being read and being settled, over all lanes. Default 512.
pub const IN_FLIGHT_RECORDS_MAX: u64 = 100_000;
pub(crate) const IN_FLIGHT_RECORDS: u64 = 512;
/// Bytes between being read and being settled, over all lanes. Default 16 MiB. A larger record is alone.
pub const IN_FLIGHT_BYTES_MAX: usize = 1 << 30;
pub(crate) const IN_FLIGHT_BYTES: usize = 16 * MIB;
/// What `state_bytes` may be set to: bytes of all states of a pipeline, over its stages and lanes. 4 GiB. The default is
/// `irongate_runtime::Limits::state_bytes_max`.
pub const STATE_BYTES_MAX: usize = 1 << 32;
/// Bytes of one message for a target. Default 4,194,000: what a Danube broker takes, with the frame around it.
pub const MESSAGE_BYTES_MAX: usize = 64 * MIB;
pub(crate) const MESSAGE_BYTES: usize = 4_194_000;
/// How long a record may be retried before the subscription is left for a while. Default 20 s: a Danube broker redelivers after 30 s.
pub(crate) const BUDGET: Duration = Duration::from_secs(20);
/// For how long the subscription is left then, the first time; each time twice as long while no record gets through. Default 1 s.
pub(crate) const GIVE_BACK_DELAY: Duration = Duration::from_secs(1);
/// For how long at most, where the first time is not longer. 30 s.
pub const OUTAGE_PAUSE_MAX: Duration = Duration::from_secs(30);
/// How long records in flight have to finish when the pipeline is stopped. Default 10 s.
pub(crate) const DRAIN: Duration = Duration::from_secs(10);
/// Calls of a stage in a row in which every record was stopped, after which the stage pauses before each further one. 3.
pub const TRAP_STORM_CALLS: u32 = 3;
/// Records of a lane in a row that stop a stage, after which a pipeline that is to end by that ends. 16.
pub const STOPPED_RECORDS_MAX: usize = 16;
/// Records that a stage has served in a lane, after which it is trusted: what stops it then is the records' fault. 1,000.
pub const TRUSTED_AFTER_RECORDS: u64 = 1_000;
/// The first such pause, and the longest: each is twice as long as the one before. 100 ms, 30 s.
pub const TRAP_STORM_PAUSE: Duration = Duration::from_millis(100);
pub(crate) const TRAP_STORM_PAUSE_MAX: Duration = Duration::from_secs(30);
/// How long a partition with records in flight may settle none before it is reported. 60 s, thrice what a record may be retried by default.
pub(crate) const STALLED_AFTER: Duration = Duration::from_secs(60);
/// How often is looked. 5 s.
pub(crate) const WATCH_INTERVAL: Duration = Duration::from_secs(5);
/// What any span of time in a configuration may be.
pub(crate) const TIMES: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_hours(24);
/// Tries of a stage or a target for one record. Default 3.
pub const ATTEMPTS_MAX: u64 = 1_000;
/// Bytes of a reason or a backtrace in a dead letter. Default 4 KiB; the rest is cut off.
pub const DEAD_LETTER_TEXT_BYTES_MAX: usize = 4 << 10;
/// Given-back or unacknowledged records that are remembered, so that their outputs are not sent again. Default 10,000; the oldest are forgotten.
pub const REMEMBERED_RECORDS_MAX: usize = 10_000;

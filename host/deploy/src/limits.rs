//! Every limit of deployed pipelines and of topics' transforms: name, unit, default. Those of a pipeline itself are in `irongate_pipeline`, those of a transform in
//! `irongate_runtime::Limits`.

use std::time::Duration;

/// Pipelines of a host.
pub const PIPELINES_MAX: usize = 100;
/// Bytes of all components of one deployment together. 128 MiB.
pub const COMPONENT_BYTES_MAX: usize = 128 << 20;
/// Versions of a pipeline that are kept, the one that runs included. The oldest are forgotten.
pub(crate) const VERSIONS_MAX: usize = 10;
/// Characters of the reason of a return to the version before that are kept with the pipeline. 2,000; the rest is left out, and is in the log.
pub(crate) const RETURN_REASON_CHARS_MAX: usize = 2_000;
/// Records that wait between a subscription and the engine, which bounds what is in flight itself.
pub(crate) const WAITING_RECORDS_MAX: usize = 16;
/// How long a pipeline that failed waits before it is started again: the first time, and at most.
pub(crate) const RESTART_PAUSE: Duration = Duration::from_millis(500);
pub(crate) const RESTART_PAUSE_MAX: Duration = Duration::from_secs(30);
/// Dry runs of pipelines that are at work at once; the next ones wait. 2. Each needs an instance of every stage.
pub(crate) const DRY_RUNS_AT_ONCE_MAX: usize = 2;
/// Stages of the transforms of all topics of a host together. 32.
pub const TOPIC_STAGES_MAX: usize = 32;
/// Calls that may be in one topic's transforms at once, each with the messages that go together (`irongate_broker::Limits::transformed_together_messages_max`);
/// the next ones wait, each with the call that brought it. 4. Each needs an instance of every stage.
pub(crate) const TOPIC_CALLS_AT_ONCE_MAX: usize = 4;
/// Instances of the components of topics' transforms: those that work, and room for the ones that take their place. 160, beside the pipelines' own.
#[expect(clippy::cast_possible_truncation, reason = "the product of two small numbers")]
pub(crate) const TOPIC_INSTANCES_MAX: u32 = (TOPIC_STAGES_MAX * (TOPIC_CALLS_AT_ONCE_MAX + 1)) as u32;

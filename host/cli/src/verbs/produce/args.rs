//! The arguments of `produce`.

use crate::messages::input::{InputArgs, TermsArgs, fingerprinted};
use crate::sender::{RETRIES_MAX, RETRY_STEP_MS};
use irongate_messages::Encoding;
use irongate_schema::SchemaType;
use std::path::PathBuf;

use super::mirror::SPOOL_BYTES_MAX;
use crate::plugin::engine::Allowed;

/// The arguments of `produce`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = crate::messages::template::HELP)]
pub(crate) struct Args {
    /// The producer's name; several producers are called NAME-0, NAME-1 and so on.
    #[arg(short = 'n', long, value_name = "NAME", default_value = "test_producer")]
    pub(super) producer_name: String,

    /// The topic, as /namespace/topic.
    #[arg(short, long, default_value = "/default/test_topic")]
    pub(super) topic: String,

    #[command(flatten)]
    pub(super) input: InputArgs,

    #[command(flatten)]
    pub(super) terms: TermsArgs,

    #[command(flatten)]
    pub(super) schema: SchemaArgs,

    /// Create the topic with so many partitions.
    #[arg(short, long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) partitions: Option<u32>,

    /// How often to send the message, or all of the messages.
    #[arg(short, long, default_value_t = 1)]
    pub(super) count: u64,

    /// Milliseconds between two messages. With 0 the messages go out as fast as the server acknowledges them.
    #[arg(short, long, value_name = "MS", default_value_t = 0, conflicts_with = "rate")]
    pub(super) interval: u64,

    /// Messages per second, over all producers.
    #[arg(long, value_name = "PER_SECOND", value_parser = crate::pace::parse_rate)]
    pub(super) rate: Option<f64>,

    /// Send through so many producers at once, each with a connection of its own. Messages with the same routing key
    /// stay with the same producer.
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) producers: u16,

    /// How many messages of a producer may be under way at once. Without it one call is, with up to 500 messages, and
    /// their order is kept; above what one call carries the order of the calls is not kept.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) in_flight: Option<u32>,

    /// How often to try again what failed for a reason that passes.
    #[arg(long, value_name = "COUNT", default_value_t = RETRIES_MAX)]
    pub(super) retries: u32,

    /// Milliseconds before the first further try; each following waits that much longer, up to five seconds.
    #[arg(long, value_name = "MS", default_value_t = RETRY_STEP_MS)]
    pub(super) retry_delay: u64,

    /// Send what cannot be sent to this topic instead, reliable, with the attributes original_topic, failures,
    /// error_code and error.
    #[arg(long, value_name = "TOPIC")]
    pub(super) dlq: Option<String>,

    /// Send the valid messages although others are not. Without it every message is checked before the first is
    /// sent, and one that breaks its schema keeps all of them back.
    #[arg(long)]
    pub(super) skip_invalid: bool,

    /// Fill in and check everything, print the messages as --from reads them, and send nothing. A schema must be
    /// registered already.
    #[arg(long, conflicts_with = "schema_file")]
    pub(super) dry_run: bool,

    /// Go on with the same command where it was interrupted or failed: leave out what was acknowledged.
    #[arg(long, conflicts_with = "dry_run")]
    pub(super) resume: bool,

    /// Print no line for each message, only how it went; with --json progress once a second.
    #[arg(short, long)]
    pub(super) quiet: bool,

    /// Create the topic reliable: a message is acknowledged once it is on the disk. Without this flag an existing
    /// topic is used as it is, and a new one stores nothing.
    #[arg(long)]
    pub(super) reliable: bool,

    #[command(flatten)]
    pub(super) transform: TransformArgs,

    #[command(flatten)]
    pub(super) mirror: MirrorArgs,

    /// Use Danube's own services only, as with a Danube broker; no offsets come back.
    #[arg(long)]
    pub(super) danube_api: bool,
}

/// Components that the messages are put through first.
#[derive(Debug, clap::Args)]
pub(super) struct TransformArgs {
    /// Put the messages through this transform before they are checked and sent. Repeatable: each gets what the one before
    /// made. What it rejects counts as invalid. --dry-run shows what comes out.
    #[arg(long, value_name = "FILE.wasm")]
    pub(super) transform: Vec<PathBuf>,

    /// The configuration of a transform, as JSON; the first is for the first --transform.
    #[arg(long, value_name = "JSON", requires = "transform")]
    pub(super) with: Vec<String>,

    /// Grant the transforms a capability that they want. State lasts as long as the run.
    #[arg(long, value_enum, value_delimiter = ',', requires = "transform")]
    pub(super) allow: Vec<Allowed>,
}

impl TransformArgs {
    /// What tells these transforms from others, for resuming.
    pub(super) fn identity(&self) -> Vec<String> {
        let files = self.transform.iter().map(|file| fingerprinted(file));
        files.chain(self.with.iter().cloned()).collect()
    }
}

/// Further regions that get every message.
#[derive(Debug, clap::Args)]
pub(super) struct MirrorArgs {
    /// Send every message to this region as well: an address, or the name of a profile. Repeatable. Each region gets all
    /// messages in their order. What one cannot take now is kept in a spool on the disk and tried again while the others
    /// go on, and by the next run to the same topic and region; then the exit code is 1.
    #[arg(long, value_name = "URL", conflicts_with_all = ["dlq", "producers", "in_flight", "retries"])]
    pub(super) mirror: Vec<String>,

    /// Where the spools of --mirror are, instead of the irongate folder for state.
    #[arg(long, value_name = "DIR", requires = "mirror")]
    pub(super) spool: Option<PathBuf>,

    /// How many bytes may wait for one region. When there are more the run stops.
    #[arg(long, value_name = "BYTES", requires = "mirror", default_value_t = SPOOL_BYTES_MAX)]
    pub(super) spool_bytes_max: u64,

    /// How many seconds to wait, after the last message, for a region that is behind.
    #[arg(long, value_name = "SECONDS", requires = "mirror", default_value_t = 5)]
    pub(super) spool_wait: u64,
}

/// Which schema the messages must satisfy.
#[derive(Debug, clap::Args)]
pub(super) struct SchemaArgs {
    /// The registered schema subject the message must satisfy, at its latest version.
    #[arg(long, value_name = "SUBJECT", conflicts_with = "schema_file")]
    pub(super) schema_subject: Option<String>,

    /// Use exactly this version of the subject.
    #[arg(long, value_name = "VERSION", requires = "schema_subject", conflicts_with = "schema_min_version")]
    pub(super) schema_version: Option<u32>,

    /// Use the latest version of the subject, which must be at least this one.
    #[arg(long, value_name = "VERSION", requires = "schema_subject")]
    pub(super) schema_min_version: Option<u32>,

    /// Register this schema first, under a subject named after the topic: /default/orders
    /// becomes default-orders.
    #[arg(long, value_name = "FILE", requires = "schema_type")]
    pub(super) schema_file: Option<PathBuf>,

    /// What the schema file is written in: json_schema, avro, protobuf, string, number or bytes.
    #[arg(long, alias = "type", value_name = "TYPE", requires = "schema_file")]
    pub(super) schema_type: Option<SchemaType>,

    /// How messages travel that are written as JSON and name no encoding themselves: as the text that they are, as the
    /// schema's own bytes (an Avro datum, Protobuf's wire format: binary), or as an Avro object container.
    #[arg(long, value_name = "text|binary|container", default_value_t = Encoding::Text)]
    pub(super) encoding: Encoding,
}

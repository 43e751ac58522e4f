//! The arguments of `consume`, and those combinations that clap cannot tell apart.

use super::printer::Form;
use crate::browsing::Start;
use crate::failure::Failure;
use anyhow::Result;
use clap::ValueEnum;
use irongate_proto::danube::consumer_request::SubscriptionType;

/// The arguments of `consume`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The consumer's name.
    #[arg(short = 'n', long, value_name = "NAME", default_value = "consumer_pubsub")]
    pub(super) consumer: String,

    /// The topic, as /namespace/topic; a partitioned topic's name stands for all its partitions.
    #[arg(short, long, default_value = "/default/test_topic")]
    pub(super) topic: String,

    /// Consume through this subscription, created when missing; a new one starts at the next message.
    #[arg(short = 'm', long, value_name = "NAME")]
    pub(super) subscription: Option<String>,

    /// How the consumers of the subscription share it.
    #[arg(long, value_enum, default_value = "shared")]
    pub(super) sub_type: SubType,

    /// With --sub-type key-shared: only messages whose routing key is like this, * and ? stand for anything.
    /// Repeatable.
    #[arg(long, value_name = "GLOB", requires = "subscription")]
    pub(super) key_filter: Vec<String>,

    /// What happens to a message of the subscription once it was printed.
    #[arg(long, value_enum, default_value = "printed", requires = "subscription")]
    pub(super) ack: Ack,

    /// Stop after so many messages were printed.
    #[arg(short, long)]
    pub(super) count: Option<u64>,

    /// Without a subscription: where to start, one of earliest, latest, offset:N, time:2024-01-01T10:00:00Z, ago:15m,
    /// timestamp:MS (milliseconds since 1970) and last:N. Default latest.
    #[arg(long, value_name = "START", conflicts_with = "subscription")]
    pub(super) from: Option<Start>,

    /// Wait for more messages. This is the default.
    #[arg(long, overrides_with = "no_follow")]
    pub(super) follow: bool,

    /// Without a subscription: stop at the last message there is now.
    #[arg(long, conflicts_with = "subscription")]
    pub(super) no_follow: bool,

    /// Print only messages for which this CEL expression is true, as 'json.amount > 100 && key == "eu"'.
    #[arg(long, value_name = "CEL")]
    pub(super) filter: Option<String>,

    /// How a message is printed.
    #[arg(short, long, value_enum, default_value = "text")]
    pub(super) output: Form,

    /// Print this instead, with names in double braces filled in.
    #[arg(long, value_name = "TEXT", conflicts_with = "output")]
    pub(super) template: Option<String>,

    /// Show payloads as they are. Otherwise Avro and Protobuf are decoded by the schema that a message names.
    #[arg(long)]
    pub(super) no_decode: bool,

    /// Check every message against the schema it names; print what breaks it with every broken rule, and end with
    /// exit code 3.
    #[arg(long)]
    pub(super) validate: bool,
}

const HELP: &str = "\
A filter is written in the Common Expression Language. Filters and templates know payload (text), json (the payload parsed,
or decoded by its schema), key, attributes, topic, offset, size, producer and publish_time_ms; templates also seq (counts
from 1), publish_time, schema_id and schema_version. A field that a message does not have makes a filter false. With a
subscription, what the filter leaves out is acknowledged.";

/// Danube's subscription types, as danube-cli names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum SubType {
    /// One consumer at a time.
    Exclusive,
    /// Each message to one of the consumers, in turn.
    Shared,
    /// One consumer at a time; the next takes over when it leaves.
    FailOver,
    /// Messages with the same routing key to the same consumer.
    KeyShared,
}

/// What is told to the server about a message that was printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Ack {
    /// It is acknowledged and does not come again.
    Printed,
    /// Nothing: it comes again when its time is over. The server hands out only so many that are not acknowledged.
    Never,
    /// It is given back, and comes again as the subscription's failure policy says.
    Nack,
}

impl From<SubType> for SubscriptionType {
    fn from(sub_type: SubType) -> Self {
        match sub_type {
            SubType::Exclusive => Self::Exclusive,
            SubType::Shared => Self::Shared,
            SubType::FailOver => Self::Failover,
            SubType::KeyShared => Self::KeyShared,
        }
    }
}

impl Args {
    /// # Errors
    /// Two arguments do not go together.
    pub(super) fn check(&self, is_json: bool) -> Result<()> {
        let problem = if !self.key_filter.is_empty() && self.sub_type != SubType::KeyShared {
            "--key-filter needs --sub-type key-shared; elsewhere use --filter, as 'key.startsWith(\"eu-\")'"
        } else if is_json && (self.template.is_some() || !matches!(self.output, Form::Text | Form::Json)) {
            "--json prints JSON; leave it out to print in another form"
        } else {
            return Ok(());
        };
        Err(Failure::Usage(problem.to_owned()).into())
    }
}

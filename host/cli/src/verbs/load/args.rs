//! The arguments of `load`.

use crate::messages::input::TermsArgs;
use jiff::SignedDuration;
use std::path::PathBuf;
use std::time::Duration;

/// The longest run. One point of the charts is a second of it.
const DURATION_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// The largest payload that is made up.
const SIZE_BYTES_MAX: u64 = 10 << 20;

/// The arguments of `load`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = crate::messages::template::HELP)]
pub(crate) struct Args {
    /// The topic, as /namespace/topic.
    #[arg(short, long, default_value = "/default/load")]
    pub(super) topic: String,

    /// The producers' name; they are called NAME-0, NAME-1 and so on.
    #[arg(short = 'n', long, value_name = "NAME", default_value = "load")]
    pub(super) producer_name: String,

    /// Producers, each with a connection of its own.
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) producers: u16,

    /// Open loop: so many messages per second over all producers, whether the server keeps up or not. Latencies count
    /// from when a message was due. Without it each producer sends the next message when one is acknowledged.
    #[arg(long, value_name = "PER_SECOND", value_parser = crate::pace::parse_rate)]
    pub(super) rate: Option<f64>,

    /// How many messages of a producer may be under way at once. Default 1, with --rate 1000.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) in_flight: Option<u32>,

    /// How long to send, as 30s or 5m. Default 10s.
    #[arg(short, long, value_name = "TIME", value_parser = duration, conflicts_with = "count")]
    pub(super) duration: Option<Duration>,

    /// Send so many messages, however long that takes.
    #[arg(short, long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) count: Option<u64>,

    /// The message; names in double braces are filled in.
    #[arg(short, long, value_name = "TEXT", conflicts_with = "size")]
    pub(super) message: Option<String>,

    /// The length in bytes of a message of random letters.
    #[arg(long, value_name = "BYTES", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(..=SIZE_BYTES_MAX))]
    pub(super) size: u64,

    #[command(flatten)]
    pub(super) terms: TermsArgs,

    /// The registered schema subject that the messages satisfy. The server checks them; a load that checked them here
    /// would measure itself.
    #[arg(long, value_name = "SUBJECT")]
    pub(super) schema_subject: Option<String>,

    /// Create the topic with so many partitions.
    #[arg(short, long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) partitions: Option<u32>,

    /// Create the topic reliable: a message is acknowledged once it is on the disk.
    #[arg(long)]
    pub(super) reliable: bool,

    /// Use Danube's own services only, one message in each call. Without Irongate's there is no end-to-end latency.
    #[arg(long)]
    pub(super) danube_api: bool,

    /// Do not read the topic meanwhile: no end-to-end latency, and no cost of reading.
    #[arg(long)]
    pub(super) no_end_to_end: bool,

    /// Write everything that was measured to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(super) export: Option<PathBuf>,

    /// Write a page with charts to this file; it needs nothing else.
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
}

/// How long a run without a count takes.
pub(super) const DURATION_DEFAULT: Duration = Duration::from_secs(10);

impl Args {
    pub(super) fn in_flight(&self) -> usize {
        let default = if self.rate.is_some() { 1_000 } else { 1 };
        self.in_flight.unwrap_or(default) as usize
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("a duration is written as 30s, 5m or 1h30m, above 0 and at most {} s", DURATION_MAX.as_secs());
    let parsed: SignedDuration = text.parse().map_err(|_| wrong())?;
    match Duration::try_from(parsed) {
        Ok(duration) if !duration.is_zero() && duration <= DURATION_MAX => Ok(duration),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_bounds() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("24h"), Ok(DURATION_MAX));
        for text in ["0s", "-5s", "soon", "25h"] {
            assert!(duration(text).expect_err(text).contains("at most 86400 s"), "{text}");
        }
    }
}

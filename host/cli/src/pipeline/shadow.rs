//! `irongate pipeline shadow`: another configuration beside the one in use, on the same records, and every difference in what comes out. Writes to no
//! topic and acknowledges nothing.

use super::browsed::Browsed;
use super::file;
use crate::address::ServiceAddr;
use crate::browsing::Start;
use crate::failure::{FAILED, Failure};
use crate::output::{Output, complain, harmless};
use crate::verbs::serve::{log_to_stderr, shutdown_signal};
use anyhow::{Result, bail};
use irongate_pipeline::{Compared, Difference, Output as Record, Side, shadow};
use serde_json::{Value, json};
use std::path::PathBuf;

/// The arguments of `pipeline shadow`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file that is in use.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The file that is to take its place.
    #[arg(value_name = "OTHER")]
    other: PathBuf,

    /// Where to start in the source: earliest, latest, offset:N, time:2024-01-01T10:00:00Z,
    /// ago:15m, timestamp:MS or last:N.
    #[arg(long, value_name = "START", default_value = "latest")]
    from: Start,

    /// End after so many records. Without it, at SIGINT or SIGTERM.
    #[arg(short = 'n', long, value_name = "COUNT")]
    count: Option<u64>,
}

pub(super) async fn run(address: &ServiceAddr, args: &Args, output: Output) -> Result<()> {
    log_to_stderr();
    let stop = shutdown_signal()?;
    let (before, after) = (file::check(&args.file).await?, file::check(&args.other).await?);
    let from = &before.config.from;
    if *from != after.config.from {
        let (file, other) = (args.file.display(), args.other.display());
        bail!("{file} reads {from} and {other} reads {}: only the same records can be compared", after.config.from);
    }
    let stages = [file::configure(&args.file, &before).await?, file::configure(&args.other, &after).await?];
    let mut source = Browsed::open(address, from, args.from, true, args.count.unwrap_or(u64::MAX)).await?;
    output.progress(&format!("comparing what {} and {} make of {from}", args.file.display(), args.other.display()));
    let [one, other] = stages;
    let sides = [
        Side { config: &before.config, stages: one, schemas: &before.schemas },
        Side { config: &after.config, stages: other, schemas: &after.schemas },
    ];
    let mut told = Ok(());
    let tell = |difference: Difference| {
        let printed = output.result(|| harmless(&text(&difference)), || object(&difference));
        if told.is_ok() {
            told = printed;
        }
    };
    let compared = shadow(sides, &mut source, stop, tell).await?;
    told?;
    report(&compared, args, output)
}

fn report(compared: &Compared, args: &Args, output: Output) -> Result<()> {
    let Compared { records, differing, unsettled } = *compared;
    output.result(
        || format!("{records} records compared, {differing} differ; nothing was written or acknowledged"),
        || json!({"compared": records, "differing": differing, "unsettled": unsettled.iter().sum::<u64>()}),
    )?;
    for (file, unsettled) in [&args.file, &args.other].into_iter().zip(unsettled).filter(|(_, left)| *left > 0) {
        complain(&format!(
            "{} has not settled {unsettled} records in time; a stage or a target blocks",
            file.display()
        ));
    }
    if differing == 0 && unsettled == [0, 0] { Ok(()) } else { Err(Failure::Told { code: FAILED }.into()) }
}

fn text(difference: &Difference) -> String {
    let line = |mark: char, record: Option<&Record>| {
        record.map(|record| {
            let key = record.key.as_deref().map(|key| format!("  key {key}")).unwrap_or_default();
            let attributes: Vec<String> =
                record.attributes.iter().map(|(name, value)| format!("  {name}={value}")).collect();
            let payload = String::from_utf8_lossy(&record.payload);
            format!("\n{mark} {}{key}{}  {payload}", record.topic, attributes.concat())
        })
    };
    let lines = [line('-', difference.before.as_ref()), line('+', difference.after.as_ref())];
    let position = &difference.position;
    format!("offset {} of {}{}", position.offset, position.topic, lines.into_iter().flatten().collect::<String>())
}

fn object(difference: &Difference) -> Value {
    let record = |record: Option<&Record>| {
        record.map(|record| {
            json!({
                "topic": record.topic, "key": record.key, "payload": String::from_utf8_lossy(&record.payload),
                "attributes": record.attributes.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            })
        })
    };
    json!({
        "topic": difference.position.topic.as_ref(), "offset": difference.position.offset,
        "before": record(difference.before.as_ref()), "after": record(difference.after.as_ref()),
    })
}

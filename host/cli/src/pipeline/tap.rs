//! `irongate pipeline tap`: what a pipeline would make of records that are there, and a test of it. Reads without a subscription and writes to no
//! topic, so nobody notices.

use super::browsed::Browsed;
use super::file::{self, Checked};
use crate::address::ServiceAddr;
use crate::browsing::Start;
use crate::failure::{FAILED, Failure};
use crate::output::{Output, complain, harmless};
use anyhow::{Context, Result, bail};
use irongate_pipeline::{Arrived, Format, Outgoing, Recorded, TestRecord, record_test, run_test, section};
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// Records that one call may take. They are in memory together, and a test of more is read by nobody.
const RECORDS_MAX: i64 = 1_000;

/// The arguments of `pipeline tap`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file: TOML, or YAML where it is named so.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Where to start in the source: earliest, latest, which waits for what comes, offset:N,
    /// time:2024-01-01T10:00:00Z, ago:15m, timestamp:MS or last:N. By default last:COUNT.
    #[arg(long, value_name = "START")]
    from: Option<Start>,

    /// How many records at most.
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=RECORDS_MAX))]
    count: u32,

    /// Add the records to the file as a test with this name, which expects what comes out now.
    #[arg(long, value_name = "NAME")]
    save_test: Option<String>,
}

pub(super) async fn run(address: &ServiceAddr, args: &Args, output: Output) -> Result<()> {
    let checked = file::check(&args.file).await?;
    if let Some(name) = &args.save_test {
        if Format::of(&args.file) == Format::Yaml {
            bail!("a test is added to TOML files only, and {} is YAML", args.file.display());
        }
        if checked.config.tests.iter().any(|test| test.name == *name) {
            bail!("{} has a test named {name} already; choose another name", args.file.display());
        }
    }
    let records = read(address, args, &checked.config.from, output).await?;
    if records.is_empty() {
        bail!("{} has no records from there on; --from latest waits for the next", checked.config.from);
    }
    let stages = file::configure(&args.file, &checked).await?;
    let name = args.save_test.as_deref().unwrap_or_default();
    let recorded = record_test(&checked.config, name, records, stages, &checked.schemas).await?;
    show(&recorded, output)?;
    match &args.save_test {
        Some(_) => save(args, &checked, &recorded, output).await,
        None => Ok(()),
    }
}

async fn read(address: &ServiceAddr, args: &Args, from: &str, output: Output) -> Result<Vec<TestRecord>> {
    let start = args.from.unwrap_or(Start::LastCount(args.count));
    let follow = start == Start::Latest;
    if follow {
        output.progress(&format!("waiting for {} records of {from}", args.count));
    }
    let mut source = Browsed::open(address, from, start, follow, args.count.into()).await?;
    let mut records = Vec::new();
    while let Some(Arrived { record, .. }) = source.record().await? {
        records.push(TestRecord {
            key: record.key,
            attributes: record.attributes,
            payload: record.payload,
            partition: record.partition,
            publish_time_ms: record.publish_time_ms,
        });
    }
    Ok(records)
}

fn show(recorded: &Recorded, output: Output) -> Result<()> {
    for (topic, outgoing) in &recorded.outputs {
        for one in outgoing {
            output.result(|| harmless(&line(topic, one)), || object(topic, one))?;
        }
    }
    let counts = &recorded.counts;
    output.progress(&format!(
        "{} read, {} delivered, {} filtered, {} dropped, {} dead letters; nothing was written or acknowledged",
        counts.read, counts.delivered, counts.filtered, counts.dropped, counts.dead_lettered
    ));
    if counts.in_flight > 0 {
        complain(&format!("{} records were not settled in time; a stage or a target blocks", counts.in_flight));
        return Err(Failure::Told { code: FAILED }.into());
    }
    Ok(())
}

fn line(topic: &str, outgoing: &Outgoing) -> String {
    let key = outgoing.key.as_deref().map(|key| format!("  key {key}")).unwrap_or_default();
    let reason = outgoing.attributes.get(irongate_pipeline::dead_letter::FAILURE_REASON);
    let reason = reason.map(|reason| format!("  ({reason})")).unwrap_or_default();
    format!("{topic}{key}  {}{reason}", String::from_utf8_lossy(&outgoing.payload))
}

fn object(topic: &str, outgoing: &Outgoing) -> serde_json::Value {
    json!({
        "topic": topic, "key": outgoing.key, "attributes": outgoing.attributes,
        "payload": String::from_utf8_lossy(&outgoing.payload),
    })
}

/// Adds the test to the file once it is known to pass there.
async fn save(args: &Args, checked: &Arc<Checked>, recorded: &Recorded, output: Output) -> Result<()> {
    let path = args.file.display();
    let section = section(&recorded.test);
    let text = std::fs::read_to_string(&args.file).with_context(|| format!("{path} cannot be read"))?;
    let addition = format!("{}\n{section}", if text.ends_with('\n') { "" } else { "\n" });
    let config = file::parse(&args.file, &format!("{text}{addition}"))?;
    let Some(test) = config.tests.last() else { bail!("{path} does not take another test") };
    let stages = file::configure(&args.file, checked).await?;
    let result = run_test(&config, test, stages, &checked.schemas).await?;
    if !result.differences.is_empty() {
        result.differences.iter().for_each(|difference| complain(&harmless(difference)));
        bail!("the same records do not come out the same twice, so no test is added to {path}");
    }
    let file = std::fs::OpenOptions::new().append(true).open(&args.file);
    file.and_then(|mut file| file.write_all(addition.as_bytes()))
        .with_context(|| format!("{path} cannot be written"))?;
    let (name, records) = (&test.name, test.input.len());
    output.result(
        || harmless(&format!("{path}: the test {name} is added, with {records} records")),
        || json!({"test": name, "records": records}),
    )?;
    Ok(())
}

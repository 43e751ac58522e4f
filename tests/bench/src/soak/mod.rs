//! A soak: mixed load on one host for a long time, and whether the host's memory stays where it
//! is. Judges memory alone; speed is the other measurements' business. The load is in `load` and
//! `churn`, the judgement in `verdict`.

mod churn;
mod load;
mod verdict;

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use irongate_tests::Host;
use tokio::{task::JoinSet, time};

use crate::{memory, page::percent};
use load::Counts;
use verdict::{DIFFERENCE_MAX, Sample, Verdict};

/// Between two looks at the host.
const SAMPLE_EVERY: Duration = Duration::from_secs(5);

/// Loads one host for so many minutes and prints what became of it.
///
/// # Errors
/// Memory was not flat, a call was refused that should not have been, or some part of the load did nothing.
pub async fn run(minutes: u64) -> anyhow::Result<()> {
    let whole = Duration::from_secs(minutes.saturating_mul(60));
    let host = Host::start().await;
    let counts = Arc::<Counts>::default();
    let mut load = JoinSet::new();
    load::start(&mut load, &host, &counts).await?;
    churn::start(&mut load, &host, &counts).await?;
    let samples = watch(&host, &counts, &mut load, whole).await?;
    load.shutdown().await;
    println!("{}\n{}", verdict::table(&samples), counts.sentence());
    counts.check()?;
    host.assert_never_panicked();
    judge(&samples, whole)
}

/// Looks at the host until the time is over. No part of the load ends by itself.
async fn watch(
    host: &Host,
    counts: &Counts,
    load: &mut JoinSet<anyhow::Result<()>>,
    whole: Duration,
) -> anyhow::Result<Vec<Sample>> {
    let begun = time::Instant::now();
    let mut samples = Vec::new();
    let mut ticks = time::interval(SAMPLE_EVERY);
    while begun.elapsed() < whole {
        tokio::select! {
            _ = ticks.tick() => samples.push(Sample {
                at: begun.elapsed(),
                resident_mib: memory::resident_mib(host.process_id())?,
                disk_mib: folder_bytes(&host.data()) as f64 / f64::from(1 << 20),
                sent: counts.sent(),
                delivered: counts.delivered(),
            }),
            ended = load.join_next() => {
                ended.context("there is no load")??.with_context(|| format!("after {:?}", begun.elapsed()))?;
                anyhow::bail!("a part of the load ended after {:?}", begun.elapsed());
            }
        }
    }
    Ok(samples)
}

fn judge(samples: &[Sample], whole: Duration) -> anyhow::Result<()> {
    let verdict = Verdict::of(samples, whole).context("the time is too short for a judgement")?;
    println!(
        "resident memory, medians: {:.1} MiB in the first fifth after {} s of warm-up, {:.1} MiB in the last: {:+.1} %",
        verdict.first_mib,
        verdict::warm_up(whole).as_secs(),
        verdict.last_mib,
        verdict.difference() * 100.0
    );
    ensure!(verdict.is_flat(), "memory is not flat: the limit is {} of difference", percent(DIFFERENCE_MAX));
    println!("flat: the limit is {} of difference", percent(DIFFERENCE_MAX));
    Ok(())
}

/// What the files of a folder hold together. Files that go away meanwhile hold nothing.
fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let bytes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => folder_bytes(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    bytes.sum()
}

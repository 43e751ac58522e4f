//! The measurement of producing: every load once per round, baselines between them, so
//! that a slow minute of the machine falls on all of them.

mod report;

pub use report::markdown;

use std::time::Duration;

use irongate_proto::danube::DispatchStrategy;
use irongate_tests::Host;

use crate::{
    commits::Commits,
    echo::EchoProcess,
    load::{Load, MEASURED, Outcome},
    memory, plain_file,
};

/// How often everything is measured.
pub const ROUNDS: usize = 5;

/// The producer counts that are measured.
pub const PRODUCERS: [usize; 2] = [1, 32];

/// What was measured for one number of producers, one entry per round.
#[derive(Debug, Default)]
pub struct Series {
    /// The bare gRPC echo.
    pub echo: Vec<Outcome>,
    /// A topic that stores nothing.
    pub non_reliable: Vec<Outcome>,
    /// A topic that acknowledges after the sync.
    pub reliable: Vec<Outcome>,
    /// Messages per group commit on the reliable topic.
    pub group_messages: Vec<f64>,
    /// Messages per second of the plain file with those groups.
    pub plain_file: Vec<f64>,
}

/// Everything that was measured.
#[derive(Debug)]
pub struct Measured {
    /// Per entry of [`PRODUCERS`].
    pub series: Vec<(usize, Series)>,
    /// Resident memory of the host before any load, in MiB.
    pub idle_mib: f64,
    /// And after all of it, in MiB.
    pub after_mib: f64,
}

/// Runs all rounds.
///
/// # Errors
/// A process does not start, or a message is refused.
pub async fn measure() -> anyhow::Result<Measured> {
    let host = Host::start().await;
    let echo = EchoProcess::start().await?;
    let mut series: Vec<(usize, Series)> = PRODUCERS.iter().map(|producers| (*producers, Series::default())).collect();
    settle().await;
    let idle_mib = memory::resident_mib(host.process_id())?;
    for round in 1..=ROUNDS {
        for (producers, series) in &mut series {
            eprintln!("round {round} of {ROUNDS}, {producers} producers");
            measure_once(&host, &echo, *producers, series).await?;
        }
    }
    settle().await;
    let after_mib = memory::resident_mib(host.process_id())?;
    Ok(Measured { series, idle_mib, after_mib })
}

async fn measure_once(host: &Host, echo: &EchoProcess, producers: usize, series: &mut Series) -> anyhow::Result<()> {
    let load = |url: String, kind: &str, strategy| Load {
        url,
        topic: format!("/default/bench-{kind}-{producers}"),
        producers,
        strategy,
    };
    series.echo.push(load(echo.url.clone(), "echo", DispatchStrategy::NonReliable).run().await?);
    series.non_reliable.push(load(host.url(), "loose", DispatchStrategy::NonReliable).run().await?);
    let before = Commits::read(host).await?;
    series.reliable.push(load(host.url(), "reliable", DispatchStrategy::Reliable).run().await?);
    let group = Commits::read(host).await?.group_since(&before);
    series.group_messages.push(group);
    let folder = host.folder().to_owned();
    let writing = tokio::task::spawn_blocking(move || plain_file::messages_per_second(&folder, group, MEASURED));
    series.plain_file.push(writing.await??);
    Ok(())
}

/// Lets what a load left behind (flushing, closing connections) end before the next look.
async fn settle() {
    tokio::time::sleep(Duration::from_secs(2)).await;
}

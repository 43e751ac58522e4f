//! The measurement of `irongate produce` at full speed next to Danube's own client in a tight loop: the same server, one producer
//! each, one after the other in every round. Both as processes; the command's start counts against it.

mod report;

pub use report::markdown;

use std::{path::PathBuf, process::Stdio, time::Instant};

use anyhow::{Context, ensure};
use irongate_tests::{Host, surroundings};
use tokio::process::Command;

use crate::load::{MEASURED, PAYLOAD_BYTES};

/// How often everything is measured, unless `IRONGATE_BENCH_ROUNDS` says otherwise.
const ROUNDS: u64 = 5;

/// Messages of one run of the command: some seconds' work, as the loop has.
const MESSAGES: u64 = 200_000;

/// Messages per second of both, one entry per round.
#[derive(Debug, Default)]
pub struct Series {
    /// Danube's client.
    pub client: Vec<f64>,
    /// `irongate produce`.
    pub command: Vec<f64>,
}

/// Everything that was measured.
#[derive(Debug, Default)]
pub struct Measured {
    /// A topic that stores nothing.
    pub non_reliable: Series,
    /// A topic that acknowledges after the sync.
    pub reliable: Series,
}

/// Runs all rounds.
///
/// # Errors
/// A process does not start, or a message is refused.
pub async fn measure() -> anyhow::Result<Measured> {
    let host = Host::start().await;
    let payload = host.folder().join("payload");
    std::fs::write(&payload, vec![b'x'; PAYLOAD_BYTES])?;
    let mut measured = Measured::default();
    let rounds = surroundings::number("IRONGATE_BENCH_ROUNDS", ROUNDS);
    for round in 1..=rounds {
        for is_reliable in [false, true] {
            let dispatch = if is_reliable { "reliable" } else { "non-reliable" };
            eprintln!("round {round} of {rounds}, {dispatch}");
            let series = if is_reliable { &mut measured.reliable } else { &mut measured.non_reliable };
            series.client.push(client(&host, dispatch).await?);
            series.command.push(command(&host, dispatch, &payload, round).await?);
        }
    }
    host.assert_never_panicked();
    Ok(measured)
}

/// Danube's client, by its own clock from the first message on.
async fn client(host: &Host, dispatch: &str) -> anyhow::Result<f64> {
    let program: PathBuf = std::env::var_os("IRONGATE_DANUBE_LOOP").context("IRONGATE_DANUBE_LOOP is not set")?.into();
    let mut command = Command::new(program);
    command.arg(host.url()).arg(format!("/default/client-{dispatch}")).arg(dispatch);
    command.arg(PAYLOAD_BYTES.to_string()).arg(MEASURED.as_secs().to_string());
    let output = command.stderr(Stdio::inherit()).output().await.context("danube-client-loop does not start")?;
    ensure!(output.status.success(), "danube-client-loop failed");
    let text = String::from_utf8(output.stdout)?;
    let (sent, seconds) = text.trim().split_once(' ').context("danube-client-loop prints two numbers")?;
    Ok(sent.parse::<f64>()? / seconds.parse::<f64>()?)
}

/// The command, by the clock on the wall from before its start until after its end.
async fn command(host: &Host, dispatch: &str, payload: &std::path::Path, round: u64) -> anyhow::Result<f64> {
    let topic = format!("/default/command-{dispatch}-{round}");
    let mut command = Command::new(surroundings::irongate());
    command.args(["produce", "-s", &host.url(), "-t", &topic, "--quiet", "--count", &MESSAGES.to_string()]);
    command.arg("-f").arg(payload).env("XDG_STATE_HOME", host.folder()).stdin(Stdio::null());
    if dispatch == "reliable" {
        command.arg("--reliable");
    }
    let started = Instant::now();
    let output = command.stderr(Stdio::inherit()).output().await.context("irongate produce does not start")?;
    let seconds = started.elapsed().as_secs_f64();
    let told = String::from_utf8(output.stdout)?;
    ensure!(output.status.success() && told.contains(&format!("Success: {MESSAGES}")), "not all was sent:\n{told}");
    Ok(MESSAGES as f64 / seconds)
}

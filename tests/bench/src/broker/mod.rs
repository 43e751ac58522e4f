//! The measurement of the embedded broker beyond single messages: batches, fan-out, many
//! topics, processor time. One file for each; this one interleaves them and writes the section.

pub mod batch;
mod fan_out;
mod processor;
mod report;
mod topics;

pub use batch::publish;
pub use report::markdown;

use irongate_tests::{Host, surroundings};

use crate::echo::EchoProcess;

/// How often everything but the many topics is measured, unless `IRONGATE_BENCH_ROUNDS` says otherwise.
const ROUNDS: u64 = 5;

/// Everything that was measured, one entry per round.
#[derive(Debug, Default)]
pub struct Measured {
    /// Messages per second, one in each call, non-reliable.
    pub single: Vec<f64>,
    /// The same in batches.
    pub batch: Vec<f64>,
    /// Messages per second in batches, reliable.
    pub reliable_batch: Vec<f64>,
    /// Messages in each of its group commits.
    pub group_messages: Vec<f64>,
    /// Messages per second of the plain file with those groups.
    pub plain_file: Vec<f64>,
    /// Deliveries per second to one subscription.
    pub one_subscription: Vec<f64>,
    /// Deliveries per second to all of [`fan_out::SUBSCRIPTIONS`] together.
    pub many_subscriptions: Vec<f64>,
    /// Microseconds of processor time for each message: echo, non-reliable, reliable.
    pub processor_us: [Vec<f64>; 3],
    /// The host with many topics.
    pub topics: topics::Figures,
}

/// Runs all rounds, then the many topics.
///
/// # Errors
/// A process does not start, or the host refuses something.
pub async fn measure() -> anyhow::Result<Measured> {
    let host = Host::start().await;
    let echo = EchoProcess::start().await?;
    let mut measured = Measured::default();
    let rounds = surroundings::number("IRONGATE_BENCH_ROUNDS", ROUNDS);
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        measured.single.push(batch::messages_per_second(&host, batch::SINGLE).await?);
        measured.batch.push(batch::messages_per_second(&host, batch::BATCH).await?);
        let (rate, group) = batch::reliable(&host).await?;
        measured.reliable_batch.push(rate);
        measured.group_messages.push(group);
        measured.plain_file.push(batch::plain_file(&host, group).await?);
        measured.one_subscription.push(fan_out::deliveries_per_second(&host, round, 1).await?);
        measured.many_subscriptions.push(fan_out::deliveries_per_second(&host, round, fan_out::SUBSCRIPTIONS).await?);
        for (kind, figures) in processor::KINDS.iter().zip(&mut measured.processor_us) {
            figures.push(processor::us_per_message(&host, &echo, *kind).await?);
        }
    }
    drop((host, echo));
    eprintln!("{} topics", topics::TOPICS);
    measured.topics = topics::measure().await?;
    Ok(measured)
}

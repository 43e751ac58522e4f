//! Processor time of the serving process for each message, as Linux counts it. The load is
//! that of the section on producing.

use anyhow::Context;
use irongate_proto::danube::DispatchStrategy;
use irongate_tests::Host;

use crate::{
    echo::EchoProcess,
    load::{Load, MEASURED, WARM_UP},
};

/// Producers of the load.
pub const PRODUCERS: usize = 32;

/// Who serves, and how messages are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The bare gRPC echo.
    Echo,
    /// The host, a topic that stores nothing.
    NonReliable,
    /// The host, a topic that acknowledges after the sync.
    Reliable,
}

/// All of them, in the order of the table.
pub const KINDS: [Kind; 3] = [Kind::Echo, Kind::NonReliable, Kind::Reliable];

/// What `/proc` counts in, on every Linux that Rust supports.
const TICK_US: f64 = 10_000.0;

/// Microseconds of processor time for each message.
pub async fn us_per_message(host: &Host, echo: &EchoProcess, kind: Kind) -> anyhow::Result<f64> {
    let (url, process_id) = match kind {
        Kind::Echo => (echo.url.clone(), echo.process_id),
        Kind::NonReliable | Kind::Reliable => (host.url(), host.process_id()),
    };
    let strategy = match kind {
        Kind::Reliable => DispatchStrategy::Reliable,
        Kind::Echo | Kind::NonReliable => DispatchStrategy::NonReliable,
    };
    let load = Load { url, topic: format!("/default/bench-processor-{kind:?}"), producers: PRODUCERS, strategy };
    let before = used_us(process_id)?;
    let outcome = load.run().await?;
    let used = used_us(process_id)? - before;
    // The rate is that of the measured time; the warm-up's messages cost as much.
    Ok(used / (outcome.messages_per_second * (MEASURED + WARM_UP).as_secs_f64()))
}

fn used_us(process_id: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process_id}/stat"))?;
    // The name, in parentheses, may hold anything; user and system time are the 12th and 13th behind it.
    let (_, rest) = stat.rsplit_once(')').context("no name in the status of a process")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |index: usize| -> anyhow::Result<f64> {
        Ok(fields.get(index).context("too few fields in the status of a process")?.parse()?)
    };
    Ok((ticks(11)? + ticks(12)?) * TICK_US)
}

#[test]
fn this_process_uses_its_processor() {
    let before = used_us(std::process::id()).unwrap();
    let mut sum = 0_u64;
    while used_us(std::process::id()).unwrap() < before + 2.0 * TICK_US {
        sum = sum.wrapping_add(1);
    }
    assert!(sum > 0);
}

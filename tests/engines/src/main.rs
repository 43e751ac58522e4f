//! Other engines on the work of the benchmark. Reads what to measure from standard input, a line each: engine, work, records in a batch; answers each with
//! the microseconds for one record. So that rounds interleave with those of a program that must not share libraries with these.

#[path = "../../bench/src/transforms/clock.rs"]
mod clock;
mod extism;
mod fluvio;
#[path = "../../../plugins/bench/src/mask.rs"]
mod mask;
mod packing;
#[path = "../../bench/src/transforms/records.rs"]
mod records;

use std::{
    io::{self, Write},
    path::PathBuf,
};

use anyhow::{Context, bail};
use records::Work;

/// What is measured by, and how.
trait Engine {
    /// The work on a batch of so many records, microseconds for each.
    fn measure(&mut self, work: Work, batch: usize) -> anyhow::Result<f64>;
}

fn main() -> anyhow::Result<()> {
    let guests = std::env::args_os().nth(1).context("usage: irongate-tests-engines FOLDER_OF_GUESTS")?;
    let guests = PathBuf::from(guests);
    let mut extism = extism::Extism::new(&guests)?;
    let mut fluvio = fluvio::Fluvio::new(&guests)?;
    for line in io::stdin().lines() {
        let line = line.context("standard input")?;
        let mut words = line.split(' ');
        let mut word = || words.next().with_context(|| format!("`{line}` is not: engine, work, records"));
        let engine: &mut dyn Engine = match word()? {
            "extism" => &mut extism,
            "fluvio" => &mut fluvio,
            other => bail!("there is no engine `{other}`"),
        };
        let name = word()?;
        let work = Work::ALL.into_iter().find(|work| work.name() == name);
        let work = work.with_context(|| format!("there is no work `{name}`"))?;
        let batch = word()?.parse().context("records in a batch, a whole number")?;
        println!("{}", engine.measure(work, batch)?);
        io::stdout().flush().context("standard output")?;
    }
    Ok(())
}

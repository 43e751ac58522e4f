//! `irongate plugin run`: a component over records from a file, as a pipeline's stage would run it. Writes to no topic; state lasts as long as the run.

use super::engine::{self, Allowed, check, grants, tell_aside, tell_log};
use super::{records, stored::component};
use crate::failure::{FAILED, Failure};
use crate::output::{Output, complain, harmless, is_broken_pipe};
use anyhow::{Context, Result};
use irongate_runtime::{Limits, MemoryState, Outcome, Record, Transform};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::sync::Arc;

/// The arguments of `plugin run`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The component, or the name of one in your plugin store.
    #[arg(value_name = "FILE.wasm|NAME[@VERSION]")]
    file: PathBuf,
    /// The configuration, as JSON.
    #[arg(short, long, value_name = "JSON", default_value = "null")]
    config: String,
    /// A file with the configuration instead.
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    config_file: Option<PathBuf>,
    /// The records, one JSON object per line; without it, standard input.
    #[arg(short, long, value_name = "FILE")]
    records: Option<PathBuf>,
    /// Grant a capability that the component wants.
    #[arg(long, value_enum, value_delimiter = ',')]
    allow: Vec<Allowed>,
    /// How many records to hand over at a time; more wait until so many are there.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
    /// How long a batch may take, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = Limits::default().batch_time_ms_max)]
    batch_time_ms_max: u64,
    /// How much memory the component may have, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().memory_bytes_max)]
    memory_bytes_max: usize,
}

pub(super) fn run(args: Args, output: Output) -> Result<()> {
    let configuration = configuration(&args)?;
    let plugin = engine::load(&component(&args.file)?)?;
    check(&plugin, &configuration)?;
    let state = Arc::new(MemoryState::default());
    let limits = Limits {
        batch_time_ms_max: args.batch_time_ms_max,
        memory_bytes_max: args.memory_bytes_max,
        ..Limits::default()
    };
    let transform = plugin.configure(&configuration, limits, grants(&args.allow), state.clone())?;
    tell_log(transform.configure_log());
    let mut trial = Trial { transform, state, output, totals: Totals::default() };
    match feed(&args, &mut trial) {
        Err(error) if error.downcast_ref().is_some_and(is_broken_pipe) => Ok(()),
        Err(error) => Err(error),
        Ok(()) => trial.totals.tell(),
    }
}

fn configuration(args: &Args) -> Result<String> {
    match &args.config_file {
        None => Ok(args.config.clone()),
        Some(file) => std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display())),
    }
}

/// Reads the records and hands them over in batches.
fn feed(args: &Args, trial: &mut Trial) -> Result<()> {
    let input: Box<dyn BufRead> = match &args.records {
        Some(file) => {
            let opened = File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
            Box::new(BufReader::new(opened))
        }
        None => Box::new(std::io::stdin().lock()),
    };
    let mut batch: Vec<(usize, Record)> = Vec::new();
    for (index, line) in input.lines().enumerate() {
        let line = line.context("the records cannot be read")?;
        if line.trim().is_empty() {
            continue;
        }
        let record = records::parse(&line).with_context(|| format!("line {} is not a record", index + 1))?;
        batch.push((index + 1, record));
        if batch.len() == usize::from(args.batch) {
            trial.serve(std::mem::take(&mut batch))?;
        }
    }
    trial.serve(batch)
}

/// A configured component, and what became of the records so far.
struct Trial {
    transform: Transform,
    state: Arc<MemoryState>,
    output: Output,
    totals: Totals,
}

impl Trial {
    /// Serves a batch of records, each with its line.
    fn serve(&mut self, batch: Vec<(usize, Record)>) -> Result<()> {
        let (lines, batch): (Vec<usize>, Vec<Record>) = batch.into_iter().unzip();
        let report = self.transform.transform(&batch)?;
        tell_aside(&report);
        for (line, outcome) in lines.iter().zip(&report.outcomes) {
            self.totals.add(outcome);
            self.output.result(|| harmless(&records::lines(*line, outcome)), || records::object(*line, outcome))?;
        }
        self.state.apply(report.state_changes);
        Ok(())
    }
}

/// How many records ended in which way.
#[derive(Debug, Default)]
struct Totals {
    records: u64,
    faults: u64,
    by_word: std::collections::BTreeMap<&'static str, u64>,
}

impl Totals {
    fn add(&mut self, outcome: &Outcome) {
        self.records += 1;
        self.faults += u64::from(matches!(outcome, Outcome::Fault(_) | Outcome::Untried));
        *self.by_word.entry(records::word(outcome)).or_default() += 1;
    }

    /// Prints them; a fault is a failure.
    fn tell(&self) -> Result<()> {
        let ways: Vec<String> = self.by_word.iter().map(|(word, count)| format!("{count} {word}")).collect();
        let ways = if ways.is_empty() { "nothing to do".to_owned() } else { ways.join(", ") };
        let records = if self.records == 1 { "record" } else { "records" };
        complain(&format!("{} {records}: {ways}", self.records));
        if self.faults > 0 {
            return Err(Failure::Told { code: FAILED }.into());
        }
        Ok(())
    }
}

//! The other engines: a program of its own, asked for one figure at a time. It is built apart, because their libraries are of other versions than ours.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::Context;

use super::records::Work;

/// The program, and the folder with its guests, built by `cargo xtask bench`.
const PROGRAM: &str = "IRONGATE_BENCH_ENGINES";
const GUESTS: &str = "IRONGATE_BENCH_ENGINE_GUESTS";

/// The program, running.
pub struct Engines {
    child: Child,
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Engines {
    /// Starts it, if one is named: without it only our own figures are measured. It checks its guests against the native functions before it answers.
    ///
    /// # Errors
    /// It is not there, or does not start.
    pub fn start() -> anyhow::Result<Option<Engines>> {
        let Some(program) = std::env::var_os(PROGRAM) else { return Ok(None) };
        let guests = std::env::var_os(GUESTS).with_context(|| format!("{GUESTS} is not set, but {PROGRAM} is"))?;
        let mut child = Command::new(program)
            .arg(guests)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the program with the other engines")?;
        let questions = child.stdin.take().context("its standard input")?;
        let answers = BufReader::new(child.stdout.take().context("its standard output")?).lines();
        Ok(Some(Engines { child, questions, answers }))
    }

    /// What an engine takes for each record of a batch, in microseconds.
    ///
    /// # Errors
    /// The program ended; it said why on standard error.
    pub fn measure(&mut self, engine: &str, work: Work, batch: usize) -> anyhow::Result<f64> {
        writeln!(self.questions, "{engine} {} {batch}", work.name()).context("the program with the other engines")?;
        let answer = self.answers.next().context("the program with the other engines ended")??;
        answer.parse().with_context(|| format!("`{answer}` is not microseconds"))
    }
}

impl Drop for Engines {
    fn drop(&mut self) {
        // It only measures: there is nothing to lose.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

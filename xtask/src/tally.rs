//! Counting: reads the closing lines that Rust's test runners print while passing
//! them on, and sums up. Decides nothing about what runs.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::Context;

use crate::process;

/// How one runner ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Count {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed, plus one for each program that failed without saying which test did.
    pub failed: u64,
}

/// What all runners said so far, in the order they ran.
pub struct Tally {
    runners: Vec<Runner>,
    /// Where their output is passed on to.
    screen: Box<dyn Write>,
}

struct Runner {
    name: String,
    count: Count,
    seconds: f64,
}

impl Tally {
    /// A tally that has counted nothing yet.
    pub fn new(screen: impl Write + 'static) -> Tally {
        Tally { runners: Vec::new(), screen: Box::new(screen) }
    }

    /// Runs these commands, passes on what they print, and counts them as the runner `name`.
    ///
    /// # Errors
    /// A command cannot be started. A failing test is no error here: it is counted.
    pub fn run(&mut self, name: &str, commands: impl IntoIterator<Item = Command>) -> anyhow::Result<()> {
        let started = Instant::now();
        let mut count = Count::default();
        for mut command in commands {
            let one = run_and_count(&mut command, &mut self.screen)?;
            count.passed += one.passed;
            count.failed += one.failed;
        }
        self.runners.push(Runner { name: name.to_owned(), count, seconds: started.elapsed().as_secs_f64() });
        Ok(())
    }

    /// The table of runners and, as its last line, the sum.
    pub fn report(&self) -> String {
        let mut text = String::new();
        let mut sum = Count::default();
        for Runner { name, count, seconds } in &self.runners {
            let note = if count.passed + count.failed == 0 { " (ran no test: counted as a failure)" } else { "" };
            text +=
                &format!("{name:<40} {:>4} passed {:>4} failed {seconds:>7.1} s{note}\n", count.passed, count.failed);
            sum.passed += count.passed;
            sum.failed += count.failed.max(u64::from(count.passed == 0));
        }
        text + &format!("{} passed, {} failed", sum.passed, sum.failed)
    }

    /// Whether every runner ran at least one test and none failed.
    pub fn is_green(&self) -> bool {
        !self.runners.is_empty()
            && self.runners.iter().all(|runner| runner.count.passed > 0 && runner.count.failed == 0)
    }
}

fn run_and_count(command: &mut Command, screen: &mut dyn Write) -> anyhow::Result<Count> {
    let line = process::describe(command);
    eprintln!("> {line}");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{line}` could not be started"))?;
    let mut count = Count::default();
    let mut reader = BufReader::new(child.stdout.take().expect("the output was asked for above"));
    let mut bytes = Vec::new();
    while reader.read_until(b'\n', &mut bytes)? > 0 {
        screen.write_all(&bytes)?;
        if let Some(one) = closing_line(&String::from_utf8_lossy(&bytes)) {
            count.passed += one.passed;
            count.failed += one.failed;
        }
        bytes.clear();
    }
    let status = child.wait()?;
    if !status.success() && count.failed == 0 {
        eprintln!("`{line}` failed: {status}");
        count.failed = 1;
    }
    Ok(count)
}

/// Reads `test result: ok. 3 passed; 0 failed; 0 ignored; ...`.
fn closing_line(line: &str) -> Option<Count> {
    let (_, numbers) = line.trim().strip_prefix("test result: ")?.split_once(". ")?;
    let number = |label: &str| {
        numbers
            .split(';')
            .find_map(|part| part.trim().strip_suffix(label))
            .and_then(|digits| digits.trim().parse().ok())
    };
    Some(Count { passed: number("passed")?, failed: number("failed")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stderr(Stdio::null());
        command
    }

    #[test]
    fn closing_lines_are_read() {
        let line =
            "test result: FAILED. 13 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.02s\n";
        assert_eq!(closing_line(line), Some(Count { passed: 13, failed: 2 }));
        assert_eq!(closing_line("test result_is_read ... ok"), None);
    }

    #[test]
    fn the_sum_is_the_last_line() {
        let mut tally = Tally::new(std::io::sink());
        tally
            .run(
                "two programs",
                [
                    shell("echo 'test result: ok. 2 passed; 0 failed; 0 ignored'"),
                    shell("echo 'test result: ok. 1 passed; 0 failed; 0 ignored'"),
                ],
            )
            .unwrap();
        assert!(tally.is_green());
        assert_eq!(tally.report().lines().last(), Some("3 passed, 0 failed"));
    }

    #[test]
    fn a_failing_test_a_crash_and_no_test_at_all_are_failures() {
        for script in [
            "echo 'test result: FAILED. 2 passed; 1 failed; 0 ignored'; exit 101",
            "echo 'test result: ok. 2 passed; 0 failed; 0 ignored'; kill -9 $$",
            "echo 'test result: ok. 0 passed; 0 failed; 0 ignored'",
            "true",
        ] {
            let mut tally = Tally::new(std::io::sink());
            tally.run("one", [shell(script)]).unwrap();
            assert!(!tally.is_green(), "{script}");
            assert!(tally.report().ends_with(" 1 failed"), "{script}: {}", tally.report());
        }
    }
}

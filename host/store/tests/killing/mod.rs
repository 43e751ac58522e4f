//! A process of this test program that commits until it is killed, several times over. What it commits and how that is
//! counted, the tests say.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs the test `child` with `dir` in the variable `dir_name` and kills it after some lines "committed N", five times, each
/// time later. `stored` answers how many commits there are then: more than the last one that was completed.
pub fn what_was_completed_is_stored(child: &str, dir_name: &str, dir: &Path, stored: impl Fn() -> u64) {
    for round in 1..6_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", child, "--nocapture"])
            .env(dir_name, dir)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut committed = None;
        let mut seen = 0;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            if let Some((_, number)) = line.unwrap().split_once("committed ") {
                committed = Some(number.parse::<u64>().unwrap());
                seen += 1;
            }
            // The pipe is drained to its end after the kill: it holds completions too.
            if seen == round * 7 {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        let stored = stored();
        assert!(stored > committed.unwrap(), "round {round}: {stored} stored, {committed:?} completed");
    }
}

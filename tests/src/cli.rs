//! The `irongate` command as a person or a script would run it.

use std::{path::Path, process::Stdio, time::Duration};

use tokio::process::Command;

use crate::{surroundings, until};

/// What one command left behind.
#[derive(Debug)]
pub struct Ended {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Runs `irongate ARGUMENTS` in this folder to its end.
///
/// # Panics
/// It does not end in time, or a signal ended it.
pub async fn irongate(folder: &Path, arguments: &[&str]) -> Ended {
    let mut command = Command::new(surroundings::irongate());
    command.args(arguments);
    run(folder, command).await
}

/// Runs any command in this folder to its end.
///
/// # Panics
/// As [`irongate`].
pub async fn run(folder: &Path, command: Command) -> Ended {
    run_within(until::PATIENCE, folder, command).await
}

/// The same for what may take longer.
///
/// # Panics
/// As [`irongate`].
pub async fn run_within(patience: Duration, folder: &Path, mut command: Command) -> Ended {
    command.current_dir(folder).env("NO_COLOR", "1").stdin(Stdio::null()).kill_on_drop(true);
    let what = format!("{:?}", command.as_std());
    let output = until::done_within(patience, &what, command.output()).await.expect("the command can be started");
    let code = output.status.code().unwrap_or_else(|| panic!("{what} was ended by a signal: {output:?}"));
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ended { code, stdout: text(output.stdout), stderr: text(output.stderr) }
}

//! The `irongate` command as a person or a script would run it.

use std::{path::Path, process::Stdio, time::Duration};

use tokio::process::Command;

use crate::{Host, surroundings, until};

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

/// How long a command may take that has a component compiled, here and in the host.
const COMPILE_PATIENCE: Duration = Duration::from_secs(300);

/// Runs `irongate ARGUMENTS` against this host, in its folder, to its end, which must be a good one.
///
/// # Panics
/// As [`irongate`], or it fails.
pub async fn succeeds(host: &Host, arguments: &[&str]) -> Ended {
    let mut command = Command::new(surroundings::irongate());
    command.args(arguments).env("IRONGATE_SERVICE_ADDR", host.url());
    let ended = run_within(COMPILE_PATIENCE, host.folder(), command).await;
    assert_eq!(ended.code, 0, "{arguments:?}: {ended:?}");
    ended
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

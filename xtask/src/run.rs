//! `cargo xtask run`: from a fresh clone to a running console. The host itself
//! prints the address; this file only builds and starts it.

use std::process::Command;

use anyhow::Context;

use crate::{build, process, workspace::Workspace};

/// Builds, then becomes `irongate serve` on `./irongate-data`. Further arguments go to
/// the host, which lets them override the data directory.
///
/// # Errors
/// The build fails, or the host cannot be started or ends with a failure.
pub fn run(workspace: &Workspace, arguments: &[&str]) -> anyhow::Result<()> {
    let binary = build::build(workspace)?;
    let mut command = Command::new(binary);
    command.current_dir(&workspace.root).arg("serve");
    if !arguments.iter().any(|argument| argument.starts_with("--data-dir")) {
        command.args(["--data-dir", "./irongate-data"]);
    }
    command.args(arguments);
    eprintln!("> {}", process::describe(&command));
    let status = command.status().context("irongate could not be started")?;
    anyhow::ensure!(status.success(), "irongate ended: {status}");
    Ok(())
}

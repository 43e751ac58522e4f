//! `cargo xtask soak`: mixed load on one host for a long time, and a failure unless the host's memory
//! stays flat. The load and the judgement are in `tests/bench`.

use std::{env, path::PathBuf};

use anyhow::{Context, bail};

use crate::{build, process, workspace::Workspace};

/// How long, in minutes.
const MINUTES: u64 = 30;

/// `[--minutes N]`.
///
/// # Errors
/// Wrong arguments, a build that fails, or memory that is not flat.
pub fn soak(workspace: &Workspace, arguments: &[&str]) -> anyhow::Result<()> {
    let minutes = minutes(arguments)?;
    let host = match env::var_os("IRONGATE_BIN").filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => build::build(workspace)?,
    };
    let mut cargo = workspace.cargo();
    cargo.env("IRONGATE_BIN", host).args(["run", "--release", "--package", "irongate-tests-bench", "--", "soak"]);
    process::run(cargo.arg(minutes.to_string()))
}

fn minutes(arguments: &[&str]) -> anyhow::Result<u64> {
    match arguments {
        [] => Ok(MINUTES),
        ["--minutes", minutes] => minutes.parse().context("--minutes takes a whole number"),
        _ => bail!("usage: cargo xtask soak [--minutes N]"),
    }
}

#[test]
fn minutes_are_a_number_or_thirty() {
    assert_eq!(minutes(&[]).ok(), Some(MINUTES));
    assert_eq!(minutes(&["--minutes", "5"]).ok(), Some(5));
    assert!(minutes(&["--minutes", "soon"]).is_err() && minutes(&["5"]).is_err());
}

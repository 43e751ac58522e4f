//! A Python of our own with Danube's Python client and the container files' linters in it, under the target directory.

use std::{fs, path::PathBuf, process::Command};

use anyhow::Context;

use super::debian;
use crate::{process, workspace::Workspace};

/// Makes the virtual environment and installs `tests/python/requirements.txt` unless
/// that was done before, and answers its interpreter.
///
/// # Errors
/// Python or its venv module are missing and cannot be installed, or pip fails.
pub fn ensure(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let folder = workspace.target.join("venv");
    let interpreter = folder.join("bin/python");
    let wanted = fs::read_to_string(workspace.root.join("tests/python/requirements.txt"))
        .context("tests/python/requirements.txt")?;
    let stamp = folder.join("requirements.installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) && works(&interpreter) {
        return Ok(interpreter);
    }
    let has_venv = process::output(Command::new("python3").args(["-c", "import ensurepip, venv"])).is_some();
    if !has_venv {
        debian::install("Python with its venv module", &["python3", "python3-venv"])?;
    }
    process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    process::run(
        Command::new(&interpreter)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(workspace.root.join("tests/python/requirements.txt")),
    )?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(interpreter)
}

/// A Python that was removed or upgraded leaves environments behind that do not start.
fn works(interpreter: &PathBuf) -> bool {
    process::output(Command::new(interpreter).arg("--version")).is_some()
}

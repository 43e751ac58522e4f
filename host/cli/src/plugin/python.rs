//! Building a transform in Python with componentize-py, from the project's `.venv` or PATH. Installs nothing; says how where something is missing.

use super::project;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Where the interface is in a project.
const WIT: &str = "vendor/irongate/wit";
/// Where the interface's classes are put for tests and for editors.
const BINDINGS: &str = "bindings";
const PYTHON_MISSING: &str = "python3 could not be started: install Python 3.11 or later";

/// # Errors
/// componentize-py is missing, or it does not build.
pub(super) fn build(folder: &Path) -> Result<PathBuf> {
    let component = project::component(folder)?;
    let tool = tool(folder)?;
    // The interpreter asks for all of WASI whether or not the transform does. With the stubs the component imports the interface alone.
    let arguments = ["--wit-path", WIT, "--world", "transform", "componentize", "--stub-wasi", "transform", "--output"];
    project::run(
        project::command(&tool, folder).args(arguments).arg(component.file_name().unwrap_or_default()),
        "componentize-py could not be started",
        "the transform does not build",
    )?;
    Ok(component)
}

/// # Errors
/// componentize-py or Python are missing, or a test fails.
pub(super) fn test(folder: &Path) -> Result<()> {
    let tool = tool(folder)?;
    let bindings = folder.join(BINDINGS);
    if bindings.exists() {
        std::fs::remove_dir_all(&bindings).with_context(|| format!("{} cannot be replaced", bindings.display()))?;
    }
    project::run(
        project::command(&tool, folder).args([
            "--quiet",
            "--wit-path",
            WIT,
            "--world",
            "transform",
            "bindings",
            BINDINGS,
        ]),
        "componentize-py could not be started",
        "the interface's classes cannot be made",
    )?;
    // The Python beside the tool, so that a project's own environment is used.
    let python = project::find(&["python3", "python"], &[folder.join(".venv/bin")]).context(PYTHON_MISSING)?;
    project::run(
        project::command(python, folder).env("PYTHONPATH", BINDINGS).args(["-m", "unittest", "--quiet"]),
        PYTHON_MISSING,
        "the transform's tests fail",
    )
}

fn tool(folder: &Path) -> Result<PathBuf> {
    project::find(&["componentize-py"], &[folder.join(".venv/bin")]).with_context(|| {
        format!(
            "componentize-py is missing: run `python3 -m venv .venv && .venv/bin/pip install -r requirements.txt` in {}",
            folder.display()
        )
    })
}

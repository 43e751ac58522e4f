//! `cargo xtask build`: the console, then the host that carries it. Needs the wasm
//! target, nothing else.

use std::path::PathBuf;

use crate::{console, process, setup::rust_targets, workspace::Workspace};

/// Builds the console alone into `dist/`.
///
/// # Errors
/// The wasm target is missing and cannot be added, the build fails, or a module is over its size budget.
pub fn console(workspace: &Workspace, profile: console::Profile) -> anyhow::Result<()> {
    rust_targets::ensure(rust_targets::WASM)?;
    console::build(&workspace.root, profile).map(drop)
}

/// Builds what users get and answers where it is.
///
/// # Errors
/// As [`console`], or the host does not build.
pub fn build(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    console(workspace, console::Profile::Release)?;
    process::run(workspace.cargo().args(["build", "--release", "--package", "irongate"]))?;
    Ok(workspace.release_binary())
}

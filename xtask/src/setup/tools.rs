//! The programs of `xtask/tools`: built by cargo with the versions of `Cargo.lock`,
//! so that nothing ready-made is downloaded.

use std::{env, path::PathBuf};

use crate::{process, workspace::Workspace};

/// Where the built programs are.
pub struct Tools {
    /// The folder that holds them; it belongs first on PATH.
    pub folder: PathBuf,
    /// The stand-in for `protoc`.
    pub protoc: PathBuf,
}

/// # Errors
/// They do not build.
pub fn ensure(workspace: &Workspace) -> anyhow::Result<Tools> {
    process::run(workspace.cargo().args(["build", "--quiet", "--package", "xtask-tools"]))?;
    let folder = workspace.tools_folder();
    Ok(Tools { protoc: folder.join(format!("protoc{}", env::consts::EXE_SUFFIX)), folder })
}

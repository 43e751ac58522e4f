//! wasm-pack, compiled once into the target directory.

use std::{env, path::PathBuf, process::Command};

use crate::{process, workspace::Workspace};

/// The version that was tried with this workspace's wasm-bindgen.
const VERSION: &str = "0.15.1";

/// Uses the one on PATH if it is of this version, else installs it.
///
/// # Errors
/// It does not build.
pub fn ensure(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let root = workspace.target.join("tools");
    let own = root.join("bin").join(format!("wasm-pack{}", env::consts::EXE_SUFFIX));
    for program in [own.clone(), PathBuf::from("wasm-pack")] {
        if process::output(Command::new(&program).arg("--version")).is_some_and(|text| text.ends_with(VERSION)) {
            return Ok(program);
        }
    }
    // A debug build: it starts other programs and is compiled in a third of the time.
    process::run(
        workspace
            .cargo()
            .args(["install", "--quiet", "--debug", "--locked", "--root"])
            .arg(&root)
            .arg(format!("wasm-pack@{VERSION}")),
    )?;
    Ok(own)
}

//! What builds transforms in other languages than Rust: componentize-js from npm, componentize-py and zig from Python's packages, in the versions that the
//! scaffolds name. Once, under the target directory.

use std::{fs, path::PathBuf, process::Command};

use anyhow::Context;

use super::debian;
use crate::{process, workspace::Workspace};

/// The compiler for C, as one of Python's packages.
const ZIG: &str = "ziglang==0.17.1";

/// Installs what is missing, and answers the folder: `node_modules` and `venv/bin` are in it.
///
/// # Errors
/// Node or Python are missing and cannot be installed, or their installers fail.
pub fn ensure(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let folder = workspace.target.join("guest-tools");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let templates = workspace.root.join("plugins/templates");
    let requirements = templates.join("python/requirements.txt");
    let lock = templates.join("javascript/package-lock.json");
    let wanted = [ZIG.to_owned(), fs::read_to_string(&requirements)?, fs::read_to_string(&lock)?].concat();
    let stamp = folder.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }

    if process::find_program(&["npm"]).is_none() {
        debian::install("Node.js, for transforms in JavaScript", &["nodejs", "npm"])?;
    }
    for name in ["package.json", "package-lock.json"] {
        fs::copy(templates.join("javascript").join(name), folder.join(name)).with_context(|| name.to_owned())?;
    }
    process::run(Command::new("npm").current_dir(&folder).args(["ci", "--silent"]))?;

    if process::output(Command::new("python3").args(["-c", "import ensurepip, venv"])).is_none() {
        debian::install("Python with its venv module", &["python3", "python3-venv"])?;
    }
    let environment = folder.join("venv");
    process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    process::run(
        Command::new(environment.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ZIG, "--requirement"])
            .arg(&requirements),
    )?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(folder)
}

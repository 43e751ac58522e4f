//! Building a Rust transform with the cargo that is installed. Installs nothing; says how where something is missing.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What components are built for.
const TARGET: &str = "wasm32-wasip2";

/// Builds the component of the package in a folder and copies it to `<package>.wasm` beside its manifest.
///
/// # Errors
/// Cargo or its target is missing, or it does not build.
pub(super) fn build(folder: &Path) -> Result<PathBuf> {
    let arguments = ["build", "--release", "--target", TARGET, "--message-format", "json-render-diagnostics"];
    let child = command(folder, &arguments).stdout(Stdio::piped()).output();
    let built = child.context("cargo could not be started: install Rust from https://rustup.rs")?;
    if !built.status.success() {
        bail!("the transform does not build; if cargo says that core is missing: rustup target add {TARGET}");
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    let (name, component) = messages
        .lines()
        .rev()
        .filter_map(|line| serde_json::from_str(line).ok())
        .find_map(|message| component(&message))
        .context("cargo built no component: the manifest needs [lib] with crate-type = [\"cdylib\"]")?;
    let copy = folder.join(format!("{name}.wasm"));
    std::fs::copy(&component, &copy).with_context(|| format!("{} cannot be written", copy.display()))?;
    Ok(copy)
}

/// Runs the package's own tests, natively.
///
/// # Errors
/// As for building, or a test fails.
pub(super) fn test(folder: &Path) -> Result<()> {
    let status = command(folder, &["test"]).status();
    if !status.context("cargo could not be started: install Rust from https://rustup.rs")?.success() {
        bail!("the transform's tests fail");
    }
    Ok(())
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(folder).args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit());
    command
}

/// The package and the file of a component, if this is what one of cargo's messages tells.
fn component(message: &Value) -> Option<(String, PathBuf)> {
    let file = message["filenames"]
        .as_array()?
        .iter()
        .find_map(|name| name.as_str().filter(|name| name.ends_with(".wasm")))?;
    let manifest = Path::new(message["manifest_path"].as_str()?);
    // The folder's name may differ from the package's; the library's has underscores for its hyphens.
    let name = message["target"]["name"].as_str()?.replace('_', "-");
    manifest.is_absolute().then(|| (name, PathBuf::from(file)))
}

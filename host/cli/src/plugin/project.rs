//! A transform's folder, whatever the language: which one it is, building it, running its tests. Each language's tools are called by a file of its own.

use super::{c, cargo, javascript, python};
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The languages, each with the file that shows that a folder is of it.
const MARKS: [(&str, Language); 4] = [
    ("Cargo.toml", Language::Rust),
    ("transform.js", Language::JavaScript),
    ("transform.py", Language::Python),
    ("transform.c", Language::C),
];

/// A language that transforms are made in.
#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
pub(super) enum Language {
    /// Built by cargo.
    Rust,
    /// Built by componentize-js in Node.
    #[value(name = "javascript")]
    JavaScript,
    /// Built by componentize-py.
    Python,
    /// Built by zig, or by clang from wasi-sdk.
    C,
}

/// Builds the component of a folder into `<name>.wasm` beside its sources.
///
/// # Errors
/// It is no transform's folder, a tool is missing, or it does not build.
pub(super) fn build(folder: &Path) -> Result<PathBuf> {
    match language(folder)? {
        Language::Rust => cargo::build(folder),
        Language::JavaScript => javascript::build(folder),
        Language::Python => python::build(folder),
        Language::C => c::build(folder),
    }
}

/// Runs the transform's own tests, natively.
///
/// # Errors
/// As for building, or a test fails.
pub(super) fn test(folder: &Path) -> Result<()> {
    match language(folder)? {
        Language::Rust => cargo::test(folder),
        Language::JavaScript => javascript::test(folder),
        Language::Python => python::test(folder),
        Language::C => c::test(folder),
    }
}

fn language(folder: &Path) -> Result<Language> {
    match MARKS.iter().find(|(file, _)| folder.join(file).is_file()) {
        Some((_, language)) => Ok(*language),
        None => bail!(
            "{} has none of {}: go to a transform's folder, or make one with `irongate plugin new`",
            folder.display(),
            MARKS.map(|(file, _)| file).join(", ")
        ),
    }
}

/// The component of a folder: its name is the folder's.
///
/// # Errors
/// The folder is not there.
pub(super) fn component(folder: &Path) -> Result<PathBuf> {
    let whole = folder.canonicalize().with_context(|| format!("{} cannot be found", folder.display()))?;
    let name = whole.file_name().context("the root of a file system is no transform's folder")?;
    Ok(folder.join(name).with_added_extension("wasm"))
}

/// A program with its arguments, in a folder; what it prints is shown on standard error.
pub(super) fn command(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null()).stdout(std::io::stderr()).stderr(Stdio::inherit());
    command
}

/// Runs a command to its end.
///
/// # Errors
/// It cannot be started, which `missing` explains, or it fails, which `failed` explains.
pub(super) fn run(command: &mut Command, missing: &str, failed: &str) -> Result<()> {
    let status = command.status().with_context(|| missing.to_owned())?;
    if !status.success() {
        bail!("{failed}");
    }
    Ok(())
}

/// The first of these programs that PATH has, or these places hold.
pub(super) fn find(names: &[&str], places: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = places.iter().cloned().chain(std::env::split_paths(&path)).collect();
    let mut candidates = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    // Absolute, for it is started from another folder; links stay, for a Python knows its environment by its own place.
    std::path::absolute(candidates.find(|file| file.is_file())?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_known_by_its_file_and_another_is_refused_with_all_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let refused = language(folder.path()).unwrap_err().to_string();
        for (file, wanted) in MARKS {
            assert!(refused.contains(file), "{refused}");
            std::fs::write(folder.path().join(file), "").unwrap();
            assert_eq!(language(folder.path()).unwrap(), wanted);
            std::fs::remove_file(folder.path().join(file)).unwrap();
        }
    }
}

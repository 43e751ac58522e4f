//! The runtime as the command line uses it, and loading a file with it.

use anyhow::{Context, Result};
use irongate_runtime::{EngineLimits, Plugin, Runtime, RuntimeConfig};
use std::path::{Path, PathBuf};

/// Reads, checks and compiles a component.
///
/// # Errors
/// The file cannot be read or is not a transform; the sentence names the file.
pub(super) fn load(file: &Path) -> Result<Plugin> {
    let bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    runtime(false)?.load(&bytes).with_context(|| format!("{} cannot be loaded", file.display()))
}

/// A runtime with the user's cache of compiled components.
pub(crate) fn runtime(counts_fuel: bool) -> Result<Runtime> {
    let limits = EngineLimits { counts_fuel, ..EngineLimits::default() };
    Ok(Runtime::new(RuntimeConfig { cache_folder: cache_folder(), limits })?)
}

/// Where compiled components are kept between two commands: the user's cache folder. Without one every command compiles.
fn cache_folder() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let cache = cache.or_else(|| Some(std::env::home_dir()?.join(".cache")))?;
    Some(cache.join("irongate").join("transforms"))
}

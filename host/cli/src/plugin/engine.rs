//! The runtime as the command line uses it, and loading a file with it.

use crate::failure::{Failure, INVALID};
use crate::output::{complain, harmless};
use crate::violations;
use anyhow::{Context, Result};
use clap::ValueEnum;
use irongate_runtime::{BatchReport, EngineLimits, Grants, LogLine, Plugin, Runtime, RuntimeConfig};
use irongate_schema::{Schema, SchemaType};
use std::path::{Path, PathBuf};

/// A capability that can be granted on the command line.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Allowed {
    /// Key-value state, kept in memory for this run.
    State,
    /// Reading the time.
    Clock,
    /// Random numbers.
    Random,
}

/// Reads, checks and compiles a component.
///
/// # Errors
/// The file cannot be read or is not a transform; the sentence names the file.
pub(crate) fn load(file: &Path) -> Result<Plugin> {
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

/// The same check as before a pipeline starts: the configuration against the component's own schema.
pub(crate) fn check(plugin: &Plugin, configuration: &str) -> Result<()> {
    let Some(schema) = &plugin.description().configuration_schema else { return Ok(()) };
    let schema = Schema::compile(SchemaType::JsonSchema, schema.as_bytes())
        .context("the component's schema of its configuration is not a JSON Schema")?;
    let broken = schema.validate(configuration.as_bytes());
    if broken.is_empty() {
        return Ok(());
    }
    complain(&format!("error: the configuration breaks the schema of {}:", plugin.description().name));
    for violation in broken {
        complain(&violations::line(&violations::on_the_wire(violation)));
    }
    Err(Failure::Told { code: INVALID }.into())
}

/// What the arguments grant.
pub(crate) fn grants(allowed: &[Allowed]) -> Grants {
    Grants {
        state: allowed.contains(&Allowed::State),
        clock: allowed.contains(&Allowed::Clock),
        random: allowed.contains(&Allowed::Random),
    }
}

/// Prints what a component wrote beside its outcomes to stderr.
pub(crate) fn tell_aside(report: &BatchReport) {
    tell_log(&report.log);
    if report.log_lines_left_out > 0 {
        complain(&format!("({} log lines more were left out: log_lines_max)", report.log_lines_left_out));
    }
    if !report.standard_output.is_empty() {
        complain(&harmless(report.standard_output.trim_end()));
    }
}

/// Prints what a component logged to stderr.
pub(crate) fn tell_log(lines: &[LogLine]) {
    for line in lines {
        complain(&harmless(&format!("{}: {}", line.level, line.message)));
    }
}

//! `irongate pipeline check`: whether a pipeline could start. Runs no record through it.

use super::file;
use crate::output::Output;
use anyhow::Result;
use serde_json::json;
use std::path::PathBuf;

/// The arguments of `pipeline check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file: TOML, or YAML where it is named so.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) async fn run(args: &Args, output: Output) -> Result<()> {
    let checked = file::check(&args.file).await?;
    file::configure(&args.file, &checked).await?;
    let config = &checked.config;
    output.result(
        || format!("{}: nothing is wrong ({} stages, {} tests)", config.name, config.stages.len(), config.tests.len()),
        || json!({"name": config.name, "stages": config.stages.len(), "tests": config.tests.len()}),
    )?;
    Ok(())
}

//! `irongate plugin build`: from a folder to a component that this host can load.

use super::{engine, project};
use crate::output::Output;
use anyhow::Result;
use serde_json::json;
use std::path::PathBuf;

/// The arguments of `plugin build`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder with the transform.
    #[arg(default_value = ".")]
    folder: PathBuf,
}

pub(super) fn run(args: &Args, output: Output) -> Result<()> {
    let file = project::build(&args.folder)?;
    let plugin = engine::load(&file)?;
    let description = plugin.description();
    output.result(
        || format!("{} {} is {}", description.name, description.version, file.display()),
        || json!({"name": description.name, "version": description.version, "file": file, "sha256": plugin.sha256()}),
    )?;
    Ok(())
}

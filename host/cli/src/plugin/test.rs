//! `irongate plugin test`: a transform's own tests, natively, and whether its component loads. Runs no records through the component.

use super::{engine, project};
use crate::output::Output;
use anyhow::Result;
use serde_json::json;
use std::path::PathBuf;

/// The arguments of `plugin test`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder with the transform.
    #[arg(default_value = ".")]
    folder: PathBuf,
}

pub(super) fn run(args: &Args, output: Output) -> Result<()> {
    project::test(&args.folder)?;
    let plugin = engine::load(&project::build(&args.folder)?)?;
    let description = plugin.description();
    output.result(
        || format!("{} {}: its tests pass and its component loads", description.name, description.version),
        || json!({"name": description.name, "version": description.version, "passed": true}),
    )?;
    Ok(())
}

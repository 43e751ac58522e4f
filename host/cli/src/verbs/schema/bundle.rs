//! `irongate schema bundle`: several `.proto` files as one definition, so that imports are part of what is registered.

use crate::failure::Failure;
use crate::output::Output;
use anyhow::{Context, Result};
use irongate_schema::{Schema, SchemaType, bundle};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The arguments of `schema bundle`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The files, the one with the message first. Imports name them by their paths from the root.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The folder that imports start from.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    root: PathBuf,
}

pub(super) fn run(args: &Args, output: Output) -> Result<()> {
    let mut parts = Vec::new();
    for file in &args.files {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        parts.push((name(file, &args.root)?, text));
    }
    let parts: Vec<(&str, &str)> = parts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let wrong = |error: irongate_schema::SchemaError| Failure::Usage(error.to_string());
    let whole = bundle(&parts).map_err(wrong)?;
    // A bundle that does not compile would only be refused later.
    let schema = Schema::compile(SchemaType::Protobuf, whole.as_bytes()).map_err(wrong)?;
    let object =
        || json!({ "definition": whole, "message": schema.message_name(), "messages": schema.message_names() });
    output.result(|| whole.trim_end().to_owned(), object)?;
    Ok(())
}

/// The name that an import gives the file.
fn name(file: &Path, root: &Path) -> Result<String> {
    let real = |path: &Path| path.canonicalize().with_context(|| format!("cannot read {}", path.display()));
    let (real_file, real_root) = (real(file)?, real(root)?);
    let relative = real_file.strip_prefix(&real_root).map_err(|_| {
        Failure::Usage(format!("{} is not in {}; name its folder with --root", file.display(), root.display()))
    })?;
    let steps: Vec<_> = relative.iter().map(|step| step.to_string_lossy()).collect();
    Ok(steps.join("/"))
}

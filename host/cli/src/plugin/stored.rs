//! `irongate plugin install | list | remove`: what is in the plugin store. Talks to no server.

use super::{engine, store::PluginStore};
use crate::output::{Output, harmless, is_broken_pipe, table};
use anyhow::{Context, Result};
use irongate_pipeline::{StoredName, Uses};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The arguments of `plugin install`.
#[derive(Debug, clap::Args)]
pub(super) struct InstallArgs {
    /// The component, as `plugin build` makes it.
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
}

/// The arguments of `plugin remove`.
#[derive(Debug, clap::Args)]
pub(super) struct RemoveArgs {
    /// The plugin; without a version, all its versions.
    #[arg(value_name = "NAME[@VERSION]", value_parser = stored_name)]
    plugin: StoredName,
}

/// A component in a file, or a plugin of the store by its name.
///
/// # Errors
/// It is neither, or the store has none of that name.
pub(super) fn component(uses: &Path) -> Result<PathBuf> {
    match Uses::parse(&uses.to_string_lossy(), Path::new("")).map_err(anyhow::Error::msg)? {
        Uses::File(file) => Ok(file),
        Uses::Stored(name) => Ok(PluginStore::of_user()?.find(&name).map_err(anyhow::Error::msg)?.file),
    }
}

fn stored_name(text: &str) -> Result<StoredName, String> {
    match Uses::parse(text, Path::new(""))? {
        Uses::Stored(name) => Ok(name),
        Uses::File(_) => Err(format!("`{text}` is a file; say the plugin's name, such as mask or mask@1.0.0")),
    }
}

pub(super) fn install(args: &InstallArgs, output: Output) -> Result<()> {
    let component = std::fs::read(&args.file).with_context(|| format!("{} cannot be read", args.file.display()))?;
    let plugin = engine::load(&args.file)?;
    let store = PluginStore::of_user()?;
    let installed = store.install(&component, &plugin);
    let (installed, is_new) = installed.with_context(|| format!("{} is not installed", args.file.display()))?;
    let name = installed.full_name();
    output.result(
        || format!("{name}: {}", if is_new { "installed" } else { "is installed already" }),
        || json!({"name": installed.name, "version": installed.version.to_string(), "sha256": installed.sha256, "is_new": is_new}),
    )?;
    Ok(())
}

pub(super) fn list(output: Output) -> Result<()> {
    let store = PluginStore::of_user()?;
    let all = store.list()?;
    let printed = if output.is_json() {
        all.iter().try_for_each(|one| {
            let file = store.component(&one.sha256);
            let object =
                json!({"name": one.name, "version": one.version.to_string(), "sha256": one.sha256, "file": file});
            output.result(String::new, || object)
        })
    } else {
        let rows: Vec<Vec<String>> =
            all.iter().map(|one| vec![one.name.clone(), one.version.to_string(), harmless(&one.sha256)]).collect();
        output.lines(&[table(&["NAME", "VERSION", "SHA256"], &rows)])
    };
    match printed {
        // A reader that has seen enough is no failure.
        Err(error) if is_broken_pipe(&error) => Ok(()),
        printed => Ok(printed?),
    }
}

pub(super) fn remove(args: &RemoveArgs, output: Output) -> Result<()> {
    for one in PluginStore::of_user()?.remove(&args.plugin)? {
        let object = || json!({"name": one.name, "version": one.version.to_string(), "is": "removed"});
        output.result(|| format!("{}: removed", one.full_name()), object)?;
    }
    Ok(())
}

//! `irongate plugin inspect`: what a component says of itself and what it imports. Configures nothing.

use super::{engine, stored::component};
use crate::output::{Output, harmless};
use anyhow::Result;
use irongate_runtime::{INTERFACE_VERSION, Plugin};
use serde_json::{Value, json};
use std::path::PathBuf;

/// The arguments of `plugin inspect`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The component, as `plugin build` makes it, or the name of one in your plugin store.
    #[arg(value_name = "FILE.wasm|NAME[@VERSION]")]
    file: PathBuf,
}

pub(super) fn run(args: &Args, output: Output) -> Result<()> {
    let plugin = engine::load(&component(&args.file)?)?;
    output.result(|| text(&plugin), || object(&plugin))?;
    Ok(())
}

pub(super) fn text(plugin: &Plugin) -> String {
    let description = plugin.description();
    let list = |entries: &[String], none: &str| {
        if entries.is_empty() { none.to_owned() } else { entries.join(", ") }
    };
    let mut lines = vec![
        format!("{} {}", description.name, description.version),
        format!("summary        {}", if description.summary.is_empty() { "none" } else { &description.summary }),
        format!("sha256         {}", plugin.sha256()),
        format!("interface      irongate:transform@{INTERFACE_VERSION}"),
        format!("wants          {}", list(&capabilities(plugin), "nothing: no grant is needed")),
        format!("cannot call    {}", list(&unlinked(plugin), "-: this host has all that it imports")),
        format!("takes          {}", list(&description.input_subjects, "any payload")),
        format!("emits          {}", list(&description.output_subjects, "payloads of no stated subject")),
    ];
    match &description.configuration_schema {
        Some(schema) => lines.push(format!("configuration\n{}", schema.trim_end())),
        None => lines.push("configuration  of no stated form".to_owned()),
    }
    harmless(&lines.join("\n"))
}

fn object(plugin: &Plugin) -> Value {
    let description = plugin.description();
    let schema = description.configuration_schema.as_deref();
    json!({
        "name": description.name, "version": description.version, "summary": description.summary,
        "sha256": plugin.sha256(), "interface": format!("irongate:transform@{INTERFACE_VERSION}"),
        "capabilities": capabilities(plugin), "denied_imports": unlinked(plugin),
        "imports": plugin.imports().iter().map(|import| &import.name).collect::<Vec<_>>(),
        "input_subjects": description.input_subjects, "output_subjects": description.output_subjects,
        // The runtime has checked that it is JSON.
        "configuration_schema": schema.and_then(|schema| serde_json::from_str::<Value>(schema).ok()),
    })
}

fn capabilities(plugin: &Plugin) -> Vec<String> {
    plugin.description().capabilities.iter().map(ToString::to_string).collect()
}

fn unlinked(plugin: &Plugin) -> Vec<String> {
    plugin.imports().iter().filter(|import| !import.is_linked).map(|import| import.name.clone()).collect()
}

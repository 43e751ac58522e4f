//! `irongate pipeline graph`: a pipeline as a picture, from its file alone.

use super::file;
use crate::output::{Output, harmless};
use anyhow::Result;
use clap::ValueEnum;
use irongate_pipeline::{Picture, draw};
use serde_json::json;
use std::path::PathBuf;

/// The arguments of `pipeline graph`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file: TOML, or YAML where it is named so.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// How it is drawn.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    form: Form,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// Lines for a terminal.
    Text,
    /// A flowchart of Mermaid, for Markdown.
    Mermaid,
    /// A digraph of Graphviz.
    Dot,
}

pub(super) fn run(args: &Args, output: Output) -> Result<()> {
    let config = file::read(&args.file)?;
    let picture = match args.form {
        Form::Text => Picture::Text,
        Form::Mermaid => Picture::Mermaid,
        Form::Dot => Picture::Dot,
    };
    let drawn = harmless(&draw(&config, picture));
    output.result(|| drawn.clone(), || json!({"name": config.name, "graph": drawn}))?;
    Ok(())
}

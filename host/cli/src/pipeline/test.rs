//! `irongate pipeline test`: the tests of a pipeline's file, each with stages of its own.

use super::file;
use crate::failure::{FAILED, Failure};
use crate::output::{Output, harmless};
use anyhow::{Result, bail};
use irongate_pipeline::run_test;
use serde_json::json;
use std::path::PathBuf;

/// The arguments of `pipeline test`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file: TOML, or YAML where it is named so.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) async fn run(args: &Args, output: Output) -> Result<()> {
    let checked = file::check(&args.file).await?;
    if checked.config.tests.is_empty() {
        bail!("{} has no tests; a test begins with [[tests]]", args.file.display());
    }
    let mut failed = 0;
    for test in &checked.config.tests {
        let stages = file::configure(&args.file, &checked).await?;
        let result = run_test(&checked.config, test, stages, &checked.schemas).await?;
        let has_passed = result.differences.is_empty();
        failed += usize::from(!has_passed);
        output.result(
            || {
                let head = format!("{} {}", if has_passed { "passed" } else { "FAILED" }, test.name);
                let text = result.differences.iter().fold(head, |text, line| format!("{text}\n  {line}"));
                harmless(&text)
            },
            || json!({"name": test.name, "line": test.place.line, "passed": has_passed, "differences": result.differences}),
        )?;
    }
    if failed > 0 {
        return Err(Failure::Told { code: FAILED }.into());
    }
    Ok(())
}

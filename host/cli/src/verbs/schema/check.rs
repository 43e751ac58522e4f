//! `irongate schema check`: whether a new version may follow the old ones, with no server. The verdict is the schema
//! crate's, the same that a registry gives.

use super::definition::Language;
use crate::failure::{Failure, INVALID};
use crate::output::{Output, harmless};
use anyhow::Result;
use irongate_schema::{Comparison, Compatibility, Schema, VersionFinding, check_history};
use serde_json::{Value, json};
use std::path::PathBuf;

/// The arguments of `schema check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    language: Language,
    /// The file with the old version; for a transitive mode, once for each version, the oldest first.
    #[arg(long, value_name = "FILE", required = true)]
    old: Vec<PathBuf>,
    /// The file with the new version.
    #[arg(long, value_name = "FILE")]
    new: PathBuf,
    /// What must keep working: none, backward, forward, full, backward_transitive, forward_transitive or full_transitive.
    #[arg(short, long, default_value = "backward")]
    mode: Comparison,
    /// Report a new optional property of an open object too: the old version allowed any value there.
    #[arg(long)]
    strict: bool,
}

pub(super) fn run(args: &Args, output: Output) -> Result<()> {
    let comparison = Comparison { strict: args.strict, ..args.mode };
    if args.old.len() > 1 && !comparison.transitive {
        let mut name = comparison.mode;
        if name == Compatibility::None {
            name = Compatibility::Backward;
        }
        let message = format!("mode {comparison} compares with one old version; for several use {name}_transitive");
        return Err(Failure::Usage(message).into());
    }
    let old: Vec<Schema> = args.old.iter().map(|file| args.language.compile(file)).collect::<Result<_>>()?;
    let new = args.language.compile(&args.new)?;
    let findings = check_history(comparison, &old.iter().collect::<Vec<_>>(), &new);
    output.result(|| text(args, comparison, &findings), || object(args, comparison, &findings))?;
    if findings.is_empty() { Ok(()) } else { Err(Failure::Told { code: INVALID }.into()) }
}

fn text(args: &Args, comparison: Comparison, findings: &[VersionFinding]) -> String {
    let verdict = if findings.is_empty() { "compatible" } else { "incompatible" };
    let mut text = format!("{}: {verdict} ({comparison})", args.new.display());
    for VersionFinding { version, finding } in findings {
        let which = if args.old.len() > 1 { format!("{}: ", args.old[*version].display()) } else { String::new() };
        let rule = if finding.schema_path.is_empty() { String::new() } else { format!(" [{}]", finding.schema_path) };
        text += &harmless(&format!("\n  {which}{finding}{rule}"));
    }
    text
}

fn object(args: &Args, comparison: Comparison, findings: &[VersionFinding]) -> Value {
    let findings: Vec<Value> = findings
        .iter()
        .map(|VersionFinding { version, finding }| {
            json!({
                "old": args.old[*version].display().to_string(), "path": finding.path,
                "schema_path": finding.schema_path, "message": finding.message,
                "is_undecided": finding.is_undecided(),
            })
        })
        .collect();
    json!({
        "is_compatible": findings.is_empty(), "mode": comparison.to_string(), "strict": comparison.strict,
        "findings": findings,
    })
}

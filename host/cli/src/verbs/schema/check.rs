//! `irongate schema check`: whether a new version may follow the old ones. Of files the verdict is the schema crate's, the same
//! that our registry gives; of a subject it is its server's.

use super::Form;
use super::definition::Language;
use crate::address::ServiceAddr;
use crate::client::connect;
use crate::failure::{Failure, INVALID, refused};
use crate::output::{Output, harmless};
use crate::registry::Registry;
use anyhow::{Context, Result};
use irongate_proto::danube_schema::CheckCompatibilityRequest;
use irongate_schema::{Comparison, Compatibility, Schema, VersionFinding, check_history};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The arguments of `schema check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    language: Language,
    /// A subject, whose server compares --file with what is registered.
    #[arg(value_name = "SUBJECT", requires = "file", conflicts_with_all = ["old", "new", "strict", "message"])]
    subject: Option<String>,
    /// The file with the new version of the subject.
    #[arg(short, long, requires = "subject")]
    file: Option<PathBuf>,
    /// The file with the old version; for a transitive mode, once for each version, the oldest first.
    #[arg(long, value_name = "FILE", required_unless_present = "subject", requires = "new")]
    old: Vec<PathBuf>,
    /// The file with the new version.
    #[arg(long, value_name = "FILE", requires = "old")]
    new: Option<PathBuf>,
    /// What must keep working: none, backward, forward, full, backward_transitive, forward_transitive or full_transitive.
    /// Without it the subject's own mode, and backward for files.
    #[arg(short, long)]
    mode: Option<Comparison>,
    /// Report a new optional property of an open object too: the old version allowed any value there.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    pub(super) form: Form,
}

pub(super) async fn run(address: &ServiceAddr, args: &Args, output: Output) -> Result<()> {
    match (&args.subject, &args.file, &args.new) {
        (Some(subject), Some(file), _) => of_subject(address, subject, file, args, output).await,
        (_, _, Some(new)) => of_files(new, args, output),
        _ => Err(Failure::Usage("give a subject with --file, or --old and --new".to_owned()).into()),
    }
}

/// The server's verdict. A version that does not compile is one that may not follow.
async fn of_subject(address: &ServiceAddr, subject: &str, file: &Path, args: &Args, output: Output) -> Result<()> {
    let definition = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let request = CheckCompatibilityRequest {
        subject: subject.to_owned(),
        new_schema_definition: definition.into(),
        schema_type: args.language.schema_type().name().to_owned(),
        compatibility_mode: args.mode.map(|mode| mode.to_string()),
    };
    let mut registry = Registry::new(connect(address).await?, address);
    let answer = registry.client().check_compatibility(request).await;
    let answer = answer.map_err(|status| refused(&status, address))?.into_inner();
    let text = || {
        let verdict = if answer.is_compatible { "compatible" } else { "incompatible" };
        let head = format!("{}: {verdict} with {subject}", file.display());
        answer.errors.iter().fold(head, |text, error| text + &harmless(&format!("\n  {error}")))
    };
    let object = || {
        json!({ "is_compatible": answer.is_compatible, "subject": subject, "mode": args.mode.map(|mode| mode.to_string()),
            "errors": answer.errors })
    };
    output.result(text, object)?;
    if answer.is_compatible { Ok(()) } else { Err(Failure::Told { code: INVALID }.into()) }
}

fn of_files(new: &Path, args: &Args, output: Output) -> Result<()> {
    let mode = args.mode.unwrap_or(Comparison { mode: Compatibility::Backward, transitive: false, strict: false });
    let comparison = Comparison { strict: args.strict, ..mode };
    if args.old.len() > 1 && !comparison.transitive {
        let mut name = comparison.mode;
        if name == Compatibility::None {
            name = Compatibility::Backward;
        }
        let message = format!("mode {comparison} compares with one old version; for several use {name}_transitive");
        return Err(Failure::Usage(message).into());
    }
    let old: Vec<Schema> = args.old.iter().map(|file| args.language.compile(file)).collect::<Result<_>>()?;
    let compiled = args.language.compile(new)?;
    let findings = check_history(comparison, &old.iter().collect::<Vec<_>>(), &compiled);
    output.result(|| text(new, args, comparison, &findings), || object(args, comparison, &findings))?;
    if findings.is_empty() { Ok(()) } else { Err(Failure::Told { code: INVALID }.into()) }
}

fn text(new: &Path, args: &Args, comparison: Comparison, findings: &[VersionFinding]) -> String {
    let verdict = if findings.is_empty() { "compatible" } else { "incompatible" };
    let mut text = format!("{}: {verdict} ({comparison})", new.display());
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

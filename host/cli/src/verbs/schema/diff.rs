//! `irongate schema diff`: what changes between two versions, told field by field: two files with no server, or two versions
//! of a subject. Whether the change is allowed is `schema check`.

use super::definition::Language;
use crate::address::ServiceAddr;
use crate::client::{connect, host_info};
use crate::failure::{Failure, refused};
use crate::output::{Output, harmless};
use crate::registry::{Registry, Wanted};
use anyhow::Result;
use irongate_proto::danube_schema::ListVersionsRequest;
use irongate_schema::{Change, ChangeKind, Difference, Schema};
use serde_json::{Value, json};
use std::path::PathBuf;

/// The arguments of `schema diff`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The subject whose versions are compared; without it, two files are.
    #[arg(required_unless_present = "old", conflicts_with_all = ["old", "new", "schema_type", "message"])]
    subject: Option<String>,
    /// The old version of the subject; the one before the new one without it.
    #[arg(long, value_name = "VERSION", requires = "subject")]
    from: Option<u32>,
    /// The new version of the subject; the latest without it.
    #[arg(long, value_name = "VERSION", requires = "subject")]
    to: Option<u32>,
    #[command(flatten)]
    language: Option<Language>,
    /// The file with the old version.
    #[arg(long, value_name = "FILE", requires_all = ["new", "schema_type"])]
    old: Option<PathBuf>,
    /// The file with the new version.
    #[arg(long, value_name = "FILE", requires = "old")]
    new: Option<PathBuf>,
}

pub(super) async fn run(address: &ServiceAddr, args: &Args, output: Output) -> Result<()> {
    let (old, new) = match (&args.subject, &args.language, &args.old, &args.new) {
        (Some(subject), ..) => versions(address, subject, args).await?,
        (None, Some(language), Some(old), Some(new)) => (
            Version { name: old.display().to_string(), schema: language.compile(old)? },
            Version { name: new.display().to_string(), schema: language.compile(new)? },
        ),
        _ => return Err(Failure::Usage("name a subject, or a type and two files".to_owned()).into()),
    };
    let difference = old.schema.difference(&new.schema);
    output.result(|| text(&old.name, &new.name, &difference), || object(&old.name, &new.name, &difference))?;
    Ok(())
}

/// One side of the comparison.
struct Version {
    name: String,
    schema: Schema,
}

async fn versions(address: &ServiceAddr, subject: &str, args: &Args) -> Result<(Version, Version)> {
    let channel = connect(address).await?;
    let is_danube = host_info(&channel, address).await?.is_none();
    let mut registry = Registry::new(channel, address);
    let wanted = args.to.map_or(Wanted::Latest, Wanted::Pinned);
    let new = registry.resolve(subject, wanted, is_danube).await?;
    let from = match args.from {
        Some(from) => from,
        None => before(&mut registry, address, subject, new.version).await?,
    };
    let old = registry.resolve(subject, Wanted::Pinned(from), is_danube).await?;
    let named = |version: u32, schema: Schema| Version { name: format!("{subject} version {version}"), schema };
    Ok((named(old.version, old.schema), named(new.version, new.schema)))
}

/// The version before another; deleted ones leave gaps.
async fn before(registry: &mut Registry, address: &ServiceAddr, subject: &str, version: u32) -> Result<u32> {
    let listed = registry.client().list_versions(ListVersionsRequest { subject: subject.to_owned() }).await;
    let all = listed.map_err(|status| refused(&status, address))?.into_inner().versions;
    let earlier = all.iter().map(|one| one.version).filter(|one| *one < version).max();
    earlier.ok_or_else(|| {
        Failure::Usage(format!("{subject} has no version before {version}; name one with --from")).into()
    })
}

fn text(old: &str, new: &str, difference: &Difference) -> String {
    let mut lines = vec![format!("{old} -> {new}: {}", summary(difference))];
    lines.extend(difference.changes.iter().map(|change| format!("  {change}")));
    if difference.is_cut {
        lines.push("  the schemas have more fields than are compared; there may be further changes".to_owned());
    }
    lines.iter().map(|line| harmless(line)).collect::<Vec<_>>().join("\n")
}

fn summary(difference: &Difference) -> String {
    match (&difference.changes[..], difference.text_differs) {
        ([], false) => "the same".to_owned(),
        ([], true) => "the same fields; the texts differ in what means nothing for messages".to_owned(),
        ([_], _) => "1 change".to_owned(),
        (changes, _) => format!("{} changes", changes.len()),
    }
}

fn object(old: &str, new: &str, difference: &Difference) -> Value {
    let changes: Vec<Value> = difference.changes.iter().map(change).collect();
    json!({
        "old": old, "new": new, "changes": changes, "text_differs": difference.text_differs,
        "is_cut": difference.is_cut,
    })
}

fn change(change: &Change) -> Value {
    let kind = match change.kind {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
        ChangeKind::Changed => "changed",
    };
    json!({
        "kind": kind, "path": change.path, "schema_path": change.schema_path, "aspect": change.aspect,
        "message": change.message,
    })
}

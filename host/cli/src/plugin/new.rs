//! `irongate plugin new`: a folder with a transform that builds and passes its tests as it is.

use super::project::Language;
use super::scaffold;
use crate::failure::Failure;
use crate::output::Output;
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::fs;
use std::path::PathBuf;

/// Characters that a transform's name may have.
const NAME_CHARS_MAX: usize = 64;

/// The arguments of `plugin new`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The transform's name, and its folder's: lower-case letters, digits and hyphens.
    name: String,
    /// The language.
    #[arg(long, value_enum, default_value = "rust")]
    lang: Language,
    /// Where to make the folder.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    r#in: PathBuf,
}

pub(super) fn run(args: &Args, output: Output) -> Result<()> {
    check_name(&args.name)?;
    let folder = args.r#in.join(&args.name);
    if folder.exists() {
        bail!("{} is already there: choose another name, or remove it", folder.display());
    }
    let files = scaffold::files(args.lang, &args.name)?;
    for file in &files {
        let path = folder.join(&file.path);
        let parent = path.parent().context("a file of a scaffold is in a folder")?;
        fs::create_dir_all(parent).with_context(|| format!("{} cannot be made", parent.display()))?;
        fs::write(&path, &file.text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    output.result(
        || {
            let folder = folder.display();
            let install = scaffold::installing(args.lang).map_or_else(String::new, |line| format!("  (cd {folder} && {line})\n"));
            format!("{folder} is ready; next:\n{install}  irongate plugin test {folder}\n  irongate plugin run {folder}/{}.wasm --config '{{\"mark\": \"seen\"}}' --records {folder}/records.jsonl", args.name)
        },
        || json!({"folder": folder, "files": files.iter().map(|file| &file.path).collect::<Vec<_>>()}),
    )?;
    Ok(())
}

/// As strict as the runtime is, and as cargo is.
fn check_name(name: &str) -> Result<()> {
    let is_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !starts_well || name.ends_with('-') || name.len() > NAME_CHARS_MAX || !name.chars().all(is_char) {
        let reason = format!(
            "`{name}` cannot be a transform's name: it has 1 to {NAME_CHARS_MAX} lower-case letters, digits and hyphens, a letter first"
        );
        return Err(Failure::Usage(reason).into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cargo_or_the_runtime_would_refuse_are_refused() {
        for name in ["mask", "mask-fields-2"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", "Mask", "2mask", "mask_fields", "mask-", "../mask", &"m".repeat(65)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}

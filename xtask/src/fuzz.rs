//! `cargo xtask fuzz`: every fuzz target of the schema crate for a time, one after the other, seeded with the corpus. What it
//! finds is left as a file to run again. The targets themselves are in `schema/fuzz`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::{process, workspace::Workspace};

/// How long each target runs, in minutes.
const MINUTES: u64 = 10;

/// What one input may take, in seconds, before it counts as a finding. Generous: a machine may be busy with other things.
const INPUT_SECONDS_MAX: u64 = 30;

/// The longest input, in bytes.
const INPUT_BYTES_MAX: usize = 4096;

/// The most memory, in MiB.
const MEMORY_MIB_MAX: usize = 2048;

/// Coverage counters in everything that is compiled, as cargo-fuzz sets them; none of it needs a nightly compiler.
const RUSTFLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// The languages, as the first byte of a `versions` input chooses them.
const LANGUAGES: [&str; 3] = ["json_schema", "avro", "protobuf"];

/// `[--minutes N] [TARGET ...]`.
///
/// # Errors
/// Wrong arguments, or a build that fails. Findings are told by the exit code.
pub fn fuzz(workspace: &Workspace, arguments: &[&str]) -> anyhow::Result<ExitCode> {
    let (minutes, wanted) = match arguments {
        ["--minutes", minutes, rest @ ..] => (minutes.parse().context("--minutes takes a whole number")?, rest),
        rest => (MINUTES, rest),
    };
    let all = targets(workspace)?;
    if let Some(unknown) = wanted.iter().find(|name| !all.contains(&(**name).to_owned())) {
        bail!("there is no fuzz target {unknown:?}; the targets are {}", all.join(", "));
    }
    let folder = workspace.target.join("fuzz");
    let host = host()?;
    build(workspace, &folder, &host)?;
    let mut findings = Vec::new();
    for name in all.iter().filter(|name| wanted.is_empty() || wanted.contains(&name.as_str())) {
        let seeds = seeds(&corpus(workspace)?, name);
        let program = folder.join(&host).join("release").join(name);
        println!("{name}: {minutes} min from {} seeds", seeds.len());
        if !run(&program, &folder, name, &seeds, minutes)? {
            findings.push(name.as_str());
        }
    }
    if findings.is_empty() {
        println!("no findings");
        return Ok(ExitCode::SUCCESS);
    }
    println!("findings of {} are in {}", findings.join(", "), folder.join("findings").display());
    Ok(ExitCode::FAILURE)
}

fn targets(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let folder = workspace.root.join("schema/fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut names: Vec<String> =
        entries.filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_string_lossy().into_owned())).collect();
    names.sort();
    Ok(names)
}

/// A target has to be named, or the counters would be put into build scripts as well.
fn host() -> anyhow::Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("rustc could not be started")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc -vV names no host")
}

fn build(workspace: &Workspace, folder: &Path, host: &str) -> anyhow::Result<()> {
    process::run(workspace.cargo().env("RUSTFLAGS", RUSTFLAGS).env("CARGO_TARGET_DIR", folder).args([
        "build",
        "--release",
        "--locked",
        "--manifest-path",
        "schema/fuzz/Cargo.toml",
        "--target",
        host,
    ]))
}

/// Whether the target ran to its end without a finding.
fn run(program: &Path, folder: &Path, name: &str, seeds: &[Vec<u8>], minutes: u64) -> anyhow::Result<bool> {
    let [known, given, found] = ["corpus", "seeds", "findings"].map(|part| folder.join(part).join(name));
    for part in [&known, &given, &found] {
        fs::create_dir_all(part).with_context(|| format!("cannot create {}", part.display()))?;
    }
    for (index, seed) in seeds.iter().enumerate() {
        fs::write(given.join(format!("{index:04}")), seed).context("a seed cannot be written")?;
    }
    let mut prefix = found.into_os_string();
    prefix.push("/");
    let status = Command::new(program)
        .args([
            format!("-max_total_time={}", minutes * 60),
            format!("-timeout={INPUT_SECONDS_MAX}"),
            format!("-max_len={INPUT_BYTES_MAX}"),
            format!("-rss_limit_mb={MEMORY_MIB_MAX}"),
            format!("-artifact_prefix={}", PathBuf::from(prefix).display()),
            "-print_final_stats=1".to_owned(),
        ])
        .args([&known, &given])
        .status()
        .with_context(|| format!("{} could not be started", program.display()))?;
    Ok(status.success())
}

/// The files of the corpus, by name.
fn corpus(workspace: &Workspace) -> anyhow::Result<Vec<Value>> {
    let folder = workspace.root.join("tests/fixtures/schema_cases");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .with_context(|| format!("cannot list {}", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| {
            let text = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", file.display()))
        })
        .collect()
}

/// What a target starts from.
fn seeds(corpus: &[Value], target: &str) -> Vec<Vec<u8>> {
    let list = |key: &'static str| corpus.iter().filter_map(move |file| file[key].as_array()).flatten();
    if target == "versions" {
        return list("pairs")
            .filter_map(|pair| {
                let language = LANGUAGES.iter().position(|name| pair["type"] == *name)?;
                let (old, new) = (definition(&pair["old"]), definition(&pair["new"]));
                Some([&[language as u8][..], &old, &[0], &new].concat())
            })
            .collect();
    }
    let (language, kind) = target.rsplit_once('_').unwrap_or_default();
    let groups: Vec<&Value> = corpus.iter().filter(|file| file["type"] == language).collect();
    if kind == "payload" {
        let cases = groups.iter().enumerate().flat_map(|(index, group)| {
            let cases = group["cases"].as_array().into_iter().flatten();
            cases.map(move |case| [vec![index as u8], payload(case)].concat())
        });
        return cases.filter(|seed| seed.len() <= INPUT_BYTES_MAX).collect();
    }
    let others = list("refused").chain(list("forms")).filter(|one| one["type"] == language).map(|one| &one["schema"]);
    let versions = list("pairs").filter(|pair| pair["type"] == language).map(|pair| &pair["new"]);
    let definitions = groups.iter().map(|group| &group["schema"]).chain(others).chain(versions).map(definition);
    definitions.filter(|seed| seed.len() <= INPUT_BYTES_MAX).collect()
}

fn definition(schema: &Value) -> Vec<u8> {
    schema.as_str().map_or_else(|| schema.to_string(), str::to_owned).into_bytes()
}

fn payload(case: &Value) -> Vec<u8> {
    let hex = case["payload_hex"].as_str().unwrap_or_default();
    match case["payload"].as_str() {
        Some(text) => text.as_bytes().to_vec(),
        None => (0..hex.len()).step_by(2).filter_map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_built_and_starts_from_something() {
        let workspace = Workspace::find().unwrap();
        let manifest = fs::read_to_string(workspace.root.join("schema/fuzz/Cargo.toml")).unwrap();
        let (targets, corpus) = (targets(&workspace).unwrap(), corpus(&workspace).unwrap());
        assert_eq!(manifest.matches("[[bin]]").count(), targets.len());
        for name in targets {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
            assert!(seeds(&corpus, &name).len() >= 15, "{name} has {} seeds", seeds(&corpus, &name).len());
        }
    }
}

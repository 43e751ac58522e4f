//! The test programs of the workspace: one cargo call builds them all, so that
//! dependencies are compiled once, with one set of features. Runs none of them.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Context;
use serde_json::Value;

use crate::{process, workspace::Workspace};

/// One built test program.
#[derive(Debug, PartialEq)]
pub struct TestProgram {
    /// The folder of the package, relative to the root: `host/store`.
    pub package: PathBuf,
    /// The target's name: `crash` of `tests/crash.rs`, or the library's own.
    pub name: String,
    /// The program.
    pub executable: PathBuf,
}

impl TestProgram {
    /// The command that runs it as `cargo test` would: from its package's folder.
    pub fn command(&self, workspace: &Workspace) -> Command {
        let folder = workspace.root.join(&self.package);
        let mut command = Command::new(&self.executable);
        command.current_dir(&folder).env("CARGO_MANIFEST_DIR", &folder).env("CARGO_TARGET_DIR", &workspace.target);
        command
    }
}

/// Builds the test programs of these packages.
///
/// # Errors
/// They do not build.
pub fn build(workspace: &Workspace, packages: &[&str], protoc: &Path) -> anyhow::Result<Vec<TestProgram>> {
    let mut command = workspace.cargo();
    command.env("PROTOC", protoc).args(["test", "--no-run", "--message-format", "json-render-diagnostics"]);
    for package in packages {
        command.args(["--package", package]);
    }
    eprintln!("> {}", process::describe(&command));
    let output =
        command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("cargo could not be started")?;
    anyhow::ensure!(output.status.success(), "the tests do not build");
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter_map(|message| test_program(&message, &workspace.root))
        .collect())
}

/// Reads one of cargo's messages: a test program, or something else.
fn test_program(message: &Value, root: &Path) -> Option<TestProgram> {
    if message["reason"] != "compiler-artifact" || message["profile"]["test"] != true {
        return None;
    }
    let folder = Path::new(message["manifest_path"].as_str()?).parent()?;
    Some(TestProgram {
        package: folder.strip_prefix(root).ok()?.to_owned(),
        name: message["target"]["name"].as_str()?.to_owned(),
        executable: message["executable"].as_str()?.into(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_test_programs_are_listed() {
        let artifact = |test: bool, executable: Value| {
            json!({
                "reason": "compiler-artifact", "manifest_path": "/r/host/store/Cargo.toml", "executable": executable,
                "target": {"name": "model"}, "profile": {"test": test},
            })
        };
        let root = Path::new("/r");
        assert_eq!(
            test_program(&artifact(true, json!("/t/model-1")), root),
            Some(TestProgram { package: "host/store".into(), name: "model".into(), executable: "/t/model-1".into() })
        );
        assert_eq!(test_program(&artifact(false, json!("/t/model-1")), root), None);
        assert_eq!(test_program(&artifact(true, Value::Null), root), None);
        assert_eq!(test_program(&json!({"reason": "build-finished", "success": true}), root), None);
    }
}

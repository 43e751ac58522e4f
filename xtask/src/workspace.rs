//! Where things are: the repository's root and cargo's target directory. Builds nothing.

use std::{env, path::PathBuf, process::Command};

use anyhow::Context;

/// The two folders every verb works with.
pub struct Workspace {
    /// The folder of the root `Cargo.toml`.
    pub root: PathBuf,
    /// Cargo's target directory, wherever the user's settings put it.
    pub target: PathBuf,
}

impl Workspace {
    /// Asks cargo.
    ///
    /// # Errors
    /// Cargo cannot be run, or does not understand the workspace.
    pub fn find() -> anyhow::Result<Workspace> {
        // Where the person stands, not where this program was compiled: clones may share a target directory.
        let output = Command::new(cargo_program())
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .output()
            .context("cargo could not be started")?;
        anyhow::ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim());
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
        let folder = |key: &str| {
            metadata[key].as_str().map(PathBuf::from).with_context(|| format!("cargo metadata names no {key}"))
        };
        Ok(Workspace { root: folder("workspace_root")?, target: folder("target_directory")? })
    }

    /// A cargo command at the root, building into this workspace's target directory.
    pub fn cargo(&self) -> Command {
        let mut command = Command::new(cargo_program());
        command
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            // Advice about dependencies' far future would bury what this run says.
            .env("CARGO_FUTURE_INCOMPAT_REPORT_FREQUENCY", "never");
        command
    }

    /// A cargo command in the workspace of the transforms, building beside this workspace's own programs.
    pub fn plugins_cargo(&self, arguments: &[&str]) -> Command {
        let mut command = self.cargo();
        let folder = self.root.join("plugins");
        command.current_dir(folder).env("CARGO_TARGET_DIR", self.target.join("plugins")).args(arguments);
        command
    }

    /// Where `cargo build --release` leaves the product.
    pub fn release_binary(&self) -> PathBuf {
        self.target.join("release").join(format!("irongate{}", env::consts::EXE_SUFFIX))
    }

    /// Where `cargo build` leaves the programs of `xtask/tools`.
    pub fn tools_folder(&self) -> PathBuf {
        self.target.join("debug")
    }
}

fn cargo_program() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

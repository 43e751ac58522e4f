//! Rust's standard library for the browser and for components.

use std::{path::Path, process::Command};

use anyhow::{Context, bail};

use crate::process;

/// The target the console is compiled for.
pub const WASM: &str = "wasm32-unknown-unknown";
/// The target that transforms are compiled for.
pub const COMPONENTS: &str = "wasm32-wasip2";

/// Adds the target through rustup unless the toolchain already has it.
///
/// # Errors
/// There is neither the target nor rustup, or rustup fails.
pub fn ensure(target: &str) -> anyhow::Result<()> {
    let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"]))
        .context("rustc could not be started: install Rust with rustup, https://rustup.rs")?;
    if Path::new(&sysroot).join("lib/rustlib").join(target).join("lib").is_dir() {
        return Ok(());
    }
    if process::find_program(&["rustup"]).is_none() {
        bail!(
            "this Rust has no standard library for {target} and no rustup to add it: install Rust with rustup \
             (https://rustup.rs), or your distribution's package for that target"
        );
    }
    process::run(Command::new("rustup").args(["target", "add", target]))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_native_target_needs_no_installation() {
        let version = super::process::output(std::process::Command::new("rustc").arg("-vV")).unwrap();
        let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        super::ensure(host).unwrap();
    }
}

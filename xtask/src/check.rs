//! `cargo xtask check`: formatting, lints as errors for the host and for the browser,
//! and the house rules. Runs no other test.

use crate::{
    process,
    setup::{self, rust_targets},
    workspace::Workspace,
};

/// The members that only run in a browser.
const BROWSER_ONLY: &str = "irongate-web";

/// # Errors
/// The first check that fails.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    rust_targets::ensure(rust_targets::WASM)?;
    process::run(workspace.cargo().args(["fmt", "--all", "--check"]))?;
    // The foreign crates' build scripts look for protoc.
    let tools = setup::tools::ensure(workspace)?;
    process::run(
        workspace
            .cargo()
            .env("PROTOC", &tools.protoc)
            .args(["clippy", "--workspace", "--all-targets", "--exclude", BROWSER_ONLY])
            .args(["--", "-D", "warnings"]),
    )?;
    process::run(
        workspace
            .cargo()
            .args(["clippy", "--target", rust_targets::WASM, "--package", BROWSER_ONLY, "--package", "irongate-schema"])
            .args(["--package", "irongate-proto", "--features", "irongate-proto/client"])
            .args(["--", "-D", "warnings"]),
    )?;
    plugins(workspace)?;
    process::run(workspace.cargo().args(["test", "--quiet", "--package", "xtask", "--test", "tidy"]))
}

/// The workspace of the transforms: the SDK and the examples for the host, where their tests run, and everything as components.
fn plugins(workspace: &Workspace) -> anyhow::Result<()> {
    rust_targets::ensure(rust_targets::COMPONENTS)?;
    process::run(&mut workspace.plugins_cargo(&["fmt", "--all", "--check"]))?;
    process::run(&mut workspace.plugins_cargo(&["clippy", "--all-targets", "--", "-D", "warnings"]))?;
    let components =
        ["clippy", "--release", "--target", rust_targets::COMPONENTS, "--workspace", "--lib", "--examples"];
    process::run(workspace.plugins_cargo(&components).args(["--", "-D", "warnings"]))
}

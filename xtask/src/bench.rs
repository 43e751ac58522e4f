//! `cargo xtask bench`: builds what is measured and the program that measures, in
//! release, and runs it. The measuring itself is `tests/bench`.

use crate::{build, process, workspace::Workspace};

/// What can be measured, each a section of `docs/benchmarks.md`.
pub const SECTIONS: [&str; 2] = ["produce", "broker"];

/// Measures one of [`SECTIONS`]; prints the section and writes it into `docs/benchmarks.md`.
///
/// # Errors
/// The build or the measurement fails.
pub fn bench(workspace: &Workspace, section: &str) -> anyhow::Result<()> {
    let binary = build::build(workspace)?;
    process::run(
        workspace
            .cargo()
            .env("IRONGATE_BIN", binary)
            .args(["run", "--release", "--package", "irongate-tests-bench", "--", section])
            .arg(workspace.root.join("docs/benchmarks.md")),
    )
}

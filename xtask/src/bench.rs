//! `cargo xtask bench`: builds what is measured and the program that measures, in
//! release, and runs it. The measuring itself is `tests/bench`.

use crate::{build, process, workspace::Workspace};

/// Measures producing; prints the table and writes `docs/benchmarks.md`.
///
/// # Errors
/// The build or the measurement fails.
pub fn produce(workspace: &Workspace) -> anyhow::Result<()> {
    let binary = build::build(workspace)?;
    process::run(
        workspace
            .cargo()
            .env("IRONGATE_BIN", binary)
            .args(["run", "--release", "--package", "irongate-tests-bench", "--", "produce"])
            .arg(workspace.root.join("docs/benchmarks.md")),
    )
}

/// Measures validation; prints its tables.
///
/// # Errors
/// The build or the measurement fails.
pub fn schema(workspace: &Workspace) -> anyhow::Result<()> {
    process::run(workspace.cargo().args(["run", "--release", "--package", "irongate-tests-bench", "--", "schema"]))
}

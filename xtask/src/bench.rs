//! `cargo xtask bench`: builds what is measured and the program that measures, in
//! release, and runs it. The measuring itself is `tests/bench`.

use crate::{build, process, setup, workspace::Workspace};

/// What can be measured, each a section of `docs/benchmarks.md`.
pub const SECTIONS: [&str; 5] = ["produce", "broker", CLI, BROWSER, SCHEMA];

/// Measures next to Danube's own client, whose build needs a `protoc`.
const CLI: &str = "cli";

/// Measures the console, which needs a browser and its driver.
const BROWSER: &str = "browser";

/// The client in a tight loop.
const DANUBE_LOOP: &str = "danube-client-loop";

/// Measures a library, not the binary.
const SCHEMA: &str = "schema";

/// Measures one of [`SECTIONS`]; prints the section and writes it into `docs/benchmarks.md`.
///
/// # Errors
/// The build or the measurement fails.
pub fn bench(workspace: &Workspace, section: &str) -> anyhow::Result<()> {
    let mut cargo = workspace.cargo();
    if section != SCHEMA {
        cargo.env("IRONGATE_BIN", build::build(workspace)?);
    }
    if section == BROWSER {
        let browser = setup::browser::ensure()?;
        cargo.env("IRONGATE_CHROMIUM", browser.chromium).env("IRONGATE_CHROMEDRIVER", browser.chromedriver);
    }
    if section == CLI {
        let protoc = setup::tools::ensure(workspace)?.protoc;
        let mut build = workspace.cargo();
        build.env("PROTOC", protoc).args([
            "build",
            "--release",
            "--package",
            "irongate-tests-foreign",
            "--bin",
            DANUBE_LOOP,
        ]);
        process::run(&mut build)?;
        cargo.env("IRONGATE_DANUBE_LOOP", workspace.release_binary().with_file_name(DANUBE_LOOP));
    }
    process::run(
        cargo
            .args(["run", "--release", "--package", "irongate-tests-bench", "--", section])
            .arg(workspace.root.join("docs/benchmarks.md")),
    )
}

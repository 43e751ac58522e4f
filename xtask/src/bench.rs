//! `cargo xtask bench`: builds what is measured and the program that measures, in
//! release, and runs it. The measuring itself is `tests/bench`.

use std::path::PathBuf;

use crate::{
    build, process,
    setup::{self, rust_targets},
    workspace::Workspace,
};

/// What can be measured, each a section of `docs/benchmarks.md`.
pub const SECTIONS: [&str; 6] = ["produce", "broker", CLI, PIPELINE, BROWSER, SCHEMA];

/// Measures next to Danube's own client, whose build needs a `protoc`.
const CLI: &str = "cli";

/// Measures the console, which needs a browser and its driver.
const BROWSER: &str = "browser";

/// The client in a tight loop.
const DANUBE_LOOP: &str = "danube-client-loop";

/// Runs a transform in the host.
const PIPELINE: &str = "pipeline";

/// The transform, one of the examples.
const STAGE: &str = "mask-fields";

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
    if section == PIPELINE {
        cargo.env("IRONGATE_BENCH_COMPONENT", stage(workspace)?);
    }
    process::run(
        cargo
            .args(["run", "--release", "--package", "irongate-tests-bench", "--", section])
            .arg(workspace.root.join("docs/benchmarks.md")),
    )
}

/// Builds the transform and answers where it is.
fn stage(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    rust_targets::ensure(rust_targets::COMPONENTS)?;
    let arguments = ["build", "--release", "--target", rust_targets::COMPONENTS, "--package", STAGE];
    process::run(&mut workspace.plugins_cargo(&arguments))?;
    let file = format!("{}.wasm", STAGE.replace('-', "_"));
    Ok(workspace.target.join("plugins").join(rust_targets::COMPONENTS).join("release").join(file))
}

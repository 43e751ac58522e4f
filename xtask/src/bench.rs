//! `cargo xtask bench`: builds what is measured and the program that measures, in
//! release, and runs it. The measuring itself is `tests/bench`.

use std::path::PathBuf;

use crate::{
    build, process,
    setup::{self, rust_targets},
    workspace::Workspace,
};

/// What can be measured, each a section of `docs/benchmarks.md`.
pub const SECTIONS: [&str; 7] = ["produce", "broker", CLI, PIPELINE, TRANSFORMS, BROWSER, SCHEMA];

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

/// Runs a transform in the host's runtime, without the host, next to other engines.
const TRANSFORMS: &str = "transforms";

/// The transform of that.
const GUEST: &str = "bench-guest";

/// Measures a library, not the binary.
const SCHEMA: &str = "schema";

/// Measures one of [`SECTIONS`]; prints the section and writes it into `docs/benchmarks.md`.
///
/// # Errors
/// The build or the measurement fails.
pub fn bench(workspace: &Workspace, section: &str) -> anyhow::Result<()> {
    let mut cargo = workspace.cargo();
    if section != SCHEMA && section != TRANSFORMS {
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
        cargo.env("IRONGATE_BENCH_COMPONENT", component(workspace, STAGE)?);
    }
    if section == TRANSFORMS {
        let (program, guests) = engines(workspace)?;
        cargo
            .env("IRONGATE_BENCH_COMPONENT", component(workspace, GUEST)?)
            .env("IRONGATE_BENCH_ENGINES", program)
            .env("IRONGATE_BENCH_ENGINE_GUESTS", guests);
    }
    process::run(
        cargo
            .args(["run", "--release", "--package", "irongate-tests-bench", "--", section])
            .arg(workspace.root.join("docs/benchmarks.md")),
    )
}

/// Builds a transform and answers where it is.
fn component(workspace: &Workspace, package: &str) -> anyhow::Result<PathBuf> {
    rust_targets::ensure(rust_targets::COMPONENTS)?;
    let arguments = ["build", "--release", "--target", rust_targets::COMPONENTS, "--package", package];
    process::run(&mut workspace.plugins_cargo(&arguments))?;
    let file = format!("{}.wasm", package.replace('-', "_"));
    Ok(workspace.target.join("plugins").join(rust_targets::COMPONENTS).join("release").join(file))
}

/// Builds the program that measures other engines, and their guests; answers where both are. Workspaces of their own: see `tests/engines`.
fn engines(workspace: &Workspace) -> anyhow::Result<(PathBuf, PathBuf)> {
    rust_targets::ensure(rust_targets::WASM)?;
    let build = |manifest: &str, target: &PathBuf, arguments: &[&str]| {
        let mut cargo = workspace.cargo();
        cargo.env("CARGO_TARGET_DIR", target).args(["build", "--release", "--locked", "--manifest-path", manifest]);
        process::run(cargo.args(arguments))
    };
    let (programs, guests) = (workspace.target.join("engines"), workspace.target.join("engine-guests"));
    build("tests/engines/Cargo.toml", &programs, &[])?;
    let modules = ["--target", rust_targets::WASM, "--workspace", "--lib", "--examples"];
    build("tests/engines/guests/Cargo.toml", &guests, &modules)?;
    let program = programs.join("release").join(format!("irongate-tests-engines{}", std::env::consts::EXE_SUFFIX));
    Ok((program, guests.join(rust_targets::WASM).join("release")))
}

//! `cargo xtask test`: installs what is missing, runs every test there is, and prints
//! how many each runner ran. The definition of done; build machines run exactly this.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, bail};

use crate::{
    build,
    setup::{self, browser::Browser, rust_targets, tools::Tools},
    tally::Tally,
    test_programs::{self, TestProgram},
    workspace::Workspace,
};

/// What can be asked for by itself.
const PARTS: [&str; 4] = ["native", "wasm", "system", "foreign"];

/// The members whose own tests run natively and touch no browser and no built binary.
const NATIVE: [&str; 15] = [
    "irongate-proto",
    "irongate-schema",
    "irongate-messages",
    "irongate-store",
    "irongate-broker",
    "irongate-runtime",
    "irongate-pipeline",
    "irongate-deploy",
    "irongate-load",
    "irongate-upstream",
    "irongate-server",
    "irongate",
    "irongate-web",
    "xtask",
    "xtask-tools",
];

/// The folders of the members whose tests run in the browser.
const WASM: [&str; 2] = ["schema", "web"];

/// The members that test the built binary.
const SYSTEM: [&str; 3] = ["irongate-tests", "irongate-tests-bench", "irongate-tests-foreign"];

/// The folder they are in.
const SYSTEM_FOLDER: &str = "tests";

/// The tests whose clients, linters, or transforms' compilers come from others.
const FOREIGN: [&str; 4] = ["foreign_rust", "foreign_python", "foreign_guests", "foreign_packaging"];

/// Runs all parts, or only those named.
///
/// # Errors
/// An unknown part, something missing that cannot be installed, or a build that fails.
/// Failing tests are told by the exit code.
pub fn test(workspace: &Workspace, parts: &[&str]) -> anyhow::Result<ExitCode> {
    if let Some(unknown) = parts.iter().find(|part| !PARTS.contains(part)) {
        bail!("there is no part {unknown:?} of the tests; the parts are {}", PARTS.join(", "));
    }
    let wants = |part: &str| parts.is_empty() || parts.contains(&part);
    let tools = setup::tools::ensure(workspace)?;
    let mut tally = Tally::new(std::io::stdout());
    let packages: Vec<&str> = if parts == ["native"] { NATIVE.to_vec() } else { [&NATIVE[..], &SYSTEM[..]].concat() };

    if wants("wasm") {
        rust_targets::ensure(rust_targets::WASM)?;
        in_the_browser(workspace, &tools, &setup::browser::ensure()?, &mut tally)?;
    }
    if wants("native") || wants("system") || wants("foreign") {
        let programs = test_programs::build(workspace, &packages, &tools.protoc)?;
        if wants("native") {
            // The runtime's tests and the command's build the components that they run.
            rust_targets::ensure(rust_targets::COMPONENTS)?;
            natively(workspace, &programs, &mut tally)?;
            tally.run("plugins", [workspace.plugins_cargo(&["test"])])?;
        }
        if wants("system") || wants("foreign") {
            let surroundings = Surroundings::prepare(workspace, wants("system"), wants("foreign"))?;
            against_the_binary(workspace, &programs, &surroundings, &wants, &mut tally)?;
        }
    }

    println!("\n{}", tally.report());
    Ok(if tally.is_green() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How long a page of tests may take, and its driver to start, in seconds. The runner's own 20 and 5 are too short on a machine
/// that does other things as well: a page answers nobody while it computes.
const PAGE_S: &str = "600";
const DRIVER_S: &str = "60";

fn in_the_browser(workspace: &Workspace, tools: &Tools, browser: &Browser, tally: &mut Tally) -> anyhow::Result<()> {
    let wasm_pack = setup::wasm_pack::ensure(workspace)?;
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([tools.folder.clone()].into_iter().chain(env::split_paths(&path)))
        .context("PATH holds a folder that cannot be passed on")?;
    for member in WASM {
        let mut command = Command::new(&wasm_pack);
        command
            .current_dir(&workspace.root)
            .env("PATH", &path)
            .env("CARGO_TARGET_DIR", &workspace.target)
            .env("WASM_BINDGEN_TEST_TIMEOUT", PAGE_S)
            .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", DRIVER_S)
            .args(["test", "--headless", "--chrome", "--mode", "no-install", "--chromedriver"])
            .arg(&browser.chromedriver)
            .arg(member);
        tally.run(&format!("wasm-pack {member}"), [command])?;
    }
    Ok(())
}

fn natively(workspace: &Workspace, programs: &[TestProgram], tally: &mut Tally) -> anyhow::Result<()> {
    let is_tidy = |program: &&TestProgram| program.package == Path::new("xtask") && program.name == "tidy";
    let is_native = |program: &&TestProgram| !program.package.starts_with(SYSTEM_FOLDER) && !is_tidy(program);
    tally.run("native", programs.iter().filter(is_native).map(|program| program.command(workspace)))?;
    tally.run("tidy", programs.iter().filter(is_tidy).map(|program| program.command(workspace)))
}

/// What the system tests are told through the environment.
struct Surroundings {
    variables: Vec<(&'static str, PathBuf)>,
}

impl Surroundings {
    /// The binary with the console inside, a browser for our own tests, a Python for the foreign ones.
    fn prepare(workspace: &Workspace, system: bool, foreign: bool) -> anyhow::Result<Surroundings> {
        let mut variables = vec![("IRONGATE_BIN", build::build(workspace)?)];
        if system {
            let browser = setup::browser::ensure()?;
            variables.push(("IRONGATE_CHROMIUM", browser.chromium));
            variables.push(("IRONGATE_CHROMEDRIVER", browser.chromedriver));
            variables.push(("IRONGATE_SCREENSHOTS", workspace.target.join("screenshots")));
        }
        if foreign {
            variables.push(("IRONGATE_PYTHON", setup::python::ensure(workspace)?));
            variables.push(("IRONGATE_GUEST_TOOLS", setup::guests::ensure(workspace)?));
        }
        Ok(Surroundings { variables })
    }
}

/// Each file of `tests/` is a runner of its own, so that one that runs nothing is noticed.
fn against_the_binary(
    workspace: &Workspace,
    programs: &[TestProgram],
    surroundings: &Surroundings,
    wants: &dyn Fn(&str) -> bool,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    for program in programs.iter().filter(|program| program.package.starts_with(SYSTEM_FOLDER)) {
        let part = if FOREIGN.contains(&program.name.as_str()) { "foreign" } else { "system" };
        if wants(part) {
            let mut command = program.command(workspace);
            command.envs(surroundings.variables.iter().map(|(name, value)| (name, value)));
            tally.run(&format!("{part} {}", program.name), [command])?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_member_is_forgotten() {
        let output = Command::new("cargo").args(["metadata", "--no-deps", "--format-version", "1"]).output().unwrap();
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let mut members: Vec<&str> =
            metadata["packages"].as_array().unwrap().iter().map(|package| package["name"].as_str().unwrap()).collect();
        let mut tested = [&NATIVE[..], &SYSTEM[..]].concat();
        members.sort_unstable();
        tested.sort_unstable();
        assert_eq!(members, tested);
    }
}

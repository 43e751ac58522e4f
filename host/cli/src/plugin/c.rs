//! Building a transform in C: the interface's declarations, a module by zig or by clang, a component around it. Installs no compiler; says how where none is there.

use super::project;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::ComponentEncoder;
use wit_parser::{Resolve, WorldId};

/// The interface in a project.
const WIT: &str = "vendor/irongate/wit/transform.wit";
/// Where its declarations are in a project, and the memory functions that they need.
pub(super) const BINDINGS: &str = "vendor/irongate/bindings";
/// The module before it becomes a component.
const MODULE: &str = "transform.module.wasm";
/// The program of the native tests.
const TESTS: &str = "transform_test.program";
const COMPILER_MISSING: &str = "no C compiler for WebAssembly is here: install zig (`pip install ziglang` will do), or wasi-sdk and set WASI_SDK_PATH to \
     its folder";

/// # Errors
/// A compiler is missing, or it does not build.
pub(super) fn build(folder: &Path) -> Result<PathBuf> {
    write_bindings(folder)?;
    let module = folder.join(MODULE);
    let mut compiler = for_components(folder)?;
    compiler.args([
        "-std=c17",
        "-O2",
        "-Wall",
        "-mexec-model=reactor",
        "-Wl,--strip-debug",
        "-I",
        BINDINGS,
        "-o",
        MODULE,
        "transform.c",
    ]);
    compiler.args([format!("{BINDINGS}/transform.c"), format!("{BINDINGS}/transform_component_type.o")]);
    project::run(&mut compiler, COMPILER_MISSING, "the transform does not build")?;
    let bytes = fs::read(&module).with_context(|| format!("{} cannot be read", module.display()))?;
    fs::remove_file(&module).with_context(|| format!("{} cannot be removed", module.display()))?;
    let component = project::component(folder)?;
    fs::write(&component, component_of(&bytes)?)
        .with_context(|| format!("{} cannot be written", component.display()))?;
    Ok(component)
}

/// # Errors
/// A compiler is missing, or a test fails.
pub(super) fn test(folder: &Path) -> Result<()> {
    write_bindings(folder)?;
    let mut compiler = natively(folder)?;
    // The declarations name imports of WebAssembly, which a native compiler warns of.
    compiler.args(["-std=c17", "-g", "-w", "-I", BINDINGS, "-o", TESTS, "transform_test.c"]);
    compiler.arg(format!("{BINDINGS}/transform.c"));
    project::run(&mut compiler, COMPILER_MISSING, "the transform's tests do not build")?;
    let program = folder.canonicalize()?.join(TESTS);
    let ran =
        project::run(&mut project::command(&program, folder), "the tests do not start", "the transform's tests fail");
    fs::remove_file(&program).with_context(|| format!("{} cannot be removed", program.display()))?;
    ran
}

fn wit(folder: &Path) -> Result<String> {
    let file = folder.join(WIT);
    fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))
}

fn write_bindings(folder: &Path) -> Result<()> {
    for (name, bytes) in bindings(&wit(folder)?)? {
        let file = folder.join(BINDINGS).join(name);
        // Left alone where nothing changed, for the sake of tools that watch times.
        if fs::read(&file).is_ok_and(|there| there == bytes) {
            continue;
        }
        fs::create_dir_all(folder.join(BINDINGS)).with_context(|| format!("{BINDINGS} cannot be made"))?;
        fs::write(&file, bytes).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(())
}

/// The declarations of the interface in C, and an object that says the same to whoever makes a component of the module: file names and contents.
///
/// # Errors
/// The text is not the interface.
pub(super) fn bindings(wit: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let (mut resolve, world) = world(wit)?;
    let mut files = wit_bindgen_core::Files::default();
    wit_bindgen_c::Opts::default().build().generate(&mut resolve, world, &mut files)?;
    Ok(files.iter().map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).collect())
}

/// Makes a component of a module that was linked with that object. What it asks of WASI is asked of the host, which denies what was not granted.
fn component_of(module: &[u8]) -> Result<Vec<u8>> {
    ComponentEncoder::default()
        .module(module)
        .and_then(|encoder| {
            encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)
        })
        .and_then(|encoder| encoder.validate(true).encode())
        .context("the module cannot be made a component: does it define all functions of the interface `guest`?")
}

fn world(wit: &str) -> Result<(Resolve, WorldId)> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str(WIT, wit)?;
    let world = resolve.select_world(&[package], Some("transform"))?;
    Ok((resolve, world))
}

fn for_components(folder: &Path) -> Result<Command> {
    if let Some(sdk) = std::env::var_os("WASI_SDK_PATH").map(PathBuf::from) {
        let clang = sdk.join("bin/clang");
        if !clang.is_file() {
            bail!("WASI_SDK_PATH is {}, which has no bin/clang", sdk.display());
        }
        let mut compiler = project::command(clang, folder);
        compiler.arg("--target=wasm32-wasip1").arg(format!("--sysroot={}", sdk.join("share/wasi-sysroot").display()));
        return Ok(compiler);
    }
    let mut compiler = zig(folder).context(COMPILER_MISSING)?;
    compiler.args(["cc", "--target=wasm32-wasi"]);
    Ok(compiler)
}

fn natively(folder: &Path) -> Result<Command> {
    if let Some(compiler) = project::find(&["cc", "clang", "gcc"], &[]) {
        return Ok(project::command(compiler, folder));
    }
    let mut compiler = zig(folder).context(COMPILER_MISSING)?;
    compiler.arg("cc");
    Ok(compiler)
}

/// Python's package calls its program python-zig.
fn zig(folder: &Path) -> Option<Command> {
    let program = project::find(&["zig", "python-zig"], &[folder.join(".venv/bin")])?;
    Some(project::command(program, folder))
}

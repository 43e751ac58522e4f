//! Sees to it that the console is inside of what people install: where a release is compiled and nobody has built the console
//! yet, `cargo xtask console` does it now. A debug build takes what is there, and where nothing is, the server says so.
//! Compiles nothing by itself, and does not look whether a console that is there is of today.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

/// `skip`: compile without the console, whatever is compiled.
const CONSOLE: &str = "IRONGATE_CONSOLE";

fn main() {
    let dist = env::current_dir().expect("cargo starts this in the package's folder").join("../../dist");
    // Cargo takes a watched path that is missing for changed, and would compile this crate
    // anew at every build until the console is built. A source tree that cannot be written
    // to has only that cost.
    let _ = std::fs::create_dir_all(&dist);
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={CONSOLE}");
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let is_wanted = is_release && env::var(CONSOLE).map_or(true, |wish| wish != "skip");
    if is_wanted && !dist.join("index.html").exists() && !is_built(&dist) {
        println!(
            "cargo::error=the console could not be built: run cargo xtask console and read what it says, or set \
             {CONSOLE}=skip to compile the server without it"
        );
    }
}

/// Builds the console. Cargo waits for nobody here: what is built lies in other folders of the target directory than a
/// release does.
fn is_built(dist: &Path) -> bool {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet", "--package", "xtask", "--", "console"]).current_dir(dist.join(".."));
    // The release's own flags are none of the console's.
    command.env_remove("CARGO_ENCODED_RUSTFLAGS").env_remove("RUSTFLAGS");
    // What is printed on stdout would be taken for orders to cargo.
    command.stdin(Stdio::null()).stdout(std::io::stderr());
    command.status().is_ok_and(|status| status.success())
}

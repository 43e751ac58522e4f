//! What a test run is given from outside: the built binary, the browser, a Python.
//! `cargo xtask test` sets these; by hand, the places it would use are tried.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The binary under test: `IRONGATE_BIN`, else the release build beside this test program.
///
/// # Panics
/// There is neither.
pub fn irongate() -> PathBuf {
    from_environment("IRONGATE_BIN").unwrap_or_else(|| {
        let built = target_folder().join("release/irongate");
        assert!(built.exists(), "IRONGATE_BIN is not set and {} is missing: cargo xtask build", built.display());
        built
    })
}

/// The browser: `IRONGATE_CHROMIUM`, else where Debian puts it.
pub fn chromium() -> PathBuf {
    from_environment("IRONGATE_CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".into())
}

/// Its driver: `IRONGATE_CHROMEDRIVER`, else from PATH.
pub fn chromedriver() -> PathBuf {
    from_environment("IRONGATE_CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into())
}

/// A Python with Danube's client: `IRONGATE_PYTHON`, else the environment that xtask made.
pub fn python() -> PathBuf {
    from_environment("IRONGATE_PYTHON").unwrap_or_else(|| target_folder().join("venv/bin/python"))
}

/// Where transforms are built: their libraries are those of the components in `plugins`, and built once.
pub fn plugins_target() -> PathBuf {
    target_folder().join("plugins")
}

/// What builds transforms in other languages, as xtask installs it: `IRONGATE_GUEST_TOOLS`, else where xtask puts it.
pub fn guest_tools() -> PathBuf {
    from_environment("IRONGATE_GUEST_TOOLS").unwrap_or_else(|| target_folder().join("guest-tools"))
}

/// Where screenshots go: `IRONGATE_SCREENSHOTS`, else `screenshots` in the target directory.
pub fn screenshots() -> PathBuf {
    from_environment("IRONGATE_SCREENSHOTS").unwrap_or_else(|| target_folder().join("screenshots"))
}

/// A number from the environment, or this default.
///
/// # Panics
/// The variable is set to something else than a number.
pub fn number(variable: &str, default: u64) -> u64 {
    env::var(variable)
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a whole number")))
}

/// The folder of this package's files: scripts, fixtures.
pub fn tests_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Test programs are in `<target>/<profile>/deps`.
fn target_folder() -> PathBuf {
    let program = env::current_exe().expect("a running program has a path");
    program.ancestors().nth(3).expect("test programs lie three folders below the target directory").to_owned()
}

fn from_environment(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

//! `packaging/` before other people's linters: hadolint, the schema of compose files, systemd's own checker. Whether the
//! files fit the program is `packaging.rs`; no image is built and no service started.

use std::{
    fs,
    path::{Path, PathBuf},
};

use irongate_tests::{
    cli::{self, Ended},
    surroundings,
};
use tokio::process::Command;

/// What `systemd-analyze security` may find exposed, of 100: the level that it calls OK.
const EXPOSURE_MAX: &str = "--threshold=40";

fn packaging(name: &str) -> PathBuf {
    surroundings::tests_folder().parent().expect("the tests are a folder of the root").join("packaging").join(name)
}

/// A copy of a file of `packaging/` in which `old` is `new`.
fn changed(folder: &Path, name: &str, old: &str, new: &str) -> PathBuf {
    let text = fs::read_to_string(packaging(name)).expect("the file can be read");
    assert!(text.contains(old), "{name} has no {old}");
    let copy = folder.join(name);
    fs::write(&copy, text.replace(old, new)).expect("a copy can be written");
    copy
}

/// Runs one of the programs that are installed beside the tests' Python.
async fn linter(name: &str, arguments: &[&str], file: &Path) -> Ended {
    let folder = surroundings::python().parent().expect("a program lies in a folder").to_owned();
    let mut command = Command::new(folder.join(name));
    command.args(arguments).arg(file);
    cli::run(surroundings::tests_folder(), command).await
}

#[tokio::test]
async fn hadolint_finds_nothing_in_the_dockerfile() {
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let found = linter("hadolint", &[], &packaging("Dockerfile")).await;
    assert_eq!((found.code, found.stdout.as_str(), found.stderr.as_str()), (0, "", ""));
    let spoilt = changed(folder.path(), "Dockerfile", "rust:1.95-bookworm", "rust");
    let found = linter("hadolint", &[], &spoilt).await;
    assert!(found.code != 0 && found.stdout.contains("DL3006"), "{found:?}");
}

#[tokio::test]
async fn the_compose_file_is_what_its_specification_says() {
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let arguments = ["--builtin-schema", "vendor.compose-spec"];
    let found = linter("check-jsonschema", &arguments, &packaging("compose.yaml")).await;
    assert_eq!(found.code, 0, "{found:?}");
    let spoilt = changed(folder.path(), "compose.yaml", "stop_grace_period", "stop_period");
    let found = linter("check-jsonschema", &arguments, &spoilt).await;
    assert!(found.code != 0 && found.stdout.contains("stop_period"), "{found:?}");
}

/// Where systemd is not used there is no program of its to ask.
async fn systemd(arguments: &[&str], unit: &Path) -> Option<Ended> {
    if std::process::Command::new("systemd-analyze").arg("--version").output().is_err() {
        eprintln!("no systemd-analyze here; the unit was not looked at");
        return None;
    }
    let mut command = Command::new("systemd-analyze");
    command.args(arguments).arg(unit);
    Some(cli::run(surroundings::tests_folder(), command).await)
}

#[tokio::test]
async fn systemd_takes_the_unit_as_it_is() {
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let here = surroundings::irongate();
    let here = here.to_str().expect("the program's path is text");
    let unit = changed(folder.path(), "irongate.service", "/usr/local/bin/irongate", here);
    let Some(found) = systemd(&["verify"], &unit).await else { return };
    assert_eq!((found.code, found.stderr.as_str()), (0, ""), "{found:?}");
    // An unknown word is only a warning to systemd.
    let text = fs::read_to_string(&unit).expect("the copy can be read");
    fs::write(&unit, text.replace("RestartSec=", "RestartSek=")).expect("the copy can be changed");
    let found = systemd(&["verify"], &unit).await.expect("it was there before");
    assert!(found.stderr.contains("RestartSek"), "{found:?}");
}

#[tokio::test]
async fn the_service_is_shut_in_as_far_as_systemd_can() {
    let offline = ["security", "--offline=yes", EXPOSURE_MAX];
    let Some(found) = systemd(&offline, &packaging("irongate.service")).await else { return };
    assert_eq!(found.code, 0, "{}", found.stdout);
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let open = folder.path().join("irongate.service");
    fs::write(&open, "[Service]\nExecStart=/bin/true\n").expect("a unit can be written");
    assert_ne!(systemd(&offline, &open).await.expect("it was there before").code, 0);
}

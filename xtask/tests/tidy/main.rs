//! The house rules that no compiler checks. Each file is one group of rules: pure
//! functions from text to complaints, applied to the repository here, and each shown
//! to be able to fail. Formatting and clippy's lints are not repeated.

mod architecture;
mod edges;
mod files;
mod sources;
mod texts;

use std::{env, path::PathBuf, process::Command};

use serde_json::Value;

fn root() -> PathBuf {
    // Cargo runs tests in their package's folder; a path compiled in could be another clone's.
    let here = env::current_dir().expect("tests run in a folder");
    here.parent().expect("xtask is a folder of the root").to_owned()
}

fn metadata() -> Value {
    let cargo = env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .output()
        .expect("cargo can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo speaks JSON")
}

fn assert_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

fn complaints_of(rule: fn(&str, &str) -> Vec<String>) -> Vec<String> {
    files::texts(&root()).iter().flat_map(|file| rule(&file.path, &file.text)).collect()
}

#[test]
fn crates_know_only_whom_they_may() {
    assert_none(edges::unlawful(&metadata()));
}

#[test]
fn libraries_are_known_only_where_they_belong() {
    assert_none(edges::misplaced(&metadata()));
}

#[test]
fn every_source_opens_with_what_it_is() {
    assert_none(complaints_of(sources::without_header));
}

#[test]
fn no_source_is_too_long() {
    assert_none(complaints_of(sources::too_long));
}

#[test]
fn no_source_is_named_for_nothing() {
    assert_none(complaints_of(sources::named_for_nothing));
}

#[test]
fn no_test_is_ignored() {
    assert_none(complaints_of(sources::ignored_tests));
}

#[test]
fn no_test_has_a_port_of_its_own() {
    assert_none(complaints_of(sources::fixed_ports));
}

#[test]
fn no_test_sleeps_to_wait() {
    assert_none(complaints_of(sources::sleeping_tests));
}

#[test]
fn texts_speak_of_the_product_alone() {
    assert_none(complaints_of(texts::forbidden));
}

#[test]
fn the_architecture_page_is_the_map() {
    assert_none(architecture::complaints(&root(), &metadata()));
}

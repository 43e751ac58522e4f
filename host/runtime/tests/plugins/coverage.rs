//! A guest without a test is a guest that proves nothing: every fixture and every example is built, and used by a test.

use std::{fs, path::Path};

use crate::guests::plugins_folder;

/// The tests that may use them.
const TESTS: [&str; 7] = [
    include_str!("batches.rs"),
    include_str!("examples.rs"),
    include_str!("limits.rs"),
    include_str!("loading.rs"),
    include_str!("packing.rs"),
    include_str!("reach.rs"),
    include_str!("zoo.rs"),
];

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("it can be read").path());
    entries.filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).collect()
}

fn is_used(name: &str) -> bool {
    TESTS.iter().any(|test| test.contains(&format!("\"{name}\"")))
}

#[test]
fn every_fixture_is_built_and_tested() {
    let fixtures = plugins_folder().join("fixtures");
    let manifest = fs::read_to_string(fixtures.join("Cargo.toml")).unwrap();
    let guests = names(&fixtures.join("guests"));
    assert!(!guests.is_empty());
    for guest in guests {
        assert!(manifest.contains(&format!("path = \"guests/{guest}.rs\"")), "{guest} is not in fixtures/Cargo.toml");
        assert!(is_used(&guest), "{guest} has no test");
    }
}

#[test]
fn every_example_is_tested_as_a_component() {
    for example in names(&plugins_folder().join("examples")) {
        assert!(is_used(&example), "{example} has no test");
    }
}

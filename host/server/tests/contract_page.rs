//! docs/danube-contract.md names a test for each row of the contract: each must exist, and no
//! test of `conformance` or of [`MODULES`] may be missing on the page.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const CONFORMANCE: &str = "host/server/tests/conformance";
const FOLDERS: [&str; 5] =
    ["host/server/tests", CONFORMANCE, "host/broker/tests/broker", "tests/tests", "tests/foreign/tests"];

/// Tests of rows that need more than messages by field number.
const MODULES: [&str; 5] = ["access", "tls", "upstream", "upstream_missing", "upstream_scripted"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Module and name of every test that the page names.
fn named() -> BTreeSet<(String, String)> {
    let page = fs::read_to_string(root().join("docs/danube-contract.md")).expect("the page can be read");
    let words = page.split('`').skip(1).step_by(2).filter_map(|word| word.split_once("::"));
    words.map(|(module, test)| (module.to_owned(), test.to_owned())).collect()
}

#[test]
fn every_test_the_page_names_exists() {
    let names = named();
    assert!(names.len() > 130, "only {} tests are named", names.len());
    for (module, test) in names {
        let source =
            FOLDERS.iter().find_map(|folder| fs::read_to_string(root().join(format!("{folder}/{module}.rs"))).ok());
        let source = source.unwrap_or_else(|| panic!("there is no {module}.rs"));
        assert!(source.contains(&format!("fn {test}(")), "{module}.rs has no test {test}");
    }
}

#[test]
fn the_page_names_every_test_of_the_contract() {
    let names = named();
    let entries = fs::read_dir(root().join(CONFORMANCE)).expect("the folder can be read");
    let conformance = entries.map(|entry| entry.expect("an entry").path());
    let modules = MODULES.iter().map(|module| root().join(format!("host/server/tests/{module}.rs")));
    for path in conformance.chain(modules) {
        let module = path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
        let source = fs::read_to_string(&path).expect("a source can be read");
        for test in source.split("#[tokio::test]\nasync fn ").skip(1) {
            let test = test.split('(').next().unwrap_or_default().to_owned();
            assert!(names.contains(&(module.clone(), test.clone())), "the page does not name {module}::{test}");
        }
    }
}

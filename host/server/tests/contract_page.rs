//! docs/danube-contract.md names a test for each row of the contract: each must exist.

use std::fs;
use std::path::Path;

const FOLDERS: [&str; 2] = ["host/server/tests", "host/broker/tests/broker"];

#[test]
fn every_test_the_page_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/danube-contract.md")).expect("the page can be read");
    let names: Vec<(&str, &str)> =
        page.split('`').skip(1).step_by(2).filter_map(|word| word.split_once("::")).collect();
    assert!(names.len() > 40, "only {} tests are named", names.len());
    for (module, test) in names {
        let source =
            FOLDERS.iter().find_map(|folder| fs::read_to_string(root.join(format!("{folder}/{module}.rs"))).ok());
        let source = source.unwrap_or_else(|| panic!("there is no {module}.rs"));
        assert!(source.contains(&format!("fn {test}(")), "{module}.rs has no test {test}");
    }
}

//! The guide, executed: every command of every page, on a server with a fresh data directory, ends and prints as the
//! page says; and the page of promises names tests that are there.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use irongate_tests::{Host, page, surroundings};

/// Pages without commands.
const WITHOUT_COMMANDS: [&str; 3] = ["README.md", "promises.md", "patterns/README.md"];

/// Pages with a test of their own below.
const TESTED: [&str; 11] = [
    "schemas.md",
    "partitions.md",
    "reliable.md",
    "performance.md",
    "production.md",
    "patterns/event-sourcing/README.md",
    "patterns/cqrs-commands/README.md",
    "patterns/data-pipeline/README.md",
    "patterns/multi-region/README.md",
    "patterns/metrics/README.md",
    "patterns/retry-dead-letters/README.md",
];

fn root() -> PathBuf {
    surroundings::tests_folder().parent().expect("the tests are a folder of the root").to_owned()
}

fn guide() -> PathBuf {
    root().join("docs/guide")
}

async fn executed(name: &str) {
    let path = guide().join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    // A pattern is a folder: its page uses the files beside it.
    if name.starts_with("patterns/") {
        for entry in fs::read_dir(path.parent().expect("a page is in a folder")).expect("the folder can be read") {
            let entry = entry.expect("an entry can be read");
            fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("a file can be copied");
        }
    }
    let host = Host::start().await;
    page::run(name, &text, folder.path(), &host.url()).await;
    host.assert_never_panicked();
}

#[tokio::test]
async fn schemas() {
    executed("schemas.md").await;
}

#[tokio::test]
async fn partitions() {
    executed("partitions.md").await;
}

#[tokio::test]
async fn reliable() {
    executed("reliable.md").await;
}

#[tokio::test]
async fn performance() {
    executed("performance.md").await;
}

#[tokio::test]
async fn production() {
    executed("production.md").await;
}

#[tokio::test]
async fn event_sourcing() {
    executed("patterns/event-sourcing/README.md").await;
}

#[tokio::test]
async fn cqrs_commands() {
    executed("patterns/cqrs-commands/README.md").await;
}

#[tokio::test]
async fn data_pipeline() {
    executed("patterns/data-pipeline/README.md").await;
}

#[tokio::test]
async fn multi_region() {
    executed("patterns/multi-region/README.md").await;
}

#[tokio::test]
async fn metrics() {
    executed("patterns/metrics/README.md").await;
}

#[tokio::test]
async fn retry_dead_letters() {
    executed("patterns/retry-dead-letters/README.md").await;
}

#[test]
fn no_page_is_forgotten() {
    let mut pages = BTreeSet::new();
    collect(&guide(), &guide(), &mut pages);
    let known: BTreeSet<String> = WITHOUT_COMMANDS.iter().chain(&TESTED).map(|name| (*name).to_owned()).collect();
    assert_eq!(pages, known);
    for name in WITHOUT_COMMANDS {
        let text = fs::read_to_string(guide().join(name)).expect("a page can be read");
        assert!(page::blocks(&text).is_empty(), "{name} has commands that nobody runs");
    }
}

fn collect(folder: &Path, from: &Path, pages: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            collect(&path, from, pages);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.insert(path.strip_prefix(from).expect("the walk stays inside").to_string_lossy().into_owned());
        }
    }
}

/// Whether a source file has a test of this name: its attribute is on the line before.
fn is_test(source: &str, function: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    lines.windows(2).any(|pair| {
        let is_function =
            [format!("fn {function}("), format!("async fn {function}(")].iter().any(|start| pair[1].starts_with(start));
        is_function
            && ["#[test]", "#[tokio::test]", "#[tokio::test(flavor"].iter().any(|test| pair[0].starts_with(test))
    })
}

#[test]
fn every_promise_names_a_test_that_is_there() {
    let text = fs::read_to_string(guide().join("promises.md")).expect("the page can be read");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| promise"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() >= 20, "{} promises", rows.len());
    for row in rows {
        let [promise, tests, danube] = row[..] else { panic!("three columns: {row:?}") };
        assert!(!danube.is_empty(), "{promise}");
        let mut names = tests.split('`').skip(1).step_by(2).peekable();
        assert!(names.peek().is_some(), "{promise} names no test");
        for name in names {
            let (file, function) = name.split_once("::").unwrap_or_else(|| panic!("{name} is not FILE::TEST"));
            let source = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(is_test(&source, function), "{promise}: {file} has no test {function}");
        }
    }
}

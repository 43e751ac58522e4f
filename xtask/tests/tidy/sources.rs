//! Rules about Rust source files, one function each: path and text in, complaints out.

/// Lines a source file may have. Aim at 100 to 200.
const LINES_MAX: usize = 700;

/// Names that say nothing about what a file holds.
const EMPTY_NAMES: [&str; 4] = ["utils", "util", "helpers", "common"];

/// Tests that pace something rather than wait for it: path, and why.
const MAY_SLEEP: [(&str, &str); 5] = [
    ("host/pipeline/tests/simulation/world.rs", "the clock is paused in main.rs beside it: time passes only there"),
    ("tests/bench/src/produce/mod.rs", "what a load left behind ends before memory is read"),
    ("tests/tests/crash.rs", "the kill comes at a random moment"),
    ("tests/tests/torture.rs", "the kill comes at a random moment"),
    ("tests/src/until.rs", "the one place that polls, with a deadline"),
];

/// Ports below this are never listened on, so tests may name them as addresses where nobody is.
const PORT_MIN: u32 = 1024;

pub fn without_header(path: &str, text: &str) -> Vec<String> {
    complain(
        path,
        is_source(path) && !text.starts_with("//! "),
        "does not open with `//!`: what it is and what it is not",
    )
}

pub fn too_long(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    complain(path, is_source(path) && lines > LINES_MAX, &format!("has {lines} lines, at most {LINES_MAX} are allowed"))
}

pub fn named_for_nothing(path: &str, _text: &str) -> Vec<String> {
    let is_empty = path.split('/').any(|part| EMPTY_NAMES.contains(&part.strip_suffix(".rs").unwrap_or(part)));
    complain(path, is_empty, "is named for nothing in particular: name it for its noun or its verb")
}

pub fn ignored_tests(path: &str, text: &str) -> Vec<String> {
    let mark = concat!("#[", "ignore");
    complain(path, is_source(path) && text.contains(mark), "ignores a test: run it or remove it")
}

pub fn fixed_ports(path: &str, text: &str) -> Vec<String> {
    let names_port = ["127.0.0.1:", "localhost:", "[::1]:", "0.0.0.0:"].iter().any(|host| {
        text.split(host).skip(1).any(|rest| {
            let digits = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
            digits.parse::<u32>().is_ok_and(|port| port >= PORT_MIN)
        })
    });
    complain(path, is_test_file(path) && names_port, "names a fixed port: bind port 0")
}

/// A paused clock makes a sleep a statement about time instead of a wait.
pub fn sleeping_tests(path: &str, text: &str) -> Vec<String> {
    let tests = if is_test_file(path) { text } else { text.split_once("#[cfg(test)]").map_or("", |(_, tests)| tests) };
    let is_paused = ["start_paused = true", "time::pause()"].iter().any(|pause| tests.contains(pause));
    let excused = is_paused || MAY_SLEEP.iter().any(|(excused, _)| *excused == path);
    let sleeps = is_source(path) && !excused && tests.contains(concat!("sleep", "("));
    complain(path, sleeps, "sleeps in a test: wait for what you wait for, or pause the clock")
}

fn is_source(path: &str) -> bool {
    path.ends_with(".rs")
}

/// Not this file's own kind: the rules' examples name what they forbid.
fn is_test_file(path: &str) -> bool {
    path.ends_with(".rs") && path.split('/').any(|part| part == "tests") && !path.starts_with("xtask/tests/tidy/")
}

fn complain(path: &str, is_wrong: bool, what: &str) -> Vec<String> {
    if is_wrong { vec![format!("{path} {what}")] } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_without_header_is_found() {
        assert_eq!(without_header("a/b.rs", "use std::fs;\n").len(), 1);
        assert_eq!(without_header("a/b.rs", "//! What it is.\n").len(), 0);
        assert_eq!(without_header("a/b.toml", "[package]\n").len(), 0);
    }

    #[test]
    fn a_long_source_is_found() {
        assert_eq!(too_long("a.rs", &"x\n".repeat(LINES_MAX + 1)).len(), 1);
        assert_eq!(too_long("a.rs", &"x\n".repeat(LINES_MAX)).len(), 0);
    }

    #[test]
    fn an_empty_name_is_found() {
        assert_eq!(named_for_nothing("web/src/utils.rs", "").len(), 1);
        assert_eq!(named_for_nothing("web/src/helpers/mod.rs", "").len(), 1);
        assert_eq!(named_for_nothing("web/src/router.rs", "").len(), 0);
    }

    #[test]
    fn an_ignored_test_is_found() {
        assert_eq!(ignored_tests("a.rs", concat!("#[", "ignore = \"slow\"]")).len(), 1);
        assert_eq!(ignored_tests("a.rs", "#[test]").len(), 0);
    }

    #[test]
    fn a_fixed_port_is_found() {
        assert_eq!(fixed_ports("tests/tests/a.rs", "bind(\"127.0.0.1:6650\")").len(), 1);
        assert_eq!(fixed_ports("tests/tests/a.rs", "bind(\"127.0.0.1:0\")").len(), 0);
        assert_eq!(fixed_ports("tests/tests/a.rs", "\"http://localhost:1/nobody\"").len(), 0);
        assert_eq!(fixed_ports("host/cli/src/serve.rs", "\"127.0.0.1:6650\"").len(), 0);
    }

    #[test]
    fn a_sleeping_test_is_found() {
        let sleep = concat!("sleep", "(ONE_SECOND)");
        assert_eq!(sleeping_tests("tests/tests/a.rs", sleep).len(), 1);
        assert_eq!(sleeping_tests("host/a.rs", &format!("#[cfg(test)] mod tests {{ {sleep} }}")).len(), 1);
        assert_eq!(
            sleeping_tests("host/a.rs", &format!("fn pace() {{ {sleep} }} #[cfg(test)] mod tests {{}}")).len(),
            0
        );
        assert_eq!(sleeping_tests("tests/tests/a.rs", &format!("#[test(start_paused = true)] {sleep}")).len(), 0);
        assert_eq!(sleeping_tests(MAY_SLEEP[0].0, sleep).len(), 0);
    }
}

//! Transforms in JavaScript, Python and C: made, tested, built and run by the command, as their authors would. What they do is what the one in Rust does, which
//! the command's own tests run.

use irongate_tests::surroundings;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Roomy, because interpreters are compiled and started here on a busy machine.
const BATCH_TIME_MS: &str = "60000";

/// A transform made in a folder of its own, with the tools that its author would have installed.
struct Project {
    home: tempfile::TempDir,
    component: PathBuf,
}

/// Exit code, standard output, standard error. Without a limit of time: the first interpreter and the first C library are compiled here.
fn run(home: &Path, arguments: &[&str]) -> (i32, String, String) {
    let tools = surroundings::guest_tools();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = [tools.join("venv/bin")].into_iter().chain(std::env::split_paths(&path));
    let mut command = Command::new(surroundings::irongate());
    command.env("PATH", std::env::join_paths(folders).expect("a path")).env("NO_COLOR", "1");
    // What was compiled is kept from one run to the next, as for its author.
    command.env("XDG_CACHE_HOME", tools.join("cache")).args(arguments);
    let output = command.current_dir(home).stdin(Stdio::null()).output().expect("the command starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is text");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

fn succeeded(home: &Path, arguments: &[&str]) -> String {
    let (code, stdout, stderr) = run(home, arguments);
    assert_eq!(code, 0, "{arguments:?}\n{stdout}\n{stderr}");
    stdout
}

impl Project {
    fn new(language: &str) -> Self {
        let home = tempfile::tempdir().expect("a directory");
        succeeded(home.path(), &["plugin", "new", "mark-words", "--lang", language]);
        if language == "javascript" {
            let libraries = home.path().join("mark-words/node_modules");
            std::os::unix::fs::symlink(surroundings::guest_tools().join("node_modules"), libraries).expect("a link");
        }
        let tested = succeeded(home.path(), &["plugin", "test", "mark-words"]);
        assert!(tested.contains("mark-words 0.1.0: its tests pass and its component loads"), "{tested}");
        let component = home.path().join("mark-words/mark-words.wasm");
        Self { home, component }
    }

    /// What becomes of the records that came with the project, one object for each.
    fn outcomes(&self, more: &[&str]) -> (i32, Vec<Value>, String) {
        let component = self.component.to_string_lossy();
        let fixed = ["--json", "plugin", "run", &component, "--records", "mark-words/records.jsonl"];
        let (code, stdout, stderr) = run(self.home.path(), &[&fixed[..], more].concat());
        (code, stdout.lines().map(|line| serde_json::from_str(line).expect("an object")).collect(), stderr)
    }
}

fn holds(language: &str) {
    let project = Project::new(language);
    let component = project.component.to_string_lossy();
    let shown = succeeded(project.home.path(), &["plugin", "inspect", &component]);
    for expected in ["mark-words 0.1.0", "irongate:transform@0.1.0", "nothing: no grant is needed", "minLength"] {
        assert!(shown.contains(expected), "{expected} is not in\n{shown}");
    }

    let seen = ["--config", r#"{"mark": "seen"}"#, "--batch-time-ms-max", BATCH_TIME_MS, "--batch", "3"];
    let (code, outcomes, told) = project.outcomes(&seen);
    assert_eq!((code, outcomes.len()), (0, 3), "{told}");
    assert_eq!(outcomes[0]["records"][0]["attributes"]["mark"], "seen");
    assert_eq!(outcomes[0]["records"][0]["routing_key"], "k1");
    assert_eq!(outcomes[0]["records"][0]["payload"], "hello");
    assert_eq!(outcomes[1]["outcome"], "drop");
    assert_eq!(outcomes[2]["records"][0]["attributes"]["lang"], "en");
    assert!(told.contains("an empty record was dropped"), "{told}");

    let (code, _, told) = project.outcomes(&["--config", r#"{"mark": ""}"#]);
    assert_eq!(code, 3, "{told}");
}

#[test]
fn javascript() {
    holds("javascript");
}

#[test]
fn python() {
    holds("python");
}

#[test]
fn c() {
    holds("c");
}

/// The author changes the sources so that a word sends the transform round for ever; the limit of time ends it, and the neighbours are served.
#[test]
fn a_limit_stops_a_transform_in_another_language_and_spares_its_neighbours() {
    let project = Project::new("c");
    let source = project.home.path().join("mark-words/transform.c");
    let text = std::fs::read_to_string(&source).expect("a source");
    let marker = "    transform_string_set(&text, \"marked_records_total\");";
    assert!(text.contains(marker), "{text}");
    let poisoned = "    if (batch->ptr[i].payload.ptr[0] == '{') for (volatile int round = 0;; round++);\n";
    std::fs::write(&source, text.replace(marker, &format!("{poisoned}{marker}"))).expect("it can be written");
    succeeded(project.home.path(), &["plugin", "build", "mark-words"]);

    let config = ["--config", r#"{"mark": "seen"}"#, "--batch-time-ms-max", "200", "--batch", "3"];
    let (code, outcomes, told) = project.outcomes(&config);
    assert_eq!(code, 1, "{told}");
    assert_eq!(outcomes[0]["records"][0]["attributes"]["mark"], "seen");
    assert_eq!(outcomes[1]["outcome"], "drop");
    assert_eq!(outcomes[2]["outcome"], "fault");
    assert!(outcomes[2].to_string().contains("200"), "the limit is not named: {}", outcomes[2]);
}

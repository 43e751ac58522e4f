//! From nothing to a transform that runs: made, tested, built, inspected, run, all by the command.

use crate::harness::{irongate, objects, run};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The target directory of the components in `plugins/`: its libraries are those of every scaffold, and built once.
fn command(home: &Path) -> Command {
    let mut command = irongate();
    command.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("../plugins"));
    command.env("XDG_CACHE_HOME", home.join("cache")).current_dir(home).stdin(Stdio::null());
    command
}

fn succeeded(command: &mut Command) -> String {
    let output = command.output().expect("the command starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout).expect("output is text")
}

/// Makes and builds the transform `mark-words`, and answers its component.
fn built(home: &Path) -> PathBuf {
    let made = succeeded(command(home).args(["plugin", "new", "mark-words", "--lang", "rust"]));
    assert!(made.contains("irongate plugin test ./mark-words"), "{made}");
    let tested = succeeded(command(home).args(["plugin", "test", "mark-words"]));
    assert!(tested.contains("mark-words 0.1.0: its tests pass and its component loads"), "{tested}");
    let built = succeeded(command(home).args(["plugin", "build", "mark-words", "--json"]));
    let file = objects(built.lines().last().expect("a line"))[0]["file"].as_str().expect("a path").to_owned();
    home.join(file)
}

#[test]
fn a_new_transform_passes_its_tests_builds_and_runs() {
    let home = tempfile::tempdir().expect("a directory");
    let file = built(home.path());

    let shown = succeeded(command(home.path()).args(["plugin", "inspect"]).arg(&file));
    for expected in ["mark-words 0.1.0", "irongate:transform@0.1.0", "nothing: no grant is needed", "\"mark\""] {
        assert!(shown.contains(expected), "{expected} is not in\n{shown}");
    }

    let run = ["--json", "plugin", "run", "--config", r#"{"mark": "seen"}"#, "--records", "mark-words/records.jsonl"];
    let outcomes = objects(&succeeded(command(home.path()).args(run).arg(&file)));
    assert_eq!(outcomes.len(), 3);
    assert_eq!(outcomes[0]["records"][0]["attributes"]["mark"], "seen");
    assert_eq!(outcomes[0]["records"][0]["routing_key"], "k1");
    assert_eq!(outcomes[1]["outcome"], "drop");
    assert_eq!(outcomes[2]["records"][0]["payload"], r#"{"greeting":"hello"}"#);

    let wrong = ["plugin", "run", "--config", r#"{"mark": ""}"#, "--records", "mark-words/records.jsonl"];
    let refused = command(home.path()).args(wrong).arg(&file).output().expect("the command starts");
    assert_eq!(refused.status.code(), Some(3));
    let sentence = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(sentence.contains("/mark") && sentence.contains("minLength"), "{sentence}");

    let again = command(home.path()).args(["plugin", "new", "mark-words"]).output().expect("the command starts");
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("already there"));
}

#[test]
fn what_is_no_transform_is_named_with_its_file() {
    let home = tempfile::tempdir().expect("a directory");
    let file = home.path().join("notes.wasm");
    std::fs::write(&file, "notes").expect("it can be written");
    let sentence = run(&["plugin", "inspect", &file.to_string_lossy()]).failed(1);
    assert!(sentence.contains("notes.wasm cannot be loaded: this is not a WebAssembly component"), "{sentence}");
    let sentence = run(&["plugin", "build", &home.path().to_string_lossy()]).failed(1);
    assert!(sentence.contains("has none of Cargo.toml"), "{sentence}");
    assert!(run(&["plugin", "new", "Mask"]).failed(2).contains("`Mask` cannot be a transform's name"));
}

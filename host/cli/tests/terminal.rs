//! What long runs show while they go on: a bar on a terminal, objects for a program.
#![cfg(target_os = "linux")]

use crate::harness::{Server, objects};
use std::process::{Command, Stdio};

/// What a command writes to a terminal that is its stdout and its stderr: util-linux's `script` makes one.
fn on_a_terminal(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<String> = words.map(|word| format!("'{}'", word.to_str().expect("text"))).collect();
    let line = format!("stty rows 24 cols 120; exec {}", words.join(" "));
    let mut script = Command::new("script");
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => script.env(name, value),
            None => script.env_remove(name),
        };
    }
    script.args(["--quiet", "--return", "--command", &line, "/dev/null"]).env("TERM", "xterm").env("SHELL", "/bin/sh");
    let output = script.stdin(Stdio::null()).output().expect("script is part of every Linux");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{shown}");
    shown
}

#[test]
fn a_long_run_has_a_bar_with_rate_and_remaining_time() {
    let server = Server::start();
    let shown = on_a_terminal(&server.command(&["produce", "--reliable", "-c", "100", "-i", "20", "-m", "{{seq}}"]));
    for part in ["/100 ", "/s eta ", "Success: 100"] {
        assert!(shown.contains(part), "{part:?} in {shown}");
    }
    assert!(!shown.contains("Message 1/100"), "no line for each message beside the bar: {shown}");
}

#[test]
fn a_load_is_live_on_a_terminal() {
    let server = Server::start();
    let shown = on_a_terminal(&server.command(&["load", "--rate", "50", "--duration", "4s"]));
    for part in [" messages/s, p50 ", ", p99 ", ", generator late ", "200 messages acknowledged"] {
        assert!(shown.contains(part), "{part:?} in {shown}");
    }
}

#[test]
fn programs_get_an_object_on_each_line() {
    let server = Server::start();
    let run = ["--json", "produce", "--reliable", "-c", "15", "-i", "200", "-m", "{{seq}}"];
    let each = objects(&server.run(&run).succeeded());
    assert_eq!(each.iter().filter(|object| object["event"] == "sent").count(), 15, "{each:?}");
    let quiet = objects(&server.run(&[&run[..], &["-q"]].concat()).succeeded());
    let told: Vec<u64> = quiet
        .iter()
        .filter(|object| object["event"] == "progress")
        .map(|object| object["sent"].as_u64().expect("a count"))
        .collect();
    assert!(!told.is_empty() && told.is_sorted(), "{quiet:?}");
    assert!(quiet.iter().all(|object| object["event"] != "sent"), "{quiet:?}");
    assert_eq!(quiet.last().map(|summary| &summary["sent"]), Some(&15.into()), "{quiet:?}");
    let load = objects(&server.run(&["--json", "load", "--rate", "50", "--duration", "3s"]).succeeded());
    assert!(load.iter().any(|object| object["event"] == "second"), "{load:?}");
}

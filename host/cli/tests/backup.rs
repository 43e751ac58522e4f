//! `irongate backup` under load: the copy opens, and everything that was acknowledged before is in it.

use crate::harness::{Outcome, Server, USER_EVENTS, objects, run};
use crate::pipeline_run::{CLEAN, ORDERS, pipeline};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

fn stored(server: &Server, topic: &str) -> Vec<String> {
    let read = server.run(&["consume", "-t", topic, "--from", "earliest", "--no-follow", "-o", "raw"]).succeeded();
    read.lines().map(str::to_owned).collect()
}

/// Starts a server on a copy of a back-up, as a person would who restores it.
fn restored(backup: &Path) -> Server {
    let dir = tempfile::tempdir().expect("a directory");
    let copied = std::process::Command::new("cp").arg("-r").arg(backup).arg(dir.path().join("data")).status();
    assert!(copied.expect("cp starts").success());
    Server::start_on(dir, &[])
}

#[test]
fn a_backup_under_load_has_everything_that_was_acknowledged_before_it_began() {
    let backups = tempfile::tempdir().expect("a folder");
    let folder = backups.path().to_str().expect("a path of text");
    let server = Server::start_on(tempfile::tempdir().expect("a directory"), &["--backup-dir", folder]);
    let schema = server.file("user-events.json", USER_EVENTS);
    server.run(&["schema", "register", "user-events", "-t", "json_schema", "-f", &schema]).succeeded();
    server.run(&["topics", "create", "/default/u", "--reliable", "--schema-subject", "user-events"]).succeeded();
    server.run(&["topics", "create", ORDERS, "--reliable"]).succeeded();
    server.run(&["pipeline", "deploy", &server.file("orders.toml", &pipeline(""))]).succeeded();

    // A subscription that has acknowledged three of five.
    server.run(&["topics", "create", "/default/c", "--reliable"]).succeeded();
    let mut consumer = server.spawn(&["consume", "-t", "/default/c", "-m", "sub", "--count", "3", "-o", "raw"]);
    server.wait_until_consumed("/default/c");
    server.run(&["produce", "-t", "/default/c", "-m", "{{seq}}", "-c", "5"]).succeeded();
    assert!(consumer.wait().expect("it ends").success());

    // Load that goes on while the copy is made.
    let mut load = server.command(&["--json", "produce", "-t", "/default/l", "--reliable", "-m", "{{seq}}"]);
    let load = load.args(["-c", "2000", "--rate", "400"]).stdout(Stdio::piped()).spawn();
    let mut load = load.expect("the load starts");
    let mut told = BufReader::new(load.stdout.take().expect("a pipe")).lines().map(|line| line.expect("a line"));
    let acknowledged = told.by_ref().take(300).count();
    let before = server.run(&["--json", "backup", "one"]).succeeded();
    let made = &objects(&before)[0];
    assert!(made["records"].as_u64().expect("a number") >= 305, "{made}");
    let summary = told.last().expect("a summary");
    assert!(summary.contains(r#""sent":2000"#), "the host goes on: {summary}");
    assert!(load.wait().expect("it ends").success());
    server.run(&["backup", "one"]).failed(1);

    let copy = restored(&backups.path().join("one"));
    let there = stored(&copy, "/default/l");
    assert!((acknowledged..=2_000).contains(&there.len()), "{} of {acknowledged}", there.len());
    assert_eq!(there, (1..=there.len()).map(|number| number.to_string()).collect::<Vec<_>>());
    // The schema is bound as it was, the cursor stands where it stood, and the pipeline runs.
    copy.run(&["produce", "-t", "/default/u", "-m", "{}"]).failed(3);
    let rest = copy.run(&["consume", "-t", "/default/c", "-m", "sub", "--count", "2", "-o", "raw"]).succeeded();
    assert_eq!(rest, "4\n5\n");
    copy.run(&["produce", "-t", ORDERS, "-m", r#"{"email":"a@b.c"}"#]).succeeded();
    let clean = copy.run(&["consume", "-t", CLEAN, "--from", "earliest", "--count", "1", "-o", "raw"]).succeeded();
    assert_eq!(clean, "{\"email\":\"***\"}\n");
    // What is written over what came with the copy is newer, also when the server starts again.
    let copy = copy.crash_and_restart();
    let described = copy.run(&["--json", "topics", "describe", "/default/c"]).succeeded();
    assert_eq!(objects(&described)[0]["subscription_details"][0]["backlog"], 0, "{described}");
}

#[test]
fn a_backup_is_made_only_where_the_host_was_told_to() {
    let server = Server::start();
    let stderr = server.run(&["backup", "one"]).failed(1);
    assert!(stderr.contains("--backup-dir"), "{stderr}");
    let backups = tempfile::tempdir().expect("a folder");
    let folder = backups.path().to_str().expect("a path of text");
    let server = Server::start_on(tempfile::tempdir().expect("a directory"), &["--backup-dir", folder]);
    for name in ["../elsewhere", "/etc", ".", "a b"] {
        let stderr = server.run(&["backup", name]).failed(1);
        assert!(stderr.contains("cannot be a back-up's name"), "{stderr}");
    }
    assert_eq!(std::fs::read_dir(backups.path()).expect("a folder").count(), 0);
    let file = server.file("a-file", "");
    let args = ["serve", "--listen", "127.0.0.1:0", "--backup-dir", &format!("{file}/below")];
    let refused: Outcome = run(&[&args[..], &["--data-dir", &format!("{file}-data")]].concat());
    assert!(refused.failed(1).contains("cannot make the folder for back-ups"));
}

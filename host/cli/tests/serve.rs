//! `serve`: its one line, its refusals, its end.

use crate::harness::{Outcome, Server, irongate, run};
use std::net::TcpListener;
use std::process::{Command, Stdio};

#[test]
fn the_address_is_printed_and_written_and_answers() {
    let dir = tempfile::tempdir().expect("a directory");
    let ready = dir.path().join("ready");
    let ready_path = ready.to_str().expect("a path of text").to_owned();
    let server = Server::start_on(dir, &["--ready-file", &ready_path]);
    assert_ne!(server.authority(), "127.0.0.1:0");
    while !ready.exists() {
        std::thread::yield_now();
    }
    assert_eq!(std::fs::read_to_string(&ready).expect("written"), format!("{}\n", server.url));
    assert!(server.run(&["topics"]).succeeded().starts_with("TOPIC"));
}

#[cfg(unix)]
#[test]
fn both_signals_end_it_with_exit_code_0() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start();
        server.run(&["produce", "--reliable", "-m", "x"]).succeeded();
        let pid = server.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().expect("kill runs").success());
        let ended = server.child.wait().expect("it ends");
        assert_eq!(ended.code(), Some(0), "{signal}");
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let outcome = run(&["serve", "--listen", &address, "--data-dir", data.to_str().expect("text")]);
    let sentence =
        format!("error: {address} is taken by another process; stop that one or choose another with --listen\n");
    assert_eq!(outcome.failed(1), sentence);
    assert!(!data.exists(), "the directory was touched");
}

#[test]
fn a_data_directory_in_use_is_named() {
    let server = Server::start();
    let data = server.data_dir();
    let data = data.to_str().expect("text");
    let stderr = run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", data]).failed(1);
    assert!(stderr.contains(&format!("the data directory {data} is in use by another process")), "{stderr}");
}

#[test]
fn a_directory_of_something_else_is_left_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("data");
    std::fs::write(&file, "a diary").expect("written");
    let stderr = run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", file.to_str().expect("text")]).failed(1);
    assert!(stderr.starts_with("error: ") && stderr.lines().count() == 1, "{stderr}");
    assert_eq!(std::fs::read_to_string(&file).expect("still there"), "a diary");
}

#[test]
fn other_machines_are_served_only_where_it_is_said() {
    let stderr = run(&["serve", "--listen", "0.0.0.0:0"]).failed(2);
    assert!(
        stderr.contains("--tls-cert, --tls-key and --token-secret-file") && stderr.contains("--allow-remote"),
        "{stderr}"
    );
    let stderr = run(&["serve", "--listen", "nonsense"]).failed(2);
    assert!(stderr.contains("nonsense is no address to listen on"), "{stderr}");

    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start_on(dir, &["--listen", "0.0.0.0:0", "--allow-remote"]);
    let port = server.url.rsplit(':').next().expect("a port");
    run(&["topics", "-s", &format!("127.0.0.1:{port}")]).succeeded();
}

#[test]
fn topics_are_not_created_where_that_is_switched_off() {
    let server = Server::start_on(tempfile::tempdir().expect("a directory"), &["--no-auto-create"]);
    let stderr = server.run(&["produce", "-t", "/default/new", "-m", "x"]).failed(1);
    assert!(stderr.contains("/default/new"), "{stderr}");
    server.run(&["topics", "create", "/default/new"]).succeeded();
    server.run(&["produce", "-t", "/default/new", "-m", "x"]).succeeded();
}

#[test]
fn version_and_help_are_worth_reading() {
    assert_eq!(run(&["--version"]).succeeded(), format!("irongate {}\n", env!("CARGO_PKG_VERSION")));
    let help = run(&["--help"]).succeeded();
    for part in ["serve", "produce", "consume", "schema", "topics", "Exit codes:"] {
        assert!(help.contains(part), "{part} is missing in\n{help}");
    }
    assert_eq!(run(&["frobnicate"]).failed(2), "error: unrecognized subcommand 'frobnicate'; see irongate --help\n");
}

#[test]
fn nobody_at_the_address_is_said_in_one_sentence() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("an address").to_string();
    drop(free);
    for args in [&["topics"][..], &["produce", "-m", "x"], &["consume"], &["schema", "list"]] {
        let output = irongate().args(args).env("IRONGATE_SERVICE_ADDR", &address).stdin(Stdio::null()).output();
        let stderr = Outcome::from(output.expect("the command starts")).failed(1);
        assert!(stderr.starts_with(&format!("error: cannot reach http://{address}: ")), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

//! An interrupted `produce`: what it says, and that a second interruption is not waited for.
#![cfg(unix)]

use crate::harness::Server;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command};

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill runs").success());
}

/// Interrupts a run twice whose server stands still: nothing that is under way can end.
fn interrupted_twice(server: &Server, more: &[&str]) -> String {
    let args = ["produce", "--reliable", "-t", "/default/i", "-c", "100000", "-m", "{{seq}}", "-i", "1"];
    let mut child = server.spawn(&[&args[..], more].concat());
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    while !line.contains("Message 3/") {
        line.clear();
        assert!(stdout.read_line(&mut line).expect("a line") > 0, "it goes on");
    }
    let draining = std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
    signal(&server.child, "-STOP");
    signal(&child, "-INT");
    let mut said = String::new();
    while !said.contains("waiting up to 5 s for what is under way; interrupt again not to wait") {
        assert!(stderr.read_line(&mut said).expect("a line") > 0, "{said}");
    }
    signal(&child, "-INT");
    stderr.read_to_string(&mut said).expect("the rest");
    let code = child.wait().expect("it ends").code();
    signal(&server.child, "-CONT");
    draining.join().expect("it ends").expect("read to its end");
    assert_eq!(code, Some(1), "{said}");
    said
}

#[test]
fn a_second_interruption_does_not_wait() {
    let server = Server::start();
    let said = interrupted_twice(&server, &[]);
    assert!(said.contains("interrupted again: what is under way is not waited for"), "{said}");
    assert!(said.contains("messages were acknowledged") && said.contains("--resume"), "{said}");
}

#[test]
fn so_it_is_with_several_regions() {
    let (server, second) = (Server::start(), Server::start());
    let spool = tempfile::tempdir().expect("a folder");
    let more = ["--mirror", &second.url, "--spool", spool.path().to_str().expect("text")];
    let said = interrupted_twice(&server, &more);
    assert!(said.contains("interrupted again: what is under way is not waited for"), "{said}");
    assert!(said.contains("--resume"), "{said}");
}

//! `consume`: with a subscription and without, across crashes, and into a pipe that closes.

use crate::harness::{Outcome, Server, objects};
use std::io::{BufRead, BufReader, Read};
use std::process::Child;

const TOPIC: &str = "/default/c";

fn produce(server: &Server, payload: &str, more: &[&str]) {
    server.run(&[&["produce", "-t", TOPIC, "--reliable", "-m", payload], more].concat()).succeeded();
}

/// The payloads that `consume --json` printed.
fn payloads(stdout: &str) -> Vec<String> {
    objects(stdout).iter().map(|object| object["payload"].as_str().expect("text").to_owned()).collect()
}

fn end(child: Child) -> Outcome {
    Outcome::from(child.wait_with_output().expect("it ends"))
}

#[test]
fn without_a_subscription_any_start_is_possible() {
    let server = Server::start();
    for payload in ["one", "two", "three"] {
        produce(&server, payload, &[]);
    }
    let read = |from: &str| {
        let args = ["--json", "consume", "-t", TOPIC, "--from", from, "--no-follow"];
        payloads(&server.run(&args).succeeded())
    };
    assert_eq!(read("earliest"), ["one", "two", "three"]);
    assert_eq!(read("offset:1"), ["two", "three"]);
    assert_eq!(read("last:1"), ["three"]);
    assert!(read("latest").is_empty());

    let text = server.run(&["consume", "-t", TOPIC, "--from", "earliest", "-c", "1"]).succeeded();
    assert_eq!(text, format!("Received message: one\nSize: 3 bytes, Total received: 1, Topic: {TOPIC}, Offset: 0\n"));
}

#[test]
fn a_subscription_resumes_after_what_was_acknowledged() {
    let server = Server::start();
    produce(&server, "before", &[]);
    let consume = ["--json", "consume", "-t", TOPIC, "-m", "sub", "-c", "2"];
    let child = server.spawn(&consume);
    server.wait_until_consumed(TOPIC);
    for payload in ["one", "two", "three", "four"] {
        produce(&server, payload, &[]);
    }
    assert_eq!(payloads(&end(child).succeeded()), ["one", "two"]);
    assert_eq!(payloads(&server.run(&consume).succeeded()), ["three", "four"]);
}

#[test]
fn a_consumer_outlives_a_crash_of_its_server() {
    let server = Server::start();
    produce(&server, "first", &[]);
    let mut child = server.spawn(&["--json", "consume", "-t", TOPIC, "-m", "sub", "-c", "2"]);
    server.wait_until_consumed(TOPIC);
    produce(&server, "one", &[]);
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("a line");
    assert_eq!(payloads(&line), ["one"]);

    let server = server.crash_and_restart();
    produce(&server, "two", &[]);
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("the rest");
    // The acknowledgement of the first may have been lost with the server; then it comes again.
    assert!(["two", "one"].contains(&payloads(&rest)[0].as_str()), "{rest}");
    let ended = end(child);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.contains("was lost; subscribing to /default/c again"), "{ended:?}");
}

#[test]
fn what_was_acknowledged_to_a_producer_survives_a_crash() {
    let server = Server::start();
    produce(&server, "kept", &["-c", "50"]);
    let server = server.crash_and_restart();
    let args = ["--json", "consume", "-t", TOPIC, "--from", "earliest", "--no-follow"];
    assert_eq!(payloads(&server.run(&args).succeeded()).len(), 50);
}

#[test]
fn a_partitioned_topic_is_consumed_whole() {
    let server = Server::start();
    produce(&server, "x", &["-p", "3"]);
    let child = server.spawn(&["--json", "consume", "-t", TOPIC, "-m", "sub", "-c", "6", "--sub-type", "exclusive"]);
    server.wait_until_consumed(TOPIC);
    produce(&server, "y", &["-c", "6"]);
    assert_eq!(payloads(&end(child).succeeded()), ["y"; 6]);
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let server = Server::start();
    produce(&server, "x", &["-c", "1000"]);
    let mut child = server.spawn(&["consume", "-t", TOPIC, "--from", "earliest"]);
    let mut first = [0; 16];
    let mut stdout = child.stdout.take().expect("a pipe");
    stdout.read_exact(&mut first).expect("the first line");
    drop(stdout);
    // It notices at its next line.
    produce(&server, "x", &["-c", "2000"]);
    let ended = end(child);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
}

#[test]
fn a_topic_that_does_not_exist_is_named() {
    let server = Server::start();
    for more in [&["-m", "sub"][..], &["--from", "earliest", "--no-follow"]] {
        let stderr = server.run(&[&["consume", "-t", TOPIC], more].concat()).failed(1);
        assert!(stderr.contains(TOPIC), "{stderr}");
    }
    let stderr = server.run(&["consume", "-t", "no-topic"]).failed(1);
    assert!(stderr.contains("/namespace_name/topic_name"), "{stderr}");
}

#[test]
fn a_topic_that_does_not_exist_yet_is_waited_for() {
    let server = Server::start();
    let mut child = server.spawn(&["--json", "consume", "-t", TOPIC, "--from", "earliest", "-c", "1"]);
    let mut note = String::new();
    BufReader::new(child.stderr.take().expect("a pipe")).read_line(&mut note).expect("a line");
    assert_eq!(note, format!("the topic {TOPIC} does not exist yet; waiting for it\n"));
    produce(&server, "at last", &[]);
    assert_eq!(payloads(&end(child).succeeded()), ["at last"]);
}

#[test]
fn a_topic_that_is_deleted_ends_its_consumers_and_says_so() {
    let server = Server::start();
    produce(&server, "x", &[]);
    let child = server.spawn(&["consume", "-t", TOPIC, "-m", "sub"]);
    server.wait_until_consumed(TOPIC);
    server.run(&["topics", "delete", TOPIC]).succeeded();
    let stderr = end(child).failed(1);
    assert!(stderr.contains(&format!("the stream of {TOPIC}: the topic was deleted")), "{stderr}");
}

#[test]
fn a_server_that_comes_back_without_the_topic_ends_its_consumers() {
    let server = Server::start();
    produce(&server, "x", &[]);
    let child = server.spawn(&["consume", "-t", TOPIC, "-m", "sub"]);
    server.wait_until_consumed(TOPIC);
    let crashed = server.crash();
    std::fs::remove_dir_all(crashed.server().data_dir()).expect("its data is lost");
    let _server = crashed.restart();
    let stderr = end(child).failed(1);
    assert!(stderr.contains("was lost; subscribing") && stderr.contains(TOPIC), "{stderr}");
}

//! `load`: what it sends, what it says about it, and that neither server nor generator can hide being slow.

use crate::harness::{Server, objects};
use std::io::{BufRead, BufReader, Read};
use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn a_closed_loop_sends_its_count_and_measures_both_ways() {
    let server = Server::start();
    let args = ["--json", "load", "-t", "/default/l", "--reliable", "-p", "2", "--count", "500", "--producers", "2"];
    let printed = objects(&server.run(&[&args[..], &["--in-flight", "20", "--size", "100"]].concat()).succeeded());
    let summary = printed.last().expect("a summary");
    assert_eq!((&summary["acknowledged"], &summary["failed"]), (&500.into(), &0.into()));
    assert_eq!(summary["acknowledgement"]["count"], 500);
    assert_eq!(summary["end_to_end"]["count"], 500, "every message was read");
    assert!(summary["acknowledgement"]["quantiles_us"]["p50"].as_u64().expect("a number") > 0);
    let read = server.run(&["--json", "consume", "-t", "/default/l", "--from", "earliest", "--no-follow"]).succeeded();
    let stored = objects(&read);
    assert_eq!(stored.len(), 500);
    assert!(stored.iter().all(|message| message["payload"].as_str().is_some_and(|text| text.len() == 100)));
}

#[test]
fn an_open_loop_keeps_its_rate_and_writes_what_it_measured() {
    let server = Server::start();
    let (export, report) = (server.file("load.json", ""), server.file("load.html", ""));
    let args = ["load", "--rate", "200", "--duration", "2s", "-m", "{\"n\":{{seq}}}", "--export", &export];
    let text = server.run(&[&args[..], &["--report", &report]].concat()).succeeded();
    for part in ["open loop, 200 messages/s", "400 messages acknowledged", "end to end", "generator late", "P99.9"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let exported: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(export).expect("the export")).expect("JSON");
    assert_eq!((&exported["acknowledged"], &exported["load"]["rate"]), (&400.into(), &200.0.into()));
    let seconds = exported["seconds"].as_array().expect("seconds");
    let by_second: u64 = seconds.iter().map(|second| second["acknowledged"].as_u64().expect("a number")).sum();
    assert_eq!(by_second, 400);
    let page = std::fs::read_to_string(report).expect("the report");
    assert!(page.contains("<svg") && !page.contains("http"), "a page that needs nothing else");
}

#[test]
fn a_server_that_stands_still_shows_in_the_corrected_latencies() {
    let server = Server::start();
    let begun = Instant::now();
    // Without an end of its own: however long this machine takes to get so far, the load goes on.
    let mut child = server.spawn(&["--json", "load", "--rate", "100", "--duration", "1h"]);
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    // It has begun, and waits for signals, once it tells of its first second.
    stdout.read_line(&mut String::new()).expect("a line");
    let signal = |id: u32, name: &str| {
        assert!(Command::new("kill").args([name, &id.to_string()]).status().expect("kill runs").success());
    };
    signal(server.child.id(), "-STOP");
    // Longer than what went before, so that most of what was due was due meanwhile.
    let (stopped, still) = (Instant::now(), begun.elapsed().max(Duration::from_secs(1)));
    while let Some(left) = still.checked_sub(stopped.elapsed()) {
        std::thread::park_timeout(left);
    }
    // What is under way when it is interrupted is waited for.
    signal(child.id(), "-INT");
    signal(server.child.id(), "-CONT");
    let mut printed = String::new();
    stdout.read_to_string(&mut printed).expect("text");
    assert_eq!(child.wait().expect("it ends").code(), Some(1), "it was interrupted");
    let summary = objects(&printed).pop().expect("a summary");
    let max = summary["acknowledgement"]["quantiles_us"]["p100"].as_u64().expect("a number");
    assert!(max > 900_000, "{summary}");
    let late = summary["acknowledgement"]["quantiles_us"]["p90"].as_u64().expect("a number");
    assert!(late > 100_000, "what was due while it stood still counts as well, not one message alone: {summary}");
}

#[test]
fn failures_are_counted_by_code() {
    let server = Server::start();
    let file = server.file("user.json", crate::harness::USER_EVENTS);
    server.run(&["schema", "register", "user", "-t", "json_schema", "-f", &file]).succeeded();
    let outcome = server.run(&["--json", "load", "--schema-subject", "user", "-m", "{}", "--count", "20"]);
    let summary = objects(&outcome.stdout).pop().expect("a summary");
    assert_eq!((outcome.code, &summary["failed"], &summary["acknowledged"]), (1, &20.into(), &0.into()));
    let failures = summary["failures"].as_object().expect("failures");
    assert_eq!(failures.values().map(|failure| failure["count"].as_u64().expect("a number")).sum::<u64>(), 20);
    server.run(&["load", "--duration", "25h"]).failed(2);
}

#[test]
fn messages_that_never_arrive_do_not_keep_it_from_ending() {
    let server = Server::start();
    // Far more than a reader of a topic that stores nothing can take: some go past it.
    let args = ["--json", "load", "-t", "/default/n", "--count", "60000", "--in-flight", "2000", "--producers", "2"];
    let summary = objects(&server.run(&args).succeeded()).pop().expect("a summary");
    assert_eq!(summary["acknowledged"], 60_000);
    assert!(summary["end_to_end"]["count"].as_u64().expect("a number") <= 60_000);
}

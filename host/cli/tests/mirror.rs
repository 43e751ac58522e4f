//! `produce --mirror`: several regions, of which one goes down, comes back, or was never there. What one lacks is kept and arrives.

use crate::harness::{Outcome, Server, irongate, objects};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;

/// The numbers that a topic holds, in their order.
fn stored(server: &Server, topic: &str) -> Vec<u64> {
    let read = server.run(&["--json", "consume", "-t", topic, "--from", "earliest", "--no-follow"]).succeeded();
    let number = |object: Value| object["payload"].as_str().and_then(|text| text.parse().ok()).expect("a number");
    objects(&read).into_iter().map(number).collect()
}

/// The numbers without those that came a second time.
fn once(numbers: Vec<u64>) -> Vec<u64> {
    let mut seen = std::collections::BTreeSet::new();
    numbers.into_iter().filter(|number| seen.insert(*number)).collect()
}

fn region<'a>(summary: &'a Value, server: &Server) -> &'a Value {
    let regions = summary["regions"].as_array().expect("regions");
    regions.iter().find(|region| region["region"] == server.url.as_str()).expect("the region")
}

fn summary(outcome: &Outcome) -> Value {
    objects(&outcome.stdout).into_iter().rfind(|object| object["event"] == "summary").expect("a summary")
}

fn mirrored(first: &Server, second: &str, spool: &Path, more: &[&str]) -> Outcome {
    let spool = spool.to_str().expect("a path of text");
    let args = ["--json", "produce", "--reliable", "-t", "/default/m", "--mirror", second, "--spool", spool];
    first.run(&[&args[..], more].concat())
}

#[test]
fn every_region_gets_every_message_and_is_told_of_by_itself() {
    let (first, second) = (Server::start(), Server::start());
    let spool = tempfile::tempdir().expect("a folder");
    let args = ["produce", "--reliable", "-t", "/default/m", "-c", "3", "-m", "{{seq}}", "--mirror", &second.url];
    let args = [&args[..], &["--spool", spool.path().to_str().expect("text")]].concat();
    let stdout = first.run(&args).succeeded();
    let line = format!("📤 Message 3/3: {} offset 2, {} offset 2", first.url, second.url);
    assert!(stdout.contains(&line), "{stdout}");
    assert!(stdout.contains(&format!("🌍 {}: 3 sent", second.url)), "{stdout}");
    assert_eq!((stored(&first, "/default/m"), stored(&second, "/default/m")), (vec![1, 2, 3], vec![1, 2, 3]));
}

/// A producer that is killed region by region would lose what was under way; here one region is killed in the middle of a run and
/// comes back, and what was acknowledged is in both, in order.
#[test]
fn a_region_that_is_killed_and_comes_back_lacks_nothing() {
    let (first, second) = (Server::start(), Server::start());
    let spool = tempfile::tempdir().expect("a folder");
    let mut command = first.command(&["--json", "produce", "--reliable", "-t", "/default/m", "--lines", "-"]);
    command.args(["--mirror", &second.url, "--spool-wait", "60", "--spool"]).arg(spool.path());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let mut input = child.stdin.take().expect("a pipe");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut send = |numbers: std::ops::RangeInclusive<u64>| {
        for number in numbers {
            writeln!(input, "{number}").expect("written");
        }
        input.flush().expect("written");
    };
    // Reads until a message is decided, and answers what the regions did with it.
    let mut decided = |number: u64| -> Vec<String> {
        loop {
            let line = output.next().expect("it goes on").expect("a line");
            let object: Value = serde_json::from_str(&line).expect("JSON");
            if object["number"] == number {
                let states = object["regions"].as_array().expect("regions").iter();
                return states.map(|region| region["state"].as_str().expect("text").to_owned()).collect();
            }
        }
    };
    send(1..=400);
    assert_eq!(decided(400), ["sent", "sent"]);
    let second = second.crash();
    send(401..=1_000);
    assert_eq!(decided(1_000), ["sent", "deferred"], "one that is down does not stop the other");
    let second = second.restart();
    send(1_001..=1_500);
    drop(input);
    decided(1_500);
    let rest: Vec<String> = output.map(|line| line.expect("a line")).collect();
    let outcome = Outcome::from(child.wait_with_output().expect("it ends"));
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let summary: Value = serde_json::from_str(rest.last().expect("a summary")).expect("JSON");
    let (there, back) = (region(&summary, &first), region(&summary, &second));
    assert_eq!((&there["sent"], &there["waiting"]), (&1_500.into(), &0.into()));
    let late = back["late"].as_u64().expect("a number");
    assert!(late >= 600 && back["sent"].as_u64().expect("a number") + late == 1_500, "{summary}");
    assert_eq!(back["waiting"], 0);
    let all: Vec<u64> = (1..=1_500).collect();
    assert_eq!(stored(&first, "/default/m"), all);
    assert_eq!(once(stored(&second, "/default/m")), all, "nothing is lost and the order is kept");
    assert!(outcome.stderr.contains("is behind") && outcome.stderr.contains("has caught up"), "{}", outcome.stderr);
}

#[test]
fn the_next_run_sends_what_a_region_lacks_before_anything_new() {
    let (first, second) = (Server::start(), Server::start());
    let spool = tempfile::tempdir().expect("a folder");
    let second = second.crash();
    let outcome = mirrored(&first, &second.url, spool.path(), &["-m", "{{seq}}", "-c", "5", "--spool-wait", "0"]);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    let told = summary(&outcome);
    assert_eq!((&region(&told, &first)["sent"], &region(&told, second.server())["waiting"]), (&5.into(), &5.into()));
    assert!(outcome.stderr.contains(&format!("{} lacks 5 messages", second.url)), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("cannot reach"), "{}", outcome.stderr);

    let second = second.restart();
    let outcome = mirrored(&first, &second.url, spool.path(), &["-m", "{{seq + 5}}", "-c", "2"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert_eq!(stored(&second, "/default/m"), (1..=7).collect::<Vec<_>>());
    assert_eq!(stored(&first, "/default/m"), (1..=7).collect::<Vec<_>>());
}

#[test]
fn the_first_region_may_be_the_one_that_is_down() {
    let (first, second) = (Server::start(), Server::start());
    let spool = tempfile::tempdir().expect("a folder");
    let first = first.crash();
    let args = ["-m", "{{seq}}", "-c", "4", "--spool-wait", "0"];
    let outcome = mirrored(first.server(), &second.url, spool.path(), &args);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert_eq!(stored(&second, "/default/m"), [1, 2, 3, 4]);
    let first = first.restart();
    // No new message: only what is missing.
    let outcome = mirrored(&first, &second.url, spool.path(), &["-m", "x", "-c", "0"]);
    assert_eq!((outcome.code, stored(&first, "/default/m")), (0, vec![1, 2, 3, 4]), "{outcome:?}");
}

#[test]
fn a_full_spool_stops_the_run_and_it_can_go_on() {
    let (first, second) = (Server::start(), Server::start());
    let spool = tempfile::tempdir().expect("a folder");
    let topic = format!("/default/full-{}", std::process::id());
    let second = second.crash();
    let folder = spool.path().to_str().expect("text");
    let url = second.url.clone();
    let args = ["produce", "--reliable", "-t", &topic, "--mirror", &url, "--spool", folder, "-m", "{{seq}}"];
    let args = [&args[..], &["-c", "50", "--spool-wait", "20"]].concat();
    let stderr = first.run(&[&args[..], &["--spool-bytes-max", "2000", "-i", "1"]].concat()).failed(1);
    assert!(stderr.contains("is full") && stderr.contains("allows 2000 bytes"), "{stderr}");
    assert!(stderr.contains("go on with the same command and --resume"), "{stderr}");
    let kept: u64 =
        walk(spool.path()).iter().filter(|path| path.ends_with("messages.jsonl")).map(|path| size(path)).sum();
    assert!((1..=2_000).contains(&kept), "{kept}");

    let second = second.restart();
    let outcome = first.run(&[&args[..], &["--resume"]].concat());
    assert_eq!(outcome.code, 0, "{outcome:?}");
    for server in [&first, &second] {
        let mut numbers = once(stored(server, &topic));
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=50).collect::<Vec<_>>());
    }
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let folders = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    folders
        .flat_map(|folder| std::fs::read_dir(folder).expect("a folder").map(|one| one.expect("a file").path()))
        .collect()
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).expect("a file").len()
}

#[test]
fn regions_have_schemas_of_their_own() {
    let (first, second) = (Server::start(), Server::start());
    let spool = tempfile::tempdir().expect("a folder");
    // In the second region the same definition has another number and another version.
    let other = second.file("other.json", r#"{"type":"string"}"#);
    let schema = first.file("user-events.json", crate::harness::USER_EVENTS);
    second.run(&["schema", "register", "other", "-t", "json_schema", "-f", &other]).succeeded();
    second.run(&["schema", "register", "default-m", "-t", "json_schema", "-f", &other]).succeeded();
    second.run(&["schema", "set-compatibility", "default-m", "none"]).succeeded();
    let file = ["--schema-file", &schema, "--schema-type", "json_schema", "-m", r#"{"user_id":"u"}"#];
    let outcome = mirrored(&first, &second.url, spool.path(), &file);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let versions = [&first, &second].map(|server| {
        let read = server.run(&["--json", "consume", "-t", "/default/m", "--from", "earliest", "--no-follow"]);
        objects(&read.succeeded())[0]["schema_version"].as_u64()
    });
    assert_eq!(versions, [Some(1), Some(2)]);
    let invalid = mirrored(&first, &second.url, spool.path(), &["--schema-subject", "default-m", "-m", "{}"]);
    assert_eq!(invalid.code, 3, "{invalid:?}");
}

#[test]
fn what_no_region_takes_fills_no_spool() {
    let (first, second) = (Server::start(), Server::start());
    let spool = tempfile::tempdir().expect("a folder");
    let folder = spool.path().to_str().expect("text");
    let args = ["produce", "-t", "no-topic", "-m", "x", "--mirror", &second.url, "--spool", folder];
    let stderr = first.run(&args).failed(1);
    assert!(stderr.contains("no region takes the messages") && stderr.contains("no-topic"), "{stderr}");
    assert!(walk(spool.path()).iter().filter(|path| path.ends_with("messages.jsonl")).all(|path| size(path) == 0));
    let mut none = irongate();
    none.args(["produce", "-m", "x", "-s", "http://127.0.0.1:1", "--mirror", "http://127.0.0.1:2"]);
    let stderr = Outcome::from(none.output().expect("it starts")).failed(1);
    assert!(stderr.contains("no region answers"), "{stderr}");
    first.run(&["produce", "-m", "x", "--mirror", &first.url.clone()]).failed(2);
    first.run(&["produce", "-m", "x", "--mirror", "nowhere"]).failed(2);
    first.run(&["produce", "-m", "x", "--spool", folder]).failed(2);
}

//! Pipelines that run in the server: every record is there exactly once, whenever the server is killed, paused or given another version.

use crate::harness::{Server, objects};
use crate::pipeline_run::{CLEAN, DEAD, ORDERS, pipeline, produce};
use serde_json::Value;
use std::collections::BTreeMap;

/// Waits until the server's pipeline has settled everything, and answers what the target and the dead letters hold.
fn settled(server: &Server) -> Vec<Value> {
    loop {
        let described = server.run(&["--json", "topics", "describe", ORDERS]).succeeded();
        let subscriptions = &objects(&described)[0]["subscription_details"];
        let mut all = subscriptions.as_array().expect("a list").iter().peekable();
        if all.peek().is_some() && all.all(|one| one["backlog"] == 0) {
            break;
        }
    }
    [CLEAN, DEAD].iter().flat_map(|topic| objects(&read(server, topic))).collect()
}

fn read(server: &Server, topic: &str) -> String {
    server.run(&["--json", "consume", "-t", topic, "--from", "earliest", "--no-follow"]).succeeded()
}

/// Each number once, in order for its key, none twice.
fn assert_exactly_once(messages: &[Value], records: u64) {
    let mut by_number: BTreeMap<u64, u64> = BTreeMap::new();
    let mut last: BTreeMap<(String, String), u64> = BTreeMap::new();
    for message in messages {
        let number: u64 = message["attributes"]["n"].as_str().expect("a number").parse().expect("a number");
        *by_number.entry(number).or_default() += 1;
        let place = [&message["topic"], &message["routing_key"]].map(|text| text.as_str().expect("text").to_owned());
        let before = last.insert(place.into(), number);
        assert!(before.is_none_or(|before| before < number), "{number} comes behind {before:?}");
    }
    assert!(by_number.keys().copied().eq(0..records), "{} of {records} are there", by_number.len());
    let twice: Vec<_> = by_number.iter().filter(|(_, count)| **count != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

fn listed(server: &Server) -> Value {
    objects(&server.run(&["--json", "pipeline", "list"]).succeeded()).remove(0)
}

#[test]
fn every_record_is_there_exactly_once_however_often_the_server_is_killed() {
    let mut server = Server::start();
    server.run(&["topics", "create", ORDERS, "--reliable", "-p", "2"]).succeeded();
    let file = server.file("orders.toml", &pipeline("batch = { records = 7 }"));
    let told = server.run(&["pipeline", "deploy", &file]).succeeded();
    assert_eq!(told, "orders-clean: version 1 is deployed\n");
    for round in 0..6 {
        produce(&server, round * 150..(round + 1) * 150);
        // Somewhere in the middle of the work.
        while read(&server, CLEAN).lines().count() < usize::try_from(round).expect("small") * 140 + 20 {}
        server = server.crash_and_restart();
    }
    assert_exactly_once(&settled(&server), 900);
    let state = listed(&server);
    assert_eq!((&state["state"], &state["version"]), (&"running".into(), &1.into()), "{state}");
}

#[test]
fn a_pipeline_is_paused_replaced_rolled_back_and_removed_without_losing_a_record() {
    let server = Server::start();
    server.run(&["topics", "create", ORDERS, "--reliable"]).succeeded();
    let file = server.file("orders.toml", &pipeline(""));
    server.run(&["pipeline", "deploy", &file]).succeeded();
    produce(&server, 0..100);
    server.run(&["pipeline", "pause", "orders-clean"]).succeeded();
    assert_eq!(listed(&server)["state"], "paused");
    produce(&server, 100..200);
    let server = server.crash_and_restart();
    assert_eq!(listed(&server)["state"], "paused");
    server.run(&["pipeline", "resume", "orders-clean"]).succeeded();

    // Another version takes over in the middle of the work; what it does not mask shows which records it had.
    produce(&server, 200..300);
    let other = server.file("other.toml", &pipeline("").replace(r#"["email"]"#, r#"["email", "n"]"#));
    assert!(server.run(&["pipeline", "deploy", &other]).succeeded().contains("version 2"));
    produce(&server, 300..400);
    assert!(server.run(&["pipeline", "rollback", "orders-clean"]).succeeded().contains("as version 3"));
    produce(&server, 400..500);
    let messages = settled(&server);
    assert_exactly_once(&messages, 500);
    let by = |number: &str| messages.iter().find(|one| one["attributes"]["n"] == number).expect("it is there");
    assert!(by("1")["payload"].as_str().expect("text").contains(r#""n":1"#));
    assert!(by("499")["payload"].as_str().expect("text").contains(r#""n":499"#));

    server.run(&["pipeline", "remove", "orders-clean"]).succeeded();
    assert_eq!(server.run(&["--json", "pipeline", "list"]).succeeded(), "");
    assert_eq!(std::fs::read_dir(server.data_dir().join("plugins")).expect("a folder").count(), 0);
    let told = server.run(&["pipeline", "pause", "orders-clean"]).failed(1);
    assert!(told.contains("there is no pipeline orders-clean"), "{told}");
}

#[test]
fn what_cannot_run_is_not_deployed() {
    let server = Server::start();
    server.run(&["topics", "create", ORDERS, "--reliable"]).succeeded();
    let deploy = |name: &str, text: &str| server.run(&["pipeline", "deploy", &server.file(name, text)]);
    let told = deploy("fields.toml", &pipeline("").replace(r#"["email"]"#, "[]")).failed(1);
    assert!(told.contains("fields.toml:") && told.contains("fields"), "{told}");
    let fleeting = pipeline("").replace(CLEAN, &format!("{CLEAN}\"\nreliable = false\nschema_subject = \"x"));
    assert!(deploy("fleeting.toml", &fleeting).failed(1).contains("needs targets that are stored"));
    deploy("one.toml", &pipeline("")).succeeded();
    let line = |key: &str, topic: &str| format!("{key} = \"{topic}\"");
    let back = pipeline("").replace(&line("name", "orders-clean"), &line("name", "back"));
    let back = back.replace(&line("topic", CLEAN), &line("topic", ORDERS));
    let back = back.replace(&line("from", ORDERS), &line("from", CLEAN)).replace(DEAD, "/default/back-dlq");
    let told = deploy("back.toml", &back).failed(1);
    assert!(told.contains("records would go round for ever"), "{told}");
    assert_eq!(server.run(&["--json", "pipeline", "list"]).succeeded().lines().count(), 1);
}

/// A figure of the pipeline on the page of metrics.
fn figure(server: &Server, name: &str) -> u64 {
    let wanted = format!("irongate_pipeline_{name}{{pipeline=\"orders-clean\"}} ");
    let page = server.get("/metrics");
    let value = page.lines().find_map(|line| line.strip_prefix(&wanted));
    value.unwrap_or_else(|| panic!("no {name} in {page}")).parse().expect("a number")
}

#[test]
fn the_metrics_account_for_every_record_over_pauses_and_versions() {
    let server = Server::start();
    server.run(&["topics", "create", ORDERS, "--reliable"]).succeeded();
    let file = server.file("orders.toml", &pipeline(""));
    server.run(&["pipeline", "deploy", &file]).succeeded();
    produce(&server, 0..170);
    settled(&server);
    server.run(&["pipeline", "pause", "orders-clean"]).succeeded();
    produce(&server, 170..200);
    let of = |names: &[&str]| names.iter().map(|name| figure(&server, name)).collect::<Vec<_>>();
    let ends = ["delivered_records_total", "dead_lettered_records_total", "filtered_records_total"];
    assert_eq!(of(&ends), [160, 10, 0]);
    assert_eq!(of(&["read_records_total", "in_flight_records", "running", "lag_messages"]), [170, 0, 0, 30]);

    server.run(&["pipeline", "resume", "orders-clean"]).succeeded();
    server.run(&["pipeline", "deploy", &file]).succeeded();
    settled(&server);
    server.run(&["pipeline", "pause", "orders-clean"]).succeeded();
    assert_eq!(of(&ends), [188, 12, 0]);
    let out = ends.iter().chain(&["dropped_records_total", "given_back_records_total", "settled_before_records_total"]);
    assert_eq!(figure(&server, "read_records_total"), out.map(|name| figure(&server, name)).sum::<u64>());
    assert_eq!(of(&["written_messages_total", "restarts_total", "lag_messages"]), [188, 0, 0]);
    let state = listed(&server);
    assert_eq!((&state["settled"], &state["dead_letters"]), (&200.into(), &12.into()), "{state}");

    server.run(&["pipeline", "remove", "orders-clean"]).succeeded();
    assert!(!server.get("/metrics").contains("orders-clean"));
}

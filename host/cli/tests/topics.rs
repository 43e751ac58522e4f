//! `topics`: listing, describing, creating.

use crate::harness::{Server, objects};

#[test]
fn topics_are_created_listed_and_described() {
    let server = Server::start();
    let created = server.run(&["topics", "create", "/production/events", "-p", "3", "--reliable"]).succeeded();
    assert_eq!(created, "Topic /production/events created\n");
    server.run(&["produce", "-t", "/default/plain", "-m", "x"]).succeeded();

    let list = server.run(&["topics"]).succeeded();
    assert_eq!(list.lines().count(), 3, "{list}");
    let events = objects(&server.run(&["topics", "list", "production", "--json"]).succeeded());
    assert_eq!(events.len(), 1);
    assert_eq!((&events[0]["topic"], &events[0]["partitions"]), (&"/production/events".into(), &3.into()));
    assert_eq!(events[0]["dispatch"], "reliable");

    let described = server.run(&["topics", "describe", "/production/events"]).succeeded();
    assert!(described.contains("/production/events-part-2  0             0"), "{described}");
    assert!(described.ends_with("No subscriptions\n"), "{described}");
    let stderr = server.run(&["topics", "describe", "/default/missing"]).failed(1);
    assert!(stderr.contains("/default/missing"), "{stderr}");
    server.run(&["topics", "create", "/production/events"]).failed(1);
}

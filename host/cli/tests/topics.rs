//! `topics`: listing, describing, creating, emptying, deleting.

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

#[test]
fn topics_are_emptied_and_deleted() {
    let server = Server::start();
    let produce = ["produce", "-t", "/default/t", "--reliable", "-c", "5", "-m", "{{seq}}", "-q"];
    server.run(&produce).succeeded();
    let read = || server.run(&["consume", "-t", "/default/t", "--from", "earliest", "--no-follow", "-o", "raw"]);
    let emptied = server.run(&["topics", "truncate", "/default/t", "--before", "3"]).succeeded();
    assert_eq!(emptied, "/default/t: 3 messages deleted\n");
    assert_eq!(read().succeeded(), "4\n5\n");
    let emptied = objects(&server.run(&["--json", "topics", "truncate", "/default/t"]).succeeded());
    assert_eq!((&emptied[0]["event"], &emptied[0]["messages_deleted"]), (&"truncated".into(), &2.into()));
    assert_eq!(read().succeeded(), "");
    assert_eq!(server.run(&["topics", "delete", "/default/t"]).succeeded(), "Topic /default/t deleted\n");
    for verb in ["delete", "truncate", "describe"] {
        let stderr = server.run(&["topics", verb, "/default/t"]).failed(1);
        assert!(stderr.contains("/default/t"), "{stderr}");
    }
}

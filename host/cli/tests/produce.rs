//! `produce`: what is printed, what is refused, and how it ends.

use crate::harness::{Server, USER_EVENTS, objects};

#[test]
fn a_reliable_message_shows_topic_and_offset() {
    let server = Server::start();
    let stdout = server.run(&["produce", "-t", "/production/orders", "--reliable", "-c", "3", "-m", "x"]).succeeded();
    let expected = "✅ Producer 'test_producer' created successfully\n\
        📤 Message 1/3 sent successfully (ID: 1, topic: /production/orders, offset: 0)\n\
        📤 Message 2/3 sent successfully (ID: 2, topic: /production/orders, offset: 1)\n\
        📤 Message 3/3 sent successfully (ID: 3, topic: /production/orders, offset: 2)\n\
        \n📊 Summary:\n   ✅ Success: 3\n";
    assert_eq!(stdout, expected);
}

#[test]
fn the_guides_automatic_registration_prints_the_guides_lines() {
    let server = Server::start();
    let file = server.file("order.json", r#"{"type":"object","required":["order_id"]}"#);
    let args = ["produce", "-t", "/default/orders", "--schema-file", &file, "--schema-type", "json_schema", "-m"];
    let stdout = server.run(&[&args[..], &[r#"{"order_id":"ord_123"}"#]].concat()).succeeded();
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(lines[0], "📤 Auto-registering schema for subject 'default-orders' (type: JsonSchema)...");
    assert_eq!(lines[1], "✅ Schema registered with ID: 1");
    assert!(lines[2].starts_with("📋 Using schema subject: default-orders"), "{stdout}");
    assert_eq!(lines[3], "✅ Producer 'test_producer' created successfully");
    assert!(lines[4].starts_with("📤 Message 1/1 sent successfully (ID: "), "{stdout}");

    // The topic is bound now: without naming a schema the server refuses the message itself.
    let refused = server.run(&["produce", "-t", "/default/orders", "-c", "500", "-m", "{}"]);
    let stderr = refused.failed(3);
    assert!(stderr.contains("order_id"), "{stderr}");
    assert_eq!(stderr.matches("Failed to send").count(), 1, "told once: {stderr}");
}

#[test]
fn an_invalid_message_is_not_sent_and_every_rule_is_named() {
    let server = Server::start();
    let file = server.file("user-events.json", USER_EVENTS);
    server.run(&["schema", "register", "user-events", "--type", "json_schema", "--file", &file]).succeeded();
    let produce = ["produce", "-t", "/default/user-events", "--schema-subject", "user-events", "--reliable", "-m"];

    let outcome = server.run(&[&produce[..], &["{\"user_id\":123,\n \"action\":4}"]].concat());
    assert!(!outcome.stdout.contains("sent successfully"), "{outcome:?}");
    let stderr = outcome.failed(3);
    assert!(
        stderr.starts_with("error: the message breaks the schema user-events version 1; nothing was sent\n"),
        "{stderr}"
    );
    assert!(stderr.contains("  line 1, column 12, /user_id: "), "{stderr}");
    assert!(stderr.contains("  line 2, column 11, /action: "), "{stderr}");
    assert!(stderr.contains("[type at /properties/user_id/type]"), "{stderr}");

    let outcome = server.run(&[&["--json"], &produce[..], &["{"]].concat());
    let object = &objects(&outcome.stdout)[0];
    assert_eq!((object["event"].as_str(), outcome.code), (Some("invalid"), 3));
    assert_eq!(object["violations"][0]["rule"], "syntax");

    let sent = server.run(&[&["--json"], &produce[..], &[r#"{"user_id":"u123"}"#]].concat()).succeeded();
    let object = &objects(&sent)[0];
    assert_eq!(
        (&object["event"], object["offset"].as_u64(), object["schema_version"].as_u64()),
        (&"sent".into(), Some(0), Some(1))
    );
}

#[test]
fn versions_are_pinned_and_bounded() {
    let server = Server::start();
    let first = server.file("1.json", r#"{"type":"object"}"#);
    let second = server.file("2.json", r#"{"type":"object","properties":{"a":{"type":"string"}}}"#);
    for file in [&first, &second] {
        let registered = server.run(&["schema", "register", "s", "-t", "json_schema", "-f", file]);
        // Whether the second is compatible is the registry's judgement; here only versions matter.
        assert!(registered.code == 0 || registered.stderr.contains("ncompatible"), "{registered:?}");
    }
    let produce = |more: &[&str]| server.run(&[&["produce", "-m", "{}", "--schema-subject", "s"], more].concat());
    assert!(produce(&["--schema-version", "1"]).succeeded().contains("Using schema subject: s (pinned to version 1)"));
    assert!(produce(&["--schema-min-version", "1"]).succeeded().contains("(minimum version 1, now "));
    let stderr = produce(&["--schema-min-version", "9"]).failed(1);
    assert!(stderr.contains("the schema subject s is at version") && stderr.contains("at least 9"), "{stderr}");
    produce(&["--schema-version", "9"]).failed(1);
    let stderr = server.run(&["produce", "-m", "{}", "--schema-subject", "missing"]).failed(1);
    assert!(stderr.contains("the schema subject missing is not registered"), "{stderr}");
}

#[test]
fn partitions_are_used_in_turn_and_keys_stay_together() {
    let server = Server::start();
    let args = ["--json", "produce", "-t", "/default/p", "-p", "4", "--reliable", "-m", "x", "-c", "8"];
    let sent = objects(&server.run(&args).succeeded());
    let mut partitions: Vec<_> =
        sent[..8].iter().map(|object| object["partition"].as_u64().expect("a number")).collect();
    partitions.sort_unstable();
    assert_eq!(partitions, [0, 0, 1, 1, 2, 2, 3, 3]);
    assert_eq!(sent[8], serde_json::json!({ "event": "summary", "sent": 8, "failed": 0, "count": 8 }));

    let keyed = objects(&server.run(&[&args[..], &["-k", "customer-7"]].concat()).succeeded());
    let first = &keyed[0]["partition"];
    assert!(keyed[..8].iter().all(|object| &object["partition"] == first), "{keyed:?}");
}

#[test]
fn danubes_own_services_are_enough() {
    let server = Server::start();
    let args = ["produce", "--danube-api", "-t", "/default/d", "-p", "2", "--reliable", "-c", "4", "-m", "x"];
    let stdout = server.run(&args).succeeded();
    assert!(
        stdout.contains("📤 Message 2/4 sent successfully (ID: 2, topic: /default/d-part-1, partition: 1)"),
        "{stdout}"
    );
    let read = server.run(&["consume", "-t", "/default/d", "--from", "earliest", "--no-follow", "--json"]).succeeded();
    assert_eq!(objects(&read).len(), 4);

    let file = server.file("user-events.json", USER_EVENTS);
    server.run(&["schema", "register", "user-events", "-t", "json_schema", "-f", &file]).succeeded();
    let bound = ["produce", "-t", "/default/u", "--schema-subject", "user-events", "-m", r#"{"user_id":"u"}"#];
    server.run(&bound).succeeded();
    let stderr = server.run(&["produce", "--danube-api", "-t", "/default/u", "-m", "{}"]).failed(3);
    assert!(stderr.contains("Payload validation failed"), "{stderr}");
}

#[test]
fn what_cannot_be_sent_fails_with_a_sentence() {
    let server = Server::start();
    let stderr = server.run(&["produce", "-t", "no-topic", "-m", "x"]).failed(1);
    assert!(stderr.contains("no-topic") && stderr.contains("/namespace_name/topic_name"), "{stderr}");
    let stderr = server.run(&["produce", "-f", "/no/such/file"]).failed(1);
    assert!(stderr.starts_with("error: cannot read /no/such/file: "), "{stderr}");
    let large = server.file("large", &"x".repeat((10 << 20) + 1));
    let stderr = server.run(&["produce", "-f", &large]).failed(1);
    assert!(stderr.contains("10485760"), "{stderr}");
    server.run(&["produce", "-m", "x", "--reliable", "-t", "/default/r"]).succeeded();
    server.run(&["produce", "-m", "x", "-t", "/default/r"]).succeeded();
    server.run(&["produce", "-m", "x", "-t", "/default/n"]).succeeded();
    let stderr = server.run(&["produce", "-m", "x", "--reliable", "-t", "/default/n"]).failed(1);
    assert!(stderr.contains("/default/n"), "{stderr}");
    let none = server.run(&["produce", "-m", "x", "-c", "0"]).succeeded();
    assert!(none.contains("Success: 0"), "{none}");
}

#[test]
fn attributes_and_files_arrive_as_given() {
    let server = Server::start();
    let file = server.file("payload", "line one\nline two\n");
    let args =
        ["produce", "-t", "/default/a", "--reliable", "-f", &file, "-a", "priority:high, time:12:30", "-n", "me"];
    server.run(&args).succeeded();
    let read = server.run(&["--json", "consume", "-t", "/default/a", "--from", "earliest", "--no-follow"]).succeeded();
    let object = &objects(&read)[0];
    assert_eq!(object["payload"], "line one\nline two\n");
    assert_eq!(object["attributes"], serde_json::json!({ "priority": "high", "time": "12:30" }));
    assert_eq!(object["producer"], "me");
}

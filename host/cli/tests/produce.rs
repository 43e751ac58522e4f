//! `produce`: what is printed, what is refused, and how it ends.

use crate::harness::{Outcome, Server, USER_EVENTS, objects};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

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

    // The topic is bound now: without naming a schema the message is checked all the same, and told once.
    let stderr = server.run(&["produce", "-t", "/default/orders", "-c", "500", "-m", "{}"]).failed(3);
    assert!(stderr.contains("order_id"), "{stderr}");
    assert_eq!(stderr.matches("nothing was sent").count(), 1, "told once: {stderr}");
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
fn the_largest_message_is_the_hosts_choice() {
    let server = Server::start_on(tempfile::tempdir().expect("a directory"), &["--message-bytes-max", "20000000"]);
    // Attributes, key and names are part of a message.
    let fits = server.file("fits", &"x".repeat(19_990_000));
    server.run(&["produce", "-t", "/default/big", "--reliable", "-f", &fits]).succeeded();
    let read =
        server.run(&["--json", "consume", "-t", "/default/big", "--from", "earliest", "--no-follow"]).succeeded();
    assert_eq!(objects(&read)[0]["payload"].as_str().map(str::len), Some(19_990_000));
    let large = server.file("large", &"x".repeat(20_000_001));
    let stderr = server.run(&["produce", "-t", "/default/big", "--reliable", "-f", &large]).failed(1);
    assert!(stderr.contains("20000000"), "{stderr}");
    let stderr = server.run(&["serve", "--message-bytes-max", "40000000"]).failed(2);
    assert!(stderr.contains("40000000 is not in 1024..=33554432"), "{stderr}");
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

/// What a topic holds.
fn stored(server: &Server, topic: &str) -> Vec<serde_json::Value> {
    objects(&server.run(&["--json", "consume", "-t", topic, "--from", "earliest", "--no-follow"]).succeeded())
}

fn payloads(server: &Server, topic: &str) -> Vec<String> {
    stored(server, topic).iter().map(|object| object["payload"].as_str().expect("text").to_owned()).collect()
}

/// Runs a command with this standard input.
fn with_input(server: &Server, args: &[&str], input: &str) -> Outcome {
    let mut child = server
        .command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("written");
    Outcome::from(child.wait_with_output().expect("it ends"))
}

#[test]
fn many_messages_come_from_standard_input_and_files() {
    let server = Server::start();
    let produce = ["produce", "--reliable", "-t"];
    with_input(&server, &[&produce[..], &["/default/l", "--lines", "-"]].concat(), "one\n\ntwo\n").succeeded();
    assert_eq!(payloads(&server, "/default/l"), ["one", "two"]);
    let json = server.file("rows.jsonl", "{\"id\": 1}\n{\"id\": 2}\n");
    server.run(&[&produce[..], &["/default/j", "--jsonl", &json, "-k", "k{{id}}"]].concat()).succeeded();
    assert_eq!(payloads(&server, "/default/j"), ["{\"id\": 1}", "{\"id\": 2}"]);
    assert_eq!(stored(&server, "/default/j")[1]["routing_key"], "k2");
    let csv = server.file("rows.csv", "name,age\nAda,36\n");
    server.run(&[&produce[..], &["/default/v", "--csv", &csv]].concat()).succeeded();
    server.run(&[&produce[..], &["/default/v", "--csv", &csv, "-m", "{{name}} is {{age}}"]].concat()).succeeded();
    assert_eq!(payloads(&server, "/default/v"), [r#"{"name":"Ada","age":36}"#, "Ada is 36"]);
    let exported = "messages:\n- topic: /default/x\n  attributes: { a: \"1\" }\n  payload: yes\n- json: [1]\n";
    let exported = server.file("messages.yaml", exported);
    server.run(&[&produce[..], &["/default/y", "--from", &exported]].concat()).succeeded();
    assert_eq!(
        (&stored(&server, "/default/x")[0]["attributes"]["a"], payloads(&server, "/default/y")),
        (&"1".into(), vec!["[1]".to_owned()])
    );
}

#[test]
fn templates_fill_payload_key_and_attributes() {
    let server = Server::start();
    let args = [
        "produce",
        "--reliable",
        "-t",
        "/default/t",
        "-c",
        "2",
        "--seed",
        "7",
        "-m",
        "{{seq}} {{uuid}} {{random_int(1, 9)}}",
        "-k",
        "k{{seq}}",
        "-a",
        "id:{{uuid}}",
        "-a",
        "note:a, b",
    ];
    server.run(&args).succeeded();
    server.run(&args).succeeded();
    let messages = stored(&server, "/default/t");
    let payload = messages[1]["payload"].as_str().expect("text");
    assert!(payload.starts_with("2 ") && payload.contains(messages[1]["attributes"]["id"].as_str().expect("text")));
    assert_eq!((&messages[1]["routing_key"], &messages[1]["attributes"]["note"]), (&"k2".into(), &"a, b".into()));
    assert_eq!(messages[1]["payload"], messages[3]["payload"], "the same seed");
    assert_ne!(messages[0]["payload"], messages[1]["payload"]);
    server.run(&["produce", "--reliable", "-t", "/default/u", "-m", "{{nobody}}", "--literal"]).succeeded();
    assert_eq!(payloads(&server, "/default/u"), ["{{nobody}}"]);
    let stderr = server.run(&["produce", "-m", "{{", "-t", "/default/u"]).failed(2);
    assert!(stderr.contains("--literal"), "{stderr}");
}

#[test]
fn a_message_of_a_file_is_a_template_where_it_says_so() {
    let server = Server::start();
    let text = "messages:\n- name: first\n  topic: /default/m\n  template: true\n  routing_key: k{{seq}}\n  \
        attributes: { id: \"{{uuid}}\" }\n  payload: '{{seq}} {{random_int(1, 9)}} {{uuid}}'\n\
        - topic: /default/m\n  payload: '{{seq}}'\n";
    let file = server.file("messages.yaml", text);
    let args = ["produce", "--reliable", "--from", &file, "--seed", "7"];
    server.run(&args).succeeded();
    server.run(&args).succeeded();
    let messages = stored(&server, "/default/m");
    let payload = messages[0]["payload"].as_str().expect("text");
    assert!(payload.starts_with("1 ") && payload.ends_with(messages[0]["attributes"]["id"].as_str().expect("text")));
    assert_eq!((&messages[0]["routing_key"], &messages[1]["payload"]), (&"k1".into(), &"{{seq}}".into()));
    assert_eq!(messages[0]["payload"], messages[2]["payload"], "the same seed");
    server.run(&[&args[..], &["--literal", "-c", "2"]].concat()).succeeded();
    assert_eq!(stored(&server, "/default/m")[4]["payload"], "{{seq}} {{random_int(1, 9)}} {{uuid}}");

    let broken =
        server.file("broken.yaml", "messages:\n- payload: a\n- template: true\n  payload: \"{\\n{{nobody}}}\"\n");
    let stderr = server.run(&["produce", "--reliable", "-t", "/default/n", "--from", &broken]).failed(1);
    assert!(stderr.contains("message 2") && stderr.contains("(line 2)"), "{stderr}");
}

#[test]
fn one_invalid_message_keeps_all_back_unless_it_is_skipped() {
    let server = Server::start();
    let file = server.file("user-events.json", USER_EVENTS);
    server.run(&["schema", "register", "e", "--type", "json_schema", "--file", &file]).succeeded();
    let lines = server.file("lines", "{\"user_id\":\"a\"}\n{\"user_id\":1}\n{}\n{\"user_id\":\"b\"}\n");
    let args = ["produce", "--reliable", "-t", "/default/e", "--schema-subject", "e", "--jsonl", &lines];
    let stderr = server.run(&args).failed(3);
    assert!(stderr.contains("2 of 4 messages are invalid") && stderr.contains("/user_id"), "{stderr}");
    let outcome = server.run(&[&args[..], &["--dry-run"]].concat());
    assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""));
    server.run(&["consume", "-t", "/default/e", "--from", "earliest", "--no-follow"]).failed(1);

    let outcome = server.run(&[&args[..], &["--skip-invalid", "--dlq", "/dlq/e", "--json"]].concat());
    let summary = objects(&outcome.stdout).pop().expect("a summary");
    assert_eq!((outcome.code, &summary["sent"], &summary["causes"]["INVALID"]), (3, &2.into(), &2.into()));
    assert_eq!(payloads(&server, "/default/e"), ["{\"user_id\":\"a\"}", "{\"user_id\":\"b\"}"]);
    assert_eq!(stored(&server, "/dlq/e")[0]["attributes"]["original_topic"], "/default/e");
}

#[test]
fn a_dry_run_prints_what_from_sends() {
    let server = Server::start();
    let args = ["produce", "-t", "/default/dry", "-c", "3", "-m", "n{{seq}}", "-a", "x:{{seq}}", "--reliable"];
    let printed = server.run(&[&args[..], &["--dry-run"]].concat()).succeeded();
    server.run(&["consume", "-t", "/default/dry", "--from", "earliest", "--no-follow"]).failed(1);
    with_input(&server, &["produce", "--reliable", "--from", "-"], &printed).succeeded();
    assert_eq!(payloads(&server, "/default/dry"), ["n1", "n2", "n3"]);
    assert_eq!(stored(&server, "/default/dry")[2]["attributes"]["x"], "3");
}

#[test]
fn what_cannot_be_sent_goes_to_the_dead_letters() {
    let server = Server::start();
    server.run(&["produce", "-m", "x", "-t", "/default/n"]).succeeded();
    let outcome = server.run(&["produce", "-m", "y", "-t", "/default/n", "--reliable", "--dlq", "/dlq/n", "-c", "3"]);
    assert!(
        outcome.stdout.contains("3 × FAILED_PRECONDITION") && outcome.stdout.contains("Dead letters: 3"),
        "{outcome:?}"
    );
    outcome.failed(1);
    let letters = stored(&server, "/dlq/n");
    assert_eq!((letters.len(), &letters[0]["attributes"]["failures"]), (3, &"1".into()));
    // They are dead letters like any other.
    let kinds = objects(&server.run(&["--json", "dlq", "list", "--group", "/dlq/n"]).succeeded());
    assert_eq!((kinds.len(), &kinds[0]["count"], &kinds[0]["class"]), (1, &3.into(), &"FAILED_PRECONDITION".into()));
    let dry = server.run(&["dlq", "replay", "/dlq/n", "--dry-run", "--offset", "1"]).succeeded();
    assert!(dry.contains("/dlq/n offset 1 -> /default/n"), "{dry}");
}

#[test]
fn several_producers_send_everything_once_and_keep_keys_in_order() {
    let server = Server::start();
    let args = [
        "produce",
        "--reliable",
        "-q",
        "-t",
        "/default/m",
        "-c",
        "5000",
        "-m",
        "{{seq}}",
        "--producers",
        "4",
        "-k",
        "k{{seq % 3}}",
    ];
    let stdout = server.run(&args).succeeded();
    assert!(stdout.contains("Success: 5000"), "{stdout}");
    let mut by_key: std::collections::BTreeMap<String, Vec<u64>> = std::collections::BTreeMap::new();
    for message in stored(&server, "/default/m") {
        let number = message["payload"].as_str().and_then(|text| text.parse().ok()).expect("a number");
        by_key.entry(message["routing_key"].to_string()).or_default().push(number);
    }
    assert_eq!(by_key.values().map(Vec::len).sum::<usize>(), 5000);
    assert!(by_key.values().all(|numbers| numbers.is_sorted()), "a key keeps its order");
    let many =
        ["produce", "--reliable", "-q", "-t", "/default/w", "-c", "3000", "-m", "{{seq}}", "--in-flight", "2000"];
    server.run(&many).succeeded();
    let mut numbers: Vec<u64> =
        payloads(&server, "/default/w").iter().map(|text| text.parse().expect("a number")).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=3000).collect::<Vec<_>>());
}

#[test]
fn an_interrupted_run_is_resumed_where_it_was() {
    let server = Server::start();
    let topic = format!("/default/r{}", server.child.id());
    let args = ["produce", "--reliable", "-t", &topic, "-c", "60", "-m", "{{seq}} {{uuid}}"];
    let mut child = server.spawn(&[&args[..], &["-i", "100"]].concat());
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    while !line.contains("Message 3/60") {
        line.clear();
        assert!(stdout.read_line(&mut line).expect("a line") > 0, "it goes on");
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs").success());
    std::io::copy(&mut stdout, &mut std::io::sink()).expect("the rest");
    let stderr = Outcome::from(child.wait_with_output().expect("it ends")).failed(1);
    let acknowledged = payloads(&server, &topic).len();
    assert!((3..60).contains(&acknowledged), "{acknowledged}");
    assert!(stderr.contains(&format!("interrupted: {acknowledged} of 60 messages were acknowledged")), "{stderr}");
    assert!(stderr.contains("--resume"), "{stderr}");

    server.run(&[&args[..], &["--resume"]].concat()).succeeded();
    let numbers: Vec<String> =
        payloads(&server, &topic).iter().map(|text| text.split(' ').next().expect("a number").to_owned()).collect();
    assert_eq!(numbers, (1..=60).map(|number: u32| number.to_string()).collect::<Vec<_>>());
    let stderr = server.run(&[&args[..], &["--resume"]].concat()).failed(2);
    assert!(stderr.contains("nothing to resume"), "{stderr}");
}

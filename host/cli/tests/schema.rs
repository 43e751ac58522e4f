//! `schema`: registering and looking up, comparing versions, and what a topic enforces.

use crate::harness::{Server, USER_EVENTS, objects};

#[test]
fn what_is_registered_is_found_again_byte_for_byte() {
    let server = Server::start();
    let file = server.file("user-events.json", USER_EVENTS);
    let register = ["schema", "register", "user-events", "--schema-type", "json_schema", "--file", &file];
    let first = server.run(&register).succeeded();
    assert!(first.starts_with("✅ Schema registered with ID: 1\nVersion: 1\nFingerprint: sha256:"), "{first}");
    let again = server.run(&register).succeeded();
    assert!(again.starts_with("✅ Schema was registered already with ID: 1\nVersion: 1\n"), "{again}");

    let text = server.run(&["schema", "get", "user-events"]).succeeded();
    assert!(text.starts_with("Subject: user-events\nSchema ID: 1\nVersion: 1\nType: json_schema\n"), "{text}");
    assert!(text.ends_with(&format!("Definition:\n{USER_EVENTS}\n")), "{text}");
    let json = server.run(&["schema", "get", "user-events", "-v", "1", "-o", "json"]).succeeded();
    assert_eq!(objects(&json)[0]["definition"], USER_EVENTS);

    let versions = server.run(&["schema", "versions", "user-events", "--json"]).succeeded();
    assert_eq!(objects(&versions)[0]["versions"][0]["version"], 1);
    let list = server.run(&["schema", "list"]).succeeded();
    assert!(list.lines().nth(1).is_some_and(|row| row.starts_with("user-events  1   json_schema  1")), "{list}");
}

#[test]
fn what_is_no_schema_or_missing_fails_with_a_sentence() {
    let server = Server::start();
    let broken = server.file("broken.json", r#"{"type":"objekt"}"#);
    let stderr = server.run(&["schema", "register", "s", "-t", "json_schema", "-f", &broken]).failed(1);
    assert!(stderr.starts_with("error: Failed to register schema: "), "{stderr}");
    let stderr = server.run(&["schema", "get", "missing"]).failed(1);
    assert!(stderr.contains("the schema subject missing is not registered"), "{stderr}");
    server.run(&["schema", "versions", "missing"]).failed(1);
    let stderr = server.run(&["schema", "register", "s", "-t", "json_schema", "-f", "/no/such/file"]).failed(1);
    assert!(stderr.contains("/no/such/file"), "{stderr}");
    server.run(&["schema", "register", "s", "-t", "yaml", "-f", &broken]).failed(2);
}

#[test]
fn versions_of_a_subject_are_compared_and_deleted() {
    let server = Server::start();
    for (name, definition) in [
        ("one", r#"{"properties":{"a":{"type":"string"}}}"#),
        ("two", r#"{"properties":{"a":{"type":"string"},"b":{"type":"integer"}}}"#),
        ("three", r#"{"properties":{"a":{"type":"string"},"b":{"type":"number"}}}"#),
    ] {
        let file = server.file(name, definition);
        server.run(&["schema", "register", "s", "-t", "json_schema", "-f", &file]).succeeded();
    }
    let changes = server.run(&["schema", "diff", "s"]).succeeded();
    let expected =
        "s version 2 -> s version 3: 1 change\n  ~ /b: the type of field \"b\" changes from integer to number\n";
    assert_eq!(changes, expected);
    let changes = server.run(&["schema", "diff", "s", "--from", "1", "--to", "2", "--json"]).succeeded();
    let object = &objects(&changes)[0];
    assert_eq!((&object["changes"][0]["kind"], &object["changes"][0]["path"]), (&"added".into(), &"/b".into()));
    let stderr = server.run(&["schema", "diff", "s", "--to", "1"]).failed(2);
    assert!(stderr.contains("s has no version before 1"), "{stderr}");

    let deleted = server.run(&["schema", "delete", "s", "--version", "2"]).succeeded();
    assert_eq!(deleted, "s: version 2 is deleted\n");
    let stderr = server.run(&["schema", "delete", "s", "--version", "2"]).failed(1);
    assert!(stderr.starts_with("error: Failed to delete schema: "), "{stderr}");
    let changes = server.run(&["schema", "diff", "s"]).succeeded();
    assert!(changes.starts_with("s version 1 -> s version 3: 1 change\n  + /b: field \"b\" is new"), "{changes}");
}

#[test]
fn the_mode_of_a_subject_decides_what_may_follow() {
    let server = Server::start();
    let wide = server.file("wide", r#"{"type":["string","integer"]}"#);
    let narrow = server.file("narrow", r#"{"type":"string"}"#);
    let register = |file: &str| server.run(&["schema", "register", "s", "-t", "json_schema", "-f", file]);
    register(&wide).succeeded();
    register(&narrow).failed(1);
    let set = server.run(&["schema", "set-compatibility", "s", "forward"]).succeeded();
    assert_eq!(set, "s: the compatibility mode is forward now\n");
    register(&narrow).succeeded();
    let stderr = server.run(&["schema", "set-compatibility", "s", "sideways"]).failed(2);
    assert!(stderr.contains("unknown compatibility mode 'sideways'"), "{stderr}");
    server.run(&["schema", "set-compatibility", "missing", "none"]).failed(1);
}

#[test]
fn a_topic_is_bound_and_its_policy_changes_what_it_takes() {
    let server = Server::start();
    let file = server.file("s.json", r#"{"type":"object"}"#);
    server.run(&["schema", "register", "s", "-t", "json_schema", "-f", &file]).succeeded();
    server.run(&["topics", "create", "/default/t"]).succeeded();
    let policy = |more: &[&str]| server.run(&[&["schema", "policy", "/default/t"], more].concat());
    assert_eq!(policy(&[]).succeeded(), "/default/t: bound to no schema\n");
    let stderr = policy(&["warn"]).failed(1);
    assert!(stderr.contains("bind it first"), "{stderr}");

    let bound = server.run(&["schema", "bind", "/default/t", "s"]).succeeded();
    assert_eq!(bound, "/default/t: bound to s, policy enforce, payloads are checked\n");
    let send = || server.run(&["produce", "-t", "/default/t", "-m", "[]"]);
    send().failed(3);
    let warned = policy(&["warn", "--no-payload", "--json"]).succeeded();
    let object = &objects(&warned)[0];
    assert_eq!((&object["validation_policy"], &object["payload_validation"]), (&"warn".into(), &false.into()));
    send().succeeded();
    server.run(&["schema", "bind", "/default/t", "missing"]).failed(1);
}

#[test]
fn a_file_is_checked_against_a_subject_as_danube_cli_does() {
    let server = Server::start();
    let wide = server.file("wide", r#"{"type":["string","integer"]}"#);
    let narrow = server.file("narrow", r#"{"type":"string"}"#);
    server.run(&["schema", "register", "s", "-t", "json_schema", "-f", &wide]).succeeded();
    let check = |file: &str, more: &[&str]| {
        server.run(&[&["schema", "check", "s", "--file", file, "--schema-type", "json_schema"], more].concat())
    };
    assert_eq!(check(&wide, &[]).succeeded(), format!("{wide}: compatible with s\n"));
    let outcome = check(&narrow, &[]);
    assert_eq!(outcome.code, 3, "{outcome:?}");
    assert!(outcome.stdout.starts_with(&format!("{narrow}: incompatible with s\n  ")), "{outcome:?}");
    check(&narrow, &["--mode", "forward"]).succeeded();
    let told = check(&narrow, &["-o", "json"]);
    assert_eq!((told.code, &objects(&told.stdout)[0]["is_compatible"]), (3, &false.into()));
    server.run(&["schema", "set-compatibility", "s", "forward"]).succeeded();
    check(&narrow, &[]).succeeded();
    server.run(&["schema", "check", "s", "-t", "json_schema"]).failed(2);
    server.run(&["schema", "check", "-t", "json_schema"]).failed(2);
    let versions = server.run(&["schema", "versions", "s", "--json"]).succeeded();
    assert_eq!(objects(&versions)[0]["versions"].as_array().map(Vec::len), Some(1), "nothing was registered");
}

#[test]
fn messages_are_checked_against_a_subject_and_made_from_one() {
    let server = Server::start();
    let first = server.file("1.json", USER_EVENTS);
    let second = server
        .file("2.json", r#"{"type":"object","properties":{"user_id":{"type":"string"},"action":{"enum":["in"]}}}"#);
    server.run(&["schema", "register", "u", "-t", "json_schema", "-f", &first]).succeeded();
    server.run(&["schema", "set-compatibility", "u", "none"]).succeeded();
    server.run(&["schema", "register", "u", "-t", "json_schema", "-f", &second]).succeeded();
    let stream = server.file(
        "stream",
        "{\"user_id\":\"a\",\"action\":\"in\"}\n{\"action\":\"in\"}\n{\"user_id\":\"b\",\"action\":\"out\"}\n",
    );
    let verdicts = |more: &[&str]| {
        let outcome = server.run(&[&["--json", "schema", "validate", "u", "--lines", "-f", &stream], more].concat());
        assert_eq!((outcome.code, outcome.stderr.as_str()), (3, ""), "{outcome:?}");
        let valid = |object: &serde_json::Value| object["valid"].as_bool().expect("a verdict");
        objects(&outcome.stdout).iter().map(valid).collect::<Vec<_>>()
    };
    assert_eq!(verdicts(&[]), [true, true, false], "the latest version");
    assert_eq!(verdicts(&["--version", "1"]), [true, false, true]);

    let samples = server.file("samples", &server.run(&["schema", "sample", "u", "-v", "1", "-c", "20"]).succeeded());
    let validate = ["schema", "validate", "u", "-v", "1", "--lines", "-f", &samples];
    assert_eq!(server.run(&validate).succeeded(), "20 valid, 0 invalid\n");

    let stderr = server.run(&["schema", "validate", "nobody-knows", "-f", &stream]).failed(1);
    assert!(stderr.contains("the schema subject nobody-knows is not registered"), "{stderr}");
    let stderr = server.run(&["schema", "validate", "u", "--schema", &first, "-t", "json_schema"]).failed(2);
    assert!(stderr.contains("cannot be used with"), "{stderr}");
    server.run(&["schema", "validate", "-f", &stream]).failed(2);
    server.run(&["schema", "validate", "--schema", &first, "-f", &stream]).failed(2);
}

//! `schema`: registering and looking up.

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

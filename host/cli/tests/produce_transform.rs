//! `produce --transform`: what is sent is what the component made of it, and what it rejects is told like a broken schema.

use crate::harness::{Server, objects};
use crate::pipeline_run::MASK;

const FIELDS: &str = r#"{"fields":["email"]}"#;

fn stored(server: &Server, topic: &str) -> Vec<serde_json::Value> {
    objects(&server.run(&["--json", "consume", "-t", topic, "--from", "earliest", "--no-follow"]).succeeded())
}

fn payloads(server: &Server, topic: &str) -> Vec<String> {
    stored(server, topic).iter().map(|object| object["payload"].as_str().expect("text").to_owned()).collect()
}

fn mask() -> &'static str {
    MASK.to_str().expect("a path of text")
}

#[test]
fn messages_are_transformed_before_they_are_checked_and_sent() {
    let server = Server::start();
    // Only what is masked satisfies the schema.
    let schema = r#"{"type":"object","properties":{"email":{"const":"***"}},"required":["email"]}"#;
    let file = server.file("masked.json", schema);
    server.run(&["schema", "register", "masked", "-t", "json_schema", "-f", &file]).succeeded();
    let common = ["produce", "--reliable", "-t", "/default/o", "--schema-subject", "masked", "-k", "k{{seq}}"];
    let common = [&common[..], &["-a", "from:test", "-c", "2", "-m", r#"{"email":"a@b.c","n":{{seq}}}"#]].concat();
    server.run(&common).failed(3);
    let with = ["--transform", mask(), "--with", FIELDS];
    let shown = server.run(&[&common[..], &with, &["--dry-run"]].concat()).succeeded();
    assert_eq!(objects(&shown)[1]["payload"], r#"{"email":"***","n":2}"#);
    server.run(&["consume", "-t", "/default/o", "--from", "earliest", "--no-follow"]).failed(1);
    server.run(&[&common[..], &with].concat()).succeeded();
    let messages = stored(&server, "/default/o");
    assert_eq!(messages[1]["payload"], r#"{"email":"***","n":2}"#);
    assert_eq!((&messages[1]["routing_key"], &messages[1]["attributes"]["from"]), (&"k2".into(), &"test".into()));
    assert_eq!(messages.len(), 2);
}

#[test]
fn each_transform_gets_what_the_one_before_made() {
    let server = Server::start();
    let args = ["produce", "--reliable", "-t", "/default/o", "-m", r#"{"a":1,"b":2,"c":3}"#];
    let first = ["--transform", mask(), "--with", r#"{"fields":["a"]}"#];
    let second = ["--transform", mask(), "--with", r#"{"fields":["b"]}"#];
    server.run(&[&args[..], &first, &second].concat()).succeeded();
    assert_eq!(payloads(&server, "/default/o"), [r#"{"a":"***","b":"***","c":3}"#]);
}

#[test]
fn what_a_transform_rejects_is_told_and_nothing_is_sent_unless_it_is_skipped() {
    let server = Server::start();
    let lines = server.file("lines", "{\"email\":\"a\"}\nno json\n{\"n\":3}\n");
    let args =
        ["produce", "--reliable", "-t", "/default/o", "--lines", &lines, "--transform", mask(), "--with", FIELDS];
    let stderr = server.run(&args).failed(3);
    assert!(stderr.contains("message 2: the transform mask-fields rejects it: the payload is not JSON"), "{stderr}");
    assert!(stderr.contains("1 of 3 messages are invalid"), "{stderr}");
    server.run(&["consume", "-t", "/default/o", "--from", "earliest", "--no-follow"]).failed(1);
    let skipping = [&args[..], &["--skip-invalid", "--dlq", "/dlq/o"]].concat();
    let stderr = server.run(&skipping).failed(3);
    assert!(stderr.contains("the transform mask-fields rejects it"), "{stderr}");
    assert_eq!(payloads(&server, "/default/o"), [r#"{"email":"***"}"#, r#"{"n":3}"#]);
    assert_eq!(payloads(&server, "/dlq/o"), ["no json"]);
}

#[test]
fn a_configuration_that_the_component_does_not_take_is_told_before_anything_is_sent() {
    let server = Server::start();
    let args = ["produce", "-m", "{}", "--transform", mask()];
    let stderr = server.run(&[&args[..], &["--with", r#"{"fields":"email"}"#]].concat()).failed(3);
    assert!(stderr.contains("/fields"), "{stderr}");
    server.run(&[&args[..], &["--transform", mask(), "--with", FIELDS]].concat()).failed(2);
    server.run(&["produce", "-m", "{}", "--with", "{}"]).failed(2);
    server.run(&["produce", "-m", "{}", "--transform", "/no/such.wasm"]).failed(1);
}

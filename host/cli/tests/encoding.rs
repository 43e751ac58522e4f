//! Messages that are written as JSON and travel as their schema's own bytes: by --encoding, or because the file says so.

use crate::harness::{Server, objects};
use serde_json::Value;

const AVRO: &str = r#"{"type":"record","name":"R","fields":[{"name":"id","type":"string"}]}"#;
const PROTO: &str = "syntax = \"proto3\";\nmessage R { string id = 1; }\n";

/// The payloads that are stored: as text, or, what is none, in base64.
fn stored(server: &Server, topic: &str) -> Vec<String> {
    let read = server.run(&["--json", "consume", "-t", topic, "--from", "earliest", "--no-follow"]).succeeded();
    let payload = |object: &Value| {
        object["payload"].as_str().or(object["payload_base64"].as_str()).expect("a payload").to_owned()
    };
    objects(&read).iter().map(payload).collect()
}

fn register(server: &Server, subject: &str, schema_type: &str, definition: &str) {
    let file = server.file(subject, definition);
    server.run(&["schema", "register", subject, "-t", schema_type, "-f", &file]).succeeded();
}

fn server() -> Server {
    let server = Server::start();
    register(&server, "avro", "avro", AVRO);
    register(&server, "proto", "protobuf", PROTO);
    server
}

#[test]
fn each_message_of_a_file_travels_as_it_says() {
    let server = server();
    let file = server.file(
        "messages.yaml",
        r#"
- { schema: { subject: avro }, topic: /default/avro, json: { id: ab } }
- { schema: { subject: avro }, topic: /default/avro, encoding: binary, json: { id: ab } }
- { schema: { subject: avro }, topic: /default/avro, encoding: container, json: { id: ab } }
- { schema: { subject: proto, version: 1 }, topic: /default/proto, encoding: binary, template: true, payload: '{"id":"{{seq}}"}' }
"#,
    );
    let args = ["produce", "--from", &file, "--reliable"];
    let shown = objects(&server.run(&[&args[..], &["--dry-run"]].concat()).succeeded());
    assert_eq!((&shown[1]["payload"], &shown[1]["encoding"]), (&"\u{4}ab".into(), &Value::Null));
    server.run(&args).succeeded();
    let bound = "- { topic: /default/avro, encoding: binary, payload: '{\"id\":\"the topic knows its schema\"}' }";
    let bound = server.file("bound.yaml", bound);
    server.run(&["produce", "--from", &bound]).succeeded();
    let avro = stored(&server, "/default/avro");
    // An object container begins with Obj and a one.
    assert!(avro[2].starts_with("Obj\u{1}") || avro[2].starts_with("T2JqAQ"), "{avro:?}");
    assert_eq!(avro[..2], ["{\"id\":\"ab\"}", "\u{4}ab"]);
    assert_eq!(avro[3..], ["4the topic knows its schema"]);
    assert_eq!(stored(&server, "/default/proto"), ["\n\u{1}4"]);
}

#[test]
fn the_option_encodes_what_says_nothing_itself() {
    let server = server();
    let args = ["produce", "--reliable", "-t", "/default/p", "--schema-subject", "proto", "--encoding", "binary"];
    server.run(&[&args[..], &["-m", r#"{"id":"a"}"#]].concat()).succeeded();
    let file = server.file("own.jsonl", r#"{"encoding":"text","payload":"{\"id\":\"b\"}"}"#);
    server.run(&[&args[..], &["--from", &file]].concat()).succeeded();
    assert_eq!(stored(&server, "/default/p"), ["\n\u{1}a", "{\"id\":\"b\"}"]);
}

#[test]
fn what_breaks_its_schema_has_no_encoding_and_is_told_with_its_place() {
    let server = server();
    let lines = server.file("lines", "{\"id\":\"a\"}\n{\"id\":7}\n");
    let args = ["produce", "--reliable", "-t", "/default/a", "--schema-subject", "avro", "--encoding", "binary"];
    let args = [&args[..], &["--lines", &lines]].concat();
    let stderr = server.run(&args).failed(3);
    assert!(stderr.contains("message 2 breaks the schema avro version 1; nothing was sent"), "{stderr}");
    assert!(stderr.contains("line 1, column 7, /id"), "{stderr}");
    server.run(&["consume", "-t", "/default/a", "--from", "earliest", "--no-follow"]).failed(1);
    server.run(&[&args[..], &["--skip-invalid"]].concat()).failed(3);
    assert_eq!(stored(&server, "/default/a").len(), 1);
}

#[test]
fn an_encoding_that_cannot_be_is_refused_before_anything_is_sent() {
    let server = server();
    let payload = ["-m", r#"{"id":"a"}"#];
    let args = ["produce", "--reliable", "-t", "/default/n", "--encoding", "binary"];
    let stderr = server.run(&[&args[..], &payload].concat()).failed(1);
    assert!(stderr.contains("/default/n has no schema that was found before sending"), "{stderr}");
    let args = ["produce", "--reliable", "-t", "/default/n", "--schema-subject", "proto", "--encoding", "container"];
    let stderr = server.run(&[&args[..], &payload].concat()).failed(1);
    assert!(stderr.contains("the schema proto is protobuf, which has no encoding container"), "{stderr}");
    let args = ["produce", "-t", "/default/n", "--encoding", "avro"];
    let stderr = server.run(&[&args[..], &payload].concat()).failed(2);
    assert!(stderr.contains("an encoding is text, binary or container"), "{stderr}");
    server.run(&["consume", "-t", "/default/n", "--from", "earliest", "--no-follow"]).failed(1);
}

//! Promises of Danube's guide for producers that no other test proves. Which test proves which promise is a table,
//! docs/guide/promises.md.

use crate::harness::{Server, objects};

/// The guide's own schema for users.
const USER: &str = r#"{
  "type": "object",
  "properties": {
    "user_id": {"type": "string"},
    "email": {"type": "string", "format": "email"},
    "age": {"type": "integer", "minimum": 0}
  },
  "required": ["user_id", "email"]
}"#;

fn stored(server: &Server, topic: &str) -> usize {
    objects(&server.run(&["consume", "-t", topic, "--from", "earliest", "--no-follow", "--json"]).succeeded()).len()
}

#[test]
fn a_schema_from_a_file_is_applied_with_its_formats_and_limits() {
    let server = Server::start();
    let schema = server.file("user-schema.json", USER);
    let topic = "/default/users";
    let with_file =
        ["produce", "-t", topic, "--reliable", "--schema-file", &schema, "--schema-type", "json_schema", "-m"];
    let valid = r#"{"user_id":"u123","email":"user@example.com","age":25}"#;
    server.run(&[&with_file[..], &[valid]].concat()).succeeded();

    let broken = r#"{"user_id":"u123","email":"nobody","age":-1}"#;
    let refused = server.run(&[&with_file[..], &[broken]].concat()).failed(3);
    assert!(refused.contains("/email: ") && refused.contains("[format at /properties/email/format]"), "{refused}");
    assert!(refused.contains("/age: ") && refused.contains("[minimum at /properties/age/minimum]"), "{refused}");
    // The topic is bound by now: nobody has to name the schema.
    server.run(&["produce", "-t", topic, "-m", broken]).failed(3);
    server.run(&["produce", "-t", topic, "--danube-api", "--reliable", "-m", broken]).failed(3);
    assert_eq!(stored(&server, topic), 1);
}

#[test]
fn each_type_of_schema_has_its_own_topic() {
    let server = Server::start();
    let avro = r#"{"type":"record","name":"Product","fields":[{"name":"id","type":"string"},{"name":"price","type":"double"}]}"#;
    let rows = [
        ("json_schema", server.file("user.json", USER), r#"{"user_id":"u","email":"u@example.com"}"#),
        ("avro", server.file("product.avsc", avro), r#"{"id":"prod_123","price":29.99}"#),
        ("protobuf", server.file("message.proto", "syntax = \"proto3\"; message M { string a = 1; }"), "\n\u{1}x"),
    ];
    for (number, (kind, schema, message)) in rows.iter().enumerate() {
        let file = server.file("message", message);
        let produce = |topic: &str| {
            server.run(&[
                "produce",
                "-t",
                topic,
                "--reliable",
                "--schema-file",
                schema,
                "--schema-type",
                kind,
                "-f",
                &file,
            ])
        };
        let own = format!("/default/{kind}");
        produce(&own).succeeded();
        assert_eq!(stored(&server, &own), 1, "{kind}");
        if number == 0 {
            produce("/default/one-for-all").succeeded();
        } else {
            let refused = produce("/default/one-for-all").failed(1);
            let sentence = format!("the type changes from json_schema to {kind}");
            assert!(refused.contains(&sentence) && refused.contains("-t"), "{refused}");
        }
    }
    assert_eq!(stored(&server, "/default/one-for-all"), 1);
}

//! `consume`: which messages are printed and in which form, and what is acknowledged of them.

use crate::harness::{Server, objects};
use irongate_proto::danube_schema::UpdateTopicValidationPolicyRequest;
use irongate_proto::danube_schema::schema_registry_client::SchemaRegistryClient;
use std::io::{BufRead, BufReader};
use tonic::transport::Endpoint;

const TOPIC: &str = "/default/f";
const ALL: [&str; 2] = ["consume", "--no-follow"];

fn produce(server: &Server, more: &[&str]) {
    server.run(&[&["produce", "-t", TOPIC, "--reliable"], more].concat()).succeeded();
}

/// All of the topic.
fn read(server: &Server, more: &[&str]) -> String {
    since(server, "earliest", more)
}

fn since(server: &Server, start: &str, more: &[&str]) -> String {
    server.run(&[&ALL[..], &["-t", TOPIC, "--from", start], more].concat()).succeeded()
}

#[test]
fn filters_choose_and_templates_write() {
    let server = Server::start();
    for (payload, key) in [(r#"{"n":1}"#, "eu-1"), (r#"{"n":20}"#, "us-1"), (r#"{"n":300}"#, "eu-2"), ("text", "eu-3")]
    {
        produce(&server, &["-m", payload, "-k", key, "-a", "kind:test"]);
    }
    let template = ["--template", "{{seq}} {{offset}} {{key}} {{json.n}} {{attributes.kind}}"];
    let filter = ["--filter", "json.n > 10 && attributes.kind == 'test'"];
    assert_eq!(read(&server, &[&filter[..], &template].concat()), "1 1 us-1 20 test\n2 2 eu-2 300 test\n");
    assert_eq!(read(&server, &["--filter", "key.startsWith('eu-')", "-o", "raw"]), "{\"n\":1}\n{\"n\":300}\ntext\n");
    assert_eq!(
        read(&server, &["--filter", "payload == 'text'", "-o", "hex"]),
        format!("offset 3 of {TOPIC}, 4 bytes\n00000000  74 65 78 74{} |text|\n", " ".repeat(37))
    );
    assert_eq!(objects(&read(&server, &["-o", "json", "-c", "1"]))[0]["offset"], 0);

    let stderr = server.run(&["consume", "--filter", "n > 1"]).failed(2);
    assert!(stderr.contains("the filter names n; known are payload, json"), "{stderr}");
    server.run(&["consume", "--template", "{{"]).failed(2);
    server.run(&["consume", "--json", "-o", "hex"]).failed(2);
    let stderr = server.run(&["consume", "-m", "s", "--key-filter", "eu-*"]).failed(2);
    assert!(stderr.contains("key-shared"), "{stderr}");
}

#[test]
fn times_are_starts() {
    let server = Server::start();
    produce(&server, &["-m", "x"]);
    assert_eq!(since(&server, "time:2020-01-01T00:00:00+02:00", &["-o", "raw"]), "x\n");
    assert_eq!(since(&server, "time:2999-01-01T00:00:00Z", &["-o", "raw"]), "");
    assert_eq!(since(&server, "ago:1h", &["-o", "raw"]), "x\n");
}

#[test]
fn what_cannot_be_printed_is_not_acknowledged() {
    let server = Server::start();
    produce(&server, &["-m", r#"{"a":1}"#]);
    let consume = ["consume", "-t", TOPIC, "-m", "sub", "-c", "1"];
    let child = server.spawn(&consume);
    server.wait_until_consumed(TOPIC);
    produce(&server, &["-m", "no JSON"]);
    child.wait_with_output().expect("it ends");

    produce(&server, &["-m", "this one"]);
    let stderr = server.run(&[&consume[..], &["--template", "{{json.a}}"]].concat()).failed(1);
    assert!(stderr.contains("--template cannot be filled in for offset 2"), "{stderr}");
    let stderr = server.run(&[&consume[..], &["--filter", "payload > 1"]].concat()).failed(1);
    assert!(stderr.contains("--filter and offset 2"), "{stderr}");
    assert_eq!(server.run(&[&consume[..], &["-o", "raw", "--ack", "never"]].concat()).succeeded(), "this one\n");
    assert_eq!(server.run(&[&consume[..], &["-o", "raw", "--ack", "nack"]].concat()).succeeded(), "this one\n");
    assert_eq!(server.run(&[&consume[..], &["-o", "raw"]].concat()).succeeded(), "this one\n");
    produce(&server, &["-m", "next"]);
    assert_eq!(server.run(&[&consume[..], &["-o", "raw"]].concat()).succeeded(), "next\n", "acknowledged at last");
}

#[test]
fn what_a_filter_leaves_out_does_not_come_again() {
    let server = Server::start();
    produce(&server, &["-m", "before"]);
    let consume = ["consume", "-t", TOPIC, "-m", "sub", "-o", "raw", "-c", "1"];
    let child = server.spawn(&[&consume[..], &["--filter", "payload == 'wanted'"]].concat());
    server.wait_until_consumed(TOPIC);
    for payload in ["one", "two", "wanted", "three"] {
        produce(&server, &["-m", payload]);
    }
    assert_eq!(child.wait_with_output().expect("it ends").stdout, b"wanted\n");
    assert_eq!(server.run(&consume).succeeded(), "three\n");
}

#[test]
fn key_filters_are_the_servers_work() {
    let server = Server::start();
    produce(&server, &["-m", "before"]);
    let mut child = server.spawn(&[
        "consume",
        "-t",
        TOPIC,
        "-m",
        "sub",
        "--sub-type",
        "key-shared",
        "--key-filter",
        "eu-*",
        "-o",
        "raw",
        "-c",
        "2",
    ]);
    server.wait_until_consumed(TOPIC);
    for key in ["us-1", "eu-1", "us-2", "eu-2"] {
        produce(&server, &["-m", key, "-k", key]);
    }
    let lines: Vec<String> =
        BufReader::new(child.stdout.take().expect("a pipe")).lines().map(|line| line.expect("text")).collect();
    assert_eq!(lines, ["eu-1", "eu-2"]);
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn binary_messages_are_decoded_and_checked_by_their_schema() {
    let server = Server::start();
    let schema = r#"{"type":"record","name":"Product","fields":[{"name":"id","type":"string"},{"name":"price","type":"double"}]}"#;
    let file = server.file("product.avsc", schema);
    let json = server.file("product.json", r#"{"id":"p1","price":2.5}"#);
    let datum = server.file("datum", "");
    server.run(&["schema", "register", "product", "-t", "avro", "-f", &file]).succeeded();
    server.run(&["schema", "encode", "-t", "avro", "--schema", &file, "-f", &json, "--to", &datum]).succeeded();
    produce(&server, &["--schema-subject", "product", "-f", &datum]);
    assert!(read(&server, &[]).starts_with(r#"Received message: {"id":"p1","price":2.5}"#));
    let object = &objects(&read(&server, &["-o", "json", "--validate"]))[0];
    assert_eq!((&object["decoded"]["price"], &object["schema_version"]), (&2.5.into(), &1.into()));
    assert_eq!(read(&server, &["--filter", "json.price > 2.0", "--template", "{{json.id}}"]), "p1\n");
    assert!(objects(&read(&server, &["-o", "json", "--no-decode"]))[0].get("decoded").is_none());

    // A message that names a schema and breaks it: written before the topic was told to refuse it.
    let user = server.file("user.json", crate::harness::USER_EVENTS);
    server.run(&["schema", "register", "user", "-t", "json_schema", "-f", &user]).succeeded();
    server
        .run(&["produce", "-t", "/default/w", "--reliable", "--schema-subject", "user", "-m", r#"{"user_id":"u"}"#])
        .succeeded();
    only_warn(&server, "/default/w");
    server.run(&["produce", "-t", "/default/w", "-m", r#"{"user_id":7}"#]);
    let outcome =
        server.run(&[&ALL[..], &["-t", "/default/w", "--from", "earliest", "--validate", "-o", "raw"]].concat());
    assert_eq!((outcome.code, outcome.stdout.as_str()), (3, "{\"user_id\":\"u\"}\n{\"user_id\":7}\n"));
    assert!(outcome.stderr.contains("offset 1 of /default/w breaks its schema:"), "{outcome:?}");
    assert!(outcome.stderr.contains("/user_id"), "{outcome:?}");
}

/// Lets a bound topic take what breaks its schema.
fn only_warn(server: &Server, topic: &str) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let endpoint = Endpoint::from_shared(server.url.clone()).expect("a URL");
        let mut client = SchemaRegistryClient::new(endpoint.connect().await.expect("a connection"));
        let request = UpdateTopicValidationPolicyRequest {
            topic_name: topic.to_owned(),
            validation_policy: "warn".to_owned(),
            enable_payload_validation: true,
        };
        client.update_topic_validation_policy(request).await.expect("the policy is set");
    });
}

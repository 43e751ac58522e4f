//! `schema validate | check | diff | bundle | encode | decode | sample`: verdicts about files, with no server anywhere.

use crate::harness::{Outcome, USER_EVENTS, irongate, objects, run};
use std::io::Write;
use std::process::Stdio;
use tempfile::TempDir;

/// A folder of schemas and messages.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).expect("written");
        path.to_str().expect("a path of text").to_owned()
    }
}

/// Runs a command that reads `stdin`.
fn run_with(args: &[&str], stdin: &[u8]) -> Outcome {
    let mut command = irongate();
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    child.stdin.take().expect("a pipe").write_all(stdin).expect("it reads");
    Outcome::from(child.wait_with_output().expect("it ends"))
}

const AVRO: &str =
    r#"{"type":"record","name":"Order","fields":[{"name":"id","type":"string"},{"name":"n","type":"int"}]}"#;

const PROTOBUF: &str =
    "syntax = \"proto3\"; package shop; message Item { string sku = 1; } message Order { Item item = 1; }";

#[test]
fn one_message_is_valid_or_every_broken_rule_is_told_with_its_place() {
    let folder = Folder::new();
    let schema = folder.file("schema.json", USER_EVENTS);
    let good = folder.file("good.json", r#"{"user_id":"u"}"#);
    let bad = folder.file("bad.json", "{\n  \"user_id\": 7,\n  \"action\": false\n}");
    let validate = ["schema", "validate", "--type", "json_schema", "--schema", &schema];
    let valid = run(&[&validate[..], &["--file", &good]].concat()).succeeded();
    assert_eq!(valid, format!("{good}: valid\n"));

    let outcome = run(&[&validate[..], &["--file", &bad]].concat());
    let told = outcome.stdout.clone();
    assert_eq!(outcome.failed(3), "");
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[0], format!("{bad}: invalid"));
    assert!(lines[1].starts_with("  line 2, column 14, /user_id: 7 is an integer"), "{told}");
    assert!(lines[2].starts_with("  line 3, column 13, /action: "), "{told}");
    assert_eq!(lines.len(), 3, "{told}");

    let json = run(&[&validate[..], &["--file", &bad, "--json"]].concat());
    let object = &objects(&json.stdout)[0];
    assert_eq!((json.code, &object["valid"]), (3, &false.into()));
    assert_eq!(object["violations"][1]["instance_path"], "/action");
}

#[test]
fn a_stream_is_judged_line_by_line() {
    let folder = Folder::new();
    let schema = folder.file("order.avsc", AVRO);
    let stream = "{\"id\":\"a\",\"n\":1}\n\n{\"id\":\"b\",\"n\":\"two\"}\n{\"id\":\"c\",\"n\":3}\nnot json";
    let validate = ["schema", "validate", "-t", "avro", "--schema", &schema, "--lines"];
    let outcome = run_with(&validate, stream.as_bytes());
    assert_eq!((outcome.code, outcome.stderr.as_str()), (3, ""));
    assert!(outcome.stdout.starts_with("standard input, line 3: invalid\n  line 1, column 15, /n: "), "{outcome:?}");
    assert!(outcome.stdout.contains("standard input, line 5: invalid\n"), "{outcome:?}");
    assert!(outcome.stdout.ends_with("\n2 valid, 2 invalid\n"), "{outcome:?}");

    let outcome = run_with(&[&validate[..], &["--json"]].concat(), stream.as_bytes());
    let verdicts: Vec<(u64, bool)> = objects(&outcome.stdout)
        .iter()
        .map(|object| (object["line"].as_u64().expect("a line"), object["valid"].as_bool().expect("a verdict")))
        .collect();
    assert_eq!(verdicts, [(1, true), (3, false), (4, true), (5, false)]);
    assert_eq!(run_with(&validate, b"{\"id\":\"a\",\"n\":1}\n").succeeded(), "1 valid, 0 invalid\n");
}

#[test]
fn what_does_not_compile_or_makes_no_sense_is_wrong_usage() {
    let folder = Folder::new();
    let broken = folder.file("broken.json", "{\n  \"type\": \"objekt\"\n}");
    let good = folder.file("good.json", USER_EVENTS);
    let stderr = run_with(&["schema", "validate", "-t", "json_schema", "--schema", &broken], b"{}").failed(2);
    assert!(stderr.contains("does not compile") && stderr.contains("line 2, column 3"), "{stderr}");
    let check = ["schema", "check", "-t", "json_schema", "--old", &good, "--new", &broken];
    assert!(run(&check).failed(2).contains("broken.json: schema definition does not compile"));
    let check = ["schema", "check", "-t", "json_schema", "--old", &good, "--old", &good, "--new", &good];
    assert!(run(&check).failed(2).contains("use backward_transitive"));
    let stderr = run(&["schema", "check", "-t", "avro", "--old", &good, "--new", &good, "-m", "sideways"]).failed(2);
    assert!(stderr.contains("unknown comparison 'sideways'"), "{stderr}");
    let message = ["schema", "validate", "-t", "avro", "--schema", &good, "--message", "M"];
    assert!(run(&message).failed(2).contains("--message is for protobuf, not for avro"));
    let missing = run(&["schema", "validate", "-t", "avro", "--schema", "/no/such/schema"]).failed(1);
    assert!(missing.contains("cannot read /no/such/schema"), "{missing}");
}

#[test]
fn a_new_version_may_follow_or_every_finding_is_told() {
    let folder = Folder::new();
    let first = folder.file("1.json", r#"{"properties":{"a":{"type":"string"}}}"#);
    let second = folder.file("2.json", r#"{"properties":{}}"#);
    let third = folder.file("3.json", r#"{"properties":{"a":{"type":"integer"}}}"#);
    let check = |more: &[&str]| run(&[&["schema", "check", "--type", "json_schema", "--new", &third], more].concat());
    assert_eq!(check(&["--old", &second]).succeeded(), format!("{third}: compatible (backward)\n"));
    let outcome = check(&["--old", &first, "--old", &second, "--mode", "backward_transitive"]);
    assert!(outcome.stdout.starts_with(&format!("{third}: incompatible (backward_transitive)\n  {first}: at /a: ")));
    assert_eq!(outcome.failed(3), "");
    let strict = check(&["--old", &second, "--strict", "--json"]);
    let object = &objects(&strict.stdout)[0];
    assert_eq!(
        (strict.code, &object["is_compatible"], &object["findings"][0]["path"]),
        (3, &false.into(), &"/a".into())
    );
}

#[test]
fn bytes_and_json_become_each_other() {
    let folder = Folder::new();
    for (schema_type, definition, more, json, hex) in [
        ("avro", AVRO, &[][..], r#"{"id":"ab","n":-1}"#, "04616201"),
        ("protobuf", PROTOBUF, &["--message", "shop.Order"][..], r#"{"item":{"sku":"x"}}"#, "0a030a0178"),
    ] {
        let schema = folder.file("schema", definition);
        let bytes = folder.0.path().join("wire").to_str().expect("a path of text").to_owned();
        let schema = [&["-t", schema_type, "--schema", &schema][..], more].concat();
        let encode = [&["schema", "encode"][..], &schema].concat();
        let encoded = run_with(&[&encode[..], &["--hex"]].concat(), json.as_bytes()).succeeded();
        assert_eq!(encoded, format!("{hex}\n"));
        run_with(&[&encode[..], &["--to", &bytes]].concat(), json.as_bytes()).succeeded();
        let decode = [&["schema", "decode", "--file", &bytes, "--json"][..], &schema].concat();
        assert_eq!(run(&decode).succeeded(), format!("{json}\n"));
        let refused = run_with(&encode, br#"{"wrong":1}"#);
        assert!(refused.stdout.is_empty() && refused.stderr.starts_with("standard input: invalid\n"), "{refused:?}");
        refused.failed(3);
    }
}

#[test]
fn samples_are_valid_messages_and_the_seed_decides() {
    let folder = Folder::new();
    let schema = folder.file("order.avsc", AVRO);
    let sample = |seed: &str| {
        run(&["schema", "sample", "-t", "avro", "--schema", &schema, "--seed", seed, "--count", "5"]).succeeded()
    };
    let samples = sample("7");
    assert_eq!((samples.lines().count(), &samples), (5, &sample("7")));
    assert_ne!(samples, sample("100"));
    let validate = ["schema", "validate", "-t", "avro", "--schema", &schema, "--lines"];
    assert_eq!(run_with(&validate, samples.as_bytes()).succeeded(), "5 valid, 0 invalid\n");

    let nothing = folder.file("nothing.json", "false");
    let stderr = run(&["schema", "sample", "-t", "json_schema", "--schema", &nothing]).failed(3);
    assert!(stderr.starts_with("error: no valid sample in 64 attempts; what stands in the way is"), "{stderr}");
}

#[test]
fn what_changes_between_two_files_is_told_field_by_field() {
    let folder = Folder::new();
    let old = folder.file("old.avsc", AVRO);
    let new = folder.file("new.avsc", AVRO.replace("\"int\"", "[\"null\",\"long\"]"));
    let same = folder.file("same.avsc", format!("\n{AVRO}"));
    let spoken = folder.file("spoken.avsc", AVRO.replace("\"Order\"", "\"Order\",\"x\":1"));
    let diff = |old: &str, new: &str| run(&["schema", "diff", "-t", "avro", "--old", old, "--new", new]);
    let told = diff(&old, &new).succeeded();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[0], format!("{old} -> {new}: 2 changes"));
    assert_eq!(lines[1], "  ~ /n: field \"n\" may be null now");
    assert_eq!(lines[2], "  ~ /n: the type of field \"n\" changes from int to long");
    assert_eq!(diff(&old, &same).succeeded(), format!("{old} -> {same}: the same\n"));
    let told = diff(&old, &spoken).succeeded();
    assert!(told.ends_with(": the same fields; the texts differ in what means nothing for messages\n"), "{told}");

    let stderr = run(&["schema", "diff", "--old", &old, "--new", &new]).failed(2);
    assert!(stderr.contains("--type"), "{stderr}");
    run(&["schema", "diff", "-t", "avro", "--old", &old]).failed(2);
    run(&["schema", "diff"]).failed(2);
}

#[test]
fn files_that_import_each_other_become_one_definition() {
    let folder = Folder::new();
    std::fs::create_dir(folder.0.path().join("shop")).expect("a folder");
    let order = folder
        .file("order.proto", "syntax = \"proto3\"; import \"shop/item.proto\"; message Order { shop.Item item = 1; }");
    let item = folder.file("shop/item.proto", "syntax = \"proto3\"; package shop; message Item { string sku = 1; }");
    let root = folder.0.path().to_str().expect("a path of text");
    let bundled = run(&["schema", "bundle", "--root", root, &order, &item]).succeeded();
    assert!(bundled.starts_with("// --- file: order.proto ---\n"), "{bundled}");
    assert!(bundled.contains("\n// --- file: shop/item.proto ---\n"), "{bundled}");
    let schema = folder.file("bundle.proto", bundled);
    let validate = ["schema", "validate", "-t", "protobuf", "--schema", &schema];
    let outcome = run_with(&validate, br#"{"item":{"sku":1,"size":2}}"#);
    assert_eq!((outcome.code, outcome.stdout.lines().count()), (3, 3), "{outcome:?}");
    let other = run_with(&[&validate[..], &["--message", "shop.Item"]].concat(), br#"{"sku":"a"}"#);
    assert_eq!(other.code, 0, "{other:?}");

    let stderr = run(&["schema", "bundle", "--root", root, &order]).failed(2);
    assert!(stderr.contains("it imports 'shop/item.proto', which is not part of it"), "{stderr}");
    let elsewhere = folder.0.path().join("shop").to_str().expect("a path of text").to_owned();
    let stderr = run(&["schema", "bundle", "--root", &elsewhere, &order]).failed(2);
    assert!(stderr.contains("name its folder with --root"), "{stderr}");
}

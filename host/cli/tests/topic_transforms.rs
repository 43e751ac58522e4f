//! Transforms of topics: whichever way a message comes, what is in the topic is what the components made of it, also after a crash; a hostile component
//! harms nothing but its own record, and one that is lost lets nothing in.

use crate::harness::{Outcome, Server, objects};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

const TOPIC: &str = "/default/orders";

/// Two examples and some of the hostile guests, built once.
static COMPONENTS: LazyLock<PathBuf> = LazyLock::new(|| {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../plugins");
    let build = |packages: &[&str]| {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS").env_remove("CARGO_TARGET_DIR");
        command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins"));
        command.args(["build", "--quiet", "--release", "--target", "wasm32-wasip2", "--target-dir"]).arg(&target);
        assert!(command.args(packages).status().expect("cargo starts").success(), "the components do not build");
    };
    build(&["-p", "mask-fields", "-p", "split-lines", "-p", "route-by-attribute", "-p", "deduplicate"]);
    build(&["-p", "irongate-fixtures", "--examples"]);
    target.join("wasm32-wasip2/release")
});

fn component(name: &str) -> String {
    COMPONENTS.join(format!("{name}.wasm")).display().to_string()
}

fn stage(id: &str, component_name: &str, more: &str) -> String {
    format!("[[stages]]\nid = \"{id}\"\nuses = \"{}\"\n{more}\n", component(component_name))
}

fn mask(fields: &str) -> String {
    stage("mask", "mask_fields", &format!("with = {{ fields = {fields} }}"))
}

fn set(server: &Server, topic: &str, chain: &str) -> Outcome {
    server.run(&["topics", "transform", "set", topic, &server.file("chain.toml", chain)])
}

/// A server with a topic that has this chain.
fn transformed(chain: &str) -> Server {
    let server = Server::start();
    server.run(&["topics", "create", TOPIC, "--reliable"]).succeeded();
    set(&server, TOPIC, chain).succeeded();
    server
}

fn stored(server: &Server, topic: &str) -> Vec<Value> {
    let read = server.run(&["--json", "consume", "-t", topic, "--from", "earliest", "--no-follow"]);
    // Nothing to read is a failure of its own.
    if read.code == 0 { objects(&read.stdout) } else { Vec::new() }
}

fn payloads(server: &Server, topic: &str) -> Vec<String> {
    let payload = |object: &Value| object["payload"].as_str().expect("text").to_owned();
    stored(server, topic).iter().map(payload).collect()
}

fn send(server: &Server, payload: &str, more: &[&str]) -> Outcome {
    server.run(&[&["produce", "--reliable", "-t", TOPIC, "--literal", "--retries", "0", "-m", payload], more].concat())
}

fn components_kept(server: &Server) -> usize {
    std::fs::read_dir(server.data_dir().join("plugins")).expect("a folder").count()
}

#[test]
fn every_client_passes_the_transforms_and_they_outlive_a_crash() {
    let server = transformed(&mask(r#"["email"]"#));
    send(&server, r#"{"email":"a","n":1}"#, &["-k", "k", "-a", "from:test"]).succeeded();
    send(&server, r#"{"email":"b","n":2}"#, &["--danube-api"]).succeeded();
    let server = server.crash_and_restart();
    send(&server, r#"{"email":"c","n":3}"#, &[]).succeeded();
    send(&server, r#"{"email":"d","n":4}"#, &["--danube-api"]).succeeded();
    let expected: Vec<String> = (1..=4).map(|n| format!(r#"{{"email":"***","n":{n}}}"#)).collect();
    assert_eq!(payloads(&server, TOPIC), expected);
    let first = stored(&server, TOPIC).remove(0);
    assert_eq!((&first["routing_key"], &first["attributes"]["from"]), (&"k".into(), &"test".into()));

    for way in [&[][..], &["--danube-api"]] {
        let refused = send(&server, "no json", way);
        assert_ne!(refused.code, 0, "{refused:?}");
        assert!(refused.stderr.contains("reject the message: mask: the payload is not JSON"), "{refused:?}");
    }

    // Others take their place at once, and without any a message enters as it is sent.
    set(&server, TOPIC, &mask(r#"["n"]"#)).succeeded();
    send(&server, r#"{"email":"e","n":5}"#, &[]).succeeded();
    assert_eq!(components_kept(&server), 1);
    server.run(&["topics", "transform", "clear", TOPIC]).succeeded();
    send(&server, "no json", &[]).succeeded();
    assert_eq!(payloads(&server, TOPIC)[4..], [r#"{"email":"e","n":"***"}"#, "no json"]);
    assert_eq!(components_kept(&server), 0);
    let server = server.crash_and_restart();
    send(&server, "still no json", &[]).succeeded();
}

#[test]
fn they_are_shown_with_their_components_and_their_file() {
    let server = transformed(&mask(r#"["email"]"#));
    assert_eq!(
        server.run(&["topics", "transform", "show", "/default/none"]).succeeded(),
        "/default/none has no transforms\n"
    );
    let shown = objects(&server.run(&["--json", "topics", "transform", "show"]).succeeded()).remove(0);
    assert_eq!((&shown["topic"], &shown["stages"][0]["id"]), (&TOPIC.into(), &"mask".into()), "{shown}");
    let sha256 = shown["stages"][0]["sha256"].as_str().expect("text");
    assert!(server.data_dir().join("plugins").join(format!("{sha256}.wasm")).exists());
    let text = server.run(&["topics", "transform", "show", TOPIC]).succeeded();
    assert!(text.contains("mask-fields") && text.contains(&sha256[..12]) && text.contains("[[stages]]"), "{text}");
    // A pinned digest holds.
    let pinned = format!("{}sha256 = \"{sha256}\"\n", mask(r#"["email"]"#));
    set(&server, TOPIC, &pinned).succeeded();
    let other = format!("{}sha256 = \"{}\"\n", mask(r#"["email"]"#), "0".repeat(64));
    let told = set(&server, TOPIC, &other).failed(1);
    assert!(told.contains("chain.toml:5:10: stages[0].sha256:"), "{told}");
    // Each component is kept once, however many topics it serves.
    server.run(&["topics", "create", "/default/other", "--reliable"]).succeeded();
    set(&server, "/default/other", &format!("{}{}", stage("split", "split_lines", ""), mask(r#"["n"]"#))).succeeded();
    assert_eq!(components_kept(&server), 2);
    server.run(&["topics", "transform", "clear", TOPIC]).succeeded();
    assert_eq!(components_kept(&server), 2);
    server.run(&["topics", "transform", "clear", "/default/other"]).succeeded();
    assert_eq!(components_kept(&server), 0);
}

#[test]
fn what_cannot_be_set_changes_nothing() {
    let server = transformed(&mask(r#"["email"]"#));
    let told = set(&server, TOPIC, &mask("\"email\"")).failed(1);
    assert!(told.contains("stages[0].with.fields"), "{told}");
    let told = set(&server, TOPIC, &stage("d", "deduplicate", "allow = { state = true }")).failed(1);
    assert!(told.contains("4:9: stages[0].allow: a topic's transforms keep no state"), "{told}");
    let told = set(&server, TOPIC, &stage("d", "deduplicate", "")).failed(1);
    assert!(told.contains("wants the capability `state`"), "{told}");
    let told = set(&server, TOPIC, &stage("x", "examples/not_a_transform", "")).failed(1);
    assert!(told.contains("it is not a transform"), "{told}");
    let told = set(&server, "/default/missing", &mask(r#"["email"]"#)).failed(1);
    assert!(told.contains("/default/missing does not exist"), "{told}");
    let eight: String = (0..8).map(|n| stage(&format!("s{n}"), "split_lines", "")).collect();
    for topic in 0..4 {
        let topic = format!("/default/t{topic}");
        server.run(&["topics", "create", &topic, "--reliable"]).succeeded();
        let outcome = set(&server, &topic, &eight);
        if topic == "/default/t3" {
            assert!(outcome.failed(1).contains("would have 33 stages; the limit is 32"), "one has a stage already");
        } else {
            outcome.succeeded();
        }
    }
    send(&server, r#"{"email":"a"}"#, &[]).succeeded();
    assert_eq!(payloads(&server, TOPIC), [r#"{"email":"***"}"#]);
}

#[test]
fn a_hostile_component_harms_nothing_but_its_own_record() {
    let server = Server::start();
    server.run(&["topics", "create", TOPIC, "--reliable"]).succeeded();
    let mut served = Vec::new();
    // The limit of time is wide where it is not the one that is meant: machines have bad moments.
    for (guest, timeout, sentence) in [
        ("endless_loop", "1s", "took longer than 1000 ms"),
        ("memory_growth", "60s", "wanted more than 16777216 bytes of memory"),
        ("panic", "60s", "the amount is a number"),
        ("stack_overflow", "60s", "calls nest deeper than its stack"),
    ] {
        let limits = format!("limits = {{ timeout = \"{timeout}\", memory = \"16MiB\" }}");
        set(&server, TOPIC, &stage("guest", &format!("examples/{guest}"), &limits)).succeeded();
        for (round, way) in [&[][..], &["--danube-api"]].into_iter().enumerate() {
            let told = send(&server, "poison", way);
            assert_ne!(told.code, 0, "{guest}");
            assert!(
                told.stderr.contains("failed on the message: guest: ") && told.stderr.contains(sentence),
                "{told:?}"
            );
            served.push(format!("{guest} {round}"));
            send(&server, &served[served.len() - 1], way).succeeded();
        }
        // In one call, its neighbours go on.
        let lines = server.file("lines", &format!("{guest} before\npoison\n{guest} behind\n"));
        let told =
            server.run(&["produce", "--reliable", "-t", TOPIC, "--retries", "0", "--literal", "--lines", &lines]);
        assert_ne!(told.code, 0, "{told:?}");
        served.extend([format!("{guest} before"), format!("{guest} behind")]);
    }
    assert_eq!(payloads(&server, TOPIC), served);
}

/// A figure of the topic's transforms on the page of metrics.
fn figure(server: &Server, name: &str) -> u64 {
    let wanted = format!("irongate_topic_transforms_{name}_total{{topic=\"{TOPIC}\"}} ");
    let page = server.get("/metrics");
    let value = page.lines().find_map(|line| line.strip_prefix(&wanted));
    value.unwrap_or_else(|| panic!("no {name} in {page}")).parse().expect("a number")
}

#[test]
fn messages_that_go_through_together_have_their_own_answers_and_every_one_is_accounted_for() {
    let chain = stage("trap", "examples/trap", "limits = { timeout = \"60s\" }") + &stage("split", "split_lines", "");
    let server = transformed(&chain);
    // More of them trap than one call of a stage puts up with.
    let payload = |n: u64| match n % 8 {
        3 => String::new(),
        7 => format!("{n}a\n{n}b"),
        _ => "poison".to_owned(),
    };
    let line = |n: u64| serde_json::json!({ "payload": payload(n) }).to_string();
    let file = server.file("m.jsonl", &(0..96).map(line).collect::<Vec<_>>().join("\n"));
    let sent = server.run(&["--json", "produce", "-t", TOPIC, "--reliable", "--from", &file, "--retries", "0", "-q"]);
    assert_eq!(sent.code, 1, "{sent:?}");
    let mut expected: Vec<String> =
        (0..96).filter(|n| n % 8 == 7).flat_map(|n| [format!("{n}a"), format!("{n}b")]).collect();
    expected.sort();
    let mut entered = payloads(&server, TOPIC);
    entered.sort();
    assert_eq!(entered, expected);
    let of = |names: [&str; 5]| names.map(|name| figure(&server, &format!("{name}_messages")));
    assert_eq!(of(["received", "passed", "dropped", "refused", "made"]), [96, 12, 12, 72, 24]);
    // Each is tried twice alone.
    assert!(figure(&server, "stopped_calls") >= 144, "{}", figure(&server, "stopped_calls"));

    server.run(&["topics", "transform", "dry-run", TOPIC, "-m", "poison"]).failed(3);
    assert_eq!(figure(&server, "received_messages"), 96);
    set(&server, TOPIC, &mask("[\"email\"]")).succeeded();
    send(&server, "{}", &[]).succeeded();
    assert_eq!(of(["received", "passed", "dropped", "refused", "made"]), [97, 13, 12, 72, 25]);
    server.run(&["topics", "transform", "clear", TOPIC]).succeeded();
    assert!(!server.get("/metrics").contains("topic=\"/default/orders\""));
}

#[test]
fn without_its_component_a_topic_takes_nothing_and_says_why() {
    let server = transformed(&mask(r#"["email"]"#));
    send(&server, r#"{"email":"a"}"#, &[]).succeeded();
    let crashed = server.crash();
    for entry in std::fs::read_dir(crashed.server().data_dir().join("plugins")).expect("a folder") {
        std::fs::write(entry.expect("an entry").path(), "not what it was").expect("written");
    }
    let server = crashed.restart();
    for way in [&[][..], &["--danube-api"]] {
        let told = send(&server, r#"{"email":"b"}"#, way);
        assert_ne!(told.code, 0, "{told:?}");
        assert!(told.stderr.contains("nothing enters without them"), "{told:?}");
    }
    let shown = objects(&server.run(&["--json", "topics", "transform", "show", TOPIC]).succeeded()).remove(0);
    assert!(shown["failure"].as_str().is_some_and(|failure| failure.contains("not WebAssembly")), "{shown}");
    let told = server.run(&["topics", "transform", "dry-run", TOPIC, "-m", "x"]).failed(1);
    assert!(told.contains("not WebAssembly"), "{told}");
    // What is broken on the disk is written anew.
    set(&server, TOPIC, &mask(r#"["email"]"#)).succeeded();
    send(&server, r#"{"email":"c"}"#, &[]).succeeded();
    assert_eq!(payloads(&server, TOPIC), [r#"{"email":"***"}"#; 2]);
}

#[test]
fn a_dry_run_shows_what_would_enter_and_what_the_schema_says_and_keeps_nothing() {
    let server = transformed(&format!("{}{}", stage("split", "split_lines", ""), mask(r#"["email"]"#)));
    let dry_run = |payload: &str| {
        server.run(&["--json", "topics", "transform", "dry-run", TOPIC, "-k", "k", "-a", "a:1", "-m", payload])
    };
    let answer = objects(&dry_run("{\"email\":\"a\"}\n{\"n\":1}").succeeded()).remove(0);
    let message = &answer["messages"][0]["message"];
    assert_eq!((&message["payload"], &message["routing_key"]), (&r#"{"email":"***"}"#.into(), &"k".into()), "{answer}");
    assert_eq!(
        (&message["attributes"]["line"], &answer["messages"][1]["message"]["payload"]),
        (&"1".into(), &r#"{"n":1}"#.into())
    );
    let stages = answer["stages"].as_array().expect("a list");
    assert_eq!(stages.len(), 2);
    assert!(stages.iter().all(|stage| stage["memory_bytes"].as_u64().is_some_and(|bytes| bytes > 1000)), "{answer}");
    assert!(answer["elapsed_us"].as_u64().is_some_and(|elapsed| elapsed > 0));
    assert!(server.run(&["topics", "transform", "dry-run", TOPIC, "-m", "\n"]).succeeded().contains("dropped"));

    let refused = dry_run("no json");
    assert_eq!((refused.code, refused.stderr.as_str()), (3, ""));
    let answer = objects(&refused.stdout).remove(0);
    assert_eq!(answer["refused"]["code"], "INVALID_ARGUMENT");

    // Only what comes out is held against the schema.
    let schema = r#"{"type":"object","properties":{"email":{"const":"***"}},"required":["email"]}"#;
    let file = server.file("masked.json", schema);
    server.run(&["schema", "register", "masked", "-t", "json_schema", "-f", &file]).succeeded();
    let bind = ["produce", "--reliable", "-t", TOPIC, "--schema-subject", "masked", "--literal", "-m"];
    server.run(&[&bind[..], &[r#"{"email":"***"}"#]].concat()).succeeded();
    dry_run(r#"{"email":"a"}"#).succeeded();
    let refused = dry_run("{\"email\":\"a\"}\n{\"n\":1}");
    assert_eq!(refused.code, 3, "{refused:?}");
    let answer = objects(&refused.stdout).remove(0);
    assert_eq!((&answer["messages"][0]["refused"], &answer["refused"]), (&Value::Null, &Value::Null), "{answer}");
    let violations = &answer["messages"][1]["refused"]["violations"];
    assert_eq!(violations[0]["rule"], "required", "{answer}");
    assert_eq!(stored(&server, TOPIC).len(), 1);

    let told = server.run(&["topics", "transform", "dry-run", "/default/none", "-m", "x"]).failed(1);
    assert!(told.contains("has no transforms"), "{told}");
}

#[test]
fn a_component_cannot_send_a_message_elsewhere() {
    let route = "with = { attribute = \"to\", routes = { other = \"/default/other\" } }";
    let server = Server::start();
    server.run(&["topics", "create", TOPIC, "--reliable"]).succeeded();
    let set = set(&server, TOPIC, &stage("route", "route_by_attribute", route));
    set.succeeded();
    let told = send(&server, "x", &["-a", "to:other"]);
    assert_ne!(told.code, 0, "{told:?}");
    assert!(told.stderr.contains("what enters /default/orders stays there"), "{told:?}");
    assert_eq!(stored(&server, TOPIC).len(), 0);
}

/// What the stages make of a payload; none where they refuse it.
fn made_of(payload: &str) -> Option<Vec<String>> {
    let line = |line: &str| line.starts_with('{').then(|| line.replace("someone", "***"));
    payload.lines().filter(|line| !line.is_empty()).map(line).collect()
}

/// The next of a row of numbers that look random; the same in every run.
fn next(seed: &mut u64) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*seed >> 40).expect("24 bits")
}

/// Some lines, most of them JSON, some empty; every line has a number of its own.
fn random_payload(seed: &mut u64, number: &mut u64) -> String {
    let mut line = |seed: &mut u64| {
        *number += 1;
        match next(seed) % 8 {
            0 => format!("bad {number}"),
            1 => String::new(),
            _ => format!(r#"{{"email":"someone","n":{number}}}"#),
        }
    };
    (0..=next(seed) % 4).map(|_| line(seed)).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_in_the_topic_is_what_was_made_of_what_was_acknowledged_whichever_way_it_came() {
    const SOURCE: &str = "/default/source";
    let server = transformed(&format!("{}{}", stage("split", "split_lines", ""), mask(r#"["email"]"#)));
    server.run(&["topics", "create", SOURCE, "--reliable"]).succeeded();
    let copy = format!(
        "[pipeline]\nname = \"copy\"\nfrom = \"{SOURCE}\"\n[[pipeline.to]]\ntopic = \"{TOPIC}\"\n[pipeline.dead_letter]\ntopic = \"/default/dead\"\n"
    );
    server.run(&["pipeline", "deploy", &server.file("copy.toml", &copy)]).succeeded();
    let (mut seed, mut number, mut expected, mut dead) = (11, 0, Vec::new(), Vec::new());
    for round in 0..9 {
        let messages: Vec<String> = (0..25).map(|_| random_payload(&mut seed, &mut number)).collect();
        let lines: Vec<String> =
            messages.iter().map(|payload| serde_json::json!({ "payload": payload }).to_string()).collect();
        let file = server.file("messages.jsonl", &lines.join("\n"));
        let (topic, more) = [(TOPIC, &[][..]), (TOPIC, &["--danube-api"]), (SOURCE, &[])][round % 3];
        let sent =
            server.run(&[&["produce", "--reliable", "-t", topic, "--retries", "0", "--from", &file], more].concat());
        let is_refused = topic == TOPIC && messages.iter().any(|payload| made_of(payload).is_none());
        assert_eq!(sent.code != 0, is_refused, "{sent:?}");
        if topic == SOURCE {
            settle(&server, SOURCE);
            dead.extend(messages.iter().filter(|payload| made_of(payload).is_none()).cloned());
        }
        expected.extend(messages.iter().filter_map(|payload| made_of(payload)).flatten());
    }
    assert_eq!(payloads(&server, TOPIC), expected);
    assert_eq!(payloads(&server, "/default/dead"), dead);
    assert!(expected.len() > 100 && dead.len() > 5, "the numbers are not worth the test");
}

/// Waits until every message of a topic is acknowledged.
fn settle(server: &Server, topic: &str) {
    loop {
        let described = objects(&server.run(&["--json", "topics", "describe", topic]).succeeded());
        let subscriptions = described[0]["subscription_details"].as_array().expect("a list");
        if !subscriptions.is_empty() && subscriptions.iter().all(|one| one["backlog"] == 0) {
            return;
        }
    }
}

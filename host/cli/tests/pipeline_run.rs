//! `pipeline run` between topics of a real server, with a real component, both killed on the way: nothing is lost, nothing is made up, and what comes
//! twice says so.

use crate::harness::{Outcome, Server, irongate, objects};
use irongate_proto::irongate_v1::DeleteTopicRequest;
use irongate_proto::irongate_v1::topic_service_client::TopicServiceClient;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;
use tonic::transport::Endpoint;

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// Messages that were read and not looked at yet.
const MESSAGES_WAITING_MAX: usize = 1_024;
pub(crate) const ORDERS: &str = "/default/orders";
pub(crate) const CLEAN: &str = "/default/orders-clean";
pub(crate) const DEAD: &str = "/default/orders-dlq";

/// The example that masks fields, built once.
pub(crate) static MASK: LazyLock<PathBuf> = LazyLock::new(|| {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../plugins");
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS").env_remove("CARGO_TARGET_DIR");
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins"));
    command.args(["build", "--quiet", "--release", "--target", "wasm32-wasip2", "-p", "mask-fields", "--target-dir"]);
    assert!(command.arg(&target).status().expect("cargo starts").success(), "the component does not build");
    target.join("wasm32-wasip2/release/mask_fields.wasm")
});

/// A pipeline with the example between two topics.
pub(crate) fn pipeline(more: &str) -> String {
    format!(
        r#"
[pipeline]
name = "orders-clean"
from = "{ORDERS}"
lanes = 2
{more}
[[pipeline.stages]]
id = "mask"
uses = "{}"
with = {{ fields = ["email"] }}
limits = {{ timeout = "60s" }}
[[pipeline.to]]
topic = "{CLEAN}"
[pipeline.dead_letter]
topic = "{DEAD}"
"#,
        MASK.display()
    )
}

/// Starts the pipeline and answers once it consumes.
fn start(server: &Server, file: &str) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut command = server.command(&["pipeline", "run", file]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the pipeline starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("a line");
    assert!(line.starts_with("orders-clean runs: /default/orders -> /default/orders-clean"), "{line}");
    (child, stdout)
}

/// Asks it to stop, and answers how it ended.
fn stop(child: Child, mut stdout: BufReader<std::process::ChildStdout>) -> (i32, String) {
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill starts");
    assert!(sent.success());
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut stdout, &mut rest).expect("text");
    let code = child.wait_with_output().expect("it ends").status.code().expect("it ends by itself");
    (code, rest)
}

/// Orders with these numbers; every seventeenth is none.
pub(crate) fn produce(server: &Server, numbers: std::ops::Range<u64>) {
    let line = |n: u64| {
        let payload = if n % 17 == 3 { format!("bad {n}") } else { json!({"n": n, "email": "a@b.c"}).to_string() };
        json!({"payload": payload, "key": format!("k{}", n % 10), "attributes": {"n": n.to_string()}}).to_string()
    };
    let lines: Vec<String> = numbers.clone().map(line).collect();
    let file = server.file(&format!("orders-{}.jsonl", numbers.start), &lines.join("\n"));
    server.run(&["produce", "-t", ORDERS, "--reliable", "--from", &file, "--quiet"]).succeeded();
}

/// What a topic gets, as it comes, also over a crash of the server.
struct Reader {
    child: Child,
}

impl Reader {
    fn of(server: &Server, topic: &'static str, sender: SyncSender<(&'static str, Value)>) -> Reader {
        let mut command = server.command(&["--json", "consume", "-t", topic, "--from", "earliest"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the reader starts");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let message = serde_json::from_str(&line).expect("JSON");
                if sender.send((topic, message)).is_err() {
                    return;
                }
            }
        });
        Reader { child }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Everything that arrived.
struct Ledger {
    arriving: Receiver<(&'static str, Value)>,
    /// By dedup id: topic, number, payload; and how often.
    seen: BTreeMap<String, (&'static str, u64, String, u32)>,
    /// Numbers in the order of their first arrival, by key.
    order: BTreeMap<String, Vec<u64>>,
}

impl Ledger {
    /// Reads on until there are so many different records.
    fn read_until(&mut self, records: usize) {
        while self.seen.len() < records {
            let arrived = self.arriving.recv_timeout(PATIENCE);
            let (topic, message) = arrived.unwrap_or_else(|_| panic!("{} of {records} arrived", self.seen.len()));
            let attributes = &message["attributes"];
            let id = attributes["x-irongate-dedup-id"].as_str().expect("a dedup id").to_owned();
            let number: u64 = attributes["n"].as_str().expect("a number").parse().expect("a number");
            let payload = message["payload"].as_str().expect("text").to_owned();
            let known = self.seen.entry(id).or_insert_with(|| {
                let key = message["routing_key"].as_str().expect("a key").to_owned();
                self.order.entry(format!("{topic} {key}")).or_default().push(number);
                (topic, number, payload.clone(), 0)
            });
            known.3 += 1;
            assert_eq!((known.0, known.1, &known.2), (topic, number, &payload), "one dedup id for different records");
        }
    }

    /// Each order once, in order for its key, masked or among the dead letters.
    fn check(&self, records: u64) {
        let numbers: BTreeSet<u64> = self.seen.values().map(|(_, number, ..)| *number).collect();
        assert_eq!(numbers, (0..records).collect());
        for (topic, number, payload, _) in self.seen.values() {
            let is_bad = number % 17 == 3;
            assert_eq!(*topic, if is_bad { DEAD } else { CLEAN });
            assert!(is_bad || payload.contains(r#""email":"***""#), "{payload}");
        }
        for (key, numbers) in &self.order {
            assert!(numbers.is_sorted(), "{key}: {numbers:?}");
        }
    }
}

fn backlog(server: &Server) -> u64 {
    let described = server.run(&["--json", "topics", "describe", ORDERS]).succeeded();
    let subscriptions = objects(&described)[0]["subscription_details"].as_array().expect("a list").clone();
    subscriptions.iter().map(|one| one["backlog"].as_u64().expect("a number")).sum()
}

#[test]
fn nothing_is_lost_when_the_pipeline_and_the_server_are_killed() {
    let mut server = Server::start();
    server.run(&["topics", "create", ORDERS, "--reliable", "-p", "2"]).succeeded();
    let file = server.file("orders.toml", &pipeline(""));
    let (mut killed, _stdout) = start(&server, &file);
    let (sender, arriving) = sync_channel(MESSAGES_WAITING_MAX);
    let _readers = [Reader::of(&server, CLEAN, sender.clone()), Reader::of(&server, DEAD, sender)];
    let mut ledger = Ledger { arriving, seen: BTreeMap::new(), order: BTreeMap::new() };

    produce(&server, 0..200);
    ledger.read_until(20);
    killed.kill().expect("it runs");
    killed.wait().expect("it ends");

    produce(&server, 200..400);
    let (child, stdout) = start(&server, &file);
    ledger.read_until(250);
    server = server.crash_and_restart();
    produce(&server, 400..600);
    ledger.read_until(600);
    ledger.check(600);

    let (code, told) = stop(child, stdout);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains(" 0 dropped") && told.contains(" 0 in flight"), "{told}");
    assert_eq!(backlog(&server), 0);
}

#[test]
fn a_pipeline_that_cannot_start_consumes_nothing() {
    let server = Server::start();
    server.run(&["topics", "create", ORDERS, "--reliable"]).succeeded();
    let refused = pipeline("").replace(r#"["email"]"#, "[]");
    let told = server.run(&["pipeline", "run", &server.file("refused.toml", &refused)]).failed(1);
    assert!(told.contains("refused.toml:") && told.contains("fields"), "{told}");
    let described = server.run(&["--json", "topics", "describe", ORDERS]).succeeded();
    assert_eq!(objects(&described)[0]["subscription_details"], json!([]), "{described}");

    let file = server.file("schema.toml", &pipeline("").replace(CLEAN, &format!("{CLEAN}\"\nschema_subject = \"none")));
    let told = server.run(&["pipeline", "run", &file]).failed(1);
    assert!(told.contains("the schema subject none is not registered"), "{told}");

    server.run(&["produce", "-t", "/default/fleeting", "-m", "x"]).succeeded();
    let file = server
        .file("fleeting.toml", &pipeline("").replace(&format!("from = \"{ORDERS}\""), "from = \"/default/fleeting\""));
    let told = server.run(&["pipeline", "run", &file]).failed(1);
    assert!(told.contains("/default/fleeting is not reliable"), "{told}");
}

/// As an administrator does it, with no question asked.
fn delete(server: &Server, topic: &str) {
    let url = server.url.clone();
    let request = DeleteTopicRequest { topic: topic.to_owned() };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let mut client =
            TopicServiceClient::new(Endpoint::from_shared(url).expect("a URL").connect().await.expect("a connection"));
        client.delete_topic(request).await.expect("it is deleted");
    });
}

#[test]
fn a_source_that_is_deleted_while_it_is_left_ends_the_pipeline() {
    let server = Server::start_on(tempfile::tempdir().expect("a directory"), &["--no-auto-create"]);
    for topic in [ORDERS, CLEAN, DEAD] {
        server.run(&["topics", "create", topic, "--reliable"]).succeeded();
    }
    // Long enough to delete the source before the pipeline comes back.
    let text = pipeline("budget = \"1s\"\ngive_back_delay = \"5s\"");
    let child = server.spawn(&["pipeline", "run", &server.file("orders.toml", &text)]);
    server.wait_until_consumed(ORDERS);
    delete(&server, CLEAN);
    produce(&server, 0..1);
    let is_left = || {
        let described = server.run(&["--json", "topics", "describe", ORDERS]).succeeded();
        objects(&described)[0]["subscription_details"][0]["consumers"] == 0
    };
    while !is_left() {}
    delete(&server, ORDERS);
    let told = Outcome::from(child.wait_with_output().expect("it ends")).failed(1);
    assert!(
        told.contains("the topic /default/orders is gone: 5 times in a row the server had no such topic"),
        "{told}"
    );
}

#[test]
fn a_target_gets_nothing_that_breaks_its_schema() {
    let server = Server::start();
    server.run(&["topics", "create", ORDERS, "--reliable"]).succeeded();
    let schema = server.file("clean.json", r#"{"type": "object", "properties": {"n": {"type": "integer"}}}"#);
    server.run(&["schema", "register", "clean", "--schema-type", "json_schema", "--file", &schema]).succeeded();
    let text = pipeline("").replace(CLEAN, &format!("{CLEAN}\"\nschema_subject = \"clean"));
    let (child, stdout) = start(&server, &server.file("orders.toml", &text));
    server.run(&["produce", "-t", ORDERS, "--reliable", "-m", r#"{"n": "one"}"#]).succeeded();
    server.run(&["produce", "-t", ORDERS, "--reliable", "-m", r#"{"n": 2}"#]).succeeded();
    let one = |topic: &str| {
        let read = server.run(&["--json", "consume", "-t", topic, "--from", "earliest", "-c", "1"]).succeeded();
        objects(&read)[0].clone()
    };
    assert_eq!(one(CLEAN)["payload"], r#"{"n": 2}"#);
    let letter = one(DEAD);
    assert_eq!(letter["attributes"]["x-irongate-error-class"], "schema", "{letter}");
    assert!(letter["attributes"]["x-failure-reason"].as_str().expect("text").contains("/n"), "{letter}");
    assert_eq!(stop(child, stdout).0, 0);
}

/// Dead letters listed, grouped, shown, and replayed through a pipeline that has been mended: its outputs are the same as if it had never failed.
#[test]
fn dead_letters_are_looked_at_and_replayed() {
    let server = Server::start();
    server.run(&["topics", "create", ORDERS, "--reliable"]).succeeded();
    let file = server.file("orders.toml", &pipeline(""));
    let (child, stdout) = start(&server, &file);
    produce(&server, 0..40);
    let letters = ["--json", "consume", "-t", DEAD, "--from", "earliest", "-c", "3"];
    // Two lanes work on them, so that no order holds between keys.
    let mut first = objects(&server.run(&letters).succeeded());
    assert_eq!(stop(child, stdout).0, 0);

    let listed = server.run(&["dlq", "list", DEAD]).succeeded();
    assert_eq!(listed.lines().count(), 4, "{listed}");
    assert!(listed.lines().nth(1).is_some_and(|line| line.starts_with("0 ") && line.contains("reject")), "{listed}");
    let grouped = server.run(&["--json", "dlq", "list", "--group", DEAD]).succeeded();
    assert!(objects(&grouped).iter().all(|kind| kind["stage_or_target"] == "mask"), "{grouped}");
    let shown = server.run(&["dlq", "show", DEAD, "--offset", "1"]).succeeded();
    let payload = first[1]["payload"].as_str().expect("text");
    assert!(shown.contains("x-original-topic: /default/orders") && shown.ends_with(&format!("{payload}\n")), "{shown}");
    server.run(&["dlq", "show", DEAD, "--offset", "9"]).failed(1);

    let dry = server.run(&["dlq", "replay", DEAD, "--dry-run"]).succeeded();
    let origin = first[0]["attributes"]["x-original-topic-offset"].as_str().expect("text");
    assert!(dry.contains(&format!("offset 0 -> /default/orders (first /default/orders@{origin})")), "{dry}");
    assert!(dry.ends_with("3 would be sent, 0 not\n"), "{dry}");
    let size = || {
        let described = server.run(&["--json", "topics", "describe", ORDERS]).succeeded();
        objects(&described)[0]["messages"].as_u64().expect("a number")
    };
    assert_eq!(size(), 40);

    // The same pipeline fails again, with the same dedup ids; a letter keeps its first origin.
    let (child, stdout) = start(&server, &file);
    server.run(&["dlq", "replay", DEAD]).succeeded();
    assert_eq!(size(), 43);
    let letters = ["--json", "consume", "-t", DEAD, "--from", "earliest", "-c", "6"];
    let all = objects(&server.run(&letters).succeeded());
    assert_eq!(stop(child, stdout).0, 0);
    let mut again = all[3..].to_vec();
    let payload = |letter: &Value| letter["payload"].as_str().map(str::to_owned);
    first.sort_by_key(payload);
    again.sort_by_key(payload);
    for (before, after) in first.iter().zip(&again) {
        assert_eq!(before["payload"], after["payload"]);
        let of = |letter: &Value, name: &str| letter["attributes"][name].as_str().map(str::to_owned);
        assert_eq!(of(before, "x-irongate-dedup-id"), of(after, "x-irongate-dedup-id"));
        assert_eq!(
            of(before, "x-original-topic-offset"),
            of(after, "x-irongate-origin").map(|origin| origin[16..].to_owned())
        );
        assert_eq!((of(before, "x-irongate-redrives"), of(after, "x-irongate-redrives").as_deref()), (None, Some("1")));
    }
    // What has come back is left alone from the limit on.
    let guarded = server.run(&["dlq", "replay", DEAD, "--dry-run", "--redrives-max", "1"]);
    assert!(guarded.stdout.ends_with("3 would be sent, 3 not\n"), "{guarded:?}");
    assert!(guarded.failed(1).contains("came back 1 of at most 1 times"));
}

#[test]
fn the_tests_of_a_file_run_its_component() {
    let folder = tempfile::tempdir().expect("a directory");
    let tests = r#"
[[tests]]
name = "masks the address"
input = [{ key = "k", json = { email = "a@b.c", id = 1 } }, { key = "k", text = "no order" }]
expect."/default/orders-clean" = [{ key = "k", json = { email = "***", id = 1 } }]
expect.dead_letter = [{ text = "no order", reason_contains = "not JSON", attributes = { x-irongate-stage = "mask" } }]
[[tests]]
name = "a transform that traps is tried again, and then its record alone is a dead letter"
input = [{ key = "a", json = { id = 1 } }, { key = "b", json = { id = 2 } }]
inject = [{ fault = "trap", stage = "mask", record = 1 }]
expect."/default/orders-clean" = [{ key = "b" }]
expect.dead_letter = [{ key = "a", attributes = { x-irongate-error-class = "trap" } }]
"#;
    let file = folder.path().join("orders.toml");
    std::fs::write(&file, pipeline("") + tests).expect("written");
    let output = irongate().args(["pipeline", "test"]).arg(&file).output().expect("the command starts");
    let told = Outcome::from(output).succeeded();
    assert_eq!(told.lines().filter(|line| line.starts_with("passed ")).count(), 2, "{told}");
}

//! The command line through a host that stands before a cluster, which is another host.

use crate::harness::{Outcome, Server, irongate, objects, run};
use std::process::{Child, Stdio};

/// `irongate serve --upstream`, ended with the test.
struct Front {
    process: Child,
    url: String,
    _dir: tempfile::TempDir,
}

impl Front {
    fn before(cluster: &Server) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let ready = dir.path().join("ready");
        let mut serve = irongate();
        serve.args(["serve", "--listen", "127.0.0.1:0", "--upstream", &cluster.url, "--upstream-admin", &cluster.url]);
        serve.arg("--ready-file").arg(&ready).stdout(Stdio::null()).current_dir(dir.path());
        let process = serve.spawn().expect("the host starts");
        while !ready.exists() {
            std::thread::yield_now();
        }
        let url = std::fs::read_to_string(&ready).expect("written").trim().to_owned();
        assert!(!dir.path().join("irongate-data").exists(), "it keeps nothing itself");
        Self { process, url, _dir: dir }
    }

    fn run(&self, args: &[&str]) -> Outcome {
        Outcome::from(irongate().args(args).args(["-s", &self.url]).output().expect("the command starts"))
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_same_commands_work_through_it() {
    let cluster = Server::start();
    let front = Front::before(&cluster);
    front.run(&["topics", "create", "/shop/orders", "--reliable", "--partitions", "2"]).succeeded();
    assert!(front.run(&["topics"]).succeeded().contains("/shop/orders"));
    front.run(&["produce", "-t", "/shop/orders", "-m", "one", "-c", "4", "-i", "0"]).succeeded();
    let stored = cluster.run(&["consume", "-t", "/shop/orders", "--from", "earliest", "-c", "4", "--json"]).succeeded();
    assert_eq!(objects(&stored).len(), 4, "the cluster has them: {stored}");
    let schema = cluster.file("schema.json", r#"{"type":"object"}"#);
    front.run(&["schema", "register", "events", "--type", "json_schema", "--file", &schema]).succeeded();
    assert!(cluster.run(&["schema", "list"]).succeeded().contains("events"));
    let past = front.run(&["consume", "-t", "/shop/orders", "--from", "earliest"]).failed(1);
    assert!(past.contains("a Danube cluster hands out messages from the newest on"), "{past}");
}

#[test]
fn what_makes_no_sense_together_is_refused() {
    let both = run(&["serve", "--upstream", "http://localhost:1", "--data-dir", "x"]).failed(2);
    assert!(both.contains("--data-dir") && both.contains("--upstream"), "{both}");
    let alone = run(&["serve", "--upstream-admin", "http://localhost:1"]).failed(2);
    assert!(alone.contains("--upstream"), "{alone}");
}

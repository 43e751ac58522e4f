//! `pipeline tap` and `pipeline shadow`: records of a real server through real components, which nobody notices.

use crate::harness::{Server, objects, run};
use crate::pipeline_run::{ORDERS, pipeline, produce};

#[test]
fn live_records_become_a_test_that_passes_and_can_fail() {
    let server = Server::start();
    server.run(&["topics", "create", ORDERS, "--reliable", "-p", "2"]).succeeded();
    produce(&server, 0..20);
    let file = server.file("orders.toml", &pipeline(""));
    let saved = server.run(&["pipeline", "tap", &file, "--from", "earliest", "-n", "20", "--save-test", "twenty"]);
    let told = saved.succeeded();
    assert!(told.contains("20 read, 19 delivered, 0 filtered, 0 dropped, 1 dead letters"), "{told}");
    assert!(told.contains("/default/orders-dlq  key k3  bad 3  ("), "{told}");
    assert!(told.ends_with("orders.toml: the test twenty is added, with 20 records\n"), "{told}");

    let passed = run(&["pipeline", "test", &file]).succeeded();
    assert_eq!(passed, "passed twenty\n");
    let text = std::fs::read_to_string(&file).expect("the file");
    let other = server.file("other.toml", &text.replace(r#"["email"]"#, r#"["email", "n"]"#));
    assert!(run(&["pipeline", "test", &other]).stdout.contains("FAILED twenty"));

    // Nobody noticed: there is no subscription, and no topic was written.
    let described = server.run(&["--json", "topics", "describe", ORDERS]).succeeded();
    assert_eq!(objects(&described)[0]["subscription_details"], serde_json::json!([]));
    assert!(!server.run(&["topics", "list"]).succeeded().contains("orders-clean"));
    let again = server.run(&["pipeline", "tap", &file, "--save-test", "twenty"]).failed(1);
    assert!(again.contains("has a test named twenty already"), "{again}");
}

#[test]
fn what_cannot_become_a_test_changes_no_file() {
    let server = Server::start();
    server.run(&["topics", "create", ORDERS, "--reliable"]).succeeded();
    let file = server.file("orders.toml", &pipeline(""));
    let told = server.run(&["pipeline", "tap", &file, "--save-test", "none"]).failed(1);
    assert!(told.contains("/default/orders has no records from there on"), "{told}");
    produce(&server, 0..1);
    let bound = pipeline("").replace("[pipeline.dead_letter]", "schema_subject = \"orders\"\n[pipeline.dead_letter]");
    let file = server.file("bound.toml", &bound);
    let told = server.run(&["pipeline", "tap", &file, "--save-test", "one"]).failed(1);
    assert!(told.contains("the tests cannot check `orders`, because no [[schemas]] has it"), "{told}");
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), bound);
}

#[test]
fn a_shadow_shows_what_another_file_would_change() {
    let server = Server::start();
    server.run(&["topics", "create", ORDERS, "--reliable", "-p", "2"]).succeeded();
    produce(&server, 0..20);
    let file = server.file("orders.toml", &pipeline(""));
    let same = server.file("same.toml", &pipeline("").replace("orders-clean\"\nfrom", "renamed\"\nfrom"));
    let shadow = |other: &str| {
        let args = ["--json", "pipeline", "shadow", &file, other, "--from", "earliest", "-n", "20"];
        server.run(&args)
    };
    let told = objects(&shadow(&same).succeeded());
    assert_eq!(told, [serde_json::json!({"compared": 20, "differing": 0, "unsettled": 0})]);

    // Nineteen are orders; the other is a dead letter either way.
    let more = server.file("more.toml", &pipeline("").replace(r#"["email"]"#, r#"["email", "n"]"#));
    let outcome = shadow(&more);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    let mut told = objects(&outcome.stdout);
    assert_eq!(told.pop(), Some(serde_json::json!({"compared": 20, "differing": 19, "unsettled": 0})));
    assert_eq!(told.len(), 19);
    for difference in &told {
        let payload = |side: &str| difference[side]["payload"].as_str().expect("a payload").to_owned();
        assert!(payload("after").contains(r#""n":"***""#) && !payload("before").contains(r#""n":"***""#));
        assert_eq!(difference["before"]["key"], difference["after"]["key"]);
    }
    let elsewhere = server.file("elsewhere.toml", &pipeline("").replace(ORDERS, "/default/others"));
    let told = shadow(&elsewhere).failed(1);
    assert!(told.contains("only the same records can be compared"), "{told}");
    let described = server.run(&["--json", "topics", "describe", ORDERS]).succeeded();
    assert_eq!(objects(&described)[0]["subscription_details"], serde_json::json!([]));
}

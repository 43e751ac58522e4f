//! A pipeline's file: what is wrong with it, and its tests, through the command.

use crate::harness::run;
use std::path::Path;

const ROUTES: &str = r#"
[pipeline]
name = "routes"
from = "/default/orders"
lanes = 2
[[pipeline.to]]
topic = "/default/refunds"
when = { attribute = "kind", equals = "refund" }
[[pipeline.to]]
topic = "/default/large"
schema_subject = "large"
when = { json = "/amount", above = 100 }
[pipeline.dead_letter]
topic = "/default/orders-dlq"
[[schemas]]
subject = "large"
type = "json_schema"
file = "large.json"
[[tests]]
name = "each record goes where it belongs"
input = [
  { key = "a", attributes = { kind = "refund" }, json = { amount = 5 } },
  { key = "b", json = { amount = 500, id = "x" } },
  { key = "c", json = { amount = 7 } },
  { key = "d", json = { amount = 900 } },
]
expect."/default/refunds" = [{ key = "a", json = { amount = 5 } }]
expect."/default/large" = [{ key = "b", json_contains = { id = "x" } }]
expect.dead_letter = [{ key = "d", attributes = { x-irongate-error-class = "schema", x-original-topic = "/default/orders" } }]
expect.filtered = 1
[[tests]]
name = "a target that is away is tried again, alone"
input = [{ key = "b", attributes = { kind = "refund" }, json = { amount = 500, id = "x" } }]
inject = [{ fault = "produce", topic = "/default/large", times = 2 }, { fault = "redeliver", record = 1 }]
expect."/default/refunds" = [{ key = "b" }]
expect."/default/large" = [{ key = "b" }]
expect.dead_letter = []
"#;

fn write(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    std::fs::write(&file, text).expect("written");
    file.to_str().expect("a path of text").to_owned()
}

#[test]
fn the_tests_of_a_file_run_without_a_server() {
    let folder = tempfile::tempdir().expect("a directory");
    write(folder.path(), "large.json", r#"{"type": "object", "required": ["id"]}"#);
    let file = write(folder.path(), "routes.toml", ROUTES);
    assert!(run(&["pipeline", "check", &file]).succeeded().contains("nothing is wrong"));
    let told = run(&["pipeline", "test", &file]).succeeded();
    assert_eq!(told.lines().filter(|line| line.starts_with("passed ")).count(), 2, "{told}");

    let wrong = write(folder.path(), "wrong.toml", &ROUTES.replace("expect.filtered = 1", "expect.filtered = 2"));
    let failed = run(&["pipeline", "test", &wrong]);
    assert!(failed.stdout.contains("filtered: 1 records were filtered, expected 2"), "{failed:?}");
    failed.failed(1);
}

#[test]
fn every_problem_of_a_file_is_told_with_its_place() {
    let folder = tempfile::tempdir().expect("a directory");
    let text = ROUTES.replace("lanes = 2", "lines = 2").replace("above = 100", "above = \"much\"");
    let told = run(&["pipeline", "check", &write(folder.path(), "bad.toml", &text)]).failed(1);
    assert!(told.contains("bad.toml:5:1: pipeline.lines: this key is unknown; did you mean `lanes`?"), "{told}");
    assert!(told.contains("bad.toml:12:36: pipeline.to[1].when.above: this must be a number"), "{told}");
}

#[test]
fn a_component_that_is_missing_is_named_in_yaml_as_well() {
    let folder = tempfile::tempdir().expect("a directory");
    let text = "pipeline:\n  name: p\n  from: /default/a\n  stages:\n    - id: mask\n      uses: ./none.wasm\n      on_error: drop\n  \
                to:\n    - topic: /default/b\n      on_error: drop\n";
    let told = run(&["pipeline", "check", &write(folder.path(), "p.yaml", text)]).failed(1);
    assert!(told.contains("p.yaml:6:13: pipeline.stages[0].uses: ") && told.contains("cannot be read"), "{told}");
}

#[test]
fn a_pipeline_is_drawn_from_its_file_alone() {
    let folder = tempfile::tempdir().expect("a directory");
    let stage = "[[pipeline.stages]]\nid = \"mask\"\nuses = \"./not-built-yet.wasm\"\n[[pipeline.to]]";
    let file = write(folder.path(), "routes.toml", &ROUTES.replacen("[[pipeline.to]]", stage, 1));
    let drawn = run(&["pipeline", "graph", &file]).succeeded();
    assert!(drawn.starts_with("/default/orders  (subscription routes, exclusive, 2 lanes)\n  -> mask"), "{drawn}");
    assert!(drawn.contains("=> /default/refunds  when attribute kind = \"refund\"\n"), "{drawn}");
    let mermaid = run(&["pipeline", "graph", &file, "--form", "mermaid"]).succeeded();
    assert!(mermaid.starts_with("flowchart LR\n") && mermaid.contains("\n  stage_0 -.-> dead_letters\n"), "{mermaid}");
    let told = run(&["pipeline", "graph", &write(folder.path(), "bad.toml", "[pipeline]\nname = 1")]).failed(1);
    assert!(told.contains("bad.toml:2:8: pipeline.name"), "{told}");
}

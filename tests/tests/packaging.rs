//! What `packaging/` and the operator's page say about the program, held against the
//! program: its options, its metrics. Builds no image and starts no service manager.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, fs, path::PathBuf, process::Command};

use irongate_tests::{Host, http, surroundings};

fn repository() -> PathBuf {
    surroundings::tests_folder().parent().unwrap().to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Words made of these characters that begin with `prefix`.
fn words(text: &str, prefix: &str) -> BTreeSet<String> {
    let is_inside = |character: char| character.is_ascii_alphanumeric() || "_-".contains(character);
    text.split(|character| !is_inside(character))
        .filter(|word| word.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase())))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_option_that_is_named_exists() {
    let help = Command::new(surroundings::irongate()).args(["serve", "--help"]).output().unwrap();
    let known = words(&String::from_utf8(help.stdout).unwrap(), "--");
    let command_lines: String = ["packaging/Dockerfile", "packaging/irongate.service", "docs/operating.md"]
        .map(read)
        .iter()
        .flat_map(|text| text.lines())
        .filter(|line| line.contains("serve") || line.contains("`--"))
        .collect::<Vec<_>>()
        .join("\n");
    // These are the option words of `docker`, `systemctl`, `cargo xtask soak` and `irongate` itself.
    let foreign = ["--build", "--now", "--minutes", "--help"].map(str::to_owned);
    let named: Vec<String> =
        words(&command_lines, "--").into_iter().filter(|option| !foreign.contains(option)).collect();
    assert!(named.len() >= 4, "{named:?}");
    for option in named {
        assert!(known.contains(&option), "`irongate serve` knows no {option}; it knows {known:?}");
    }
}

#[tokio::test]
async fn every_metric_that_is_drawn_or_watched_is_measured() {
    let host = Host::start().await;
    let measured = words(&http::get(host.address(), "/metrics", &[]).await.text(), "irongate_");
    for path in ["packaging/grafana-dashboard.json", "packaging/alerts.yaml"] {
        let used = words(&read(path), "irongate_");
        assert!(used.len() >= 4, "{path} uses {used:?}");
        let unknown: Vec<_> = used.difference(&measured).collect();
        assert!(unknown.is_empty(), "{path} uses {unknown:?}, which /metrics does not have");
    }
}

#[test]
fn the_dashboard_is_one_that_can_be_imported() {
    let dashboard: serde_json::Value = serde_json::from_str(&read("packaging/grafana-dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "each panel has an id of its own");
    for panel in panels {
        assert!(!panel["targets"].as_array().unwrap().is_empty(), "{}", panel["title"]);
    }
}

//! Where a command finds its server: profiles, variables and arguments; `doctor`, completions and pages.

use crate::harness::{Outcome, Server, irongate, objects, run};
use std::path::Path;

/// Runs a command with this configuration file.
fn configured(folder: &Path, config: &str, args: &[&str]) -> Outcome {
    std::fs::create_dir_all(folder.join("irongate")).expect("a folder");
    std::fs::write(folder.join("irongate/config.toml"), config).expect("written");
    Outcome::from(irongate().env("XDG_CONFIG_HOME", folder).args(args).output().expect("the command starts"))
}

#[test]
fn a_profile_says_where_the_server_is() {
    let (server, folder) = (Server::start(), tempfile::tempdir().expect("a folder"));
    let config = format!(
        "default = \"here\"\n[profiles.here]\nservice_addr = \"{}\"\n\
         [profiles.nowhere]\nservice_addr = \"http://127.0.0.1:1\"\n",
        server.url
    );
    let produce = ["produce", "-t", "/default/p", "-m", "x", "-q"];
    configured(folder.path(), &config, &produce).succeeded();
    let nowhere = ["--profile", "nowhere", "topics"];
    let stderr = configured(folder.path(), &config, &nowhere).failed(1);
    assert!(stderr.contains("127.0.0.1:1"), "{stderr}");
    // What was given goes before what is written.
    configured(folder.path(), &config, &[&nowhere[..], &["-s", &server.url]].concat()).succeeded();
    let stderr = configured(folder.path(), &config, &["--profile", "other", "topics"]).failed(2);
    assert!(stderr.contains("no profile other") && stderr.contains("here, nowhere"), "{stderr}");
    let stderr = configured(folder.path(), "profiles = 1", &["topics"]).failed(2);
    assert!(stderr.contains("config.toml"), "{stderr}");
}

#[test]
fn a_profiles_token_goes_only_where_the_profile_says() {
    let (server, folder) = (Server::start(), tempfile::tempdir().expect("a folder"));
    // The token file is missing, so whoever would show it fails.
    let config =
        "default = \"other\"\n[profiles.other]\nservice_addr = \"https://127.0.0.1:1\"\ntoken_file = \"none\"\n";
    configured(folder.path(), config, &["topics", "-s", &server.url]).succeeded();
    let stderr = configured(folder.path(), config, &["topics"]).failed(1);
    assert!(stderr.contains("cannot read the token file"), "{stderr}");
}

#[test]
fn the_doctor_finds_what_is_wrong() {
    let server = Server::start();
    let text = server.run(&["doctor"]).succeeded();
    assert!(text.contains("✅ kind: irongate ") && text.contains("✅ access: granted without a token"), "{text}");
    let outcome = run(&["--json", "doctor", "-s", "http://127.0.0.1:1"]);
    let findings = objects(&outcome.stdout);
    assert_eq!((outcome.code, &findings[1]["what"], &findings[1]["is_well"]), (1, &"server".into(), &false.into()));
    assert!(findings[1]["text"].as_str().expect("text").contains("irongate serve starts one"), "{findings:?}");
}

#[test]
fn completions_and_pages_know_every_verb() {
    let bash = run(&["completions", "bash"]).succeeded();
    let folder = tempfile::tempdir().expect("a folder");
    run(&["man", "--to", folder.path().to_str().expect("text")]).succeeded();
    assert!(run(&["man"]).succeeded().contains(".TH irongate"));
    for verb in ["serve", "produce", "consume", "load", "schema", "topics", "pipeline", "plugin", "doctor"] {
        assert!(bash.contains(&format!("irongate__{verb}")) || bash.contains(&format!("irongate,{verb}")), "{verb}");
        assert!(folder.path().join(format!("irongate-{verb}.1")).exists(), "{verb}");
    }
    run(&["completions", "nosuchshell"]).failed(2);
}

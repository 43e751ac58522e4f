//! The plugin store: what is installed is found by its name by every verb that takes a component, is the one that was installed, and a server keeps its own.

use crate::harness::{Outcome, Server, irongate, objects};
use crate::pipeline_run::MASK;
use std::path::PathBuf;
use std::process::Command;

const SOURCE: &str = "/default/orders";

/// A folder with a plugin store of its own.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Home {
        Home(tempfile::tempdir().expect("a directory"))
    }

    fn with_store(&self, mut command: Command) -> Outcome {
        command.env("XDG_DATA_HOME", self.0.path());
        Outcome::from(command.output().expect("the command starts"))
    }

    fn run(&self, args: &[&str]) -> Outcome {
        let mut command = irongate();
        command.args(args);
        self.with_store(command)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let file = self.0.path().join(name);
        std::fs::write(&file, content).expect("written");
        file.to_str().expect("a path of text").to_owned()
    }

    /// The example that masks fields, with a section more that nobody reads: the same name and version, another digest.
    fn other(&self) -> String {
        let section = [0, 6, 4, b'n', b'o', b't', b'e', b'!'];
        self.write("other.wasm", [std::fs::read(&*MASK).expect("it is built"), section.to_vec()].concat())
    }

    fn files(&self, folder: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.0.path().join("irongate/plugins").join(folder)).expect("a folder");
        entries.map(|entry| entry.expect("an entry").path()).collect()
    }
}

fn mask() -> &'static str {
    MASK.to_str().expect("a path of text")
}

fn stage(uses: &str, more: &str) -> String {
    format!(
        "id = \"mask\"\nuses = \"{uses}\"\nwith = {{ fields = [\"email\"] }}\nlimits = {{ timeout = \"60s\" }}\n{more}\n"
    )
}

fn pipeline(uses: &str, more: &str) -> String {
    let stage = stage(uses, more);
    format!(
        "[pipeline]\nname = \"clean\"\nfrom = \"{SOURCE}\"\n[[pipeline.stages]]\n{stage}\
         [[pipeline.to]]\ntopic = \"/default/clean\"\n[pipeline.dead_letter]\ntopic = \"/default/dlq\"\n\
         [[tests]]\nname = \"masks\"\ninput = [{{ json = {{ email = \"a\" }} }}]\n\
         expect.\"/default/clean\" = [{{ json = {{ email = \"***\" }} }}]\n"
    )
}

#[test]
fn a_plugin_is_installed_once_and_no_other_takes_its_name_and_version() {
    let home = Home::new();
    assert_eq!(home.run(&["--json", "plugin", "list"]).succeeded(), "");
    assert_eq!(home.run(&["plugin", "install", mask()]).succeeded(), "mask-fields@0.1.0: installed\n");
    assert_eq!(home.run(&["plugin", "install", mask()]).succeeded(), "mask-fields@0.1.0: is installed already\n");
    let told = home.run(&["plugin", "install", &home.other()]).failed(1);
    assert!(told.contains("other.wasm is not installed: mask-fields@0.1.0 is installed with the sha256 "), "{told}");
    assert!(told.contains("give it another version, or remove the one that is there"), "{told}");

    let listed = objects(&home.run(&["--json", "plugin", "list"]).succeeded());
    let [one] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!((&one["name"], &one["version"]), (&"mask-fields".into(), &"0.1.0".into()));
    let file = one["file"].as_str().expect("a path");
    assert_eq!(std::fs::read(file).expect("it is there"), std::fs::read(&*MASK).expect("it is built"));
    let shown = home.run(&["plugin", "inspect", "mask-fields"]).succeeded();
    assert!(
        shown.starts_with("mask-fields 0.1.0\n") && shown.contains(one["sha256"].as_str().expect("text")),
        "{shown}"
    );
    let records = home.write("records.jsonl", r#"{"payload": "{\"email\":\"a\"}"}"#);
    let run = ["plugin", "run", "mask-fields@0.1.0", "-r", &records, "-c", r#"{"fields":["email"]}"#, "--json"];
    let run = home.run(&run);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(objects(&run.stdout)[0]["records"][0]["payload"].as_str().expect("text").contains("***"));

    assert_eq!(home.run(&["plugin", "remove", "mask-fields@0.1.0"]).succeeded(), "mask-fields@0.1.0: removed\n");
    assert!(home.files("names").is_empty() && home.files("components").is_empty());
    assert_eq!(home.run(&["plugin", "install", &home.other()]).succeeded(), "mask-fields@0.1.0: installed\n");
    assert!(home.run(&["plugin", "remove", "mask.wasm"]).failed(2).contains("say the plugin's name"));
}

#[test]
fn a_pipeline_finds_its_plugin_by_name_and_holds_it_to_its_digest() {
    let home = Home::new();
    home.run(&["plugin", "install", mask()]).succeeded();
    let listed = objects(&home.run(&["--json", "plugin", "list"]).succeeded());
    let sha256 = listed[0]["sha256"].as_str().expect("text");
    for (uses, more) in [("mask-fields", ""), ("mask-fields@0.1.0", &*format!("sha256 = \"{sha256}\""))] {
        let file = home.write("p.toml", pipeline(uses, more));
        assert!(home.run(&["pipeline", "validate", &file]).succeeded().contains("nothing is wrong"));
        assert_eq!(home.run(&["pipeline", "test", &file]).succeeded(), "passed masks\n");
    }
    let check = |text: String| home.run(&["pipeline", "check", &home.write("p.toml", text)]).failed(1);
    let told = check(pipeline("mask-fields", &format!("sha256 = \"{}\"", "0".repeat(64))));
    assert!(told.contains("p.toml:9:10: pipeline.stages[0].sha256: mask-fields has the sha256 "), "{told}");
    let told = check(pipeline("mask-fields@2.0.0", ""));
    let place = "p.toml:6:8: pipeline.stages[0].uses: there is no mask-fields@2.0.0 in the plugin store: ";
    assert!(told.contains(&format!("{place}there is mask-fields@0.1.0; irongate plugin install FILE.wasm")), "{told}");
    assert!(check(pipeline("Mask", "")).contains("`Mask` is neither a file, which has a `/` or ends in .wasm"));

    // What was changed on the disk is not what was installed.
    let component = &home.files("components")[0];
    std::fs::copy(home.other(), component).expect("written");
    let told = check(pipeline("mask-fields", ""));
    assert!(told.contains("has the sha256 ") && told.contains(&format!("not {sha256}")), "{told}");
    home.run(&["plugin", "install", mask()]).succeeded();
    home.run(&["pipeline", "check", &home.write("p.toml", pipeline("mask-fields", ""))]).succeeded();
}

#[test]
fn a_server_keeps_what_it_runs_whatever_happens_to_the_store() {
    let home = Home::new();
    home.run(&["plugin", "install", mask()]).succeeded();
    let server = Server::start();
    let create = |topic: &str| server.run(&["topics", "create", topic, "--reliable"]).succeeded();
    create(SOURCE);
    create("/default/masked");
    let file = home.write("p.toml", pipeline("mask-fields", ""));
    let told = home.with_store(server.command(&["pipeline", "deploy", &file])).succeeded();
    assert_eq!(told, "clean: version 1 is deployed\n");
    let chain = home.write("chain.toml", format!("[[stages]]\n{}", stage("mask-fields@0.1.0", "")));
    home.with_store(server.command(&["topics", "transform", "set", "/default/masked", &chain])).succeeded();
    home.run(&["plugin", "remove", "mask-fields"]).succeeded();

    let server = server.crash_and_restart();
    for topic in [SOURCE, "/default/masked"] {
        server.run(&["produce", "-t", topic, "--reliable", "--literal", "-m", r#"{"email":"a"}"#, "-q"]).succeeded();
    }
    for topic in ["/default/clean", "/default/masked"] {
        assert_eq!(first_payload(&server, topic), r#"{"email":"***"}"#, "{topic}");
    }
    let described = objects(&server.run(&["--json", "pipeline", "list"]).succeeded()).remove(0);
    assert_eq!(described["stages"][0]["plugin"], "mask-fields 0.1.0");
}

/// Waits for the first message of a topic.
fn first_payload(server: &Server, topic: &str) -> String {
    let read = server.run(&["--json", "consume", "-t", topic, "--from", "earliest", "-c", "1"]).succeeded();
    objects(&read)[0]["payload"].as_str().expect("text").to_owned()
}

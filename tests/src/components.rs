//! The transforms of `plugins`, built once for all tests that serve them, and topics that have them.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::{Host, cli, surroundings};

/// How long a build may take: the first one compiles the libraries as well.
const BUILD_PATIENCE: std::time::Duration = std::time::Duration::from_secs(600);

/// The component of an example, by the name of its folder.
pub async fn example(name: &str) -> PathBuf {
    build(&["-p", name]).await.join(format!("{}.wasm", name.replace('-', "_")))
}

/// The component of a hostile guest, by the name of its file.
pub async fn hostile(name: &str) -> PathBuf {
    build(&["-p", "irongate-fixtures", "--example", name]).await.join(format!("examples/{name}.wasm"))
}

/// Builds, and answers the folder with the components. Cargo waits where another test builds.
async fn build(what: &[&str]) -> PathBuf {
    let target = surroundings::plugins_target();
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Flags for the host's programs are not for these.
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS").env_remove("CARGO_TARGET_DIR");
    command.args(["build", "--quiet", "--release", "--target", "wasm32-wasip2"]).args(what);
    command.arg("--target-dir").arg(&target);
    let plugins = surroundings::tests_folder().join("../plugins");
    let built = cli::run_within(BUILD_PATIENCE, &plugins, command).await;
    assert_eq!(built.code, 0, "the component does not build: {built:?}");
    target.join("wasm32-wasip2/release")
}

/// A stage of a topic's transforms.
pub fn stage(id: &str, component: &Path, more: &str) -> String {
    // Roomy, because components start on a busy machine here.
    let limits = "limits = { timeout = \"60s\" }";
    format!("[[stages]]\nid = \"{id}\"\nuses = \"{}\"\n{limits}\n{more}\n", component.display())
}

/// A new reliable topic with these transforms.
pub async fn transformed(host: &Host, topic: &str, chain: &str) {
    let file = host.folder().join(format!("{}.toml", topic.replace('/', "_")));
    std::fs::write(&file, chain).expect("a file can be written");
    cli::succeeds(host, &["topics", "create", topic, "--reliable"]).await;
    cli::succeeds(host, &["topics", "transform", "set", topic, &file.display().to_string()]).await;
}

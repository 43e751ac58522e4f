//! The product's promise as one shell script of `irongate` commands.

use irongate_tests::{cli, surroundings};
use tokio::process::Command;

#[tokio::test]
async fn the_script_of_commands_holds() {
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let mut command = Command::new("bash");
    command.arg(surroundings::tests_folder().join("scripts/outcome.sh")).arg(surroundings::irongate());
    let ended = cli::run(folder.path(), command).await;
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.ends_with("all is as promised\n"), "{}", ended.stdout);
}

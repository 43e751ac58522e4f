//! The tour in the README is what its script prints.

use irongate_tests::{cli, page, surroundings};
use tokio::process::Command;

/// The line before the block that shows the tour.
const MARK: &str = "`tests/scripts/tour.sh`";

#[tokio::test]
async fn the_readme_shows_what_the_tours_script_prints() {
    let readme = surroundings::tests_folder().parent().expect("the tests are a folder of the root").join("README.md");
    let readme = std::fs::read_to_string(readme).expect("the page can be read");
    let (_, behind) = readme.split_once(MARK).expect("the tour names its script");
    let (_, block) = behind.split_once("```text\n").expect("the tour is a block of text");
    let (expected, _) = block.split_once("```").expect("the block has an end");

    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let mut command = Command::new("bash");
    command.arg(surroundings::tests_folder().join("scripts/tour.sh")).arg(surroundings::irongate());
    let ended = cli::run(folder.path(), command).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{}", ended.stdout);
    assert!(
        page::is_like(expected, &ended.stdout),
        "the tour prints\n{}\nwhere the README says\n{expected}",
        ended.stdout
    );
}

//! A page of the guide as a test: its commands, and what it says they print. Knows Markdown's code blocks and nothing
//! else of it.
//!
//! A block of `sh` is run. Behind the word stands how it ends, where that is not 0: `exit=3`. A block of `text` right
//! behind it is what it prints; `…` in it stands for anything within its line.

use std::{path::Path, time::Duration};

use tokio::process::Command;

use crate::{cli, surroundings};

/// How long one block may take: a transform is built with its libraries.
const BLOCK_PATIENCE: Duration = Duration::from_secs(300);

/// A block of commands.
#[derive(Debug, PartialEq)]
pub struct Block {
    /// The line of the page it begins in.
    pub line: usize,
    /// The commands.
    pub commands: String,
    /// The exit code.
    pub exit: i32,
    /// What is printed, where the page says it.
    pub printed: Option<String>,
}

/// The blocks of a page.
///
/// # Panics
/// A block has a language that the guide does not use, or no end.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            // Text between a command and its output would make it another command's.
            continue;
        };
        let mut body = String::new();
        loop {
            let (_, line) = lines.next().unwrap_or_else(|| panic!("the block of line {} has no end", index + 1));
            if line == "```" {
                break;
            }
            body += line;
            body.push('\n');
        }
        match info.split(' ').collect::<Vec<_>>()[..] {
            ["sh"] => found.push(Block { line: index + 1, commands: body, exit: 0, printed: None }),
            ["sh", exit] => {
                let exit = exit.strip_prefix("exit=").and_then(|code| code.parse().ok());
                let exit = exit.unwrap_or_else(|| panic!("line {}: {info} is no exit code", index + 1));
                found.push(Block { line: index + 1, commands: body, exit, printed: None });
            }
            ["text"] => found.last_mut().expect("output stands behind commands").printed = Some(body),
            _ => panic!("line {}: the guide has blocks of sh and text, not of {info}", index + 1),
        }
    }
    found
}

/// Whether a text is what the page says, where `…` stands for anything within a line.
pub fn is_like(expected: &str, text: &str) -> bool {
    let (expected, text): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), text.lines().collect());
    expected.len() == text.len() && expected.iter().zip(&text).all(|(expected, line)| is_line_like(expected, line))
}

fn is_line_like(expected: &str, line: &str) -> bool {
    let mut parts = expected.split('…');
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

/// Runs every command of a page in this folder, against the server at `url`.
///
/// # Panics
/// Something ends or prints otherwise than the page says.
pub async fn run(name: &str, page: &str, folder: &Path, url: &str) {
    let all = blocks(page);
    assert!(!all.is_empty(), "{name} has commands");
    let irongate = surroundings::irongate();
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", irongate.parent().expect("the binary is in a folder").display());
    for block in all {
        let mut command = Command::new("bash");
        command.args(["-o", "pipefail", "-c", &block.commands]);
        command.env("PATH", &path).env("IRONGATE_SERVICE_ADDR", url).env("XDG_STATE_HOME", folder.join(".state"));
        command.env("XDG_CONFIG_HOME", folder.join(".config")).env_remove("IRONGATE_TOKEN");
        command.env("CARGO_TARGET_DIR", surroundings::plugins_target());
        let ended = cli::run_within(BLOCK_PATIENCE, folder, command).await;
        let place = format!("{name}, line {}:\n{}", block.line, block.commands);
        let all = format!("{}{}", ended.stdout, ended.stderr);
        assert_eq!(ended.code, block.exit, "{place}{all}");
        if let Some(expected) = block.printed {
            assert!(is_like(&expected, &all), "{place}printed\n{all}\nwhere the page says\n{expected}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_codes_and_outputs() {
        let page = "# x\n```sh\na\nb\n```\nthen\n\n```text\nout\n```\n```sh exit=3\nc\n```\n";
        let found = blocks(page);
        assert_eq!(found[0], Block { line: 2, commands: "a\nb\n".into(), exit: 0, printed: Some("out\n".into()) });
        assert_eq!(found[1], Block { line: 11, commands: "c\n".into(), exit: 3, printed: None });
    }

    #[test]
    fn dots_stand_for_anything_in_a_line_and_nothing_else_does() {
        assert!(is_like("a … c\nd", "a b b c\nd") && is_like("…", "\n") && is_like("x…", "xyz"));
        for (expected, text) in [("a … c", "a c"), ("a\nb", "a"), ("a", "a\nb"), ("a…", "b"), ("…a", "ab")] {
            assert!(!is_like(expected, text), "{expected} {text}");
        }
    }
}

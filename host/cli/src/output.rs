//! Writing to stdout and stderr: text for people or one JSON object per line. A reader that
//! goes away is no panic; what it means is the verb's decision.

use serde_json::Value;
use std::io::{self, Write};

/// Where results go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// The same, with JSON where `json` asks for it as well.
    pub(crate) fn or_json(self, json: bool) -> Self {
        Self { json: self.json || json }
    }

    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Prints one result, in the form that was asked for.
    ///
    /// # Errors
    /// The error of the write; [`io::ErrorKind::BrokenPipe`] where nobody reads any more.
    pub(crate) fn result(self, text: impl FnOnce() -> String, json: impl FnOnce() -> Value) -> io::Result<()> {
        if self.json { line(&json().to_string()) } else { line(&text()) }
    }

    /// Prints lines that are made already, in one go.
    ///
    /// # Errors
    /// As of [`Output::result`].
    pub(crate) fn lines(self, lines: &[String]) -> io::Result<()> {
        if lines.is_empty() { Ok(()) } else { line(&lines.join("\n")) }
    }

    /// Prints bytes as they are, and a line feed.
    ///
    /// # Errors
    /// As of [`Output::result`].
    pub(crate) fn bytes(self, bytes: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.write_all(b"\n")?;
        stdout.flush()
    }

    /// Prints a line of progress that a person may like to see and a program does not need.
    /// Work goes on where nobody reads it.
    pub(crate) fn progress(self, text: &str) {
        if !self.json {
            let _ = line(text);
        }
    }
}

fn line(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()
}

/// Prints a line on stderr.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Whether nobody reads any more.
pub(crate) fn is_broken_pipe(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

/// Text that came from elsewhere, with the characters escaped by which a terminal can be made to do things.
pub(crate) fn harmless(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() && !matches!(character, '\n' | '\t') {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    safe
}

/// Rows under a head, each column as wide as its widest cell.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let lines = std::iter::once(&head).chain(rows).map(|row| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_commands_are_escaped() {
        assert_eq!(harmless("a\u{1b}[2Jb\tc\nd"), "a\\u{1b}[2Jb\tc\nd");
        assert_eq!(harmless("ünïcode 字"), "ünïcode 字");
    }

    #[test]
    fn tables_line_up() {
        let rows = vec![vec!["a".to_owned(), "1".to_owned()], vec!["long".to_owned(), "2".to_owned()]];
        assert_eq!(table(&["NAME", "N"], &rows), "NAME  N\na     1\nlong  2");
    }
}

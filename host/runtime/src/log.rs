//! The lines that a transform writes in one call, bounded. Does not print them: they travel in the report.

use crate::{bindings::irongate::transform::logging as wit, limits::Limits};

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Of interest to whoever wrote the transform.
    Trace,
    /// Of interest while looking for a fault.
    Debug,
    /// Worth knowing.
    Info,
    /// Something is not as it should be.
    Warn,
    /// Something failed.
    Error,
}

impl From<wit::Level> for Level {
    fn from(level: wit::Level) -> Level {
        match level {
            wit::Level::Trace => Level::Trace,
            wit::Level::Debug => Level::Debug,
            wit::Level::Info => Level::Info,
            wit::Level::Warn => Level::Warn,
            wit::Level::Error => Level::Error,
        }
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Level::Trace => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        })
    }
}

/// One line of a transform's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: Level,
    /// The text, cut to the limit.
    pub message: String,
}

/// The log of one call.
#[derive(Debug, Default)]
pub(crate) struct LogBook {
    pub(crate) lines: Vec<LogLine>,
    pub(crate) lines_left_out: u64,
}

impl LogBook {
    pub(crate) fn write(&mut self, level: Level, mut message: String, limits: &Limits) {
        if self.lines.len() >= limits.log_lines_max {
            self.lines_left_out += 1;
            return;
        }
        cut(&mut message, limits.log_line_bytes_max);
        self.lines.push(LogLine { level, message });
    }
}

/// Shortens a text to so many bytes, never within a character.
pub(crate) fn cut(text: &mut String, bytes_max: usize) {
    text.truncate(text.floor_char_boundary(bytes_max));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_beyond_the_limit_are_counted_and_long_ones_cut() {
        let limits = Limits { log_lines_max: 2, log_line_bytes_max: 4, ..Limits::default() };
        let mut book = LogBook::default();
        for message in ["abc", "abcß", "left out"] {
            book.write(Level::Info, message.into(), &limits);
        }
        let messages: Vec<&str> = book.lines.iter().map(|line| line.message.as_str()).collect();
        // The fourth byte is the first half of a character.
        assert_eq!(messages, ["abc", "abc"]);
        assert_eq!(book.lines_left_out, 1);
    }
}

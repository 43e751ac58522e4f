//! The bar of a run on a terminal, and whether each message has a line as well. Knows what is shown, not what it means.

use crate::output::{Output, complain};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

/// On a terminal, runs of more messages than this have a bar instead of a line for each.
const LINES_ON_TERMINAL_MAX: u64 = 20;

/// What of a run is shown while it goes on.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    has_lines: bool,
}

/// Where the output of a run goes.
#[derive(Clone, Copy)]
struct Screen {
    is_json: bool,
    is_stdout_seen: bool,
    is_stderr_seen: bool,
}

impl Progress {
    pub(super) fn new(output: Output, total: Option<u64>, is_quiet: bool) -> Self {
        let screen = Screen {
            is_json: output.is_json(),
            is_stdout_seen: std::io::stdout().is_terminal(),
            is_stderr_seen: std::io::stderr().is_terminal(),
        };
        let (has_bar, has_lines) = screen.shows(total, is_quiet);
        Self { bar: has_bar.then(|| bar(total)), has_lines }
    }

    /// With a bar that nobody sees.
    #[cfg(test)]
    pub(super) fn hidden() -> Self {
        Self { bar: Some(ProgressBar::hidden()), has_lines: false }
    }

    /// Where the bar stands, and what it says besides.
    #[cfg(test)]
    pub(super) fn told(&self) -> Option<(u64, String)> {
        self.bar.as_ref().map(|bar| (bar.position(), bar.message()))
    }

    /// Whether each message has a line.
    pub(super) fn has_lines(&self) -> bool {
        self.has_lines
    }

    /// Prints a line on stderr, above the bar.
    pub(super) fn complain(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| complain(text)),
            None => complain(text),
        }
    }

    /// So many messages are done with; `more` is what there is to say besides.
    pub(super) fn tell(&self, position: u64, more: String) {
        if let Some(bar) = &self.bar {
            bar.set_position(position);
            bar.set_message(more);
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Screen {
    /// Whether there is a bar, and whether there are lines.
    fn shows(self, total: Option<u64>, is_quiet: bool) -> (bool, bool) {
        let is_long = total.is_none_or(|total| total > LINES_ON_TERMINAL_MAX);
        let has_bar = !self.is_json && self.is_stderr_seen && (is_quiet || is_long);
        // A bar and lines on the same terminal would write over each other.
        (has_bar, !(is_quiet || has_bar && self.is_stdout_seen))
    }
}

fn bar(total: Option<u64>) -> ProgressBar {
    let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
    let template = match total {
        Some(_) => "{wide_bar} {human_pos}/{human_len}{msg} {per_sec} eta {eta}",
        None => "{spinner} {human_pos} messages{msg} {per_sec} {elapsed}",
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        // The default style says less, but nothing wrong.
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_has_a_bar_where_a_person_sees_it() {
        let seen = Screen { is_json: false, is_stdout_seen: true, is_stderr_seen: true };
        let piped = Screen { is_stdout_seen: false, ..seen };
        let unseen = Screen { is_stderr_seen: false, ..piped };
        let json = Screen { is_json: true, ..seen };
        let many = Some(LINES_ON_TERMINAL_MAX + 1);
        for (screen, total, is_quiet, shown) in [
            (seen, Some(LINES_ON_TERMINAL_MAX), false, (false, true)),
            (seen, many, false, (true, false)),
            (seen, None, false, (true, false)),
            (seen, Some(1), true, (true, false)),
            (piped, many, false, (true, true)),
            (unseen, many, false, (false, true)),
            (unseen, many, true, (false, false)),
            (json, many, false, (false, true)),
        ] {
            assert_eq!(screen.shows(total, is_quiet), shown, "{total:?}, quiet: {is_quiet}");
        }
    }
}

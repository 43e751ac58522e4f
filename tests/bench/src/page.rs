//! The page of all benchmarks: each replaces its own section and leaves the others.
//! Also what sections share: medians, figures as people read them, goals.

use std::{borrow::Borrow, io, path::Path, time::Duration};

const HEAD: &str = "\
# Benchmarks

Each section is written by the command that it names, from the release build. Rounds are interleaved, figures are medians, and everything
measured shares the machine with what measures it. Compare ratios: absolute numbers belong to one machine.
";

/// Writes one section, `## title`, into the page; makes the page if it is missing.
///
/// # Errors
/// The page cannot be read or written.
pub fn put(page: &Path, title: &str, body: &str) -> io::Result<()> {
    let old = match std::fs::read_to_string(page) {
        Ok(old) => old,
        Err(error) if error.kind() == io::ErrorKind::NotFound => HEAD.to_owned(),
        Err(error) => return Err(error),
    };
    std::fs::write(page, with_section(&old, title, body))
}

fn with_section(old: &str, title: &str, body: &str) -> String {
    let heading = format!("## {title}\n");
    let section = format!("{heading}\n{}\n", body.trim_end());
    let mut parts: Vec<String> = Vec::new();
    for line in old.split_inclusive('\n') {
        match parts.last_mut() {
            Some(part) if !line.starts_with("## ") => part.push_str(line),
            _ => parts.push(line.to_owned()),
        }
    }
    match parts.iter_mut().find(|part| part.starts_with(&heading)) {
        Some(part) => *part = section,
        None => parts.push(section),
    }
    let parts: Vec<&str> = parts.iter().map(|part| part.trim_end()).collect();
    parts.join("\n\n") + "\n"
}

/// What was to be reached, and what was.
#[derive(Debug, Default)]
pub struct Goals(Vec<String>);

impl Goals {
    /// One goal with the figure that was reached.
    pub fn add(&mut self, text: &str, reached: &str, is_met: bool) {
        self.0.push(format!("- {text}: {reached}: {}", if is_met { "met" } else { "missed" }));
    }

    /// All of them, as a list below a heading.
    pub fn markdown(&self) -> String {
        format!("\n### Goals\n\n{}\n", self.0.join("\n"))
    }
}

/// The middle one; of an even number the upper middle one.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The median of the rounds' own ratios: what slowed a round down slowed both.
pub fn ratio<O: Borrow<f64>, B: Borrow<f64>>(
    ours: impl IntoIterator<Item = O>,
    baseline: impl IntoIterator<Item = B>,
) -> f64 {
    median(ours.into_iter().zip(baseline).map(|(ours, baseline)| ours.borrow() / baseline.borrow()))
}

/// `56 %`.
pub fn percent(ratio: f64) -> String {
    format!("{:.0} %", ratio * 100.0)
}

/// Microseconds, or milliseconds from one on.
pub fn duration(us: f64) -> String {
    if us < 1000.0 { format!("{us:.0} us") } else { format!("{:.1} ms", us / 1000.0) }
}

/// A duration in microseconds.
pub fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// Cores that everything shares.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_replaces_itself_and_leaves_the_others() {
        let page = with_section(HEAD, "One", "first\n");
        let page = with_section(&page, "Two", "second\n### Goals\n- met\n");
        let page = with_section(&page, "One", "first again");
        let expected = format!("{HEAD}\n## One\n\nfirst again\n\n## Two\n\nsecond\n### Goals\n- met\n");
        assert_eq!(page, expected);
    }

    #[test]
    fn a_ratio_is_the_median_of_the_rounds_ratios() {
        assert_eq!(ratio([1.0, 9.0, 3.0], [2.0, 3.0, 3.0]), 1.0);
        assert!(ratio([0.0; 0], [0.0; 0]).is_nan());
    }
}

//! The drawings of a pipeline over the time that it was watched, as numbers. Times are what they are: where nobody looked, a
//! line goes straight from one answer to the next. Knows no markup.

use std::fmt::Write as _;

use super::load_chart::{HEIGHT, WIDTH};

/// Values with their times in milliseconds, oldest first.
pub type Points = Vec<(u64, u64)>;

/// From the first time to the last one.
#[must_use]
pub fn span<'a>(lines: impl Iterator<Item = &'a Points> + Clone) -> Option<(u64, u64)> {
    let times = lines.flat_map(|points| points.iter().map(|(at_ms, _)| *at_ms));
    Some((times.clone().min()?, times.max()?)).filter(|(from, to)| from < to)
}

/// A line, as `x,y x,y`.
#[must_use]
pub fn line(points: &[(u64, u64)], (from, to): (u64, u64), highest: u64) -> String {
    let mut drawn = String::new();
    for (at_ms, value) in points {
        let x = at_ms.saturating_sub(from) * WIDTH / (to - from).max(1);
        let _ = write!(drawn, "{x},{} ", y(*value, highest));
    }
    drawn.truncate(drawn.trim_end().len());
    drawn
}

/// Where a value is, from the top.
#[must_use]
pub fn y(value: u64, highest: u64) -> u64 {
    HEIGHT - (value.min(highest) * HEIGHT / highest.max(1))
}

/// How long ago, in words.
#[must_use]
pub fn ago(span_ms: u64) -> String {
    match span_ms / 1_000 {
        0 => "now".to_owned(),
        seconds @ 1..120 => format!("{seconds} s ago"),
        seconds => format!("{} min ago", seconds / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_follows_the_clock_and_not_the_number_of_answers() {
        let points = vec![(1_000, 0), (2_000, 10), (5_000, 5)];
        let span = span([&points].into_iter()).expect("a span");
        assert_eq!(line(&points, span, 10), "0,180 180,0 720,90");
        assert_eq!((y(99, 10), y(0, 0)), (0, HEIGHT));
    }

    #[test]
    fn one_answer_is_no_span() {
        assert_eq!(span([&vec![(1_000, 1)], &Vec::new()].into_iter()), None);
        assert_eq!([0, 999, 61_000, 300_000].map(ago), ["now", "now", "61 s ago", "5 min ago"]);
    }
}

//! The drawings of a load as numbers: lines over the seconds and bars over latencies, in the whole units of a drawing that is
//! [`WIDTH`] by [`HEIGHT`]. Knows no markup.

use std::fmt::Write as _;

use irongate_proto::irongate_v1::{LoadBucket, LoadSecond};

/// How wide a drawing is.
pub const WIDTH: u64 = 720;
/// How high.
pub const HEIGHT: u64 = 180;
/// Points of a line at most: a longer run draws several seconds as one.
const POINTS_MAX: usize = 240;

/// A value of a second.
pub type Value = fn(&LoadSecond) -> u64;

/// How heights go with values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// From 0 to this.
    Linear(u64),
    /// From one power of ten to another.
    Decades(u32, u32),
}

impl Scale {
    /// For counts up to this.
    #[must_use]
    pub fn counts(highest: u64) -> Scale {
        Scale::Linear(round_above(highest))
    }

    /// For times between these.
    #[must_use]
    pub fn times(lowest: u64, highest: u64) -> Scale {
        let low = lowest.max(1).ilog10();
        Scale::Decades(low, (highest.max(1) - u64::from(highest > 1)).max(1).ilog10().max(low) + 1)
    }

    /// The values that get a line of their own.
    #[must_use]
    pub fn marks(self) -> Vec<u64> {
        match self {
            Scale::Linear(highest) => vec![0, highest / 2, highest],
            Scale::Decades(low, high) => (low..=high).map(|power| 10_u64.saturating_pow(power)).collect(),
        }
    }

    /// Where a value is, from the top.
    #[must_use]
    pub fn y(self, value: u64) -> u64 {
        let share = match self {
            Scale::Linear(highest) => value as f64 / highest as f64,
            Scale::Decades(low, high) => ((value.max(1) as f64).log10() - f64::from(low)) / f64::from(high - low),
        };
        HEIGHT - (share.clamp(0.0, 1.0) * HEIGHT as f64) as u64
    }
}

/// The next round number, where an axis may end.
#[must_use]
pub fn round_above(highest: u64) -> u64 {
    let magnitude = 10_u64.saturating_pow(highest.max(1).ilog10());
    let steps = [1, 2, 5, 10].map(|step| step * magnitude);
    steps.into_iter().find(|step| *step >= highest).unwrap_or(highest).max(2)
}

/// The seconds, several taken together where there are too many: counts as their mean, times as their worst.
#[must_use]
pub fn drawn(seconds: &[LoadSecond]) -> Vec<LoadSecond> {
    let together = seconds.len().div_ceil(POINTS_MAX).max(1);
    let merged = |group: &[LoadSecond]| {
        let count = group.len() as u64;
        let mean = |value: Value| group.iter().map(value).sum::<u64>() / count;
        let worst = |value: Value| group.iter().map(value).max().unwrap_or(0);
        LoadSecond {
            acknowledged: mean(|second| second.acknowledged),
            failed: mean(|second| second.failed),
            p50_us: worst(|second| second.p50_us),
            p95_us: worst(|second| second.p95_us),
            p99_us: worst(|second| second.p99_us),
            max_us: worst(|second| second.max_us),
        }
    };
    seconds.chunks(together).map(merged).collect()
}

/// The line of a value, as `x,y x,y`.
#[must_use]
pub fn line(seconds: &[LoadSecond], scale: Scale, value: Value) -> String {
    let last = seconds.len().saturating_sub(1).max(1) as u64;
    let mut points = String::new();
    for (index, second) in seconds.iter().enumerate() {
        let _ = write!(points, "{},{} ", index as u64 * WIDTH / last, scale.y(value(second)));
    }
    points.truncate(points.trim_end().len());
    points
}

/// A bar of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// From the left.
    pub x: u64,
    /// How wide.
    pub width: u64,
    /// How high.
    pub height: u64,
    /// What it stands for.
    pub bucket: LoadBucket,
}

/// A bar for each bucket. One that is not empty can be seen.
#[must_use]
pub fn bars(buckets: &[LoadBucket]) -> Vec<Bar> {
    let highest = buckets.iter().map(|bucket| bucket.count).max().unwrap_or(0).max(1);
    let width = WIDTH / buckets.len().max(1) as u64;
    let bar = |(index, bucket): (usize, &LoadBucket)| Bar {
        x: index as u64 * width,
        width: width.saturating_sub(2).max(1),
        height: (bucket.count * HEIGHT / highest).max(u64::from(bucket.count > 0) * 2),
        bucket: *bucket,
    };
    buckets.iter().enumerate().map(bar).collect()
}

/// A time as a person reads it.
#[must_use]
pub fn time(us: u64) -> String {
    let tenths = |value: u64, unit: u64| format!("{}.{}", value / unit, value % unit * 10 / unit);
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => tenths(us, 1_000) + " ms",
        _ => tenths(us, 1_000_000) + " s",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(acknowledged: u64, p50_us: u64) -> LoadSecond {
        LoadSecond { acknowledged, p50_us, ..LoadSecond::default() }
    }

    #[test]
    fn scales_end_at_round_numbers_and_hold_what_they_are_made_for() {
        assert_eq!([0, 1, 7, 1_234, 5_000].map(Scale::counts), [2, 2, 10, 2_000, 5_000].map(Scale::Linear));
        assert_eq!(Scale::times(130, 4_500), Scale::Decades(2, 4));
        assert_eq!(Scale::times(130, 10_000), Scale::Decades(2, 4));
        assert_eq!(Scale::times(0, 0), Scale::Decades(0, 1));
        assert_eq!(
            (Scale::Decades(2, 4).y(100), Scale::Decades(2, 4).y(1_000), Scale::Decades(2, 4).y(10_000)),
            (180, 90, 0)
        );
        assert_eq!((Scale::Linear(10).y(0), Scale::Linear(10).y(10), Scale::Linear(10).y(99)), (HEIGHT, 0, 0));
    }

    #[test]
    fn a_line_goes_from_edge_to_edge() {
        let seconds = [second(0, 0), second(5, 0), second(10, 0)];
        assert_eq!(line(&seconds, Scale::Linear(10), |second| second.acknowledged), "0,180 360,90 720,0");
        assert_eq!(line(&[], Scale::Linear(10), |second| second.acknowledged), "");
    }

    #[test]
    fn an_hour_is_drawn_in_few_points_and_hides_no_peak() {
        let mut seconds = vec![second(100, 10); 3_600];
        seconds[1_801].p50_us = 9_999;
        let drawn = drawn(&seconds);
        assert_eq!(drawn.len(), POINTS_MAX);
        assert!(
            drawn.iter().any(|second| second.p50_us == 9_999) && drawn.iter().all(|second| second.acknowledged == 100)
        );
    }

    #[test]
    fn bars_fill_the_width_and_a_single_message_is_seen() {
        let buckets = [LoadBucket { upper_us: 1, count: 100_000 }, LoadBucket { upper_us: 2, count: 1 }];
        let bars = bars(&buckets);
        assert_eq!((bars[0].height, bars[1].height, bars[1].x), (HEIGHT, 2, 360));
    }

    #[test]
    fn times_have_the_unit_that_fits() {
        assert_eq!([999, 1_550, 2_500_000].map(time), ["999 µs", "1.5 ms", "2.5 s"]);
    }
}

//! What the samples of a soak say: whether memory was flat, and the table that a person reads.
//! Takes samples as they are; knows no process.

use std::{fmt::Write as _, time::Duration};

use crate::page::median;

/// The medians of the first and the last part may differ by so much of the first.
pub const DIFFERENCE_MAX: f64 = 0.05;

/// Parts of the time after the warm-up; the first and the last are compared.
const PARTS: usize = 5;

/// What is warm-up at the beginning: one part in so many of the whole time. Caches and the store's tables take ten
/// minutes to fill on a small machine.
const WARM_UP_ONE_IN: u32 = 3;

/// Rows of the table.
const ROWS: usize = 15;

/// One look at the host.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Since the load began.
    pub at: Duration,
    /// Resident memory.
    pub resident_mib: f64,
    /// The data directory.
    pub disk_mib: f64,
    /// Messages sent so far.
    pub sent: u64,
    /// Messages delivered so far, all subscriptions together.
    pub delivered: u64,
}

/// The part of the time that is not looked at.
pub fn warm_up(whole: Duration) -> Duration {
    whole / WARM_UP_ONE_IN
}

/// The two medians that are compared, in MiB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// Of the first part after the warm-up.
    pub first_mib: f64,
    /// Of the last part.
    pub last_mib: f64,
}

impl Verdict {
    /// None where there are fewer samples after the warm-up than parts.
    pub fn of(samples: &[Sample], whole: Duration) -> Option<Verdict> {
        let warm: Vec<f64> =
            samples.iter().filter(|sample| sample.at >= warm_up(whole)).map(|sample| sample.resident_mib).collect();
        let part = warm.len() / PARTS;
        if part == 0 {
            return None;
        }
        let (first, last) = (warm[..part].iter().copied(), warm[warm.len() - part..].iter().copied());
        Some(Verdict { first_mib: median(first), last_mib: median(last) })
    }

    /// How much the last part differs from the first.
    pub fn difference(self) -> f64 {
        self.last_mib / self.first_mib - 1.0
    }

    /// Whether memory was flat.
    pub fn is_flat(self) -> bool {
        self.difference().abs() <= DIFFERENCE_MAX
    }
}

/// The samples as rows of equal time, memory as the median of each.
pub fn table(samples: &[Sample]) -> String {
    let mut text = "| until | resident | data directory | sent | delivered |\n|---:|---:|---:|---:|---:|\n".to_owned();
    for row in samples.chunks(samples.len().div_ceil(ROWS).max(1)) {
        let Some(last) = row.last() else { continue };
        let seconds = last.at.as_secs();
        let resident = median(row.iter().map(|sample| sample.resident_mib));
        let _ = writeln!(
            text,
            "| {:02}:{:02} | {resident:.1} MiB | {:.0} MiB | {} | {} |",
            seconds / 60,
            seconds % 60,
            last.disk_mib,
            last.sent,
            last.delivered
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Duration = Duration::from_secs(600);

    /// One sample for each second.
    fn samples(resident_mib: impl Fn(u64) -> f64) -> Vec<Sample> {
        let sample = |second| Sample {
            at: Duration::from_secs(second),
            resident_mib: resident_mib(second),
            disk_mib: 1.0,
            sent: second,
            delivered: second * 4,
        };
        (0..WHOLE.as_secs()).map(sample).collect()
    }

    #[test]
    fn growth_during_the_warm_up_is_no_growth() {
        let verdict = Verdict::of(&samples(|second| if second < 200 { second as f64 / 2.0 } else { 100.0 }), WHOLE);
        let verdict = verdict.expect("enough samples");
        assert_eq!(verdict, Verdict { first_mib: 100.0, last_mib: 100.0 });
        assert!(verdict.is_flat());
    }

    #[test]
    fn a_slow_leak_is_not_flat_and_a_tooth_is() {
        let leak = Verdict::of(&samples(|second| 100.0 + second as f64 * 0.02), WHOLE).expect("enough samples");
        assert!(!leak.is_flat(), "{leak:?}");
        let tooth = Verdict::of(&samples(|second| 100.0 + (second % 20) as f64), WHOLE).expect("enough samples");
        assert!(tooth.is_flat(), "{tooth:?}");
    }

    #[test]
    fn too_few_samples_say_nothing() {
        assert_eq!(Verdict::of(&samples(|_| 1.0)[..203], WHOLE), None);
    }

    #[test]
    fn a_table_has_a_row_for_equal_times() {
        let text = table(&samples(|_| 42.0));
        assert_eq!(text.lines().count(), 2 + ROWS);
        assert!(text.ends_with("| 09:59 | 42.0 MiB | 1 MiB | 599 | 2396 |\n"), "{text}");
    }
}

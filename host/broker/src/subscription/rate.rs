//! How much happened lately: a count over the last seconds. No clock of its own.

use tokio::time::Instant;

/// The seconds a rate looks back on.
const SECONDS: usize = 10;

pub(super) struct Rate {
    begun: Instant,
    /// One for each of the last seconds, by second modulo their number.
    counts: [u32; SECONDS],
    /// The second counted last.
    second: u64,
}

impl Rate {
    pub(super) fn new(now: Instant) -> Self {
        Self { begun: now, counts: [0; SECONDS], second: 0 }
    }

    pub(super) fn count(&mut self, now: Instant) {
        let place = self.turn(now);
        self.counts[place] = self.counts[place].saturating_add(1);
    }

    pub(super) fn per_second(&mut self, now: Instant) -> f64 {
        self.turn(now);
        let sum: u32 = self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count));
        f64::from(sum) / SECONDS as f64
    }

    /// Forgets what is too old, and says where to count now.
    fn turn(&mut self, now: Instant) -> usize {
        let second = now.saturating_duration_since(self.begun).as_secs();
        if second.saturating_sub(self.second) >= SECONDS as u64 {
            self.counts = [0; SECONDS];
        } else {
            (self.second + 1..=second).for_each(|passed| self.counts[place(passed)] = 0);
        }
        self.second = self.second.max(second);
        place(second)
    }
}

fn place(second: u64) -> usize {
    usize::try_from(second % SECONDS as u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_rate_is_the_mean_of_the_last_ten_seconds() {
        let begun = Instant::now();
        let at = |ms: u64| begun + Duration::from_millis(ms);
        let mut rate = Rate::new(begun);
        (0..50).for_each(|number| rate.count(at(number * 100)));
        assert!((rate.per_second(at(5000)) - 5.0).abs() < f64::EPSILON);
        assert!((rate.per_second(at(9999)) - 5.0).abs() < f64::EPSILON);
        // The first second leaves the window, then all of them.
        assert!((rate.per_second(at(10_000)) - 4.0).abs() < f64::EPSILON);
        assert!((rate.per_second(at(13_500)) - 1.0).abs() < f64::EPSILON);
        rate.count(at(13_500));
        assert!((rate.per_second(at(60_000))).abs() < f64::EPSILON);
    }
}

//! When the next message is due at a given rate. An open loop: a late message does not make the following ones late.

use std::time::{Duration, Instant};

/// Messages per second that anyone may ask for. More is what no rate at all gives.
pub const RATE_MAX: f64 = 1_000_000.0;

/// Points in time with the same distance from each other.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    start: Instant,
    period: Duration,
}

impl Pace {
    /// Begins now.
    #[must_use]
    pub fn of_period(period: Duration) -> Self {
        Self { start: Instant::now(), period }
    }

    /// Begins, or began, at this time.
    #[must_use]
    pub fn since(start: Instant, per_second: f64) -> Self {
        Self { start, period: Duration::from_secs_f64(1.0 / per_second) }
    }

    /// Begins now.
    #[must_use]
    pub fn of_rate(per_second: f64) -> Self {
        Self::since(Instant::now(), per_second)
    }

    /// When message `index`, counted from 0, is due.
    #[must_use]
    pub fn due(self, index: u64) -> Instant {
        self.start + Duration::from_secs_f64(self.period.as_secs_f64() * index as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_times_do_not_drift() {
        let pace = Pace::of_rate(3.0);
        assert_eq!(pace.due(0), pace.start);
        let drift = (pace.due(3_000_000) - pace.start).as_secs_f64() - 1_000_000.0;
        assert!(drift.abs() < 0.01, "{drift}");
    }
}

//! When the next message is due at a given rate. An open loop: a late message does not make the following ones late.

use std::time::{Duration, Instant};

/// Messages per second that anyone may ask for. More is what no rate at all gives.
const RATE_MAX: f64 = 1_000_000.0;

/// A rate from the command line.
pub(crate) fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= RATE_MAX => Ok(rate),
        _ => Err(format!("a rate is a number of messages per second above 0 and at most {RATE_MAX}")),
    }
}

/// Points in time with the same distance from each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    start: Instant,
    period: Duration,
}

impl Pace {
    /// Begins now.
    pub(crate) fn of_period(period: Duration) -> Self {
        Self { start: Instant::now(), period }
    }

    /// Begins now.
    pub(crate) fn of_rate(per_second: f64) -> Self {
        Self::of_period(Duration::from_secs_f64(1.0 / per_second))
    }

    /// When message `index`, counted from 0, is due.
    pub(crate) fn due(self, index: u64) -> Instant {
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

    #[test]
    fn rates_are_positive_numbers() {
        assert_eq!(parse_rate("0.5"), Ok(0.5));
        for text in ["0", "-1", "fast", "nan", "inf", "1000001"] {
            assert!(parse_rate(text).expect_err(text).contains("messages per second"), "{text}");
        }
    }
}

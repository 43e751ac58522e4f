//! A rate as it is written on the command line, and when by it the next message is due. Waiting is the caller's.

use irongate_load::{Pace, RATE_MAX};
use std::time::{Duration, Instant};

/// How far behind its rate a run catches up: what a server or an input that stood still for longer cost is lost, and not
/// made good by a burst.
pub(crate) const CATCH_UP_MAX: Duration = Duration::from_secs(1);

/// Messages at one rate. The clock is given.
#[derive(Debug)]
pub(crate) struct Pacer {
    pace: Pace,
    index: u64,
    /// How much later than at first everything is due.
    shift: Duration,
}

impl Pacer {
    pub(crate) fn new(pace: Pace) -> Self {
        Self { pace, index: 0, shift: Duration::ZERO }
    }

    /// How long the next message waits at `now`.
    pub(crate) fn wait(&mut self, now: Instant) -> Duration {
        let due = self.pace.due(self.index) + self.shift;
        let late = now.saturating_duration_since(due);
        if late > CATCH_UP_MAX {
            self.shift += late - CATCH_UP_MAX;
        }
        due.saturating_duration_since(now)
    }

    /// A message went out.
    pub(crate) fn advance(&mut self) {
        self.index += 1;
    }
}

/// A rate from the command line.
pub(crate) fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= RATE_MAX => Ok(rate),
        _ => Err(format!("a rate is a number of messages per second above 0 and at most {RATE_MAX}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_due_by_the_rate() {
        let start = Instant::now();
        let mut pacer = Pacer::new(Pace::since(start, 10.0));
        let ms = Duration::from_millis;
        assert_eq!(pacer.wait(start), ms(0));
        pacer.advance();
        assert_eq!(pacer.wait(start + ms(30)), ms(70));
        assert_eq!(pacer.wait(start + ms(30)), ms(70), "asking changes nothing");
        // Half a second late: five messages make it good.
        let mut at_once = 0;
        while pacer.wait(start + ms(600)).is_zero() {
            pacer.advance();
            at_once += 1;
        }
        assert_eq!((at_once, pacer.wait(start + ms(600))), (6, ms(100)));
    }

    #[test]
    fn a_long_stand_still_is_no_reason_for_a_burst() {
        let start = Instant::now();
        let mut pacer = Pacer::new(Pace::since(start, 10.0));
        let later = start + Duration::from_secs(3600);
        let mut at_once = 0;
        while pacer.wait(later).is_zero() {
            pacer.advance();
            at_once += 1;
        }
        assert_eq!(at_once, 11, "those of the last second and the one that is due now");
        assert_eq!(pacer.wait(later), Duration::from_millis(100));
    }

    #[test]
    fn rates_are_positive_numbers() {
        assert_eq!(parse_rate("0.5"), Ok(0.5));
        for text in ["0", "-1", "fast", "nan", "inf", "1000001"] {
            assert!(parse_rate(text).expect_err(text).contains("messages per second"), "{text}");
        }
    }
}

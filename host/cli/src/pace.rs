//! A rate as it is written on the command line.

use irongate_load::RATE_MAX;

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
    fn rates_are_positive_numbers() {
        assert_eq!(parse_rate("0.5"), Ok(0.5));
        for text in ["0", "-1", "fast", "nan", "inf", "1000001"] {
            assert!(parse_rate(text).expect_err(text).contains("messages per second"), "{text}");
        }
    }
}

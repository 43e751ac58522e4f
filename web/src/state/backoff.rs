//! How long to wait before the next attempt to reach the host. No clock, no randomness:
//! one browser tab needs no jitter.

/// The longest wait, in milliseconds.
pub const WAIT_MS_MAX: u32 = 10_000;

const WAIT_MS_FIRST: u32 = 500;

/// The wait before the attempt after `failures` failed ones in a row, in milliseconds.
#[must_use]
pub fn wait_ms(failures: u32) -> u32 {
    let doublings = failures.saturating_sub(1).min(16);
    WAIT_MS_FIRST.saturating_mul(1 << doublings).min(WAIT_MS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit() {
        assert_eq!([0, 1, 2, 3, 5, 6, 1000].map(wait_ms), [500, 500, 1000, 2000, 8000, WAIT_MS_MAX, WAIT_MS_MAX]);
    }
}

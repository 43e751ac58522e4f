//! Trying again: what may pass, how often, and how long to wait. What is tried again is the caller's business.

use std::time::Duration;
use tonic::Code;

/// How often a refusal that may pass is met with another try, as Danube's clients do.
pub(crate) const RETRIES_MAX: u32 = 5;
/// How long before the first further try; each following waits that much longer.
pub(crate) const RETRY_STEP_MS: u64 = 200;
/// No wait is longer.
const RETRY_WAIT_MS_MAX: u64 = 5_000;

/// How often and how patiently to try again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryPolicy {
    pub(crate) retries_max: u32,
    pub(crate) step_ms: u64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { retries_max: RETRIES_MAX, step_ms: RETRY_STEP_MS }
    }
}

impl RetryPolicy {
    /// Waits before further try number `retry`, counted from 1: between half of the step's time and all of it, so that
    /// clients that failed together do not come back together.
    pub(crate) async fn wait(self, retry: u32) {
        let wait_ms = self.wait_ms_max(retry);
        tokio::time::sleep(Duration::from_millis(fastrand::u64(wait_ms / 2..=wait_ms))).await;
    }

    fn wait_ms_max(self, retry: u32) -> u64 {
        self.step_ms.saturating_mul(u64::from(retry)).min(RETRY_WAIT_MS_MAX)
    }
}

/// Waits before further try number `retry`, as everyone does who is not told otherwise.
pub(crate) async fn wait_to_retry(retry: u32) {
    RetryPolicy::default().wait(retry).await;
}

/// Whether a refusal with this code may pass, as Danube's clients see it.
pub(crate) fn may_pass(code: u32) -> bool {
    [Code::Unavailable, Code::DeadlineExceeded, Code::ResourceExhausted].iter().any(|one| *one as u32 == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_grows_by_the_step_up_to_its_limit() {
        let policy = RetryPolicy { retries_max: 9, step_ms: 2_000 };
        assert_eq!(
            [1, 2, 3, 9].map(|retry| policy.wait_ms_max(retry)),
            [2_000, 4_000, RETRY_WAIT_MS_MAX, RETRY_WAIT_MS_MAX]
        );
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        assert!(may_pass(Code::Unavailable as u32) && may_pass(Code::ResourceExhausted as u32));
        assert!(!may_pass(Code::PermissionDenied as u32) && !may_pass(Code::NotFound as u32));
    }
}

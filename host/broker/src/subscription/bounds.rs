//! What a ledger works within: bounds of the broker, and settings of the subscription.

use super::failure::FailurePolicy;
use crate::Limits;
use std::sync::Arc;
use std::time::Duration;

/// The bounds a ledger works with, whatever its policy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LedgerLimits {
    pub(crate) ack_window_messages_max: u64,
    pub(crate) ack_timeout_busy: Duration,
    pub(crate) nack_delay_max: Duration,
    pub(crate) parked_messages_max: usize,
}

impl From<&Limits> for LedgerLimits {
    fn from(limits: &Limits) -> Self {
        Self {
            ack_window_messages_max: limits.ack_window_messages_max,
            ack_timeout_busy: Duration::from_millis(limits.ack_timeout_busy_ms),
            nack_delay_max: Duration::from_millis(limits.nack_delay_max_ms),
            parked_messages_max: limits.parked_messages_max,
        }
    }
}

/// What can be changed while the subscription works.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) policy: Arc<FailurePolicy>,
    pub(crate) unacked_messages_max: usize,
}

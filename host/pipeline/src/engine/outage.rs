//! A target that is away for longer than a record may be retried. Then nothing more is pulled and the subscription is left for a while, so that the outage
//! uses up none of the redeliveries after which a broker gives a record up. Knows no target and no source.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use tokio::sync::watch;

use crate::limits::OUTAGE_PAUSE_MAX;

/// Whether there is one, and how many there were without a record getting through.
#[derive(Default)]
pub(crate) struct Outage {
    on: watch::Sender<bool>,
    rounds: AtomicU32,
}

impl Outage {
    pub(crate) fn begin(&self, reason: &str) {
        if !self.on.send_replace(true) {
            tracing::warn!("records are not taken; the subscription is left for a while: {reason}");
        }
    }

    pub(crate) fn is_on(&self) -> bool {
        *self.on.borrow()
    }

    /// Resolves once there is one.
    pub(crate) async fn begun(&self) {
        // An error says that nobody is left to begin one; then this is never asked again.
        let _ = self.on.subscribe().wait_for(|is_on| *is_on).await;
    }

    /// A record got through.
    pub(crate) fn is_over(&self) {
        self.rounds.store(0, Ordering::Relaxed);
    }

    /// How long to stay away: twice as long each time, from `first`.
    pub(crate) fn pause(&self, first: Duration) -> Duration {
        let rounds = self.rounds.fetch_add(1, Ordering::Relaxed).min(31);
        first.saturating_mul(1 << rounds).min(OUTAGE_PAUSE_MAX.max(first))
    }

    /// Another try.
    pub(crate) fn end(&self) {
        self.on.send_replace(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_grow_up_to_their_limit_and_begin_anew() {
        let outage = Outage::default();
        let pause = || outage.pause(Duration::from_secs(1)).as_secs();
        assert_eq!([pause(), pause(), pause()], [1, 2, 4]);
        for _ in 0..40 {
            assert!(pause() <= OUTAGE_PAUSE_MAX.as_secs());
        }
        assert_eq!(pause(), OUTAGE_PAUSE_MAX.as_secs());
        outage.is_over();
        assert_eq!(pause(), 1);
        assert_eq!(outage.pause(OUTAGE_PAUSE_MAX * 2), OUTAGE_PAUSE_MAX * 2);
    }
}

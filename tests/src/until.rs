//! Waiting for something to become true: the only place in the tests that polls.

use std::time::{Duration, Instant};

/// How long anything may take that a person would wait for.
pub const PATIENCE: Duration = Duration::from_secs(20);

const PAUSE: Duration = Duration::from_millis(25);

/// Asks again and again until there is an answer, and answers it.
///
/// # Panics
/// After [`PATIENCE`], naming what was waited for.
pub async fn some<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        a_moment().await;
    }
}

/// The pause between two looks.
pub async fn a_moment() {
    tokio::time::sleep(PAUSE).await;
}

/// Lets something end by itself, but not for ever.
///
/// # Panics
/// After [`PATIENCE`], naming what was waited for.
pub async fn done<T>(what: &str, work: impl Future<Output = T>) -> T {
    done_within(PATIENCE, what, work).await
}

/// The same for what may take longer.
///
/// # Panics
/// After `patience`, naming what was waited for.
pub async fn done_within<T>(patience: Duration, what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(patience, work).await.unwrap_or_else(|_| panic!("{what}: not within {patience:?}"))
}

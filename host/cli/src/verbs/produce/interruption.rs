//! SIGINT and SIGTERM while messages are under way: the first one begins nothing more and waits for what was begun, the
//! second one does not wait. Both kinds of runs end by it.

use crate::output::complain;
use anyhow::Result;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How long calls under way are waited for after an interruption.
const INTERRUPT_WAIT: Duration = Duration::from_secs(5);

/// What an interrupted run does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interrupted {
    /// Begin nothing more.
    Once,
    /// Wait no longer for what is under way: somebody is in a hurry.
    Again,
    /// Wait no longer: what is under way had its time.
    TimeUp,
}

/// The interruptions of one run.
pub(super) struct Interruptions {
    signals: mpsc::Receiver<()>,
    deadline: Option<Instant>,
}

impl Interruptions {
    /// # Errors
    /// Signals cannot be waited for.
    pub(super) fn new() -> Result<Self> {
        Ok(Self { signals: interrupts()?, deadline: None })
    }

    /// Waits for the next; says what it means. Nothing is lost where the wait is given up.
    pub(super) async fn next(&mut self) -> Interrupted {
        let Some(deadline) = self.deadline else {
            let _ = self.signals.recv().await;
            self.deadline = Some(Instant::now() + INTERRUPT_WAIT);
            let seconds = INTERRUPT_WAIT.as_secs();
            complain(&format!("waiting up to {seconds} s for what is under way; interrupt again not to wait"));
            return Interrupted::Once;
        };
        let interrupted = tokio::select! {
            _ = self.signals.recv() => Interrupted::Again,
            () = tokio::time::sleep_until(deadline) => Interrupted::TimeUp,
        };
        if interrupted == Interrupted::Again {
            complain("interrupted again: what is under way is not waited for");
        }
        interrupted
    }
}

/// SIGINT and SIGTERM, as often as they come.
#[cfg(unix)]
fn interrupts() -> Result<mpsc::Receiver<()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (sender, receiver) = mpsc::channel(1);
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if sender.send(()).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

/// Ctrl-C, as often as it comes.
#[cfg(not(unix))]
fn interrupts() -> Result<mpsc::Receiver<()>> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move { while tokio::signal::ctrl_c().await.is_ok() && sender.send(()).await.is_ok() {} });
    Ok(receiver)
}

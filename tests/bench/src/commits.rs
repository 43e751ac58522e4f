//! The host's own count of its group commits, read from `/metrics`.

use anyhow::Context;
use irongate_tests::{Host, http};

/// Group commits and the messages in them, since the start.
pub struct Commits {
    commits: f64,
    messages: f64,
    duration_us: f64,
}

impl Commits {
    /// As they are now.
    ///
    /// # Errors
    /// The host does not tell them.
    pub async fn read(host: &Host) -> anyhow::Result<Commits> {
        let text = http::get(host.address(), "/metrics", &[]).await.text();
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|value| value.trim().parse::<f64>().ok()).with_context(|| format!("/metrics has no {name}"))
        };
        Ok(Commits {
            commits: value("irongate_store_commits_total")?,
            messages: value("irongate_store_commit_messages_total")?,
            duration_us: value("irongate_store_commit_duration_us_total")?,
        })
    }

    /// Messages in each group commit since then.
    pub fn group_since(&self, before: &Commits) -> f64 {
        (self.messages - before.messages) / (self.commits - before.commits).max(1.0)
    }

    /// Microseconds that each group commit since then took to write and sync.
    pub fn mean_us_since(&self, before: &Commits) -> f64 {
        (self.duration_us - before.duration_us) / (self.commits - before.commits).max(1.0)
    }
}

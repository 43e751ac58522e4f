//! What a pipeline adds to a record's latency: the time from when a follower of the source sees a record to when a follower of the target sees what
//! became of it, at a rate far below the pipeline's own.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use bytes::Bytes;
use irongate_proto::irongate_v1::{BrowseRequest, browse_request::Start};
use irongate_tests::Host;
use tokio::task::JoinHandle;

use super::{deploy, request, source, target};
use crate::{
    broker::batch,
    commits::Commits,
    page::{median, micros},
};

/// Records of the measurement, and the pause between two.
pub const RECORDS: usize = 3_000;
pub const PAUSE: Duration = Duration::from_millis(5);

const NAME: &str = "latency";

/// The added latency, and what a group commit takes meanwhile.
#[derive(Clone, Copy, Debug, Default)]
pub struct Added {
    /// The median.
    pub p50_us: f64,
    /// Only one record in a hundred took longer.
    pub p99_us: f64,
    /// From the beginning to the end of a group commit, the mean.
    pub commit_us: f64,
}

/// Measures it.
pub async fn measure(host: &Host, component: &Bytes) -> anyhow::Result<Added> {
    let mut rpc = host.rpc().await;
    // The first record makes the source and warms the stage; nobody looks at it.
    batch::publish(&mut rpc, request(NAME, 0..1)).await?;
    deploy(host, NAME, Some(component)).await?;
    let followers = [follow(host, source(NAME)).await?, follow(host, target(NAME)).await?];
    let before = Commits::read(host).await?;
    let mut ticks = tokio::time::interval(PAUSE);
    for number in 1..=RECORDS {
        ticks.tick().await;
        batch::publish(&mut rpc, request(NAME, number..number + 1)).await?;
    }
    let commit_us = Commits::read(host).await?.mean_us_since(&before);
    let [seen, arrived] = followers;
    let (seen, arrived) = (seen.await??, arrived.await??);
    let mut added = Vec::with_capacity(RECORDS);
    for (number, at) in &arrived {
        let seen = seen.get(number).with_context(|| format!("record {number} was never in the source"))?;
        added.push(micros(at.saturating_duration_since(*seen)));
    }
    ensure!(added.len() == RECORDS, "{} of {RECORDS} records came out", added.len());
    added.sort_by(f64::total_cmp);
    let p99_us = added[RECORDS * 99 / 100];
    Ok(Added { p50_us: median(added), p99_us, commit_us })
}

type Seen = HashMap<usize, Instant>;

/// Notes when each record from the first on is there; ends with the last.
async fn follow(host: &Host, topic: String) -> anyhow::Result<JoinHandle<anyhow::Result<Seen>>> {
    let mut rpc = host.rpc().await;
    let request = BrowseRequest { topics: vec![topic], start: Some(Start::Latest(true)), follow: true };
    let mut stream = rpc.browse.browse(request).await?.into_inner();
    Ok(tokio::spawn(async move {
        let mut seen = Seen::new();
        while seen.len() < RECORDS {
            let answer = stream.message().await?.context("the host ended the stream")?;
            let now = Instant::now();
            for message in answer.messages.into_iter().filter_map(|browsed| browsed.message) {
                let number: usize = message.attributes.get("n").context("a record without its number")?.parse()?;
                if number > 0 {
                    seen.insert(number, now);
                }
            }
        }
        Ok(seen)
    }))
}

//! A host with very many topics: how soon it is up again, how soon it lists them, what it holds.

use std::time::Instant;

use anyhow::{Context, ensure};
use irongate_proto::{
    danube::DispatchStrategy,
    irongate_v1::{CreateTopicRequest, ListTopicsRequest},
};
use irongate_tests::{Host, rpc::Rpc};
use tokio::task::JoinSet;

use crate::{
    memory,
    page::{median, micros},
};

/// Topics, reliable ones.
pub const TOPICS: usize = 10_000;

/// Callers that create them.
const CREATORS: usize = 32;

/// Starts and lists that are measured.
const ROUNDS: usize = 5;

/// What was measured.
#[derive(Debug, Default)]
pub struct Figures {
    /// From the start of the process to its ready line.
    pub start_us: f64,
    /// From the call of `ListTopics` to its answer.
    pub list_us: f64,
    /// Resident memory after both, in MiB.
    pub resident_mib: f64,
}

/// Makes the topics, then kills and starts the host some times.
pub async fn measure() -> anyhow::Result<Figures> {
    let mut host = Host::start().await;
    let mut creators = JoinSet::new();
    for first in 0..CREATORS {
        creators.spawn(create(host.rpc().await, first));
    }
    for creator in creators.join_all().await {
        creator?;
    }
    let (mut starts, mut lists, mut resident_mib) = (Vec::new(), Vec::new(), 0.0_f64);
    for _ in 0..ROUNDS {
        host.restart().await;
        starts.push(micros(host.started_in()));
        let mut rpc = host.rpc().await;
        let asked = Instant::now();
        let listed = rpc.topics.list_topics(ListTopicsRequest::default()).await?.into_inner().topics.len();
        lists.push(micros(asked.elapsed()));
        ensure!(listed == TOPICS, "{listed} of {TOPICS} topics are there after a restart");
        resident_mib = resident_mib.max(memory::resident_mib(host.process_id())?);
    }
    Ok(Figures { start_us: median(starts), list_us: median(lists), resident_mib })
}

async fn create(mut rpc: Rpc, first: usize) -> anyhow::Result<()> {
    for number in (first..TOPICS).step_by(CREATORS) {
        let request = CreateTopicRequest {
            topic: format!("/default/bench-topic-{number:05}"),
            dispatch_strategy: DispatchStrategy::Reliable.into(),
            ..Default::default()
        };
        rpc.topics.create_topic(request).await.with_context(|| format!("creating topic {number}"))?;
    }
    Ok(())
}

//! Records per second from one topic to another. The source is filled while the pipeline is paused, so that nothing but the pipeline is measured.

use std::time::Instant;

use anyhow::ensure;
use bytes::Bytes;
use irongate_proto::{
    irongate_v1::DescribeTopicRequest,
    pipelines_v1::{PausePipelineRequest, RemovePipelineRequest, ResumePipelineRequest},
};
use irongate_tests::Host;

use super::{POLL, deploy, listed, request, source, target};
use crate::broker::batch;

/// Records of one run.
pub const RECORDS: usize = 160 * batch::BATCH;

/// Lanes of every pipeline here.
pub const LANES: usize = 4;

/// Fills the source, lets the pipeline empty it, and answers how fast it was from the first settled records to the last.
pub async fn records_per_second(host: &Host, name: &str, component: Option<&Bytes>) -> anyhow::Result<f64> {
    let mut rpc = host.rpc().await;
    batch::publish(&mut rpc, request(name, 0..1)).await?;
    let mut client = deploy(host, name, component).await?;
    client.pause_pipeline(PausePipelineRequest { name: name.to_owned() }).await?;
    for first in (0..RECORDS).step_by(batch::BATCH) {
        batch::publish(&mut rpc, request(name, first..first + batch::BATCH)).await?;
    }
    client.resume_pipeline(ResumePipelineRequest { name: name.to_owned() }).await?;
    let mut polls = tokio::time::interval(POLL);
    let mut begun: Option<(Instant, u64)> = None;
    let rate = loop {
        polls.tick().await;
        let settled = listed(&mut client, name).await?.records_settled;
        let now = Instant::now();
        if settled == 0 {
            continue;
        }
        let (since, before) = *begun.get_or_insert((now, settled));
        if settled >= RECORDS as u64 {
            break (settled - before) as f64 / now.duration_since(since).as_secs_f64();
        }
    };
    client.remove_pipeline(RemovePipelineRequest { name: name.to_owned() }).await?;
    let described = rpc.topics.describe_topic(DescribeTopicRequest { topic: target(name) }).await?.into_inner();
    let written: u64 = described.partitions.iter().map(|one| one.next_offset).sum();
    ensure!(written == RECORDS as u64, "{written} of {RECORDS} records came from {}", source(name));
    Ok(rate)
}

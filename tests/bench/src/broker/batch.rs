//! Many messages in one call, against one message in each call and against a plain file.
//! One caller at a time; the reliable load has several, as group commits need.

use std::time::Instant;

use anyhow::{Context, ensure};
use bytes::Bytes;
use irongate_proto::{
    danube::DispatchStrategy,
    irongate_v1::{DeleteTopicRequest, OutgoingMessage, PublishRequest, publish_result::Outcome},
};
use irongate_tests::{Host, rpc::Rpc};
use tokio::task::JoinSet;

use crate::{
    commits::Commits,
    load::{MEASURED, PAYLOAD_BYTES},
    plain_file,
};

/// Messages in a call of the single load.
pub const SINGLE: usize = 1;

/// Messages in a call of the batch loads.
pub const BATCH: usize = 256;

/// Callers of the reliable load: enough that a group waits while the one before it is synced.
pub const RELIABLE_CALLERS: usize = 8;

const RELIABLE_TOPIC: &str = "/default/bench-batch-reliable";

/// Messages per second of one caller on a non-reliable topic.
pub async fn messages_per_second(host: &Host, messages: usize) -> anyhow::Result<f64> {
    let request = request("/default/bench-batch", DispatchStrategy::NonReliable, messages);
    publish_for(host.rpc().await, request).await
}

/// Messages per second of all callers on a reliable topic, and messages in each group commit.
pub async fn reliable(host: &Host) -> anyhow::Result<(f64, f64)> {
    let before = Commits::read(host).await?;
    let mut callers = JoinSet::new();
    for _ in 0..RELIABLE_CALLERS {
        let request = request(RELIABLE_TOPIC, DispatchStrategy::Reliable, BATCH);
        callers.spawn(publish_for(host.rpc().await, request));
    }
    let mut rate = 0.0;
    for caller in callers.join_all().await {
        rate += caller?;
    }
    let group_messages = Commits::read(host).await?.group_since(&before);
    // Gigabytes, which the next round needs again.
    let delete = DeleteTopicRequest { topic: RELIABLE_TOPIC.to_owned() };
    host.rpc().await.topics.delete_topic(delete).await.context("deleting the topic of the reliable load")?;
    Ok((rate, group_messages))
}

/// Messages per second of a plain file that is synced after groups of that size.
pub async fn plain_file(host: &Host, group_messages: f64) -> anyhow::Result<f64> {
    let folder = host.folder().to_owned();
    tokio::task::spawn_blocking(move || plain_file::messages_per_second(&folder, group_messages, MEASURED)).await?
}

/// A call of so many messages of [`PAYLOAD_BYTES`].
pub fn request(topic: &str, strategy: DispatchStrategy, messages: usize) -> PublishRequest {
    let payload = Bytes::from(vec![b'x'; PAYLOAD_BYTES]);
    PublishRequest {
        topic: topic.to_owned(),
        producer_name: "bench".to_owned(),
        dispatch_strategy: Some(strategy.into()),
        messages: vec![OutgoingMessage { payload, ..Default::default() }; messages],
        ..Default::default()
    }
}

/// One call.
///
/// # Errors
/// The call or a message in it is refused.
pub async fn publish(rpc: &mut Rpc, request: PublishRequest) -> anyhow::Result<()> {
    let messages = request.messages.len();
    let results = rpc.publish.publish(request).await.context("publishing")?.into_inner().results;
    let published = results.iter().filter(|result| matches!(result.outcome, Some(Outcome::Published(_)))).count();
    ensure!(published == messages, "{published} of {messages} messages were published: {:?}", results.first());
    Ok(())
}

async fn publish_for(mut rpc: Rpc, request: PublishRequest) -> anyhow::Result<f64> {
    publish(&mut rpc, request.clone()).await?;
    let started = Instant::now();
    let mut published = 0;
    while started.elapsed() < MEASURED {
        publish(&mut rpc, request.clone()).await?;
        published += request.messages.len();
    }
    Ok(published as f64 / started.elapsed().as_secs_f64())
}

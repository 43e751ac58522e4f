//! One reliable topic and its subscriptions: from the first message published to the last
//! one acknowledged by every subscription.

use std::time::Instant;

use anyhow::Context;
use irongate_proto::danube::{
    AckRequest, ConsumerRequest, DispatchStrategy, ReceiveRequest, StreamMessage, consumer_request::SubscriptionType,
    consumer_service_client::ConsumerServiceClient,
};
use irongate_tests::{Host, rpc::Rpc};
use tokio::task::JoinSet;
use tonic::transport::Channel;

use super::batch;

/// Subscriptions of the fan-out.
pub const SUBSCRIPTIONS: usize = 8;

/// Messages published in each round.
const MESSAGES: usize = 40 * batch::BATCH;

/// Acknowledgements that a consumer has under way.
const ACKS_IN_FLIGHT: usize = 64;

/// Deliveries per second, all subscriptions together; each acknowledges every message.
pub async fn deliveries_per_second(host: &Host, round: u64, subscriptions: usize) -> anyhow::Result<f64> {
    let topic = format!("/default/bench-fan-out-{round}-{subscriptions}");
    let mut publisher = host.rpc().await;
    batch::publish(&mut publisher, batch::request(&topic, DispatchStrategy::Reliable, 1)).await?;
    let mut consumers = JoinSet::new();
    for number in 0..subscriptions {
        let (rpc, id) = subscribe(host, &topic, number).await?;
        consumers.spawn(consume(rpc, id, format!("bench-{number}")));
    }
    let started = Instant::now();
    let request = batch::request(&topic, DispatchStrategy::Reliable, batch::BATCH);
    for _ in 0..MESSAGES / batch::BATCH {
        batch::publish(&mut publisher, request.clone()).await?;
    }
    for consumer in consumers.join_all().await {
        consumer?;
    }
    Ok((MESSAGES * subscriptions) as f64 / started.elapsed().as_secs_f64())
}

async fn subscribe(host: &Host, topic: &str, number: usize) -> anyhow::Result<(Rpc, u64)> {
    let mut rpc = host.rpc().await;
    let request = ConsumerRequest {
        request_id: 1,
        topic_name: topic.to_owned(),
        consumer_name: format!("bench-{number}"),
        subscription: format!("bench-{number}"),
        subscription_type: SubscriptionType::Exclusive.into(),
        ..Default::default()
    };
    let id = rpc.consumer.subscribe(request).await.context("subscribing")?.into_inner().consumer_id;
    Ok((rpc, id))
}

async fn consume(mut rpc: Rpc, consumer_id: u64, subscription: String) -> anyhow::Result<()> {
    let request = ReceiveRequest { request_id: 1, consumer_id };
    let mut stream = rpc.consumer.receive_messages(request).await.context("receiving")?.into_inner();
    let mut acks = JoinSet::new();
    for _ in 0..MESSAGES {
        let message = stream.message().await?.context("the stream ended before the last message")?;
        if acks.len() >= ACKS_IN_FLIGHT {
            acks.join_next().await.context("there are some")???;
        }
        acks.spawn(acknowledge(rpc.consumer.clone(), message, subscription.clone()));
    }
    acks.join_all().await.into_iter().collect()
}

async fn acknowledge(
    mut consumer: ConsumerServiceClient<Channel>,
    message: StreamMessage,
    subscription_name: String,
) -> anyhow::Result<()> {
    let request = AckRequest { request_id: message.request_id, msg_id: message.msg_id, subscription_name };
    consumer.ack(request).await.context("acknowledging")?;
    Ok(())
}

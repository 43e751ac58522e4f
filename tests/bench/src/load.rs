//! One load: some producers, each sending the next message when the last one is
//! acknowledged, for a fixed time. The same code against the host and against the echo.

use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use hdrhistogram::Histogram;
use irongate_proto::danube::{DispatchStrategy, ProducerRequest};
use irongate_tests::rpc::{self, Rpc};
use tokio::task::JoinSet;

/// The payload of every message.
pub const PAYLOAD_BYTES: usize = 1024;

/// Sending before the measuring starts, so that connections and caches are warm.
pub const WARM_UP: Duration = Duration::from_millis(500);

/// How long one load is measured.
pub const MEASURED: Duration = Duration::from_secs(3);

/// The longest latency that is told apart.
const LATENCY_US_MAX: u64 = 60_000_000;

/// What one load came to.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Acknowledged messages per second.
    pub messages_per_second: f64,
    /// The median time from sending to the acknowledgement.
    pub p50_us: u64,
    /// Only one message in a hundred took longer.
    pub p99_us: u64,
}

/// Who sends what where.
#[derive(Clone, Debug)]
pub struct Load {
    /// The server.
    pub url: String,
    /// The topic; the echo takes any.
    pub topic: String,
    /// Producers, each on a connection of its own.
    pub producers: usize,
    /// How the topic keeps its messages.
    pub strategy: DispatchStrategy,
}

impl Load {
    /// Runs it.
    ///
    /// # Errors
    /// A message is refused: a load that fails measures nothing.
    pub async fn run(&self) -> anyhow::Result<Outcome> {
        let mut producers = JoinSet::new();
        let mut prepared = Vec::new();
        for number in 0..self.producers {
            prepared.push(self.connect(number).await?);
        }
        for (rpc, id) in prepared {
            producers.spawn(send_for(rpc, self.topic.clone(), id));
        }
        let mut latencies = Histogram::<u64>::new_with_max(LATENCY_US_MAX, 3)?;
        let mut messages_per_second = 0.0;
        for ended in producers.join_all().await {
            let (own, seconds) = ended?;
            messages_per_second += own.len() as f64 / seconds;
            latencies.add(own)?;
        }
        Ok(Outcome {
            messages_per_second,
            p50_us: latencies.value_at_quantile(0.50),
            p99_us: latencies.value_at_quantile(0.99),
        })
    }

    async fn connect(&self, number: usize) -> anyhow::Result<(Rpc, u64)> {
        let mut rpc = Rpc::connect(&self.url).await;
        let request = ProducerRequest {
            topic_name: self.topic.clone(),
            producer_name: format!("bench-{number}"),
            dispatch_strategy: self.strategy.into(),
            ..Default::default()
        };
        let id = rpc.create_producer(request).await.context("creating a producer")?;
        Ok((rpc, id))
    }
}

async fn send_for(mut rpc: Rpc, topic: String, id: u64) -> anyhow::Result<(Histogram<u64>, f64)> {
    let payload = Bytes::from(vec![b'x'; PAYLOAD_BYTES]);
    let mut latencies = Histogram::<u64>::new_with_max(LATENCY_US_MAX, 3)?;
    let warm_up_end = Instant::now() + WARM_UP;
    let end = warm_up_end + MEASURED;
    loop {
        let sent = Instant::now();
        rpc.producer.send_message(rpc::message(&topic, id, payload.clone())).await.context("sending a message")?;
        let acknowledged = Instant::now();
        if acknowledged >= end {
            break;
        }
        if sent >= warm_up_end {
            latencies.saturating_record((acknowledged - sent).as_micros().try_into()?);
        }
    }
    Ok((latencies, MEASURED.as_secs_f64()))
}

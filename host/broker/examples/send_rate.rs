//! Prints what a message costs inside the broker, without any transport.
//! `cargo run --release -p irongate-broker --example send_rate [DIR]`

use irongate_broker::{Broker, BrokerConfig};
use irongate_proto::danube::{DispatchStrategy, MsgId, ProducerRequest, StreamMessage};
use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const PAYLOAD_BYTES: usize = 1024;
const RUN: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = dir.join(format!("irongate-send-rate-{}", std::process::id()));
    println!("{PAYLOAD_BYTES} byte payloads");
    println!("{:>12} {:>10} {:>14} {:>10}", "strategy", "producers", "messages/s", "mean us");
    for strategy in [DispatchStrategy::NonReliable, DispatchStrategy::Reliable] {
        for producers in [1, 32] {
            let broker = Broker::open(BrokerConfig::new(dir.join(format!("{}-{producers}", strategy as i32))))?;
            let sent = send(&broker, strategy, producers).await?;
            let rate = sent as f64 / RUN.as_secs_f64();
            let mean_us = 1e6 * f64::from(producers) / rate;
            println!("{:>12} {producers:>10} {rate:>14.0} {mean_us:>10.1}", strategy.as_str_name());
            broker.close().await;
        }
    }
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

async fn send(broker: &Broker, strategy: DispatchStrategy, producers: u32) -> Result<u64, Box<dyn Error>> {
    let topic = "/default/send-rate";
    let mut tasks = Vec::new();
    for number in 0..producers {
        let request = ProducerRequest {
            producer_name: number.to_string(),
            topic_name: topic.to_owned(),
            dispatch_strategy: strategy as i32,
            ..ProducerRequest::default()
        };
        let producer_id = broker.create_producer(request).await?.producer_id;
        let msg_id = Some(MsgId { producer_id, topic_name: topic.to_owned(), ..MsgId::default() });
        let payload = vec![7; PAYLOAD_BYTES].into();
        let message = StreamMessage { msg_id, payload, ..StreamMessage::default() };
        let broker = broker.clone();
        tasks.push(tokio::spawn(async move {
            let (begun, mut sent) = (Instant::now(), 0);
            while begun.elapsed() < RUN {
                broker.send(message.clone()).await?;
                sent += 1;
            }
            Ok::<u64, irongate_broker::BrokerError>(sent)
        }));
    }
    let mut sent = 0;
    for task in tasks {
        sent += task.await??;
    }
    Ok(sent)
}

//! Danube's own Rust client in a tight loop, for `cargo xtask bench cli`: one producer, one message after the other, each awaited, as
//! the client's interface has it. Prints how many it sent and in how many seconds; judges nothing.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use danube_client::DanubeClient;

const USAGE: &str = "usage: danube-client-loop URL TOPIC reliable|non-reliable PAYLOAD_BYTES SECONDS";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, topic, dispatch, bytes, seconds] = &arguments[..] else { bail!(USAGE) };
    let payload = vec![b'x'; bytes.parse().context(USAGE)?];
    let wanted = Duration::from_secs_f64(seconds.parse().context(USAGE)?);

    let client = DanubeClient::builder().service_url(url).build().await.context("the client is not made")?;
    let builder = client.new_producer().with_topic(topic).with_name("loop");
    let builder = match dispatch.as_str() {
        "reliable" => builder.with_reliable_dispatch(),
        "non-reliable" => builder,
        _ => bail!(USAGE),
    };
    let mut producer = builder.build().context("the producer is not made")?;
    producer.create().await.context("the producer is refused")?;

    let started = Instant::now();
    let mut sent: u64 = 0;
    while started.elapsed() < wanted {
        producer.send(payload.clone(), None).await.context("a message is refused")?;
        sent += 1;
    }
    println!("{sent} {}", started.elapsed().as_secs_f64());
    Ok(())
}

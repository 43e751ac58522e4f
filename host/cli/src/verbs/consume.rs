//! `irongate consume`: print messages as they come. With a subscription each is acknowledged
//! after it was printed; without one nothing is acknowledged and nothing remembered.

use crate::address::ServiceAddr;
use crate::browsing::{self, Start};
use crate::client::connect;
use crate::output::{Output, harmless, is_broken_pipe};
use crate::subscription::{Subscription, SubscriptionArgs};
use anyhow::Result;
use base64::Engine;
use clap::ValueEnum;
use irongate_proto::danube::StreamMessage;
use irongate_proto::danube::consumer_request::SubscriptionType;
use serde_json::{Value, json};
use std::ops::ControlFlow;

/// The arguments of `consume`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The consumer's name.
    #[arg(short = 'n', long, value_name = "NAME", default_value = "consumer_pubsub")]
    consumer: String,

    /// The topic, as /namespace/topic; a partitioned topic's name stands for all its partitions.
    #[arg(short, long, default_value = "/default/test_topic")]
    topic: String,

    /// Consume through this subscription, created when missing; a new one starts at the next message.
    #[arg(short = 'm', long, value_name = "NAME")]
    subscription: Option<String>,

    /// How the consumers of the subscription share it.
    #[arg(long, value_enum, default_value = "shared")]
    sub_type: SubType,

    /// Stop after so many messages.
    #[arg(short, long)]
    count: Option<u64>,

    /// Without a subscription: where to start, one of earliest, latest, offset:N, timestamp:MS
    /// (milliseconds since 1970) and last:N. Default latest.
    #[arg(long, value_name = "START", conflicts_with = "subscription")]
    from: Option<Start>,

    /// Without a subscription: stop at the last message there is now.
    #[arg(long, conflicts_with = "subscription")]
    no_follow: bool,
}

/// Danube's subscription types, as danube-cli names them.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum SubType {
    /// One consumer at a time.
    Exclusive,
    /// Each message to one of the consumers, in turn.
    Shared,
    /// One consumer at a time; the next takes over when it leaves.
    FailOver,
    /// Messages with the same routing key to the same consumer.
    KeyShared,
}

impl From<SubType> for SubscriptionType {
    fn from(sub_type: SubType) -> Self {
        match sub_type {
            SubType::Exclusive => Self::Exclusive,
            SubType::Shared => Self::Shared,
            SubType::FailOver => Self::Failover,
            SubType::KeyShared => Self::KeyShared,
        }
    }
}

pub(crate) async fn run(address: &ServiceAddr, args: Args, output: Output) -> Result<()> {
    if args.count == Some(0) {
        return Ok(());
    }
    let mut printer = Printer { output, total: 0, count: args.count };
    tokio::select! {
        result = consume(address, args, &mut printer) => result,
        // Whatever was printed is acknowledged or will be delivered again: nothing to clean up.
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}

async fn consume(address: &ServiceAddr, args: Args, printer: &mut Printer) -> Result<()> {
    let channel = connect(address).await?;
    let Some(subscription) = args.subscription else {
        let start = args.from.unwrap_or(Start::Latest);
        return browsing::browse(channel, address, &args.topic, start, !args.no_follow, printer).await;
    };
    let wanted = SubscriptionArgs {
        topic: args.topic,
        consumer: args.consumer,
        subscription,
        subscription_type: args.sub_type.into(),
    };
    let mut subscription = Subscription::open(channel, address, wanted).await?;
    loop {
        let message = subscription.next().await?;
        let printed = printer.print(&message)?;
        if printed.is_continue() || printer.is_done() {
            subscription.acknowledge(&message).await;
        }
        if printed.is_break() {
            return Ok(());
        }
    }
}

/// Prints messages and counts them.
pub(crate) struct Printer {
    output: Output,
    total: u64,
    count: Option<u64>,
}

impl Printer {
    /// Prints one message. Breaks once enough are printed or nobody reads any more.
    pub(crate) fn print(&mut self, message: &StreamMessage) -> Result<ControlFlow<()>> {
        match self.output.result(|| text(message, self.total + 1), || object(message)) {
            Err(error) if is_broken_pipe(&error) => return Ok(ControlFlow::Break(())),
            written => written?,
        }
        self.total += 1;
        Ok(if self.is_done() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    /// Whether as many are printed as were asked for.
    fn is_done(&self) -> bool {
        self.count.is_some_and(|count| self.total >= count)
    }
}

fn text(message: &StreamMessage, total: u64) -> String {
    let payload = match std::str::from_utf8(&message.payload) {
        Ok(text) => harmless(text),
        Err(_) => "[binary data]".to_owned(),
    };
    let (topic, offset) = message.msg_id.as_ref().map_or(("", 0), |id| (id.topic_name.as_str(), id.topic_offset));
    let mut text = format!(
        "Received message: {payload}\nSize: {} bytes, Total received: {total}, Topic: {topic}, Offset: {offset}",
        message.payload.len()
    );
    if let Some(key) = &message.routing_key {
        text += &format!("\nRouting key: {}", harmless(key));
    }
    if !message.attributes.is_empty() {
        let mut pairs: Vec<String> = message.attributes.iter().map(|(key, value)| format!("{key}={value}")).collect();
        pairs.sort();
        text += &format!("\nAttributes: {}", harmless(&pairs.join(", ")));
    }
    text
}

fn object(message: &StreamMessage) -> Value {
    let id = message.msg_id.as_ref();
    let mut object = json!({
        "topic": id.map(|id| &id.topic_name), "offset": id.map(|id| id.topic_offset),
        "publish_time_ms": message.publish_time, "producer": message.producer_name,
        "routing_key": message.routing_key, "attributes": message.attributes,
        "schema_id": message.schema_id, "schema_version": message.schema_version,
    });
    match std::str::from_utf8(&message.payload) {
        Ok(text) => object["payload"] = text.into(),
        Err(_) => {
            object["payload_base64"] = base64::engine::general_purpose::STANDARD.encode(&message.payload).into();
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use irongate_proto::danube::MsgId;

    fn message(payload: &'static [u8]) -> StreamMessage {
        StreamMessage {
            msg_id: Some(MsgId { topic_name: "/default/t".into(), topic_offset: 7, ..MsgId::default() }),
            payload: bytes::Bytes::from_static(payload),
            attributes: [("b".into(), "2".into()), ("a".into(), "1".into())].into(),
            ..StreamMessage::default()
        }
    }

    #[test]
    fn text_shows_payload_place_and_attributes() {
        assert_eq!(
            text(&message(b"hi"), 3),
            "Received message: hi\nSize: 2 bytes, Total received: 3, Topic: /default/t, Offset: 7\nAttributes: a=1, b=2"
        );
        assert!(text(&message(b"\xff\x00"), 1).starts_with("Received message: [binary data]\nSize: 2 bytes"));
    }

    #[test]
    fn json_carries_any_payload() {
        assert_eq!(object(&message(b"hi"))["payload"], "hi");
        assert_eq!(object(&message(b"hi"))["offset"], 7);
        let binary = object(&message(b"\xff\x00"));
        assert_eq!(binary["payload_base64"], "/wA=");
        assert!(binary.get("payload").is_none());
    }
}

//! The changing part of a soak: what comes and goes again, each time under a new name, so that
//! anything that is not forgotten with it shows as growth.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use anyhow::{Context, ensure};
use bytes::Bytes;
use irongate_proto::{
    danube::{
        AckRequest, DispatchStrategy, ProducerRequest, ReceiveRequest, SchemaReference,
        consumer_request::SubscriptionType,
    },
    danube_schema::{DeleteSchemaVersionRequest, RegisterSchemaRequest, SetCompatibilityModeRequest},
    irongate_v1::{
        BrowseRequest, DeleteTopicRequest, DescribeTopicRequest, ListTopicsRequest, OutgoingMessage, PublishRequest,
        browse_request::Start, publish_result::Outcome,
    },
};
use irongate_tests::{
    Host, http,
    rpc::{self, Rpc},
};
use tokio::{task::JoinSet, time};

use super::load::{Counts, RELIABLE, bound_disk, consumer, count, create_topic};
use crate::load::PAYLOAD_BYTES;

/// The topic whose messages are checked.
const CHECKED: &str = "/default/soak-checked";

/// Its subject.
const SUBJECT: &str = "soak-checked";

/// The subject whose versions come and go.
const CHURNED: &str = "soak-versions";

/// One topic is made, used and deleted in that time.
const TOPIC_EVERY: Duration = Duration::from_millis(250);

/// Messages of each of them.
const TOPIC_MESSAGES: usize = 20;

/// One call of checked messages in that time.
const CHECKED_EVERY: Duration = Duration::from_millis(200);

/// Messages of each call, the last of them invalid.
const CHECKED_MESSAGES: usize = 20;

/// Browsing, listing, describing and metrics, in that time.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Messages that a browser asks for.
const LOOK_MESSAGES: u32 = 500;

/// One version is registered and deleted in that time.
const VERSION_EVERY: Duration = Duration::from_millis(500);

/// Registers what is needed and starts everybody.
pub async fn start(load: &mut JoinSet<anyhow::Result<()>>, host: &Host, counts: &Arc<Counts>) -> anyhow::Result<()> {
    let mut rpc = host.rpc().await;
    let schema = r#"{"type":"object","required":["text"],"properties":{"text":{"type":"string"}}}"#;
    rpc.register_json(SUBJECT, schema).await.context("registering")?;
    rpc.register_json(CHURNED, r#"{"type":"object"}"#).await.context("registering")?;
    let mode = SetCompatibilityModeRequest { subject: CHURNED.to_owned(), compatibility_mode: "none".to_owned() };
    rpc.registry.set_compatibility_mode(mode).await.context("switching checks off")?;
    create_topic(&mut rpc, CHECKED, DispatchStrategy::Reliable).await?;
    bound_disk(&mut rpc, CHECKED).await?;
    load.spawn(publish_checked(host.url(), Arc::clone(counts)));
    load.spawn(come_and_go(host.url(), Arc::clone(counts)));
    load.spawn(look(host.url(), host.address().to_owned(), Arc::clone(counts)));
    load.spawn(churn_versions(host.url(), Arc::clone(counts)));
    Ok(())
}

/// Calls with valid messages and one that the schema refuses.
async fn publish_checked(url: String, counts: Arc<Counts>) -> anyhow::Result<()> {
    let mut rpc = Rpc::connect(&url).await;
    let valid = format!(r#"{{"text":"{}"}}"#, "x".repeat(PAYLOAD_BYTES));
    let payloads = std::iter::repeat_n(valid, CHECKED_MESSAGES - 1).chain([r#"{"text":42}"#.to_owned()]);
    let request = PublishRequest {
        topic: CHECKED.to_owned(),
        producer_name: "soak".to_owned(),
        schema_ref: Some(SchemaReference { subject: SUBJECT.to_owned(), version_ref: None }),
        messages: payloads.map(|payload| OutgoingMessage { payload: payload.into(), ..Default::default() }).collect(),
        ..Default::default()
    };
    let mut pace = time::interval(CHECKED_EVERY);
    loop {
        pace.tick().await;
        let results = rpc.publish.publish(request.clone()).await.context("publishing")?.into_inner().results;
        let refused = results.iter().filter(|result| matches!(result.outcome, Some(Outcome::Refused(_)))).count();
        ensure!(refused == 1 && results.len() == CHECKED_MESSAGES, "{refused} of {} refused", results.len());
        counts.checked.fetch_add(CHECKED_MESSAGES as u64 - 1, Ordering::Relaxed);
        count(&counts.refused);
    }
}

/// Topics, producers, subscriptions and connections under names that never come again.
async fn come_and_go(url: String, counts: Arc<Counts>) -> anyhow::Result<()> {
    let mut pace = time::interval(TOPIC_EVERY);
    for number in 0_u64.. {
        pace.tick().await;
        let topic = format!("/default/soak-passing-{number}");
        let mut rpc = Rpc::connect(&url).await;
        use_topic(&mut rpc, &topic, number, &counts).await.with_context(|| topic.clone())?;
        rpc.topics.delete_topic(DeleteTopicRequest { topic }).await.context("deleting a topic")?;
        count(&counts.topics);
    }
    Ok(())
}

/// Sends some messages, acknowledges half of them.
async fn use_topic(rpc: &mut Rpc, topic: &str, number: u64, counts: &Counts) -> anyhow::Result<()> {
    let request = ProducerRequest {
        topic_name: topic.to_owned(),
        producer_name: format!("soak-{number}"),
        dispatch_strategy: DispatchStrategy::Reliable.into(),
        ..Default::default()
    };
    let id = rpc.create_producer(request).await.context("a producer")?;
    let request = consumer(topic, SubscriptionType::Shared, 0);
    let subscription = request.subscription.clone();
    let consumer_id = rpc.consumer.subscribe(request).await.context("subscribing")?.into_inner().consumer_id;
    let receive = ReceiveRequest { request_id: 1, consumer_id };
    let mut stream = rpc.consumer.receive_messages(receive).await.context("receiving")?.into_inner();
    for _ in 0..TOPIC_MESSAGES {
        let message = rpc::message(topic, id, Bytes::from(vec![b'x'; PAYLOAD_BYTES]));
        rpc.producer.send_message(message).await.context("sending")?;
        count(&counts.reliable);
    }
    for _ in 0..TOPIC_MESSAGES / 2 {
        let message = stream.message().await?.context("the stream ended by itself")?;
        count(&counts.delivered);
        let (request_id, msg_id) = (message.request_id, message.msg_id);
        let ack = AckRequest { request_id, msg_id, subscription_name: subscription.clone() };
        rpc.consumer.ack(ack).await.context("acknowledging")?;
    }
    Ok(())
}

/// What a console and a monitoring system ask for.
async fn look(url: String, address: String, counts: Arc<Counts>) -> anyhow::Result<()> {
    let mut pace = time::interval(LOOK_EVERY);
    loop {
        pace.tick().await;
        let mut rpc = Rpc::connect(&url).await;
        rpc.topics.list_topics(ListTopicsRequest::default()).await.context("listing")?;
        let described = DescribeTopicRequest { topic: RELIABLE.to_owned() };
        rpc.topics.describe_topic(described).await.context("describing")?;
        let metrics = http::get(&address, "/metrics", &[]).await;
        ensure!(metrics.status == 200, "/metrics: {}", metrics.status);
        let request = BrowseRequest {
            topics: vec![RELIABLE.to_owned(), CHECKED.to_owned()],
            follow: false,
            start: Some(Start::LastCount(LOOK_MESSAGES)),
        };
        let mut stream = rpc.browse.browse(request).await.context("browsing")?.into_inner();
        while let Some(answer) = stream.message().await.context("browsing")? {
            counts.browsed.fetch_add(answer.messages.len() as u64, Ordering::Relaxed);
        }
    }
}

/// Versions of one subject, each with a definition that was never there.
async fn churn_versions(url: String, counts: Arc<Counts>) -> anyhow::Result<()> {
    let mut rpc = Rpc::connect(&url).await;
    let mut pace = time::interval(VERSION_EVERY);
    for number in 0_u64.. {
        pace.tick().await;
        let definition = format!(r#"{{"type":"object","properties":{{"field_{number}":{{"type":"string"}}}}}}"#);
        let request = RegisterSchemaRequest {
            subject: CHURNED.to_owned(),
            schema_type: "json_schema".to_owned(),
            schema_definition: definition.into(),
            ..Default::default()
        };
        let version = rpc.registry.register_schema(request).await.context("registering")?.into_inner().version;
        let request = DeleteSchemaVersionRequest { subject: CHURNED.to_owned(), version };
        rpc.registry.delete_schema_version(request).await.context("deleting a version")?;
        count(&counts.versions);
    }
    Ok(())
}

//! `irongate topics`: what topics there are, creating one before its first message, emptying and deleting one, and their
//! transforms.

mod transform;

use crate::address::ServiceAddr;
use crate::client::{Channel, connect};
use crate::failure::refused;
use crate::output::{Output, is_broken_pipe, table};
use anyhow::{Result, anyhow};
use clap::Subcommand;
use irongate_proto::danube::consumer_request::SubscriptionType;
use irongate_proto::danube::{DispatchStrategy, SchemaReference, schema_reference::VersionRef};
use irongate_proto::irongate_v1::topic_service_client::TopicServiceClient;
use irongate_proto::irongate_v1::{
    CreateTopicRequest, DeleteTopicRequest, DescribeTopicRequest, DescribeTopicResponse, ListTopicsRequest,
    SubscriptionInfo, TopicSummary, TruncateTopicRequest,
};
use serde_json::{Value, json};
use tonic::{Code, Status};

/// The arguments of `topics`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List all topics, or those of one namespace. What `irongate topics` alone does.
    List {
        /// The namespace.
        namespace: Option<String>,
    },
    /// Show one topic with its partitions and subscriptions.
    Describe {
        /// The topic, as /namespace/topic.
        topic: String,
    },
    /// Create a topic.
    Create {
        /// The topic, as /namespace/topic.
        topic: String,
        /// Partitions; without it the topic is not partitioned.
        #[arg(short, long, value_parser = clap::value_parser!(u32).range(1..))]
        partitions: Option<u32>,
        /// Store messages, and acknowledge each once it is on the disk.
        #[arg(long)]
        reliable: bool,
        /// Bind the topic to this schema subject: messages that break it are refused.
        #[arg(long, value_name = "SUBJECT")]
        schema_subject: Option<String>,
    },
    /// Delete the messages of a topic from its beginning on. Subscriptions move past what is gone.
    Truncate {
        /// The topic, or one partition of it, as /namespace/topic.
        topic: String,
        /// Keep the messages from this offset on; without it none is kept. For one partition.
        #[arg(long, value_name = "OFFSET")]
        before: Option<u64>,
    },
    /// Delete a topic with all of its partitions, messages and subscriptions.
    Delete {
        /// The topic, as /namespace/topic.
        topic: String,
    },
    /// Put every message through components before it enters a topic, or see what they would make of one.
    Transform {
        #[command(subcommand)]
        action: transform::Action,
    },
}

pub(crate) async fn run(address: &ServiceAddr, args: Args, output: Output) -> Result<()> {
    match act(address, args.action.unwrap_or(Action::List { namespace: None }), output).await {
        // A reader that has seen enough is no failure.
        Err(error) if error.downcast_ref().is_some_and(is_broken_pipe) => Ok(()),
        printed => printed,
    }
}

async fn act(address: &ServiceAddr, action: Action, output: Output) -> Result<()> {
    match action {
        Action::List { namespace } => Topics::at(address, output).await?.list(namespace.unwrap_or_default()).await,
        Action::Describe { topic } => Topics::at(address, output).await?.describe(topic).await,
        Action::Create { topic, partitions, reliable, schema_subject } => {
            let strategy = if reliable { DispatchStrategy::Reliable } else { DispatchStrategy::NonReliable };
            let request = CreateTopicRequest {
                topic,
                dispatch_strategy: strategy.into(),
                partitions: partitions.unwrap_or(0),
                schema_ref: schema_subject
                    .map(|subject| SchemaReference { subject, version_ref: Some(VersionRef::UseLatest(true)) }),
            };
            Topics::at(address, output).await?.create(request).await
        }
        Action::Truncate { topic, before } => Topics::at(address, output).await?.truncate(topic, before).await,
        Action::Delete { topic } => Topics::at(address, output).await?.delete(topic).await,
        Action::Transform { action } => transform::run(address, action, output).await,
    }
}

struct Topics<'a> {
    client: TopicServiceClient<Channel>,
    address: &'a ServiceAddr,
    output: Output,
}

impl Topics<'_> {
    async fn at(address: &ServiceAddr, output: Output) -> Result<Topics<'_>> {
        let client = TopicServiceClient::new(connect(address).await?);
        Ok(Topics { client, address, output })
    }

    async fn list(&mut self, namespace: String) -> Result<()> {
        let listed = self.client.list_topics(ListTopicsRequest { namespace }).await;
        let topics = listed.map_err(|status| self.refused(&status))?.into_inner().topics;
        if self.output.is_json() {
            for topic in &topics {
                self.output.result(String::new, || summary_json(topic))?;
            }
            return Ok(());
        }
        let rows: Vec<Vec<String>> = topics.iter().map(summary_row).collect();
        let head = ["TOPIC", "DISPATCH", "PARTITIONS", "MESSAGES", "SUBSCRIPTIONS", "SCHEMA"];
        self.output.result(|| table(&head, &rows), || Value::Null)?;
        Ok(())
    }

    async fn describe(&mut self, topic: String) -> Result<()> {
        let described = self.client.describe_topic(DescribeTopicRequest { topic }).await;
        let described = described.map_err(|status| self.refused(&status))?.into_inner();
        self.output.result(|| description(&described), || description_json(&described))?;
        Ok(())
    }

    async fn create(&mut self, request: CreateTopicRequest) -> Result<()> {
        let topic = request.topic.clone();
        self.client.create_topic(request).await.map_err(|status| self.refused(&status))?;
        self.output.result(|| format!("Topic {topic} created"), || json!({ "event": "created", "topic": topic }))?;
        Ok(())
    }

    async fn truncate(&mut self, topic: String, before_offset: Option<u64>) -> Result<()> {
        let request = TruncateTopicRequest { topic: topic.clone(), before_offset };
        let truncated = self.client.truncate_topic(request).await;
        let deleted = truncated.map_err(|status| self.refused(&status))?.into_inner().messages_deleted;
        let words = || format!("{topic}: {deleted} messages deleted");
        self.output.result(words, || json!({ "event": "truncated", "topic": topic, "messages_deleted": deleted }))?;
        Ok(())
    }

    async fn delete(&mut self, topic: String) -> Result<()> {
        let request = DeleteTopicRequest { topic: topic.clone() };
        self.client.delete_topic(request).await.map_err(|status| self.refused(&status))?;
        self.output.result(|| format!("Topic {topic} deleted"), || json!({ "event": "deleted", "topic": topic }))?;
        Ok(())
    }

    fn refused(&self, status: &Status) -> anyhow::Error {
        if status.code() == Code::Unimplemented {
            return anyhow!(
                "{} is no Irongate server; a Danube broker lists its topics through danube-admin",
                self.address
            );
        }
        refused(status, self.address)
    }
}

fn dispatch(topic: &TopicSummary) -> &'static str {
    match topic.dispatch_strategy() {
        DispatchStrategy::Reliable => "reliable",
        DispatchStrategy::NonReliable => "non-reliable",
    }
}

fn schema(topic: &TopicSummary) -> String {
    if topic.schema_subject.is_empty() {
        return "-".to_owned();
    }
    format!("{} ({})", topic.schema_subject, topic.validation_policy)
}

fn summary_row(topic: &TopicSummary) -> Vec<String> {
    vec![
        topic.name.clone(),
        dispatch(topic).to_owned(),
        if topic.partitions == 0 { "-".to_owned() } else { topic.partitions.to_string() },
        topic.message_count.to_string(),
        topic.subscription_count.to_string(),
        schema(topic),
    ]
}

fn summary_json(topic: &TopicSummary) -> Value {
    json!({
        "topic": topic.name, "dispatch": dispatch(topic), "partitions": topic.partitions,
        "messages": topic.message_count, "subscriptions": topic.subscription_count,
        "schema_subject": (!topic.schema_subject.is_empty()).then_some(&topic.schema_subject),
        "validation_policy": topic.validation_policy,
    })
}

fn subscription_type(subscription: &SubscriptionInfo) -> &'static str {
    match subscription.subscription_type() {
        SubscriptionType::Exclusive => "exclusive",
        SubscriptionType::Shared => "shared",
        SubscriptionType::Failover => "fail-over",
        SubscriptionType::KeyShared => "key-shared",
    }
}

fn description(described: &DescribeTopicResponse) -> String {
    let mut text = String::new();
    if let Some(summary) = &described.summary {
        text += &format!("Topic: {}\nDispatch: {}\nSchema: {}\n\n", summary.name, dispatch(summary), schema(summary));
    }
    let partitions: Vec<Vec<String>> = described
        .partitions
        .iter()
        .map(|partition| {
            vec![partition.topic.clone(), partition.first_offset.to_string(), partition.next_offset.to_string()]
        })
        .collect();
    text += &table(&["PARTITION", "FIRST OFFSET", "NEXT OFFSET"], &partitions);
    if described.subscriptions.is_empty() {
        return text + "\n\nNo subscriptions";
    }
    let subscriptions: Vec<Vec<String>> = described
        .subscriptions
        .iter()
        .map(|subscription| {
            vec![
                subscription.name.clone(),
                subscription.topic.clone(),
                subscription_type(subscription).to_owned(),
                subscription.consumer_count.to_string(),
                subscription.next_offset.to_string(),
                subscription.backlog_count.to_string(),
            ]
        })
        .collect();
    let head = ["SUBSCRIPTION", "TOPIC", "TYPE", "CONSUMERS", "NEXT OFFSET", "BACKLOG"];
    text + "\n\n" + &table(&head, &subscriptions)
}

fn description_json(described: &DescribeTopicResponse) -> Value {
    let partitions: Vec<Value> = described
        .partitions
        .iter()
        .map(|partition| {
            json!({
                "topic": partition.topic, "first_offset": partition.first_offset, "next_offset": partition.next_offset,
            })
        })
        .collect();
    let subscriptions: Vec<Value> = described
        .subscriptions
        .iter()
        .map(|subscription| {
            json!({
                "name": subscription.name, "topic": subscription.topic, "type": subscription_type(subscription),
                "consumers": subscription.consumer_count, "next_offset": subscription.next_offset,
                "backlog": subscription.backlog_count,
            })
        })
        .collect();
    let mut object = described.summary.as_ref().map_or_else(|| json!({}), summary_json);
    object["partition_offsets"] = partitions.into();
    object["subscription_details"] = subscriptions.into();
    object
}

//! `irongate pipeline doctor`: a pipeline's file against the broker that it is to run on. Changes nothing.

use super::file;
use super::network::Connection;
use crate::address::ServiceAddr;
use crate::failure::{FAILED, Failure, sentence};
use crate::output::{Output, harmless};
use anyhow::Result;
use irongate_pipeline::{Advice, PipelineConfig, PoisonFate, Surroundings, Weight, advise};
use irongate_proto::danube_admin::topic_admin_client::TopicAdminClient;
use irongate_proto::danube_admin::{
    GetSubscriptionDispatchConfigRequest, GetSubscriptionFailurePolicyRequest, SubscriptionPoisonPolicy,
};
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;
use tonic::Status;

/// What a broker does where nothing was set, Danube's values; Irongate differs in the first.
const UNACKED_DANUBE: usize = 10;
const UNACKED_IRONGATE: usize = 1_000;
const ACK_TIMEOUT: Duration = Duration::from_secs(30);
const REDELIVERIES: u32 = 5;

/// The arguments of `pipeline doctor`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file: TOML, or YAML where it is named so.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) async fn run(address: &ServiceAddr, args: &Args, output: Output) -> Result<()> {
    let config = file::read(&args.file)?;
    let connection = Connection::open(address).await?;
    let mut findings = vec![source(&connection, &config).await];
    findings.extend(targets(&connection, &config).await);
    let (surroundings, settings) = surroundings(&connection, &config).await;
    findings.push(settings);
    findings.extend(advise(&config, &surroundings));
    for Advice { what, weight, text } in &findings {
        let (mark, word) = match weight {
            Weight::Well => ("✅", "well"),
            Weight::Mind => ("⚠️", "mind"),
            Weight::Wrong => ("❌", "wrong"),
        };
        output.result(
            || format!("{mark} {what}: {}", harmless(text)),
            || json!({"event": "finding", "what": what, "is": word, "text": text}),
        )?;
    }
    let is_wrong = findings.iter().any(|finding| finding.weight == Weight::Wrong);
    if is_wrong { Err(Failure::Told { code: FAILED }.into()) } else { Ok(()) }
}

async fn source(connection: &Connection, config: &PipelineConfig) -> Advice {
    let from = &config.from;
    let (weight, text) = match connection.exists(from).await {
        Err(error) => (Weight::Wrong, format!("{error:#}")),
        Ok(false) => (Weight::Wrong, format!("{from} does not exist; create it, or produce to it")),
        Ok(true) => match connection.check_source(from).await {
            Err(error) => (Weight::Wrong, format!("{error:#}")),
            Ok(()) => (Weight::Well, format!("{from} is there")),
        },
    };
    Advice { what: "source", weight, text }
}

async fn targets(connection: &Connection, config: &PipelineConfig) -> Vec<Advice> {
    let dead_letter = config.dead_letter.as_ref().map(|dead_letter| ("dead letters", &dead_letter.topic));
    let topics = config.targets.iter().map(|target| ("target", &target.topic)).chain(dead_letter);
    let mut findings = Vec::new();
    for (what, topic) in topics {
        let (weight, text) = match connection.exists(topic).await {
            Ok(true) => (Weight::Well, format!("{topic} is there")),
            Ok(false) if connection.makes_topics() => {
                (Weight::Well, format!("{topic} does not exist yet and is created"))
            }
            Ok(false) => {
                (Weight::Wrong, format!("{topic} does not exist, and the server makes no topics by itself: create it"))
            }
            Err(error) => (Weight::Wrong, format!("{error:#}")),
        };
        findings.push(Advice { what, weight, text });
    }
    findings
}

/// What was set for the subscription, and whether that could be asked.
async fn surroundings(connection: &Connection, config: &PipelineConfig) -> (Surroundings, Advice) {
    let host = connection.embedded();
    let mut surroundings = Surroundings {
        unacked_messages_max: if host.is_some() { UNACKED_IRONGATE } else { UNACKED_DANUBE },
        ack_timeout: ACK_TIMEOUT,
        redeliveries_max: REDELIVERIES,
        fate: PoisonFate::Block,
        message_bytes_max: connection.message_bytes_max(),
        has_offsets: host.is_some(),
    };
    let what = "subscription";
    let settings = match ask(connection, config, &mut surroundings).await {
        Ok(()) => {
            let name = &config.subscription;
            Advice { what, weight: Weight::Well, text: format!("the settings of {name} are known") }
        }
        Err(status) => {
            let reason = sentence(&status, &connection.address);
            let text = format!("its settings cannot be asked for here, so the broker's own are assumed: {reason}");
            Advice { what, weight: Weight::Mind, text }
        }
    };
    (surroundings, settings)
}

async fn ask(connection: &Connection, config: &PipelineConfig, found: &mut Surroundings) -> Result<(), Status> {
    let mut client = TopicAdminClient::new(connection.channel.clone());
    let (topic, subscription) = (config.from.clone(), config.subscription.clone());
    let request = GetSubscriptionFailurePolicyRequest { topic: topic.clone(), subscription: subscription.clone() };
    let policy = client.get_subscription_failure_policy(request).await?.into_inner().failure_policy;
    if let Some(policy) = policy {
        found.ack_timeout = Duration::from_millis(policy.ack_timeout_ms);
        found.redeliveries_max = policy.max_redelivery_count;
        found.fate = match policy.poison_policy() {
            SubscriptionPoisonPolicy::DeadLetter => PoisonFate::DeadLetter,
            SubscriptionPoisonPolicy::Block => PoisonFate::Block,
            SubscriptionPoisonPolicy::Drop => PoisonFate::Drop,
        };
    }
    let request = GetSubscriptionDispatchConfigRequest { topic, subscription };
    let dispatch = client.get_subscription_dispatch_config(request).await?.into_inner().dispatch_config;
    if let Some(dispatch) = dispatch {
        found.unacked_messages_max = usize::try_from(dispatch.max_unacked_messages).unwrap_or(usize::MAX);
    }
    Ok(())
}

//! `irongate pipeline run`: a pipeline in this process, between topics of a server. At least once: what is sent twice has the same dedup id.

use super::file;
use super::network::{Connection, NetAcknowledger, names};
use super::source::{Again, NetSource};
use crate::address::ServiceAddr;
use crate::failure::{FAILED, Failure};
use crate::output::{Output, complain};
use crate::subscription::{Subscription, SubscriptionArgs};
use crate::verbs::serve::{log_to_stderr, shutdown_signal};
use anyhow::Result;
use irongate_deploy::wire_type;
use irongate_pipeline::{Ended, PipelineConfig, SubscriptionType, plan};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

/// The arguments of `pipeline run`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file: TOML, or YAML where it is named so.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The consumer's name. By default the pipeline's, with something random behind it where
    /// several may share the subscription.
    #[arg(short = 'n', long, value_name = "NAME")]
    consumer: Option<String>,
}

pub(super) async fn run(address: &ServiceAddr, args: &Args, output: Output) -> Result<()> {
    log_to_stderr();
    let stop = shutdown_signal()?;
    let checked = file::check(&args.file).await?;
    // All that can be wrong with the pipeline itself is known before anything is consumed.
    let stages = file::configure(&args.file, &checked).await?;
    let config = &checked.config;
    let connection = Connection::open(address).await?;
    connection.check_source(&config.from).await?;
    let (schemas, targets) = connection.targets(config).await?;
    let wanted = SubscriptionArgs {
        topic: config.from.clone(),
        consumer: args.consumer.clone().unwrap_or_else(|| consumer_name(config)),
        subscription: config.subscription.clone(),
        subscription_type: wire_type(config.subscription_type),
        key_filters: Vec::new(),
    };
    let again = Again { channel: connection.channel.clone(), address: address.clone(), args: wanted.clone() };
    let subscription = Subscription::open(connection.channel.clone(), address, wanted).await?;
    let acknowledger = NetAcknowledger { acknowledgements: subscription.acknowledgements(), address: address.clone() };
    let source = NetSource::new(subscription, again, connection.registry());
    output.progress(&format!("{} runs: {} -> {}", config.name, config.from, names(&config.targets)));
    let plan = plan(config, stages, &schemas, |topic| targets[topic].clone());
    let ended = irongate_pipeline::run(plan, Box::new(source), Arc::new(acknowledger), stop).await?;
    report(config, &ended, output)
}

fn consumer_name(config: &PipelineConfig) -> String {
    match config.subscription_type {
        SubscriptionType::Exclusive => config.name.clone(),
        _ => format!("{}-{:08x}", config.name, fastrand::u32(..)),
    }
}

/// What became of the records. The exit code says whether all that were read are settled.
fn report(config: &PipelineConfig, ended: &Ended, output: Output) -> Result<()> {
    let counts = &ended.counts;
    output.result(
        || {
            format!(
                "{} stopped: {} read, {} delivered, {} filtered, {} dropped, {} dead letters, {} given back, {} in flight",
                config.name,
                counts.read,
                counts.delivered,
                counts.filtered,
                counts.dropped,
                counts.dead_lettered,
                counts.given_back,
                counts.in_flight
            )
        },
        || {
            json!({
                "name": config.name, "read": counts.read, "delivered": counts.delivered, "filtered": counts.filtered,
                "dropped": counts.dropped, "dead_lettered": counts.dead_lettered, "given_back": counts.given_back,
                "in_flight": counts.in_flight, "copies": counts.copies, "frontier": ended.frontier,
            })
        },
    )?;
    if counts.in_flight == 0 {
        return Ok(());
    }
    let seconds = config.drain.as_secs_f64();
    complain(&format!(
        "{} records were not settled within {seconds} s (drain) and will be delivered again",
        counts.in_flight
    ));
    Err(Failure::Told { code: FAILED }.into())
}

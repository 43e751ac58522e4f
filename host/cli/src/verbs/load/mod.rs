//! `irongate load`: how many messages a server takes and how long each takes, measured so that a slow server cannot
//! hide it and a slow generator does not either.

mod args;
mod chart;
mod page;
mod summary;
mod target;

pub(crate) use args::Args;

use crate::address::ServiceAddr;
use crate::client::{ANSWER_BYTES_MAX, Channel, connect, host_info};
use crate::failure::{FAILED, Failure, refused};
use crate::messages::composer::{Composer, Routes};
use crate::messages::input::Input;
use crate::messages::rows::Source;
use crate::output::Output;
use crate::sender::{Route, Sender};
use anyhow::{Context, Result};
use irongate_load::{Measured, Plan, Running, at_the_end};
use irongate_messages::SchemaName;
use irongate_messages::Text;
use irongate_proto::irongate_v1::browse_request::Start;
use irongate_proto::irongate_v1::browse_service_client::BrowseServiceClient;
use irongate_proto::irongate_v1::topic_service_client::TopicServiceClient;
use irongate_proto::irongate_v1::{BrowseRequest, CreateTopicRequest};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use summary::Live;
use target::Producer;
use tonic::Code;

pub(crate) async fn run(address: &ServiceAddr, args: Args, output: Output) -> Result<()> {
    let input = input(&args)?;
    let channel = connect(address).await?;
    let info = if args.danube_api { None } else { host_info(&channel, address).await? };
    let composer = Arc::new(Composer::new(input, Arc::new(Routes::new(Arc::new(route(&args)))), u64::MAX));
    let mut producers = Vec::new();
    for _ in 0..args.producers {
        let sender = Sender::new(connect(address).await?, address, info.as_ref());
        producers.push(Producer::new(sender, address.clone(), composer.clone()));
    }
    let reader = if info.is_some() && !args.no_end_to_end {
        create_topic(&channel, address, &args).await?;
        let mut client = BrowseServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX);
        let request =
            BrowseRequest { topics: vec![args.topic.clone()], start: Some(Start::Latest(true)), follow: true };
        let stream = client.browse(request).await.map_err(|status| refused(&status, address))?.into_inner();
        Some(at_the_end(stream).await.map_err(|status| refused(&status, address))?)
    } else {
        None
    };
    let duration = args.duration.or(args.count.is_none().then_some(args::DURATION_DEFAULT));
    let plan = Plan { rate: args.rate, in_flight: args.in_flight(), count: args.count, duration };
    let mut running = Running::start(&plan, producers, reader);
    let is_interrupted = count(&mut running, output).await?;
    let (measured, ended) = running.finish().await;
    ended?;
    tell(&args, address, &measured, output)?;
    let is_whole = measured.failed == 0 && measured.acknowledged > 0 && !is_interrupted;
    if is_whole { Ok(()) } else { Err(Failure::Told { code: FAILED }.into()) }
}

fn input(args: &Args) -> Result<Input> {
    let mut terms = args.terms.terms(None)?;
    let text = match &args.message {
        Some(text) => terms.text(text)?,
        None => {
            let mut dice = fastrand::Rng::with_seed(terms.seed);
            Text::Literal((0..args.size).map(|_| dice.alphanumeric()).collect())
        }
    };
    Ok(Input { source: Source::Texts(1), terms, texts: vec![text] })
}

fn route(args: &Args) -> Route {
    let plain =
        Route::plain(args.topic.clone(), args.producer_name.clone(), args.partitions.unwrap_or(0), args.reliable);
    let schema = args.schema_subject.clone().map(|subject| SchemaName { subject, version: None });
    plain.elsewhere(args.topic.clone(), schema.as_ref())
}

/// The reader must be there before the first message, so the topic must be as well.
async fn create_topic(channel: &Channel, address: &ServiceAddr, args: &Args) -> Result<()> {
    let route = route(args);
    let strategy = i32::from(args.reliable);
    let request = CreateTopicRequest {
        topic: route.topic,
        dispatch_strategy: strategy,
        partitions: route.partitions,
        schema_ref: route.schema.map(|schema| schema.reference),
    };
    match TopicServiceClient::new(channel.clone()).create_topic(request).await {
        Err(status) if status.code() != Code::AlreadyExists => Err(refused(&status, address)),
        _ => Ok(()),
    }
}

/// Takes in what is acknowledged and what arrives until both are through. Answers whether the run was cut short.
async fn count(running: &mut Running, output: Output) -> Result<bool> {
    let mut live = Live::new(output);
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    let mut is_interrupted = false;
    // One for the whole run: what comes while something else is looked at is not lost.
    let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        tokio::select! {
            more = running.step() => if !more { break },
            _ = tick.tick() => live.tell(&running.measured),
            interrupted = &mut interrupt, if !is_interrupted => {
                interrupted?;
                is_interrupted = true;
                running.stop();
            }
        }
    }
    live.end();
    Ok(is_interrupted)
}

fn tell(args: &Args, address: &ServiceAddr, measured: &Measured, output: Output) -> Result<()> {
    output.result(|| summary::text(args, measured), || summary::object(args, address, measured))?;
    if let Some(file) = &args.export {
        write(file, &format!("{:#}\n", summary::object(args, address, measured)))?;
    }
    if let Some(file) = &args.report {
        write(file, &page::html(&summary::title(args), &summary::text(args, measured), measured))?;
    }
    Ok(())
}

fn write(file: &Path, text: &str) -> Result<()> {
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

//! `irongate load`: how many messages a server takes and how long each takes, measured so that a slow server cannot
//! hide it and a slow generator does not either.

mod args;
mod arrivals;
mod chart;
mod drive;
mod measure;
mod page;
mod summary;

pub(crate) use args::Args;

use crate::address::ServiceAddr;
use crate::client::{Channel, connect, host_info};
use crate::failure::{FAILED, Failure, refused};
use crate::messages::composer::{Composer, Routes};
use crate::messages::input::Input;
use crate::messages::record::SchemaName;
use crate::messages::rows::Source;
use crate::messages::template::Text;
use crate::output::Output;
use crate::sender::{Route, Sender};
use anyhow::{Context, Result};
use arrivals::Arrived;
use drive::{CALLS_MAX, Call, Drive};
use irongate_proto::irongate_v1::CreateTopicRequest;
use irongate_proto::irongate_v1::topic_service_client::TopicServiceClient;
use measure::Measured;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use summary::Live;
use tokio::sync::mpsc;
use tonic::Code;

/// How long acknowledged messages are waited for at the reading end once no more arrive.
const ARRIVAL_WAIT: Duration = Duration::from_secs(2);

pub(crate) async fn run(address: &ServiceAddr, args: Args, output: Output) -> Result<()> {
    let input = input(&args)?;
    let channel = connect(address).await?;
    let info = if args.danube_api { None } else { host_info(&channel, address).await? };
    let mut senders = Vec::new();
    for _ in 0..args.producers {
        senders.push(Sender::new(connect(address).await?, address, info.as_ref()));
    }
    let stream = if info.is_some() && !args.no_end_to_end {
        create_topic(&channel, address, &args).await?;
        Some(arrivals::open(channel, &args.topic).await.map_err(|status| refused(&status, address))?)
    } else {
        None
    };
    let run_id = format!("{:016x}", fastrand::u64(..));
    let start = Instant::now();
    let arrived = stream.map(|stream| arrivals::read(stream, run_id.clone(), start));
    let duration = args.duration.or(args.count.is_none().then_some(args::DURATION_DEFAULT));
    let drive = Arc::new(Drive {
        composer: Composer::new(input, Arc::new(Routes::new(Arc::new(route(&args)))), u64::MAX),
        run_id,
        start,
        end: duration.map(|duration| start + duration),
        count: args.count,
        in_flight: args.in_flight(),
        next: AtomicU64::new(0),
        is_stopped: AtomicBool::new(false),
        held_back_us: AtomicU64::new(0),
    });
    let (calls_sender, calls) = mpsc::channel(CALLS_MAX);
    let driving = tokio::spawn(drive.clone().run(senders, address.clone(), args.rate, calls_sender));
    let mut measured = Measured::new(start);
    let is_interrupted = count(&mut measured, &drive, calls, arrived, output).await?;
    driving.await??;
    measured.finish(Duration::from_micros(drive.held_back_us.load(Ordering::Relaxed)));
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
async fn count(
    measured: &mut Measured,
    drive: &Drive,
    mut calls: mpsc::Receiver<Call>,
    mut arrived: Option<mpsc::Receiver<Arrived>>,
    output: Output,
) -> Result<bool> {
    let mut live = Live::new(output);
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    let (mut is_interrupted, mut is_sent) = (false, false);
    let mut last_news = Instant::now();
    loop {
        let reading = async {
            match &mut arrived {
                Some(arrived) => arrived.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            call = calls.recv(), if !is_sent => match call {
                Some(call) => measured.add(call),
                None => (is_sent, last_news) = (true, Instant::now()),
            },
            some = reading => match some {
                Some(some) => {
                    last_news = Instant::now();
                    some.into_iter().for_each(|latency| measured.arrived(latency));
                }
                None => arrived = None,
            },
            _ = tick.tick() => live.tell(measured),
            () = tokio::time::sleep_until((last_news + ARRIVAL_WAIT).into()), if is_sent => break,
            interrupted = tokio::signal::ctrl_c(), if !is_interrupted => {
                interrupted?;
                is_interrupted = true;
                drive.is_stopped.store(true, Ordering::Relaxed);
            }
        }
        let arrived_count = measured.end_to_end.as_ref().map_or(0, measure::Latencies::count);
        if is_sent && (arrived.is_none() || arrived_count >= measured.acknowledged) {
            break;
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

//! `irongate produce`: messages from arguments, files and standard input, each acknowledged before the command says
//! so. This file is the order of things; each step has a file of its own.

mod args;
mod check;
mod encoding;
mod feed;
mod interruption;
mod lane;
mod mirror;
mod progress;
mod report;
mod run;
mod schemas;
mod state;
mod supply;

pub(crate) use args::Args;

use crate::address::ServiceAddr;
use crate::client::{Channel, connect};
use crate::failure::Failure;
use crate::messages::composer::{Composer, Routes};
use crate::messages::input::Input;
use crate::messages::rows::Source;
use crate::output::Output;
use crate::sender::{Message, RetryPolicy, Route, Sender};
use anyhow::{Context, Result};
use irongate_load::Pace;
use irongate_messages::{Record, SchemaName};
use irongate_proto::danube::schema_reference::VersionRef;
use schemas::Schemas;
use state::{State, StateFile};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use supply::{Made, Supply};

pub(crate) async fn run(address: &ServiceAddr, args: Args, output: Output) -> Result<()> {
    let file = StateFile::of(&identity(&args));
    let mut state = left_over(&args, file.as_ref())?;
    let terms = args.terms.terms((args.resume && !args.terms.has_seed()).then_some(state.seed))?;
    state.seed = terms.seed;
    let mut input = args.input.input(terms)?;
    if args.count > 1 && input.source.is_stream() {
        input.source.hold()?;
    }
    let definition = args.schema.schema_file.as_deref().map(read_file).transpose()?;
    let regions = mirror::addresses(address, &args.mirror.mirror)?;
    let (asked, channel, info) = mirror::first_to_answer(&regions, args.danube_api).await?;
    let has_topic = !matches!(input.source, Source::Records(_));
    let registration = registration(&args, definition.as_ref());
    let asking = Asking { args: &args, channel: &channel, address: &asked, is_danube: info.is_none(), output };
    let (supply, route) = asking.supply(input, definition).await?;
    if args.dry_run {
        return dry_run(&supply, args.count, output);
    }
    let run = run::Run { args: &args, address, output, supply, state, file };
    if regions.len() > 1 {
        let route = has_topic.then_some(route);
        return mirror::Mirrored { run, regions, registration, route }.send_all().await;
    }
    let mut senders = vec![Sender::new(channel, address, info.as_ref())];
    for _ in 1..args.producers {
        senders.push(Sender::new(connect(address).await?, address, info.as_ref()));
    }
    run.send_all(senders).await
}

fn read_file(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

/// What tells this command from another one. Where it goes and how fast may change between a run and its resumption.
fn identity(args: &Args) -> Vec<String> {
    let mut identity = vec![args.topic.clone(), args.count.to_string()];
    identity.extend(args.input.identity());
    identity.extend(args.terms.identity());
    identity.extend(args.transform.identity());
    identity.push(args.schema.encoding.to_string());
    identity
}

/// What the last run of the same command left.
fn left_over(args: &Args, file: Option<&StateFile>) -> Result<State> {
    if !args.resume {
        return Ok(State::default());
    }
    let state = file.map(StateFile::read).transpose()?.flatten();
    let nothing = "there is nothing to resume: no run of this very command was interrupted or failed on this machine";
    state.ok_or_else(|| Failure::Usage(nothing.to_owned()).into())
}

/// The schema file of the arguments, for regions that do not have it yet.
fn registration(args: &Args, definition: Option<&Vec<u8>>) -> Option<mirror::Registration> {
    let (definition, schema_type) = (definition?.clone(), args.schema.schema_type?);
    Some(mirror::Registration { subject: schemas::subject_of(&args.topic), schema_type, definition })
}

/// The server that is asked before anything is sent.
struct Asking<'a> {
    args: &'a Args,
    channel: &'a Channel,
    address: &'a ServiceAddr,
    is_danube: bool,
    output: Output,
}

impl Asking<'_> {
    /// Prepares routes and messages, and checks all of them unless those that are invalid are to be skipped.
    async fn supply(self, mut input: Input, definition: Option<Vec<u8>>) -> Result<(Arc<Supply>, Arc<Route>)> {
        let Self { args, channel, address, is_danube, output } = self;
        // A dry run prints messages and nothing else; what is for programs has no lines of progress either.
        let asking = output.or_json(args.dry_run);
        let schemas = Schemas { channel: channel.clone(), address, is_danube, output: asking };
        let plain =
            Route::plain(args.topic.clone(), args.producer_name.clone(), args.partitions.unwrap_or(0), args.reliable);
        let default = Arc::new(schemas.route(args, definition, plain).await?);
        let has_check = default.check.is_some();
        let stages = supply::stages(&args.transform)?;
        if (has_check || !stages.is_empty()) && !args.skip_invalid {
            input.source.hold()?;
        }
        let routes = Routes::new(default.clone());
        schemas.more_routes(&input.source, &routes, &default).await?;
        let is_stream = input.source.is_stream();
        let routes = Arc::new(routes);
        let composer = Arc::new(Composer::new(input, routes.clone(), args.count));
        let supply = Arc::new(Supply { composer, routes, stages, encoding: args.schema.encoding });
        if !args.skip_invalid && !is_stream {
            let cycles = if supply.repeats() { 1 } else { args.count };
            check::check_all(supply.messages(cycles, false)?, output)?;
        }
        Ok((supply, default))
    }
}

/// Prints the messages in the form in which they can be sent with --from.
fn dry_run(supply: &Arc<Supply>, cycles: u64, output: Output) -> Result<()> {
    let mut is_invalid = false;
    for made in supply.messages(cycles, true)? {
        let message = match made? {
            Made::Message(message) => message,
            Made::Rejected(message, reason) => {
                is_invalid = true;
                check::tell_rejected(&message, &reason, "it would not be sent", output);
                continue;
            }
            Made::Invalid(message, violations) => {
                is_invalid = true;
                check::tell(&message, &violations, "it would not be sent", output);
                continue;
            }
        };
        let violations = check::violations_of(&message);
        if !violations.is_empty() {
            is_invalid = true;
            check::tell(&message, &violations, "it would not be sent", output);
            continue;
        }
        let line = serde_json::to_string(&record(&message))?;
        output.lines(&[line])?;
    }
    if is_invalid { Err(Failure::Told { code: crate::failure::INVALID }.into()) } else { Ok(()) }
}

fn record(message: &Message) -> Record {
    let version = |reference: &VersionRef| match reference {
        VersionRef::PinnedVersion(version) => Some(*version),
        VersionRef::UseLatest(_) | VersionRef::MinVersion(_) => None,
    };
    let schema = message.route.schema.as_ref().map(|schema| SchemaName {
        subject: schema.reference.subject.clone(),
        version: schema.reference.version_ref.as_ref().and_then(version),
    });
    let mut record = Record::new(&message.payload);
    record.topic = Some(message.route.topic.clone());
    record.schema = schema;
    record.routing_key = message.routing_key.clone();
    record.attributes = message.attributes.clone().into_iter().collect();
    record
}

/// How the arguments want failures to be met.
fn policy(args: &Args) -> RetryPolicy {
    RetryPolicy { retries_max: args.retries, step_ms: args.retry_delay }
}

/// How fast the arguments want it; absent: as fast as it goes.
fn pace(args: &Args) -> Option<Pace> {
    match args.rate {
        Some(rate) => Some(Pace::of_rate(rate)),
        None => (args.interval > 0).then(|| Pace::of_period(Duration::from_millis(args.interval))),
    }
}

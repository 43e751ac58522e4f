//! The command `irongate`: serve, token, produce, consume, load, schema, topics, plugin, pipeline, dlq. It reads arguments, talks
//! to a server over gRPC like any other client, and tells the truth in its exit code. What it
//! serves is made in the library crates.

mod address;
mod args;
mod browsing;
mod client;
mod credentials;
mod dlq;
mod failure;
mod hash;
mod messages;
mod output;
mod pace;
mod pipeline;
mod plugin;
mod profile;
mod registry;
mod sender;
mod subscription;
mod usage;
mod verbs;
mod violations;

use args::{Cli, Verb};
use clap::Parser;
use failure::{Failure, exit_code};
use output::Output;
use std::process::ExitCode;
use tikv_jemallocator::Jemalloc;

/// Gives memory that is free back to the system, by threads of its own: with the C library's a host under mixed load
/// holds twice what it uses, and ever more.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let Some(sentence) = usage::sentence(&error) else { error.exit() };
            output::complain(&sentence);
            return ExitCode::from(failure::USAGE);
        }
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A failure that has been told in full already leaves only its exit code.
            if !matches!(error.downcast_ref(), Some(Failure::Told { .. })) {
                output::complain(&format!("error: {error:#}"));
            }
            ExitCode::from(exit_code(&error))
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let output = Output::new(cli.json);
    // A server uses every core; a client waits for the network most of the time.
    let runtime = match &cli.verb {
        Verb::Serve(_) | Verb::Produce(_) | Verb::Load(_) | Verb::Pipeline(_) => {
            tokio::runtime::Builder::new_multi_thread().enable_all().build()?
        }
        _ => tokio::runtime::Builder::new_current_thread().enable_all().build()?,
    };
    let address = cli.connection.address()?;
    runtime.block_on(async {
        match cli.verb {
            Verb::Serve(args) => verbs::serve::run(*args).await,
            Verb::Token(args) => verbs::token::run(args, output),
            Verb::Produce(args) => verbs::produce::run(&address, *args, output).await,
            Verb::Consume(args) => verbs::consume::run(&address, args, output).await,
            Verb::Load(args) => verbs::load::run(&address, *args, output).await,
            Verb::Schema(args) => verbs::schema::run(&address, args, output).await,
            Verb::Topics(args) => verbs::topics::run(&address, args, output).await,
            Verb::Backup(args) => verbs::backup::run(&address, args, output).await,
            Verb::Dlq(args) => dlq::run(&address, args, output).await,
            Verb::Pipeline(args) => pipeline::run(&address, args, output).await,
            Verb::Doctor => verbs::doctor::run(&address, output).await,
            Verb::Completions(args) => verbs::shell::completions(&args),
            Verb::Man(args) => verbs::shell::man(&args),
            // Compiling and running a component blocks.
            Verb::Plugin(args) => tokio::task::spawn_blocking(move || plugin::run(args, output)).await?,
        }
    })
}

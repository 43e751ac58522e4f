//! `irongate pipeline`: checking, testing and running the file of a pipeline. Only running needs a server.

mod check;
mod file;
mod network;
mod run;
mod source;
mod test;

use crate::address::ServiceAddr;
use crate::output::Output;
use anyhow::Result;
use clap::Subcommand;

/// The arguments of `pipeline`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say everything that is wrong with a pipeline's file, with line and column.
    ///
    /// Loads the components and checks their digests, their configurations and their grants.
    /// The exit code is 1 where something is wrong.
    Check(check::Args),
    /// Run the tests in a pipeline's file.
    ///
    /// Each test's records go through the engine and the components, with a source and targets
    /// in memory. The exit code is 1 where a test fails.
    Test(test::Args),
    /// Run a pipeline in this process, between topics of a server.
    ///
    /// It checks the file first, as check does, and consumes nothing where something is wrong. A
    /// new subscription starts at the next message. It runs until it receives SIGINT or SIGTERM;
    /// then it settles what is in flight. The exit code is 1 where something was left.
    Run(run::Args),
}

pub(crate) async fn run(address: &ServiceAddr, args: Args, output: Output) -> Result<()> {
    match args.action {
        Action::Check(args) => check::run(&args, output).await,
        Action::Test(args) => test::run(&args, output).await,
        Action::Run(args) => run::run(address, &args, output).await,
    }
}

//! `irongate pipeline`: checking, testing, running and deploying the file of a pipeline. Checking and testing need no server.

mod browsed;
mod check;
mod deployed;
mod doctor;
pub(crate) mod file;
mod graph;
mod network;
mod run;
mod shadow;
mod source;
mod tap;
mod test;

use crate::address::ServiceAddr;
use crate::output::Output;
use anyhow::Result;
use clap::Subcommand;
use deployed::Deployed;

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
    #[command(visible_alias = "validate")]
    Check(check::Args),
    /// Run the tests in a pipeline's file.
    ///
    /// Each test's records go through the engine and the components, with a source and targets
    /// in memory. The exit code is 1 where a test fails.
    Test(test::Args),
    /// Show what a pipeline makes of records that are in its source, and keep them as a test.
    ///
    /// The components run here, with an empty state, and nothing is written or acknowledged. With
    /// --save-test the records and what came of them are added to the file, once that passes.
    Tap(tap::Args),
    /// Run another file beside the one in use, on the same records, and print every difference.
    ///
    /// Both run here, with an empty state each, and nothing is written or acknowledged. The exit
    /// code is 1 where something differs.
    Shadow(shadow::Args),
    /// Look for settings of the broker by which a pipeline would be slow, stop or lose records.
    ///
    /// Looks at its topics, and at what was set for its subscription, and says what to do. Loads no
    /// component. The exit code is 1 where something is wrong.
    Doctor(doctor::Args),
    /// Draw a pipeline: source, stages, targets with their conditions, dead letters.
    ///
    /// Loads no component and needs no server.
    Graph(graph::Args),
    /// Run a pipeline in this process, between topics of a server.
    ///
    /// It checks the file first, as check does, and consumes nothing where something is wrong. A
    /// new subscription starts at the next message. It runs until it receives SIGINT or SIGTERM;
    /// then it settles what is in flight. The exit code is 1 where something was left.
    Run(run::Args),
    /// Have the server run a pipeline, or another version of one, each record exactly once.
    ///
    /// The file and its components are kept there, and the pipeline runs whenever the server
    /// does. Another version goes on where the one before it stood.
    Deploy(deployed::DeployArgs),
    /// List the pipelines that the server runs.
    List,
    /// Settle what is in flight and read no more, until it is resumed.
    Pause(deployed::NameArgs),
    /// Go on with a paused pipeline where it stood.
    Resume(deployed::NameArgs),
    /// Deploy the version before the last one again.
    Rollback(deployed::NameArgs),
    /// End a pipeline and forget it, with the state of its stages. Its subscription stays.
    #[command(visible_alias = "delete")]
    Remove(deployed::NameArgs),
}

pub(crate) async fn run(address: &ServiceAddr, args: Args, output: Output) -> Result<()> {
    match args.action {
        Action::Check(args) => check::run(&args, output).await,
        Action::Test(args) => test::run(&args, output).await,
        Action::Tap(args) => tap::run(address, &args, output).await,
        Action::Shadow(args) => shadow::run(address, &args, output).await,
        Action::Doctor(args) => doctor::run(address, &args, output).await,
        Action::Graph(args) => graph::run(&args, output),
        Action::Run(args) => run::run(address, &args, output).await,
        Action::Deploy(args) => Deployed::at(address, output).await?.deploy(&args).await,
        Action::List => Deployed::at(address, output).await?.list().await,
        Action::Pause(args) => Deployed::at(address, output).await?.pause(args).await,
        Action::Resume(args) => Deployed::at(address, output).await?.resume(args).await,
        Action::Rollback(args) => Deployed::at(address, output).await?.rollback(args).await,
        Action::Remove(args) => Deployed::at(address, output).await?.remove(args).await,
    }
}

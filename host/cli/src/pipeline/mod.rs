//! `irongate pipeline`: checking and testing the file of a pipeline. Needs no server and writes to no topic.

mod check;
mod file;
mod test;

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
}

pub(crate) async fn run(args: Args, output: Output) -> Result<()> {
    match args.action {
        Action::Check(args) => check::run(&args, output).await,
        Action::Test(args) => test::run(&args, output).await,
    }
}

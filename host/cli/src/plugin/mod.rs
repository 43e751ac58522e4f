//! `irongate plugin`: writing, building, trying, looking at and keeping transforms. Needs no server; installs no tool.

mod build;
mod c;
mod cargo;
pub(crate) mod engine;
mod inspect;
mod javascript;
mod new;
mod project;
mod python;
mod records;
mod run;
mod scaffold;
mod store;
mod stored;
mod test;

pub(crate) use engine::runtime;
pub(crate) use store::PluginStore;

use crate::output::Output;
use anyhow::Result;
use clap::Subcommand;

/// The arguments of `plugin`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a folder with a new transform: source, tests, and all that it needs to build.
    New(new::Args),
    /// Build the transform in a folder into NAME.wasm, and check that this host can load it.
    Build(build::Args),
    /// Run a transform's own tests, natively; then build it and check that this host can load it.
    Test(test::Args),
    /// Show what a component says of itself, what it imports, and what it would need to be granted.
    Inspect(inspect::Args),
    /// Run a component over records from a file or standard input, one JSON object per line.
    ///
    /// Reads what `irongate consume --json` prints. Prints what became of each record; writes to
    /// no topic and keeps no state. The exit code is 1 where the component failed on a record,
    /// 3 where the configuration breaks the component's schema.
    Run(run::Args),
    /// Put a component into your plugin store, under the name and the version that it says of itself.
    ///
    /// Files of pipelines and of topics' transforms then say `uses = "NAME@VERSION"`, or NAME for
    /// the newest, instead of a path.
    Install(stored::InstallArgs),
    /// List the plugins of your plugin store.
    List,
    /// Remove a plugin from your plugin store. What a server runs stays there.
    Remove(stored::RemoveArgs),
}

/// Blocks: for a thread that may.
pub(crate) fn run(args: Args, output: Output) -> Result<()> {
    match args.action {
        Action::New(args) => new::run(&args, output),
        Action::Build(args) => build::run(&args, output),
        Action::Test(args) => test::run(&args, output),
        Action::Inspect(args) => inspect::run(&args, output),
        Action::Run(args) => run::run(args, output),
        Action::Install(args) => stored::install(&args, output),
        Action::List => stored::list(output),
        Action::Remove(args) => stored::remove(&args, output),
    }
}

//! `irongate schema`: the registry, and what can be asked of a schema in a file with no server at all. What a schema
//! means is the schema crate's work.

mod bundle;
mod check;
mod convert;
mod definition;
mod diff;
mod messages;
mod registry;
mod rules;
mod sample;
mod validate;

use crate::address::ServiceAddr;
use crate::output::{Output, is_broken_pipe};
use anyhow::Result;
use clap::{Subcommand, ValueEnum};

/// The arguments of `schema`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    #[command(flatten)]
    Registry(registry::Action),
    #[command(flatten)]
    Rules(rules::Action),
    /// Check messages against a schema: of a file with no server, of a subject by its server's registry.
    ///
    /// No message is sent anywhere. Every broken rule is printed with its place. The exit code is 0 where all messages are valid, 3 where one is not,
    /// 2 where the schema does not compile.
    Validate(validate::Args),
    /// Say whether a new version of a schema may follow the old ones: of files with no server, of a subject by its server.
    ///
    /// The exit code is 0 where it may, 3 where not, 2 where a version does not compile. A question that cannot be
    /// decided counts as incompatible.
    Check(check::Args),
    /// Say what changes between two versions of a schema, field by field.
    ///
    /// Two files are compared with no server; two versions of a subject are asked for. The exit code is 0 whatever there
    /// is to say; whether a change is allowed is told by `schema check`.
    Diff(diff::Args),
    /// Put several .proto files into one definition, to be registered with its imports. Needs no server.
    Bundle(bundle::Args),
    /// Write the wire bytes of a message in JSON: an Avro datum, a Protobuf message. Needs no server.
    Encode(convert::EncodeArgs),
    /// Print the JSON of a message in wire bytes. Needs no server.
    Decode(convert::DecodeArgs),
    /// Make valid messages from a schema: of a file with no server, of a subject by its server's registry.
    ///
    /// The exit code is 3 where no valid message was found; the rule that stands in the way is named.
    Sample(sample::Args),
}

/// How results are printed.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Form {
    /// Text for people, or JSON.
    #[arg(short, long, value_enum, default_value = "table")]
    output: OutputForm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OutputForm {
    Table,
    Json,
}

pub(crate) async fn run(address: &ServiceAddr, args: Args, output: Output) -> Result<()> {
    let done = match args.action {
        Action::Registry(action) => {
            let output = output.or_json(action.form().output == OutputForm::Json);
            registry::act(address, action, output).await
        }
        Action::Validate(args) => validate::run(address, &args, output).await,
        Action::Rules(action) => rules::act(address, action, output).await,
        Action::Check(args) => check::run(address, &args, output.or_json(args.form.output == OutputForm::Json)).await,
        Action::Diff(args) => diff::run(address, &args, output).await,
        Action::Bundle(args) => bundle::run(&args, output),
        Action::Encode(args) => convert::encode(&args, output),
        Action::Decode(args) => convert::decode(&args, output),
        Action::Sample(args) => sample::run(address, &args, output).await,
    };
    match done {
        // A reader that has seen enough is no failure.
        Err(error) if error.downcast_ref().is_some_and(is_broken_pipe) => Ok(()),
        done => done,
    }
}

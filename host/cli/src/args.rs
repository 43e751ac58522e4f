//! The command line as a whole: the verbs and what all of them share. Each verb's own
//! arguments are in its file.

use crate::credentials::Connection;
use crate::verbs::{backup, consume, load, produce, schema, serve, shell, token, topics};
use crate::{dlq, pipeline, plugin};
use clap::{Parser, Subcommand};

const AFTER_HELP: &str = "\
Exit codes: 0 all done, 1 failed or interrupted, 2 wrong usage, 3 a message breaks its schema, or a schema its predecessor.
The flags of produce, consume and schema are those of danube-cli, long and short.";

/// A message broker that speaks Danube's protocol, with a console in the browser.
#[derive(Debug, Parser)]
#[command(name = "irongate", version, after_help = AFTER_HELP, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) connection: Connection,

    /// Print one JSON object per line instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run a server: broker, gRPC, gRPC-web and console on one port.
    ///
    /// It runs until it receives SIGINT or SIGTERM; then it finishes the calls in flight, writes
    /// everything down and exits with 0. It logs to stderr, as much as the environment variable
    /// IRONGATE_LOG says (for example debug).
    Serve(Box<serve::Args>),
    /// Make the secret that a server checks tokens with, and tokens for those who call it.
    ///
    /// A token says what its bearer may do (produce, consume, schemas, admin), in which namespaces, and until when. It
    /// is shown with --token, --token-file or IRONGATE_TOKEN. Danube's own clients show theirs the same way.
    Token(token::Args),
    /// Send messages to a topic: from arguments, files or standard input, filled in from templates.
    ///
    /// A topic that does not exist is created. Where a schema is known every message is checked here first: every
    /// broken rule is printed with its place, nothing is sent, and the exit code is 3. What fails for a reason that
    /// passes, such as a lost connection, is tried again, so a message may arrive twice, but never less than once. A
    /// run that was interrupted says what was acknowledged, and the same command with --resume sends the rest.
    Produce(Box<produce::Args>),
    /// Print the messages of a topic, with a subscription or without.
    ///
    /// With a subscription (-m) the server remembers what was acknowledged, each message after
    /// it was printed, and other consumers of the subscription get the rest. Without one, every
    /// message from the chosen start on is printed and nothing is remembered.
    Consume(consume::Args),
    /// Measure a server under load: messages per second, and how long each takes.
    ///
    /// With --rate messages are due by the clock, and a latency counts from when its message was due: a server that
    /// stands still for a second cannot hide it. The generator tells how late it was itself.
    Load(Box<load::Args>),
    /// Register and look up schemas; try them out with no server.
    ///
    /// A subject is a name under which the versions of one schema are kept; its number is the
    /// schema id.
    Schema(schema::Args),
    /// List, describe, create, empty and delete topics.
    Topics(topics::Args),
    /// Write, build, try and inspect transforms.
    Plugin(plugin::Args),
    /// Check, test, run and deploy pipelines: topics, stages and targets in one file.
    Pipeline(pipeline::Args),
    /// List and show dead letters, and send them again.
    Dlq(dlq::Args),
    /// Copy a running server's data: everything that was acknowledged before, while it goes on.
    ///
    /// The copy is a folder on the server's machine, below serve's --backup-dir: a data directory that a server can be started on.
    Backup(backup::Args),
    /// Look at the configuration, the server and the access to it, and say what to do about what is wrong.
    Doctor,
    /// Print the completions of a shell: bash, zsh, fish, elvish or powershell.
    Completions(shell::CompletionsArgs),
    /// Print the manual page, or write all of them.
    Man(shell::ManArgs),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use clap::error::ErrorKind;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("irongate").chain(line.split_whitespace()))
    }

    fn refused(line: &str) -> ErrorKind {
        parse(line).expect_err(line).kind()
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_address_stands_before_or_after_the_verb() {
        for line in [
            "-s http://broker:1 produce -m x",
            "produce -s http://broker:1 -m x",
            "schema -s http://broker:1 list",
            "schema list -s broker:1",
            "topics --service-addr http://broker:1",
        ] {
            assert_eq!(
                parse(line).expect(line).connection.service_addr.map(|address| address.to_string()),
                Some("http://broker:1".into()),
                "{line}"
            );
        }
    }

    #[test]
    fn danube_clis_lines_are_understood() {
        for line in [
            "produce -s http://localhost:6650 -t /default/t -m hello",
            "produce -n name -m x -a k:v,k2:v2 -p 8 -c 10 -i 100 --reliable",
            "produce --producer-name p --topic /a/b --file f --schema-subject s --schema-version 2",
            "produce -m x --schema-subject s --schema-min-version 2",
            "produce -m x --schema-file f --schema-type json_schema",
            "produce -m x --schema-file f --type avro",
            "consume -n c -t /default/t -m sub --sub-type fail-over",
            "consume --consumer c --topic /default/t --subscription sub --sub-type key-shared",
            "schema register s --schema-type json_schema --file f",
            "schema register s --type json_schema --file f",
            "schema register s -t protobuf -f f -o json",
            "schema get s -v 2 -o table",
            "schema get s --version 2",
            "schema versions s",
            "schema list",
        ] {
            parse(line).expect(line);
        }
    }

    #[test]
    fn wrong_combinations_are_usage_errors() {
        assert_eq!(refused("produce"), ErrorKind::MissingRequiredArgument);
        assert_eq!(refused("produce -m x --schema-version 1"), ErrorKind::MissingRequiredArgument);
        assert_eq!(refused("produce -m x --schema-file f"), ErrorKind::MissingRequiredArgument);
        for line in [
            "produce -m x -f file",
            "produce -m x --schema-subject s --schema-version 1 --schema-min-version 1",
            "produce -m x --schema-subject s --schema-file f --schema-type avro",
            "consume -m sub --from earliest",
            "consume -m sub --no-follow",
            "consume -o raw --template x",
        ] {
            assert_eq!(refused(line), ErrorKind::ArgumentConflict, "{line}");
        }
        for line in [
            "produce -m x -p 0",
            "produce -m x -a novalue",
            "produce -m x -i -1",
            "produce -m x -s ftp://x",
            "consume --from yesterday",
            "serve --allow-host http://x",
        ] {
            assert!(matches!(refused(line), ErrorKind::ValueValidation | ErrorKind::UnknownArgument), "{line}");
        }
        assert_eq!(refused("consume --sub-type turn-by-turn"), ErrorKind::InvalidValue);
        assert_eq!(refused("frobnicate"), ErrorKind::InvalidSubcommand);
    }
}

//! `irongate token`: secrets and the tokens signed with them. No server is asked: whoever has
//! the secret can mint.

use crate::failure::Failure;
use crate::output::Output;
use anyhow::{Context, Result};
use irongate_server::{Grant, Scope, TokenSecret};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The longest life of a token: ten years.
const LIFE_DAYS_MAX: i64 = 3653;

/// The arguments of `token`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Write a new secret to a file that only you can read.
    Secret {
        /// The file; it must not exist.
        file: PathBuf,
    },
    /// Print a new token.
    Mint(MintArgs),
}

/// The arguments of `token mint`.
#[derive(Debug, clap::Args)]
struct MintArgs {
    /// The file with the secret, as irongate serve has it.
    #[arg(long, value_name = "FILE", env = "IRONGATE_TOKEN_SECRET_FILE")]
    secret_file: PathBuf,

    /// Who the token is for; refusals name them.
    #[arg(long, value_name = "NAME")]
    name: String,

    /// What it permits. Repeatable.
    #[arg(long, value_name = "produce|consume|schemas|admin", required = true, value_delimiter = ',')]
    scope: Vec<Scope>,

    /// In which namespaces; everywhere where none is given. Repeatable.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    namespace: Vec<String>,

    /// For how long, as 90d, 12h or 30m.
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = life)]
    expires_in: SignedDuration,
}

pub(crate) fn run(args: Args, output: Output) -> Result<()> {
    match args.action {
        Action::Secret { file } => {
            write_new(&file, &TokenSecret::generate()?)
                .with_context(|| format!("cannot write the secret to {}", file.display()))?;
            let shown = file.display();
            let text = || format!("wrote a new secret to {shown}; start the server with --token-secret-file {shown}");
            output.result(text, || json!({ "secret_file": file }))?;
        }
        Action::Mint(args) => mint(args, output)?,
    }
    Ok(())
}

fn mint(args: MintArgs, output: Output) -> Result<()> {
    let secret = read_secret(&args.secret_file)?;
    let now = Timestamp::now();
    let expires = now + args.expires_in;
    let seconds = |time: Timestamp| u64::try_from(time.as_second()).unwrap_or_default();
    let namespaces = (!args.namespace.is_empty()).then_some(args.namespace);
    let grant = Grant {
        name: args.name,
        scopes: args.scope,
        namespaces,
        issued_at_s: seconds(now),
        expires_at_s: seconds(expires),
    };
    let token = secret.mint(&grant)?;
    let scopes: Vec<&str> = grant.scopes.iter().map(|scope| scope.as_str()).collect();
    let details = || {
        json!({ "token": &token, "name": grant.name, "scopes": scopes, "namespaces": grant.namespaces,
            "expires_at": expires.to_string() })
    };
    output.result(|| token.clone(), details)?;
    Ok(())
}

/// The secret in a file.
pub(crate) fn read_secret(file: &Path) -> Result<TokenSecret> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read the secret file {}", file.display()))?;
    Ok(TokenSecret::new(&bytes).map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))?)
}

fn write_new(file: &Path, secret: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(file)?;
    writeln!(file, "{secret}")?;
    file.sync_all()
}

fn life(text: &str) -> Result<SignedDuration, String> {
    let example = "give a number and a unit, as 90d, 12h or 30m";
    let (number, hours) = match text.strip_suffix('d') {
        Some(days) => (days, 24),
        None => text.strip_suffix('h').map_or((text, 0), |hours| (hours, 1)),
    };
    let (number, minutes) = match hours {
        0 => (number.strip_suffix('m').ok_or_else(|| format!("{text} is no length of time; {example}"))?, 1),
        hours => (number, hours * 60),
    };
    let number: u32 = number.parse().map_err(|_| format!("{text} is no length of time; {example}"))?;
    let life = SignedDuration::from_mins(i64::from(number) * minutes);
    if life.is_zero() || life > SignedDuration::from_hours(LIFE_DAYS_MAX * 24) {
        return Err(format!("a token lives for 1m to {LIFE_DAYS_MAX}d, not {text}"));
    }
    Ok(life)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_has_a_unit_and_an_end() {
        for (text, minutes) in [("90d", 129_600), ("12h", 720), ("30m", 30), ("3653d", 5_260_320)] {
            assert_eq!(life(text), Ok(SignedDuration::from_mins(minutes)), "{text}");
        }
        for text in ["", "d", "5", "-1d", "1w", "1.5h", "99999999999d"] {
            assert!(life(text).expect_err(text).contains("as 90d, 12h or 30m"), "{text}");
        }
        for text in ["0d", "3654d"] {
            assert_eq!(life(text).expect_err(text), format!("a token lives for 1m to 3653d, not {text}"));
        }
    }
}

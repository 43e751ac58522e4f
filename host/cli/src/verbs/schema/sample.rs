//! `irongate schema sample`: valid messages made from a schema in a file, with no server, or from one that is registered. The same seed makes the same messages.

use super::definition::Named;
use crate::address::ServiceAddr;
use crate::failure::{Failure, INVALID};
use crate::output::{Output, complain};
use anyhow::Result;
use serde_json::{Value, json};

/// The arguments of `schema sample`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    schema: Named,
    /// Where chance starts: the same seed makes the same messages.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many messages, one per line.
    #[arg(short, long, default_value_t = 1)]
    count: u64,
}

pub(super) async fn run(address: &ServiceAddr, args: &Args, output: Output) -> Result<()> {
    let schema = args.schema.compile(address).await?;
    for index in 0..args.count {
        let seed = args.seed.wrapping_add(index);
        let made = schema.sample(seed).map_err(|error| {
            complain(&format!("error: {error}"));
            Failure::Told { code: INVALID }
        })?;
        let payload = || serde_json::from_str(&made).unwrap_or_else(|_| Value::String(made.clone()));
        output.result(|| made.clone(), || json!({ "seed": seed, "payload": payload() }))?;
    }
    Ok(())
}

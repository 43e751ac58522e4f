//! `irongate schema encode | decode`: between the JSON a person writes and the bytes on the wire, with no server. What is
//! invalid is not converted.

use super::definition::Definition;
use super::messages::{Message, Source};
use super::validate;
use crate::failure::{Failure, INVALID};
use crate::output::{Output, complain};
use anyhow::{Context, Result};
use irongate_proto::irongate_v1::Violation;
use irongate_schema::limits::PAYLOAD_BYTES_MAX;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

/// The arguments of `schema encode`.
#[derive(Debug, clap::Args)]
pub(super) struct EncodeArgs {
    #[command(flatten)]
    definition: Definition,
    #[command(flatten)]
    source: Source,
    /// The file to write the bytes to; standard output without it.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Print hexadecimal digits instead of bytes.
    #[arg(long, conflicts_with = "to")]
    hex: bool,
}

/// The arguments of `schema decode`.
#[derive(Debug, clap::Args)]
pub(super) struct DecodeArgs {
    #[command(flatten)]
    definition: Definition,
    #[command(flatten)]
    source: Source,
}

pub(super) fn encode(args: &EncodeArgs, output: Output) -> Result<()> {
    let schema = args.definition.compile()?;
    let message = args.source.whole()?;
    let bytes = converted(&args.source, &message, |payload| schema.encode(payload))?;
    let hex = || bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    if let Some(file) = &args.to {
        return std::fs::write(file, &bytes).with_context(|| format!("cannot write {}", file.display()));
    }
    // Bytes would do things to a terminal.
    if args.hex || output.is_json() || io::stdout().is_terminal() {
        output.result(hex, || serde_json::json!({ "hex": hex(), "bytes": bytes.len() }))?;
        return Ok(());
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(&bytes)?;
    Ok(stdout.flush()?)
}

pub(super) fn decode(args: &DecodeArgs, output: Output) -> Result<()> {
    let schema = args.definition.compile()?;
    let message = args.source.whole()?;
    let value = converted(&args.source, &message, |payload| schema.decode(payload))?;
    output.result(|| format!("{value:#}"), || value.clone())?;
    Ok(())
}

/// What a message becomes; where it is invalid, every broken rule is told on stderr: stdout is for the result.
fn converted<T>(
    source: &Source,
    message: &Message,
    convert: impl FnOnce(&[u8]) -> Result<T, Vec<irongate_schema::Violation>>,
) -> Result<T> {
    let told = |violations: Vec<Violation>| {
        complain(&validate::text(source, message, &violations));
        Failure::Told { code: INVALID }.into()
    };
    if message.length_bytes > PAYLOAD_BYTES_MAX as u64 {
        return Err(told(vec![validate::too_long(message.length_bytes)]));
    }
    convert(&message.bytes)
        .map_err(|violations| told(violations.into_iter().map(crate::violations::on_the_wire).collect()))
}

//! `irongate schema validate`: messages against a schema in a file, with no server, or against one that is registered. The
//! verdict is the schema crate's, the same that a broker gives; no message leaves this machine.

use super::definition::Named;
use super::messages::{Message, Source};
use crate::address::ServiceAddr;
use crate::failure::{Failure, INVALID};
use crate::output::Output;
use crate::violations;
use anyhow::Result;
use irongate_proto::irongate_v1::Violation;
use irongate_schema::{RULE_PAYLOAD_BYTES, Schema, limits::PAYLOAD_BYTES_MAX};
use serde_json::json;

/// The arguments of `schema validate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    schema: Named,
    #[command(flatten)]
    source: Source,
    /// Every line is a message of its own (JSON Lines); empty lines are none.
    #[arg(short, long)]
    lines: bool,
}

pub(super) async fn run(address: &ServiceAddr, args: &Args, output: Output) -> Result<()> {
    let schema = args.schema.compile(address).await?;
    let mut tally = Tally::default();
    if args.lines {
        for message in args.source.lines()? {
            tally.judge(&schema, &args.source, &message?, output)?;
        }
        output.progress(&tally.sentence());
    } else {
        tally.judge(&schema, &args.source, &args.source.whole()?, output)?;
    }
    if tally.invalid > 0 { Err(Failure::Told { code: INVALID }.into()) } else { Ok(()) }
}

/// What was seen so far.
#[derive(Default)]
struct Tally {
    valid: u64,
    invalid: u64,
}

impl Tally {
    fn judge(&mut self, schema: &Schema, source: &Source, message: &Message, output: Output) -> Result<()> {
        let violations = violations_of(schema, message);
        let is_valid = violations.is_empty();
        if is_valid {
            self.valid += 1
        } else {
            self.invalid += 1
        }
        if output.is_json() || !is_valid || message.line.is_none() {
            output.result(|| text(source, message, &violations), || object(message, &violations))?;
        }
        Ok(())
    }

    fn sentence(&self) -> String {
        format!("{} valid, {} invalid", self.valid, self.invalid)
    }
}

/// Every broken rule of a message; lines count within the message.
pub(super) fn violations_of(schema: &Schema, message: &Message) -> Vec<Violation> {
    if message.length_bytes > PAYLOAD_BYTES_MAX as u64 {
        return vec![too_long(message.length_bytes)];
    }
    schema.validate(&message.bytes).into_iter().map(violations::on_the_wire).collect()
}

/// Only the beginning of it was kept, so the schema cannot say how long it is.
pub(super) fn too_long(length_bytes: u64) -> Violation {
    Violation {
        byte_end: length_bytes,
        rule: RULE_PAYLOAD_BYTES.to_owned(),
        message: format!("payload has {length_bytes} bytes, at most {PAYLOAD_BYTES_MAX} are validated"),
        ..Violation::default()
    }
}

/// The verdict on one message for a person.
pub(super) fn text(source: &Source, message: &Message, violations: &[Violation]) -> String {
    let name = match message.line {
        Some(line) => format!("{}, line {line}", source.name()),
        None => source.name(),
    };
    if violations.is_empty() {
        return format!("{name}: valid");
    }
    let lines: Vec<String> = violations.iter().map(violations::line).collect();
    format!("{name}: invalid\n{}", lines.join("\n"))
}

/// The same for a program.
fn object(message: &Message, violations: &[Violation]) -> serde_json::Value {
    let mut object = json!({
        "valid": violations.is_empty(), "violations": violations.iter().map(violations::object).collect::<Vec<_>>(),
    });
    if let Some(line) = message.line {
        object["line"] = line.into();
    }
    object
}

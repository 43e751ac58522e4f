//! `irongate produce`: the same message once or many times, each acknowledged before the
//! command says so.

use crate::address::ServiceAddr;
use crate::attributes;
use crate::client::{connect, host_info};
use crate::failure::{FAILED, Failure, INVALID};
use crate::output::{Output, complain, harmless};
use crate::registry::{Registry, Resolved, Wanted};
use crate::sender::{DanubeSender, IrongateSender, Letter, LetterSchema, Outcome, Sender};
use crate::violations;
use anyhow::{Context, Result, anyhow};
use bytes::Bytes;
use irongate_proto::irongate_v1::{Published, Refused, Violation};
use irongate_schema::SchemaType;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tonic::Code;
use tonic::transport::Channel;

/// The arguments of `produce`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The producer's name.
    #[arg(short = 'n', long, value_name = "NAME", default_value = "test_producer")]
    producer_name: String,

    /// The topic, as /namespace/topic.
    #[arg(short, long, default_value = "/default/test_topic")]
    topic: String,

    /// The message, sent exactly as given.
    #[arg(short, long, value_name = "TEXT", required_unless_present = "file")]
    message: Option<String>,

    /// Send the whole content of this file as one message.
    #[arg(short, long, value_name = "FILE", conflicts_with = "message")]
    file: Option<PathBuf>,

    /// The registered schema subject the message must satisfy, at its latest version.
    #[arg(long, value_name = "SUBJECT", conflicts_with = "schema_file")]
    schema_subject: Option<String>,

    /// Use exactly this version of the subject.
    #[arg(long, value_name = "VERSION", requires = "schema_subject", conflicts_with = "schema_min_version")]
    schema_version: Option<u32>,

    /// Use the latest version of the subject, which must be at least this one.
    #[arg(long, value_name = "VERSION", requires = "schema_subject")]
    schema_min_version: Option<u32>,

    /// Register this schema first, under a subject named after the topic: /default/orders
    /// becomes default-orders.
    #[arg(long, value_name = "FILE", requires = "schema_type")]
    schema_file: Option<PathBuf>,

    /// What the schema file is written in: json_schema, avro, protobuf, string, number or bytes.
    #[arg(long, alias = "type", value_name = "TYPE", requires = "schema_file")]
    schema_type: Option<SchemaType>,

    /// Attributes as key:value, several with commas between them.
    #[arg(short, long, value_name = "KEY:VALUE,...", value_delimiter = ',', value_parser = attributes::parse)]
    attributes: Vec<(String, String)>,

    /// Decides the partition: messages with the same key stay in order.
    #[arg(short = 'k', long, value_name = "KEY")]
    routing_key: Option<String>,

    /// Create the topic with so many partitions.
    #[arg(short, long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    partitions: Option<u32>,

    /// How often to send the message.
    #[arg(short, long, default_value_t = 1)]
    count: u32,

    /// Milliseconds between two messages. With 0 the messages go out as fast as the server
    /// acknowledges them, up to 100 in one call.
    #[arg(short, long, value_name = "MS", default_value_t = 0)]
    interval: u64,

    /// Create the topic reliable: a message is acknowledged once it is on the disk. Without
    /// this flag an existing topic is used as it is, and a new one stores nothing.
    #[arg(long)]
    reliable: bool,

    /// Use Danube's own services only, as with a Danube broker; no offsets come back.
    #[arg(long)]
    danube_api: bool,
}

pub(crate) async fn run(address: &ServiceAddr, args: Args, output: Output) -> Result<()> {
    let payload = payload(&args)?;
    let definition = args.schema_file.as_deref().map(read_file).transpose()?;
    let channel = connect(address).await?;
    let info = if args.danube_api { None } else { host_info(&channel, address).await? };
    let schema = schema(&channel, address, &args, definition, info.is_none(), output).await?;
    if let Some(schema) = &schema {
        check(schema, &payload, output)?;
    }
    let letter = letter(&args, payload, schema);
    let mut sender = match info {
        Some(info) => {
            let batch_max = if args.interval == 0 { info.publish_batch_messages_max } else { 1 };
            Sender::Irongate(Box::new(IrongateSender::new(channel, address, letter, batch_max)))
        }
        None => Sender::Danube(Box::new(DanubeSender::new(channel, address, letter).await?)),
    };
    let mut run = Run { args: &args, output, sent: 0, failed: 0, is_invalid: false };
    let result = run.send_all(&mut sender).await;
    run.summary();
    result?;
    match (run.is_invalid, run.failed) {
        (true, _) => Err(Failure::Told { code: INVALID }.into()),
        (false, 0) => Ok(()),
        (false, _) => Err(Failure::Told { code: FAILED }.into()),
    }
}

fn payload(args: &Args) -> Result<Bytes> {
    Ok(match (&args.file, &args.message) {
        (Some(file), _) => read_file(file)?.into(),
        (None, Some(message)) => Bytes::copy_from_slice(message.as_bytes()),
        (None, None) => return Err(Failure::Usage("give a message with -m or a file with -f".into()).into()),
    })
}

fn read_file(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

fn letter(args: &Args, payload: Bytes, schema: Option<Resolved>) -> Letter {
    Letter {
        topic: args.topic.clone(),
        producer_name: args.producer_name.clone(),
        payload,
        attributes: args.attributes.iter().cloned().collect(),
        routing_key: args.routing_key.clone(),
        partitions: args.partitions.unwrap_or(0),
        is_reliable: args.reliable,
        schema: schema.map(|schema| LetterSchema {
            reference: schema.reference(),
            schema_id: schema.schema_id,
            version: schema.version,
        }),
    }
}

/// The schema the message is to satisfy, registered first where a file was given.
async fn schema(
    channel: &Channel,
    address: &ServiceAddr,
    args: &Args,
    definition: Option<Vec<u8>>,
    is_danube: bool,
    output: Output,
) -> Result<Option<Resolved>> {
    let mut registry = Registry::new(channel.clone(), address);
    let (subject, wanted) = if let (Some(definition), Some(schema_type)) = (definition, args.schema_type) {
        let subject = args.topic.trim_start_matches('/').replace('/', "-");
        let kind = variant_name(schema_type);
        output.progress(&format!("📤 Auto-registering schema for subject '{subject}' (type: {kind})..."));
        let registered = registry.register(&subject, schema_type, definition).await?;
        output.progress(&format!("✅ Schema registered with ID: {}", registered.schema_id));
        // Of a definition that is registered already the server answers the version it has.
        (subject, Wanted::Pinned(registered.version))
    } else if let Some(subject) = &args.schema_subject {
        let pinned = args.schema_version.map(Wanted::Pinned);
        let at_least = args.schema_min_version.map(Wanted::AtLeast);
        (subject.clone(), pinned.or(at_least).unwrap_or(Wanted::Latest))
    } else {
        return Ok(None);
    };
    let resolved = registry.resolve(&subject, wanted, is_danube).await?;
    output.progress(&resolved.describe());
    Ok(Some(resolved))
}

/// A schema type as danube-cli prints it.
fn variant_name(schema_type: SchemaType) -> String {
    let words = schema_type.name().split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect()
}

/// Checks the payload before anything is sent.
fn check(schema: &Resolved, payload: &[u8], output: Output) -> Result<()> {
    let violations: Vec<Violation> = schema.schema.validate(payload).into_iter().map(violations::on_the_wire).collect();
    if violations.is_empty() {
        return Ok(());
    }
    let Resolved { subject, version, .. } = schema;
    if output.is_json() {
        let violations: Vec<Value> = violations.iter().map(violations::object).collect();
        let object = json!({ "event": "invalid", "subject": subject, "version": version, "violations": violations });
        output.result(String::new, || object)?;
    } else {
        complain(&format!(
            "error: the message breaks the schema {} version {version}; nothing was sent",
            harmless(subject)
        ));
        violations.iter().for_each(|violation| complain(&violations::line(violation)));
    }
    Err(Failure::Told { code: INVALID }.into())
}

/// The sending itself, and its count.
struct Run<'a> {
    args: &'a Args,
    output: Output,
    sent: u32,
    failed: u32,
    is_invalid: bool,
}

impl Run<'_> {
    /// Sends until all are tried, or one is invalid: the others are the same.
    async fn send_all(&mut self, sender: &mut Sender) -> Result<()> {
        let mut tried = 0;
        while tried < self.args.count && !self.is_invalid {
            if tried > 0 && self.args.interval > 0 {
                tokio::time::sleep(Duration::from_millis(self.args.interval)).await;
            }
            // The first goes alone: what is wrong with it is wrong with all, and is told once.
            let next = if tried == 0 { 1 } else { self.args.count - tried };
            let outcomes = sender.send(next).await.inspect_err(|_| self.failed += 1)?;
            if tried == 0 {
                self.output.progress(&format!("✅ Producer '{}' created successfully", self.args.producer_name));
            }
            if outcomes.is_empty() {
                return Err(anyhow!("the server did not say what became of message {}", tried + 1));
            }
            for outcome in outcomes {
                tried += 1;
                self.tell(tried, outcome);
            }
        }
        Ok(())
    }

    fn tell(&mut self, number: u32, outcome: Outcome) {
        match outcome {
            Outcome::Sent(published) => {
                self.sent += 1;
                // Where nobody reads the lines the messages are sent all the same.
                let _ =
                    self.output.result(|| self.sent_line(number, &published), || self.sent_json(number, &published));
                if !self.output.is_json() {
                    published.warnings.iter().for_each(|warning| complain(&violations::line(warning)));
                }
            }
            Outcome::Refused(refused) => {
                self.failed += 1;
                self.tell_refused(number, &refused);
                self.is_invalid |=
                    !refused.violations.is_empty() || refused.message.contains("Payload validation failed");
            }
        }
    }

    fn tell_refused(&self, number: u32, refused: &Refused) {
        let message = format!("❌ Failed to send message {number}/{}: {}", self.args.count, harmless(&refused.message));
        if !self.output.is_json() {
            complain(&message);
            return refused.violations.iter().for_each(|violation| complain(&violations::line(violation)));
        }
        let _ = self.output.result(String::new, || {
            json!({
                "event": "refused", "number": number, "count": self.args.count,
                "code": code_name(refused.code), "message": refused.message,
                "violations": refused.violations.iter().map(violations::object).collect::<Vec<_>>(),
            })
        });
    }

    fn sent_line(&self, number: u32, published: &Published) -> String {
        let partition = published.partition.map(|number| format!(", partition: {number}")).unwrap_or_default();
        let offset = published.offset.map(|offset| format!(", offset: {offset}")).unwrap_or_default();
        let count = self.args.count;
        format!(
            "📤 Message {number}/{count} sent successfully (ID: {number}, topic: {}{partition}{offset})",
            published.topic
        )
    }

    fn sent_json(&self, number: u32, published: &Published) -> Value {
        json!({
            "event": "sent", "number": number, "count": self.args.count, "topic": published.topic,
            "partition": published.partition, "offset": published.offset, "schema_id": published.schema_id,
            "schema_version": published.schema_version,
            "warnings": published.warnings.iter().map(violations::object).collect::<Vec<_>>(),
        })
    }

    fn summary(&self) {
        let _ = self.output.result(
            || {
                let mut text = format!("\n📊 Summary:\n   ✅ Success: {}", self.sent);
                if self.failed > 0 {
                    text += &format!("\n   ❌ Errors: {}", self.failed);
                }
                text
            },
            || json!({ "event": "summary", "sent": self.sent, "failed": self.failed, "count": self.args.count }),
        );
    }
}

/// A gRPC code as the protocol writes it: `PERMISSION_DENIED`.
fn code_name(code: u32) -> String {
    let code = Code::from_i32(i32::try_from(code).unwrap_or(i32::MAX));
    let name = format!("{code:?}");
    let mut upper = String::with_capacity(name.len() + 4);
    for character in name.chars() {
        if character.is_uppercase() && !upper.is_empty() {
            upper.push('_');
        }
        upper.push(character.to_ascii_uppercase());
    }
    upper
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_others_write_them() {
        assert_eq!(variant_name(SchemaType::JsonSchema), "JsonSchema");
        assert_eq!(variant_name(SchemaType::Avro), "Avro");
        assert_eq!(code_name(7), "PERMISSION_DENIED");
        assert_eq!(code_name(0), "OK");
        assert_eq!(code_name(3), "INVALID_ARGUMENT");
    }
}

//! `irongate topics transform set | show | clear | dry-run`: the components that every message passes on its way into a topic. This side reads the file and
//! its components; everything else the server does.

use crate::address::ServiceAddr;
use crate::client::{ANSWER_BYTES_MAX, Channel, connect};
use crate::failure::{FAILED, Failure, INVALID, refused};
use crate::messages::attributes::{self, Pairs};
use crate::output::{Output, harmless, table};
use crate::pipeline::file::{components, find_stored, tell, tell_answered};
use crate::plugin;
use crate::violations;
use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use clap::Subcommand;
use irongate_pipeline::{ChainConfig, Format, Plugins};
use irongate_proto::irongate_v1::{OutgoingMessage, Refused};
use irongate_proto::pipelines_v1::Stage;
use irongate_proto::transforms_v1::transform_service_client::TransformServiceClient;
use irongate_proto::transforms_v1::{
    ClearTopicTransformsRequest, DryRunTopicTransformsRequest, DryRunTopicTransformsResponse,
    ListTopicTransformsRequest, MadeMessage, SetTopicTransformsRequest, StageRun, TopicTransforms,
};
use serde_json::{Value, json};
use std::io::Read;
use std::path::{Path, PathBuf};
use tonic::Status;

/// How much of a sha256 is enough to tell components apart.
const DIGEST_SHOWN: usize = 12;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Give a topic transforms, or others in the place of those that it has.
    ///
    /// The file has [[stages]] as a pipeline's has them. It and its components are kept by the
    /// server with the topic. From then on every message passes them before it is checked
    /// against the topic's schema and kept, whichever client sends it.
    Set {
        /// The topic, as /namespace/topic.
        topic: String,
        /// The file: TOML, or YAML where it is named so.
        file: PathBuf,
    },
    /// List the topics with transforms, or show those of one topic with their file.
    Show {
        /// The topic, as /namespace/topic.
        topic: Option<String>,
    },
    /// Let messages enter a topic as they are sent again.
    Clear {
        /// The topic, as /namespace/topic.
        topic: String,
    },
    /// Show what a topic's transforms would make of a message, and whether the topic would take that.
    ///
    /// Nothing is kept. The exit code is 3 where the message would be refused.
    DryRun(DryRunArgs),
}

/// The message that is tried.
#[derive(Debug, clap::Args)]
pub(super) struct DryRunArgs {
    /// The topic, as /namespace/topic.
    topic: String,
    /// The payload.
    #[arg(short, long, value_name = "TEXT", required_unless_present = "file")]
    message: Option<String>,
    /// The whole content of this file is the payload; - is standard input.
    #[arg(short, long, value_name = "FILE", conflicts_with = "message")]
    file: Option<PathBuf>,
    /// Attributes of the message.
    #[arg(short, long, value_name = "KEY:VALUE,...", value_parser = attributes::parse)]
    attributes: Vec<Pairs>,
    /// The message's routing key.
    #[arg(short = 'k', long, alias = "key", value_name = "KEY")]
    routing_key: Option<String>,
}

pub(super) async fn run(address: &ServiceAddr, action: Action, output: Output) -> Result<()> {
    let client = TransformServiceClient::new(connect(address).await?)
        .max_decoding_message_size(ANSWER_BYTES_MAX)
        .max_encoding_message_size(usize::MAX);
    let transforms = Transforms { client, address, output };
    match action {
        Action::Set { topic, file } => transforms.set(topic, file).await,
        Action::Show { topic } => transforms.show(topic.unwrap_or_default()).await,
        Action::Clear { topic } => transforms.clear(topic).await,
        Action::DryRun(args) => transforms.dry_run(args).await,
    }
}

struct Transforms<'a> {
    client: TransformServiceClient<Channel>,
    address: &'a ServiceAddr,
    output: Output,
}

impl Transforms<'_> {
    async fn set(mut self, topic: String, file: PathBuf) -> Result<()> {
        // Compiling blocks. The server checks all of it again; this only tells problems before anything travels.
        let read = {
            let (topic, file) = (topic.clone(), file.clone());
            tokio::task::spawn_blocking(move || read(topic, &file)).await??
        };
        let answer = self.client.set_topic_transforms(read).await.map_err(|status| self.failed(&status))?.into_inner();
        if !answer.problems.is_empty() {
            tell_answered(&file, &answer.problems);
            return Err(Failure::Told { code: FAILED }.into());
        }
        let text = || {
            let plugins: Vec<&str> = answer.stages.iter().map(|stage| stage.plugin.as_str()).collect();
            format!("{topic}: every message passes {}", plugins.join(", "))
        };
        self.output.result(text, || json!({"topic": topic, "stages": stages_json(&answer.stages)}))?;
        Ok(())
    }

    async fn show(mut self, topic: String) -> Result<()> {
        let request = ListTopicTransformsRequest { topic: topic.clone() };
        let listed = self.client.list_topic_transforms(request).await;
        let topics = listed.map_err(|status| self.failed(&status))?.into_inner().topics;
        if self.output.is_json() {
            topics.iter().try_for_each(|one| self.output.result(String::new, || shown_json(one)))?;
            return Ok(());
        }
        if topics.is_empty() && !topic.is_empty() {
            self.output.result(|| format!("{topic} has no transforms"), || Value::Null)?;
            return Ok(());
        }
        let rows: Vec<Vec<String>> = topics.iter().flat_map(rows).collect();
        let mut lines = vec![table(&["TOPIC", "STAGE", "PLUGIN", "SHA256"], &rows)];
        for one in &topics {
            if !one.failure.is_empty() {
                lines.push(harmless(&format!("{} takes no message: {}", one.topic, one.failure)));
            }
            if !topic.is_empty() {
                lines.extend([String::new(), harmless(one.configuration.trim_end())]);
            }
        }
        Ok(self.output.lines(&lines)?)
    }

    async fn clear(mut self, topic: String) -> Result<()> {
        let request = ClearTopicTransformsRequest { topic: topic.clone() };
        self.client.clear_topic_transforms(request).await.map_err(|status| self.failed(&status))?;
        let text = || format!("{topic}: messages enter as they are sent");
        Ok(self.output.result(text, || json!({"topic": topic, "stages": []}))?)
    }

    async fn dry_run(mut self, args: DryRunArgs) -> Result<()> {
        let payload = payload(args.message, args.file.as_deref())?;
        let attributes = args.attributes.into_iter().flatten().collect();
        let message =
            OutgoingMessage { payload, attributes, routing_key: args.routing_key, ..OutgoingMessage::default() };
        let request = DryRunTopicTransformsRequest { topic: args.topic, message: Some(message) };
        let answer = self.client.dry_run_topic_transforms(request).await;
        let answer = answer.map_err(|status| self.failed(&status))?.into_inner();
        if self.output.is_json() {
            self.output.result(String::new, || dry_run_json(&answer))?;
        } else {
            self.output.lines(&dry_run_lines(&answer))?;
        }
        let is_refused = answer.refused.is_some() || answer.messages.iter().any(|made| made.refused.is_some());
        if is_refused { Err(Failure::Told { code: INVALID }.into()) } else { Ok(()) }
    }

    fn failed(&self, status: &Status) -> anyhow::Error {
        refused(status, self.address)
    }
}

/// The file, checked, with its components.
fn read(topic: String, file: &Path) -> Result<SetTopicTransformsRequest> {
    let configuration = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let format = Format::of(file);
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut config = ChainConfig::parse(&configuration, format, folder).map_err(|problems| tell(file, &problems))?;
    find_stored(file, &mut config.stages)?;
    let counts_fuel = config.stages.iter().any(|stage| stage.limits.fuel_max.is_some());
    let runtime = plugin::runtime(counts_fuel)?;
    let plugins = Plugins::load(&config.stages, &runtime).map_err(|problems| tell(file, &problems))?;
    plugins.transforms(&config.stages).map_err(|problems| tell(file, &problems))?;
    let components = components(&config.stages)?;
    Ok(SetTopicTransformsRequest { topic, configuration, is_yaml: format == Format::Yaml, components })
}

fn payload(message: Option<String>, file: Option<&Path>) -> Result<Bytes> {
    let Some(file) = file else { return Ok(message.unwrap_or_default().into()) };
    if file.as_os_str() == "-" {
        let mut payload = Vec::new();
        std::io::stdin().read_to_end(&mut payload).context("standard input cannot be read")?;
        return Ok(payload.into());
    }
    Ok(std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?.into())
}

fn rows(one: &TopicTransforms) -> Vec<Vec<String>> {
    let row = |stage: &Stage| {
        let digest = stage.sha256.get(..DIGEST_SHOWN).unwrap_or(&stage.sha256);
        vec![one.topic.clone(), stage.id.clone(), harmless(&stage.plugin), digest.to_owned()]
    };
    one.stages.iter().map(row).collect()
}

fn stages_json(stages: &[Stage]) -> Value {
    let stage = |stage: &Stage| json!({"id": stage.id, "plugin": stage.plugin, "sha256": stage.sha256});
    stages.iter().map(stage).collect()
}

fn shown_json(one: &TopicTransforms) -> Value {
    json!({
        "topic": one.topic, "stages": stages_json(&one.stages), "set_at_ms": one.set_at_ms, "failure": one.failure,
        "configuration": one.configuration, "is_yaml": one.is_yaml,
    })
}

fn dry_run_lines(answer: &DryRunTopicTransformsResponse) -> Vec<String> {
    let mut lines = Vec::new();
    for stage in &answer.stages {
        lines.push(format!("{}: {} us, {} bytes of memory", stage.id, stage.elapsed_us, stage.memory_bytes));
        lines.extend(stage.log.iter().map(|line| harmless(&format!("  {}: {}", line.level, line.message))));
        if stage.log_lines_left_out > 0 {
            lines.push(format!("  ({} log lines more were left out)", stage.log_lines_left_out));
        }
    }
    if let Some(refused) = &answer.refused {
        lines.push(harmless(&format!("refused: {}", refused.message)));
    } else if answer.messages.is_empty() {
        lines.push("dropped: it is acknowledged and nothing enters".to_owned());
    }
    for made in &answer.messages {
        lines.push(format!("{} {}", if made.refused.is_some() { "refused" } else { "enters" }, message_json(made)));
        if let Some(refused) = &made.refused {
            lines.push(harmless(&format!("  {}", refused.message)));
            lines.extend(refused.violations.iter().map(violations::line));
        }
        lines.extend(made.warnings.iter().map(violations::line));
    }
    lines
}

fn dry_run_json(answer: &DryRunTopicTransformsResponse) -> Value {
    let stage = |stage: &StageRun| {
        let log: Vec<Value> =
            stage.log.iter().map(|line| json!({"level": line.level, "message": line.message})).collect();
        json!({
            "id": stage.id, "elapsed_us": stage.elapsed_us, "memory_bytes": stage.memory_bytes, "log": log,
            "calls_stopped": stage.calls_stopped, "log_lines_left_out": stage.log_lines_left_out,
        })
    };
    let made = |made: &MadeMessage| {
        let warnings: Vec<Value> = made.warnings.iter().map(violations::object).collect();
        let refused = made.refused.as_ref().map(refused_json);
        json!({"message": message_json(made), "refused": refused, "warnings": warnings})
    };
    json!({
        "messages": answer.messages.iter().map(made).collect::<Vec<_>>(),
        "refused": answer.refused.as_ref().map(refused_json),
        "stages": answer.stages.iter().map(stage).collect::<Vec<_>>(),
        "elapsed_us": answer.elapsed_us,
    })
}

fn refused_json(refused: &Refused) -> Value {
    let violations: Vec<Value> = refused.violations.iter().map(violations::object).collect();
    json!({"code": crate::failure::code_name(refused.code), "message": refused.message, "violations": violations})
}

/// A message in the form that `consume --json` prints; what is absent is left out.
fn message_json(made: &MadeMessage) -> Value {
    let message = made.message.clone().unwrap_or_default();
    let mut object = match std::str::from_utf8(&message.payload) {
        Ok(text) => json!({"payload": text}),
        Err(_) => json!({"payload_base64": STANDARD.encode(&message.payload)}),
    };
    if let Some(key) = message.routing_key {
        object["routing_key"] = key.into();
    }
    if !message.attributes.is_empty() {
        let sorted: std::collections::BTreeMap<_, _> = message.attributes.into_iter().collect();
        object["attributes"] = json!(sorted);
    }
    if !made.schema_subject.is_empty() {
        object["schema"] = json!({"subject": made.schema_subject, "version": made.schema_version});
    }
    object
}

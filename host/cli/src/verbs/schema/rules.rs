//! `irongate schema delete | set-compatibility | bind | policy`: what a registry keeps and what a topic enforces. The
//! server decides; nothing is asked twice, so each names what it changes.

use super::{Form, OutputForm};
use crate::address::ServiceAddr;
use crate::client::connect;
use crate::failure::refused;
use crate::output::{Output, harmless};
use crate::registry::Registry;
use anyhow::{Result, bail};
use clap::{Subcommand, ValueEnum};
use irongate_proto::danube_schema::{
    ConfigureTopicSchemaRequest, DeleteSchemaVersionRequest, GetTopicSchemaConfigRequest, GetTopicSchemaConfigResponse,
    SetCompatibilityModeRequest, UpdateTopicValidationPolicyRequest,
};
use irongate_schema::Compatibility;
use serde_json::{Value, json};
use tonic::Status;

/// What to change.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Delete one version of a subject. Messages that were sent with it stay, and can no longer be decoded by it.
    Delete {
        /// The subject.
        subject: String,
        /// The version.
        #[arg(short, long)]
        version: u32,
        /// As danube-cli writes it; a deletion is for good without it as well.
        #[arg(long)]
        permanent: bool,
        #[command(flatten)]
        form: Form,
    },
    /// Decide what a new version of a subject may change.
    SetCompatibility {
        /// The subject.
        subject: String,
        /// What must keep working: none, backward, forward or full.
        mode: Compatibility,
    },
    /// Bind a topic to a subject: its messages are checked against the subject's versions.
    Bind {
        /// The topic, as /namespace/topic.
        topic: String,
        /// The subject.
        subject: String,
        #[command(flatten)]
        strictness: Strictness,
    },
    /// Show what a topic is bound to, or change how strictly it is checked.
    Policy {
        /// The topic, as /namespace/topic.
        topic: String,
        /// The new policy; without it, the present one is shown.
        policy: Option<Policy>,
        /// Check only that a schema is named, not the payloads.
        #[arg(long, requires = "policy")]
        no_payload: bool,
    },
}

/// How a topic checks.
#[derive(Debug, clap::Args)]
pub(super) struct Strictness {
    /// What happens to a message that breaks the schema.
    #[arg(long, value_enum, default_value = "enforce")]
    policy: Policy,
    /// Check only that a schema is named, not the payloads.
    #[arg(long)]
    no_payload: bool,
}

/// What happens to a message that breaks the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Policy {
    /// Nothing is checked.
    None,
    /// It is taken, and counted.
    Warn,
    /// It is refused.
    Enforce,
}

impl Policy {
    fn name(self) -> String {
        match self {
            Self::None => "none",
            Self::Warn => "warn",
            Self::Enforce => "enforce",
        }
        .to_owned()
    }
}

pub(super) async fn act(address: &ServiceAddr, action: Action, output: Output) -> Result<()> {
    let mut registry = Registry::new(connect(address).await?, address);
    let client = registry.client();
    let refused = |status: Status| refused(&status, address);
    match action {
        Action::Delete { subject, version, form, .. } => {
            let output = output.or_json(form.output == OutputForm::Json);
            let request = DeleteSchemaVersionRequest { subject: subject.clone(), version };
            let response = client.delete_schema_version(request).await.map_err(refused)?.into_inner();
            done(response.success, &response.message)?;
            output.result(
                || format!("{subject}: version {version} is deleted"),
                || json!({ "event": "deleted", "subject": subject, "version": version }),
            )?;
        }
        Action::SetCompatibility { subject, mode } => {
            let mode = mode.to_string();
            let request = SetCompatibilityModeRequest { subject: subject.clone(), compatibility_mode: mode.clone() };
            let response = client.set_compatibility_mode(request).await.map_err(refused)?.into_inner();
            done(response.success, &response.message)?;
            output.result(
                || format!("{subject}: the compatibility mode is {mode} now"),
                || json!({ "event": "compatibility_set", "subject": subject, "compatibility_mode": mode }),
            )?;
        }
        Action::Bind { topic, subject, strictness } => {
            let request = ConfigureTopicSchemaRequest {
                topic_name: topic.clone(),
                schema_subject: subject,
                validation_policy: strictness.policy.name(),
                enable_payload_validation: !strictness.no_payload,
            };
            let response = client.configure_topic_schema(request).await.map_err(refused)?.into_inner();
            done(response.success, &response.message)?;
            show(&mut registry, address, topic, output).await?;
        }
        Action::Policy { topic, policy, no_payload } => {
            if let Some(policy) = policy {
                let request = UpdateTopicValidationPolicyRequest {
                    topic_name: topic.clone(),
                    validation_policy: policy.name(),
                    enable_payload_validation: !no_payload,
                };
                let response = client.update_topic_validation_policy(request).await.map_err(refused)?.into_inner();
                done(response.success, &response.message)?;
            }
            show(&mut registry, address, topic, output).await?;
        }
    }
    Ok(())
}

/// A server may say no in an answer that is no error.
fn done(success: bool, message: &str) -> Result<()> {
    if success { Ok(()) } else { bail!("{}", harmless(message)) }
}

/// Prints what the server says the topic does, after a change as well.
async fn show(registry: &mut Registry, address: &ServiceAddr, topic: String, output: Output) -> Result<()> {
    let request = GetTopicSchemaConfigRequest { topic_name: topic.clone() };
    let answer = registry.client().get_topic_schema_config(request).await;
    let config = answer.map_err(|status| refused(&status, address))?.into_inner();
    output.result(|| text(&topic, &config), || object(&topic, &config))?;
    Ok(())
}

fn text(topic: &str, config: &GetTopicSchemaConfigResponse) -> String {
    if config.schema_subject.is_empty() {
        return format!("{topic}: bound to no schema");
    }
    let payload = if config.enable_payload_validation { "payloads are checked" } else { "payloads are not checked" };
    harmless(&format!("{topic}: bound to {}, policy {}, {payload}", config.schema_subject, config.validation_policy))
}

fn object(topic: &str, config: &GetTopicSchemaConfigResponse) -> Value {
    json!({
        "topic": topic, "schema_subject": config.schema_subject, "schema_id": config.schema_id,
        "validation_policy": config.validation_policy, "payload_validation": config.enable_payload_validation,
    })
}

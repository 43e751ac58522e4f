//! `irongate schema register | get | versions | list`: the registry from the command line. It judges nothing itself.

use super::Form;
use crate::address::ServiceAddr;
use crate::client::connect;
use crate::failure::refused;
use crate::output::{Output, harmless, table};
use crate::registry::{Registry, Wanted};
use anyhow::{Context, Result};
use base64::Engine;
use clap::Subcommand;
use irongate_proto::danube_schema::{
    GetSchemaResponse, ListSubjectsRequest, ListVersionsRequest, RegisterSchemaResponse, SchemaVersionInfo,
    SubjectSummary,
};
use irongate_schema::SchemaType;
use serde_json::{Value, json};
use std::path::PathBuf;

/// What to do with the registry.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Register a definition as the subject's next version; one that is registered already stays as it is.
    Register {
        /// The subject.
        subject: String,
        /// What the definition is written in: json_schema, avro, protobuf, string, number or bytes.
        #[arg(short = 't', long, alias = "type", value_name = "TYPE")]
        schema_type: SchemaType,
        /// The file with the definition.
        #[arg(short, long)]
        file: PathBuf,
        #[command(flatten)]
        form: Form,
    },
    /// Show a definition exactly as it was registered.
    Get {
        /// The subject.
        subject: String,
        /// The version; the latest without it.
        #[arg(short, long)]
        version: Option<u32>,
        #[command(flatten)]
        form: Form,
    },
    /// List the versions of a subject.
    Versions {
        /// The subject.
        subject: String,
        #[command(flatten)]
        form: Form,
    },
    /// List all subjects.
    List {
        #[command(flatten)]
        form: Form,
    },
}

impl Action {
    pub(super) fn form(&self) -> Form {
        let (Self::Register { form, .. } | Self::Get { form, .. } | Self::Versions { form, .. } | Self::List { form }) =
            self;
        *form
    }
}

pub(super) async fn act(address: &ServiceAddr, action: Action, output: Output) -> Result<()> {
    match action {
        Action::Register { subject, schema_type, file, .. } => {
            // Read before connecting: a wrong file name is told with no server at all.
            let definition = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let mut registry = Registry::new(connect(address).await?, address);
            let registered = registry.register(&subject, schema_type, definition).await?;
            output.result(|| registered_text(&registered), || registered_json(&subject, &registered))?;
        }
        Action::Get { subject, version, .. } => {
            let mut registry = Registry::new(connect(address).await?, address);
            let schema = registry.fetch(&subject, version.map_or(Wanted::Latest, Wanted::Pinned)).await?;
            output.result(|| schema_text(&schema), || schema_json(&schema))?;
        }
        Action::Versions { subject, .. } => {
            let mut registry = Registry::new(connect(address).await?, address);
            let listed = registry.client().list_versions(ListVersionsRequest { subject: subject.clone() }).await;
            let versions = listed.map_err(|status| refused(&status, address))?.into_inner().versions;
            output.result(|| versions_text(&versions), || versions_json(&subject, &versions))?;
        }
        Action::List { .. } => {
            let mut registry = Registry::new(connect(address).await?, address);
            let listed = registry.client().list_subjects(ListSubjectsRequest {}).await;
            let subjects = listed.map_err(|status| refused(&status, address))?.into_inner().subjects;
            list(&subjects, output)?;
        }
    }
    Ok(())
}

fn registered_text(registered: &RegisterSchemaResponse) -> String {
    let what = if registered.is_new_version { "registered" } else { "was registered already" };
    format!(
        "✅ Schema {what} with ID: {}\nVersion: {}\nFingerprint: {}",
        registered.schema_id, registered.version, registered.fingerprint
    )
}

fn registered_json(subject: &str, registered: &RegisterSchemaResponse) -> Value {
    json!({
        "subject": subject, "schema_id": registered.schema_id, "version": registered.version,
        "is_new_version": registered.is_new_version, "fingerprint": registered.fingerprint,
    })
}

fn schema_text(schema: &GetSchemaResponse) -> String {
    let mut text = format!(
        "Subject: {}\nSchema ID: {}\nVersion: {}\nType: {}\nCompatibility: {}\nFingerprint: {}",
        schema.subject,
        schema.schema_id,
        schema.version,
        schema.schema_type,
        schema.compatibility_mode,
        schema.fingerprint
    );
    if !schema.description.is_empty() {
        text += &format!("\nDescription: {}", schema.description);
    }
    if !schema.tags.is_empty() {
        text += &format!("\nTags: {}", schema.tags.join(", "));
    }
    let definition = match std::str::from_utf8(&schema.schema_definition) {
        Ok(definition) => definition.to_owned(),
        Err(_) => format!("[binary data, {} bytes]", schema.schema_definition.len()),
    };
    harmless(&format!("{text}\nDefinition:\n{}", definition.trim_end()))
}

fn schema_json(schema: &GetSchemaResponse) -> Value {
    let mut object = json!({
        "subject": schema.subject, "schema_id": schema.schema_id, "version": schema.version,
        "schema_type": schema.schema_type, "compatibility_mode": schema.compatibility_mode,
        "fingerprint": schema.fingerprint, "description": schema.description, "created_at_s": schema.created_at,
        "created_by": schema.created_by, "tags": schema.tags,
    });
    match std::str::from_utf8(&schema.schema_definition) {
        Ok(definition) => object["definition"] = definition.into(),
        Err(_) => {
            let encoded = base64::engine::general_purpose::STANDARD.encode(&schema.schema_definition);
            object["definition_base64"] = encoded.into();
        }
    }
    object
}

fn versions_text(versions: &[SchemaVersionInfo]) -> String {
    let rows: Vec<Vec<String>> = versions
        .iter()
        .map(|version| {
            vec![
                version.version.to_string(),
                harmless(&version.created_by),
                version.fingerprint.clone(),
                harmless(&version.description),
            ]
        })
        .collect();
    table(&["VERSION", "CREATED BY", "FINGERPRINT", "DESCRIPTION"], &rows)
}

fn versions_json(subject: &str, versions: &[SchemaVersionInfo]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|version| {
            json!({
                "version": version.version, "schema_id": version.schema_id, "fingerprint": version.fingerprint,
                "created_at_s": version.created_at, "created_by": version.created_by,
                "description": version.description,
            })
        })
        .collect();
    json!({ "subject": subject, "versions": versions })
}

/// A table, or one object per subject.
fn list(subjects: &[SubjectSummary], output: Output) -> Result<()> {
    if !output.is_json() {
        let rows: Vec<Vec<String>> = subjects
            .iter()
            .map(|subject| {
                vec![
                    harmless(&subject.subject),
                    subject.schema_id.to_string(),
                    subject.schema_type.clone(),
                    subject.latest_version.to_string(),
                    subject.compatibility_mode.clone(),
                ]
            })
            .collect();
        output.result(|| table(&["SUBJECT", "ID", "TYPE", "LATEST", "COMPATIBILITY"], &rows), || Value::Null)?;
    } else {
        for subject in subjects {
            let object = json!({
                "subject": subject.subject, "schema_id": subject.schema_id, "schema_type": subject.schema_type,
                "latest_version": subject.latest_version, "compatibility_mode": subject.compatibility_mode,
                "tags": subject.tags,
            });
            output.result(String::new, || object)?;
        }
    }
    Ok(())
}

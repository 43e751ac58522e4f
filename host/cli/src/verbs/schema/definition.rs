//! A schema as commands name it that check or make messages: in a file, with no server, or registered under a subject. A
//! definition in a file that does not compile is wrong usage.

use crate::address::ServiceAddr;
use crate::client::{connect, host_info};
use crate::failure::Failure;
use crate::registry::{Registry, Wanted};
use anyhow::{Context, Result};
use irongate_schema::{Schema, SchemaType};
use std::path::{Path, PathBuf};

/// Which schema.
#[derive(Debug, clap::Args)]
pub(super) struct Definition {
    #[command(flatten)]
    language: Language,
    /// The file with the definition.
    #[arg(long, value_name = "FILE")]
    schema: PathBuf,
}

/// Which schema, in a file or in the registry.
#[derive(Debug, clap::Args)]
pub(super) struct Named {
    /// The subject, whose schema the server is asked for; without it, a file has the schema.
    #[arg(required_unless_present = "schema", conflicts_with_all = ["schema", "schema_type", "message"])]
    subject: Option<String>,
    /// The version of the subject; the latest without it.
    #[arg(short, long, value_name = "VERSION", requires = "subject")]
    version: Option<u32>,
    #[command(flatten)]
    language: Option<Language>,
    /// The file with the definition.
    #[arg(long, value_name = "FILE", requires = "schema_type")]
    schema: Option<PathBuf>,
}

/// What definitions are written in.
#[derive(Debug, clap::Args)]
pub(super) struct Language {
    /// What the definition is written in: json_schema, avro, protobuf, string, number or bytes.
    #[arg(short = 't', long = "type", alias = "schema-type", value_name = "TYPE")]
    schema_type: SchemaType,
    /// The Protobuf message, by its full name; the first of the file without it.
    #[arg(long, value_name = "NAME")]
    message: Option<String>,
}

impl Definition {
    pub(super) fn compile(&self) -> Result<Schema> {
        self.language.compile(&self.schema)
    }
}

impl Named {
    /// Asks a server only where a subject is named.
    pub(super) async fn compile(&self, address: &ServiceAddr) -> Result<Schema> {
        match (&self.subject, &self.language, &self.schema) {
            (Some(subject), ..) => {
                let channel = connect(address).await?;
                let is_danube = host_info(&channel, address).await?.is_none();
                let wanted = self.version.map_or(Wanted::Latest, Wanted::Pinned);
                Ok(Registry::new(channel, address).resolve(subject, wanted, is_danube).await?.schema)
            }
            (None, Some(language), Some(file)) => language.compile(file),
            _ => Err(Failure::Usage("name a subject, or a type and a file".to_owned()).into()),
        }
    }
}

impl Language {
    pub(super) fn schema_type(&self) -> SchemaType {
        self.schema_type
    }

    pub(super) fn compile(&self, file: &Path) -> Result<Schema> {
        let definition = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let compiled = match (&self.message, self.schema_type) {
            (None, schema_type) => Schema::compile(schema_type, &definition),
            (Some(name), SchemaType::Protobuf) => Schema::compile_message(&definition, Some(name)),
            (Some(_), other) => {
                return Err(Failure::Usage(format!("--message is for protobuf, not for {other}")).into());
            }
        };
        compiled.map_err(|error| Failure::Usage(format!("{}: {error}", file.display())).into())
    }
}

//! A schema in a file, as the offline commands name it. A definition that does not compile is wrong usage.

use crate::failure::Failure;
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

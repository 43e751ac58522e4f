//! Schemas from a server's registry, made ready to check payloads here before they are sent.
//! The server checks them again; this only saves the way.

use crate::address::ServiceAddr;
use crate::client::{ANSWER_BYTES_MAX, Channel};
use crate::failure::refused;
use anyhow::{Context, Result, anyhow, bail};
use irongate_proto::danube::{SchemaReference, schema_reference::VersionRef};
use irongate_proto::danube_schema::schema_registry_client::SchemaRegistryClient;
use irongate_proto::danube_schema::{
    GetLatestSchemaRequest, GetSchemaRequest, GetSchemaResponse, RegisterSchemaRequest, RegisterSchemaResponse,
};
use irongate_schema::{Schema, SchemaType};
use serde_json::Value;
use tonic::{Code, Status};

/// Which version of a subject is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Latest,
    Pinned(u32),
    AtLeast(u32),
}

/// A registry behind a connection.
pub(crate) struct Registry {
    client: SchemaRegistryClient<Channel>,
    address: ServiceAddr,
}

/// One version of a subject, compiled.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) subject: String,
    pub(crate) schema_id: u64,
    pub(crate) version: u32,
    pub(crate) wanted: Wanted,
    pub(crate) schema: Schema,
}

impl Registry {
    pub(crate) fn new(channel: Channel, address: &ServiceAddr) -> Self {
        let client = SchemaRegistryClient::new(channel)
            .max_decoding_message_size(ANSWER_BYTES_MAX)
            .max_encoding_message_size(ANSWER_BYTES_MAX);
        Self { client, address: address.clone() }
    }

    pub(crate) fn client(&mut self) -> &mut SchemaRegistryClient<Channel> {
        &mut self.client
    }

    pub(crate) async fn register(
        &mut self,
        subject: &str,
        schema_type: SchemaType,
        definition: Vec<u8>,
    ) -> Result<RegisterSchemaResponse> {
        let request = RegisterSchemaRequest {
            subject: subject.to_owned(),
            schema_type: schema_type.name().to_owned(),
            schema_definition: definition.into(),
            ..RegisterSchemaRequest::default()
        };
        let response = self.client.register_schema(request).await;
        Ok(response.map_err(|status| refused(&status, &self.address))?.into_inner())
    }

    /// The definition of one version of `subject`.
    pub(crate) async fn fetch(&mut self, subject: &str, wanted: Wanted) -> Result<GetSchemaResponse> {
        let request = GetLatestSchemaRequest { subject: subject.to_owned() };
        let latest = self.client.get_latest_schema(request).await;
        let latest = latest.map_err(|status| self.missing(&status, subject))?.into_inner();
        match wanted {
            Wanted::Latest => Ok(latest),
            Wanted::AtLeast(version) if latest.version >= version => Ok(latest),
            Wanted::AtLeast(version) => {
                bail!("the schema subject {subject} is at version {}, at least {version} was asked for", latest.version)
            }
            Wanted::Pinned(version) if version == latest.version => Ok(latest),
            Wanted::Pinned(version) => {
                let request = GetSchemaRequest { schema_id: latest.schema_id, version: Some(version) };
                let pinned = self.client.get_schema(request).await;
                Ok(pinned.map_err(|status| refused(&status, &self.address))?.into_inner())
            }
        }
    }

    fn missing(&self, status: &Status, subject: &str) -> anyhow::Error {
        if status.code() == Code::NotFound {
            return anyhow!(
                "the schema subject {subject} is not registered; register it with irongate schema register {subject}"
            );
        }
        refused(status, &self.address)
    }

    /// The same, compiled. A schema that does not compile here is an error: sending unchecked
    /// what was to be checked is never an answer.
    pub(crate) async fn resolve(&mut self, subject: &str, wanted: Wanted, is_danube: bool) -> Result<Resolved> {
        let response = self.fetch(subject, wanted).await?;
        let schema = compile(&response, is_danube)?;
        let (schema_id, version) = (response.schema_id, response.version);
        Ok(Resolved { subject: subject.to_owned(), schema_id, version, wanted, schema })
    }

    /// The schema that a message names, compiled; without a version the latest.
    pub(crate) async fn by_id(&mut self, schema_id: u64, version: Option<u32>, is_danube: bool) -> Result<Schema> {
        let found = self.client.get_schema(GetSchemaRequest { schema_id, version }).await;
        compile(&found.map_err(|status| refused(&status, &self.address))?.into_inner(), is_danube)
    }
}

fn compile(response: &GetSchemaResponse, is_danube: bool) -> Result<Schema> {
    let schema_type: SchemaType = response.schema_type.parse()?;
    let unwrapped = if is_danube { unwrap_danube(&response.schema_definition) } else { None };
    let definition = unwrapped.as_deref().unwrap_or(&response.schema_definition);
    Schema::compile(schema_type, definition)
        .with_context(|| format!("the schema {} version {} cannot be used", response.subject, response.version))
}

impl Resolved {
    pub(crate) fn reference(&self) -> SchemaReference {
        let version_ref = match self.wanted {
            Wanted::Latest => VersionRef::UseLatest(true),
            Wanted::Pinned(version) => VersionRef::PinnedVersion(version),
            Wanted::AtLeast(version) => VersionRef::MinVersion(version),
        };
        SchemaReference { subject: self.subject.clone(), version_ref: Some(version_ref) }
    }

    /// The line that says what is used.
    pub(crate) fn describe(&self) -> String {
        let which = match self.wanted {
            Wanted::Latest => format!("latest version, {}", self.version),
            Wanted::Pinned(version) => format!("pinned to version {version}"),
            Wanted::AtLeast(version) => format!("minimum version {version}, now {}", self.version),
        };
        format!("📋 Using schema subject: {} ({which})", self.subject)
    }
}

/// A Danube broker answers its own record about a definition instead of the definition; this
/// is the text inside.
fn unwrap_danube(definition: &[u8]) -> Option<Vec<u8>> {
    let record: Value = serde_json::from_slice(definition).ok()?;
    let (_, inner) = record.as_object()?.iter().next()?;
    let text = inner.get("raw_schema").or_else(|| inner.get("raw_proto"))?.as_str()?;
    Some(text.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn danubes_record_is_opened() {
        let json = br#"{"JsonSchema":{"raw_schema":"{\"type\":\"object\"}","fingerprint":"sha256:1"}}"#;
        assert_eq!(unwrap_danube(json).expect("a definition"), br#"{"type":"object"}"#);
        let proto = br#"{"Protobuf":{"raw_proto":"message A {}","message_name":"DefaultMessage","fingerprint":"x"}}"#;
        assert_eq!(unwrap_danube(proto).expect("a definition"), b"message A {}");
        assert_eq!(unwrap_danube(br#""String""#), None);
        assert_eq!(unwrap_danube(br#"{"type":"object"}"#), None);
        assert_eq!(unwrap_danube(b"message A {}"), None);
    }
}

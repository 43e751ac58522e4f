//! Registering, deleting and changing the compatibility mode: everything that writes to
//! the registry.

use super::Subject;
use crate::BrokerError;
use crate::documents::{self, VersionDocument};
use crate::inner::Inner;
use crate::names::check_name;
use crate::topics::clock_ms;
use irongate_proto::danube_schema::{
    DeleteSchemaVersionRequest, DeleteSchemaVersionResponse, RegisterSchemaRequest, RegisterSchemaResponse,
    SetCompatibilityModeRequest, SetCompatibilityModeResponse,
};
use irongate_schema::{Compatibility, Schema, SchemaError, SchemaType, check_compatibility};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Tags of one version, and the bytes of its texts together.
const TAGS_MAX: usize = 64;
const TEXTS_BYTES_MAX: usize = 16 << 10;
/// Findings that a refusal spells out.
const FINDINGS_IN_WORDS_MAX: usize = 5;

impl Inner {
    pub(crate) async fn register_schema(
        self: &Arc<Self>,
        request: RegisterSchemaRequest,
    ) -> Result<RegisterSchemaResponse, BrokerError> {
        check_name("subject", &request.subject, false, &self.config.limits)?;
        let schema = self.compile("register", &request.schema_type, &request.schema_definition)?;
        check_texts(&request)?;
        let inner = Arc::clone(self);
        // Detached, so that memory and disk agree also when the caller goes away.
        let work = tokio::spawn(async move { inner.register_compiled(request, schema).await });
        work.await.map_err(|_| BrokerError::Closed)?
    }

    fn compile(&self, action: &'static str, schema_type: &str, definition: &[u8]) -> Result<Schema, BrokerError> {
        let refused = |error: SchemaError| BrokerError::SchemaRefused { action, reason: error.to_string() };
        let limit = self.config.limits.schema_definition_bytes_max;
        if definition.len() > limit {
            let reason = format!("the definition has {} bytes, the limit is {limit}", definition.len());
            return Err(BrokerError::SchemaRefused { action, reason });
        }
        let schema_type: SchemaType = schema_type.parse().map_err(refused)?;
        Schema::compile(schema_type, definition).map_err(refused)
    }

    async fn register_compiled(
        &self,
        request: RegisterSchemaRequest,
        schema: Schema,
    ) -> Result<RegisterSchemaResponse, BrokerError> {
        let _changing = self.changes.lock().await;
        self.check_open()?;
        let existing = self.registry.find(&request.subject);
        if let Some(subject) = &existing {
            let same = subject.versions.values().find(|version| version.fingerprint == schema.fingerprint());
            if let Some(version) = same {
                return Ok(RegisterSchemaResponse {
                    schema_id: subject.schema_id,
                    version: version.version,
                    is_new_version: false,
                    fingerprint: version.fingerprint.clone(),
                });
            }
            self.check_new_version(subject, &schema)?;
        } else if self.registry.count() >= self.config.limits.subjects_max {
            let what = "the registry has too many subjects".to_owned();
            return Err(BrokerError::LimitReached { what, limit: self.config.limits.subjects_max });
        }
        let (schema_id, counters) = self.next_schema_id();
        let mut subject = existing.as_deref().cloned().unwrap_or_else(|| Subject {
            name: request.subject.clone(),
            schema_id,
            mode: Compatibility::default(),
            versions: BTreeMap::new(),
            next_version: 1,
        });
        let version = subject.next_version;
        subject.next_version += 1;
        let fingerprint = schema.fingerprint().to_owned();
        let meta = VersionDocument {
            version,
            schema_type: schema.schema_type().to_string(),
            fingerprint: fingerprint.clone(),
            description: request.description,
            created_by: request.created_by,
            created_at_s: clock_ms() / 1000,
            tags: request.tags,
        };
        subject.versions.insert(version, meta);
        let definition = documents::definition_key(subject.schema_id, version);
        let mut writes = vec![
            documents::set(documents::key(documents::SUBJECTS, &subject.name), &subject.document()),
            irongate_store::DocumentWrite { key: definition, value: Some(request.schema_definition.to_vec()) },
        ];
        if existing.is_none() {
            writes.push(documents::set(documents::COUNTERS.to_vec(), &counters));
        }
        self.commits.write(writes).await?;
        if existing.is_none() {
            self.schema_id_used(counters);
        }
        let schema_id = subject.schema_id;
        self.registry.compiled.put((schema_id, version), Arc::new(schema));
        self.registry.set(subject);
        Ok(RegisterSchemaResponse { schema_id, version, is_new_version: true, fingerprint })
    }

    fn check_new_version(&self, subject: &Subject, schema: &Schema) -> Result<(), BrokerError> {
        let limit = self.config.limits.versions_per_subject_max;
        if subject.versions.len() >= limit {
            let what = format!("the subject {} has too many versions", subject.name);
            return Err(BrokerError::LimitReached { what, limit });
        }
        let latest = subject.latest();
        let findings = self.incompatibilities(subject, schema, subject.mode)?;
        if findings.is_empty() {
            return Ok(());
        }
        let shown = findings.iter().take(FINDINGS_IN_WORDS_MAX).cloned().collect::<Vec<_>>().join("; ");
        let more = findings.len().saturating_sub(FINDINGS_IN_WORDS_MAX);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        let reason =
            format!("not {} compatible with version {latest} of {}: {shown}{more}", subject.mode, subject.name);
        Err(BrokerError::SchemaRefused { action: "register", reason })
    }

    /// Why the schema may not follow the subject's latest version; empty when it may.
    pub(super) fn incompatibilities(
        &self,
        subject: &Subject,
        schema: &Schema,
        mode: Compatibility,
    ) -> Result<Vec<String>, BrokerError> {
        if mode == Compatibility::None {
            return Ok(Vec::new());
        }
        let latest = self.registry.compiled(subject, subject.latest())?;
        if latest.schema_type() != schema.schema_type() {
            let (old, new) = (latest.schema_type(), schema.schema_type());
            return Ok(vec![format!("the type changes from {old} to {new}")]);
        }
        let findings = check_compatibility(mode, &latest, schema);
        Ok(findings.iter().map(ToString::to_string).collect())
    }

    pub(super) fn compile_candidate(&self, schema_type: &str, definition: &[u8]) -> Result<Schema, BrokerError> {
        self.compile("check", schema_type, definition)
    }

    pub(crate) async fn delete_schema_version(
        self: &Arc<Self>,
        request: DeleteSchemaVersionRequest,
    ) -> Result<DeleteSchemaVersionResponse, BrokerError> {
        let inner = Arc::clone(self);
        let work = tokio::spawn(async move { inner.delete_version_now(request).await });
        work.await.map_err(|_| BrokerError::Closed)?
    }

    async fn delete_version_now(
        &self,
        request: DeleteSchemaVersionRequest,
    ) -> Result<DeleteSchemaVersionResponse, BrokerError> {
        let _changing = self.changes.lock().await;
        self.check_open()?;
        let refused = |reason: String| BrokerError::SchemaRefused { action: "delete", reason };
        let subject = self.registry.registered(&request.subject).map_err(|error| refused(error.to_string()))?;
        let mut changed = (*subject).clone();
        if changed.versions.remove(&request.version).is_none() {
            return Err(refused(subject.unregistered(request.version).to_string()));
        }
        let mut writes = vec![documents::remove(documents::definition_key(subject.schema_id, request.version))];
        let key = documents::key(documents::SUBJECTS, &subject.name);
        let last = changed.versions.is_empty();
        if last {
            let bound = self
                .topics
                .all()
                .into_iter()
                .find(|topic| topic.binding().is_some_and(|binding| binding.subject == subject.name));
            if let Some(topic) = bound {
                let reason = format!(
                    "version {} is the last of {}, which the topic {} is bound to",
                    request.version,
                    subject.name,
                    topic.name()
                );
                return Err(refused(reason));
            }
            writes.push(documents::remove(key));
        } else {
            writes.push(documents::set(key, &changed.document()));
        }
        self.commits.write(writes).await?;
        if last {
            self.registry.remove(&subject);
        } else {
            self.registry.set(changed);
        }
        let message = format!("deleted version {} of {}", request.version, subject.name);
        Ok(DeleteSchemaVersionResponse { success: true, message })
    }

    pub(crate) async fn set_compatibility_mode(
        self: &Arc<Self>,
        request: SetCompatibilityModeRequest,
    ) -> Result<SetCompatibilityModeResponse, BrokerError> {
        let mode = mode(&request.compatibility_mode)?;
        let inner = Arc::clone(self);
        let work = tokio::spawn(async move {
            let _changing = inner.changes.lock().await;
            inner.check_open()?;
            let subject = inner.registry.find(&request.subject).ok_or_else(|| BrokerError::SchemaMissing {
                what: format!("the subject {} is not registered", request.subject),
            })?;
            let changed = Subject { mode, ..(*subject).clone() };
            let key = documents::key(documents::SUBJECTS, &subject.name);
            inner.commits.write(vec![documents::set(key, &changed.document())]).await?;
            let message = format!("the compatibility mode of {} is {mode}", subject.name);
            inner.registry.set(changed);
            Ok(SetCompatibilityModeResponse { success: true, message })
        });
        work.await.map_err(|_| BrokerError::Closed)?
    }
}

pub(super) fn mode(text: &str) -> Result<Compatibility, BrokerError> {
    text.parse().map_err(|error: SchemaError| BrokerError::InvalidArgument { what: error.to_string() })
}

fn check_texts(request: &RegisterSchemaRequest) -> Result<(), BrokerError> {
    let tags: usize = request.tags.iter().map(String::len).sum();
    let bytes = tags + request.description.len() + request.created_by.len();
    if request.tags.len() <= TAGS_MAX && bytes <= TEXTS_BYTES_MAX {
        return Ok(());
    }
    let what = format!(
        "description, creator and {} tags have {bytes} bytes; at most {TAGS_MAX} tags and {TEXTS_BYTES_MAX} bytes",
        request.tags.len()
    );
    Err(BrokerError::InvalidArgument { what })
}

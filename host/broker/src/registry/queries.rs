//! The registry's questions: get, latest, versions, list, would it be compatible. Nothing
//! is changed.

use super::{Subject, changes};
use crate::BrokerError;
use crate::inner::Inner;
use irongate_proto::danube_schema::{
    CheckCompatibilityRequest, CheckCompatibilityResponse, GetLatestSchemaRequest, GetSchemaRequest, GetSchemaResponse,
    ListSubjectsResponse, ListVersionsRequest, ListVersionsResponse, SchemaVersionInfo, SubjectSummary,
};
use std::sync::Arc;

impl Inner {
    pub(crate) fn get_schema(&self, request: GetSchemaRequest) -> Result<GetSchemaResponse, BrokerError> {
        let subject = self.registry.find_by_id(request.schema_id).ok_or_else(|| BrokerError::SchemaMissing {
            what: format!("there is no schema with id {}", request.schema_id),
        })?;
        self.schema_response(&subject, request.version.unwrap_or(subject.latest()))
    }

    pub(crate) fn get_latest_schema(&self, request: GetLatestSchemaRequest) -> Result<GetSchemaResponse, BrokerError> {
        let subject = self.subject(&request.subject)?;
        self.schema_response(&subject, subject.latest())
    }

    fn subject(&self, name: &str) -> Result<Arc<Subject>, BrokerError> {
        let what = || format!("the subject {name} is not registered");
        self.registry.find(name).ok_or_else(|| BrokerError::SchemaMissing { what: what() })
    }

    fn schema_response(&self, subject: &Subject, version: u32) -> Result<GetSchemaResponse, BrokerError> {
        let missing = || BrokerError::SchemaMissing { what: subject.unregistered(version).to_string() };
        let meta = subject.versions.get(&version).ok_or_else(missing)?.clone();
        Ok(GetSchemaResponse {
            schema_id: subject.schema_id,
            version,
            subject: subject.name.clone(),
            schema_type: meta.schema_type,
            schema_definition: self.registry.definition(subject, version)?,
            description: meta.description,
            created_at: meta.created_at_s,
            created_by: meta.created_by,
            tags: meta.tags,
            fingerprint: meta.fingerprint,
            compatibility_mode: subject.mode.to_string(),
        })
    }

    pub(crate) fn list_versions(&self, request: ListVersionsRequest) -> Result<ListVersionsResponse, BrokerError> {
        let subject = self.subject(&request.subject)?;
        let versions = subject.versions.values().map(|version| SchemaVersionInfo {
            version: version.version,
            created_at: version.created_at_s,
            created_by: version.created_by.clone(),
            description: version.description.clone(),
            fingerprint: version.fingerprint.clone(),
            schema_id: subject.schema_id,
        });
        Ok(ListVersionsResponse { versions: versions.collect() })
    }

    pub(crate) fn list_subjects(&self) -> ListSubjectsResponse {
        let summary = |subject: &Arc<Subject>| {
            let latest = subject.versions.last_key_value().map(|(_, version)| version.clone()).unwrap_or_default();
            SubjectSummary {
                subject: subject.name.clone(),
                schema_type: latest.schema_type,
                latest_version: latest.version,
                compatibility_mode: subject.mode.to_string(),
                schema_id: subject.schema_id,
                tags: latest.tags,
            }
        };
        ListSubjectsResponse { subjects: self.registry.all().iter().map(summary).collect() }
    }

    /// A definition that does not compile is an answer too: incompatible, with the reason.
    pub(crate) fn check_schema_compatibility(
        &self,
        request: CheckCompatibilityRequest,
    ) -> Result<CheckCompatibilityResponse, BrokerError> {
        let subject = self.registry.find(&request.subject).ok_or_else(|| BrokerError::SchemaRefused {
            action: "check",
            reason: format!("the subject {} is not registered", request.subject),
        })?;
        let asked = request.compatibility_mode.filter(|mode| !mode.is_empty());
        let mode = asked.map_or(Ok(subject.mode), |mode| changes::mode(&mode))?;
        let errors = match self.compile_candidate(&request.schema_type, &request.new_schema_definition) {
            Ok(schema) => self.incompatibilities(&subject, &schema, mode)?,
            Err(error) => vec![error.to_string()],
        };
        Ok(CheckCompatibilityResponse { is_compatible: errors.is_empty(), errors })
    }
}

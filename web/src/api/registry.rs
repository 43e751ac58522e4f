//! The schema registry: subjects, versions, definitions, registration, and what topics are bound to.

use bytes::Bytes;
use irongate_proto::danube_schema::{
    CheckCompatibilityRequest, CheckCompatibilityResponse, ConfigureTopicSchemaRequest, ConfigureTopicSchemaResponse,
    DeleteSchemaVersionRequest, DeleteSchemaVersionResponse, GetLatestSchemaRequest, GetSchemaRequest,
    GetSchemaResponse, ListSubjectsRequest, ListSubjectsResponse, ListVersionsRequest, ListVersionsResponse,
    RegisterSchemaRequest, RegisterSchemaResponse, SchemaVersionInfo, SetCompatibilityModeRequest,
    SetCompatibilityModeResponse, SubjectSummary,
};

use tonic::Code;

use super::{Failure, call};
use crate::state::schema_choice::{RegisteredSchema, VersionChoice};
use crate::state::topic_facts::Policy;

/// All subjects, by name.
///
/// # Errors
/// Where the host cannot be asked.
pub async fn subjects() -> Result<Vec<SubjectSummary>, Failure> {
    let path = "/danube_schema.SchemaRegistry/ListSubjects";
    let response: ListSubjectsResponse = call::unary(path, &ListSubjectsRequest {}).await?;
    let mut subjects: Vec<SubjectSummary> = Vec::with_capacity(response.subjects.len());
    for subject in response.subjects {
        // They come nearly in order; a sort of its own would weigh more in the page.
        let at = subjects.partition_point(|other| other.subject < subject.subject);
        subjects.insert(at, subject);
    }
    Ok(subjects)
}

/// All versions of a subject, newest first.
///
/// # Errors
/// Where there is no such subject, or the host cannot be asked.
pub async fn versions(subject: &str) -> Result<Vec<SchemaVersionInfo>, Failure> {
    let request = ListVersionsRequest { subject: subject.to_owned() };
    let response: ListVersionsResponse = call::unary("/danube_schema.SchemaRegistry/ListVersions", &request).await?;
    let mut versions: Vec<SchemaVersionInfo> = Vec::with_capacity(response.versions.len());
    for version in response.versions {
        let at = versions.partition_point(|other| other.version > version.version);
        versions.insert(at, version);
    }
    Ok(versions)
}

/// All versions of a subject that may not be chosen yet.
///
/// # Errors
/// As [`versions`].
pub async fn versions_of_chosen(subject: String) -> Result<Vec<SchemaVersionInfo>, Failure> {
    if subject.is_empty() { Ok(Vec::new()) } else { versions(&subject).await }
}

/// The schema that a choice means now.
///
/// # Errors
/// Where there is no such subject or version, or the host cannot be asked.
pub async fn schema(subject: &str, choice: VersionChoice) -> Result<RegisteredSchema, Failure> {
    let request = GetLatestSchemaRequest { subject: subject.to_owned() };
    let latest: GetSchemaResponse = call::unary("/danube_schema.SchemaRegistry/GetLatestSchema", &request).await?;
    match choice {
        VersionChoice::Pinned(version) if version != latest.version => {
            let request = GetSchemaRequest { schema_id: latest.schema_id, version: Some(version) };
            Ok(registered(call::unary("/danube_schema.SchemaRegistry/GetSchema", &request).await?))
        }
        VersionChoice::Latest | VersionChoice::Minimum(_) | VersionChoice::Pinned(_) => Ok(registered(latest)),
    }
}

fn registered(response: GetSchemaResponse) -> RegisteredSchema {
    RegisteredSchema {
        subject: response.subject,
        version: response.version,
        schema_type: response.schema_type,
        definition: response.schema_definition,
    }
}

/// Whether a definition may become the next version of a subject: the reasons against it.
///
/// # Errors
/// Where there is no such subject, or the host cannot be asked.
pub async fn incompatibilities(subject: &str, schema_type: &str, definition: Bytes) -> Result<Vec<String>, Failure> {
    let request = CheckCompatibilityRequest {
        subject: subject.to_owned(),
        new_schema_definition: definition,
        schema_type: schema_type.to_owned(),
        compatibility_mode: None,
    };
    let path = "/danube_schema.SchemaRegistry/CheckCompatibility";
    let response: CheckCompatibilityResponse = call::unary(path, &request).await?;
    Ok(if response.is_compatible { Vec::new() } else { response.errors })
}

/// Registers a definition.
///
/// # Errors
/// Where the definition does not compile or is not compatible, or the host cannot be asked.
pub async fn register(subject: &str, schema_type: &str, definition: Bytes) -> Result<RegisterSchemaResponse, Failure> {
    let request = RegisterSchemaRequest {
        subject: subject.to_owned(),
        schema_type: schema_type.to_owned(),
        schema_definition: definition,
        created_by: "console".to_owned(),
        ..RegisterSchemaRequest::default()
    };
    call::unary("/danube_schema.SchemaRegistry/RegisterSchema", &request).await
}

/// Sets what must keep working when the schema of a subject changes.
///
/// # Errors
/// Where there is no such subject or mode, or the host cannot be asked.
pub async fn set_compatibility_mode(subject: String, mode: String) -> Result<(), Failure> {
    let request = SetCompatibilityModeRequest { subject, compatibility_mode: mode };
    let path = "/danube_schema.SchemaRegistry/SetCompatibilityMode";
    let response: SetCompatibilityModeResponse = call::unary(path, &request).await?;
    granted(response.success, response.message)
}

/// Deletes one version of a subject; with the last one the subject goes.
///
/// # Errors
/// Where there is no such version, a topic needs it, or the host cannot be asked.
pub async fn delete_version(subject: String, version: u32) -> Result<(), Failure> {
    let request = DeleteSchemaVersionRequest { subject, version };
    let path = "/danube_schema.SchemaRegistry/DeleteSchemaVersion";
    let response: DeleteSchemaVersionResponse = call::unary(path, &request).await?;
    granted(response.success, response.message)
}

/// Binds a topic to a subject under a policy. `none` checks no payload.
///
/// # Errors
/// Where there is no such topic or subject, or the host cannot be asked.
pub async fn bind_topic(topic: String, subject: String, policy: Policy) -> Result<(), Failure> {
    let request = ConfigureTopicSchemaRequest {
        topic_name: topic,
        schema_subject: subject,
        validation_policy: policy.name().to_owned(),
        enable_payload_validation: policy != Policy::None,
    };
    let path = "/danube_schema.SchemaRegistry/ConfigureTopicSchema";
    let response: ConfigureTopicSchemaResponse = call::unary(path, &request).await?;
    granted(response.success, response.message)
}

/// Danube says some refusals in an answer, not in a status.
fn granted(success: bool, message: String) -> Result<(), Failure> {
    if success { Ok(()) } else { Err(Failure::new(Code::FailedPrecondition, message)) }
}

//! The schema registry.

use crate::harness::*;
use irongate_proto::danube::DispatchStrategy::NonReliable;
use irongate_proto::danube_schema::*;
use tonic::Code;

#[tokio::test]
async fn what_was_registered_comes_back_to_the_byte() {
    let host = Host::new();
    let mut request = register_request("user-events", "JSON", USER_EVENTS);
    request.description = "events of users".to_owned();
    request.created_by = "ann".to_owned();
    request.tags = vec!["pii".to_owned()];
    let registered = host.broker.register_schema(request).await.unwrap();
    assert_eq!((registered.schema_id, registered.version, registered.is_new_version), (1, 1, true));
    assert!(registered.fingerprint.starts_with("sha256:"));

    let latest = GetLatestSchemaRequest { subject: "user-events".to_owned() };
    let latest = host.broker.get_latest_schema(latest).await.unwrap();
    assert_eq!(latest.schema_definition, USER_EVENTS.as_bytes());
    assert_eq!((latest.schema_type.as_str(), latest.compatibility_mode.as_str()), ("json_schema", "backward"));
    assert_eq!((latest.description.as_str(), latest.created_by.as_str()), ("events of users", "ann"));
    assert_eq!(
        (latest.tags.as_slice(), latest.fingerprint.as_str()),
        (&["pii".to_owned()][..], registered.fingerprint.as_str())
    );
    let by_id = GetSchemaRequest { schema_id: 1, version: Some(1) };
    assert_eq!(host.broker.get_schema(by_id).await.unwrap(), latest);
    let by_id = GetSchemaRequest { schema_id: 1, version: None };
    assert_eq!(host.broker.get_schema(by_id).await.unwrap(), latest);
}

#[tokio::test]
async fn the_same_schema_in_other_white_space_is_the_same_version() {
    let host = Host::new();
    let first = host.register("s", "json_schema", r#"{"type":"object","title":"a"}"#).await;
    let again = host.register("s", "json_schema", "{ \"title\": \"a\",\n \"type\": \"object\" }").await;
    assert_eq!((again.version, again.is_new_version), (first.version, false));
    assert_eq!(host.register("other", "json_schema", r#"{"type":"object","title":"a"}"#).await.schema_id, 2);
}

#[tokio::test]
async fn what_does_not_compile_is_refused_with_its_place() {
    let host = Host::new();
    for (schema_type, definition) in [
        ("json_schema", "{"),
        ("json_schema", r#"{"type":"objekt"}"#),
        ("json_schema", r#"{"$ref":"http://localhost:1/a.json"}"#),
        ("xml", "<a/>"),
    ] {
        let request = register_request("s", schema_type, definition);
        let error = host.broker.register_schema(request).await.unwrap_err();
        assert_eq!(error.code(), Code::Internal, "{definition}");
        assert!(error.to_string().starts_with("Failed to register schema: "), "{error}");
    }
    let unnamed = host.broker.register_schema(register_request("", "string", "")).await.unwrap_err();
    assert_eq!(unnamed.code(), Code::InvalidArgument);
    let summary = host.broker.list_subjects(ListSubjectsRequest {}).await.unwrap();
    assert!(summary.subjects.is_empty());
}

#[tokio::test]
async fn what_is_missing_is_not_found() {
    let host = Host::new();
    host.register("s", "string", "").await;
    let by_id = |schema_id, version| host.broker.get_schema(GetSchemaRequest { schema_id, version });
    assert_eq!(by_id(2, None).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(by_id(1, Some(2)).await.unwrap_err().code(), Code::NotFound);
    let latest = GetLatestSchemaRequest { subject: "t".to_owned() };
    assert_eq!(host.broker.get_latest_schema(latest).await.unwrap_err().code(), Code::NotFound);
    let versions = ListVersionsRequest { subject: "t".to_owned() };
    assert_eq!(host.broker.list_versions(versions).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn deleting_really_deletes() {
    let host = Host::new();
    let mode =
        |mode: &str| SetCompatibilityModeRequest { subject: "s".to_owned(), compatibility_mode: mode.to_owned() };
    host.register("s", "json_schema", r#"{"type":"string"}"#).await;
    host.broker.set_compatibility_mode(mode("none")).await.unwrap();
    host.register("s", "json_schema", r#"{"type":"integer"}"#).await;
    let delete = |version| {
        let request = DeleteSchemaVersionRequest { subject: "s".to_owned(), version };
        host.broker.delete_schema_version(request)
    };
    assert!(delete(2).await.unwrap().success);
    let latest = || host.broker.get_latest_schema(GetLatestSchemaRequest { subject: "s".to_owned() });
    assert_eq!(latest().await.unwrap().version, 1);
    assert_eq!(delete(2).await.unwrap_err().code(), Code::Internal);
    // The number is not given out again, nor is the old definition taken for the new one.
    assert_eq!(host.register("s", "json_schema", r#"{"type":"integer"}"#).await.version, 3);
    let wrong = host.broker.set_compatibility_mode(mode("sometimes")).await.unwrap_err();
    assert_eq!(wrong.code(), Code::InvalidArgument);
    delete(1).await.unwrap();
    delete(3).await.unwrap();
    assert_eq!(latest().await.unwrap_err().code(), Code::NotFound);
    assert_eq!(host.register("s", "json_schema", r#"{"type":"integer"}"#).await.schema_id, 2);
}

#[tokio::test]
async fn the_last_version_of_a_bound_subject_stays() {
    let host = Host::new();
    host.register("s", "string", "").await;
    let mut request = producer_request("/default/a", "p", NonReliable);
    request.schema_ref = subject("s");
    host.broker.create_producer(request).await.unwrap();
    let delete = DeleteSchemaVersionRequest { subject: "s".to_owned(), version: 1 };
    let error = host.broker.delete_schema_version(delete).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Failed to delete schema: version 1 is the last of s, which the topic /default/a is bound to"
    );
}

#[tokio::test]
async fn an_incompatible_version_is_refused_with_its_findings() {
    let host = Host::new();
    let old = r#"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}"#;
    let new = r#"{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}"#;
    host.register("s", "json_schema", old).await;
    let error = host.broker.register_schema(register_request("s", "json_schema", new)).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    let head = "Failed to register schema: not backward compatible with version 1 of s: ";
    assert!(error.to_string().starts_with(head) && error.to_string().contains("/a"), "{error}");

    let check = |subject: &str, mode: Option<&str>| CheckCompatibilityRequest {
        subject: subject.to_owned(),
        new_schema_definition: new.into(),
        schema_type: "json_schema".to_owned(),
        compatibility_mode: mode.map(str::to_owned),
    };
    let verdict = host.broker.check_compatibility(check("s", None)).await.unwrap();
    assert!(!verdict.is_compatible && !verdict.errors.is_empty());
    assert!(host.broker.check_compatibility(check("s", Some("none"))).await.unwrap().is_compatible);
    let code = |request| async { host.broker.check_compatibility(request).await.unwrap_err().code() };
    assert_eq!(code(check("s", Some("sometimes"))).await, Code::InvalidArgument);
    assert_eq!(code(check("t", None)).await, Code::Internal);
    let changed_type = host.broker.register_schema(register_request("s", "string", "")).await.unwrap_err();
    assert!(changed_type.to_string().contains("the type changes from json_schema to string"), "{changed_type}");
}

#[tokio::test]
async fn subjects_and_versions_are_listed() {
    let host = Host::new();
    host.register("b", "string", "").await;
    host.register("a", "number", "").await;
    let listed = host.broker.list_subjects(ListSubjectsRequest {}).await.unwrap().subjects;
    let names: Vec<(&str, &str, u64)> =
        listed.iter().map(|one| (one.subject.as_str(), one.schema_type.as_str(), one.schema_id)).collect();
    assert_eq!(names, [("a", "number", 2), ("b", "string", 1)]);
    let versions = host.broker.list_versions(ListVersionsRequest { subject: "a".to_owned() }).await.unwrap().versions;
    assert_eq!((versions.len(), versions[0].version, versions[0].schema_id), (1, 1, 2));
}

#[tokio::test]
async fn the_registry_is_bounded() {
    let host = Host::with(|config| {
        config.limits.subjects_max = 1;
        config.limits.versions_per_subject_max = 1;
        config.limits.schema_definition_bytes_max = 30;
    });
    host.register("a", "json_schema", r#"{"type":"string"}"#).await;
    let code = |subject: &str, definition: &str| {
        let request = register_request(subject, "json_schema", definition);
        let broker = host.broker.clone();
        async move { broker.register_schema(request).await.unwrap_err().code() }
    };
    assert_eq!(code("b", "{}").await, Code::ResourceExhausted);
    assert_eq!(code("a", r#"{"title":"x"}"#).await, Code::ResourceExhausted);
    assert_eq!(code("a", &format!(r#"{{"title":"{}"}}"#, "x".repeat(30))).await, Code::Internal);
}

//! Section 1, messages of the schema registry: every field by its number.

use super::fields::fields;
use super::wire::*;
use tonic::Code;

const TEXT: &str = r#"{"type":"string"}"#;

#[tokio::test]
async fn register_schema_request() {
    let wire = Wire::start().await;
    let request = schema("s", "json_schema", TEXT).text(4, "words").text(5, "ann").text(6, "one").text(6, "two");
    wire.registry("RegisterSchema", request).await;
    let latest = wire.registry("GetLatestSchema", fields().text(1, "s")).await;
    assert_eq!((latest.get_text(4), latest.get_text(5)), ("json_schema".to_owned(), TEXT.to_owned()));
    assert_eq!((latest.get_text(6), latest.get_text(8)), ("words".to_owned(), "ann".to_owned()));
    assert_eq!(latest.get_texts(9), ["one", "two"]);
}

#[tokio::test]
async fn register_schema_response() {
    let wire = Wire::start().await;
    let first = wire.register("s", "json_schema", TEXT).await;
    assert_eq!((first.get_number(1), first.get_number(2), first.get_number(3)), (1, 1, 1));
    assert!(first.get_text(4).starts_with("sha256:"), "{first:?}");
    let again = wire.register("s", "json_schema", TEXT).await;
    assert_eq!((again.get_number(1), again.get_number(2), again.get_number(3)), (1, 1, 0), "not a new version");
    assert_eq!(again.get_text(4), first.get_text(4));
}

#[tokio::test]
async fn get_schema_request() {
    let wire = Wire::start().await;
    wire.register("s", "json_schema", "{}").await;
    wire.unchecked("s").await;
    wire.register("s", "json_schema", TEXT).await;
    for (request, version) in
        [(fields().number(1, 1), 2), (fields().number(1, 1).number(2, 1), 1), (fields().number(1, 1).number(2, 2), 2)]
    {
        assert_eq!(wire.registry("GetSchema", request).await.get_number(2), version);
    }
    let missing = wire.registry_refusal("GetSchema", fields().number(1, 2)).await;
    assert_eq!(missing.code(), Code::NotFound, "1 is the id");
}

#[tokio::test]
async fn requests_for_a_subject() {
    let wire = Wire::start().await;
    wire.register("a", "string", "").await;
    wire.register("b", "number", "").await;
    assert_eq!(wire.registry("GetLatestSchema", fields().text(1, "b")).await.get_text(3), "b");
    let versions = wire.registry("ListVersions", fields().text(1, "b")).await;
    assert_eq!(versions.get_messages(1)[0].get_number(6), 2);
}

#[tokio::test]
async fn get_schema_response() {
    let wire = Wire::start().await;
    let registered =
        wire.registry("RegisterSchema", schema("s", "JSON", TEXT).text(4, "d").text(5, "ann").text(6, "t")).await;
    let got = wire.registry("GetSchema", fields().number(1, 1)).await;
    assert_eq!((got.get_number(1), got.get_number(2), got.get_text(3)), (1, 1, "s".to_owned()));
    assert_eq!((got.get_text(4), got.get_text(5)), ("json_schema".to_owned(), TEXT.to_owned()));
    assert!(got.get_number(7) > 1_700_000_000 && got.get_number(7) < 100_000_000_000, "7 counts seconds: {got:?}");
    assert_eq!((got.get_text(10), got.get_text(11)), (registered.get_text(4), "backward".to_owned()));
    assert_eq!(got.present(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
}

#[tokio::test]
async fn list_versions_response() {
    let wire = Wire::start().await;
    wire.register("s", "json_schema", "{}").await;
    wire.unchecked("s").await;
    let second = wire.registry("RegisterSchema", schema("s", "json_schema", TEXT).text(4, "d").text(5, "ann")).await;
    let versions = wire.registry("ListVersions", fields().text(1, "s")).await.get_messages(1);
    assert_eq!(versions.iter().map(|one| one.get_number(1)).collect::<Vec<_>>(), [1, 2]);
    let last = &versions[1];
    assert!(last.get_number(2) > 1_700_000_000, "2 is the time of creation: {last:?}");
    assert_eq!((last.get_text(3), last.get_text(4)), ("ann".to_owned(), "d".to_owned()));
    assert_eq!((last.get_text(5), last.get_number(6)), (second.get_text(4), 1));
}

#[tokio::test]
async fn check_compatibility_request_and_response() {
    let wire = Wire::start().await;
    wire.register("s", "json_schema", TEXT).await;
    let check = |definition: &str| fields().text(1, "s").text(2, definition).text(3, "json_schema");
    let fine = wire.registry("CheckCompatibility", check(TEXT)).await;
    assert_eq!((fine.get_number(1), fine.get_texts(2).len()), (1, 0));
    let other = r#"{"type":"integer"}"#;
    let broken = wire.registry("CheckCompatibility", check(other)).await;
    assert_eq!((broken.get_number(1), broken.get_texts(2).is_empty()), (0, false));
    let unchecked = wire.registry("CheckCompatibility", check(other).text(4, "none")).await;
    assert_eq!(unchecked.get_number(1), 1, "4 is the mode");
}

#[tokio::test]
async fn delete_schema_version_request_and_response() {
    let wire = Wire::start().await;
    wire.register("s", "json_schema", "{}").await;
    wire.unchecked("s").await;
    wire.register("s", "json_schema", TEXT).await;
    let answer = wire.registry("DeleteSchemaVersion", fields().text(1, "s").number(2, 1)).await;
    assert_eq!((answer.get_number(1), answer.get_text(2).is_empty()), (1, false));
    let versions = wire.registry("ListVersions", fields().text(1, "s")).await.get_messages(1);
    assert_eq!(versions.iter().map(|one| one.get_number(1)).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn set_compatibility_mode_request_and_response() {
    let wire = Wire::start().await;
    wire.register("s", "string", "").await;
    for mode in ["none", "forward", "full", "backward", "FULL"] {
        let request = fields().text(1, "s").text(2, mode);
        let answer = wire.registry("SetCompatibilityMode", request).await;
        assert_eq!((answer.get_number(1), answer.get_text(2).is_empty()), (1, false));
        let now = wire.registry("GetLatestSchema", fields().text(1, "s")).await.get_text(11);
        assert_eq!(now, mode.to_lowercase());
    }
}

#[tokio::test]
async fn configure_topic_schema_request_and_response() {
    let wire = Wire::start().await;
    wire.register("s", "string", "").await;
    wire.producer(TOPIC, "p", RELIABLE).await;
    let request = fields().text(1, TOPIC).text(2, "s").text(3, "warn").number(4, 1);
    let answer = wire.registry("ConfigureTopicSchema", request).await;
    assert_eq!((answer.get_number(1), answer.get_text(2).is_empty()), (1, false));
    let config = wire.registry("GetTopicSchemaConfig", fields().text(1, TOPIC)).await;
    assert_eq!((config.get_text(1), config.get_text(2), config.get_number(3)), ("s".into(), "warn".into(), 1));
}

#[tokio::test]
async fn update_topic_validation_policy_request_and_response() {
    let wire = Wire::start().await;
    wire.register("s", "string", "").await;
    wire.bound_producer(TOPIC, "p", "s").await;
    let answer = wire.registry("UpdateTopicValidationPolicy", fields().text(1, TOPIC).text(2, "none")).await;
    assert_eq!((answer.get_number(1), answer.get_text(2).is_empty()), (1, false));
    let config = wire.registry("GetTopicSchemaConfig", fields().text(1, TOPIC)).await;
    assert_eq!((config.get_text(2), config.get_number(3)), ("none".to_owned(), 0));
}

#[tokio::test]
async fn get_topic_schema_config_request_and_response() {
    let wire = Wire::start().await;
    wire.register("other", "string", "").await;
    wire.register("s", "string", "").await;
    wire.bound_producer(TOPIC, "p", "s").await;
    let config = wire.registry("GetTopicSchemaConfig", fields().text(1, TOPIC)).await;
    assert_eq!((config.get_text(1), config.get_text(2)), ("s".to_owned(), "enforce".to_owned()));
    assert_eq!((config.get_number(3), config.get_number(4)), (1, 2), "payloads are checked; 4 is the id");
}

#[tokio::test]
async fn list_subjects_response() {
    let wire = Wire::start().await;
    wire.registry("RegisterSchema", schema("b", "json_schema", TEXT).text(6, "t")).await;
    wire.register("a", "number", "").await;
    let subjects = wire.registry("ListSubjects", fields()).await.get_messages(1);
    assert_eq!(subjects.iter().map(|one| one.get_text(1)).collect::<Vec<_>>(), ["a", "b"]);
    let one = &subjects[1];
    assert_eq!((one.get_text(2), one.get_number(3)), ("json_schema".to_owned(), 1));
    assert_eq!((one.get_text(4), one.get_number(5)), ("backward".to_owned(), 1));
    assert_eq!(one.get_texts(6), ["t"]);
}

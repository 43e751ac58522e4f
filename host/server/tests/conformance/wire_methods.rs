//! Section 1, methods: each is there under its path, and what is not served says so. What a method does is
//! in the other files.

use super::fields::fields;
use super::wire::Wire;
use tonic::Code;

/// An empty request may be refused, but only by a method that exists.
async fn assert_served(service: &str, methods: &[&str]) {
    let wire = Wire::start().await;
    for method in methods {
        let path = format!("{service}/{method}");
        if let Err(status) = wire.try_call(&path, fields()).await {
            assert_ne!(status.code(), Code::Unimplemented, "{path}");
            assert!(!status.message().is_empty(), "{path} refuses without a sentence");
        }
    }
}

async fn assert_not_served(methods: &[&str]) {
    let wire = Wire::start().await;
    for path in methods {
        assert_eq!(wire.code(path, fields()).await, Code::Unimplemented, "{path}");
    }
}

#[tokio::test]
async fn producer_service() {
    assert_served("danube.ProducerService", &["CreateProducer", "SendMessage"]).await;
}

#[tokio::test]
async fn consumer_service() {
    assert_served("danube.ConsumerService", &["Subscribe", "Ack", "Nack"]).await;
    let wire = Wire::start().await;
    let request = fields().number(2, 77);
    let refused = wire.open("danube.ConsumerService/ReceiveMessages", request).await.expect_err("no consumer 77");
    assert_eq!(refused.code(), Code::NotFound);
}

#[tokio::test]
async fn discovery() {
    assert_served("danube.Discovery", &["TopicLookup", "TopicPartitions"]).await;
}

#[tokio::test]
async fn health_check() {
    assert_served("danube.HealthCheck", &["HealthCheck"]).await;
}

#[tokio::test]
async fn schema_registry() {
    let methods = [
        "RegisterSchema",
        "GetSchema",
        "GetLatestSchema",
        "ListVersions",
        "CheckCompatibility",
        "DeleteSchemaVersion",
        "SetCompatibilityMode",
        "ConfigureTopicSchema",
        "UpdateTopicValidationPolicy",
        "GetTopicSchemaConfig",
        "ListSubjects",
    ];
    assert_served("danube_schema.SchemaRegistry", &methods).await;
}

#[tokio::test]
async fn namespace_admin() {
    let methods = ["GetNamespaceTopics", "GetNamespacePolicies", "CreateNamespace", "DeleteNamespace"];
    assert_served("danube_admin.NamespaceAdmin", &methods).await;
}

#[tokio::test]
async fn broker_admin() {
    let methods = ["ListBrokers", "GetLeaderBroker", "ListNamespaces"];
    assert_served("danube_admin.BrokerAdmin", &methods).await;
}

#[tokio::test]
async fn topic_admin() {
    let methods = [
        "ListNamespaceTopics",
        "ListBrokerTopics",
        "CreateTopic",
        "CreatePartitionedTopic",
        "DeleteTopic",
        "UnloadTopic",
        "ListSubscriptions",
        "Unsubscribe",
        "SetSubscriptionFailurePolicy",
        "GetSubscriptionFailurePolicy",
        "SetSubscriptionDispatchConfig",
        "GetSubscriptionDispatchConfig",
        "DescribeTopic",
    ];
    assert_served("danube_admin.TopicAdmin", &methods).await;
}

/// The sentence says what to do instead, over gRPC-web too, and Danube's own methods are what is asked for.
#[tokio::test]
async fn a_service_that_one_node_has_no_use_for_says_what_to_do_instead() {
    let wire = Wire::start().await;
    let table = [
        ("danube.StorageService/ListSegmentDescriptors", "irongate.v1.BrowseService"),
        ("danube_admin.ClusterAdmin/ClusterStatus", "--upstream"),
        ("danube_admin.ClusterAdmin/AddNode", "--upstream"),
        ("danube_admin.SecurityAdmin/CreateToken", "irongate token"),
        ("danube_admin.SecurityAdmin/CreateRole", "irongate token"),
    ];
    for (path, instead) in table {
        let refusal = wire.refusal(path, fields()).await;
        assert_eq!(refusal.code(), Code::Unimplemented, "{path}");
        assert!(refusal.message().contains(instead), "{path}: {refusal}");
        let web = wire.server.post(&format!("/{path}"), "application/grpc-web+proto", &[0; 5]).await;
        assert_eq!((web.status, web.header("grpc-status")), (200, "12"), "{path}: {web:?}");
    }
}

#[tokio::test]
async fn what_nobody_knows_is_unimplemented() {
    assert_not_served(&[
        "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "grpc.health.v1.Health/Check",
        "danube.ProducerService/CloseProducer",
    ])
    .await;
}

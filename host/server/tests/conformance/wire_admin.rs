//! Section 1, the admin contract: what each method does and every field by its number.

use super::fields::{Fields, fields};
use super::wire::*;
use tonic::Code;

const NAMESPACES: &str = "danube_admin.NamespaceAdmin";
const TOPICS: &str = "danube_admin.TopicAdmin";
const BROKERS: &str = "danube_admin.BrokerAdmin";

async fn topics(wire: &Wire, method: &str, request: Fields) -> Fields {
    wire.call(&format!("{TOPICS}/{method}"), request).await
}

fn subscription(topic: &str) -> Fields {
    fields().text(1, topic).text(2, "s")
}

#[tokio::test]
async fn namespace_messages() {
    let wire = Wire::start().await;
    let name = fields().text(1, "production");
    assert_eq!(wire.call(&format!("{NAMESPACES}/CreateNamespace"), name.clone()).await.get_number(1), 1);
    wire.producer("/production/a", "p", RELIABLE).await;
    let listed = wire.call(&format!("{NAMESPACES}/GetNamespaceTopics"), name.clone()).await;
    assert_eq!(listed.get_texts(1), ["/production/a"]);
    let policies = wire.call(&format!("{NAMESPACES}/GetNamespacePolicies"), name.clone()).await.get_text(1);
    assert!(policies.contains("max_message_size"), "{policies}");
    let all = wire.call(&format!("{BROKERS}/ListNamespaces"), fields()).await;
    assert_eq!(all.get_texts(1), ["default", "production"]);
    topics(&wire, "DeleteTopic", fields().text(1, "/production/a")).await;
    assert_eq!(wire.call(&format!("{NAMESPACES}/DeleteNamespace"), name).await.get_number(1), 1);
}

#[tokio::test]
async fn broker_info() {
    let wire = Wire::start().await;
    let brokers = wire.call(&format!("{BROKERS}/ListBrokers"), fields()).await.get_messages(1);
    assert_eq!(brokers.len(), 1);
    let broker = &brokers[0];
    assert_eq!((broker.get_text(1), broker.get_text(2)), ("1".to_owned(), wire.server.address.to_string()));
    assert!(
        !broker.get_text(3).is_empty() && !broker.get_text(6).is_empty(),
        "3 is the role, 6 the status: {broker:?}"
    );
    assert_eq!(wire.call(&format!("{BROKERS}/GetLeaderBroker"), fields()).await.get_text(1), "1");
}

#[tokio::test]
async fn new_topic_request() {
    let wire = Wire::start().await;
    wire.register("words", "string", "").await;
    let request = fields().text(1, TOPIC).text(2, "words").number(3, RELIABLE);
    assert_eq!(topics(&wire, "CreateTopic", request.clone()).await.get_number(1), 1);
    let described = topics(&wire, "DescribeTopic", fields().text(1, TOPIC)).await;
    assert_eq!((described.get_text(4), described.get_text(5)), ("Reliable".to_owned(), "words".to_owned()));
    assert_eq!(wire.code(&format!("{TOPICS}/CreateTopic"), request).await, Code::AlreadyExists);
}

#[tokio::test]
async fn partitioned_topic_request() {
    let wire = Wire::start().await;
    wire.register("words", "string", "").await;
    let request = fields().text(1, TOPIC).number(2, 3).text(3, "words").number(4, RELIABLE);
    assert_eq!(topics(&wire, "CreatePartitionedTopic", request).await.get_number(1), 1);
    let partitions = wire.call("danube.Discovery/TopicPartitions", fields().text(2, TOPIC)).await.get_texts(2);
    assert_eq!(partitions, ["/default/t-part-0", "/default/t-part-1", "/default/t-part-2"]);
    for partition in partitions {
        let described = topics(&wire, "DescribeTopic", fields().text(1, &partition)).await;
        assert_eq!((described.get_text(4), described.get_text(5)), ("Reliable".to_owned(), "words".to_owned()));
    }
}

#[tokio::test]
async fn topic_info() {
    let wire = Wire::start().await;
    wire.producer(TOPIC, "p", RELIABLE).await;
    wire.producer("/other/t", "p", NON_RELIABLE).await;
    let in_namespace = topics(&wire, "ListNamespaceTopics", fields().text(1, "default")).await.get_messages(1);
    assert_eq!(in_namespace.len(), 1);
    let one = &in_namespace[0];
    assert_eq!((one.get_text(1), one.get_text(2), one.get_text(3)), (TOPIC.into(), "1".into(), "Reliable".into()));
    let of_broker = topics(&wire, "ListBrokerTopics", fields().text(1, "1")).await.get_messages(1);
    let mut found: Vec<_> = of_broker.iter().map(|one| (one.get_text(1), one.get_text(3))).collect();
    found.sort();
    assert_eq!(found, [(TOPIC.into(), "Reliable".into()), ("/other/t".into(), "NonReliable".into())]);
    assert_eq!(wire.code(&format!("{TOPICS}/ListBrokerTopics"), fields().text(1, "2")).await, Code::NotFound);
}

#[tokio::test]
async fn topic_request() {
    let wire = Wire::start().await;
    wire.producer(TOPIC, "p", RELIABLE).await;
    let unload = wire.refusal(&format!("{TOPICS}/UnloadTopic"), fields().text(1, TOPIC)).await;
    assert_eq!(unload.code(), Code::FailedPrecondition, "there is no second broker: {unload}");
    assert_eq!(topics(&wire, "DeleteTopic", fields().text(1, TOPIC)).await.get_number(1), 1);
    assert_eq!(wire.code("danube.Discovery/TopicLookup", fields().text(2, TOPIC)).await, Code::NotFound);
}

#[tokio::test]
async fn subscription_messages() {
    let wire = Wire::start().await;
    wire.producer(TOPIC, "p", RELIABLE).await;
    wire.subscribe(TOPIC, "s", "c", SHARED).await;
    let list = fields().text(1, TOPIC);
    assert_eq!(topics(&wire, "ListSubscriptions", list.clone()).await.get_texts(1), ["s"]);
    assert_eq!(topics(&wire, "Unsubscribe", subscription(TOPIC)).await.get_number(1), 1);
    assert!(topics(&wire, "ListSubscriptions", list).await.get_texts(1).is_empty());
}

#[tokio::test]
async fn subscription_failure_policy() {
    let wire = Wire::start().await;
    wire.producer(TOPIC, "p", RELIABLE).await;
    let none = topics(&wire, "GetSubscriptionFailurePolicy", subscription(TOPIC)).await;
    assert_eq!(none.present(), Vec::<u64>::new(), "nothing was set");
    let (exponential, drop) = (1, 2);
    let policy =
        fields().number(1, 3).number(2, 1000).number(3, 10).number(4, 20).number(5, exponential).number(7, drop);
    let set = subscription(TOPIC).message(3, &policy);
    assert_eq!(topics(&wire, "SetSubscriptionFailurePolicy", set).await.get_number(1), 1);
    wire.subscribe(TOPIC, "s", "c", FAILOVER).await;
    let got = topics(&wire, "GetSubscriptionFailurePolicy", subscription(TOPIC)).await;
    assert_eq!((got.get_message(1), got.get_number(2)), (policy, FAILOVER));
    let letters = fields().number(1, 1).number(2, 1000).text(6, "/default/dead").number(7, 0);
    topics(&wire, "SetSubscriptionFailurePolicy", subscription(TOPIC).message(3, &letters)).await;
    let got = topics(&wire, "GetSubscriptionFailurePolicy", subscription(TOPIC)).await.get_message(1);
    assert_eq!((got.get_text(6), got.get_number(7)), ("/default/dead".to_owned(), 0));
}

#[tokio::test]
async fn subscription_dispatch_config() {
    let wire = Wire::start().await;
    let id = wire.producer(TOPIC, "p", RELIABLE).await;
    let set = subscription(TOPIC).message(3, &fields().number(1, 2));
    assert_eq!(topics(&wire, "SetSubscriptionDispatchConfig", set).await.get_number(1), 1);
    let got = topics(&wire, "GetSubscriptionDispatchConfig", subscription(TOPIC)).await;
    assert_eq!(got.get_message(1).get_number(1), 2);
    // Two are out at a time, and an acknowledgement lets the next one go.
    let mut stream = wire.consumer("s", "c", EXCLUSIVE).await;
    for payload in ["a", "b", "c"] {
        wire.send(TOPIC, id, payload.as_bytes()).await.expect("sent");
    }
    let first = next(&mut stream).await;
    assert_eq!(next_payload(&mut stream).await, "b");
    let quiet = tokio::time::timeout(std::time::Duration::from_millis(100), stream.message()).await;
    assert!(quiet.is_err(), "a third one came: {quiet:?}");
    wire.ack("s", &first).await;
    assert_eq!(next_payload(&mut stream).await, "c");
}

#[tokio::test]
async fn describe_topic_response() {
    let wire = Wire::start().await;
    wire.register("words", "string", "").await;
    wire.bound_producer(TOPIC, "p", "words").await;
    wire.subscribe(TOPIC, "s", "c", SHARED).await;
    let got = topics(&wire, "DescribeTopic", fields().text(1, TOPIC)).await;
    assert_eq!((got.get_text(1), got.get_texts(2)), (TOPIC.to_owned(), vec!["s".to_owned()]));
    assert_eq!((got.get_text(3), got.get_text(4)), ("1".to_owned(), "Reliable".to_owned()));
    assert_eq!((got.get_text(5), got.get_number(6), got.get_number(7)), ("words".to_owned(), 1, 1));
    assert_eq!((got.get_text(8), got.get_text(9)), ("string".to_owned(), "BACKWARD".to_owned()));
    wire.producer("/default/plain", "p", NON_RELIABLE).await;
    let plain = topics(&wire, "DescribeTopic", fields().text(1, "/default/plain")).await;
    assert_eq!(plain.present(), [1, 3, 4], "an unbound topic has no schema");
}

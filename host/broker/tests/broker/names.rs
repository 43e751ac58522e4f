//! Names: what is accepted, what clashes, and what a partition is.

use crate::harness::*;
use irongate_proto::danube::DispatchStrategy::{NonReliable, Reliable};
use irongate_proto::irongate_v1::CreateTopicRequest;
use tonic::Code;

#[tokio::test]
async fn malformed_names_are_refused_everywhere() {
    let host = Host::new();
    for name in ["", "orders", "/default", "/default/", "/default/a/b", "/default/a.b", "x/default/y"] {
        let request = producer_request(name, "p", NonReliable);
        assert_eq!(host.broker.create_producer(request).await.unwrap_err().code(), Code::InvalidArgument, "{name}");
        assert_eq!(host.broker.lookup(name).unwrap_err().code(), Code::InvalidArgument, "{name}");
        assert_eq!(host.broker.partitions(name).unwrap_err().code(), Code::InvalidArgument, "{name}");
        let error = host.broker.publish(publish_request(name, &["x"])).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument, "{name}");
    }
    assert!(host.broker.list_topics(Default::default()).unwrap().topics.is_empty());
}

/// Danube matches partitions by the raw beginning of the name: with `/default/orders-v2`
/// there, `/default/orders` could not be created, and the partitions of `/default/pt`
/// included `/default/ptother`.
#[tokio::test]
async fn a_longer_name_is_not_a_partition() {
    let host = Host::new();
    for name in ["/default/orders-v2", "/default/orders", "/default/ptother", "/default/pt-part-x"] {
        host.producer(name, "p", NonReliable).await;
    }
    for name in ["/default/pt-part-0", "/default/pt-part-1", "/default/pt-part-10", "/default/pt-part-2"] {
        host.producer(name, "p", NonReliable).await;
    }
    let partitions = host.broker.partitions("/default/pt").unwrap();
    let expected: Vec<String> = [0, 1, 2, 10].iter().map(|index| format!("/default/pt-part-{index}")).collect();
    assert_eq!(partitions, expected);
    assert_eq!(host.broker.partitions("/default/orders").unwrap(), ["/default/orders"]);
    assert!(host.broker.partitions("/default/nothing").unwrap().is_empty());
}

#[tokio::test]
async fn a_name_is_either_a_topic_or_a_base_of_partitions() {
    let host = Host::new();
    host.producer("/default/pt-part-0", "p", NonReliable).await;
    let error = host.broker.create_producer(producer_request("/default/pt", "p", NonReliable)).await.unwrap_err();
    assert_eq!(error.code(), Code::AlreadyExists);
    host.producer("/default/plain", "p", NonReliable).await;
    let request = producer_request("/default/plain-part-0", "p", NonReliable);
    let error = host.broker.create_producer(request).await.unwrap_err();
    assert_eq!(error.code(), Code::AlreadyExists);
    assert_eq!(
        error.to_string(),
        "/default/plain-part-0 cannot be a partition: the topic /default/plain exists and is not partitioned"
    );
    assert_eq!(host.broker.lookup("/default/pt").unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn without_creation_on_first_use_what_is_missing_is_named() {
    let host = Host::with(|config| config.auto_create_topics = false);
    let code = |name: &str| {
        let request = producer_request(name, "p", NonReliable);
        let broker = host.broker.clone();
        async move { broker.create_producer(request).await.map_err(|error| error.code()) }
    };
    assert_eq!(code("/production/a").await.unwrap_err(), Code::Unavailable);
    assert_eq!(code("/default/a").await.unwrap_err(), Code::NotFound);
    host.broker.create_namespace("production").await.unwrap();
    host.broker.create_namespace("production").await.unwrap();
    assert_eq!(code("/production/a").await.unwrap_err(), Code::NotFound);
    let request = CreateTopicRequest {
        topic: "/production/a".to_owned(),
        dispatch_strategy: Reliable as i32,
        partitions: 2,
        schema_ref: None,
    };
    host.broker.create_topic(request.clone()).await.unwrap();
    assert_eq!(host.broker.create_topic(request).await.unwrap_err().code(), Code::AlreadyExists);
    assert_eq!(
        host.broker.namespace_topics("production").unwrap(),
        [("/production/a-part-0".to_owned(), Reliable), ("/production/a-part-1".to_owned(), Reliable)]
    );
    assert_eq!(host.broker.create_namespace("a/b").await.unwrap_err().code(), Code::InvalidArgument);
}

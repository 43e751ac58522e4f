//! Sections 1, 5 and 6: names of topics, partitions, producers and subjects.

use super::fields::{Fields, fields};
use super::wire::*;
use tonic::Code;

const CREATE: &str = "danube.ProducerService/CreateProducer";
const LOOKUP: &str = "danube.Discovery/TopicLookup";
const PARTITIONS: &str = "danube.Discovery/TopicPartitions";

async fn partitions(wire: &Wire, topic: &str) -> Vec<String> {
    wire.call(PARTITIONS, fields().text(2, topic)).await.get_texts(2)
}

fn create(topic: &str) -> Fields {
    producer(topic, "p", NON_RELIABLE)
}

/// Letters are those of any language. What Danube takes by accident is refused: parts that are
/// empty, and a beginning without a slash.
#[tokio::test]
async fn two_parts_of_letters_digits_and_dashes() {
    let wire = Wire::start().await;
    for name in ["/default/a1", "/default/ünï", "/system/x", "/default/zz-part-x", "/a-b/c_d", "/1/2"] {
        wire.call(CREATE, create(name)).await;
        assert_eq!(partitions(&wire, name).await, [name]);
    }
    for name in [
        "default/a1",
        "/default",
        "/default/a/b",
        "/default/a.b",
        "/default/a b",
        "a/default/x",
        "x/default/y",
        "/default/",
        "//",
        "//x",
        "",
    ] {
        for (method, request) in [
            (CREATE, create(name)),
            (LOOKUP, fields().text(2, name)),
            (PARTITIONS, fields().text(2, name)),
            ("danube.ConsumerService/Subscribe", consumer_request(name, "s", "c", SHARED)),
        ] {
            let refusal = wire.refusal(method, request).await;
            assert_eq!(refusal.code(), Code::InvalidArgument, "{method} of {name:?}");
            let sentence = format!("The topic: {name} has an invalid format, should be: /namespace_name/topic_name");
            assert!(refusal.message().starts_with(&sentence), "{refusal}");
        }
    }
}

#[tokio::test]
async fn a_partition_is_a_topic_of_its_own() {
    let wire = Wire::start().await;
    for partition in [1, 0, 10, 2] {
        wire.call(CREATE, create(&format!("/default/pt-part-{partition}"))).await;
    }
    let expected = ["/default/pt-part-0", "/default/pt-part-1", "/default/pt-part-2", "/default/pt-part-10"];
    assert_eq!(partitions(&wire, "/default/pt").await, expected);
    assert_eq!(partitions(&wire, "/default/pt-part-1").await, ["/default/pt-part-1"]);
    // Danube's clients ignore this answer and go on with the partitions.
    assert_eq!(wire.code(LOOKUP, fields().text(2, "/default/pt")).await, Code::NotFound);
    assert_eq!(wire.call(LOOKUP, fields().text(2, "/default/pt-part-1")).await.get_number(4), 1);
}

#[tokio::test]
async fn an_unknown_topic_has_no_partitions() {
    let wire = Wire::start().await;
    let answer = wire.call(PARTITIONS, fields().number(1, 3).text(2, "/default/nothing")).await;
    assert_eq!((answer.get_number(1), answer.get_texts(2).len()), (3, 0));
}

/// Danube compares the beginnings of names.
#[tokio::test]
async fn a_name_that_begins_alike_is_no_clash_and_no_partition() {
    let wire = Wire::start().await;
    for name in
        ["/default/orders-v2", "/default/orders", "/default/ptother", "/default/pt-part-x", "/default/pt-part-0"]
    {
        wire.call(CREATE, create(name)).await;
    }
    assert_eq!(partitions(&wire, "/default/pt").await, ["/default/pt-part-0"]);
    assert_eq!(partitions(&wire, "/default/orders").await, ["/default/orders"]);
}

#[tokio::test]
async fn a_name_is_a_topic_or_a_base_of_partitions() {
    let wire = Wire::start().await;
    wire.call(CREATE, create("/default/pt-part-0")).await;
    assert_eq!(wire.code(CREATE, create("/default/pt")).await, Code::AlreadyExists);
    wire.call(CREATE, create("/default/plain")).await;
    assert_eq!(wire.code(CREATE, create("/default/plain-part-0")).await, Code::AlreadyExists);
}

#[tokio::test]
async fn an_empty_producer_name_and_an_empty_payload_are_accepted() {
    let wire = Wire::start().await;
    let id = wire.producer(TOPIC, "", RELIABLE).await;
    let mut stream = wire.consumer("s", "", EXCLUSIVE).await;
    wire.send(TOPIC, id, b"").await.expect("sent");
    assert_eq!(next_payload(&mut stream).await, "");
}

/// Danube takes an empty subject, which nobody could ever ask for.
#[tokio::test]
async fn a_subject_is_any_text_but_none() {
    let wire = Wire::start().await;
    wire.register("with/slash and blank", "string", "").await;
    let found = wire.registry("GetLatestSchema", fields().text(1, "with/slash and blank")).await;
    assert_eq!(found.get_number(1), 1);
    let refusal = wire.registry_refusal("RegisterSchema", schema("", "string", "")).await;
    assert_eq!(refusal.code(), Code::InvalidArgument);
}

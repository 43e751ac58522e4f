//! Section 1, messages of the client contract: every field by its number.

use super::fields::{Fields, fields};
use super::wire::*;
use tonic::Code;

const CREATE: &str = "danube.ProducerService/CreateProducer";
const SUBSCRIBE: &str = "danube.ConsumerService/Subscribe";

#[tokio::test]
async fn producer_request() {
    let wire = Wire::start().await;
    wire.register("words", "string", "").await;
    let exclusive = 1;
    let request = producer(TOPIC, "alone", RELIABLE).message(4, &fields().text(1, "words")).number(5, exclusive);
    wire.call(CREATE, request).await;
    let config = wire.registry("GetTopicSchemaConfig", fields().text(1, TOPIC)).await;
    assert_eq!(config.get_text(1), "words", "4 is the schema reference");
    let described = wire.call("danube_admin.TopicAdmin/DescribeTopic", fields().text(1, TOPIC)).await;
    assert_eq!(described.get_text(4), "Reliable", "6 is the dispatch strategy");
    let refusal = wire.refusal(CREATE, producer(TOPIC, "other", RELIABLE)).await;
    assert!(refusal.message().contains("alone"), "2 is the name, 5 the access mode: {refusal}");
}

#[tokio::test]
async fn schema_reference() {
    let wire = Wire::start().await;
    wire.register("s", "json_schema", "{}").await;
    wire.unchecked("s").await;
    wire.register("s", "json_schema", r#"{"type":"string"}"#).await;
    for (number, reference, version) in [
        (0, fields().text(1, "s"), 2),
        (1, fields().text(1, "s").number(2, 1), 2),
        (2, fields().text(1, "s").number(3, 1), 1),
        (3, fields().text(1, "s").number(4, 1), 2),
    ] {
        let topic = format!("/default/t{number}");
        let request = producer(&topic, "p", RELIABLE).message(4, &reference);
        let id = wire.call(CREATE, request).await.get_number(2);
        let consumer = wire.subscribe(&topic, "s", "c", EXCLUSIVE).await;
        let mut stream = wire.receive(consumer).await;
        wire.send(&topic, id, b"\"x\"").await.expect("valid in both versions");
        assert_eq!(next(&mut stream).await.get_number(9), version, "{reference:?}");
    }
}

#[tokio::test]
async fn producer_response() {
    let wire = Wire::start().await;
    let answer = wire.call(CREATE, producer(TOPIC, "p", RELIABLE).number(1, 42)).await;
    assert_eq!((answer.get_number(1), answer.get_text(3)), (42, "p".to_owned()));
    assert_ne!(answer.get_number(2), 0);
    assert_eq!(answer.present(), [1, 2, 3]);
}

/// Everything a producer sets comes out as it went in; the offset is the broker's, and the
/// subscription's name stays empty.
#[tokio::test]
async fn stream_message() {
    let wire = Wire::start().await;
    wire.register("s", "bytes", "").await;
    let id = wire.bound_producer(TOPIC, "p", "s").await;
    let mut stream = wire.consumer("s", "c", EXCLUSIVE).await;
    let msg_id = fields().number(1, id).text(2, TOPIC).text(3, "http://elsewhere");
    let attribute = fields().text(1, "k").text(2, "v");
    let sent = fields()
        .number(1, 17)
        .message(2, &msg_id)
        .bytes(3, &[0, 255])
        .number(4, 1234)
        .text(5, "somebody")
        .text(6, "ignored")
        .message(7, &attribute)
        .number(8, 1)
        .number(9, 1)
        .text(10, "key");
    assert_eq!(wire.try_send(sent).await.expect("sent").get_number(1), 17);
    let got = next(&mut stream).await;
    assert_eq!((got.get_number(1), got.get_number(4)), (17, 1234));
    assert_eq!(
        (&got.get_bytes(3)[..], got.get_text(5), got.get_text(10)),
        (&[0, 255][..], "somebody".into(), "key".into())
    );
    assert_eq!(got.get_messages(7), [attribute]);
    assert_eq!((got.get_number(8), got.get_number(9)), (1, 1));
    assert_eq!(got.get_text(6), "", "Danube leaves the subscription's name empty");
}

#[tokio::test]
async fn msg_id() {
    let wire = Wire::start().await;
    let id = wire.producer(TOPIC, "p", RELIABLE).await;
    let mut stream = wire.consumer("s", "c", EXCLUSIVE).await;
    let msg_id = fields().number(1, id).text(2, TOPIC).text(3, "http://elsewhere").number(5, 99);
    for expected in 0..3 {
        wire.try_send(fields().number(1, 1).message(2, &msg_id).bytes(3, b"x")).await.expect("sent");
        let got = next(&mut stream).await.get_message(2);
        assert_eq!((got.get_number(1), got.get_text(2)), (id, TOPIC.to_owned()));
        assert_eq!((got.get_text(3), got.get_number(5)), ("http://elsewhere".to_owned(), expected));
        assert!(!got.present().contains(&4), "4 is not used");
    }
}

#[tokio::test]
async fn message_response() {
    let wire = Wire::start().await;
    let id = wire.producer(TOPIC, "p", RELIABLE).await;
    let answer = wire.try_send(message(TOPIC, id, b"x").number(1, 7)).await.expect("sent");
    assert_eq!((answer.get_number(1), answer.present()), (7, vec![1]), "no offset, no id");
}

#[tokio::test]
async fn consumer_request() {
    let wire = Wire::start().await;
    let id = wire.producer(TOPIC, "p", RELIABLE).await;
    let request = super::wire::consumer_request(TOPIC, "keyed", "c", KEY_SHARED).text(6, "a*").text(6, "b?");
    let consumer = wire.call(SUBSCRIBE, request).await.get_number(2);
    let mut stream = wire.receive(consumer).await;
    let get = fields().text(1, TOPIC).text(2, "keyed");
    let policy = wire.call("danube_admin.TopicAdmin/GetSubscriptionFailurePolicy", get).await;
    assert_eq!(policy.get_number(2), KEY_SHARED, "5 is the type");
    for key in ["c", "ab", "b", "bc"] {
        wire.try_send(message(TOPIC, id, key.as_bytes()).text(10, key)).await.expect("sent");
    }
    assert_eq!(next_payload(&mut stream).await, "ab", "6 are the key filters");
    assert_eq!(next_payload(&mut stream).await, "bc");
}

#[tokio::test]
async fn consumer_response() {
    let wire = Wire::start().await;
    wire.producer(TOPIC, "p", RELIABLE).await;
    let request = super::wire::consumer_request(TOPIC, "s", "c", SHARED).number(1, 42);
    let answer = wire.call(SUBSCRIBE, request).await;
    assert_eq!((answer.get_number(1), answer.get_text(3)), (42, "c".to_owned()));
    assert_ne!(answer.get_number(2), 0);
    assert_eq!(answer.present(), [1, 2, 3]);
}

#[tokio::test]
async fn receive_request() {
    let wire = Wire::start().await;
    wire.producer(TOPIC, "p", RELIABLE).await;
    let consumer = wire.subscribe(TOPIC, "s", "c", SHARED).await;
    let request = |id| fields().number(1, 3).number(2, id);
    assert!(wire.open("danube.ConsumerService/ReceiveMessages", request(consumer)).await.is_ok());
    let unknown = wire.open("danube.ConsumerService/ReceiveMessages", request(consumer ^ 1)).await;
    assert_eq!(unknown.expect_err("2 is the consumer's id").code(), Code::NotFound);
}

/// Two messages out, one acknowledged by its offset: the other one is left for whoever comes next.
#[tokio::test]
async fn ack_request_and_response() {
    let wire = Wire::start().await;
    let id = wire.producer(TOPIC, "p", RELIABLE).await;
    let mut stream = wire.consumer("s", "c", SHARED).await;
    for payload in ["a", "b"] {
        wire.send(TOPIC, id, payload.as_bytes()).await.expect("sent");
        assert_eq!(next_payload(&mut stream).await, payload);
    }
    let ack = fields().number(1, 42).message(2, &fields().text(2, TOPIC)).text(3, "s");
    let answer = wire.call("danube.ConsumerService/Ack", ack).await;
    assert_eq!((answer.get_number(1), answer.present()), (42, vec![1]));
    let mut again = wire.consumer("s", "c", SHARED).await;
    assert_eq!(next_payload(&mut again).await, "b", "offset 0 was acknowledged, 1 was not");
}

#[tokio::test]
async fn nack_request_and_response() {
    let wire = Wire::start().await;
    let id = wire.producer(TOPIC, "p", RELIABLE).await;
    let dead = "/default/dead";
    let policy = fields().number(2, 30_000).text(6, dead).number(7, 0);
    let set = fields().text(1, TOPIC).text(2, "s").message(3, &policy);
    wire.call("danube_admin.TopicAdmin/SetSubscriptionFailurePolicy", set).await;
    let mut stream = wire.consumer("s", "c", SHARED).await;
    let dead = wire.subscribe(dead, "s", "c", SHARED).await;
    let mut letters = wire.receive(dead).await;
    wire.send(TOPIC, id, b"bad").await.expect("sent");
    let got = next(&mut stream).await;
    let nack =
        fields().number(1, 42).message(2, &got.get_message(2)).text(3, "s").number(4, 0).text(5, "no such customer");
    let answer = wire.call("danube.ConsumerService/Nack", nack).await;
    assert_eq!((answer.get_number(1), answer.present()), (42, vec![1]));
    let letter = next(&mut letters).await;
    let reason = fields().text(1, "x-failure-reason").text(2, "no such customer");
    assert!(letter.get_messages(7).contains(&reason), "5 is the reason: {letter:?}");
}

fn topic_request(topic: &str) -> Fields {
    fields().number(1, 42).text(2, topic)
}

#[tokio::test]
async fn topic_lookup_request_and_response() {
    let wire = Wire::start().await;
    wire.producer(TOPIC, "p", RELIABLE).await;
    let found = wire.call("danube.Discovery/TopicLookup", topic_request(TOPIC)).await;
    let connect = 1;
    assert_eq!((found.get_number(3), found.get_number(4)), (42, connect));
    assert_eq!((found.get_text(5), found.get_text(6)), (wire.server.url(), wire.server.url()));
    assert_eq!((found.get_number(7), found.present()), (0, vec![3, 4, 5, 6]), "no proxy in between");
}

#[tokio::test]
async fn topic_partitions_response() {
    let wire = Wire::start().await;
    for partition in 0..11 {
        wire.producer(&format!("/default/parts-part-{partition}"), "p", RELIABLE).await;
    }
    let found = wire.call("danube.Discovery/TopicPartitions", topic_request("/default/parts")).await;
    let expected: Vec<String> = (0..11).map(|partition| format!("/default/parts-part-{partition}")).collect();
    assert_eq!((found.get_number(1), found.get_texts(2)), (42, expected));
}

#[tokio::test]
async fn health_check_request_and_response() {
    let wire = Wire::start().await;
    let producer = wire.producer(TOPIC, "p", RELIABLE).await;
    let consumer = wire.subscribe(TOPIC, "s", "c", SHARED).await;
    let (ok, close) = (0, 1);
    for (client, id, status) in [(0, producer, ok), (1, consumer, ok), (1, producer, close), (0, consumer, close)] {
        let check = fields().number(1, 1).number(2, client).number(3, id);
        let answer = wire.call("danube.HealthCheck/HealthCheck", check).await;
        assert_eq!(answer.get_number(1), status, "client type {client}");
    }
}

//! Section 6, what is deliberately unlike Danube and not shown by the row that it belongs to.

use super::fields::fields;
use super::wire::*;
use irongate_proto::irongate_v1::publish_result::Outcome;
use tonic::Code;

#[tokio::test]
async fn a_namespace_is_made_on_first_use() {
    let wire = Wire::start().await;
    let id = wire.producer("/production/orders", "p", RELIABLE).await;
    wire.send("/production/orders", id, b"x").await.expect("sent");
    let namespaces = wire.call("danube_admin.BrokerAdmin/ListNamespaces", fields()).await;
    assert_eq!(namespaces.get_texts(1), ["default", "production"]);
}

#[tokio::test]
async fn a_missing_msg_id_is_an_invalid_argument() {
    let wire = Wire::start().await;
    wire.producer(TOPIC, "p", RELIABLE).await;
    for method in ["danube.ProducerService/SendMessage", "danube.ConsumerService/Ack", "danube.ConsumerService/Nack"] {
        let refusal = wire.refusal(method, fields().number(1, 1)).await;
        assert_eq!(refusal.code(), Code::InvalidArgument, "{method}");
        assert!(refusal.message().contains("msg_id"), "{refusal}");
    }
}

/// Danube's frame ends at 4 MiB whatever the policy says.
#[tokio::test]
async fn a_message_of_ten_mebibytes_passes_both_ways() {
    let wire = Wire::start().await;
    let id = wire.producer(TOPIC, "p", RELIABLE).await;
    let consumer = wire.subscribe(TOPIC, "s", "c", EXCLUSIVE).await;
    let mut stream = wire.receive(consumer).await;
    let payload = vec![b'x'; (10 << 20) - 1000];
    wire.send(TOPIC, id, &payload).await.expect("sent");
    assert_eq!(next(&mut stream).await.get_bytes(3).len(), payload.len());
}

/// `irongate.v1` says what Danube's answer leaves out.
#[tokio::test]
async fn our_own_service_tells_partition_and_offset() {
    let wire = Wire::start().await;
    for expected in 0..3 {
        let answer = wire.server.publish(TOPIC, b"x", None).await;
        let Some(Outcome::Published(published)) = &answer.results[0].outcome else { panic!("{answer:?}") };
        assert_eq!((published.topic.as_str(), published.offset), (TOPIC, Some(expected)));
    }
}

/// A subscription begins at the newest message; `irongate.v1` reads from anywhere, and leaves none behind.
#[tokio::test]
async fn our_own_service_reads_from_anywhere_and_leaves_no_subscription() {
    let wire = Wire::start().await;
    let id = wire.producer(TOPIC, "p", RELIABLE).await;
    for payload in ["0", "1", "2", "3"] {
        wire.send(TOPIC, id, payload.as_bytes()).await.expect("sent");
    }
    let (earliest, latest, offset, time, last) = (2, 3, 4, 5, 6);
    let table = [
        (earliest, 1, vec!["0", "1", "2", "3"]),
        (latest, 1, vec![]),
        (offset, 2, vec!["2", "3"]),
        (time, 1, vec!["0", "1", "2", "3"]),
        (time, u64::MAX, vec![]),
        (last, 1, vec!["3"]),
    ];
    for (start, value, expected) in table {
        let request = fields().text(1, TOPIC).number(start, value);
        let mut stream = wire.open("irongate.v1.BrowseService/Browse", request).await.expect("a stream");
        let mut read = Vec::new();
        while let Some(answer) = stream.message().await.expect("it ends well") {
            read.extend(answer.get_messages(1).iter().map(|one| one.get_message(1).get_text(3)));
        }
        assert_eq!(read, expected, "start {start} at {value}");
    }
    let left = wire.call("danube_admin.TopicAdmin/ListSubscriptions", fields().text(1, TOPIC)).await;
    assert_eq!(left, fields());
}

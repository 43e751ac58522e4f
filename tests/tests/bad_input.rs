//! Bad input over the wire is answered with a sentence that names the thing, the value
//! and the limit or rule; the host neither panics nor hangs, and goes on.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use irongate_proto::{
    danube::{
        AckRequest, DispatchStrategy, NackRequest, ProducerRequest, SchemaReference, TopicLookupRequest,
        schema_reference::VersionRef,
    },
    irongate_v1::{CreateTopicRequest, PublishRequest, Refused, publish_result::Outcome},
};
use irongate_tests::{Host, guide, http, rpc};
use tonic::{Code, Status};

const MIB: usize = 1 << 20;

fn producer(topic: &str) -> ProducerRequest {
    ProducerRequest {
        topic_name: topic.to_owned(),
        producer_name: "bad-input".to_owned(),
        dispatch_strategy: DispatchStrategy::Reliable.into(),
        ..Default::default()
    }
}

fn publish_to(topic: &str) -> PublishRequest {
    PublishRequest {
        topic: topic.to_owned(),
        dispatch_strategy: Some(DispatchStrategy::Reliable.into()),
        ..Default::default()
    }
}

fn latest(subject: &str) -> Option<SchemaReference> {
    Some(SchemaReference { subject: subject.to_owned(), version_ref: Some(VersionRef::UseLatest(true)) })
}

fn assert_says(status: &Status, code: Code, parts: &[&str]) {
    assert_eq!(status.code(), code, "{status:?}");
    for part in parts {
        assert!(status.message().contains(part), "{part:?} in {:?}", status.message());
    }
}

#[tokio::test]
async fn malformed_topic_names_are_named() {
    let host = Host::start().await;
    let mut rpc = host.rpc().await;
    let long = format!("/default/{}", "x".repeat(300));
    for topic in
        ["", "default/a", "/default", "/default/", "//a", "/default/a/b", "/default/a.b", "/default/a b", &long]
    {
        let shown = if topic == long { "/default/xxx" } else { topic };
        let status = rpc.create_producer(producer(topic)).await.unwrap_err();
        assert_says(&status, Code::InvalidArgument, &[shown, "/namespace_name/topic_name"]);
        let status = rpc.publish_one(publish_to(topic), b"x").await.unwrap_err();
        assert_says(&status, Code::InvalidArgument, &[shown]);
        let request = CreateTopicRequest { topic: topic.to_owned(), ..Default::default() };
        assert_says(&rpc.topics.create_topic(request).await.unwrap_err(), Code::InvalidArgument, &[shown]);
        let request = TopicLookupRequest { topic: topic.to_owned(), ..Default::default() };
        assert_says(&rpc.discovery.topic_lookup(request).await.unwrap_err(), Code::InvalidArgument, &[shown]);
        assert_says(&rpc.browse_all(&[topic]).await.unwrap_err(), Code::InvalidArgument, &[shown]);
    }
    host.assert_never_panicked();
}

#[tokio::test]
async fn unknown_topics_and_subjects_are_named() {
    let host = Host::start().await;
    let mut rpc = host.rpc().await;
    assert_says(&rpc.browse_all(&["/default/nowhere"]).await.unwrap_err(), Code::NotFound, &["/default/nowhere"]);
    let request = ProducerRequest { schema_ref: latest("nobody-knows"), ..producer("/default/t") };
    assert_says(&rpc.create_producer(request).await.unwrap_err(), Code::FailedPrecondition, &["nobody-knows"]);
    let request = PublishRequest { schema_ref: latest("nobody-knows"), ..publish_to("/default/t") };
    assert_says(&rpc.publish_one(request, b"x").await.unwrap_err(), Code::FailedPrecondition, &["nobody-knows"]);
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_schema_that_does_not_compile_is_placed() {
    let host = Host::start().await;
    let mut rpc = host.rpc().await;
    let status = rpc.register_json("s", r#"{"type":"objekt"}"#).await.unwrap_err();
    assert_says(&status, Code::Internal, &["Failed to register schema", "objekt"]);
    let status = rpc.register_json("s", "{\n  \"type\": object\n}").await.unwrap_err();
    assert_says(&status, Code::Internal, &["Failed to register schema", "line 2"]);
    let remote = r#"{"$ref":"http://schemas.example/user.json"}"#;
    let status = rpc.register_json("s", remote).await.unwrap_err();
    assert_says(&status, Code::Internal, &["Failed to register schema", "http://schemas.example/user.json"]);
    host.assert_never_panicked();
}

#[tokio::test]
async fn an_invalid_payload_has_every_violation_with_its_place() {
    let host = Host::start().await;
    let mut rpc = host.rpc().await;
    rpc.register_json(guide::SUBJECT, guide::SCHEMA).await.unwrap();
    let request = || PublishRequest { schema_ref: latest(guide::SUBJECT), ..publish_to(guide::TOPIC) };

    let refused = refusal(&mut rpc, request(), guide::INVALID.as_bytes()).await;
    assert_eq!(refused.code, Code::PermissionDenied as u32, "{refused:?}");
    let [violation] = &refused.violations[..] else { panic!("{refused:?}") };
    assert_eq!((violation.instance_path.as_str(), violation.rule.as_str()), ("/user_id", "type"));
    assert_eq!((violation.line, violation.column), (1, 12), "{violation:?}");
    assert_eq!(violation.schema_path, "/properties/user_id/type");

    let refused = refusal(&mut rpc, request(), b"{\n  \"action\": 7,\n  \"timestamp\": \"yesterday\"\n}").await;
    let mut rules: Vec<_> = refused.violations.iter().map(|violation| violation.rule.as_str()).collect();
    rules.sort_unstable();
    assert_eq!(rules, ["format", "required", "type"], "all three at once: {refused:?}");

    let refused = refusal(&mut rpc, request(), b"{\"user_id\": ").await;
    assert_eq!(refused.violations[0].rule, "syntax", "{refused:?}");
    let refused = refusal(&mut rpc, request(), b"\xff\xfe").await;
    assert!(!refused.violations.is_empty(), "not even text: {refused:?}");
    assert_eq!(rpc.browse_all(&[guide::TOPIC]).await.unwrap().len(), 0, "nothing of this was stored");
    host.assert_never_panicked();
}

async fn refusal(rpc: &mut rpc::Rpc, request: PublishRequest, payload: &[u8]) -> Refused {
    match rpc.publish_one(request, payload).await.unwrap().outcome {
        Some(Outcome::Refused(refused)) => refused,
        other => panic!("{} was not refused: {other:?}", String::from_utf8_lossy(payload)),
    }
}

#[tokio::test]
async fn the_message_limit_holds_from_end_to_end() {
    let host = Host::start().await;
    let mut rpc = host.rpc().await;
    let id = rpc.create_producer(producer("/default/big")).await.unwrap();
    // Above what gRPC libraries allow by default, below the host's own limit.
    let large = vec![b'x'; 9 * MIB];
    rpc.producer.send_message(rpc::message("/default/big", id, large.clone())).await.unwrap();
    let held = rpc.browse_all(&["/default/big"]).await.unwrap();
    assert_eq!(held[0].message.as_ref().unwrap().payload, large);

    for bytes in [10 * MIB + 1, 11 * MIB, 40 * MIB] {
        let status = rpc.producer.send_message(rpc::message("/default/big", id, vec![b'x'; bytes])).await.unwrap_err();
        let codes = [Code::InvalidArgument, Code::OutOfRange, Code::ResourceExhausted];
        assert!(codes.contains(&status.code()), "{bytes} bytes: {status:?}");
        assert!(status.message().contains("1048") || status.message().contains("limit"), "{bytes} bytes: {status:?}");
        let mut fresh = host.rpc().await;
        let status = fresh.publish_one(publish_to("/default/big"), &vec![b'x'; bytes]).await;
        let is_refused = status.as_ref().map_or(true, |result| matches!(result.outcome, Some(Outcome::Refused(_))));
        assert!(is_refused, "{bytes} bytes: {status:?}");
    }
    assert_eq!(rpc.browse_all(&["/default/big"]).await.unwrap().len(), 1);
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_missing_message_id_is_said_to_be_missing() {
    let host = Host::start().await;
    let mut rpc = host.rpc().await;
    let id = rpc.create_producer(producer("/default/t")).await.unwrap();
    let mut message = rpc::message("/default/t", id, "x");
    message.msg_id = None;
    let status = rpc.producer.send_message(message).await.unwrap_err();
    assert_says(&status, Code::InvalidArgument, &["msg_id"]);
    let status =
        rpc.consumer.ack(AckRequest { subscription_name: "s".into(), ..Default::default() }).await.unwrap_err();
    assert_says(&status, Code::InvalidArgument, &["msg_id"]);
    let status =
        rpc.consumer.nack(NackRequest { subscription_name: "s".into(), ..Default::default() }).await.unwrap_err();
    assert_says(&status, Code::InvalidArgument, &["msg_id"]);
    host.assert_never_panicked();
}

#[tokio::test]
async fn unknown_producers_and_consumers_are_told_to_come_again() {
    let host = Host::start().await;
    let mut rpc = host.rpc().await;
    let status = rpc.producer.send_message(rpc::message("/default/t", 42, "x")).await.unwrap_err();
    assert_says(&status, Code::NotFound, &["42"]);
    let request = irongate_proto::danube::ReceiveRequest { request_id: 1, consumer_id: 43 };
    assert_says(&rpc.consumer.receive_messages(request).await.unwrap_err(), Code::NotFound, &["43"]);
    host.assert_never_panicked();
}

#[tokio::test]
async fn bytes_that_are_no_request_do_no_harm() {
    let host = Host::start().await;
    let noise: Vec<u8> = (0..4096u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let long_header = format!("GET / HTTP/1.1\r\nhost: {}\r\nx: {}\r\n\r\n", host.address(), "y".repeat(200_000));
    let tls = [&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc][..], &noise].concat();
    let http2_noise = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &noise].concat();
    for bytes in [
        &noise[..],
        long_header.as_bytes(),
        &tls,
        &http2_noise,
        b"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n",
    ] {
        let answer = http::exchange_and_end(host.address(), bytes).await;
        assert_ne!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(http::get(host.address(), "/healthz", &[]).await.status, 200);
    host.assert_never_panicked();
}

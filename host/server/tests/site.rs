//! Plain HTTP: health, metrics, and the console's files and pages.

use crate::harness::TestServer;
use irongate_proto::irongate_v1::publish_service_client::PublishServiceClient;
use irongate_proto::irongate_v1::{OutgoingMessage, PublishRequest};
use irongate_server::ServerConfig;
use std::sync::Arc;

#[tokio::test]
async fn health_is_ok() {
    let server = TestServer::start().await;
    let answer = server.get("/healthz", "").await;
    assert_eq!((answer.status, answer.text()), (200, "ok\n"));
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn health_says_why_nothing_can_be_written() {
    let server = TestServer::start().await;
    server.broker.close().await;
    let answer = server.get("/healthz", "").await;
    assert_eq!((answer.status, answer.text()), (503, "the broker is shutting down\n"));
}

#[tokio::test]
async fn health_says_that_a_write_failed_and_stays_so() {
    let fails = |_| Err(std::io::Error::other("the disk is gone"));
    let server = TestServer::start_with(ServerConfig::default(), |config| {
        config.commit_hook = Some(Arc::new(fails));
    })
    .await;
    let mut client = PublishServiceClient::new(server.channel().await);
    let request = PublishRequest {
        topic: "/default/t".to_owned(),
        dispatch_strategy: Some(1),
        messages: vec![OutgoingMessage { payload: "x".into(), ..OutgoingMessage::default() }],
        ..PublishRequest::default()
    };
    for _ in 0..2 {
        let refused = client.publish(request.clone()).await;
        assert!(refused.is_err(), "a message that was not written is acknowledged: {refused:?}");
        let answer = server.get("/healthz", "").await;
        assert_eq!(answer.status, 503);
        assert!(answer.text().contains("the disk is gone"), "{}", answer.text());
    }
}

#[tokio::test]
async fn metrics_count_what_happened() {
    let server = TestServer::start().await;
    server.publish("/default/t", b"x", None).await;
    let answer = server.get("/metrics", "").await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    for line in [
        "# TYPE irongate_broker_published_messages_total counter",
        "irongate_broker_published_messages_total 1",
        "irongate_server_grpc_requests_total 1",
        "irongate_broker_topics 1",
    ] {
        assert!(answer.text().lines().any(|found| found == line), "{line} is missing in\n{}", answer.text());
    }
}

#[tokio::test]
async fn every_page_of_the_console_is_answered_and_a_missing_file_is_not() {
    let server = TestServer::start().await;
    for path in ["/", "/produce", "/tail?topic=/default/t", "/topics/default/t"] {
        let answer = server.get(path, "").await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert!(matches!(answer.header("cache-control"), "no-cache" | "no-store"), "{path}");
    }
    for path in ["/missing.js", "/missing_bg.wasm", "/../Cargo.toml", "/index.html.br"] {
        assert_eq!(server.get(path, "").await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn answers_forbid_what_the_console_does_not_need() {
    let server = TestServer::start().await;
    for path in ["/", "/healthz", "/missing.js"] {
        let answer = server.get(path, "").await;
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "worker-src 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.split("; ").any(|found| found == part), "{path}: {part} is missing in {policy}");
        }
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("access-control-allow-origin"), "", "no permission for anybody");
    }
}

#[tokio::test]
async fn only_reading_is_answered() {
    let server = TestServer::start().await;
    let address = server.address;
    let head = format!("HEAD / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let answer = server.exchange(head.as_bytes()).await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    let answer = server.post("/", "text/plain", b"x").await;
    assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"));
    let answer = server.post("/danube.Discovery/TopicLookup", "application/grpc", b"").await;
    assert_eq!(answer.status, 415);
    assert!(answer.text().contains("gRPC needs HTTP/2"), "{}", answer.text());
}

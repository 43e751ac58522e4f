//! Stopping: streams end with a status that clients retry, the port is free, the data is there.

use crate::harness::TestServer;
use irongate_proto::danube::TopicLookupRequest;
use irongate_proto::irongate_v1::browse_request::Start;
use irongate_proto::irongate_v1::browse_service_client::BrowseServiceClient;
use irongate_proto::irongate_v1::{BrowseRequest, PublishRequest};
use irongate_server::{Limits, ServerConfig};
use prost::Message;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tonic::Code;

#[tokio::test]
async fn an_open_stream_ends_with_a_status_and_holds_nothing_up() {
    let server = TestServer::start().await;
    server.publish("/default/t", b"x", None).await;
    let request = BrowseRequest { topics: vec!["/default/t".into()], start: Some(Start::Earliest(true)), follow: true };
    let mut client = BrowseServiceClient::new(server.channel().await);
    let mut stream = client.browse(request).await.expect("a stream").into_inner();
    let first = stream.message().await.expect("no error").expect("a response");
    assert_eq!(first.messages.len(), 1);

    let (address, broker) = (server.address, server.broker.clone());
    let started = Instant::now();
    let stopping = tokio::spawn(server.stop());
    let status = loop {
        match stream.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the stream ended without a status"),
            Err(status) => break status,
        }
    };
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    stopping.await.expect("no panic").expect("a clean end");
    assert!(started.elapsed() < Duration::from_millis(Limits::default().drain_deadline_ms), "the deadline was needed");

    TcpListener::bind(address).await.expect("the port is free");
    let refused = broker.publish(PublishRequest { topic: "/default/t".into(), ..PublishRequest::default() }).await;
    refused.expect_err("the broker is closed");
}

/// Starts a gRPC-web call whose body is announced with `length` bytes, and returns once it is in flight.
async fn half_a_call(server: &TestServer, length: usize) -> TcpStream {
    let mut stream = server.connect().await;
    let address = server.address;
    let head = format!(
        "POST /danube.Discovery/TopicPartitions HTTP/1.1\r\nHost: {address}\r\n\
         Content-Type: application/grpc-web\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    while !server.get("/metrics", "").await.text().contains("irongate_server_grpc_web_requests_total 1") {
        tokio::task::yield_now().await;
    }
    stream
}

#[tokio::test]
async fn a_call_in_flight_is_finished() {
    let server = TestServer::start().await;
    let request = TopicLookupRequest { request_id: 1, topic: "/default/t".into() }.encode_to_vec();
    let mut stream = half_a_call(&server, 5 + request.len()).await;
    let address = server.address;
    let stopping = tokio::spawn(server.stop());
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let length = u8::try_from(request.len()).expect("a short request");
    stream.write_all(&[&[0, 0, 0, 0, length], &request[..]].concat()).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("grpc-status:0"), "{answer}");
    stopping.await.expect("no panic").expect("a clean end");
}

#[tokio::test]
async fn a_call_that_never_finishes_is_ended_at_the_deadline() {
    let limits = Limits { drain_deadline_ms: 100, ..Limits::default() };
    let server = TestServer::start_with(ServerConfig { limits, ..ServerConfig::default() }, |_| {}).await;
    let _stream = half_a_call(&server, 1000).await;
    let ended = tokio::time::timeout(Duration::from_secs(10), server.stop()).await;
    ended.expect("the deadline holds").expect("a clean end");
}

//! The transport's limits, each exceeded once; afterwards the server answers as before.

use crate::harness::TestServer;
use irongate_proto::danube::consumer_request::SubscriptionType;
use irongate_proto::danube::consumer_service_client::ConsumerServiceClient;
use irongate_proto::danube::producer_service_client::ProducerServiceClient;
use irongate_proto::danube::{ConsumerRequest, MsgId, ProducerRequest, ReceiveRequest, StreamMessage};
use irongate_server::{Limits, ServerConfig};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Longer than any of these tests may take.
const PATIENCE: Duration = Duration::from_secs(20);

async fn server_with(limits: Limits) -> TestServer {
    TestServer::start_with(ServerConfig { limits, ..ServerConfig::default() }, |_| {}).await
}

#[tokio::test]
async fn too_long_and_too_many_headers_are_refused() {
    let limits = Limits::default();
    let server = server_with(limits.clone()).await;
    let long = format!("X-Long: {}\r\n", "x".repeat(limits.header_bytes_max as usize));
    assert_eq!(server.get("/healthz", &long).await.status, 431);
    let many: String = (0..=limits.headers_max).map(|number| format!("X-{number}: 1\r\n")).collect();
    assert_eq!(server.get("/healthz", &many).await.status, 431);
    assert_eq!(server.get("/healthz", "").await.status, 200);
}

#[tokio::test]
async fn a_connection_that_says_too_little_is_closed() {
    let server = server_with(Limits {
        first_bytes_timeout_ms: 50,
        header_read_timeout_ms: 50,
        body_pause_timeout_ms: 50,
        ..Limits::default()
    })
    .await;
    for said in ["", "PRI * HTTP", "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "] {
        let mut stream = server.connect().await;
        stream.write_all(said.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        let closed = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        assert!(closed.is_ok(), "{said:?} holds its connection");
    }
}

#[tokio::test]
async fn a_body_that_stops_half_way_is_answered_with_a_status() {
    let server = server_with(Limits { body_pause_timeout_ms: 50, ..Limits::default() }).await;
    let mut stream = server.connect().await;
    let address = server.address;
    let head = format!(
        "POST /danube.Discovery/TopicLookup HTTP/1.1\r\nHost: {address}\r\n\
         Content-Type: application/grpc-web+proto\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), &[0; 5]].concat()).await.expect("sent");
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    read.expect("an answer in time").expect("an answer");
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.contains("grpc-status"), "{answer}");
    assert!(!answer.contains("grpc-status: 0") && !answer.contains("grpc-status:0"), "{answer}");
}

#[tokio::test]
async fn connections_over_the_limit_are_turned_away_until_there_is_a_place() {
    let server = server_with(Limits { connections_max: 2, ..Limits::default() }).await;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut stream = server.connect().await;
        stream.write_all(request.as_bytes()).await.expect("sent");
        assert!(stream.read(&mut [0; 512]).await.expect("an answer") > 0);
        open.push(stream);
    }
    let mut answer = String::new();
    let mut third = server.connect().await;
    let read = tokio::time::timeout(PATIENCE, third.read_to_string(&mut answer)).await;
    read.expect("at once").expect("text");
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 1"), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.contains(&format!("content-length: {}", body.len())), "{answer}");
    drop(open);
    let served = tokio::time::timeout(PATIENCE, async {
        loop {
            let mut stream = server.connect().await;
            let mut buffer = [0; 512];
            let _ = stream.write_all(request.as_bytes()).await;
            if matches!(stream.read(&mut buffer).await, Ok(read) if buffer[..read].starts_with(b"HTTP/1.1 200")) {
                break;
            }
        }
    });
    served.await.expect("a place in time");
    let metrics = server.get("/metrics", "").await;
    let counted = metrics.text().lines().find(|line| line.starts_with("irongate_server_turned_away_connections_total"));
    assert!(counted.is_some_and(|line| !line.ends_with(" 0")), "{counted:?}");
}

/// What an HTTP/2 client says first: the preface, and settings that change nothing.
const HTTP2_GREETING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Reads one HTTP/2 frame: its type and its payload.
async fn frame(stream: &mut tokio::net::TcpStream) -> std::io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await?;
    let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    stream.read_exact(&mut payload).await?;
    Ok((head[3], payload))
}

#[tokio::test]
async fn an_http2_client_is_told_how_many_calls_and_headers_it_may_send() {
    let server = server_with(Limits { concurrent_streams_max: 7, header_bytes_max: 20_000, ..Limits::default() }).await;
    let mut stream = server.connect().await;
    stream.write_all(HTTP2_GREETING).await.expect("sent");
    let (kind, payload) = frame(&mut stream).await.expect("the server's settings");
    assert_eq!(kind, 4, "the first frame holds the settings");
    let settings: Vec<(u16, u32)> = payload
        .chunks(6)
        .map(|entry| {
            let name = u16::from_be_bytes([entry[0], entry[1]]);
            (name, u32::from_be_bytes([entry[2], entry[3], entry[4], entry[5]]))
        })
        .collect();
    assert!(settings.contains(&(3, 7)), "MAX_CONCURRENT_STREAMS: {settings:?}");
    assert!(settings.contains(&(6, 20_000)), "MAX_HEADER_LIST_SIZE: {settings:?}");
}

#[tokio::test]
async fn a_silent_http2_client_is_asked_and_then_closed() {
    let server =
        server_with(Limits { keep_alive_interval_ms: 50, keep_alive_timeout_ms: 50, ..Limits::default() }).await;
    let mut stream = server.connect().await;
    stream.write_all(HTTP2_GREETING).await.expect("sent");
    let was_asked = tokio::time::timeout(PATIENCE, async {
        let mut was_asked = false;
        while let Ok((kind, _)) = frame(&mut stream).await {
            was_asked |= kind == 6;
        }
        was_asked
    });
    assert!(was_asked.await.expect("a silent connection is closed"), "no PING before the end");
}

/// Two connections with as many open streams as one may have, nearly: each waits for its own message alone, and a
/// third connection is served as ever.
#[tokio::test]
async fn thousands_of_idle_streams_are_kept_and_each_gets_its_message() {
    const STREAMS: usize = 1000;
    let server = TestServer::start().await;
    let mut streams = Vec::new();
    for topic in ["/default/one", "/default/two"] {
        let channel = server.channel().await;
        let request = ProducerRequest { topic_name: topic.into(), ..ProducerRequest::default() };
        ProducerServiceClient::new(channel.clone()).create_producer(request).await.expect("a producer");
        let mut client = ConsumerServiceClient::new(channel);
        for number in 0..STREAMS {
            let request = ConsumerRequest {
                topic_name: topic.into(),
                consumer_name: number.to_string(),
                subscription: "s".into(),
                subscription_type: SubscriptionType::Shared.into(),
                ..ConsumerRequest::default()
            };
            let consumer_id = client.subscribe(request).await.expect("subscribed").into_inner().consumer_id;
            let request = ReceiveRequest { request_id: 1, consumer_id };
            streams.push(client.receive_messages(request).await.expect("a stream").into_inner());
        }
    }
    assert_eq!(server.get("/healthz", "").await.status, 200);
    let mut producer = ProducerServiceClient::new(server.channel().await);
    let request = ProducerRequest { topic_name: "/default/two".into(), ..ProducerRequest::default() };
    let producer_id = producer.create_producer(request).await.expect("a producer").into_inner().producer_id;
    let id = MsgId { producer_id, topic_name: "/default/two".into(), ..MsgId::default() };
    for _ in 0..STREAMS {
        let message = StreamMessage { msg_id: Some(id.clone()), payload: "x".into(), ..StreamMessage::default() };
        producer.send_message(message).await.expect("sent");
    }
    for stream in &mut streams[STREAMS..] {
        let message = tokio::time::timeout(PATIENCE, stream.message()).await.expect("in time").expect("no error");
        assert_eq!(message.expect("the stream goes on").payload, "x");
    }
}

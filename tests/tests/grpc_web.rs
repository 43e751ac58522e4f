//! gRPC-web in bytes, as a browser sends and reads it: frames, trailers, statuses,
//! streams. No client library in between.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use irongate_proto::{
    danube::DispatchStrategy,
    irongate_v1::{
        BrowseRequest, BrowseResponse, OutgoingMessage, PublishRequest, PublishResponse, browse_request::Start,
        publish_result::Outcome,
    },
};
use irongate_tests::{Host, http, until};
use prost::Message;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const PUBLISH: &str = "/irongate.v1.PublishService/Publish";
const BROWSE: &str = "/irongate.v1.BrowseService/Browse";
const TRAILERS: u8 = 0x80;

/// The frames of a body: a flag and what it holds.
fn frames(body: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    let mut rest = body;
    while rest.len() >= 5 {
        let length = u32::from_be_bytes(rest[1..5].try_into().unwrap()) as usize;
        let Some(content) = rest.get(5..5 + length) else { break };
        frames.push((rest[0], content.to_vec()));
        rest = &rest[5 + length..];
    }
    frames
}

/// The body without the chunk sizes of HTTP/1.1.
fn unchunked(answer: &http::Answer) -> Vec<u8> {
    if !answer.headers.contains("transfer-encoding: chunked") {
        return answer.body.clone();
    }
    let mut body = Vec::new();
    let mut rest = &answer.body[..];
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(&String::from_utf8_lossy(&rest[..end]), 16).unwrap();
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[(end + 4 + size).min(rest.len())..];
    }
    body
}

fn publish(topic: &str, payload: &str) -> Vec<u8> {
    let message = OutgoingMessage { payload: payload.to_owned().into(), ..Default::default() };
    let strategy = Some(DispatchStrategy::Reliable.into());
    PublishRequest {
        topic: topic.to_owned(),
        dispatch_strategy: strategy,
        messages: vec![message],
        ..Default::default()
    }
    .encode_to_vec()
}

#[tokio::test]
async fn a_unary_call_answers_one_message_and_trailers() {
    let host = Host::start().await;
    let answer = http::post_grpc_web(host.address(), PUBLISH, &http::frame(&publish("/default/web", "hello"))).await;
    assert_eq!(answer.status, 200);
    assert!(answer.headers.contains("content-type: application/grpc-web+proto"), "{}", answer.headers);
    let frames = frames(&unchunked(&answer));
    let [(0, message), (TRAILERS, trailers)] = &frames[..] else { panic!("{frames:?}") };
    assert!(String::from_utf8_lossy(trailers).contains("grpc-status:0"), "{trailers:?}");
    let results = PublishResponse::decode(&message[..]).unwrap().results;
    let Some(Outcome::Published(published)) = &results[0].outcome else { panic!("{results:?}") };
    assert_eq!((published.topic.as_str(), published.offset), ("/default/web", Some(0)));
}

#[tokio::test]
async fn an_error_is_a_status_with_a_sentence() {
    let host = Host::start().await;
    let answer = http::post_grpc_web(host.address(), PUBLISH, &http::frame(&publish("not-a-topic", "hello"))).await;
    assert_eq!(answer.status, 200, "gRPC's errors travel in its own status");
    let everything = answer.headers.clone() + &answer.text().to_lowercase();
    assert!(everything.contains("grpc-status: 3") || everything.contains("grpc-status:3"), "{everything}");
    assert!(everything.contains("not-a-topic"), "{everything}");
}

#[tokio::test]
async fn a_truncated_frame_is_refused_and_the_host_goes_on() {
    let host = Host::start().await;
    let whole = http::frame(&publish("/default/web", "hello"));
    for length in [0, 1, 4, 5, whole.len() - 1] {
        let answer = http::post_grpc_web(host.address(), PUBLISH, &whole[..length]).await;
        let everything = answer.headers.clone() + &answer.text().to_lowercase();
        let is_ok = everything.contains("grpc-status:0") || everything.contains("grpc-status: 0");
        let is_refused = answer.status >= 400 || everything.contains("grpc-status");
        assert!(is_refused && !is_ok, "{length} bytes of {}: {answer:?}", whole.len());
    }
    // A frame that promises more than it may ever hold.
    let giant = [&[0, 0xff, 0xff, 0xff, 0xff][..], &publish("/default/web", "hello")].concat();
    let answer = http::post_grpc_web(host.address(), PUBLISH, &giant).await;
    assert!(!answer.text().contains("grpc-status:0"), "{answer:?}");
    let answer = http::post_grpc_web(host.address(), PUBLISH, &whole).await;
    assert!(String::from_utf8_lossy(&unchunked(&answer)).contains("grpc-status:0"), "{answer:?}");
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_stream_arrives_while_it_is_still_open() {
    let host = Host::start().await;
    let first = http::post_grpc_web(host.address(), PUBLISH, &http::frame(&publish("/default/web", "first"))).await;
    assert_eq!(first.status, 200);
    let request =
        BrowseRequest { topics: vec!["/default/web".to_owned()], follow: true, start: Some(Start::Earliest(true)) };
    let body = http::frame(&request.encode_to_vec());
    let head = format!(
        "POST {BROWSE} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/grpc-web+proto\r\ncontent-length: {}\r\n\r\n",
        host.address(),
        body.len()
    );
    let mut stream = TcpStream::connect(host.address()).await.unwrap();
    stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();

    let mut bytes = Vec::new();
    read_until(&mut stream, &mut bytes, b"first").await;
    let second = http::post_grpc_web(host.address(), PUBLISH, &http::frame(&publish("/default/web", "second"))).await;
    assert_eq!(second.status, 200);
    read_until(&mut stream, &mut bytes, b"second").await;

    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let answer = http::Answer {
        status: 200,
        headers: String::from_utf8_lossy(&bytes[..head]).to_lowercase(),
        body: [&bytes[head + 4..], b"0\r\n\r\n"].concat(),
    };
    let payloads: Vec<_> = frames(&unchunked(&answer))
        .iter()
        .filter(|(flag, _)| *flag == 0)
        .flat_map(|(_, content)| BrowseResponse::decode(&content[..]).unwrap().messages)
        .map(|browsed| browsed.message.unwrap().payload)
        .collect();
    assert_eq!(payloads, ["first", "second"]);
}

async fn read_until(stream: &mut TcpStream, bytes: &mut Vec<u8>, wanted: &[u8]) {
    let reading = async {
        while !bytes.windows(wanted.len()).any(|window| window == wanted) {
            assert!(stream.read_buf(bytes).await.unwrap() > 0, "the stream ended: {}", String::from_utf8_lossy(bytes));
        }
    };
    until::done(&String::from_utf8_lossy(wanted), reading).await;
}

//! gRPC-web, byte by byte over a raw socket: a browser has no other way in, and a body that
//! is cut off or garbled must be answered with a status, never with silence.

use crate::harness::{HttpAnswer, TestServer};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use irongate_proto::danube::{MsgId, StreamMessage, TopicLookupRequest, TopicPartitionsResponse};
use irongate_proto::irongate_v1::browse_request::Start;
use irongate_proto::irongate_v1::{BrowseRequest, BrowseResponse};
use prost::Message;

const BINARY: &str = "application/grpc-web+proto";
const TEXT: &str = "application/grpc-web-text";
const PARTITIONS: &str = "/danube.Discovery/TopicPartitions";

/// A frame: a flag byte, the length in four bytes, the message.
fn frame(flag: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a short message").to_be_bytes();
    [&[flag], &length[..], message].concat()
}

fn call(request: &impl Message) -> Vec<u8> {
    frame(0, &request.encode_to_vec())
}

/// The frames of a body: messages, and the trailers of the frame with the highest flag bit.
fn frames(mut body: &[u8]) -> (Vec<Vec<u8>>, String) {
    let (mut messages, mut trailers) = (Vec::new(), String::new());
    while !body.is_empty() {
        let length = u32::from_be_bytes(body[1..5].try_into().expect("four bytes")) as usize;
        let content = body[5..5 + length].to_vec();
        match body[0] {
            0 => messages.push(content),
            0x80 => trailers = String::from_utf8(content).expect("trailers of text"),
            flag => panic!("an unknown flag {flag}"),
        }
        body = &body[5 + length..];
    }
    (messages, trailers)
}

/// The grpc-status, from the headers where there was nothing else to say, else from the trailers.
fn status(answer: &HttpAnswer) -> (i32, String) {
    assert_eq!(answer.status, 200, "{answer:?}");
    let in_header = |name: &str| (!answer.header(name).is_empty()).then(|| answer.header(name).to_owned());
    let (_, trailers) = frames(&answer.body);
    let in_trailers = |name: &str| {
        trailers
            .split("\r\n")
            .find_map(|line| line.strip_prefix(&format!("{name}:")).map(|value| value.trim().to_owned()))
    };
    let code = in_header("grpc-status").or_else(|| in_trailers("grpc-status"));
    let message = in_header("grpc-message").or_else(|| in_trailers("grpc-message")).unwrap_or_default();
    (code.unwrap_or_else(|| panic!("no grpc-status in {answer:?}")).parse().expect("a number"), message)
}

#[tokio::test]
async fn a_unary_call_is_one_message_frame_and_one_trailers_frame() {
    let server = TestServer::start().await;
    server.publish("/default/t", b"x", None).await;
    let request = TopicLookupRequest { request_id: 7, topic: "/default/t".into() };
    let answer = server.post(PARTITIONS, BINARY, &call(&request)).await;

    assert_eq!(answer.header("content-type"), BINARY);
    let expected = TopicPartitionsResponse { request_id: 7, partitions: vec!["/default/t".into()] };
    let mut bytes = call(&expected);
    bytes.extend(frame(0x80, b"grpc-status:0\r\n"));
    assert_eq!(answer.body, bytes, "{answer:?}");
}

#[tokio::test]
async fn text_mode_is_the_same_in_base64() {
    let server = TestServer::start().await;
    server.publish("/default/t", b"x", None).await;
    let request = TopicLookupRequest { request_id: 7, topic: "/default/t".into() };
    let answer = server.post(PARTITIONS, TEXT, BASE64.encode(call(&request)).as_bytes()).await;

    assert!(answer.header("content-type").starts_with(TEXT), "{answer:?}");
    // Each piece may carry its own padding.
    let pieces = answer.text().split_inclusive("==").flat_map(|piece| BASE64.decode(piece).expect("base64"));
    let (messages, trailers) = frames(&pieces.collect::<Vec<u8>>());
    let response = TopicPartitionsResponse::decode(&messages[0][..]).expect("a response");
    assert_eq!((response.request_id, trailers.trim()), (7, "grpc-status:0"));
}

#[tokio::test]
async fn a_server_stream_is_frames_and_then_trailers() {
    let server = TestServer::start().await;
    for payload in [&b"first"[..], b"second"] {
        server.publish("/default/t", payload, None).await;
    }
    let request =
        BrowseRequest { topics: vec!["/default/t".into()], start: Some(Start::Earliest(true)), follow: false };
    let answer = server.post("/irongate.v1.BrowseService/Browse", BINARY, &call(&request)).await;

    assert_eq!(status(&answer).0, 0, "{answer:?}");
    let (responses, _) = frames(&answer.body);
    let responses = responses.iter().map(|bytes| BrowseResponse::decode(&bytes[..]).expect("a response"));
    let payloads: Vec<_> = responses
        .flat_map(|response| response.messages)
        .map(|browsed| browsed.message.expect("a message").payload)
        .collect();
    assert_eq!(payloads, [&b"first"[..], b"second"]);
}

#[tokio::test]
async fn a_refusal_carries_code_and_sentence() {
    let server = TestServer::start().await;
    let request = TopicLookupRequest { request_id: 1, topic: "no-topic".into() };
    let (code, message) = status(&server.post(PARTITIONS, BINARY, &call(&request)).await);
    assert_eq!(code, 3);
    assert!(message.contains("no-topic"), "{message}");

    let missing_id = StreamMessage { msg_id: None, payload: b"x"[..].into(), ..StreamMessage::default() };
    let answer = server.post("/danube.ProducerService/SendMessage", BINARY, &call(&missing_id)).await;
    let (code, message) = status(&answer);
    assert_eq!(code, 3);
    assert!(message.contains("msg_id"), "{message}");

    let unknown =
        StreamMessage { msg_id: Some(MsgId { producer_id: 9, ..MsgId::default() }), ..StreamMessage::default() };
    let answer = server.post("/danube.ProducerService/SendMessage", BINARY, &call(&unknown)).await;
    assert_eq!(status(&answer).0, 5);
}

#[tokio::test]
async fn a_cut_off_or_garbled_body_is_answered_with_a_status() {
    let server = TestServer::start().await;
    let whole = call(&TopicLookupRequest { request_id: 7, topic: "/default/t".into() });
    let cases: [(&str, Vec<u8>); 8] = [
        ("nothing", Vec::new()),
        ("half a frame head", whole[..3].to_vec()),
        ("a frame head alone", whole[..5].to_vec()),
        ("half a message", whole[..whole.len() - 2].to_vec()),
        ("an unknown flag", frame(0x7f, &whole[5..])),
        ("compressed without saying how", frame(1, &whole[5..])),
        ("no protobuf", frame(0, &[0xff; 16])),
        ("a length of four gigabytes", [&[0, 0xff, 0xff, 0xff, 0xff][..], b"x"].concat()),
    ];
    for (case, body) in cases {
        let (code, message) = status(&server.post(PARTITIONS, BINARY, &body).await);
        assert_ne!(code, 0, "{case}: {message}");
    }
    for text in ["!!!! this is no base64 !!!!", "AAAA", "AAAAAAU"] {
        let (code, message) = status(&server.post(PARTITIONS, TEXT, text.as_bytes()).await);
        assert_ne!(code, 0, "{text}: {message}");
    }
    // The server is as good as before.
    assert_eq!(status(&server.post(PARTITIONS, BINARY, &whole).await).0, 0);
}

#[tokio::test]
async fn an_unknown_service_and_method_are_unimplemented() {
    let server = TestServer::start().await;
    for path in ["/danube.Nothing/Nothing", "/danube.Discovery/Nothing", "/danube_admin.ClusterAdmin/ClusterStatus"] {
        assert_eq!(status(&server.post(path, BINARY, &frame(0, b"")).await).0, 12, "{path}");
    }
}

#[tokio::test]
async fn an_oversize_message_is_out_of_range() {
    let server = TestServer::start_with(Default::default(), |config| config.limits.message_bytes_max = 1000).await;
    let message = StreamMessage { payload: vec![0; 100_000].into(), ..StreamMessage::default() };
    let answer = server.post("/danube.ProducerService/SendMessage", BINARY, &call(&message)).await;
    let (code, message) = status(&answer);
    assert_eq!(code, 11, "{message}");
}

//! One gRPC-web call, unary or streaming, in bytes. The generated clients are left aside on
//! purpose: they compile all of tonic's machinery once more for each method, which would be
//! a quarter of what the page may weigh. Here it is compiled once, and messages are encoded
//! before and decoded behind it.

use std::future::Future;
use std::pin::Pin;

use bytes::{Buf as _, BufMut as _, Bytes};
use prost::Message;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Request, Status, Streaming};
use tonic_web_wasm_client::Client;

use super::{Failure, token};

/// The most bytes of one answer. Above the host's default message limit, so that a tail can show
/// every message a host stores.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

type Answering<T> = Pin<Box<dyn Future<Output = Result<T, Status>>>>;

/// Calls a method that answers once. `path` is `/package.Service/Method`.
///
/// # Errors
/// The status, where it is not OK; where the answer is not the message it should be, an internal one.
pub async fn unary<A: Message + Default>(path: &'static str, request: &impl Message) -> Result<A, Failure> {
    let bytes = unary_bytes(path, request.encode_to_vec().into()).await?;
    decode(bytes)
}

/// Calls a method that answers with a stream.
///
/// # Errors
/// The status with which the host refuses the call.
pub async fn stream(path: &'static str, request: &impl Message) -> Result<Streaming<Bytes>, Failure> {
    Ok(stream_bytes(path, request.encode_to_vec().into()).await?)
}

/// Reads a message from its bytes.
///
/// # Errors
/// An internal failure, where they are not such a message.
pub fn decode<A: Message + Default>(bytes: Bytes) -> Result<A, Failure> {
    A::decode(bytes).map_err(|_| {
        Failure::new(
            Code::Internal,
            "the host's answer cannot be read; page and host are perhaps of different versions",
        )
    })
}

fn unary_bytes(path: &'static str, request: Bytes) -> Answering<Bytes> {
    Box::pin(async move {
        let mut grpc = channel();
        let answer = grpc.unary(authorized(request), PathAndQuery::from_static(path), InBytes).await;
        Ok(answer.inspect_err(told)?.into_inner())
    })
}

fn stream_bytes(path: &'static str, request: Bytes) -> Answering<Streaming<Bytes>> {
    Box::pin(async move {
        let mut grpc = channel();
        let answer = grpc.server_streaming(authorized(request), PathAndQuery::from_static(path), InBytes).await;
        Ok(answer.inspect_err(told)?.into_inner())
    })
}

/// A request with the token, where there is one.
fn authorized(request: Bytes) -> Request<Bytes> {
    let mut request = Request::new(request);
    if let Some(bearer) = token::bearer() {
        request.metadata_mut().insert("authorization", bearer);
    }
    request
}

/// A host that wants a token is told of; every other failure is the caller's.
fn told(status: &Status) {
    if status.code() == Code::Unauthenticated {
        token::refused(status.message());
    }
}

/// A channel to where the page came from: one origin, so no cross-origin set-up.
fn channel() -> Grpc<Client> {
    // Without an origin every call fails with a status, which the page shows.
    let client = Client::new(gloo_utils::window().location().origin().unwrap_or_default());
    Grpc::new(client).max_decoding_message_size(ANSWER_BYTES_MAX)
}

/// Lets messages through as the bytes they are.
#[derive(Clone, Copy, Default)]
struct InBytes;

impl Codec for InBytes {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = InBytes;
    type Decoder = InBytes;

    fn encoder(&mut self) -> InBytes {
        InBytes
    }

    fn decoder(&mut self) -> InBytes {
        InBytes
    }
}

impl Encoder for InBytes {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, target: &mut EncodeBuf<'_>) -> Result<(), Status> {
        target.put(item);
        Ok(())
    }
}

impl Decoder for InBytes {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let length = source.remaining();
        Ok(Some(source.copy_to_bytes(length)))
    }
}

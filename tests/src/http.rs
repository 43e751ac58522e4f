//! HTTP/1.1 by hand, one request to a connection: for requests that no client library
//! would send. Not a client for anything else.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::until;

/// An answer, or what there was of one before the connection closed.
#[derive(Debug)]
pub struct Answer {
    /// The status code; 0 where nothing readable came back.
    pub status: u16,
    /// The header lines, in lower case.
    pub headers: String,
    /// The body as sent, chunk sizes included.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// GET with this Host header and further header lines.
pub async fn get(address: &str, path: &str, headers: &[&str]) -> Answer {
    let lines: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let head = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{lines}\r\n");
    exchange(address, head.as_bytes()).await
}

/// A gRPC-web call with this body, whatever it holds; `content-length` tells its true length.
pub async fn post_grpc_web(address: &str, path: &str, body: &[u8]) -> Answer {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/grpc-web+proto\r\n\
         x-grpc-web: 1\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    exchange(address, &[head.as_bytes(), body].concat()).await
}

/// One gRPC-web data frame around a message.
pub fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a test's message is small");
    [&[0][..], &length.to_be_bytes(), message].concat()
}

/// Sends these bytes and reads until the other side closes.
pub async fn exchange(address: &str, request: &[u8]) -> Answer {
    talk(address, request, false).await
}

/// Sends these bytes, says that no more will come, and reads until the other side closes.
pub async fn exchange_and_end(address: &str, request: &[u8]) -> Answer {
    talk(address, request, true).await
}

async fn talk(address: &str, request: &[u8], end: bool) -> Answer {
    let reading = async {
        let mut stream = TcpStream::connect(address).await.expect("the host accepts connections");
        // A host that refuses early may close before it has read everything.
        let _ = stream.write_all(request).await;
        if end {
            let _ = stream.shutdown().await;
        }
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        bytes
    };
    parse(&until::done("an answer", reading).await)
}

fn parse(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    Answer { status, headers: head, body: bytes.get(end + 4..).unwrap_or_default().to_vec() }
}

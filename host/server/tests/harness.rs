//! A server per test on a free port, and HTTP/1.1 by hand: what is asserted are the bytes.

use irongate_broker::{Broker, BrokerConfig};
use irongate_proto::danube::SchemaReference;
use irongate_proto::irongate_v1::publish_service_client::PublishServiceClient;
use irongate_proto::irongate_v1::{OutgoingMessage, PublishRequest, PublishResponse};
use irongate_server::{ServerConfig, ServerError, run};
use std::collections::HashMap;
use std::net::SocketAddr;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};

pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) broker: Broker,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), ServerError>>,
    dir: TempDir,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::start_with(ServerConfig::default(), |_| {}).await
    }

    pub(crate) async fn start_with(config: ServerConfig, change: impl FnOnce(&mut BrokerConfig)) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let mut broker_config = BrokerConfig::new(dir.path());
        change(&mut broker_config);
        let broker = Broker::open(broker_config).expect("an empty directory opens");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(run(listener, broker.clone(), config, async move {
            let _ = stopped.await;
        }));
        Self { address, broker, stop, running, dir }
    }

    /// Ends the server and starts another on the same port and data.
    pub(crate) async fn restart(self, config: ServerConfig) -> Self {
        let Self { address, broker, stop, running, dir } = self;
        stop.send(()).expect("the server is running");
        running.await.expect("the server does not panic").expect("it ends well");
        drop(broker);
        let broker = Broker::open(BrokerConfig::new(dir.path())).expect("its own directory opens");
        let listener = TcpListener::bind(address).await.expect("its own port");
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(run(listener, broker.clone(), config, async move {
            let _ = stopped.await;
        }));
        Self { address, broker, stop, running, dir }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::from_shared(self.url()).expect("a URL")
    }

    pub(crate) async fn channel(&self) -> Channel {
        self.endpoint().connect().await.expect("a connection")
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }

    /// Sends a whole request and reads to the end of the connection.
    pub(crate) async fn exchange(&self, request: &[u8]) -> HttpAnswer {
        exchange(self.address, request).await
    }

    /// A GET as a browser at this address would send it, with `headers` added.
    pub(crate) async fn get(&self, path: &str, headers: &str) -> HttpAnswer {
        let address = self.address;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{headers}Connection: close\r\n\r\n");
        self.exchange(request.as_bytes()).await
    }

    /// A gRPC-web call with a body given byte for byte.
    pub(crate) async fn post(&self, path: &str, content_type: &str, body: &[u8]) -> HttpAnswer {
        let (address, length) = (self.address, body.len());
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {content_type}\r\nAccept: {content_type}\r\n\
             Content-Length: {length}\r\nX-Grpc-Web: 1\r\nConnection: close\r\n\r\n"
        );
        self.exchange(&[head.as_bytes(), body].concat()).await
    }

    /// Publishes one message to a reliable topic.
    pub(crate) async fn publish(
        &self,
        topic: &str,
        payload: &'static [u8],
        schema: Option<SchemaReference>,
    ) -> PublishResponse {
        let request = PublishRequest {
            topic: topic.to_owned(),
            producer_name: "test".to_owned(),
            dispatch_strategy: Some(1),
            schema_ref: schema,
            messages: vec![OutgoingMessage { payload: payload.into(), ..OutgoingMessage::default() }],
            ..PublishRequest::default()
        };
        let response = PublishServiceClient::new(self.channel().await).publish(request).await;
        response.expect("the call succeeds").into_inner()
    }

    /// Tells the server to stop; the answer is how its run ended.
    pub(crate) async fn stop(self) -> Result<(), ServerError> {
        self.stop.send(()).expect("the server is running");
        self.running.await.expect("the server does not panic")
    }
}

/// Sends a whole request to an address and reads to the end of the connection.
pub(crate) async fn exchange(address: SocketAddr, request: &[u8]) -> HttpAnswer {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request).await.expect("the request is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    HttpAnswer::parse(&answer)
}

/// An HTTP/1.1 answer taken apart.
#[derive(Debug)]
pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl HttpAnswer {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no HTTP answer in {:?}", String::from_utf8_lossy(bytes)));
        let head = std::str::from_utf8(&bytes[..end]).expect("a head of text");
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
        let headers: HashMap<String, String> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let raw = &bytes[end + 4..];
        let is_chunked = headers.get("transfer-encoding").is_some_and(|encoding| encoding == "chunked");
        let body = if is_chunked { unchunk(raw) } else { raw.to_vec() };
        Self { status: status.parse().expect("a number"), headers, body }
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body of text")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

fn unchunk(mut raw: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let line = raw.windows(2).position(|window| window == b"\r\n").expect("a chunk length");
        let digits = std::str::from_utf8(&raw[..line]).expect("hexadecimal digits");
        let length = usize::from_str_radix(digits, 16).expect("hexadecimal digits");
        if length == 0 {
            return body;
        }
        body.extend_from_slice(&raw[line + 2..line + 2 + length]);
        raw = &raw[line + 2 + length + 2..];
    }
}

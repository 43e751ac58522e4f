//! A server and one connection to it, with the calls that most rows need, by path and field number.

use super::fields::{Fields, FieldsCodec, fields};
use crate::harness::TestServer;
use irongate_broker::BrokerConfig;
use irongate_server::ServerConfig;
use std::time::Duration;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};

pub(crate) const TOPIC: &str = "/default/t";
pub(crate) const NON_RELIABLE: u64 = 0;
pub(crate) const RELIABLE: u64 = 1;
pub(crate) const EXCLUSIVE: u64 = 0;
pub(crate) const SHARED: u64 = 1;
pub(crate) const FAILOVER: u64 = 2;
pub(crate) const KEY_SHARED: u64 = 3;

const REGISTRY: &str = "danube_schema.SchemaRegistry";
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Wire {
    pub(crate) server: TestServer,
    channel: Channel,
}

impl Wire {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut BrokerConfig)) -> Self {
        let server = TestServer::start_with(ServerConfig::default(), change).await;
        let channel = server.channel().await;
        Self { server, channel }
    }

    fn grpc(&self) -> Grpc<Channel> {
        Grpc::new(self.channel.clone()).max_decoding_message_size(usize::MAX)
    }

    /// A unary call: `danube.Discovery/TopicLookup`.
    pub(crate) async fn try_call(&self, method: &str, request: Fields) -> Result<Fields, Status> {
        let mut client = self.grpc();
        client.ready().await.expect("a connection");
        let path = format!("/{method}").parse().expect("a path");
        client.unary(Request::new(request), path, FieldsCodec).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn call(&self, method: &str, request: Fields) -> Fields {
        let answer = self.try_call(method, request).await;
        answer.unwrap_or_else(|status| panic!("{method}: {status}"))
    }

    /// The status of a call that must be refused.
    pub(crate) async fn refusal(&self, method: &str, request: Fields) -> Status {
        match self.try_call(method, request).await {
            Ok(answer) => panic!("{method} is not refused: {answer:?}"),
            Err(status) => status,
        }
    }

    /// The code of a call that must be refused.
    pub(crate) async fn code(&self, method: &str, request: Fields) -> Code {
        self.refusal(method, request).await.code()
    }

    /// A server stream.
    pub(crate) async fn open(&self, method: &str, request: Fields) -> Result<Streaming<Fields>, Status> {
        let mut client = self.grpc();
        client.ready().await.expect("a connection");
        let path = format!("/{method}").parse().expect("a path");
        client.server_streaming(Request::new(request), path, FieldsCodec).await.map(tonic::Response::into_inner)
    }

    /// A method of the schema registry.
    pub(crate) async fn registry(&self, method: &str, request: Fields) -> Fields {
        self.call(&format!("{REGISTRY}/{method}"), request).await
    }

    pub(crate) async fn registry_refusal(&self, method: &str, request: Fields) -> Status {
        self.refusal(&format!("{REGISTRY}/{method}"), request).await
    }

    pub(crate) async fn register(&self, subject: &str, schema_type: &str, definition: &str) -> Fields {
        self.registry("RegisterSchema", schema(subject, schema_type, definition)).await
    }

    /// Switches compatibility checks of a subject off.
    pub(crate) async fn unchecked(&self, subject: &str) {
        self.registry("SetCompatibilityMode", fields().text(1, subject).text(2, "none")).await;
    }

    pub(crate) async fn producer(&self, topic: &str, name: &str, strategy: u64) -> u64 {
        self.call("danube.ProducerService/CreateProducer", producer(topic, name, strategy)).await.get_number(2)
    }

    /// A producer of a reliable topic that names a subject.
    pub(crate) async fn bound_producer(&self, topic: &str, name: &str, subject: &str) -> u64 {
        let request = producer(topic, name, RELIABLE).message(4, &fields().text(1, subject));
        self.call("danube.ProducerService/CreateProducer", request).await.get_number(2)
    }

    pub(crate) async fn try_send(&self, message: Fields) -> Result<Fields, Status> {
        self.try_call("danube.ProducerService/SendMessage", message).await
    }

    pub(crate) async fn send(&self, topic: &str, producer_id: u64, payload: &[u8]) -> Result<Fields, Status> {
        self.try_send(message(topic, producer_id, payload)).await
    }

    pub(crate) async fn subscribe(&self, topic: &str, subscription: &str, consumer: &str, kind: u64) -> u64 {
        let request = consumer_request(topic, subscription, consumer, kind);
        self.call("danube.ConsumerService/Subscribe", request).await.get_number(2)
    }

    pub(crate) async fn receive(&self, consumer_id: u64) -> Streaming<Fields> {
        let request = fields().number(1, 1).number(2, consumer_id);
        self.open("danube.ConsumerService/ReceiveMessages", request).await.expect("a stream")
    }

    pub(crate) async fn consumer(&self, subscription: &str, consumer: &str, kind: u64) -> Streaming<Fields> {
        let id = self.subscribe(TOPIC, subscription, consumer, kind).await;
        self.receive(id).await
    }

    pub(crate) async fn ack(&self, subscription: &str, message: &Fields) {
        let request = fields().number(1, 9).message(2, &message.get_message(2)).text(3, subscription);
        assert_eq!(self.call("danube.ConsumerService/Ack", request).await.get_number(1), 9);
    }
}

pub(crate) fn producer(topic: &str, name: &str, strategy: u64) -> Fields {
    fields().number(1, 1).text(2, name).text(3, topic).number(6, strategy)
}

pub(crate) fn message(topic: &str, producer_id: u64, payload: &[u8]) -> Fields {
    let id = fields().number(1, producer_id).text(2, topic);
    fields().number(1, 1).message(2, &id).bytes(3, payload).text(5, "p")
}

pub(crate) fn consumer_request(topic: &str, subscription: &str, consumer: &str, kind: u64) -> Fields {
    fields().number(1, 1).text(2, topic).text(3, consumer).text(4, subscription).number(5, kind)
}

pub(crate) fn schema(subject: &str, schema_type: &str, definition: &str) -> Fields {
    fields().text(1, subject).text(2, schema_type).text(3, definition)
}

/// The next message; fails where none comes for long.
pub(crate) async fn next(stream: &mut Streaming<Fields>) -> Fields {
    let message = tokio::time::timeout(PATIENCE, stream.message()).await.expect("no message for long");
    message.expect("the stream goes on").expect("the stream has not ended")
}

pub(crate) async fn next_payload(stream: &mut Streaming<Fields>) -> String {
    next(stream).await.get_text(3)
}

/// Where a delivered message is in its topic.
pub(crate) fn offset(message: &Fields) -> u64 {
    message.get_message(2).get_number(5)
}

/// Asks until it is so.
pub(crate) async fn until(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !ask().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("{what}: not for long"));
}

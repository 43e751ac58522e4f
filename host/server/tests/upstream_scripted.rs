//! A cluster that behaves as clusters do at their worst: redirects, proxies, moved topics, forgotten
//! producers, streams that break. What it was asked is written down and compared.

use crate::upstream::{Front, config, message, next, producer, receive};
use irongate_proto::danube::consumer_service_server::{ConsumerService, ConsumerServiceServer};
use irongate_proto::danube::discovery_server::{Discovery, DiscoveryServer};
use irongate_proto::danube::producer_service_client::ProducerServiceClient;
use irongate_proto::danube::producer_service_server::{ProducerService, ProducerServiceServer};
use irongate_proto::danube::topic_lookup_response::LookupType;
use irongate_proto::danube::{
    AckRequest, AckResponse, ConsumerRequest, ConsumerResponse, MessageResponse, NackRequest, NackResponse,
    ProducerRequest, ProducerResponse, ReceiveRequest, StreamMessage, TopicLookupRequest, TopicLookupResponse,
    TopicPartitionsResponse,
};
use irongate_upstream::UpstreamConfig;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio_stream::Iter;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Code, Request, Response, Status};

const TOPIC: &str = "/default/t";

/// What a scripted broker answers, in this order; the last answer of each kind is repeated.
#[derive(Default)]
struct Script {
    lookups: VecDeque<TopicLookupResponse>,
    creations: VecDeque<Result<u64, Status>>,
    sends: VecDeque<Result<(), Status>>,
    streams: VecDeque<Vec<Result<StreamMessage, Status>>>,
    /// What was asked, in words.
    asked: Vec<String>,
}

fn step<T: Clone>(steps: &mut VecDeque<T>) -> T {
    if steps.len() > 1 { steps.pop_front().expect("more than one") } else { steps[0].clone() }
}

#[derive(Clone, Default)]
struct Scripted(Arc<Mutex<Script>>);

impl Scripted {
    async fn start(script: Script) -> (Self, String) {
        let scripted = Self(Arc::new(Mutex::new(script)));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let serving = Server::builder()
            .add_service(DiscoveryServer::new(scripted.clone()))
            .add_service(ProducerServiceServer::new(scripted.clone()))
            .add_service(ConsumerServiceServer::new(scripted.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(serving);
        (scripted, url)
    }

    fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.0.lock().expect("nobody panicked"));
    }

    fn asked(&self) -> Vec<String> {
        self.0.lock().expect("nobody panicked").asked.clone()
    }

    fn note<T>(&self, what: &str, request: &Request<T>) {
        let broker = request.metadata().get("x-danube-broker-url").and_then(|value| value.to_str().ok());
        let noted = broker.map_or(what.to_owned(), |broker| format!("{what} for {broker}"));
        self.change(|script| script.asked.push(noted));
    }

    fn next<T>(&self, next: impl FnOnce(&mut Script) -> T) -> T {
        next(&mut self.0.lock().expect("nobody panicked"))
    }
}

fn connect(url: &str) -> TopicLookupResponse {
    lookup(LookupType::Connect, url, url)
}

fn lookup(kind: LookupType, connect_url: &str, broker_url: &str) -> TopicLookupResponse {
    TopicLookupResponse {
        request_id: 0,
        response_type: kind.into(),
        connect_url: connect_url.to_owned(),
        broker_url: broker_url.to_owned(),
        proxy: connect_url != broker_url,
    }
}

#[tonic::async_trait]
impl Discovery for Scripted {
    async fn topic_lookup(
        &self,
        request: Request<TopicLookupRequest>,
    ) -> Result<Response<TopicLookupResponse>, Status> {
        self.note("lookup", &request);
        Ok(Response::new(self.next(|script| step(&mut script.lookups))))
    }

    async fn topic_partitions(
        &self,
        _: Request<TopicLookupRequest>,
    ) -> Result<Response<TopicPartitionsResponse>, Status> {
        // Danube answers by prefix.
        let partitions = ["-part-1", "-part-0", "-v2-part-0"].map(|end| format!("{TOPIC}{end}")).to_vec();
        Ok(Response::new(TopicPartitionsResponse { request_id: 0, partitions }))
    }
}

#[tonic::async_trait]
impl ProducerService for Scripted {
    async fn create_producer(&self, request: Request<ProducerRequest>) -> Result<Response<ProducerResponse>, Status> {
        self.note("create", &request);
        let producer_id = self.next(|script| step(&mut script.creations))?;
        Ok(Response::new(ProducerResponse { request_id: 0, producer_id, producer_name: "p".into() }))
    }

    async fn send_message(&self, request: Request<StreamMessage>) -> Result<Response<MessageResponse>, Status> {
        let id = request.get_ref().msg_id.as_ref().map_or(0, |id| id.producer_id);
        self.note(&format!("send by {id}"), &request);
        self.next(|script| step(&mut script.sends))?;
        Ok(Response::new(MessageResponse { request_id: request.get_ref().request_id }))
    }
}

#[tonic::async_trait]
impl ConsumerService for Scripted {
    type ReceiveMessagesStream = Iter<std::vec::IntoIter<Result<StreamMessage, Status>>>;

    async fn subscribe(&self, request: Request<ConsumerRequest>) -> Result<Response<ConsumerResponse>, Status> {
        self.note(&format!("subscribe {}", request.get_ref().consumer_name), &request);
        Ok(Response::new(ConsumerResponse { request_id: 0, consumer_id: 5, consumer_name: "c".into() }))
    }

    async fn receive_messages(
        &self,
        request: Request<ReceiveRequest>,
    ) -> Result<Response<Self::ReceiveMessagesStream>, Status> {
        self.note("receive", &request);
        Ok(Response::new(tokio_stream::iter(self.next(|script| step(&mut script.streams)))))
    }

    async fn ack(&self, _: Request<AckRequest>) -> Result<Response<AckResponse>, Status> {
        Ok(Response::new(AckResponse { request_id: 0 }))
    }

    async fn nack(&self, _: Request<NackRequest>) -> Result<Response<NackResponse>, Status> {
        Ok(Response::new(NackResponse { request_id: 0 }))
    }
}

fn willing() -> Script {
    Script { creations: [Ok(1)].into(), sends: [Ok(())].into(), ..Script::default() }
}

async fn send(front: &Front, id: u64) -> Result<(), Status> {
    ProducerServiceClient::new(front.channel().await).send_message(message(TOPIC, id, "x")).await.map(drop)
}

#[tokio::test]
async fn redirects_are_followed_and_a_proxy_is_told_which_broker_is_meant() {
    let (entry, entry_url) = Scripted::start(willing()).await;
    let (owner, owner_url) = Scripted::start(willing()).await;
    entry.change(|script| script.lookups.push_back(lookup(LookupType::Redirect, &owner_url, &owner_url)));
    owner.change(|script| script.lookups.push_back(lookup(LookupType::Connect, &owner_url, "http://broker-2:6650")));
    let front = Front::before(config(&entry_url)).await;
    let id = producer(&front.channel().await, TOPIC, 1).await;
    for _ in 0..2 {
        send(&front, id).await.expect("sent");
    }
    assert_eq!(entry.asked(), ["lookup"], "a place is asked for once");
    let behind = |what: &str| format!("{what} for http://broker-2:6650");
    assert_eq!(owner.asked(), ["lookup".to_owned(), behind("create"), behind("send by 1"), behind("send by 1")]);
}

#[tokio::test]
async fn redirects_in_a_circle_end_with_a_sentence() {
    let (entry, url) = Scripted::start(willing()).await;
    entry.change(|script| script.lookups.push_back(lookup(LookupType::Redirect, &url, &url)));
    let mut config = config(&url);
    config.limits.retries_max = 0;
    config.limits.redirects_max = 3;
    let front = Front::before(config).await;
    let request = ProducerRequest { topic_name: TOPIC.into(), ..ProducerRequest::default() };
    let status = ProducerServiceClient::new(front.channel().await).create_producer(request).await.expect_err("no end");
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.message(), format!("the cluster redirects the lookup of {TOPIC} more than 3 times"));
    assert_eq!(entry.asked().len(), 4);
}

#[tokio::test]
async fn a_topic_that_moves_is_followed_and_its_producer_made_anew() {
    let (first, first_url) = Scripted::start(willing()).await;
    let (second, second_url) = Scripted::start(Script { creations: [Ok(2)].into(), ..willing() }).await;
    let moved = Status::unavailable("The topic exists but is served by another broker");
    first.change(|script| {
        script.lookups = [connect(&first_url), connect(&second_url)].into();
        script.sends = [Ok(()), Err(moved)].into();
    });
    let front = Front::before(config(&first_url)).await;
    let id = producer(&front.channel().await, TOPIC, 1).await;
    send(&front, id).await.expect("sent to the first");
    send(&front, id).await.expect("sent to the second, under the same id");
    assert_eq!(first.asked(), ["lookup", "create", "send by 1", "send by 1", "lookup"]);
    assert_eq!(second.asked(), ["create", "send by 2"]);
}

#[tokio::test]
async fn a_producer_that_its_broker_forgot_is_made_anew() {
    let (broker, url) = Scripted::start(willing()).await;
    broker.change(|script| {
        script.lookups.push_back(connect(&url));
        script.creations = [Ok(1), Ok(9)].into();
        script.sends = [Err(Status::not_found("The producer with id 1 does not exist")), Ok(())].into();
    });
    let front = Front::before(config(&url)).await;
    let id = producer(&front.channel().await, TOPIC, 1).await;
    send(&front, id).await.expect("sent");
    assert_eq!(broker.asked(), ["lookup", "create", "send by 1", "lookup", "create", "send by 9"]);
}

#[tokio::test]
async fn what_is_final_is_not_tried_again() {
    let finals = [
        Status::unavailable("Unable to find the namespace shop in the cluster"),
        Status::failed_precondition("the topic has another strategy"),
        Status::resource_exhausted("too many producers"),
    ];
    for status in finals {
        let (broker, url) = Scripted::start(willing()).await;
        broker.change(|script| {
            script.lookups.push_back(connect(&url));
            script.creations = [Err(status.clone())].into();
        });
        let front = Front::before(config(&url)).await;
        let request = ProducerRequest { topic_name: TOPIC.into(), ..ProducerRequest::default() };
        let refused = ProducerServiceClient::new(front.channel().await).create_producer(request).await;
        let refused = refused.expect_err("final");
        assert_eq!((refused.code(), refused.message()), (status.code(), status.message()));
        assert_eq!(broker.asked(), ["lookup", "create"], "{status}");
    }
}

#[tokio::test]
async fn a_stream_that_breaks_goes_on_and_one_that_ends_does_not() {
    let (broker, url) = Scripted::start(willing()).await;
    let arrived = |payload: &str| Ok(message(TOPIC, 1, payload));
    broker.change(|script| {
        script.lookups.push_back(connect(&url));
        script.streams = [
            vec![arrived("one"), Err(Status::unavailable("the broker is going away"))],
            vec![Err(Status::not_found("no consumer has the id 5"))],
            vec![arrived("two")],
        ]
        .into();
    });
    let front = Front::before(config(&url)).await;
    let (_, mut stream) = receive(&front.channel().await, TOPIC).await;
    assert_eq!(next(&mut stream).await.payload, "one");
    assert_eq!(next(&mut stream).await.payload, "two");
    assert!(stream.message().await.expect("no failure").is_none(), "as after a takeover");
    let subscribed = broker.asked().iter().filter(|asked| asked.starts_with("subscribe c")).count();
    assert_eq!(subscribed, 3, "under the same name each time: {:?}", broker.asked());
}

#[tokio::test]
async fn a_stream_that_breaks_again_and_again_is_given_up() {
    let (broker, url) = Scripted::start(willing()).await;
    broker.change(|script| {
        script.lookups.push_back(connect(&url));
        script.streams = [vec![Err(Status::unavailable("the broker is going away"))]].into();
    });
    let mut config = config(&url);
    config.limits.retries_max = 3;
    let front = Front::before(config).await;
    let (_, mut stream) = receive(&front.channel().await, TOPIC).await;
    let status = stream.message().await.expect_err("given up");
    assert_eq!((status.code(), status.message()), (Code::Unavailable, "the broker is going away"));
    let received = broker.asked().iter().filter(|asked| *asked == "receive").count();
    assert_eq!(received, 1 + 3, "once and three further tries");
}

#[tokio::test]
async fn a_broker_that_is_down_is_passed_over_and_a_cluster_that_is_down_is_said_to_be() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let nobody = format!("http://{}", free.local_addr().expect("an address"));
    drop(free);
    let (broker, url) = Scripted::start(willing()).await;
    broker.change(|script| script.lookups.push_back(connect(&url)));
    let addresses = vec![nobody.parse().expect("a URI"), url.parse().expect("a URI")];
    let front = Front::before(UpstreamConfig { addresses, ..config(&url) }).await;
    producer(&front.channel().await, TOPIC, 1).await;

    let mut config = config(&nobody);
    config.limits.retries_max = 1;
    let alone = Front::before(config).await;
    let request = ProducerRequest { topic_name: TOPIC.into(), ..ProducerRequest::default() };
    let status = ProducerServiceClient::new(alone.channel().await).create_producer(request).await.expect_err("down");
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().starts_with("the cluster cannot be reached: "), "{status}");
}

#[tokio::test]
async fn partitions_that_only_look_alike_are_left_out() {
    let (_broker, url) = Scripted::start(willing()).await;
    let front = Front::before(config(&url)).await;
    let mut client = irongate_proto::danube::discovery_client::DiscoveryClient::new(front.channel().await);
    let request = TopicLookupRequest { request_id: 1, topic: TOPIC.into() };
    let found = client.topic_partitions(request).await.expect("answered").into_inner().partitions;
    assert_eq!(found, [format!("{TOPIC}-part-0"), format!("{TOPIC}-part-1")], "in order");
}

//! TLS on the one port: who comes with it is served, who comes without is told so, who stalls is dropped.

use crate::harness::{HttpAnswer, TestServer};
use irongate_proto::danube::TopicLookupRequest;
use irongate_proto::danube::discovery_client::DiscoveryClient;
use irongate_proto::irongate_v1::host_service_client::HostServiceClient;
use irongate_proto::irongate_v1::{CreateTopicRequest, GetHostInfoRequest};
use irongate_server::{Limits, ServerConfig, TlsIdentity};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

const PATIENCE: Duration = Duration::from_secs(20);

struct Made {
    certificate: String,
    key: String,
}

fn made() -> Made {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("made");
    Made { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() }
}

async fn secured(limits: Limits) -> (TestServer, Made) {
    let made = made();
    let tls = TlsIdentity::from_pem(made.certificate.as_bytes(), made.key.as_bytes()).expect("they fit");
    let config = ServerConfig { tls: Some(tls), limits, ..ServerConfig::default() };
    (TestServer::start_with(config, |_| {}).await, made)
}

async fn channel(server: &TestServer, trusted: &str) -> Result<Channel, tonic::transport::Error> {
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(trusted));
    let endpoint = Endpoint::from_shared(format!("https://{}", server.address)).expect("a URL");
    endpoint.tls_config(tls)?.connect().await
}

#[tokio::test]
async fn calls_pass_and_lookups_name_the_address_with_its_scheme() {
    let (server, made) = secured(Limits::default()).await;
    let channel = channel(&server, &made.certificate).await.expect("a connection");
    HostServiceClient::new(channel.clone()).get_host_info(GetHostInfoRequest {}).await.expect("answered");
    let create = CreateTopicRequest { topic: "/default/t".into(), ..Default::default() };
    server.broker.create_topic(create).await.expect("created");
    let lookup = TopicLookupRequest { request_id: 1, topic: "/default/t".into() };
    let found = DiscoveryClient::new(channel).topic_lookup(lookup).await.expect("found").into_inner();
    assert_eq!(found.connect_url, format!("https://{}", server.address));
    assert_eq!(found.broker_url, found.connect_url);
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_not_accepted() {
    let (server, _) = secured(Limits::default()).await;
    assert!(channel(&server, &made().certificate).await.is_err(), "another certificate was trusted");
}

#[tokio::test]
async fn plain_text_is_told_to_use_tls() {
    let (server, made) = secured(Limits::default()).await;
    let answer: HttpAnswer = server.get("/healthz", "").await;
    assert_eq!((answer.status, answer.text()), (400, "this port speaks TLS: use https\n"));

    let mut stream = server.connect().await;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.expect("sent");
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    read.expect("in time").expect("an answer");
    let goaway = &answer[9..];
    assert_eq!((goaway[3], &goaway[13..17]), (7, &[0, 0, 0, 0xc][..]), "GOAWAY, inadequate security: {answer:?}");
    assert!(goaway.ends_with(b"this port speaks TLS: use https"));
    assert_eq!(goaway.len(), 9 + usize::from(goaway[2]), "the frame is as long as it says");

    let clear = Endpoint::from_shared(server.url()).expect("a URL").connect_lazy();
    HostServiceClient::new(clear).get_host_info(GetHostInfoRequest {}).await.expect_err("refused");
    channel(&server, &made.certificate).await.expect("the server is as it was");
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_ended() {
    let (server, _) = secured(Limits { tls_handshake_timeout_ms: 50, ..Limits::default() }).await;
    for said in [&b""[..], &[0x16], &[0x16, 3, 1, 2, 0, 1]] {
        let mut stream = server.connect().await;
        stream.write_all(said).await.expect("sent");
        let closed = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await;
        assert!(closed.is_ok(), "{said:?} holds its connection");
    }
}

#[test]
fn what_is_no_certificate_or_no_key_is_named() {
    let (one, other) = (made(), made());
    let refused = |certificate: &str, key: &str| {
        TlsIdentity::from_pem(certificate.as_bytes(), key.as_bytes()).expect_err("refused").to_string()
    };
    assert!(refused("", &one.key).starts_with("the certificate cannot be read: there is no certificate in it"));
    assert!(refused(&one.certificate, "nonsense").starts_with("the private key cannot be read: "));
    assert!(refused(&one.certificate, &other.key).starts_with("certificate and private key cannot be used: "));
    let tls = TlsIdentity::from_pem(one.certificate.as_bytes(), one.key.as_bytes()).expect("they fit");
    assert_eq!(format!("{tls:?}"), "TlsIdentity(..)");
}

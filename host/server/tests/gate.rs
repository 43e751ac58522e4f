//! Rebound names and foreign pages are kept out at every door.

use crate::harness::{HttpAnswer, TestServer};
use irongate_proto::irongate_v1::GetHostInfoRequest;
use irongate_proto::irongate_v1::host_service_client::HostServiceClient;
use irongate_server::ServerConfig;
use tonic::Code;

const INFO: &str = "/irongate.v1.HostService/GetHostInfo";

async fn with_host(server: &TestServer, host: &str) -> HttpAnswer {
    server.exchange(format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes()).await
}

async fn preflight(server: &TestServer, origin: &str) -> HttpAnswer {
    let address = server.address;
    let request = format!(
        "OPTIONS {INFO} HTTP/1.1\r\nHost: {address}\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: POST\r\n\
         Access-Control-Request-Headers: content-type,x-grpc-web\r\nConnection: close\r\n\r\n"
    );
    server.exchange(request.as_bytes()).await
}

async fn call_from(server: &TestServer, origin: &str) -> HttpAnswer {
    let address = server.address;
    let head = format!(
        "POST {INFO} HTTP/1.1\r\nHost: {address}\r\nOrigin: {origin}\r\nContent-Type: application/grpc-web+proto\r\n\
         Content-Length: 5\r\nConnection: close\r\n\r\n"
    );
    server.exchange(&[head.as_bytes(), &[0; 5]].concat()).await
}

#[tokio::test]
async fn a_rebound_host_name_is_refused_with_a_sentence() {
    let server = TestServer::start().await;
    let port = server.address.port();
    let answer = with_host(&server, &format!("rebound.example:{port}")).await;
    assert_eq!(answer.status, 403);
    let sentence = format!(
        "the host rebound.example:{port} is not allowed here; start the server with --allow-host rebound.example\n"
    );
    assert_eq!(answer.text(), sentence);
    assert_eq!(with_host(&server, &format!("localhost:{port}")).await.status, 200);
    let nameless = server.exchange(b"GET / HTTP/1.1\r\nAccept: text/html\r\nConnection: close\r\n\r\n").await;
    assert_eq!(nameless.status, 400);
}

#[tokio::test]
async fn a_listed_host_name_is_let_in() {
    let allowed_hosts = vec!["console.example".parse().expect("a host")];
    let server = TestServer::start_with(ServerConfig { allowed_hosts, ..ServerConfig::default() }, |_| {}).await;
    assert_eq!(with_host(&server, "console.example").await.status, 200);
    assert_eq!(with_host(&server, "other.example").await.status, 403);
}

#[tokio::test]
async fn native_clients_read_the_same_sentence() {
    let server = TestServer::start().await;
    let rebound = server.endpoint().origin("http://rebound.example".parse().expect("a URI"));
    let channel = rebound.connect().await.expect("a connection");
    let status = HostServiceClient::new(channel).get_host_info(GetHostInfoRequest {}).await.expect_err("refused");
    assert_eq!(status.code(), Code::PermissionDenied);
    assert!(status.message().starts_with("the host rebound.example is not allowed here"), "{status}");
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    let server = TestServer::start().await;
    let own = call_from(&server, &server.url()).await;
    assert_eq!(own.status, 200);
    assert_eq!(own.header("access-control-allow-origin"), "", "its own pages need no permission");
    for origin in ["http://evil.example", "null", "http://localhost:1"] {
        for answer in [call_from(&server, origin).await, preflight(&server, origin).await] {
            assert_eq!(answer.status, 403, "{origin}");
            assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
        }
        let page = server.get("/", &format!("Origin: {origin}\r\n")).await;
        assert_eq!(page.status, 403);
        assert!(page.text().contains(&format!("--allow-origin {origin}")), "{}", page.text());
    }
}

#[tokio::test]
async fn a_listed_origin_may_call_and_read_the_status() {
    let allowed_origins = vec!["https://tools.example".parse().expect("an origin")];
    let server = TestServer::start_with(ServerConfig { allowed_origins, ..ServerConfig::default() }, |_| {}).await;
    let asked = preflight(&server, "https://tools.example").await;
    assert_eq!(asked.status, 200);
    assert_eq!(asked.header("access-control-allow-origin"), "https://tools.example");
    assert!(asked.header("access-control-allow-headers").contains("x-grpc-web"), "{asked:?}");
    let called = call_from(&server, "https://tools.example").await;
    assert_eq!(called.header("access-control-allow-origin"), "https://tools.example");
    assert!(called.header("access-control-expose-headers").contains("grpc-status"), "{called:?}");
    assert_eq!(call_from(&server, "https://evil.example").await.status, 403);
}

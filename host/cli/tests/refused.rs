//! Who is refused, by the program as it is installed: each stranger gets the status that is his, and `/healthz` answers
//! after each. Floods are in `flood`; what a person reads on the command line is in `security`.

use crate::harness::{Outcome, Server, irongate};
use crate::security::Files;
use irongate_server::{Grant, Scope, TokenSecret};
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

/// A method for the scope `produce`, bound to the namespace of its topic.
const PUBLISH: &str = "/irongate.v1.PublishService/Publish";
/// As docs/security.md has it.
const HEADER_BYTES_MAX: usize = 32 << 10;
const HEADERS_MAX: usize = 64;

/// A call of gRPC-web that publishes nothing to a topic, with these further headers.
fn call(server: &Server, topic: &str, headers: &str) -> String {
    let length = u8::try_from(topic.len()).expect("a short name");
    // Field 1, a text, in a frame of gRPC.
    let body = [&[0, 0, 0, 0, length + 2, 0x0a, length][..], topic.as_bytes()].concat();
    let host = if headers.contains("Host: ") { String::new() } else { format!("Host: {}\r\n", server.authority()) };
    let head = format!(
        "POST {PUBLISH} HTTP/1.1\r\n{host}Content-Type: application/grpc-web+proto\r\nContent-Length: {}\r\n\
         Connection: close\r\n{headers}\r\n",
        body.len()
    );
    server.exchange(&[head.as_bytes(), &body].concat())
}

/// The status of gRPC in an answer, wherever it stands there.
fn grpc_status(answer: &str) -> Option<&str> {
    let (_, rest) = answer.split_once("grpc-status:")?;
    rest.lines().next().map(str::trim)
}

fn assert_healthy(server: &Server, after: &str) {
    let health = server.health();
    assert!(health.starts_with("HTTP/1.1 200 "), "after {after}: {health}");
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock past 1970").as_secs()
}

#[test]
fn each_token_that_is_not_good_has_its_status() {
    let files = Files::new();
    let server = files.server(&[]);
    let own = TokenSecret::new(&fs::read(files.path("secret")).expect("readable")).expect("long enough");
    let other = TokenSecret::new(&[b'o'; 32]).expect("long enough");
    let grant = |issued_at_s, expires_at_s| Grant {
        name: "app".to_owned(),
        scopes: vec![Scope::Produce],
        namespaces: Some(vec!["orders".to_owned()]),
        issued_at_s,
        expires_at_s,
    };
    let (past, now, future) = (now_s() - 3_600, now_s(), now_s() + 86_400);
    let mint = |secret: &TokenSecret, issued_at_s, expires_at_s| {
        secret.mint(&grant(issued_at_s, expires_at_s)).expect("a token")
    };
    let good = mint(&own, now, future);
    let consumer = files.mint(&["--scope", "consume"]);
    let rows = [
        ("no token", String::new(), "/orders/new", "16", "asks for a token"),
        ("no bearer", "Basic YTpi".to_owned(), "/orders/new", "16", "not one Bearer token"),
        ("nonsense", "Bearer nonsense".to_owned(), "/orders/new", "16", "not a JSON Web Token"),
        ("a foreign secret", format!("Bearer {}", mint(&other, now, future)), "/orders/new", "16", "not signed"),
        ("an expired token", format!("Bearer {}", mint(&own, past - 60, past)), "/orders/new", "16", "expired"),
        ("a wrong scope", format!("Bearer {consumer}"), "/orders/new", "7", "scope"),
        ("another namespace", format!("Bearer {good}"), "/billing/new", "7", "orders and no other"),
        ("a good token", format!("Bearer {good}"), "/orders/new", "0", ""),
    ];
    for (what, authorization, topic, status, sentence) in rows {
        let header =
            if authorization.is_empty() { authorization } else { format!("Authorization: {authorization}\r\n") };
        let answer = call(&server, topic, &header);
        assert_eq!(grpc_status(&answer), Some(status), "{what}: {answer}");
        assert!(answer.replace("%20", " ").contains(sentence), "{what}: {answer}");
        assert_healthy(&server, what);
    }
    let expired = mint(&own, past - 60, past);
    let said = server.command(&["produce", "-t", "/orders/new", "-m", "x"]).env("IRONGATE_TOKEN", expired).output();
    let said = Outcome::from(said.expect("the command starts")).failed(1);
    assert!(said.starts_with("error: ") && said.contains("expired"), "{said}");
}

#[test]
fn forged_hosts_and_origins_are_refused_at_pages_and_calls() {
    let server = Server::start();
    let own = server.authority().to_owned();
    let get =
        |headers: &str| server.exchange(format!("GET / HTTP/1.1\r\nConnection: close\r\n{headers}\r\n").as_bytes());
    let rows = [
        ("a rebound name", "Host: rebound.example\r\n".to_owned(), 403),
        (
            "a name with our port",
            format!("Host: rebound.example:{}\r\n", own.rsplit(':').next().unwrap_or_default()),
            403,
        ),
        ("no host", String::new(), 400),
        ("two hosts", format!("Host: {own}\r\nHost: rebound.example\r\n"), 400),
        ("another origin", format!("Host: {own}\r\nOrigin: http://evil.example\r\n"), 403),
        ("a sandboxed page", format!("Host: {own}\r\nOrigin: null\r\n"), 403),
        ("our own page", format!("Host: {own}\r\nOrigin: {}\r\n", server.url), 200),
    ];
    for (what, headers, status) in rows {
        let answer = get(&headers);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{what}: {answer}");
        if headers.contains("Host: ") {
            let answer = call(&server, "/default/t", &headers);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{what}, a call: {answer}");
        }
        assert_healthy(&server, what);
    }
    server.run(&["topics"]).succeeded();
}

#[test]
fn oversized_headers_are_refused() {
    let server = Server::start();
    let with = |headers: &str| {
        let own = server.authority();
        server.exchange(format!("GET / HTTP/1.1\r\nHost: {own}\r\nConnection: close\r\n{headers}\r\n").as_bytes())
    };
    let long = format!("X-Long: {}\r\n", "x".repeat(HEADER_BYTES_MAX));
    let many: String = (0..=HEADERS_MAX).map(|number| format!("X-{number}: 1\r\n")).collect();
    for (what, headers) in [("a long header", &long), ("many headers", &many)] {
        let answer = with(headers);
        assert!(answer.starts_with("HTTP/1.1 431 "), "{what}: {answer}");
        assert_healthy(&server, what);
    }
    let answer = with(&format!("X-Long: {}\r\n", "x".repeat(HEADER_BYTES_MAX / 2)));
    assert!(answer.starts_with("HTTP/1.1 200 "), "half as much is no flood: {answer}");

    // The same over HTTP/2, which the command line speaks.
    let mut command = server.command(&["topics"]);
    command.env("IRONGATE_TOKEN", "x".repeat(HEADER_BYTES_MAX + 1));
    let said = Outcome::from(command.output().expect("the command starts")).failed(1);
    assert!(said.contains("answered with HTTP status 431 and without gRPC"), "{said}");
    assert_healthy(&server, "a long header over HTTP/2");
    server.run(&["topics"]).succeeded();
}

#[test]
fn clear_text_at_a_tls_port_is_told_to_use_tls() {
    let files = Files::new();
    let server = files.server(&["tls"]);
    let answer = server.health();
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.ends_with("this port speaks TLS: use https\n"), "{answer}");
    let answer = call(&server, "/default/t", "");
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let token = files.mint(&["--scope", "consume"]);
    let topics = |url: &str| {
        let mut command = irongate();
        command.args(["topics", "-s", url, "--ca-cert", &files.path("cert.pem")]).env("IRONGATE_TOKEN", &token);
        Outcome::from(command.output().expect("the command starts"))
    };
    let said = topics(&server.url.replace("https:", "http:")).failed(1);
    assert!(said.starts_with("error: "), "{said}");
    topics(&server.url).succeeded();
}

//! Everything on one port: the console, gRPC, gRPC-web, health and metrics, told apart
//! by what the client speaks. Through real sockets.

use irongate_proto::irongate_v1::PublishRequest;
use irongate_tests::{Host, http};

#[tokio::test]
async fn the_console_is_served_at_every_deep_link() {
    let host = Host::start().await;
    for path in ["/", "/produce", "/produce?topic=/default/x", "/tail", "/topics", "/schemas"] {
        let page = http::get(host.address(), path, &[]).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.headers.contains("content-type: text/html"), "{path}: {}", page.headers);
        assert!(
            page.text().contains(".wasm"),
            "{path} is the console and not a notice that it is missing: {}",
            page.text()
        );
    }
    let missing = http::get(host.address(), "/no-such-file.js", &[]).await;
    assert_eq!(missing.status, 404, "a missing file is not the page");
}

#[tokio::test]
async fn assets_are_precompressed_and_kept_for_ever() {
    let host = Host::start().await;
    let page = http::get(host.address(), "/", &[]).await.text();
    let wasm = quoted(&page, ".wasm");
    let plain = http::get(host.address(), &wasm, &[]).await;
    let brotli = http::get(host.address(), &wasm, &["accept-encoding: gzip, br"]).await;
    assert_eq!((plain.status, brotli.status), (200, 200));
    assert!(plain.headers.contains("content-type: application/wasm"), "{}", plain.headers);
    assert!(!plain.headers.contains("content-encoding"), "{}", plain.headers);
    assert!(brotli.headers.contains("content-encoding: br"), "{}", brotli.headers);
    assert!(brotli.headers.contains("vary: accept-encoding"), "{}", brotli.headers);
    assert!(brotli.headers.contains("immutable"), "a file named by its content never changes: {}", brotli.headers);
    assert!(brotli.body.len() * 2 < plain.body.len(), "{} of {} bytes", brotli.body.len(), plain.body.len());
}

#[tokio::test]
async fn health_and_metrics_answer_beside_grpc() {
    let host = Host::start().await;
    let mut rpc = host.rpc().await;
    let request = PublishRequest {
        topic: "/default/one-port".to_owned(),
        dispatch_strategy: Some(irongate_proto::danube::DispatchStrategy::Reliable.into()),
        ..Default::default()
    };
    rpc.publish_one(request, b"hello").await.unwrap();

    let health = http::get(host.address(), "/healthz", &[]).await;
    assert_eq!(health.status, 200, "{}", health.text());
    let metrics = http::get(host.address(), "/metrics", &[]).await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.headers.contains("text/plain"), "{}", metrics.headers);
    let text = metrics.text();
    let counts = text.lines().any(|line| !line.starts_with('#') && line.contains("messages") && line.ends_with(" 1"));
    assert!(counts, "the message is counted: {text}");
}

#[tokio::test]
async fn a_foreign_host_or_origin_is_refused() {
    let host = Host::start().await;
    let request = b"GET / HTTP/1.1\r\nhost: rebound.example\r\nconnection: close\r\n\r\n";
    let rebound = http::exchange(host.address(), request).await;
    assert!((400..500).contains(&rebound.status), "a rebound name: {rebound:?}");
    assert!(rebound.text().contains("rebound.example"), "the sentence names the host: {}", rebound.text());

    let foreign = http::get(host.address(), "/healthz", &["origin: http://elsewhere.example"]).await;
    assert!((400..500).contains(&foreign.status), "a page of another origin: {foreign:?}");
    let own = format!("origin: {}", host.url());
    let own = http::get(host.address(), "/healthz", &[&own]).await;
    assert_eq!(own.status, 200, "the console's own origin");
}

/// The path of the first file with this ending that the page names.
fn quoted(page: &str, ending: &str) -> String {
    let path =
        page.split(['"', '\'']).find(|part| part.ends_with(ending)).unwrap_or_else(|| panic!("no {ending} in {page}"));
    if path.starts_with('/') { path.to_owned() } else { format!("/{}", path.trim_start_matches("./")) }
}

//! The console's files, embedded at compile time from `dist/` and answered as they are:
//! nothing is compressed or rewritten here. Without a built console there is a page that
//! says how to build it.

use crate::site::{page, text};
use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, VARY,
};
use http::{Response, StatusCode};
use rust_embed::{EmbeddedFile, RustEmbed};
use std::borrow::Cow;
use tonic::body::Body;

#[derive(RustEmbed)]
#[folder = "../../dist"]
#[allow_missing = true]
struct Dist;

const INDEX: &str = "index.html";

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><title>Irongate</title><h1>The console is not built</h1>\
<p>This server was compiled without it. Run <code>cargo xtask build</code> in the source tree and start the server \
again. gRPC, gRPC-web, <a href=\"/healthz\">/healthz</a> and <a href=\"/metrics\">/metrics</a> work all the same.</p>\n";

/// Answers `path`: a file, or the console itself for every path that could be one of its pages.
pub(crate) fn answer(path: &str, headers: &HeaderMap) -> Response<Body> {
    answer_from::<Dist>(path, headers)
}

fn answer_from<Files: RustEmbed>(path: &str, headers: &HeaderMap) -> Response<Body> {
    let name = path.trim_start_matches('/');
    let is_file = !name.is_empty() && Files::get(name).is_some() && !name.ends_with(".br");
    let is_page = !name.rsplit('/').next().unwrap_or(name).contains('.');
    if is_file {
        file::<Files>(name, headers)
    } else if !is_page {
        text(StatusCode::NOT_FOUND, "there is no such file")
    } else if Files::get(INDEX).is_some() {
        file::<Files>(INDEX, headers)
    } else {
        let content_type = HeaderValue::from_static("text/html; charset=utf-8");
        let mut response = page(StatusCode::OK, content_type, Bytes::from_static(NOT_BUILT.as_bytes()));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

fn file<Files: RustEmbed>(name: &str, headers: &HeaderMap) -> Response<Body> {
    let compressed = if accepts_brotli(headers) { Files::get(&format!("{name}.br")) } else { None };
    let is_compressed = compressed.is_some();
    let Some(file) = compressed.or_else(|| Files::get(name)) else {
        return text(StatusCode::NOT_FOUND, "there is no such file");
    };
    let tag = entity_tag(&file);
    let mut response = if is_known(headers, &tag) {
        let mut response = page(StatusCode::NOT_MODIFIED, content_type(name), Bytes::new());
        response.headers_mut().remove(CONTENT_LENGTH);
        response
    } else {
        page(StatusCode::OK, content_type(name), content(file))
    };
    let answer = response.headers_mut();
    if is_compressed {
        answer.insert(CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    answer.insert(VARY, HeaderValue::from_static("accept-encoding"));
    answer.insert(CACHE_CONTROL, caching(name));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answer.insert(ETAG, tag);
    }
    response
}

fn content(file: EmbeddedFile) -> Bytes {
    match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    }
}

/// Different for the compressed file, as it must be.
fn entity_tag(file: &EmbeddedFile) -> String {
    use std::fmt::Write;
    let mut tag = String::from("\"");
    for byte in &file.metadata.sha256_hash()[..12] {
        let _ = write!(tag, "{byte:02x}");
    }
    tag + "\""
}

fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    known.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

fn accepts_brotli(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|item| {
            let mut parts = item.split(';').map(str::trim);
            let is_brotli = parts.next().is_some_and(|coding| coding.eq_ignore_ascii_case("br"));
            let is_refused = parts.any(|weight| weight.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0)));
            is_brotli && !is_refused
        })
}

/// A file with its content's hash in its name never changes; every other may at any time.
fn caching(name: &str) -> HeaderValue {
    HeaderValue::from_static(if has_hash(name) { "public, max-age=31536000, immutable" } else { "no-cache" })
}

/// Whether a part of the name, between `-`, `_` and `.`, is a hash.
fn has_hash(name: &str) -> bool {
    const HASH_CHARS_MIN: usize = 8;
    let parts = name.split(['-', '_', '.', '/']);
    parts.skip(1).any(|part| part.len() >= HASH_CHARS_MIN && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn content_type(name: &str) -> HeaderValue {
    HeaderValue::from_static(match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brotli_is_used_only_where_it_is_accepted() {
        let accepts = |value: &'static str| {
            accepts_brotli(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]))
        };
        assert!(accepts("gzip, deflate, br, zstd"));
        assert!(accepts("br;q=0.5"));
        assert!(!accepts("gzip, br;q=0"));
        assert!(!accepts("br; q=0.000"));
        assert!(!accepts("gzip"));
        assert!(!accepts_brotli(&HeaderMap::new()));
    }

    #[test]
    fn only_hashed_names_are_kept_for_ever() {
        for name in ["console-0123456789abcdef.js", "console-0a1b2c3d_bg.wasm", "worker-deadbeef.js"] {
            assert!(has_hash(name), "{name}");
        }
        for name in ["index.html", "style.css", "deadbeef.js", "console-worker.js", "console-abc.js", "a-facade.js"] {
            assert!(!has_hash(name), "{name}");
        }
    }

    #[test]
    fn a_known_tag_is_recognised_in_a_list() {
        let known = |value: &'static str| {
            is_known(&HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(value))]), "\"ab\"")
        };
        assert!(known("\"ab\"") && known("W/\"ab\"") && known("\"cd\", \"ab\"") && known("*"));
        assert!(!known("\"cd\"") && !is_known(&HeaderMap::new(), "\"ab\""));
    }

    #[test]
    fn wasm_and_scripts_have_the_types_that_browsers_insist_on() {
        assert_eq!(content_type("console_bg.wasm"), "application/wasm");
        assert_eq!(content_type("console.js"), "text/javascript; charset=utf-8");
        assert_eq!(content_type("strange"), "application/octet-stream");
    }

    #[derive(RustEmbed)]
    #[folder = "tests/fixtures/dist"]
    struct Built;

    #[derive(RustEmbed)]
    #[folder = "tests/fixtures/not-built"]
    #[allow_missing = true]
    struct NotBuilt;

    const SCRIPT: &str = "/console-0a1b2c3d4e5f6071.js";

    async fn body(response: Response<Body>) -> Bytes {
        http_body_util::BodyExt::collect(response.into_body()).await.expect("a body").to_bytes()
    }

    fn with(name: http::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).expect("a value"))])
    }

    #[tokio::test]
    async fn a_file_is_compressed_for_those_who_accept_it() {
        let plain = answer_from::<Built>(SCRIPT, &HeaderMap::new());
        let compressed = answer_from::<Built>(SCRIPT, &with(ACCEPT_ENCODING, "gzip, br"));
        assert_eq!(compressed.headers()[CONTENT_ENCODING], "br");
        assert_ne!(compressed.headers()[ETAG], plain.headers()[ETAG]);
        for response in [&plain, &compressed] {
            assert_eq!(response.headers()[VARY], "accept-encoding");
            assert_eq!(response.headers()["content-type"], "text/javascript; charset=utf-8");
            assert_eq!(response.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
        }
        assert!(!plain.headers().contains_key(CONTENT_ENCODING));
        assert_eq!(body(compressed).await, "compressed script");
        assert_eq!(body(plain).await, "export {};\n");

        let never_compressed = answer_from::<Built>("/style.css", &with(ACCEPT_ENCODING, "br"));
        assert!(!never_compressed.headers().contains_key(CONTENT_ENCODING));
        assert_eq!(never_compressed.headers()[CACHE_CONTROL], "no-cache");
        assert_eq!(body(never_compressed).await, "body{}\n");
    }

    #[tokio::test]
    async fn a_file_that_is_known_is_not_sent_again() {
        let tag = answer_from::<Built>("/", &HeaderMap::new()).headers()[ETAG].clone();
        let known = answer_from::<Built>("/", &with(IF_NONE_MATCH, tag.to_str().expect("text")));
        assert_eq!((known.status(), &known.headers()[ETAG]), (StatusCode::NOT_MODIFIED, &tag));
        assert!(body(known).await.is_empty());
    }

    #[tokio::test]
    async fn every_path_that_could_be_a_page_is_the_console() {
        for path in ["/", "/produce", "/topics/default/orders"] {
            let response = answer_from::<Built>(path, &HeaderMap::new());
            assert_eq!(
                (response.status(), &response.headers()[CACHE_CONTROL]),
                (StatusCode::OK, &"no-cache".parse().expect("a value"))
            );
            assert_eq!(body(response).await, "<!doctype html><title>fixture</title>\n", "{path}");
        }
        for path in ["/missing.js", "/index.html.br", "/../Cargo.toml", "/fonts/missing.woff2"] {
            assert_eq!(answer_from::<Built>(path, &HeaderMap::new()).status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[tokio::test]
    async fn without_a_console_the_page_says_how_to_build_it() {
        let response = answer_from::<NotBuilt>("/", &HeaderMap::new());
        assert_eq!(
            (response.status(), &response.headers()[CACHE_CONTROL]),
            (StatusCode::OK, &"no-store".parse().expect("a value"))
        );
        let page = body(response).await;
        assert!(std::str::from_utf8(&page).expect("text").contains("cargo xtask build"));
    }
}

//! Who may speak to the server at all. A page on another site can make a browser send
//! requests here, and can rebind its own host name to this machine's address; the `Origin`
//! and `Host` headers tell both apart. This is no authentication: a program that is not a
//! browser can send any header.

use crate::config::{AllowedHost, AllowedOrigin};
use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, Request, StatusCode};
use std::net::IpAddr;

/// Names and origins that are let in.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    hosts: Vec<AllowedHost>,
    origins: Vec<AllowedOrigin>,
}

/// Why a request was turned away.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) sentence: String,
}

impl Refusal {
    fn bad_request(sentence: &str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, sentence: sentence.to_owned() }
    }

    fn forbidden(sentence: String) -> Self {
        Self { status: StatusCode::FORBIDDEN, sentence }
    }
}

impl Gate {
    pub(crate) fn new(hosts: Vec<AllowedHost>, origins: Vec<AllowedOrigin>) -> Self {
        Self { hosts, origins }
    }

    /// Lets a request in that arrived at the local address `local`, and says under which
    /// name the client reached the server.
    pub(crate) fn admit<B>(&self, request: &Request<B>, local: IpAddr) -> Result<Authority, Refusal> {
        let authority = self.admit_host(request, local)?;
        self.admit_origin(request.headers(), &authority)?;
        Ok(authority)
    }

    /// HTTP/2 names the host in `:authority`, HTTP/1.1 in `Host`; where both are given, both must pass.
    fn admit_host<B>(&self, request: &Request<B>, local: IpAddr) -> Result<Authority, Refusal> {
        let mut named = request.uri().authority().cloned();
        let mut hosts = request.headers().get_all(HOST).iter();
        if let Some(value) = hosts.next() {
            let host = value
                .to_str()
                .ok()
                .and_then(|text| text.parse::<Authority>().ok())
                .ok_or_else(|| Refusal::bad_request("the Host header is not a host name"))?;
            if named.as_ref().is_some_and(|named| named != &host) {
                return Err(Refusal::bad_request("the request names two different hosts"));
            }
            named = Some(host);
        }
        if hosts.next().is_some() {
            return Err(Refusal::bad_request("the request has more than one Host header"));
        }
        let named = named.ok_or_else(|| Refusal::bad_request("the request names no host"))?;
        if self.knows(&named, local) {
            return Ok(named);
        }
        Err(Refusal::forbidden(format!(
            "the host {} is not allowed here; start the server with --allow-host {}",
            shortened(named.as_str()),
            shortened(named.host())
        )))
    }

    /// Loopback in any spelling, the very address the connection arrived at (an address
    /// cannot be rebound, only a name can), or a name on the list.
    fn knows(&self, authority: &Authority, local: IpAddr) -> bool {
        if authority.as_str().contains('@') {
            return false;
        }
        let host = authority.host();
        if host.eq_ignore_ascii_case("localhost") {
            return true;
        }
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = bare.parse::<IpAddr>().map(|address| address.to_canonical())
            && (address.is_loopback() || address == local)
        {
            return true;
        }
        self.hosts.iter().any(|allowed| allowed.matches(authority))
    }

    fn admit_origin(&self, headers: &HeaderMap, authority: &Authority) -> Result<(), Refusal> {
        let Some(value) = headers.get(ORIGIN) else { return Ok(()) };
        let origin = value.to_str().map_err(|_| Refusal::bad_request("the Origin header is not text"))?;
        if is_same_origin(origin, authority) || self.lists_origin(origin) {
            return Ok(());
        }
        Err(Refusal::forbidden(format!(
            "pages from {0} may not call this server; start the server with --allow-origin {0}",
            shortened(origin)
        )))
    }

    /// Whether `origin` is on the list, beside the server's own.
    pub(crate) fn lists_origin(&self, origin: &str) -> bool {
        self.origins.iter().any(|allowed| allowed.as_str().eq_ignore_ascii_case(origin))
    }

    /// Every listed origin.
    pub(crate) fn origins(&self) -> &[AllowedOrigin] {
        &self.origins
    }
}

/// Both schemes count as the same origin: before a host name on the allow list there may be
/// a proxy that speaks TLS, and what it serves is this server.
fn is_same_origin(origin: &str, authority: &Authority) -> bool {
    let (rest, default_port) = if let Some(rest) = origin.strip_prefix("http://") {
        (rest, ":80")
    } else if let Some(rest) = origin.strip_prefix("https://") {
        (rest, ":443")
    } else {
        return false;
    };
    let own = authority.as_str();
    rest.eq_ignore_ascii_case(own) || rest.eq_ignore_ascii_case(own.strip_suffix(default_port).unwrap_or(own))
}

/// The longest part of a header that a sentence repeats.
const REPEATED_BYTES_MAX: usize = 200;

fn shortened(text: &str) -> &str {
    text.get(..text.floor_char_boundary(REPEATED_BYTES_MAX)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn gate() -> Gate {
        let hosts = vec!["console.example.com".parse().expect("a host")];
        let origins = vec!["https://tools.example.com".parse().expect("an origin")];
        Gate::new(hosts, origins)
    }

    fn request(host: &str, origin: Option<&str>) -> Request<()> {
        let mut builder = Request::builder().uri("/").header(HOST, host);
        if let Some(origin) = origin {
            builder = builder.header(ORIGIN, origin);
        }
        builder.body(()).expect("a request")
    }

    fn refusal(host: &str, origin: Option<&str>) -> Refusal {
        gate().admit(&request(host, origin), LOOPBACK).expect_err(host)
    }

    #[test]
    fn loopback_and_listed_hosts_pass() {
        for host in [
            "localhost:6650",
            "LOCALHOST",
            "127.0.0.1:6650",
            "127.9.9.9",
            "[::1]:6650",
            "[::ffff:127.0.0.1]:6650",
            "console.example.com",
        ] {
            assert!(gate().admit(&request(host, None), LOOPBACK).is_ok(), "{host}");
        }
    }

    #[test]
    fn a_rebound_name_is_refused() {
        for host in
            ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.1.4", "user@localhost"]
        {
            let refusal = refusal(host, None);
            assert_eq!(refusal.status, StatusCode::FORBIDDEN, "{host}");
            assert!(refusal.sentence.contains("--allow-host"), "{refusal:?}");
        }
    }

    #[test]
    fn the_address_the_connection_arrived_at_passes() {
        let local: IpAddr = "192.168.1.4".parse().expect("an address");
        assert!(gate().admit(&request("192.168.1.4:6650", None), local).is_ok());
        assert!(gate().admit(&request("192.168.1.5:6650", None), local).is_err());
    }

    #[test]
    fn no_host_two_hosts_and_no_name_are_bad_requests() {
        let none = Request::builder().uri("/").body(()).expect("a request");
        assert_eq!(gate().admit(&none, LOOPBACK).expect_err("no host").status, StatusCode::BAD_REQUEST);
        let two = Request::builder()
            .uri("/")
            .header(HOST, "localhost")
            .header(HOST, "localhost")
            .body(())
            .expect("a request");
        assert_eq!(gate().admit(&two, LOOPBACK).expect_err("two hosts").status, StatusCode::BAD_REQUEST);
        let differing =
            Request::builder().uri("http://localhost/").header(HOST, "127.0.0.1").body(()).expect("a request");
        assert_eq!(gate().admit(&differing, LOOPBACK).expect_err("two names").status, StatusCode::BAD_REQUEST);
        assert_eq!(refusal("a b", None).status, StatusCode::BAD_REQUEST);
    }

    #[test]
    fn only_the_own_and_the_listed_origins_pass() {
        let passes = |host: &str, origin: &str| gate().admit(&request(host, Some(origin)), LOOPBACK).is_ok();
        assert!(passes("localhost:6650", "http://localhost:6650"));
        assert!(passes("console.example.com", "https://console.example.com"));
        assert!(passes("console.example.com:443", "https://console.example.com"));
        assert!(passes("localhost:6650", "https://tools.example.com"));
        for origin in
            ["http://localhost:8080", "http://127.0.0.1:6650", "null", "https://evil.example", "file://localhost:6650"]
        {
            let refusal = refusal("localhost:6650", Some(origin));
            assert_eq!(refusal.status, StatusCode::FORBIDDEN, "{origin}");
            assert!(refusal.sentence.contains("--allow-origin"), "{refusal:?}");
        }
    }
}

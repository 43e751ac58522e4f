//! A server's address as a person types it. Resolving and connecting happen in `client.rs`.

use std::fmt;
use std::str::FromStr;
use tonic::transport::Uri;

/// `http://host:port`, nothing after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceAddr(Uri);

impl ServiceAddr {
    pub(crate) fn uri(&self) -> Uri {
        self.0.clone()
    }
}

impl fmt::Display for ServiceAddr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.scheme_str().unwrap_or("http");
        let authority = self.0.authority().map_or("", |authority| authority.as_str());
        write!(formatter, "{scheme}://{authority}")
    }
}

impl FromStr for ServiceAddr {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let example = "give scheme, host and port, as http://127.0.0.1:6650";
        let uri: Uri = with_scheme.parse().map_err(|_| format!("this is no address; {example}"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err("TLS is not supported yet; use an http:// address".to_owned()),
            _ => return Err(format!("the scheme is not http; {example}")),
        }
        if uri.host().is_none_or(str::is_empty) {
            return Err(format!("the host is missing; {example}"));
        }
        if uri.port_u16().is_none() {
            return Err(format!("the port is missing or above 65535; {example}"));
        }
        if uri.path_and_query().is_some_and(|rest| rest.as_str() != "/") {
            return Err(format!("nothing may follow the port; {example}"));
        }
        Ok(Self(uri))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_scheme_is_http() {
        for text in ["localhost:6650", "http://localhost:6650", "http://localhost:6650/"] {
            assert_eq!(text.parse::<ServiceAddr>().expect(text).to_string(), "http://localhost:6650");
        }
        assert_eq!("[::1]:6650".parse::<ServiceAddr>().expect("IPv6").to_string(), "http://[::1]:6650");
    }

    #[test]
    fn what_is_no_address_gets_a_sentence() {
        for (text, part) in [
            ("", "no address"),
            ("http://", "no address"),
            ("localhost", "port is missing"),
            ("ftp://localhost:1", "scheme is not http"),
            ("https://localhost:1", "TLS"),
            ("http://localhost:1/x", "nothing may follow"),
            ("http://localhost:99999", "above 65535"),
        ] {
            let sentence = text.parse::<ServiceAddr>().expect_err(text);
            assert!(sentence.contains(part), "{text}: {sentence}");
        }
    }
}

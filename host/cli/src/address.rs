//! A server's address as a person types it, with what a client shows the server there. Resolving and connecting happen in `client.rs`.

use crate::credentials::Credentials;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use tonic::transport::Uri;

/// `http://host:port` or `https://host:port`, nothing after it.
#[derive(Clone, Debug)]
pub(crate) struct ServiceAddr {
    uri: Uri,
    credentials: Arc<Credentials>,
}

/// The same place; what is shown there does not count.
impl PartialEq for ServiceAddr {
    fn eq(&self, other: &Self) -> bool {
        self.uri == other.uri
    }
}

impl ServiceAddr {
    pub(crate) fn uri(&self) -> Uri {
        self.uri.clone()
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The same place, shown `credentials`.
    pub(crate) fn with(self, credentials: Arc<Credentials>) -> Self {
        Self { credentials, ..self }
    }

    /// Another broker of the same cluster, as this one names it. It is shown the same, except that
    /// a token that came here under TLS does not go there without.
    pub(crate) fn sibling(&self, url: &str) -> Result<Self, String> {
        let sibling: Self = url.parse()?;
        let credentials = match self.is_tls() && !sibling.is_tls() {
            true => Arc::new(self.credentials.without_token()),
            false => self.credentials.clone(),
        };
        Ok(sibling.with(credentials))
    }
}

impl fmt::Display for ServiceAddr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.uri.scheme_str().unwrap_or("http");
        let authority = self.uri.authority().map_or("", |authority| authority.as_str());
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
            Some("http" | "https") => {}
            _ => return Err(format!("the scheme is not http or https; {example}")),
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
        Ok(Self { uri, credentials: Arc::default() })
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
    fn a_token_goes_to_siblings_but_never_from_tls_to_clear_text() {
        let token = Credentials::read("secret".parse().ok(), None, None).expect("a token");
        for (own, sibling, is_shown) in [
            ("https://a:1", "https://b:1", true),
            ("http://a:1", "http://b:1", true),
            ("http://a:1", "https://b:1", true),
            ("https://a:1", "http://b:1", false),
        ] {
            let own = own.parse::<ServiceAddr>().expect(own).with(token.clone());
            let found = own.sibling(sibling).expect(sibling);
            assert_eq!(found.credentials().token().is_some(), is_shown, "{own} {sibling}");
        }
    }

    #[test]
    fn what_is_no_address_gets_a_sentence() {
        for (text, part) in [
            ("", "no address"),
            ("http://", "no address"),
            ("localhost", "port is missing"),
            ("ftp://localhost:1", "scheme is not http"),
            ("http://localhost:1/x", "nothing may follow"),
            ("http://localhost:99999", "above 65535"),
        ] {
            let sentence = text.parse::<ServiceAddr>().expect_err(text);
            assert!(sentence.contains(part), "{text}: {sentence}");
        }
    }
}

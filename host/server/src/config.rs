//! What a server can be told at the start. No file or environment is read here; that is the
//! command line's work.

use crate::access::TokenSecret;
use crate::error::AddressError;
use crate::limits::Limits;
use crate::tls::TlsIdentity;
use http::uri::Authority;
use irongate_deploy::Deployments;
use std::path::PathBuf;
use std::str::FromStr;

/// How to serve.
#[derive(Clone, Debug, Default)]
pub struct ServerConfig {
    /// Host names beside loopback under which clients may address the server.
    pub allowed_hosts: Vec<AllowedHost>,
    /// Origins beside the server's own from which web pages may call it.
    pub allowed_origins: Vec<AllowedOrigin>,
    /// A name for the console's bar, such as `production`; empty for none.
    pub environment: String,
    /// The console sends and changes nothing. No call is refused for it: that is what tokens are for.
    pub read_only_console: bool,
    /// The pipelines that run in this host; a host without answers that it has none.
    pub deployments: Option<Deployments>,
    /// Where back-ups are made; none: nowhere.
    pub backup_folder: Option<PathBuf>,
    /// The certificate for TLS; none: clear text.
    pub tls: Option<TlsIdentity>,
    /// Whoever calls needs a token signed with one of these; none: nobody needs one.
    pub token_secrets: Vec<TokenSecret>,
    /// The transport's limits.
    pub limits: Limits,
}

/// A host name or address, with a port or for every port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost {
    host: String,
    port: Option<u16>,
}

impl AllowedHost {
    /// Whether a request to `authority` is meant.
    pub(crate) fn matches(&self, authority: &Authority) -> bool {
        self.host.eq_ignore_ascii_case(authority.host())
            && (self.port.is_none() || self.port == authority.port_u16().or(Some(80)))
    }
}

impl FromStr for AllowedHost {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || AddressError::Host { text: text.to_owned() };
        let authority = Authority::from_str(text).map_err(|_| refused())?;
        let port_is_sound = authority.port().is_some() == (authority.as_str().len() > authority.host().len());
        if text.contains('@') || authority.host().is_empty() || !port_is_sound {
            return Err(refused());
        }
        Ok(Self { host: authority.host().to_owned(), port: authority.port_u16() })
    }
}

/// An origin as browsers write it: scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedOrigin(String);

impl AllowedOrigin {
    /// The origin as browsers write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AllowedOrigin {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || AddressError::Origin { text: text.to_owned() };
        let lower = text.trim_end_matches('/').to_ascii_lowercase();
        let rest = lower.strip_prefix("http://").or_else(|| lower.strip_prefix("https://")).ok_or_else(refused)?;
        AllowedHost::from_str(rest).map_err(|_| refused())?;
        Ok(Self(lower))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_with_or_without_port() {
        let any_port: AllowedHost = "console.example.com".parse().expect("a host");
        assert!(any_port.matches(&Authority::from_static("Console.example.com:6650")));
        assert!(any_port.matches(&Authority::from_static("console.example.com")));
        assert!(!any_port.matches(&Authority::from_static("evil.console.example.com")));
        let one_port: AllowedHost = "10.0.0.7:6650".parse().expect("a host");
        assert!(one_port.matches(&Authority::from_static("10.0.0.7:6650")));
        assert!(!one_port.matches(&Authority::from_static("10.0.0.7:6651")));
        let v6: AllowedHost = "[fd00::7]".parse().expect("a host");
        assert!(v6.matches(&Authority::from_static("[fd00::7]:6650")));
    }

    #[test]
    fn what_is_no_host_or_origin_is_refused_with_a_sentence() {
        for text in ["", "http://x", "user@host", "a/b", "host:notaport", "host:99999"] {
            let error = text.parse::<AllowedHost>().expect_err(text);
            assert!(error.to_string().starts_with(&format!("{text} is not a host name")), "{error}");
        }
        for text in ["", "example.com", "ftp://x", "http://x/path", "null", "http://"] {
            let error = text.parse::<AllowedOrigin>().expect_err(text);
            assert!(error.to_string().starts_with(&format!("{text} is not an origin")), "{error}");
        }
        assert_eq!(
            "https://Console.example.com/".parse::<AllowedOrigin>().expect("an origin").as_str(),
            "https://console.example.com"
        );
    }
}

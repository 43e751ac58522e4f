//! What a client shows a server, and by whom it lets the server's certificate be vouched for:
//! the arguments that every verb has. Tokens are never printed.

use crate::address::ServiceAddr;
use crate::failure::Failure;
use anyhow::{Context, Result};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::Certificate;

/// Where the server is and how to speak with it.
#[derive(Debug, clap::Args)]
pub(crate) struct Connection {
    /// Where the server is: scheme, host and port.
    #[arg(
        short = 's',
        long,
        global = true,
        value_name = "URL",
        env = "IRONGATE_SERVICE_ADDR",
        default_value = "http://127.0.0.1:6650"
    )]
    pub(crate) service_addr: ServiceAddr,

    /// The token to show a server that asks for one; irongate token mints them. Other users
    /// of this machine can read arguments: prefer the variable or a file.
    #[arg(long, global = true, value_name = "TOKEN", env = "IRONGATE_TOKEN", hide_env_values = true)]
    token: Option<Token>,

    /// A file that holds the token. Goes before --token.
    #[arg(long, global = true, value_name = "FILE", env = "IRONGATE_TOKEN_FILE")]
    token_file: Option<PathBuf>,

    /// A PEM file with the certificate authorities to trust, instead of this system's.
    #[arg(long, global = true, value_name = "FILE", env = "IRONGATE_CA_CERT")]
    ca_cert: Option<PathBuf>,
}

impl Connection {
    /// The address with what goes with it.
    pub(crate) fn address(self) -> Result<ServiceAddr> {
        Ok(self.service_addr.with(Credentials::read(self.token, self.token_file, self.ca_cert)?))
    }
}

/// A token, checked for what a header may hold.
#[derive(Clone)]
pub(crate) struct Token(AsciiMetadataValue);

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(..)")
    }
}

impl FromStr for Token {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unusable = || "a token is one word of printable letters, as irongate token mint prints it".to_owned();
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(unusable());
        }
        let mut value = AsciiMetadataValue::try_from(format!("Bearer {text}")).map_err(|_| unusable())?;
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

/// A token and a trusted authority, either of which may be missing.
#[derive(Clone, Default)]
pub(crate) struct Credentials {
    token: Option<AsciiMetadataValue>,
    authority: Option<Certificate>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Credentials(..)")
    }
}

impl Credentials {
    /// Reads the files; of two tokens the one from the file counts.
    pub(crate) fn read(
        token: Option<Token>,
        token_file: Option<PathBuf>,
        ca_cert: Option<PathBuf>,
    ) -> Result<Arc<Self>> {
        let token = match token_file {
            None => token,
            Some(file) => {
                let text = std::fs::read_to_string(&file)
                    .with_context(|| format!("cannot read the token file {}", file.display()))?;
                let token = text.parse().map_err(|why| Failure::Usage(format!("{}: {why}", file.display())))?;
                Some(token)
            }
        };
        let authority = match ca_cert {
            None => None,
            Some(file) => {
                let pem = std::fs::read(&file)
                    .with_context(|| format!("cannot read the certificate authorities {}", file.display()))?;
                Some(Certificate::from_pem(pem))
            }
        };
        Ok(Arc::new(Self { token: token.map(|Token(value)| value), authority }))
    }

    pub(crate) fn token(&self) -> Option<AsciiMetadataValue> {
        self.token.clone()
    }

    pub(crate) fn authority(&self) -> Option<Certificate> {
        self.authority.clone()
    }

    /// The same without the token.
    pub(crate) fn without_token(&self) -> Self {
        Self { token: None, authority: self.authority.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_word_and_is_not_printed() {
        let token: Token = " abc.def.ghi\n".parse().expect("a token");
        assert_eq!(token.0.to_str().expect("text"), "Bearer abc.def.ghi");
        assert!(!format!("{token:?} {:?}", token.0).contains("abc"), "a token was printed");
        for text in ["", " ", "a b", "ü"] {
            assert!(text.parse::<Token>().expect_err(text).starts_with("a token is one word"));
        }
    }

    #[test]
    fn the_file_goes_before_the_argument_and_a_missing_one_is_named() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("token");
        std::fs::write(&file, "from.the.file\n").expect("written");
        let both = Credentials::read("argument".parse().ok(), Some(file.clone()), None).expect("readable");
        assert_eq!(both.token().expect("a token").to_str().expect("text"), "Bearer from.the.file");
        std::fs::remove_file(&file).expect("removed");
        let error = Credentials::read(None, Some(file.clone()), None).expect_err("missing");
        assert_eq!(error.to_string(), format!("cannot read the token file {}", file.display()));
    }
}

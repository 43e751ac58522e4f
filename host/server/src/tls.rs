//! TLS on the one port: certificate and key from PEM, the handshake under a deadline, and a
//! plain answer for those who come without. Where the files are is the command line's business.

use crate::error::TlsError;
use std::fmt;
use std::io;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{DEFAULT_VERSIONS, ServerConfig};
use tokio_rustls::server::TlsStream;

/// The first byte of every TLS connection: a record of the handshake.
const HANDSHAKE: u8 = 0x16;

/// The certificate a server shows, with its key. The key is never printed.
#[derive(Clone)]
pub struct TlsIdentity {
    acceptor: TlsAcceptor,
}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TlsIdentity(..)")
    }
}

impl TlsIdentity {
    /// A certificate, with those that vouch for it behind, and its private key, all as PEM.
    ///
    /// # Errors
    /// [`TlsError`] where one of them is not, or where they do not belong together.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(certificates)
            .collect::<Result<_, _>>()
            .map_err(|error| TlsError::Certificate { reason: error.to_string() })?;
        if chain.is_empty() {
            return Err(TlsError::Certificate { reason: "there is no certificate in it".to_owned() });
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| TlsError::Key { reason: error.to_string() })?;
        let unusable = |error: tokio_rustls::rustls::Error| TlsError::Unusable { reason: error.to_string() };
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(DEFAULT_VERSIONS)
            .map_err(unusable)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(unusable)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)) })
    }

    /// Shakes hands. Who does not speak TLS is told so, in the language they came with.
    pub(crate) async fn accept(&self, mut stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let mut first = [0; 3];
        let seen = stream.peek(&mut first).await?;
        if seen > 0 && first[0] != HANDSHAKE {
            let answer = if &first == b"PRI" { plain_http2_answer() } else { plain_http1_answer() };
            // What the client said is read, or closing would throw the answer away with it.
            let _ = stream.try_read(&mut [0; 4096]);
            stream.write_all(&answer).await?;
            stream.shutdown().await?;
            return Err(io::Error::new(io::ErrorKind::InvalidData, "no TLS"));
        }
        self.acceptor.accept(stream).await
    }
}

const SENTENCE: &str = "this port speaks TLS: use https";

fn plain_http1_answer() -> Vec<u8> {
    let length = SENTENCE.len() + 1;
    format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{SENTENCE}\n"
    )
    .into_bytes()
}

/// Settings, as every HTTP/2 server begins, and GOAWAY for inadequate security, with the sentence.
fn plain_http2_answer() -> Vec<u8> {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    const INADEQUATE_SECURITY: u32 = 0xc;
    let length = u8::try_from(8 + SENTENCE.len()).unwrap_or(u8::MAX);
    let mut answer = SETTINGS.to_vec();
    answer.extend([0, 0, length, 7, 0, 0, 0, 0, 0]);
    answer.extend(0_u32.to_be_bytes());
    answer.extend(INADEQUATE_SECURITY.to_be_bytes());
    answer.extend(SENTENCE.as_bytes());
    answer
}

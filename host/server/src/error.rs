//! What stops a server, and which certificates and allow-list entries are refused. What a request did wrong
//! is the broker's error and `status.rs`'s business.

/// Why the server could not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The listener has no address; it was closed or is no TCP socket.
    #[error("the listener has no address: {source}")]
    Listener {
        /// What the operating system said.
        source: std::io::Error,
    },
}

/// Why an entry of an allow list was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// Not a host name or address.
    #[error("{text} is not a host name: give a name or address, with or without a port, as console.example.com:6650")]
    Host {
        /// The entry.
        text: String,
    },
    /// Not an origin.
    #[error("{text} is not an origin: give scheme, host and port only, as https://console.example.com")]
    Origin {
        /// The entry.
        text: String,
    },
}

/// Why a server cannot speak TLS as it was told to.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsError {
    /// The certificates are no PEM.
    #[error("the certificate cannot be read: {reason}")]
    Certificate {
        /// What is wrong with it.
        reason: String,
    },
    /// The key is no PEM.
    #[error("the private key cannot be read: {reason}")]
    Key {
        /// What is wrong with it.
        reason: String,
    },
    /// Both can be read, and do not work together.
    #[error("certificate and private key cannot be used: {reason}")]
    Unusable {
        /// What is wrong with them.
        reason: String,
    },
}

//! One connection: TLS where the server has a certificate, the protocol is told from its first bytes, and the limits hold. What is
//! answered is `dispatch.rs`'s business.

use crate::dispatch::Doors;
use crate::first_bytes::FirstBytes;
use crate::limits::{Limits, ms};
use crate::tls::TlsIdentity;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::io;
use std::pin::pin;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;

/// How every connection is spoken to.
#[derive(Clone)]
pub(crate) struct Protocol {
    builder: Builder<TokioExecutor>,
    limits: Limits,
    tls: Option<TlsIdentity>,
}

type Wire = Either<TcpStream, TlsStream<TcpStream>>;

impl Protocol {
    pub(crate) fn new(limits: Limits, tls: Option<TlsIdentity>) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(ms(limits.header_read_timeout_ms))
            .max_headers(limits.headers_max)
            .max_buf_size(limits.header_bytes_max as usize);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.concurrent_streams_max)
            .max_header_list_size(limits.header_bytes_max)
            .keep_alive_interval(ms(limits.keep_alive_interval_ms))
            .keep_alive_timeout(ms(limits.keep_alive_timeout_ms));
        Self { builder, limits, tls }
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Serves `stream` until the client is done; once `stopping`, until the calls in flight are.
    pub(crate) async fn serve(&self, stream: TcpStream, doors: Doors, stopping: CancellationToken) {
        // Answers are small and somebody waits for each: never hold one back to fill a segment.
        let _ = stream.set_nodelay(true);
        let stream = tokio::select! {
            stream = self.secured(stream) => stream,
            () = stopping.cancelled() => return,
        };
        let stream = match stream {
            Ok(stream) => stream,
            Err(error) => {
                tracing::debug!(%error, "no TLS handshake");
                return;
            }
        };
        let io = TokioIo::new(FirstBytes::new(stream, ms(self.limits.first_bytes_timeout_ms)));
        let mut connection = pin!(self.builder.serve_connection(io, doors));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = stopping.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "connection ended");
        }
    }
    /// The stream as HTTP is spoken on it.
    async fn secured(&self, stream: TcpStream) -> io::Result<Wire> {
        let Some(tls) = &self.tls else { return Ok(Either::Left(stream)) };
        let handshake = tokio::time::timeout(ms(self.limits.tls_handshake_timeout_ms), tls.accept(stream));
        handshake.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?.map(Either::Right)
    }
}

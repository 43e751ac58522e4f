//! A deadline for the first bytes of a connection. Whether a client speaks HTTP/1.1 or HTTP/2
//! is known after 24 bytes (the HTTP/2 preface); until then no other timeout runs, and a
//! client that sends nothing would hold its connection for ever. Later silence is not this
//! file's business: header timeouts and keep-alive see to it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// Length of the HTTP/2 preface. No complete HTTP/1.1 request that names a host is shorter.
const DECIDING_BYTES: usize = 24;

/// A stream that fails when its first bytes come too late.
pub(crate) struct FirstBytes<S> {
    stream: S,
    seen: usize,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> FirstBytes<S> {
    pub(crate) fn new(stream: S, timeout: Duration) -> Self {
        Self { stream, seen: 0, deadline: Some(Box::pin(tokio::time::sleep(timeout))) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FirstBytes<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let Some(deadline) = &mut self.deadline else { return read };
        if read.is_pending() {
            return match deadline.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                Poll::Pending => Poll::Pending,
            };
        }
        self.seen += buffer.filled().len() - before;
        if self.seen >= DECIDING_BYTES {
            self.deadline = None;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FirstBytes<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    const TIMEOUT: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn silence_and_a_trickle_both_meet_the_deadline() {
        for first in ["", "P", "PRI * HTTP/2.0"] {
            let (near, mut far) = duplex(64);
            far.write_all(first.as_bytes()).await.expect("room in the pipe");
            let started = tokio::time::Instant::now();
            let error = FirstBytes::new(near, TIMEOUT).read_to_end(&mut Vec::new()).await.expect_err("a timeout");
            assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{first}");
            assert!(started.elapsed() >= TIMEOUT);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_first_bytes_there_is_no_deadline() {
        let (near, mut far) = duplex(64);
        far.write_all(&[b'x'; DECIDING_BYTES]).await.expect("room in the pipe");
        let late = tokio::spawn(async move {
            tokio::time::sleep(TIMEOUT * 3).await;
            far.write_all(b"late").await.expect("room in the pipe");
        });
        let mut all = Vec::new();
        FirstBytes::new(near, TIMEOUT).read_to_end(&mut all).await.expect("no timeout");
        late.await.expect("the writer ends");
        assert!(all.ends_with(b"late"));
    }
}

//! A stream that the server can end: without it, one open subscription would hold up every
//! shutdown until the deadline. Items pass unchanged.

use std::pin::Pin;
use std::task::{Context, Poll};
use tokio_stream::Stream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::Status;

/// `stream`, until it ends by itself or the server stops.
pub(crate) struct Ending<S> {
    stream: Option<S>,
    stopping: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl<S> Ending<S> {
    pub(crate) fn new(stream: S, stopping: &CancellationToken) -> Self {
        Self { stream: Some(stream), stopping: Box::pin(stopping.clone().cancelled_owned()) }
    }
}

impl<T, S: Stream<Item = Result<T, Status>> + Unpin> Stream for Ending<S> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(None) };
        let item = Pin::new(stream).poll_next(context);
        if item.is_pending() && self.stopping.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        match item {
            Poll::Ready(Some(item)) if !self.stopping.as_mut().poll(context).is_ready() => Poll::Ready(Some(item)),
            Poll::Ready(None) => {
                self.stream = None;
                Poll::Ready(None)
            }
            _ => {
                self.stream = None;
                Poll::Ready(Some(Err(Status::unavailable("the server is shutting down"))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_stream::StreamExt;

    #[tokio::test]
    async fn stopping_ends_a_silent_stream_with_a_status_clients_retry() {
        let stopping = CancellationToken::new();
        let silent = tokio_stream::pending::<Result<u8, Status>>();
        let mut ending = Ending::new(silent, &stopping);
        assert!(futures_poll(&mut ending).await.is_pending());
        stopping.cancel();
        let status = ending.next().await.expect("an item").expect_err("a status");
        assert_eq!(status.code(), tonic::Code::Unavailable);
        assert!(ending.next().await.is_none());
    }

    #[tokio::test]
    async fn items_and_the_end_pass() {
        let items = tokio_stream::iter([Ok::<u8, Status>(1), Ok(2)]);
        let mut ending = Ending::new(items, &CancellationToken::new());
        assert_eq!(ending.next().await.expect("an item").expect("a value"), 1);
        assert_eq!(ending.next().await.expect("an item").expect("a value"), 2);
        assert!(ending.next().await.is_none());
    }

    async fn futures_poll<S: Stream + Unpin>(stream: &mut S) -> Poll<Option<S::Item>> {
        std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut *stream).poll_next(context))).await
    }
}

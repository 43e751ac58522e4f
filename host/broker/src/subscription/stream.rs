//! The stream of one consumer's messages. It empties an outbox and says when it is gone;
//! what is put in is decided elsewhere.

use super::Subscription;
use crate::metrics::Metrics;
use crate::outbox::Outbox;
use futures_core::Stream;
use irongate_proto::danube::StreamMessage;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// The messages of one consumer, as ReceiveMessages streams them. Ends when another
/// stream takes the consumer over or the broker closes. Dropping it detaches the
/// consumer: what it has not acknowledged is delivered again.
pub struct Deliveries {
    pub(crate) consumer_id: u64,
    pub(crate) subscription: Arc<Subscription>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) metrics: Arc<Metrics>,
}

impl Deliveries {
    /// What this stream delivers is kept until it is acknowledged or the stream is dropped, however long that takes. For consumers in this process,
    /// whose end the broker notices.
    #[must_use]
    pub fn holding_on(self) -> Self {
        self.subscription.hold(self.consumer_id, &self.outbox);
        self
    }
}

impl Stream for Deliveries {
    type Item = StreamMessage;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<StreamMessage>> {
        let Some((message, left)) = ready!(self.outbox.poll_pop(context)) else { return Poll::Ready(None) };
        Metrics::add(&self.metrics.messages_delivered, 1);
        // Half empty is early enough for a refill, and saves a wake-up for most messages.
        if left == self.outbox.messages_max() / 2 || left == 0 {
            self.subscription.wake.notify_one();
        }
        Poll::Ready(Some(message))
    }
}

impl Drop for Deliveries {
    fn drop(&mut self) {
        self.subscription.detach(self.consumer_id, &self.outbox);
    }
}

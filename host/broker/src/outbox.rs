//! A bounded queue of messages towards one stream, in count and bytes. It never waits: a
//! full queue says so, and what then happens is the caller's decision.

use irongate_proto::danube::StreamMessage;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

#[derive(Default)]
struct State {
    queue: VecDeque<(StreamMessage, usize)>,
    bytes: usize,
    missed: u64,
    closed: bool,
    waker: Option<Waker>,
}

pub(crate) struct Outbox {
    state: Mutex<State>,
    messages_max: usize,
    bytes_max: usize,
}

impl Outbox {
    pub(crate) fn new(messages_max: usize, bytes_max: usize) -> Self {
        Self { state: Mutex::default(), messages_max, bytes_max }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether another message would be taken. One message always fits into an empty queue.
    pub(crate) fn has_room(&self) -> bool {
        self.lock().has_room(self.messages_max, self.bytes_max)
    }

    /// Takes the message unless full or closed; says whether it did. A refused message is counted.
    pub(crate) fn push(&self, message: StreamMessage, bytes: usize) -> bool {
        let mut state = self.lock();
        if !state.has_room(self.messages_max, self.bytes_max) {
            state.missed += 1;
            return false;
        }
        state.bytes += bytes;
        state.queue.push_back((message, bytes));
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// The next message and how many are left; `None` when closed.
    pub(crate) fn poll_pop(&self, context: &mut Context<'_>) -> Poll<Option<(StreamMessage, usize)>> {
        let mut state = self.lock();
        if state.closed {
            return Poll::Ready(None);
        }
        if let Some((message, bytes)) = state.queue.pop_front() {
            state.bytes -= bytes;
            return Poll::Ready(Some((message, state.queue.len())));
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// Up to that many messages and bytes, at least one if there is one, with the number
    /// missed before the last of them.
    pub(crate) fn drain(&self, messages_max: usize, bytes_max: usize) -> (Vec<StreamMessage>, u64) {
        let mut state = self.lock();
        let mut messages = Vec::new();
        let mut taken_bytes = 0;
        while messages.len() < messages_max
            && let Some((_, bytes)) = state.queue.front()
            && (messages.is_empty() || taken_bytes + bytes <= bytes_max)
            && let Some((message, bytes)) = state.queue.pop_front()
        {
            taken_bytes += bytes;
            state.bytes -= bytes;
            messages.push(message);
        }
        (messages, std::mem::take(&mut state.missed))
    }

    /// Ends the stream; what is queued is dropped.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.queue.clear();
        state.bytes = 0;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn messages_max(&self) -> usize {
        self.messages_max
    }
}

impl State {
    fn has_room(&self, messages_max: usize, bytes_max: usize) -> bool {
        !self.closed && (self.queue.is_empty() || (self.queue.len() < messages_max && self.bytes < bytes_max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_and_counts_what_does_not_fit() {
        let outbox = Outbox::new(2, 1000);
        assert!(outbox.push(StreamMessage::default(), 10));
        assert!(outbox.push(StreamMessage::default(), 10));
        assert!(!outbox.push(StreamMessage::default(), 10));
        assert_eq!(outbox.drain(10, 1000).1, 1);
        assert_eq!(outbox.drain(10, 1000).1, 0);
    }

    #[test]
    fn one_message_over_the_bytes_fits_an_empty_queue() {
        let outbox = Outbox::new(10, 100);
        assert!(outbox.push(StreamMessage::default(), 5000));
        assert!(!outbox.push(StreamMessage::default(), 1));
        assert_eq!(outbox.drain(10, 100).0.len(), 1);
        outbox.close();
        assert!(!outbox.has_room());
    }
}

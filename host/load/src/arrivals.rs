//! Reads the topic while it is under load, and tells when each message of this run arrived. Keeps nothing.

use crate::drive::DUE_ATTRIBUTE;
use irongate_proto::irongate_v1::BrowseResponse;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_stream::{Stream, StreamExt};

/// Arrivals that wait to be counted, by response of the server.
const RESPONSES_MAX: usize = 1_024;

/// Latencies of messages that arrived together.
pub(crate) type Arrived = Vec<Duration>;

/// Waits until a reader that began at the end of the topic is there: no later message is missed.
///
/// # Errors
/// The stream's own.
pub async fn at_the_end<E>(
    mut stream: impl Stream<Item = Result<BrowseResponse, E>> + Unpin,
) -> Result<impl Stream<Item = Result<BrowseResponse, E>> + Unpin, E> {
    while let Some(response) = stream.next().await {
        if response?.caught_up {
            break;
        }
    }
    Ok(stream)
}

/// Reads until the stream or the run ends.
pub(crate) fn read<E: Send + 'static>(
    mut stream: impl Stream<Item = Result<BrowseResponse, E>> + Send + Unpin + 'static,
    run_id: String,
    start: Instant,
) -> mpsc::Receiver<Arrived> {
    let (sender, receiver) = mpsc::channel(RESPONSES_MAX);
    tokio::spawn(async move {
        loop {
            let response = tokio::select! {
                response = stream.next() => response,
                () = sender.closed() => return,
            };
            let Some(Ok(response)) = response else { return };
            let now = Instant::now();
            let dues = response.messages.iter().filter_map(|browsed| {
                let due = browsed.message.as_ref()?.attributes.get(DUE_ATTRIBUTE)?;
                due.strip_prefix(&run_id)?.strip_prefix('/')?.parse().ok()
            });
            let arrived = dues.map(|due_us| now.saturating_duration_since(start + Duration::from_micros(due_us)));
            if sender.send(arrived.collect()).await.is_err() {
                return;
            }
        }
    });
    receiver
}

//! Reads the topic while it is under load, and tells when each message of this run arrived. Keeps nothing.

use super::drive::DUE_ATTRIBUTE;
use crate::client::{ANSWER_BYTES_MAX, Channel};
use irongate_proto::irongate_v1::browse_request::Start;
use irongate_proto::irongate_v1::browse_service_client::BrowseServiceClient;
use irongate_proto::irongate_v1::{BrowseRequest, BrowseResponse};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tonic::{Status, Streaming};

/// Arrivals that wait to be counted, by response of the server.
const RESPONSES_MAX: usize = 1_024;

/// Latencies of messages that arrived together.
pub(super) type Arrived = Vec<Duration>;

/// Begins to read at the end of the topic.
///
/// # Errors
/// The server refuses.
pub(super) async fn open(channel: Channel, topic: &str) -> Result<Streaming<BrowseResponse>, Status> {
    let mut client = BrowseServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX);
    let request = BrowseRequest { topics: vec![topic.to_owned()], start: Some(Start::Latest(true)), follow: true };
    let mut stream = client.browse(request).await?.into_inner();
    // Once the server has said that there is nothing older to come, no later message is missed.
    while let Some(response) = stream.message().await? {
        if response.caught_up {
            break;
        }
    }
    Ok(stream)
}

/// Reads until the stream or the run ends.
pub(super) fn read(mut stream: Streaming<BrowseResponse>, run_id: String, start: Instant) -> mpsc::Receiver<Arrived> {
    let (sender, receiver) = mpsc::channel(RESPONSES_MAX);
    tokio::spawn(async move {
        while let Ok(Some(response)) = stream.message().await {
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

//! A pipeline's source read without a subscription: nothing is acknowledged, and nobody notices. Irongate alone offers it.

use crate::address::ServiceAddr;
use crate::browsing::Start;
use crate::client::{ANSWER_BYTES_MAX, connect};
use crate::failure::{refused, sentence};
use anyhow::Result;
use irongate_deploy::SourceTopic;
use irongate_pipeline::{Arrived, Pending, PortError, Source};
use irongate_proto::danube::StreamMessage;
use irongate_proto::irongate_v1::browse_service_client::BrowseServiceClient;
use irongate_proto::irongate_v1::{BrowseRequest, BrowseResponse};
use std::collections::VecDeque;
use tonic::{Code, Status, Streaming};

/// The records of a topic from some place on, as many as are wanted.
pub(super) struct Browsed {
    topic: String,
    address: ServiceAddr,
    stream: Streaming<BrowseResponse>,
    waiting: VecDeque<StreamMessage>,
    left: u64,
}

impl Browsed {
    /// `follow`: wait for what comes. At most `count` records.
    pub(super) async fn open(
        address: &ServiceAddr,
        topic: &str,
        start: Start,
        follow: bool,
        count: u64,
    ) -> Result<Browsed> {
        let mut client = BrowseServiceClient::new(connect(address).await?).max_decoding_message_size(ANSWER_BYTES_MAX);
        let request = BrowseRequest { topics: vec![topic.to_owned()], start: Some(start.into()), follow };
        let failed = |status: Status| match status.code() {
            Code::Unimplemented => {
                anyhow::anyhow!("{address} cannot be read without a subscription, so nothing can be tried on it")
            }
            _ => refused(&status, address),
        };
        let stream = client.browse(request).await.map_err(failed)?.into_inner();
        let (topic, address) = (topic.to_owned(), address.clone());
        Ok(Browsed { topic, address, stream, waiting: VecDeque::new(), left: count })
    }

    /// The next record; none where there are no more, or as many as were wanted.
    pub(super) async fn record(&mut self) -> Result<Option<Arrived>, PortError> {
        while self.left > 0 {
            if let Some(message) = self.waiting.pop_front() {
                self.left -= 1;
                let name = message.msg_id.as_ref().map(|id| id.topic_name.clone()).unwrap_or_default();
                return Ok(Some(SourceTopic::new(&self.topic, &name).arrived(message, None)));
            }
            let answer = self.stream.message().await.map_err(|status| PortError(sentence(&status, &self.address)))?;
            let Some(answer) = answer else { break };
            self.waiting.extend(answer.messages.into_iter().filter_map(|browsed| browsed.message));
        }
        Ok(None)
    }
}

impl Source for Browsed {
    fn next(&mut self) -> Pending<'_, Result<Option<Arrived>, PortError>> {
        Box::pin(self.record())
    }

    fn let_go(&mut self) -> Pending<'_, Result<(), PortError>> {
        // Nothing is held here that could come again.
        Box::pin(async { Err(PortError("what is read without a subscription cannot be given back".to_owned())) })
    }
}

//! Dead letters as they lie in their topic, read without a subscription. Takes none away.

use crate::address::ServiceAddr;
use crate::client::{ANSWER_BYTES_MAX, Channel, connect};
use crate::failure::refused;
use anyhow::{Result, bail};
use irongate_messages::dead_letter::{Letter, STAGE};
use irongate_proto::irongate_v1::BrowseRequest;
use irongate_proto::irongate_v1::browse_request::Start;
use irongate_proto::irongate_v1::browse_service_client::BrowseServiceClient;
use std::ops::ControlFlow;
use tonic::Code;

/// Which letters are meant.
#[derive(Debug, clap::Args)]
pub(super) struct Chosen {
    /// The topic of the dead letters; of a partitioned one its base name, or one partition.
    #[arg(value_name = "TOPIC")]
    pub(super) topic: String,

    /// Only the letter at this offset. Repeatable.
    #[arg(short, long, value_name = "OFFSET")]
    offset: Vec<u64>,

    /// Only letters of this class of errors, such as reject, schema or timeout.
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,

    /// Only letters of this stage.
    #[arg(long, value_name = "ID")]
    stage: Option<String>,

    /// Only letters whose reason has this text in it.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl Chosen {
    pub(super) fn has(&self, letter: &Letter) -> bool {
        let is = |wanted: &Option<String>, said: &str| wanted.as_ref().is_none_or(|wanted| said == wanted);
        let reason = |wanted: &String| letter.reason().contains(wanted);
        (self.offset.is_empty() || self.offset.contains(&letter.offset))
            && is(&self.class, letter.class())
            && is(&self.stage, letter.says(STAGE))
            && self.reason.as_ref().is_none_or(reason)
    }
}

/// Where dead letters are read.
pub(super) struct Letters<'a> {
    pub(super) address: &'a ServiceAddr,
    pub(super) channel: Channel,
}

impl Letters<'_> {
    pub(super) async fn open(address: &ServiceAddr) -> Result<Letters<'_>> {
        Ok(Letters { address, channel: connect(address).await? })
    }

    /// Hands over each letter there is now that is meant, oldest first, until told to break.
    pub(super) async fn each(
        &self,
        chosen: &Chosen,
        mut take: impl AsyncFnMut(Letter) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let request =
            BrowseRequest { topics: vec![chosen.topic.clone()], start: Some(Start::Earliest(true)), follow: false };
        let mut client = BrowseServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX);
        let stream = client.browse(request).await;
        let mut stream = match stream {
            Ok(stream) => stream.into_inner(),
            Err(status) if status.code() == Code::Unimplemented => {
                bail!("{} is a Danube broker, which cannot be read without a subscription", self.address)
            }
            Err(status) => return Err(refused(&status, self.address)),
        };
        while let Some(answer) = stream.message().await.map_err(|status| refused(&status, self.address))? {
            for message in answer.messages.into_iter().filter_map(|browsed| browsed.message) {
                let id = message.msg_id.unwrap_or_default();
                let letter = Letter {
                    topic: id.topic_name,
                    offset: id.topic_offset,
                    key: message.routing_key,
                    attributes: message.attributes.into_iter().collect(),
                    payload: message.payload,
                };
                if chosen.has(&letter) && take(letter).await?.is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use irongate_messages::dead_letter::{ERROR_CLASS, FAILURE_REASON};

    #[test]
    fn every_filter_counts() {
        let said = [(ERROR_CLASS, "reject"), (STAGE, "mask"), (FAILURE_REASON, "it is not JSON")];
        let attributes = said.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let letter = Letter { topic: "/default/dlq".into(), offset: 3, attributes, ..Letter::default() };
        let chosen = |offset: Vec<u64>, class: Option<&str>, stage: Option<&str>, reason: Option<&str>| {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            let topic = "/default/dlq".to_owned();
            Chosen { topic, offset, class: owned(class), stage: owned(stage), reason: owned(reason) }.has(&letter)
        };
        assert!(chosen(vec![], None, None, None));
        assert!(chosen(vec![1, 3], Some("reject"), Some("mask"), Some("JSON")));
        assert!(!chosen(vec![1], None, None, None));
        assert!(!chosen(vec![], Some("schema"), None, None));
        assert!(!chosen(vec![], None, Some("other"), None));
        assert!(!chosen(vec![], None, None, Some("Avro")));
    }
}

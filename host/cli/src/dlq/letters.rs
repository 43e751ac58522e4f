//! Dead letters as they lie in their topic, read without a subscription. Takes none away.

use crate::address::ServiceAddr;
use crate::client::{ANSWER_BYTES_MAX, Channel, connect};
use crate::failure::refused;
use anyhow::{Result, bail};
use bytes::Bytes;
use irongate_pipeline::dead_letter::{
    BACKTRACE, DELIVERY_ATTEMPT, ERROR_CLASS, FAILURE_REASON, ORIGINAL_OFFSET, ORIGINAL_SUBSCRIPTION, ORIGINAL_TOPIC,
    PIPELINE, PLUGIN, PLUGIN_SHA256, POISON_POLICY, PUBLISH_TIME_MS, STAGE, TARGET,
};
use irongate_pipeline::{DEDUP_ID, ORIGIN};
use irongate_proto::irongate_v1::BrowseRequest;
use irongate_proto::irongate_v1::browse_request::Start;
use irongate_proto::irongate_v1::browse_service_client::BrowseServiceClient;
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use tonic::Code;

/// Attributes that a dead letter has beside those of the message that it was.
const OF_THE_LETTER: [&str; 15] = [
    ORIGINAL_TOPIC,
    ORIGINAL_SUBSCRIPTION,
    ORIGINAL_OFFSET,
    DELIVERY_ATTEMPT,
    FAILURE_REASON,
    POISON_POLICY,
    ERROR_CLASS,
    PIPELINE,
    STAGE,
    TARGET,
    PLUGIN,
    PLUGIN_SHA256,
    BACKTRACE,
    PUBLISH_TIME_MS,
    DEDUP_ID,
];
/// What a letter that failed again keeps of its first failure.
const OF_THE_FIRST: &str = "x-first-original-";

/// A dead letter.
pub(super) struct Letter {
    /// The topic it lies in; of a partitioned one the partition.
    pub(super) topic: String,
    pub(super) offset: u64,
    pub(super) key: Option<String>,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) payload: Bytes,
}

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
        let is = |wanted: &Option<String>, name| wanted.as_ref().is_none_or(|wanted| letter.says(name) == wanted);
        let reason = |wanted: &String| letter.says(FAILURE_REASON).contains(wanted);
        (self.offset.is_empty() || self.offset.contains(&letter.offset))
            && is(&self.class, ERROR_CLASS)
            && is(&self.stage, STAGE)
            && self.reason.as_ref().is_none_or(reason)
    }
}

impl Letter {
    /// An attribute, or nothing.
    pub(super) fn says(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    /// The topic that the message was in, by its base name.
    pub(super) fn home(&self) -> Option<&str> {
        let topic = self.attributes.get(ORIGINAL_TOPIC)?;
        let base = topic.rsplit_once("-part-").filter(|(_, number)| number.parse::<u32>().is_ok());
        Some(base.map_or(topic.as_str(), |(base, _)| base))
    }

    /// The attributes of the message that it was, and where that was first, by which its outputs keep their dedup ids.
    pub(super) fn original_attributes(&self) -> HashMap<String, String> {
        let is_own = |name: &str| !OF_THE_LETTER.contains(&name) && !name.starts_with(OF_THE_FIRST);
        let own = self.attributes.iter().filter(|(name, _)| is_own(name));
        let mut attributes: HashMap<String, String> = own.map(|(name, value)| (name.clone(), value.clone())).collect();
        let origin = || format!("{}@{}", self.says(ORIGINAL_TOPIC), self.says(ORIGINAL_OFFSET));
        attributes.entry(ORIGIN.to_owned()).or_insert_with(origin);
        attributes
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

    fn letter(attributes: &[(&str, &str)]) -> Letter {
        let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Letter { topic: "/default/dlq".into(), offset: 3, key: None, attributes, payload: Bytes::new() }
    }

    #[test]
    fn the_message_that_a_letter_was_has_its_own_attributes_and_its_first_place() {
        let letter = letter(&[
            ("tenant", "a"),
            (ORIGINAL_TOPIC, "/default/orders-part-2"),
            (ORIGINAL_OFFSET, "9"),
            (FAILURE_REASON, "not JSON"),
            (DEDUP_ID, "1234"),
            ("x-first-original-topic", "/default/first"),
        ]);
        assert_eq!(letter.home(), Some("/default/orders"));
        let attributes = letter.original_attributes();
        assert_eq!(attributes.len(), 2, "{attributes:?}");
        assert_eq!(attributes["tenant"], "a");
        assert_eq!(attributes[ORIGIN], "/default/orders-part-2@9");
    }

    #[test]
    fn a_letter_that_was_replayed_before_keeps_where_it_was_first() {
        let letter = letter(&[(ORIGINAL_TOPIC, "/default/a-part-x"), (ORIGINAL_OFFSET, "9"), (ORIGIN, "/default/a@1")]);
        assert_eq!(letter.home(), Some("/default/a-part-x"));
        assert_eq!(letter.original_attributes()[ORIGIN], "/default/a@1");
    }

    #[test]
    fn every_filter_counts() {
        let letter = letter(&[(ERROR_CLASS, "reject"), (STAGE, "mask"), (FAILURE_REASON, "it is not JSON")]);
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

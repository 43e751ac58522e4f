//! Reading a topic without a subscription: nothing is acknowledged. Irongate alone offers it.

use crate::address::ServiceAddr;
use crate::client::{ANSWER_BYTES_MAX, Channel};
use crate::failure::{is_temporary, refused};
use crate::output::{complain, harmless};
use crate::sender::wait_to_retry;
use crate::verbs::consume::{Printer, Verdict};
use anyhow::{Result, bail};
use irongate_proto::danube::discovery_client::DiscoveryClient;
use irongate_proto::danube::{MsgId, TopicLookupRequest};
use irongate_proto::irongate_v1::BrowseRequest;
use irongate_proto::irongate_v1::browse_request::Start as WireStart;
use irongate_proto::irongate_v1::browse_service_client::BrowseServiceClient;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::str::FromStr;
use tonic::{Code, Status};

/// Where to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Earliest,
    Latest,
    Offset(u64),
    TimestampMs(u64),
    LastCount(u32),
}

impl FromStr for Start {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |kind: &str, digits: &str| {
            digits.parse().map_err(|_| format!("{kind}: takes a whole number, {digits} is none"))
        };
        match text.split_once(':') {
            None if text == "earliest" => Ok(Self::Earliest),
            None if text == "latest" => Ok(Self::Latest),
            Some(("offset", digits)) => number("offset", digits).map(Self::Offset),
            Some(("timestamp", digits)) => number("timestamp", digits).map(Self::TimestampMs),
            Some(("last", digits)) => {
                let count = number("last", digits)?;
                u32::try_from(count).map(Self::LastCount).map_err(|_| format!("last: takes at most {}", u32::MAX))
            }
            Some(("time", time)) => {
                let parsed: Timestamp = time.parse().map_err(|_| {
                    format!("time: takes a time with its zone, as 2024-01-01T10:00:00Z; {time} is none")
                })?;
                since_epoch(parsed)
            }
            Some(("ago", span)) => {
                let wrong = || format!("ago: takes a duration, as 90s, 15m, 2h or 1h30m; {span} is none");
                let span: SignedDuration = span.parse().map_err(|_| wrong())?;
                if span.is_negative() {
                    return Err(wrong());
                }
                since_epoch(Timestamp::now().checked_sub(span).map_err(|_| wrong())?)
            }
            _ => {
                Err("use earliest, latest, offset:N, time:2024-01-01T10:00:00Z, ago:15m, timestamp:MS or last:N"
                    .to_owned())
            }
        }
    }
}

fn since_epoch(time: Timestamp) -> Result<Start, String> {
    let milliseconds = u64::try_from(time.as_millisecond());
    milliseconds.map(Start::TimestampMs).map_err(|_| format!("{time} is before 1970, when time began here"))
}

impl From<Start> for WireStart {
    fn from(start: Start) -> Self {
        match start {
            Start::Earliest => Self::Earliest(true),
            Start::Latest => Self::Latest(true),
            Start::Offset(offset) => Self::Offset(offset),
            Start::TimestampMs(timestamp_ms) => Self::TimestampMs(timestamp_ms),
            Start::LastCount(count) => Self::LastCount(count),
        }
    }
}

/// Prints the messages of `topic` from `start` on. A connection that is lost is made again;
/// where the server was not started anew in between no stored message is missed or shown twice.
pub(crate) async fn browse(
    channel: Channel,
    address: &ServiceAddr,
    topic: &str,
    start: Start,
    follow: bool,
    printer: &mut Printer,
) -> Result<()> {
    if follow && is_missing(&channel, topic).await {
        complain(&format!("the topic {} does not exist yet; waiting for it", harmless(topic)));
    }
    let mut client = BrowseServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX);
    let mut reader = Reader { printer, next_offsets: HashMap::new() };
    let mut request = BrowseRequest { topics: vec![topic.to_owned()], start: Some(start.into()), follow };
    let mut retry = 0;
    loop {
        let status = match reader.read(&mut client, request.clone()).await? {
            End::Enough => return Ok(()),
            End::Lost(None) => return if follow { bail!("the server ended the stream of {topic}") } else { Ok(()) },
            End::Lost(Some(status)) => status,
        };
        if status.code() == Code::Unimplemented {
            // A host before a cluster says why; a broker that knows no such call says nothing.
            let why = if status.message().is_empty() { String::new() } else { format!(" ({})", status.message()) };
            bail!("this server cannot be read without a subscription{why}; give one with -m");
        }
        // Before the first message the reason is told; later a server may come back.
        if reader.next_offsets.is_empty() || !is_temporary(&status) {
            return Err(refused(&status, address));
        }
        if retry == 0 {
            complain(&format!("the connection to {address} was lost; trying again"));
        }
        retry = (retry + 1).min(RETRY_STEPS_MAX);
        wait_to_retry(retry).await;
        request.start = Some(WireStart::Offset(reader.next_offsets.values().copied().min().unwrap_or(0)));
    }
}

/// Whether the server knows the name and has no such topic; what else there may be to say it says itself.
async fn is_missing(channel: &Channel, topic: &str) -> bool {
    let request = TopicLookupRequest { request_id: 0, topic: topic.to_owned() };
    let found = DiscoveryClient::new(channel.clone()).topic_partitions(request).await;
    found.is_ok_and(|found| found.into_inner().partitions.is_empty())
}

/// Waiting grows up to this many steps.
const RETRY_STEPS_MAX: u32 = 10;

/// Why reading stopped: enough is printed, or the stream ended, with a status or as it should.
enum End {
    Enough,
    Lost(Option<Status>),
}

/// Prints what arrives, each stored message once.
struct Reader<'a> {
    printer: &'a mut Printer,
    /// By partition, the offset that was not seen yet.
    next_offsets: HashMap<String, u64>,
}

impl Reader<'_> {
    async fn read(&mut self, client: &mut BrowseServiceClient<Channel>, request: BrowseRequest) -> Result<End> {
        let mut stream = match client.browse(request).await {
            Ok(response) => response.into_inner(),
            Err(status) => return Ok(End::Lost(Some(status))),
        };
        loop {
            let response = match stream.message().await {
                Ok(Some(response)) => response,
                Ok(None) => return Ok(End::Lost(None)),
                Err(status) => return Ok(End::Lost(Some(status))),
            };
            if response.missed_count > 0 {
                complain(&format!(
                    "{} messages came faster than they were read and are missing",
                    response.missed_count
                ));
            }
            for browsed in response.messages {
                let Some(message) = browsed.message else { continue };
                let is_new = !browsed.stored || self.is_new(message.msg_id.as_ref());
                if !is_new {
                    continue;
                }
                if let Verdict::Enough | Verdict::ReaderGone = self.printer.print(&message).await? {
                    return Ok(End::Enough);
                }
            }
        }
    }

    /// Notes a stored message as seen; false where it was seen before.
    fn is_new(&mut self, id: Option<&MsgId>) -> bool {
        let Some(id) = id else { return true };
        let next = self.next_offsets.entry(id.topic_name.clone()).or_default();
        let is_new = id.topic_offset >= *next;
        *next = (*next).max(id.topic_offset + 1);
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_read() {
        assert_eq!("earliest".parse(), Ok(Start::Earliest));
        assert_eq!("latest".parse(), Ok(Start::Latest));
        assert_eq!("offset:17".parse(), Ok(Start::Offset(17)));
        assert_eq!("timestamp:1700000000000".parse(), Ok(Start::TimestampMs(1_700_000_000_000)));
        assert_eq!("last:5".parse(), Ok(Start::LastCount(5)));
        assert_eq!("time:1970-01-01T00:00:05+00:00".parse(), Ok(Start::TimestampMs(5_000)));
        let before = u64::try_from(Timestamp::now().as_millisecond()).expect("after 1970");
        let Ok(Start::TimestampMs(ago)) = "ago:1h30m".parse() else { panic!("a time") };
        assert!((before - 5_400_000..before - 5_300_000).contains(&ago), "{ago}");
        for text in ["time:yesterday", "time:1969-01-01T00:00:00Z", "ago:-5m", "ago:soon"] {
            text.parse::<Start>().expect_err(text);
        }
        for text in ["", "first", "offset", "offset:", "offset:-1", "offset:x", "last:99999999999", "earliest:1"] {
            text.parse::<Start>().expect_err(text);
        }
    }
}

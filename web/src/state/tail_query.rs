//! What the tail is asked for: topics and a starting point, as typed, and the request it
//! makes; after a break, the request that goes on where the stream ended.

use std::fmt;
use std::str::FromStr;

use irongate_proto::irongate_v1::{BrowseRequest, browse_request::Start as Wire};

use super::topic_name;
use crate::text::time::parse_date_time;

/// Where a tail starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartKind {
    /// With messages from now on.
    #[default]
    Latest,
    /// With the first message there is.
    Earliest,
    /// With as many of the newest messages, per partition.
    Last,
    /// With this offset, per partition.
    Offset,
    /// With the first message at or after a time.
    Timestamp,
}

impl StartKind {
    /// All, in the order of the page.
    pub const ALL: [StartKind; 5] =
        [StartKind::Latest, StartKind::Earliest, StartKind::Last, StartKind::Offset, StartKind::Timestamp];

    /// In words for the page.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            StartKind::Latest => "Latest: new messages only",
            StartKind::Earliest => "Earliest: everything stored",
            StartKind::Last => "The last N messages",
            StartKind::Offset => "From an offset",
            StartKind::Timestamp => "From a time",
        }
    }
}

impl fmt::Display for StartKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StartKind::Latest => "latest",
            StartKind::Earliest => "earliest",
            StartKind::Last => "last",
            StartKind::Offset => "offset",
            StartKind::Timestamp => "timestamp",
        })
    }
}

impl FromStr for StartKind {
    type Err = ();

    fn from_str(text: &str) -> Result<StartKind, ()> {
        StartKind::ALL.into_iter().find(|kind| kind.to_string() == text).ok_or(())
    }
}

/// The fields of the Tail page, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TailQuery {
    /// Topic names, separated by commas or spaces.
    pub topics: String,
    /// Where to start.
    pub start: StartKind,
    /// The count, offset or local time that the start needs.
    pub argument: String,
}

impl TailQuery {
    /// The topic names, each once.
    #[must_use]
    pub fn topic_names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in self.topics.split([',', ' ', '\n', '\t']).filter(|name| !name.is_empty()) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        names
    }

    /// The request, following live. `utc_offset_minutes` is that of the time field.
    ///
    /// # Errors
    /// A sentence where a topic is not a name, there is none, or the argument does not fit the start.
    pub fn request(&self, utc_offset_minutes: i32) -> Result<BrowseRequest, String> {
        let topics = self.topic_names();
        if topics.is_empty() {
            return Err("a topic is needed, such as /default/user-events; several are separated by commas".to_owned());
        }
        if let Some(problem) = topics.iter().find_map(|topic| topic_name::problem(topic)) {
            return Err(problem);
        }
        let argument = self.argument.trim();
        let start = match self.start {
            StartKind::Latest => Wire::Latest(true),
            StartKind::Earliest => Wire::Earliest(true),
            StartKind::Last => Wire::LastCount(number(argument, "how many messages").and_then(at_least_one)?),
            StartKind::Offset => Wire::Offset(number(argument, "the offset")?),
            StartKind::Timestamp => Wire::TimestampMs(
                parse_date_time(argument, utc_offset_minutes)
                    .ok_or_else(|| format!("the time is a date with hours and minutes; this is “{argument}”"))?,
            ),
        };
        Ok(BrowseRequest { topics, start: Some(start), follow: true })
    }
}

fn number<T: FromStr>(text: &str, what: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{what} is a whole number; this is “{text}”"))
}

fn at_least_one(count: u32) -> Result<u32, String> {
    if count == 0 { Err("the last 0 messages are none; ask for at least 1".to_owned()) } else { Ok(count) }
}

/// The same topics from the time of the last message seen. Starts a little earlier, because
/// partitions do not share a clock tick; what comes twice is dropped by offset.
#[must_use]
pub fn resume(request: &BrowseRequest, last_append_time_ms: Option<u64>) -> BrowseRequest {
    const OVERLAP_MS: u64 = 2000;
    let start = match last_append_time_ms {
        Some(last) => Some(Wire::TimestampMs(last.saturating_sub(OVERLAP_MS))),
        None => request.start,
    };
    BrowseRequest { start, ..request.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(topics: &str, start: StartKind, argument: &str) -> Result<BrowseRequest, String> {
        TailQuery { topics: topics.to_owned(), start, argument: argument.to_owned() }.request(0)
    }

    #[test]
    fn several_topics_each_once() {
        let request = query("/a/b, /a/c,/a/b", StartKind::Earliest, "ignored").unwrap();
        assert_eq!(request.topics, ["/a/b", "/a/c"]);
        assert_eq!((request.start, request.follow), (Some(Wire::Earliest(true)), true));
    }

    #[test]
    fn arguments_must_fit_the_start() {
        let start = |start, argument| query("/a/b", start, argument).map(|request| request.start.unwrap());
        assert_eq!(start(StartKind::Last, " 100 "), Ok(Wire::LastCount(100)));
        assert_eq!(start(StartKind::Offset, "7"), Ok(Wire::Offset(7)));
        assert_eq!(start(StartKind::Timestamp, "1970-01-01T00:01"), Ok(Wire::TimestampMs(60_000)));
        for (kind, argument) in
            [(StartKind::Last, "0"), (StartKind::Last, ""), (StartKind::Offset, "-1"), (StartKind::Timestamp, "soon")]
        {
            assert!(start(kind, argument).is_err(), "{kind} {argument}");
        }
        assert!(query(" ", StartKind::Latest, "").is_err());
        assert!(query("/a/b, c", StartKind::Latest, "").is_err());
    }

    #[test]
    fn kinds_survive_the_way_through_a_field() {
        for kind in StartKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
    }

    #[test]
    fn a_broken_stream_goes_on_from_its_last_message() {
        let request = query("/a/b", StartKind::Earliest, "").unwrap();
        assert_eq!(resume(&request, Some(10_000)).start, Some(Wire::TimestampMs(8000)));
        assert_eq!(resume(&request, None), request, "nothing seen: from the start again");
    }
}

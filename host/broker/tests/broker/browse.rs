//! Browsing: positions, following, bounds.

use crate::harness::*;
use irongate_broker::Browse;
use irongate_proto::danube::StreamMessage;
use irongate_proto::irongate_v1::browse_request::Start;
use irongate_proto::irongate_v1::{BrowseRequest, PublishRequest};
use tokio_stream::StreamExt;
use tonic::Code;

const TOPIC: &str = "/default/orders";

/// All messages up to the one that says it has caught up.
async fn until_caught_up(browse: &mut Browse) -> Vec<StreamMessage> {
    let mut messages = Vec::new();
    loop {
        let response = next_response(browse).await;
        messages.extend(response.messages.into_iter().filter_map(|message| message.message));
        if response.caught_up {
            return messages;
        }
    }
}

#[tokio::test]
async fn begins_where_it_is_told() {
    let host = Host::new();
    host.publish_request(reliable(TOPIC, &["0", "1", "2", "3", "4"])).await;
    let starts = [
        (Start::Earliest(true), "01234"),
        (Start::Latest(true), ""),
        (Start::Offset(3), "34"),
        (Start::Offset(99), ""),
        (Start::LastCount(2), "34"),
        (Start::LastCount(99), "01234"),
        (Start::TimestampMs(0), "01234"),
        (Start::TimestampMs(u64::MAX), ""),
    ];
    for (start, expected) in starts {
        let mut browse = host.browse(&[TOPIC], start, false);
        assert_eq!(payloads(&until_caught_up(&mut browse).await).concat(), expected, "{start:?}");
        assert!(browse.next().await.is_none(), "{start:?}");
    }
}

#[tokio::test]
async fn a_timestamp_finds_the_first_message_at_or_after_it() {
    let host = Host::new();
    for payload in ["0", "1", "2"] {
        host.publish_request(reliable(TOPIC, &[payload])).await;
    }
    let mut browse = host.browse(&[TOPIC], Start::Earliest(true), false);
    let times: Vec<u64> = next_response(&mut browse).await.messages.iter().map(|one| one.append_time_ms).collect();
    let expected = times.iter().position(|time| *time >= times[2]).unwrap();
    let mut browse = host.browse(&[TOPIC], Start::TimestampMs(times[2]), false);
    assert_eq!(offset(&until_caught_up(&mut browse).await[0]), expected as u64);
}

#[tokio::test]
async fn follows_what_comes_and_says_when_it_has_caught_up() {
    let host = Host::new();
    host.publish_request(reliable(TOPIC, &["old"])).await;
    let mut browse = host.browse(&[TOPIC], Start::Earliest(true), true);
    assert_eq!(payloads(&until_caught_up(&mut browse).await), ["old"]);
    for payload in ["a", "b"] {
        host.publish(TOPIC, &[payload]).await;
        let response = next_response(&mut browse).await;
        assert!(!response.caught_up && response.messages[0].stored);
        assert_eq!(payload, self::payload(response.messages[0].message.as_ref().unwrap()));
    }
}

#[tokio::test]
async fn several_topics_and_all_partitions_share_a_stream() {
    let host = Host::new();
    host.publish_request(PublishRequest { partitions: 3, ..reliable("/default/pt", &["a", "b", "c"]) }).await;
    host.publish_request(reliable(TOPIC, &["d"])).await;
    let mut browse = host.browse(&["/default/pt", TOPIC, "/default/pt-part-0"], Start::Earliest(true), false);
    let mut seen = payloads(&until_caught_up(&mut browse).await);
    seen.sort_unstable();
    assert_eq!(seen, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn non_reliable_messages_come_live() {
    let host = Host::new();
    host.publish("/default/live", &["before"]).await;
    let mut browse = host.browse(&["/default/live"], Start::Earliest(true), true);
    host.publish("/default/live", &["after"]).await;
    let messages = until_caught_up(&mut browse).await;
    let messages = if messages.is_empty() {
        let response = next_response(&mut browse).await;
        assert!(!response.messages[0].stored);
        response.messages.into_iter().filter_map(|message| message.message).collect()
    } else {
        messages
    };
    assert_eq!(payloads(&messages), ["after"]);
}

#[tokio::test]
async fn a_slow_reader_of_a_non_reliable_topic_learns_what_it_missed() {
    let host = Host::with(|config| config.limits.consumer_queue_messages_max = 4);
    host.publish("/default/live", &[]).await;
    let mut browse = host.browse(&["/default/live"], Start::Latest(true), true);
    assert!(next_response(&mut browse).await.caught_up);
    let texts: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    host.publish("/default/live", &texts).await;
    let (mut seen, mut missed) = (0, 0);
    while seen + missed < 20 {
        let response = next_response(&mut browse).await;
        seen += response.messages.len() as u64;
        missed += response.missed_count;
    }
    assert_eq!((seen, missed), (4, 16));
}

#[tokio::test]
async fn a_topic_that_appears_later_is_followed_from_its_beginning() {
    let host = Host::new();
    let mut browse = host.browse(&[TOPIC, "/default/pt"], Start::Latest(true), true);
    assert!(until_caught_up(&mut browse).await.is_empty());
    host.publish_request(reliable(TOPIC, &["a"])).await;
    assert_eq!(payload(next_response(&mut browse).await.messages[0].message.as_ref().unwrap()), "a");
    host.publish_request(PublishRequest { partitions: 2, ..reliable("/default/pt", &["b"]) }).await;
    assert_eq!(payload(next_response(&mut browse).await.messages[0].message.as_ref().unwrap()), "b");
}

#[tokio::test]
async fn responses_are_bounded() {
    let host = Host::with(|config| {
        config.limits.browse_batch_messages_max = 3;
        config.limits.browse_batch_bytes_max = 500;
    });
    let large = "x".repeat(400);
    host.publish_request(reliable(TOPIC, &["a", "b", "c", "d", &large, &large])).await;
    let mut browse = host.browse(&[TOPIC], Start::Earliest(true), false);
    let mut sizes = Vec::new();
    while let Some(response) = browse.next().await {
        sizes.push(response.unwrap().messages.len());
    }
    assert_eq!(sizes, [3, 2, 1]);
}

#[tokio::test]
async fn what_cannot_be_browsed_is_refused() {
    let host = Host::with(|config| {
        config.limits.browse_streams_max = 1;
        config.limits.browse_topics_max = 2;
    });
    let code = |topics: &[&str], follow| {
        let topics = topics.iter().map(|topic| (*topic).to_owned()).collect();
        host.broker.browse(BrowseRequest { topics, start: None, follow }).err().map(|error| error.code())
    };
    assert_eq!(code(&[], false), Some(Code::InvalidArgument));
    assert_eq!(code(&["orders"], true), Some(Code::InvalidArgument));
    assert_eq!(code(&[TOPIC], false), Some(Code::NotFound));
    assert_eq!(code(&["/d/a", "/d/b", "/d/c"], true), Some(Code::ResourceExhausted));
    let first = host.browse(&[TOPIC], Start::Latest(true), true);
    assert_eq!(code(&[TOPIC], true), Some(Code::ResourceExhausted));
    assert_eq!(host.broker.metrics().browse_streams, 1);
    drop(first);
}

#[tokio::test]
async fn closing_ends_the_stream_with_the_reason() {
    let host = Host::new();
    let mut browse = host.browse(&[TOPIC], Start::Latest(true), true);
    until_caught_up(&mut browse).await;
    host.broker.close().await;
    assert_eq!(browse.next().await.unwrap().unwrap_err().code(), Code::Unavailable);
    assert!(browse.next().await.is_none());
}

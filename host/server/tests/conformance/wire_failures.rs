//! Sections 1 and 3: what becomes of a message that a consumer gives back or does not acknowledge, and
//! what an administrator may set for a subscription.

use super::fields::{Fields, fields};
use super::wire::*;
use std::time::{Duration, Instant};
use tonic::{Code, Streaming};

const ADMIN: &str = "danube_admin.TopicAdmin";
const NACK: &str = "danube.ConsumerService/Nack";
const DEAD: &str = "/default/dead";

const DEAD_LETTER: u64 = 0;
const BLOCK: u64 = 1;
const DROP: u64 = 2;

/// Longer than a test may take: nothing comes again on its own.
const LATER_MS: u64 = 3_600_000;

fn of_subscription() -> Fields {
    fields().text(1, TOPIC).text(2, "s")
}

/// So many redeliveries, at once, and then the poison policy.
fn policy(redeliveries: u64, poison: u64) -> Fields {
    fields().number(1, redeliveries).number(2, LATER_MS).number(5, 1).number(7, poison)
}

fn nack(message: &Fields, delay_ms: Option<u64>, reason: &str) -> Fields {
    let request = fields().number(1, 9).message(2, &message.get_message(2)).text(3, "s").text(5, reason);
    delay_ms.map_or_else(|| request.clone(), |delay_ms| request.clone().number(4, delay_ms))
}

struct Failing {
    wire: Wire,
    producer: u64,
    stream: Streaming<Fields>,
}

impl Failing {
    async fn start(policy: &Fields) -> Self {
        let wire = Wire::start().await;
        let producer = wire.producer(TOPIC, "p", RELIABLE).await;
        wire.call(&format!("{ADMIN}/SetSubscriptionFailurePolicy"), of_subscription().message(3, policy)).await;
        let stream = wire.consumer("s", "c", EXCLUSIVE).await;
        Self { wire, producer, stream }
    }

    async fn send(&self, payloads: &[&str]) {
        for payload in payloads {
            self.wire.send(TOPIC, self.producer, payload.as_bytes()).await.expect("sent");
        }
    }

    async fn next(&mut self) -> Fields {
        next(&mut self.stream).await
    }

    async fn nack(&self, message: &Fields, delay_ms: Option<u64>, reason: &str) {
        assert_eq!(self.wire.call(NACK, nack(message, delay_ms, reason)).await.get_number(1), 9);
    }

    /// The subscription as `irongate.v1` describes it.
    async fn described(&self) -> Fields {
        let answer = self.wire.call("irongate.v1.TopicService/DescribeTopic", fields().text(1, TOPIC)).await;
        answer.get_message(3)
    }
}

/// The delay that the consumer names goes before the policy's, and is waited for.
#[tokio::test]
async fn a_nack_with_a_delay_waits_so_long() {
    let mut failing = Failing::start(&policy(5, BLOCK).number(3, LATER_MS).number(4, LATER_MS)).await;
    failing.send(&["x"]).await;
    for delay_ms in [0, 300] {
        let message = failing.next().await;
        let begun = Instant::now();
        failing.nack(&message, Some(delay_ms), "not now").await;
        let again = failing.next().await;
        assert_eq!(offset(&again), offset(&message));
        assert!(begun.elapsed() >= Duration::from_millis(delay_ms), "after {:?}, not {delay_ms} ms", begun.elapsed());
        failing.nack(&again, Some(0), "once more").await;
    }
}

/// Without a delay the policy's counts, doubled each time when it says so.
#[tokio::test]
async fn a_nack_without_a_delay_waits_as_long_as_the_policy_says() {
    let exponential =
        fields().number(1, 5).number(2, LATER_MS).number(3, 60).number(4, 150).number(5, 1).number(7, BLOCK);
    let mut failing = Failing::start(&exponential).await;
    failing.send(&["x"]).await;
    let mut message = failing.next().await;
    for expected_ms in [60, 120, 150] {
        let begun = Instant::now();
        failing.nack(&message, None, "not now").await;
        message = failing.next().await;
        assert!(begun.elapsed() >= Duration::from_millis(expected_ms), "{:?}, not {expected_ms} ms", begun.elapsed());
    }
}

/// The subscription stands still with the last reason, until somebody acknowledges or decides otherwise.
#[tokio::test]
async fn block_stands_still_and_says_why() {
    let mut failing = Failing::start(&policy(2, BLOCK)).await;
    failing.send(&["bad"]).await;
    for attempt in 0..3 {
        let message = failing.next().await;
        assert_eq!(message.get_text(3), "bad", "attempt {attempt}");
        failing.nack(&message, Some(0), &format!("attempt {attempt}")).await;
    }
    failing.send(&["behind"]).await;
    until("the subscription says that it stands", async || failing.described().await.present().contains(&10)).await;
    let described = failing.described().await;
    assert_eq!((described.get_number(10), described.get_text(11)), (0, "attempt 2".to_owned()));
    assert_eq!(described.get_number(6), 2, "both are still to be acknowledged");
    let blocked = fields().message(2, &fields().text(2, TOPIC));
    failing.wire.ack("s", &blocked).await;
    assert_eq!(failing.next().await.get_text(3), "behind");
    assert!(!failing.described().await.present().contains(&10));
}

/// Another policy decides about what stands already.
#[tokio::test]
async fn a_policy_that_is_set_later_lets_a_blocked_message_go() {
    let mut failing = Failing::start(&policy(0, BLOCK)).await;
    failing.send(&["bad", "good"]).await;
    let bad = failing.next().await;
    failing.nack(&bad, Some(0), "bad").await;
    until("it stands", async || failing.described().await.present().contains(&10)).await;
    let drop = of_subscription().message(3, &policy(0, DROP));
    failing.wire.call(&format!("{ADMIN}/SetSubscriptionFailurePolicy"), drop).await;
    until("it goes on", async || !failing.described().await.present().contains(&10)).await;
    let good = failing.next().await;
    assert_eq!(good.get_text(3), "good");
}

#[tokio::test]
async fn drop_passes_the_message_over() {
    let mut failing = Failing::start(&policy(1, DROP)).await;
    failing.send(&["bad", "good"]).await;
    // The second one comes while the first one is still out.
    let (mut bad, mut good) = (0, None);
    while bad < 2 || good.is_none() {
        let message = failing.next().await;
        if message.get_text(3) == "bad" {
            bad += 1;
            failing.nack(&message, Some(0), "bad").await;
        } else {
            good = Some(message);
        }
    }
    failing.wire.ack("s", &good.expect("it came")).await;
    until("nothing is left", async || failing.described().await.get_number(6) == 0).await;
    let metrics = failing.wire.server.get("/metrics", "").await;
    assert!(metrics.text().contains("irongate_broker_poison_dropped_messages_total 1\n"), "{}", metrics.text());
}

/// With Danube's attributes, everything of its own, and the subscription goes on.
#[tokio::test]
async fn a_dead_letter_carries_danubes_attributes() {
    let mut failing = Failing::start(&policy(1, DEAD_LETTER).text(6, DEAD)).await;
    let wire = &failing.wire;
    let review = wire.subscribe(DEAD, "review", "c", SHARED).await;
    let mut letters = wire.receive(review).await;
    let own = fields().text(1, "currency").text(2, "eur");
    let bad = message(TOPIC, failing.producer, b"bad").number(4, 77).message(7, &own).text(10, "user-1");
    wire.try_send(bad).await.expect("sent");
    for attempt in 0..2 {
        let message = failing.next().await;
        failing.nack(&message, Some(0), &format!("attempt {attempt}")).await;
    }
    let letter = next(&mut letters).await;
    assert_eq!((letter.get_text(3), letter.get_number(4), letter.get_text(5)), ("bad".into(), 77, "p".into()));
    assert_eq!((letter.get_text(10), letter.get_message(2).get_text(2)), ("user-1".to_owned(), DEAD.to_owned()));
    let attributes = letter.get_messages(7);
    let value = |name: &str| attributes.iter().find(|one| one.get_text(1) == name).map(|one| one.get_text(2));
    for (name, expected) in [
        ("currency", "eur"),
        ("x-original-topic", TOPIC),
        ("x-original-subscription", "s"),
        ("x-original-topic-offset", "0"),
        ("x-delivery-attempt", "2"),
        ("x-failure-reason", "attempt 1"),
        ("x-poison-policy", "dead_letter"),
    ] {
        assert_eq!(value(name).as_deref(), Some(expected), "{name}");
    }
    for name in ["x-original-producer-id", "x-original-broker-addr"] {
        assert!(value(name).is_some(), "{name}: {attributes:?}");
    }
    failing.send(&["good"]).await;
    assert_eq!(failing.next().await.get_text(3), "good");
}

/// An acknowledgement that does not come in time is a failure like a nack.
#[tokio::test]
async fn an_ack_timeout_counts_as_a_failure_and_gives_its_reason() {
    let impatient = fields().number(1, 1).number(2, 20).number(5, 1).text(6, DEAD).number(7, DEAD_LETTER);
    let mut failing = Failing::start(&impatient).await;
    let review = failing.wire.subscribe(DEAD, "review", "c", SHARED).await;
    let mut letters = failing.wire.receive(review).await;
    failing.send(&["slow"]).await;
    for _ in 0..2 {
        assert_eq!(failing.next().await.get_text(3), "slow");
    }
    let reason = fields().text(1, "x-failure-reason").text(2, "not acknowledged within 20 ms");
    let letter = next(&mut letters).await;
    assert!(letter.get_messages(7).contains(&reason), "{letter:?}");
}

#[tokio::test]
async fn max_unacked_messages_is_bounded_and_holds_while_messages_are_out() {
    let wire = Wire::start().await;
    let producer = wire.producer(TOPIC, "p", RELIABLE).await;
    let set = |count: u64| of_subscription().message(3, &fields().number(1, count));
    let method = format!("{ADMIN}/SetSubscriptionDispatchConfig");
    for count in [0, 10_001] {
        let refusal = wire.refusal(&method, set(count)).await;
        assert_eq!(refusal.code(), Code::InvalidArgument);
        let sentence = format!("max_unacked_messages is {count}, it must be between 1 and 10000");
        assert_eq!(refusal.message(), sentence);
    }
    wire.call(&method, set(2)).await;
    let mut stream = wire.consumer("s", "c", SHARED).await;
    for payload in ["0", "1", "2", "3"] {
        wire.send(TOPIC, producer, payload.as_bytes()).await.expect("sent");
    }
    let out = async || {
        let answer = wire.call("irongate.v1.TopicService/DescribeTopic", fields().text(1, TOPIC)).await;
        answer.get_message(3).get_number(7)
    };
    assert_eq!((next_payload(&mut stream).await, next_payload(&mut stream).await), ("0".into(), "1".into()));
    assert_eq!(out().await, 2);
    wire.call(&method, set(3)).await;
    assert_eq!(next_payload(&mut stream).await, "2", "one more may be out, and no acknowledgement was sent");
    assert_eq!(out().await, 3);
}

#[tokio::test]
async fn a_policy_that_cannot_work_is_refused_with_its_reason() {
    let wire = Wire::start().await;
    wire.producer(TOPIC, "p", RELIABLE).await;
    wire.producer("/default/live", "p", NON_RELIABLE).await;
    let method = format!("{ADMIN}/SetSubscriptionFailurePolicy");
    let in_live = fields().text(1, "/default/live").text(2, "s").message(3, &policy(1, DROP));
    let of = |policy: &Fields| of_subscription().message(3, policy);
    let table = [
        (of_subscription(), Code::InvalidArgument, "the request carries no failure_policy"),
        (of(&policy(1, 9)), Code::InvalidArgument, "poison policy"),
        (of(&policy(1, DROP).number(5, 9)), Code::InvalidArgument, "backoff strategy"),
        (of(&policy(1, DROP).number(2, 0)), Code::InvalidArgument, "ack timeout"),
        (of(&policy(1, DROP).number(3, 2).number(4, 1)), Code::InvalidArgument, "first redelivery delay"),
        (of(&policy(1, DEAD_LETTER)), Code::InvalidArgument, "needs a dead letter topic"),
        (of(&policy(1, DEAD_LETTER).text(6, TOPIC)), Code::InvalidArgument, "its own dead letter topic"),
        (in_live, Code::FailedPrecondition, "only reliable ones redeliver"),
    ];
    for (request, code, words) in table {
        let refusal = wire.refusal(&method, request).await;
        assert_eq!(refusal.code(), code, "{refusal}");
        assert!(refusal.message().contains(words), "{refusal}, not {words}");
    }
}

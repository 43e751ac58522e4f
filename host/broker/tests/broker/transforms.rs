//! A topic's transforms: what is in the topic is what they made of what was acknowledged, whichever way it came. The transforms here are plain code;
//! who runs components is not the broker's business.

use crate::harness::{Host, USER_EVENTS, message, publish_request, subject};
use bytes::Bytes;
use irongate_broker::{BrokerError, Passing, TopicTransforms, Transacted, Transaction, TransformRefusal, Transforming};
use irongate_proto::danube::{DispatchStrategy, StreamMessage};
use irongate_proto::irongate_v1::publish_result::Outcome;
use irongate_proto::irongate_v1::{OutgoingMessage, PublishRequest};
use std::sync::{Arc, Mutex};
use tonic::Code;

const TOPIC: &str = "/default/t";

/// Does what the payload's first word says.
#[derive(Default)]
struct Scripted {
    /// How many messages came with each call.
    together: Mutex<Vec<usize>>,
}

fn made_of(payload: &str) -> Result<Vec<String>, TransformRefusal> {
    let (word, rest) = payload.split_once(' ').unwrap_or((payload, ""));
    let reason = || format!("because of {rest}");
    match word {
        "drop" => Ok(Vec::new()),
        "reject" => Err(TransformRefusal::Rejected(reason())),
        "fail" => Err(TransformRefusal::Failed(reason())),
        "later" => Err(TransformRefusal::Later(reason())),
        "split" => Ok(rest.split('|').map(str::to_owned).collect()),
        _ => Ok(vec![payload.to_uppercase()]),
    }
}

impl TopicTransforms for Scripted {
    fn transform<'a>(&'a self, topic: &'a str, messages: Vec<Passing>) -> Transforming<'a> {
        assert_eq!(topic, TOPIC, "a partition goes by its base name");
        self.together.lock().unwrap().push(messages.len());
        Box::pin(async move {
            // What is not a transform's to say is said wrongly, and must not count.
            let one = |payload: String| {
                let subject = payload.strip_prefix("NAME ").map(str::to_lowercase);
                let payload = Bytes::from(payload);
                let message = StreamMessage { payload, producer_name: "forged".into(), ..StreamMessage::default() };
                Passing { message, subject, partition: None }
            };
            let made = |passing: Passing| {
                let made = made_of(std::str::from_utf8(&passing.message.payload).unwrap())?;
                Ok(made.into_iter().map(one).collect())
            };
            messages.into_iter().map(made).collect()
        })
    }
}

fn live() -> Arc<dyn TopicTransforms> {
    Arc::new(Scripted::default())
}

async fn transformed() -> Host {
    let host = Host::new();
    host.producer(TOPIC, "p", DispatchStrategy::Reliable).await;
    host.broker.set_transforms(TOPIC, Some((b"kept".to_vec(), live()))).await.unwrap();
    host
}

async fn payloads(host: &Host) -> Vec<String> {
    let text = |message: StreamMessage| String::from_utf8(message.payload.to_vec()).unwrap();
    host.stored(TOPIC).await.into_iter().map(text).collect()
}

fn refused(error: &BrokerError) -> (Code, String) {
    (error.code(), error.to_string())
}

/// The next of a row of numbers that look random; the same in every run.
fn next(seed: &mut u64) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*seed >> 40).unwrap()
}

#[tokio::test]
async fn what_is_in_the_topic_is_what_was_made_of_what_was_acknowledged() {
    let host = transformed().await;
    let producer = host.producer(TOPIC, "p", DispatchStrategy::Reliable).await;
    let (mut seed, mut expected, mut number) = (7, Vec::new(), 0);
    for _ in 0..500 {
        let payloads: Vec<String> = (0..=next(&mut seed) % 8)
            .map(|_| {
                number += 1;
                let word = ["keep", "drop", "reject", "fail", "later", "split"][next(&mut seed) % 6];
                format!("{word} {number}a|{number}b|{number}c")
            })
            .collect();
        let wanted = |payload: &String| made_of(payload).map_err(|refusal| refusal.code());
        match next(&mut seed) % 3 {
            0 => {
                for payload in &payloads {
                    let sent = host.broker.send(message(TOPIC, producer, payload)).await;
                    assert_eq!(
                        sent.map(|_| ()).map_err(|error| error.code()),
                        wanted(payload).map(|_| ()),
                        "{payload}"
                    );
                    expected.extend(wanted(payload).unwrap_or_default());
                }
            }
            1 => {
                let texts: Vec<&str> = payloads.iter().map(String::as_str).collect();
                for (payload, outcome) in payloads.iter().zip(host.publish(TOPIC, &texts).await) {
                    match (wanted(payload), outcome) {
                        (Ok(made), Outcome::Published(published)) => {
                            let first = (!made.is_empty()).then_some(expected.len() as u64);
                            assert_eq!(published.offset, first, "{payload}");
                            expected.extend(made);
                        }
                        (Err(code), Outcome::Refused(refused)) => assert_eq!(refused.code, code as u32, "{payload}"),
                        other => panic!("{payload}: {other:?}"),
                    }
                }
            }
            _ => {
                let one = |payload: &String| {
                    let payload = Bytes::from(payload.clone());
                    (TOPIC.to_owned(), OutgoingMessage { payload, ..OutgoingMessage::default() })
                };
                let messages = payloads.iter().map(one).collect();
                let transaction = Transaction { producer_name: "t".into(), messages, ..Transaction::default() };
                let made: Result<Vec<_>, _> = payloads.iter().map(wanted).collect();
                match (host.broker.transact(transaction).await.unwrap(), made) {
                    (Transacted::Committed, Ok(made)) => expected.extend(made.into_iter().flatten()),
                    (Transacted::Refused(_), Err(_)) => {}
                    other => panic!("{payloads:?}: {other:?}"),
                }
            }
        }
    }
    assert_eq!(payloads(&host).await, expected);
    assert!(host.stored(TOPIC).await.iter().all(|message| message.producer_name != "forged"));
}

#[tokio::test]
async fn messages_of_a_call_go_through_together_within_the_limits_and_each_has_its_own_answer() {
    let host = Host::with(|config| {
        config.limits.transformed_together_messages_max = 3;
        config.limits.transformed_together_bytes_max = 2_000;
    });
    host.producer(TOPIC, "p", DispatchStrategy::Reliable).await;
    host.producer("/default/other", "p", DispatchStrategy::Reliable).await;
    let scripted = Arc::new(Scripted::default());
    host.broker.set_transforms(TOPIC, Some((b"kept".to_vec(), scripted.clone()))).await.unwrap();
    let together = || std::mem::take(&mut *scripted.together.lock().unwrap());

    let outcomes = host.publish(TOPIC, &["a", "reject it", "drop", "split b|c", "fail it", "d", "e"]).await;
    assert_eq!(together(), [3, 3, 1]);
    let told = outcomes.iter().map(|one| match one {
        Outcome::Published(published) => Ok(published.offset),
        Outcome::Refused(refused) => Err(refused.code),
    });
    let told: Vec<_> = told.collect();
    let (rejected, failed) = (Code::InvalidArgument as u32, Code::Internal as u32);
    assert_eq!(told, [Ok(Some(0)), Err(rejected), Ok(None), Ok(Some(1)), Err(failed), Ok(Some(3)), Ok(Some(4))]);
    assert_eq!(payloads(&host).await, ["A", "b", "c", "D", "E"]);

    // A large message goes alone, and so does one that fits no more.
    let (large, half) = ("x".repeat(3_000), "y".repeat(1_200));
    host.publish(TOPIC, &[&large, "a", &half, &half, "b"]).await;
    assert_eq!(together(), [1, 2, 2]);

    // Those of a transaction too, whichever topics stand between them.
    let one = |topic: &str| (topic.to_owned(), OutgoingMessage { payload: "f".into(), ..OutgoingMessage::default() });
    let messages = [TOPIC, "/default/other", TOPIC].map(one).into();
    let transaction = Transaction { producer_name: "t".into(), messages, ..Transaction::default() };
    assert!(matches!(host.broker.transact(transaction).await.unwrap(), Transacted::Committed));
    assert_eq!(together(), [2]);
}

#[tokio::test]
async fn a_refusal_says_why_and_whether_to_try_again() {
    let host = transformed().await;
    let producer = host.producer(TOPIC, "p", DispatchStrategy::Reliable).await;
    let table = [
        ("reject it", Code::InvalidArgument, "reject the message: because of it"),
        ("fail it", Code::Internal, "failed on the message: because of it"),
        ("later it", Code::Unavailable, "cannot take the message now, try again: because of it"),
    ];
    for (payload, code, sentence) in table {
        let error = host.broker.send(message(TOPIC, producer, payload)).await.unwrap_err();
        assert_eq!(refused(&error), (code, format!("the transforms of the topic {TOPIC} {sentence}")));
    }
    assert_eq!(payloads(&host).await, Vec::<String>::new());
}

#[tokio::test]
async fn after_a_restart_nothing_enters_before_they_are_loaded() {
    let host = transformed().await.reopen().await;
    assert_eq!(host.broker.transforms(), [(TOPIC.to_owned(), b"kept".to_vec())]);
    let producer = host.producer(TOPIC, "p", DispatchStrategy::Reliable).await;
    let error = host.broker.send(message(TOPIC, producer, "a")).await.unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition);
    assert!(error.to_string().ends_with("nothing enters without them: they are not loaded; set them again"), "{error}");
    assert!(matches!(&host.publish(TOPIC, &["b"]).await[0], Outcome::Refused(refused) if refused.code == 9));
    host.broker.load_transforms(TOPIC, &live()).unwrap();
    host.send(TOPIC, producer, "c").await;
    assert_eq!(payloads(&host).await, ["C"]);

    // Other changes to the topic leave them; taking them away is kept as well.
    host.register("user-events", "json_schema", USER_EVENTS).await;
    let bound = PublishRequest { schema_ref: subject("user-events"), ..publish_request(TOPIC, &[]) };
    host.publish_request(bound).await;
    let host = host.reopen().await;
    assert_eq!(host.broker.transforms().len(), 1);
    host.broker.set_transforms(TOPIC, None).await.unwrap();
    let host = host.reopen().await;
    assert_eq!(host.broker.transforms(), []);
    assert_eq!(host.broker.load_transforms(TOPIC, &live()).unwrap_err().code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn what_is_made_of_a_message_enters_whole_and_valid_or_not_at_all() {
    let host = transformed().await;
    host.register("user-events", "json_schema", USER_EVENTS).await;
    let request =
        |payloads: &[&str]| PublishRequest { schema_ref: subject("user-events"), ..publish_request(TOPIC, payloads) };
    let good = r#"{"user_id":"u"}"#;
    let mixed = format!("split {good}|{{}}");
    let both = format!("split {good}|{good}");
    let outcomes = host.publish_request(request(&[&mixed, &both])).await;
    assert!(matches!(&outcomes[0], Outcome::Refused(refused) if refused.violations.len() == 1), "{outcomes:?}");
    assert!(matches!(&outcomes[1], Outcome::Published(_)), "{outcomes:?}");
    assert_eq!(payloads(&host).await, [good, good]);
}

#[tokio::test]
async fn a_schema_that_transforms_name_must_be_registered() {
    let host = transformed().await;
    let producer = host.producer(TOPIC, "p", DispatchStrategy::Reliable).await;
    host.register("user-events", "json_schema", USER_EVENTS).await;
    host.send(TOPIC, producer, "name user-events").await;
    assert!(host.stored(TOPIC).await[0].schema_id.is_some(), "the name decides the id");
    let error = host.broker.send(message(TOPIC, producer, "name nothing")).await.unwrap_err();
    assert!(error.to_string().ends_with("they name the schema nothing, which is not registered"), "{error}");
    let made = |payload: &str| Passing {
        message: StreamMessage { payload: Bytes::from(payload.to_owned()), ..StreamMessage::default() },
        ..Passing::default()
    };
    assert_eq!(host.broker.examine(TOPIC, made("x")).await.unwrap().len(), 0, "an unbound topic takes anything");
    let bound = PublishRequest { schema_ref: subject("user-events"), ..publish_request(TOPIC, &[]) };
    host.publish_request(bound).await;
    assert_eq!(host.broker.examine(TOPIC, made(r#"{"user_id":"u"}"#)).await.unwrap().len(), 0);
    assert_eq!(host.broker.examine(TOPIC, made("{}")).await.unwrap_err().violations().len(), 1);
    assert_eq!(host.stored(TOPIC).await.len(), 1, "what is examined is not kept");
}

#[tokio::test]
async fn partitions_share_them_and_a_deleted_topic_leaves_none() {
    let host = Host::new();
    let request = PublishRequest { partitions: 3, ..publish_request(TOPIC, &[]) };
    let request = PublishRequest { dispatch_strategy: Some(DispatchStrategy::Reliable.into()), ..request };
    host.publish_request(request.clone()).await;
    let part = "/default/t-part-1";
    let error = host.broker.set_transforms(part, Some((b"x".to_vec(), live()))).await.unwrap_err();
    assert_eq!((error.code(), error.to_string().contains("name /default/t")), (Code::InvalidArgument, true), "{error}");
    host.broker.set_transforms(TOPIC, Some((b"x".to_vec(), live()))).await.unwrap();
    host.publish(TOPIC, &["a", "b", "c"]).await;
    let mut there = payloads(&host).await;
    there.sort();
    assert_eq!(there, ["A", "B", "C"]);
    host.broker.delete_topic(TOPIC).await.unwrap();
    host.publish_request(request).await;
    assert_eq!(host.broker.transforms(), []);
    let gone = host.broker.set_transforms("/default/none", None).await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);
}

#[tokio::test]
async fn what_transforms_make_is_bounded() {
    let host = Host::with(|config| {
        config.limits.publish_batch_messages_max = 3;
        config.limits.publish_batch_bytes_max = 500;
        config.limits.topic_transforms_bytes_max = 4;
    });
    let producer = host.producer(TOPIC, "p", DispatchStrategy::Reliable).await;
    let error = host.broker.set_transforms(TOPIC, Some((vec![0; 5], live()))).await.unwrap_err();
    assert_eq!(
        refused(&error),
        (Code::ResourceExhausted, "5 bytes for the transforms of one topic: the limit is 4".into())
    );
    host.broker.set_transforms(TOPIC, Some((vec![0; 4], live()))).await.unwrap();
    let error = host.broker.send(message(TOPIC, producer, "split 1|2|3|4")).await.unwrap_err();
    assert_eq!(
        refused(&error),
        (Code::ResourceExhausted, "4 messages that the topic's transforms made of one: the limit is 3".into())
    );
    let long = "x".repeat(300);
    let error = host.broker.send(message(TOPIC, producer, &format!("split {long}|{long}"))).await.unwrap_err();
    assert!(error.to_string().contains("made of one message: the limit is 500"), "{error}");
    // The payloads of a call may be within its bytes, and what becomes of them beyond.
    let half = "y".repeat(100);
    let payload = format!("split {half}|{half}");
    let outcomes = host.publish(TOPIC, &[&payload, &payload]).await;
    assert!(matches!(&outcomes[0], Outcome::Published(_)), "{outcomes:?}");
    assert!(
        matches!(&outcomes[1], Outcome::Refused(one) if one.message.contains("made of one call: the limit is 500")),
        "{outcomes:?}"
    );
}

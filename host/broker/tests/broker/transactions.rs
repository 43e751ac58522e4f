//! Messages, acknowledgements and notes that are committed together: all of it is there afterwards, or none.

use crate::harness::*;
use irongate_broker::{Note, Transacted, Transaction};
use irongate_proto::danube::DispatchStrategy::{NonReliable, Reliable};
use irongate_proto::danube::StreamMessage;
use irongate_proto::danube::consumer_request::SubscriptionType::Exclusive;
use irongate_proto::irongate_v1::OutgoingMessage;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const FROM: &str = "/default/raw";
const TO: &str = "/default/clean";

fn transaction(offsets: &[u64], payloads: &[&str]) -> Transaction {
    let message = |payload: &&str| {
        (TO.to_owned(), OutgoingMessage { payload: (*payload).to_owned().into(), ..OutgoingMessage::default() })
    };
    Transaction {
        subscription: "s".into(),
        acknowledged: [(FROM.to_owned(), offsets.to_vec())].into(),
        producer_name: "pipeline-p".into(),
        messages: payloads.iter().map(message).collect(),
        notes: vec![Note { name: b"state/p/count".to_vec(), value: Some(payloads.concat().into_bytes()) }],
    }
}

/// A host with three messages, delivered to a subscription.
async fn delivered(host: &Host) -> Vec<StreamMessage> {
    let producer = host.producer(FROM, "p", Reliable).await;
    host.producer(TO, "p", Reliable).await;
    let mut stream = host.subscribe(FROM, "s", "c", Exclusive).await;
    let mut delivered = Vec::new();
    for payload in ["a", "b", "c"] {
        host.send(FROM, producer, payload).await;
        delivered.push(next(&mut stream).await);
    }
    delivered
}

#[tokio::test]
async fn a_transaction_is_there_as_a_whole_after_a_restart() {
    let host = Host::new();
    delivered(&host).await;
    let done = host.broker.transact(transaction(&[0, 2], &["A", "C"])).await.unwrap();
    assert!(matches!(done, Transacted::Committed), "{done:?}");

    let host = host.reopen().await;
    assert_eq!(payloads(&host.stored(TO).await), ["A", "C"]);
    assert_eq!(host.broker.notes(b"state/p/").unwrap(), [(b"state/p/count".to_vec(), b"AC".to_vec())]);
    let mut stream = host.subscribe(FROM, "s", "c", Exclusive).await;
    assert_eq!(next(&mut stream).await.payload, "b");
    let removed = Note { name: b"state/p/count".to_vec(), value: None };
    host.broker.write_notes(vec![removed]).await.unwrap();
    assert!(host.broker.notes(b"").unwrap().is_empty());
}

#[tokio::test]
async fn a_message_is_settled_once_whatever_is_made_of_it() {
    let host = Host::new();
    delivered(&host).await;
    host.broker.transact(transaction(&[0], &["A"])).await.unwrap();
    let again = host.broker.transact(transaction(&[0, 1], &["A", "B"])).await.unwrap();
    assert!(matches!(&again, Transacted::Settled(settled) if settled[..] == [(FROM.to_owned(), 0)]), "{again:?}");
    assert_eq!(payloads(&host.stored(TO).await), ["A"]);
    assert_eq!(host.broker.notes(b"").unwrap()[0].1, b"A");
    host.broker.transact(transaction(&[1], &["B"])).await.unwrap();
    assert_eq!(payloads(&host.stored(TO).await), ["A", "B"]);
}

#[tokio::test]
async fn nothing_is_written_where_one_message_is_refused() {
    let host = Host::with(|config| config.limits.message_bytes_max = 200);
    delivered(&host).await;
    let large = "x".repeat(200);
    let refused = host.broker.transact(transaction(&[0, 1], &["A", &large])).await.unwrap();
    let Transacted::Refused(refused) = refused else { panic!("{refused:?}") };
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].0, 1);
    assert!(host.stored(TO).await.is_empty() && host.broker.notes(b"").unwrap().is_empty());

    host.producer("/default/live", "p", NonReliable).await;
    let mut fleeting = transaction(&[0], &["A"]);
    fleeting.messages[0].0 = "/default/live".into();
    let refused = host.broker.transact(fleeting).await.unwrap();
    assert!(matches!(&refused, Transacted::Refused(refused) if refused[0].1.to_string().contains("not reliable")));
    host.broker.transact(transaction(&[0, 1], &["A", "B"])).await.unwrap();
    let nobody = Transaction { subscription: "none".into(), ..transaction(&[2], &[]) };
    assert!(host.broker.transact(nobody).await.unwrap_err().to_string().contains("no subscription none"));
}

/// A disk that fails the commit leaves nothing of it: no output, no cursor, no note.
#[tokio::test]
async fn nothing_is_there_after_a_commit_that_failed() {
    let fails = Arc::new(AtomicBool::new(false));
    let hook = Arc::clone(&fails);
    let host = Host::with(|config| {
        config.commit_hook = Some(Arc::new(move |_| match hook.load(Ordering::SeqCst) {
            true => Err(std::io::Error::other("the disk is gone")),
            false => Ok(()),
        }));
    });
    delivered(&host).await;
    host.broker.transact(transaction(&[0], &["A"])).await.unwrap();
    fails.store(true, Ordering::SeqCst);
    host.broker.transact(transaction(&[1], &["B"])).await.unwrap_err();

    let host = host.reopen().await;
    assert_eq!(payloads(&host.stored(TO).await), ["A"]);
    assert_eq!(host.broker.notes(b"").unwrap()[0].1, b"A");
    let mut stream = host.subscribe(FROM, "s", "c", Exclusive).await;
    assert_eq!(next(&mut stream).await.payload, "b");
}

/// A cursor that is written late must not undo one that a transaction has written.
#[tokio::test]
async fn other_acknowledgements_do_not_undo_a_transaction() {
    let host = Host::new();
    let producer = host.producer(FROM, "p", Reliable).await;
    host.producer(TO, "p", Reliable).await;
    let mut stream = host.subscribe(FROM, "s", "c", Exclusive).await;
    for number in 0..40 {
        host.send(FROM, producer, &number.to_string()).await;
    }
    for offset in 0..40 {
        let message = next(&mut stream).await;
        if offset % 2 == 0 {
            // Staged, and on its way at any time of the transaction behind it.
            host.ack("s", &message).await;
        } else {
            host.broker.transact(transaction(&[offset], &["x"])).await.unwrap();
        }
    }
    let host = host.reopen().await;
    let mut stream = host.subscribe(FROM, "s", "c", Exclusive).await;
    let producer = host.producer(FROM, "p", Reliable).await;
    host.send(FROM, producer, "last").await;
    assert_eq!(next(&mut stream).await.payload, "last");
    assert_eq!(host.stored(TO).await.len(), 20);
}

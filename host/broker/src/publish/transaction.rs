//! Transactions: messages for several topics, acknowledgements of those they were made of, and notes, in one commit. All of it is there after a crash,
//! or none of it. Decides nothing about what belongs together.

use super::batch::{Addressed, Admitted, Verdict, announce, appends_of};
use crate::BrokerError;
use crate::inner::Inner;
use crate::metrics::Metrics;
use crate::notes::Note;
use crate::subscription::{NotBegun, Subscription};
use irongate_proto::irongate_v1 as v1;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::OwnedMutexGuard;

/// What is committed together.
#[derive(Clone, Debug, Default)]
pub struct Transaction {
    /// The subscription whose messages are settled.
    pub subscription: String,
    /// Offsets to acknowledge, by topic; of a partitioned topic the partition.
    pub acknowledged: BTreeMap<String, Vec<u64>>,
    /// The name the messages are published under.
    pub producer_name: String,
    /// Messages, each with its topic, which must be reliable.
    pub messages: Vec<(String, v1::OutgoingMessage)>,
    /// Notes to write.
    pub notes: Vec<Note>,
}

/// What became of a transaction that the broker could take on.
#[derive(Debug)]
pub enum Transacted {
    /// Everything is on the disk.
    Committed,
    /// Nothing was written, because these messages, by index, may not enter their topics.
    Refused(Vec<(usize, BrokerError)>),
    /// Nothing was written, because these messages are acknowledged already.
    Settled(Vec<(String, u64)>),
}

/// A subscription that a transaction holds.
struct Held {
    topic: String,
    subscription: Arc<Subscription>,
    offsets: Vec<u64>,
    /// Its cursor wanted to be written meanwhile.
    is_missed: AtomicBool,
    /// One transaction at a time.
    _turn: OwnedMutexGuard<()>,
}

impl Inner {
    /// Goes on to its end even where the caller goes away: half a transaction would hold the subscription for ever.
    pub(crate) async fn transact(self: &Arc<Self>, transaction: Transaction) -> Result<Transacted, BrokerError> {
        self.check_open()?;
        let inner = Arc::clone(self);
        let work = tokio::spawn(async move { inner.transact_to_the_end(transaction).await });
        work.await.map_err(|_| BrokerError::Closed)?
    }

    async fn transact_to_the_end(self: Arc<Self>, transaction: Transaction) -> Result<Transacted, BrokerError> {
        let mut admitted = Vec::with_capacity(transaction.messages.len());
        let mut refused = Vec::new();
        let messages = transaction.messages.into_iter().enumerate();
        let addressed = messages
            .map(|(index, (topic, message))| self.address_stored(&topic, message, &transaction.producer_name, index));
        // How much goes together is for who makes the transaction to say.
        let verdicts = self.admit_all(addressed.collect(), None, usize::MAX).await;
        for (index, verdict) in verdicts.into_iter().enumerate() {
            match verdict {
                Ok(one) => admitted.push(one),
                Err(error @ (BrokerError::Closed | BrokerError::Unreadable { .. })) => return Err(error),
                Err(error) => {
                    self.count_refused(&error);
                    refused.push((index, error));
                }
            }
        }
        if !refused.is_empty() {
            return Ok(Transacted::Refused(refused));
        }
        let held = self.hold(&transaction.subscription, transaction.acknowledged).await?;
        let mut documents: Vec<_> = transaction.notes.into_iter().map(Note::into_document).collect();
        let mut settled = Vec::new();
        let mut begun: Vec<&Held> = Vec::new();
        for one in &held {
            match one.subscription.begin(&one.offsets) {
                Ok(document) => {
                    documents.push(document);
                    begun.push(one);
                }
                Err(NotBegun::Settled(offsets)) => {
                    settled.extend(offsets.into_iter().map(|offset| (one.topic.clone(), offset)));
                }
                Err(NotBegun::Gone) => {
                    self.give_up(&begun)?;
                    return Err(gone(&one.topic, &transaction.subscription));
                }
            }
        }
        if !settled.is_empty() {
            self.give_up(&begun)?;
            return Ok(Transacted::Settled(settled));
        }
        self.commit_transaction(admitted, documents, held).await.map(|()| Transacted::Committed)
    }

    fn address_stored(
        &self,
        topic: &str,
        message: v1::OutgoingMessage,
        producer_name: &str,
        index: usize,
    ) -> Result<Addressed, BrokerError> {
        let route = self.route_of(topic)?;
        let addressed = self.address(&route, message, index as u64 + 1, producer_name.to_owned())?;
        if addressed.topic.is_reliable() {
            return Ok(addressed);
        }
        let reason = format!("the topic {topic} is not reliable, and a transaction writes only what is stored");
        Err(BrokerError::PublishRefused { reason })
    }

    /// The subscriptions in the order of their topics, which keeps two transactions from waiting for each other.
    async fn hold(&self, name: &str, acknowledged: BTreeMap<String, Vec<u64>>) -> Result<Vec<Held>, BrokerError> {
        let mut held = Vec::with_capacity(acknowledged.len());
        for (topic, offsets) in acknowledged {
            let subscription = self.topics.find(&topic).and_then(|topic| topic.subscription(name));
            let subscription = subscription.ok_or_else(|| gone(&topic, name))?;
            let turn = Arc::clone(&subscription.transactions).lock_owned().await;
            held.push(Held { topic, subscription, offsets, is_missed: AtomicBool::default(), _turn: turn });
        }
        Ok(held)
    }

    fn give_up(&self, begun: &[&Held]) -> Result<(), BrokerError> {
        for one in begun {
            if one.subscription.finish(&one.offsets, false) {
                one.subscription.stage(&self.store)?;
            }
        }
        Ok(())
    }

    async fn commit_transaction(
        &self,
        admitted: Vec<Admitted>,
        documents: Vec<irongate_store::DocumentWrite>,
        held: Vec<Held>,
    ) -> Result<(), BrokerError> {
        let verdicts: Vec<Verdict> = admitted.into_iter().map(Ok).collect();
        let (appends, topics) = appends_of(&verdicts);
        let held = Arc::new(held);
        let finished = Arc::clone(&held);
        let committed = self.commits.commit(appends, documents, move |appended| {
            announce(&topics, appended);
            for one in finished.iter() {
                one.is_missed.store(one.subscription.finish(&one.offsets, true), Ordering::Release);
            }
        });
        if let Err(error) = committed.await {
            self.give_up(&held.iter().collect::<Vec<_>>())?;
            return Err(error);
        }
        for verdict in verdicts.into_iter().flatten() {
            self.count_published(1, verdict.bytes);
        }
        let acknowledged: usize = held.iter().map(|one| one.offsets.len()).sum();
        Metrics::add(&self.metrics.messages_acked, acknowledged as u64);
        for one in held.iter() {
            if one.is_missed.load(Ordering::Acquire) {
                one.subscription.stage(&self.store)?;
            }
            if let Some(leftover) = one.subscription.leftover() {
                self.commits.write(vec![leftover]).await?;
            }
        }
        Ok(())
    }
}

fn gone(topic: &str, subscription: &str) -> BrokerError {
    BrokerError::AckRefused { reason: format!("{topic} has no subscription {subscription}") }
}

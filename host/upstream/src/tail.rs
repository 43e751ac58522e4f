//! A live view of topics: a subscription of its own for each, on messages from now on, deleted when
//! the view ends. Danube has no reading without a subscription; a host that could not delete it
//! again does not make one.

use crate::catalogue::{NO_PAST, unimplemented};
use crate::cluster::Cluster;
use crate::consumers::Deliveries;
use crate::producers::add;
use futures_core::Stream;
use irongate_broker::BrokerError;
use irongate_proto::danube::consumer_request::SubscriptionType;
use irongate_proto::danube::{AckRequest, ConsumerRequest, ReceiveRequest, StreamMessage};
use irongate_proto::danube_admin::SubscriptionRequest;
use irongate_proto::danube_admin::topic_admin_client::TopicAdminClient;
use irongate_proto::irongate_v1::browse_request::Start;
use irongate_proto::irongate_v1::{BrowseRequest, BrowseResponse, BrowsedMessage};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio_util::sync::{CancellationToken, DropGuard};

type Item = Result<BrowseResponse, BrokerError>;

/// What a live view shows.
pub struct Tail {
    received: Receiver<Item>,
    _ended: DropGuard,
    cluster: Cluster,
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.cluster.inner.counted.tails.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Stream for Tail {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Item>> {
        Poll::Ready(ready!(self.received.poll_recv(context)))
    }
}

/// One topic of a view.
struct Watch {
    topic: String,
    subscription: String,
    deliveries: Deliveries,
}

impl Cluster {
    pub(crate) async fn tail(&self, request: BrowseRequest) -> Result<Tail, BrokerError> {
        if !matches!(request.start, None | Some(Start::Latest(_))) {
            return Err(unimplemented(NO_PAST));
        }
        self.inner.admin()?;
        let topics_max = self.inner.connections.config().limits.tail_topics_max;
        let mut topics = Vec::new();
        for topic in &request.topics {
            let found = self.inner.partitions(topic).await?;
            if found.is_empty() {
                return Err(BrokerError::TopicMissing { topic: topic.clone() });
            }
            topics.extend(found);
        }
        if topics.len() > topics_max {
            let what = format!("a live view of {} topics is too wide", topics.len());
            return Err(BrokerError::LimitReached { what, limit: topics_max });
        }
        let ended = CancellationToken::new();
        let (sender, received) = mpsc::channel(self.inner.connections.config().limits.tail_messages_max.max(1));
        if request.follow {
            for topic in topics {
                let watch = self.watch(topic).await;
                // What was subscribed before is given back when the guard below goes.
                let guard = ended.clone();
                match watch {
                    Ok(watch) => drop(tokio::spawn(self.clone().show(watch, sender.clone(), guard))),
                    Err(error) => {
                        ended.cancel();
                        return Err(error);
                    }
                }
            }
        }
        let caught_up = BrowseResponse { caught_up: true, ..BrowseResponse::default() };
        // The channel has room: nothing has been received before the first is read, or the view is already full.
        let _ = sender.try_send(Ok(caught_up));
        add(&self.inner.counted.tails, 1);
        Ok(Tail { received, _ended: ended.drop_guard(), cluster: self.clone() })
    }

    async fn watch(&self, topic: String) -> Result<Watch, BrokerError> {
        let subscription = format!("irongate-view-{:016x}", fastrand::u64(..));
        let request = ConsumerRequest {
            request_id: 0,
            topic_name: topic.clone(),
            consumer_name: subscription.clone(),
            subscription: subscription.clone(),
            subscription_type: SubscriptionType::Exclusive.into(),
            key_filters: Vec::new(),
        };
        let consumer_id = self.inner.subscribe(request).await?.consumer_id;
        let deliveries = self.deliveries(ReceiveRequest { request_id: 0, consumer_id }).await;
        match deliveries {
            Ok(deliveries) => Ok(Watch { topic, subscription, deliveries }),
            Err(error) => {
                self.unsubscribe(topic, subscription).await;
                Err(error)
            }
        }
    }

    async fn show(self, mut watch: Watch, sender: Sender<Item>, ended: CancellationToken) {
        loop {
            let next = std::future::poll_fn(|context| Pin::new(&mut watch.deliveries).poll_next(context));
            let item = tokio::select! {
                () = ended.cancelled() => break,
                item = next => item,
            };
            let is_last = !matches!(item, Some(Ok(_)));
            let Some(item) = item else { break };
            let acked = item.as_ref().ok().and_then(|message| message.msg_id.clone());
            let shown = tokio::select! {
                () = ended.cancelled() => break,
                shown = sender.send(item.map(browsed)) => shown,
            };
            if shown.is_err() || is_last {
                break;
            }
            let subscription_name = watch.subscription.clone();
            if acked.is_some() {
                let ack = AckRequest { request_id: 0, msg_id: acked, subscription_name };
                // What is not acknowledged comes again, at worst twice into a view.
                let _ = self.inner.ack(ack).await;
            }
        }
        drop(watch.deliveries);
        self.unsubscribe(watch.topic, watch.subscription).await;
    }

    /// Leaves nothing behind.
    async fn unsubscribe(&self, topic: String, subscription: String) {
        let Ok(place) = self.inner.admin() else { return };
        let request = place.call(SubscriptionRequest { topic: topic.clone(), subscription });
        if let Err(status) = TopicAdminClient::new(place.channel.clone()).unsubscribe(request).await {
            tracing::warn!(%topic, reason = status.message(), "the subscription of a live view stays behind");
        }
    }
}

fn browsed(message: StreamMessage) -> BrowseResponse {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let message = BrowsedMessage {
        message: Some(message),
        append_time_ms: u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX),
        // Danube's first offset and no offset are both 0.
        stored: false,
    };
    BrowseResponse { messages: vec![message], missed_count: 0, caught_up: false }
}

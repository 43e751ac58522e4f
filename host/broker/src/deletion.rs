//! What is deleted on request: messages, subscriptions, topics, namespaces. On disk before
//! it is gone from memory; what is being deleted takes no new work meanwhile.

use crate::BrokerError;
use crate::documents;
use crate::inner::Inner;
use crate::names::{TopicName, check_name, check_namespace};
use crate::subscription::Subscription;
use crate::topic::Topic;
use irongate_proto::irongate_v1 as v1;
use irongate_store::{Cut, DocumentWrite};
use std::sync::Arc;

impl Inner {
    /// A topic, or all partitions of a base name; answers how many.
    pub(crate) async fn delete_topic(self: &Arc<Self>, topic: &str) -> Result<u32, BrokerError> {
        let (inner, name) = (Arc::clone(self), TopicName::parse(topic, &self.config.limits)?);
        // A caller that goes away must not leave memory and disk apart: the work is detached.
        let work = tokio::spawn(async move {
            let _changing = inner.changes.lock().await;
            inner.check_open()?;
            let topics = inner.topics.expand(name.as_str());
            if topics.is_empty() {
                return Err(BrokerError::TopicMissing { topic: name.as_str().to_owned() });
            }
            inner.delete_topics(&topics).await?;
            Ok(u32::try_from(topics.len()).unwrap_or(u32::MAX))
        });
        work.await.map_err(|_| BrokerError::Closed)?
    }

    async fn delete_topics(&self, topics: &[Arc<Topic>]) -> Result<(), BrokerError> {
        let mut writes = Vec::new();
        let mut cuts = Vec::new();
        for topic in topics {
            writes.push(documents::remove(documents::key(documents::TOPICS, topic.name())));
            for subscription in topic.subscriptions() {
                subscription.retire(true);
                writes.push(documents::remove(documents::subscription_key(topic.name(), &subscription.name)));
            }
            for name in topic.settings_names() {
                writes.push(documents::remove(documents::settings_key(topic.name(), &name)));
            }
            if topic.is_reliable() {
                cuts.push(Cut { log: topic.log(), first_offset: u64::MAX, is_final: true });
            }
        }
        if let Err(error) = self.commits.write_with_cuts(writes, cuts).await {
            topics.iter().flat_map(|topic| topic.subscriptions()).for_each(|one| one.retire(false));
            return Err(error);
        }
        for topic in topics {
            self.topics.remove(topic.name());
            self.producers.forget_all(topic);
            for subscription in topic.subscriptions() {
                self.consumers.remove(&subscription.dismiss());
            }
            topic.end();
        }
        Ok(())
    }

    /// A subscription of a topic, or of all partitions of a base name, with its settings.
    pub(crate) async fn unsubscribe(self: &Arc<Self>, topic: &str, subscription: &str) -> Result<(), BrokerError> {
        check_name("subscription", subscription, false, &self.config.limits)?;
        let (inner, name) = (Arc::clone(self), TopicName::parse(topic, &self.config.limits)?);
        let subscription = subscription.to_owned();
        let work = tokio::spawn(async move {
            let _changing = inner.changes.lock().await;
            inner.check_open()?;
            let topics = inner.topics.expand(name.as_str());
            if topics.is_empty() {
                return Err(BrokerError::TopicMissing { topic: name.as_str().to_owned() });
            }
            let found = |topic: Arc<Topic>| Some((topic.subscription(&subscription)?, topic));
            let found: Vec<(Arc<Subscription>, Arc<Topic>)> = topics.into_iter().filter_map(found).collect();
            if found.is_empty() {
                let (topic, subscription) = (name.as_str().to_owned(), subscription);
                return Err(BrokerError::SubscriptionMissing { topic, subscription });
            }
            let mut writes: Vec<DocumentWrite> = Vec::new();
            for (subscription, topic) in &found {
                subscription.retire(true);
                writes.push(documents::remove(documents::subscription_key(topic.name(), &subscription.name)));
                writes.push(documents::remove(documents::settings_key(topic.name(), &subscription.name)));
            }
            if let Err(error) = inner.commits.write(writes).await {
                found.iter().for_each(|(subscription, _)| subscription.retire(false));
                return Err(error);
            }
            for (subscription, topic) in found {
                topic.remove_subscription(&subscription.name);
                topic.set_settings(&subscription.name, None);
                inner.consumers.remove(&subscription.dismiss());
            }
            Ok(())
        });
        work.await.map_err(|_| BrokerError::Closed)?
    }

    /// An empty one; topics are never deleted by the way.
    pub(crate) async fn delete_namespace(self: &Arc<Self>, namespace: &str) -> Result<(), BrokerError> {
        check_namespace(namespace, &self.config.limits)?;
        let (inner, namespace) = (Arc::clone(self), namespace.to_owned());
        let work = tokio::spawn(async move {
            let _changing = inner.changes.lock().await;
            inner.check_open()?;
            let count = inner.namespace_topics(&namespace)?.len();
            if count > 0 {
                let what = format!("the namespace {namespace} has {count} topics; delete them first");
                return Err(BrokerError::Precondition { what });
            }
            if crate::topics::is_permanent(&namespace) {
                let what = format!("the namespace {namespace} is always there");
                return Err(BrokerError::Precondition { what });
            }
            let write = documents::remove(documents::key(documents::NAMESPACES, &namespace));
            inner.commits.write(vec![write]).await?;
            inner.topics.remove_namespace(&namespace);
            Ok(())
        });
        work.await.map_err(|_| BrokerError::Closed)?
    }

    pub(crate) async fn truncate_topic(
        self: &Arc<Self>,
        request: v1::TruncateTopicRequest,
    ) -> Result<v1::TruncateTopicResponse, BrokerError> {
        self.check_open()?;
        let name = TopicName::parse(&request.topic, &self.config.limits)?;
        let topics = self.topics.expand(name.as_str());
        if topics.is_empty() {
            return Err(BrokerError::TopicMissing { topic: request.topic });
        }
        if request.before_offset.is_some() && topics[0].full_name() != &name {
            let what = format!("{} is partitioned, and each partition has its own offsets: name one", request.topic);
            return Err(BrokerError::InvalidArgument { what });
        }
        let first_offset = request.before_offset.unwrap_or(u64::MAX);
        let mut messages_deleted = 0;
        for topic in topics.iter().filter(|topic| topic.is_reliable()) {
            messages_deleted += self.cut(topic, first_offset).await?;
        }
        Ok(v1::TruncateTopicResponse { messages_deleted })
    }

    /// Deletes the messages before an offset, and says how many those were.
    pub(crate) async fn cut(&self, topic: &Arc<Topic>, first_offset: u64) -> Result<u64, BrokerError> {
        let before = topic.bounds(&self.store)?;
        let first_offset = first_offset.min(before.next_offset);
        if first_offset <= before.first_offset {
            return Ok(0);
        }
        self.commits.write_with_cuts(Vec::new(), vec![Cut { log: topic.log(), first_offset, is_final: false }]).await?;
        topic.forget_before(first_offset);
        for subscription in topic.subscriptions() {
            if subscription.forget_before(first_offset) {
                subscription.stage(&self.store)?;
            }
        }
        Ok(first_offset - before.first_offset)
    }
}

//! What an administrator sets for a subscription: its failure policy and how much may be
//! unacknowledged. On disk before it holds; kept whether the subscription exists yet or not.

use crate::documents::{self, SettingsDocument};
use crate::inner::Inner;
use crate::names::{TopicName, check_name};
use crate::subscription::{FailurePolicy, Fate, Settings};
use crate::topic::Topic;
use crate::{BrokerError, Limits};
use irongate_proto::danube::DispatchStrategy;
use irongate_proto::danube_admin as admin;
use std::sync::Arc;

/// The settings a subscription works with; the broker's own where nothing was set.
pub(crate) fn settings(document: Option<&SettingsDocument>, limits: &Limits) -> Result<Settings, BrokerError> {
    // Limits may have become tighter since; what was set stays.
    let lenient = Limits {
        ack_timeout_max_ms: u64::MAX,
        nack_delay_max_ms: u64::MAX,
        topic_name_bytes_max: usize::MAX,
        ..limits.clone()
    };
    let policy = document.and_then(|document| document.failure_policy.as_ref());
    let policy = policy.map(|policy| FailurePolicy::parse(policy, &lenient)).transpose()?;
    let unacked = document.map_or(0, |document| document.unacked_messages_max as usize);
    Ok(Settings {
        policy: Arc::new(policy.unwrap_or_else(|| FailurePolicy::standard(limits))),
        unacked_messages_max: if unacked == 0 { limits.unacked_messages_max } else { unacked },
    })
}

impl Inner {
    pub(crate) async fn set_failure_policy(
        self: &Arc<Self>,
        request: admin::SetSubscriptionFailurePolicyRequest,
    ) -> Result<(), BrokerError> {
        let topics = self.configurable(&request.topic, &request.subscription)?;
        let policy = request
            .failure_policy
            .ok_or_else(|| BrokerError::InvalidArgument { what: "the request carries no failure_policy".to_owned() })?;
        let parsed = FailurePolicy::parse(&policy, &self.config.limits)?;
        if let Fate::DeadLetter(target) = &parsed.fate {
            if topics.iter().any(|topic| topic.full_name() == target) {
                let what = format!("{} cannot be its own dead letter topic", target.as_str());
                return Err(BrokerError::InvalidArgument { what });
            }
            // It must be there, and reliable, before the first letter needs it.
            self.topic_for_producer(target, Some(DispatchStrategy::Reliable), None).await?;
        }
        let change = move |settings: &mut SettingsDocument| settings.failure_policy = Some(policy.clone());
        self.change_settings(topics, request.subscription, change).await
    }

    /// The policy that was set, and the type of the subscription if it exists.
    pub(crate) fn failure_policy(
        &self,
        request: &admin::GetSubscriptionFailurePolicyRequest,
    ) -> Result<admin::GetSubscriptionFailurePolicyResponse, BrokerError> {
        let topics = self.configurable(&request.topic, &request.subscription)?;
        let policy = topics.iter().find_map(|topic| topic.settings(&request.subscription)?.failure_policy);
        let subscription = topics.iter().find_map(|topic| topic.subscription(&request.subscription));
        let subscription_type = subscription.map_or(0, |subscription| subscription.kind as i32);
        Ok(admin::GetSubscriptionFailurePolicyResponse { failure_policy: policy, subscription_type })
    }

    pub(crate) async fn set_dispatch_config(
        self: &Arc<Self>,
        request: admin::SetSubscriptionDispatchConfigRequest,
    ) -> Result<(), BrokerError> {
        let topics = self.configurable(&request.topic, &request.subscription)?;
        let count = request.dispatch_config.map_or(0, |config| config.max_unacked_messages);
        let most = self.config.limits.unacked_messages_config_max;
        if count == 0 || count > most {
            let what = format!("max_unacked_messages is {count}, it must be between 1 and {most}");
            return Err(BrokerError::InvalidArgument { what });
        }
        let change = move |settings: &mut SettingsDocument| settings.unacked_messages_max = count;
        self.change_settings(topics, request.subscription, change).await
    }

    pub(crate) fn dispatch_config(
        &self,
        request: &admin::GetSubscriptionDispatchConfigRequest,
    ) -> Result<admin::GetSubscriptionDispatchConfigResponse, BrokerError> {
        let topics = self.configurable(&request.topic, &request.subscription)?;
        let counts = topics.iter().filter_map(|topic| topic.settings(&request.subscription));
        let count = counts.map(|settings| settings.unacked_messages_max).find(|count| *count > 0);
        let dispatch_config = count.map(|count| admin::SubscriptionDispatchConfig { max_unacked_messages: count });
        Ok(admin::GetSubscriptionDispatchConfigResponse { dispatch_config })
    }

    /// The topic, or all partitions; refused where nothing is ever redelivered.
    fn configurable(&self, topic: &str, subscription: &str) -> Result<Vec<Arc<Topic>>, BrokerError> {
        self.check_open()?;
        check_name("subscription", subscription, false, &self.config.limits)?;
        let name = TopicName::parse(topic, &self.config.limits)?;
        let topics = self.topics.expand(name.as_str());
        if topics.is_empty() {
            return Err(BrokerError::TopicMissing { topic: topic.to_owned() });
        }
        if topics.iter().any(|topic| !topic.is_reliable()) {
            let what = format!("the topic {topic} is non-reliable, only reliable ones redeliver");
            return Err(BrokerError::Precondition { what });
        }
        Ok(topics)
    }

    async fn change_settings(
        self: &Arc<Self>,
        topics: Vec<Arc<Topic>>,
        subscription: String,
        change: impl Fn(&mut SettingsDocument) + Send + 'static,
    ) -> Result<(), BrokerError> {
        let inner = Arc::clone(self);
        // A caller that goes away must not leave memory and disk apart: the work is detached.
        let work = tokio::spawn(async move {
            let _changing = inner.changes.lock().await;
            inner.check_open()?;
            let limits = &inner.config.limits;
            let mut changed = Vec::new();
            let mut writes = Vec::new();
            for topic in topics {
                topic.check_alive()?;
                let before = topic.settings(&subscription);
                if before.is_none() && topic.settings_count() >= limits.subscriptions_per_topic_max {
                    let what = format!("the topic {} has settings for too many subscriptions", topic.name());
                    return Err(BrokerError::LimitReached { what, limit: limits.subscriptions_per_topic_max });
                }
                let mut document = before.unwrap_or_default();
                change(&mut document);
                let ready = settings(Some(&document), limits)?;
                writes.push(documents::set(documents::settings_key(topic.name(), &subscription), &document));
                changed.push((topic, document, ready));
            }
            inner.commits.write(writes).await?;
            for (topic, document, ready) in changed {
                topic.set_settings(&subscription, Some(document));
                if let Some(subscription) = topic.subscription(&subscription) {
                    subscription.set(ready);
                }
            }
            Ok(())
        });
        work.await.map_err(|_| BrokerError::Closed)?
    }
}

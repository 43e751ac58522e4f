//! What administrators ask of a broker: Danube's administration contract, as far as one
//! node has an answer. One method for each call; the work is done in the files named after it.

use crate::{Answer, Broker};
use irongate_proto::{danube_admin as admin, danube_schema, irongate_v1 as v1};

#[expect(clippy::missing_errors_doc, reason = "every error is a BrokerError, whose variants say when")]
impl Broker {
    /// Deletes a topic, or all partitions of a base name, with everything in it.
    pub async fn delete_topic(&self, topic: &str) -> Answer<u32> {
        self.inner.delete_topic(topic).await
    }

    /// Deletes messages from the beginning of a topic on.
    pub async fn truncate_topic(&self, request: v1::TruncateTopicRequest) -> Answer<v1::TruncateTopicResponse> {
        self.inner.truncate_topic(request).await
    }

    /// Sets how long a topic keeps its messages.
    pub async fn set_retention(&self, request: v1::SetTopicRetentionRequest) -> Answer<v1::SetTopicRetentionResponse> {
        self.inner.set_retention(request).await
    }

    /// Deletes a subscription, with its cursor and settings.
    pub async fn unsubscribe(&self, topic: &str, subscription: &str) -> Answer<()> {
        self.inner.unsubscribe(topic, subscription).await
    }

    /// Deletes a namespace without topics.
    pub async fn delete_namespace(&self, namespace: &str) -> Answer<()> {
        self.inner.delete_namespace(namespace).await
    }

    /// How a topic is bound to its schema, at the latest version; `None` where it is not.
    pub fn topic_schema(&self, topic: &str) -> Answer<Option<danube_schema::GetSchemaResponse>> {
        let config = danube_schema::GetTopicSchemaConfigRequest { topic_name: topic.to_owned() };
        let subject = self.inner.get_topic_schema_config(config)?.schema_subject;
        if subject.is_empty() {
            return Ok(None);
        }
        self.inner.get_latest_schema(danube_schema::GetLatestSchemaRequest { subject }).map(Some)
    }

    /// Sets what happens to messages of a subscription that are not acknowledged. The
    /// subscription need not exist yet.
    pub async fn set_failure_policy(&self, request: admin::SetSubscriptionFailurePolicyRequest) -> Answer<()> {
        self.inner.set_failure_policy(request).await
    }

    /// The failure policy that was set, if one was.
    pub fn failure_policy(
        &self,
        request: &admin::GetSubscriptionFailurePolicyRequest,
    ) -> Answer<admin::GetSubscriptionFailurePolicyResponse> {
        self.inner.failure_policy(request)
    }

    /// Sets how much a subscription may have delivered and not yet acknowledged.
    pub async fn set_dispatch_config(&self, request: admin::SetSubscriptionDispatchConfigRequest) -> Answer<()> {
        self.inner.set_dispatch_config(request).await
    }

    /// The dispatch configuration that was set, if one was.
    pub fn dispatch_config(
        &self,
        request: &admin::GetSubscriptionDispatchConfigRequest,
    ) -> Answer<admin::GetSubscriptionDispatchConfigResponse> {
        self.inner.dispatch_config(request)
    }
}

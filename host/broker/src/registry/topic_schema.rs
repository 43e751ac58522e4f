//! Which subject a topic is bound to, and what the policy does: set by the first producer
//! that names a subject, or by configuration.

use crate::BrokerError;
use crate::binding::{Binding, Policy};
use crate::documents;
use crate::inner::Inner;
use crate::names::TopicName;
use crate::topic::Topic;
use irongate_proto::danube::SchemaReference;
use irongate_proto::danube_schema::{
    ConfigureTopicSchemaRequest, ConfigureTopicSchemaResponse, GetTopicSchemaConfigRequest,
    GetTopicSchemaConfigResponse, UpdateTopicValidationPolicyRequest, UpdateTopicValidationPolicyResponse,
};
use std::sync::Arc;

impl Inner {
    /// Binds the topic where it is not, and checks the reference where it is.
    pub(crate) async fn bind_by_producer(
        self: &Arc<Self>,
        topic: &Arc<Topic>,
        reference: Option<&SchemaReference>,
    ) -> Result<(), BrokerError> {
        let Some(reference) = reference else { return Ok(()) };
        self.registry.check_reference(reference)?;
        if let Some(binding) = topic.binding() {
            return check_subject(topic, &binding, &reference.subject);
        }
        let (inner, topic, subject) = (Arc::clone(self), Arc::clone(topic), reference.subject.clone());
        let work = tokio::spawn(async move {
            let _changing = inner.changes.lock().await;
            match topic.binding() {
                // Another producer was first.
                Some(binding) => check_subject(&topic, &binding, &subject),
                None => inner.write_binding(&topic, Binding::by_producer(&subject)).await,
            }
        });
        work.await.map_err(|_| BrokerError::Closed)?
    }

    /// The caller holds the lock for changes.
    async fn write_binding(&self, topic: &Topic, binding: Binding) -> Result<(), BrokerError> {
        self.check_open()?;
        topic.check_alive()?;
        // Deleted meanwhile?
        self.registry.registered(&binding.subject)?;
        let key = documents::key(documents::TOPICS, topic.name());
        self.commits.write(vec![documents::set(key, &topic.document(Some(&binding)))]).await?;
        topic.set_binding(Some(Arc::new(binding)));
        Ok(())
    }

    /// The topics of a name: itself, or every partition of a base name.
    fn topics_to_configure(&self, name: &str) -> Result<Vec<Arc<Topic>>, BrokerError> {
        let name = TopicName::parse(name, &self.config.limits)?;
        let topics = self.topics.expand(name.as_str());
        if topics.is_empty() {
            return Err(BrokerError::TopicMissing { topic: name.as_str().to_owned() });
        }
        Ok(topics)
    }

    pub(crate) async fn configure_topic_schema(
        self: &Arc<Self>,
        request: ConfigureTopicSchemaRequest,
    ) -> Result<ConfigureTopicSchemaResponse, BrokerError> {
        let policy: Policy = request.validation_policy.parse()?;
        let topics = self.topics_to_configure(&request.topic_name)?;
        let binding = Binding { subject: request.schema_subject, policy, payload: request.enable_payload_validation };
        let message = format!("{} is bound to {} with policy {policy}", request.topic_name, binding.subject);
        let inner = Arc::clone(self);
        let work = tokio::spawn(async move {
            let _changing = inner.changes.lock().await;
            for topic in topics {
                inner.write_binding(&topic, binding.clone()).await?;
            }
            Ok(())
        });
        work.await.map_err(|_| BrokerError::Closed)??;
        Ok(ConfigureTopicSchemaResponse { success: true, message })
    }

    pub(crate) async fn update_topic_validation_policy(
        self: &Arc<Self>,
        request: UpdateTopicValidationPolicyRequest,
    ) -> Result<UpdateTopicValidationPolicyResponse, BrokerError> {
        let policy: Policy = request.validation_policy.parse()?;
        let topics = self.topics_to_configure(&request.topic_name)?;
        let payload = request.enable_payload_validation;
        let inner = Arc::clone(self);
        let work = tokio::spawn(async move {
            let _changing = inner.changes.lock().await;
            for topic in topics {
                let binding = topic.binding().ok_or_else(|| BrokerError::SchemaMissing {
                    what: format!("the topic {} is not bound to a schema subject; bind it first", topic.name()),
                })?;
                inner.write_binding(&topic, Binding { policy, payload, ..(*binding).clone() }).await?;
            }
            Ok(())
        });
        work.await.map_err(|_| BrokerError::Closed)??;
        let message = format!("the validation policy of {} is {policy}", request.topic_name);
        Ok(UpdateTopicValidationPolicyResponse { success: true, message })
    }

    /// An unbound topic answers with an empty subject and the policy `none`.
    pub(crate) fn get_topic_schema_config(
        &self,
        request: GetTopicSchemaConfigRequest,
    ) -> Result<GetTopicSchemaConfigResponse, BrokerError> {
        let topics = self.topics_to_configure(&request.topic_name)?;
        let Some(binding) = topics.iter().find_map(|topic| topic.binding()) else {
            return Ok(GetTopicSchemaConfigResponse {
                validation_policy: Policy::None.to_string(),
                ..GetTopicSchemaConfigResponse::default()
            });
        };
        Ok(GetTopicSchemaConfigResponse {
            schema_subject: binding.subject.clone(),
            validation_policy: binding.policy.to_string(),
            enable_payload_validation: binding.payload,
            schema_id: self.registry.find(&binding.subject).map_or(0, |subject| subject.schema_id),
        })
    }
}

fn check_subject(topic: &Topic, binding: &Binding, subject: &str) -> Result<(), BrokerError> {
    if binding.subject == subject {
        return Ok(());
    }
    Err(BrokerError::SubjectMismatch {
        topic: topic.name().to_owned(),
        existing: binding.subject.clone(),
        requested: subject.to_owned(),
    })
}

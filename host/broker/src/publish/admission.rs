//! Whether a message may enter a bound topic: its schema version, then its payload. What
//! the policy lets through is reported, counted and marked with its schema.

use crate::BrokerError;
use crate::binding::{Binding, Policy};
use crate::inner::Inner;
use crate::metrics::Metrics;
use crate::registry::Subject;
use crate::topic::Topic;
use irongate_proto::danube::{SchemaReference, StreamMessage};
use irongate_schema::{Schema, Violation};
use std::sync::Arc;

/// Payloads above this are checked off the async threads: there it would take milliseconds.
const VALIDATE_INLINE_BYTES_MAX: usize = 64 << 10;

/// Rule of a warning that is about the version a message names, not about its payload.
const RULE_SCHEMA_VERSION: &str = "schemaVersion";

impl Inner {
    /// Checks the message, attaches schema id and version, and returns what the policy
    /// `warn` let through.
    pub(crate) async fn admit(
        &self,
        topic: &Topic,
        message: &mut StreamMessage,
        reference: Option<&SchemaReference>,
    ) -> Result<Vec<Violation>, BrokerError> {
        let warnings = self.judge(topic, message, reference).await?;
        if let Some(first) = warnings.first() {
            Metrics::add(&self.metrics.messages_warned, 1);
            tracing::debug!(topic = topic.name(), first = first.message, "let an invalid message through");
        }
        Ok(warnings)
    }

    /// The same without counting.
    pub(super) async fn judge(
        &self,
        topic: &Topic,
        message: &mut StreamMessage,
        reference: Option<&SchemaReference>,
    ) -> Result<Vec<Violation>, BrokerError> {
        topic.check_alive()?;
        let Some(binding) = topic.binding() else { return Ok(Vec::new()) };
        if binding.policy == Policy::None {
            return Ok(Vec::new());
        }
        match self.check(topic, &binding, message, reference).await {
            Ok(()) => Ok(Vec::new()),
            Err(error) if binding.policy == Policy::Enforce => Err(error),
            Err(BrokerError::PayloadInvalid { violations, .. }) => Ok(violations),
            Err(error @ (BrokerError::Unreadable { .. } | BrokerError::Closed)) => Err(error),
            Err(error) => Ok(vec![version_warning(&error)]),
        }
    }

    async fn check(
        &self,
        topic: &Topic,
        binding: &Binding,
        message: &mut StreamMessage,
        reference: Option<&SchemaReference>,
    ) -> Result<(), BrokerError> {
        let subject = self.registry.registered(&binding.subject)?;
        let version = version_of(&subject, topic, message, reference)?;
        message.schema_id = Some(subject.schema_id);
        message.schema_version = Some(version);
        if !binding.payload {
            return Ok(());
        }
        let schema = self.registry.compiled(&subject, version)?;
        let violations = validate(schema, message).await?;
        if violations.is_empty() {
            return Ok(());
        }
        let (topic, subject) = (topic.name().to_owned(), binding.subject.clone());
        Err(BrokerError::PayloadInvalid { topic, subject, version, violations })
    }
}

/// The version on the message if it names one, else the producer's, else the latest.
fn version_of(
    subject: &Subject,
    topic: &Topic,
    message: &StreamMessage,
    reference: Option<&SchemaReference>,
) -> Result<u32, BrokerError> {
    if let Some(schema_id) = message.schema_id
        && schema_id != subject.schema_id
    {
        let reason = format!(
            "it names the schema id {schema_id}, the topic {} is bound to {} with id {}",
            topic.name(),
            subject.name,
            subject.schema_id
        );
        return Err(BrokerError::PublishRefused { reason });
    }
    match message.schema_version {
        Some(version) => subject.allow(version, reference),
        None => subject.resolve(reference),
    }
}

async fn validate(schema: Arc<Schema>, message: &StreamMessage) -> Result<Vec<Violation>, BrokerError> {
    if message.payload.len() <= VALIDATE_INLINE_BYTES_MAX {
        return Ok(schema.validate(&message.payload));
    }
    let payload = message.payload.clone();
    let checked = tokio::task::spawn_blocking(move || schema.validate(&payload));
    checked.await.map_err(|_| BrokerError::Closed)
}

fn version_warning(error: &BrokerError) -> Violation {
    Violation {
        instance_path: String::new(),
        line: 0,
        column: 0,
        byte_start: 0,
        byte_end: 0,
        rule: RULE_SCHEMA_VERSION.to_owned(),
        schema_path: String::new(),
        message: error.to_string(),
    }
}

//! The hook for a topic's transforms, before a message is checked and kept. What runs them is another crate's; here is decided only what may
//! enter: all that was made of a message, in one commit, or nothing.

use super::batch::{Addressed, Admitted, Verdict};
use crate::BrokerError;
use crate::inner::Inner;
use crate::names::TopicName;
use crate::topic::Topic;
use irongate_proto::danube::{SchemaReference, StreamMessage};
use irongate_schema::Violation;
use prost::Message;
use std::fmt;
use std::iter::Peekable;
use std::pin::Pin;
use std::sync::Arc;
use tonic::Code;

/// What transforms make of messages, one answer for each, in their order: nothing where they drop it.
pub type Transforming<'a> = Pin<Box<dyn Future<Output = Vec<Result<Vec<Passing>, TransformRefusal>>> + Send + 'a>>;

/// The transforms of a topic, at work.
pub trait TopicTransforms: Send + Sync + 'static {
    /// Transforms messages of a topic, of a partition under its base name. What becomes of one is no other's matter. Of what is answered only
    /// payload, key, attributes and the schema count.
    fn transform<'a>(&'a self, topic: &'a str, messages: Vec<Passing>) -> Transforming<'a>;
}

/// A message before or behind transforms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Passing {
    /// The message.
    pub message: StreamMessage,
    /// The name of its schema. An answered one decides the schema's id; an answered `None` leaves it.
    pub subject: Option<String>,
    /// Which partition it is for, where there are several.
    pub partition: Option<u32>,
}

/// Why transforms did not let a message in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransformRefusal {
    /// It can never be transformed, for this reason.
    Rejected(String),
    /// It stopped them; others are served.
    Failed(String),
    /// It cannot be transformed now, for this reason.
    Later(String),
    /// They cannot run at all, so nothing may enter.
    Unusable(String),
}

impl TransformRefusal {
    /// The gRPC status code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Rejected(_) => Code::InvalidArgument,
            Self::Failed(_) => Code::Internal,
            Self::Later(_) => Code::Unavailable,
            Self::Unusable(_) => Code::FailedPrecondition,
        }
    }
}

impl fmt::Display for TransformRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, reason) = match self {
            Self::Rejected(reason) => ("reject the message", reason),
            Self::Failed(reason) => ("failed on the message", reason),
            Self::Later(reason) => ("cannot take the message now, try again", reason),
            Self::Unusable(reason) => ("cannot run, and nothing enters without them", reason),
        };
        write!(formatter, "{what}: {reason}")
    }
}

impl Inner {
    /// Admits all that a topic's transforms make of each of these messages, or nothing of it; one answer for each, in their order. All are for one topic
    /// or its partitions.
    pub(super) async fn admit_transformed(
        &self,
        messages: Vec<Addressed>,
        reference: Option<&SchemaReference>,
    ) -> Vec<Verdict> {
        let Some(topic) = messages.first().map(|one| Arc::clone(&one.topic)) else { return Vec::new() };
        let (mut originals, mut passing) = (Vec::with_capacity(messages.len()), Vec::with_capacity(messages.len()));
        for Addressed { topic, message } in messages {
            let partition = topic.full_name().partition().map(|(_, index)| index);
            let bare =
                StreamMessage { payload: bytes::Bytes::new(), attributes: Default::default(), ..message.clone() };
            originals.push((topic, bare));
            passing.push(self.passing(message, partition));
        }
        let transforms = topic.transforms();
        let made = match transforms.live {
            // Taken away since it was looked.
            _ if transforms.kept.is_empty() => {
                passing.into_iter().map(|one| Ok(vec![Passing { subject: None, ..one }])).collect()
            }
            Some(live) => live.transform(topic.base_name(), passing).await,
            None => {
                let unloaded = || TransformRefusal::Unusable("they are not loaded; set them again".to_owned());
                passing.into_iter().map(|_| Err(unloaded())).collect()
            }
        };
        let mut made = made.into_iter();
        let mut verdicts = Vec::with_capacity(originals.len());
        for (topic, original) in originals {
            let silent = || Err(TransformRefusal::Failed("they say nothing of it".to_owned()));
            let made = made.next().unwrap_or_else(silent);
            verdicts.push(self.admit_made(topic, original, made, reference).await);
        }
        verdicts
    }

    /// Admits all that was made of one message, or nothing of it.
    async fn admit_made(
        &self,
        topic: Arc<Topic>,
        original: StreamMessage,
        made: Result<Vec<Passing>, TransformRefusal>,
        reference: Option<&SchemaReference>,
    ) -> Verdict {
        let refused = |refusal| BrokerError::TransformRefused { topic: topic.base_name().to_owned(), refusal };
        let made = made.map_err(refused)?;
        let (count_max, bytes_max) =
            (self.config.limits.publish_batch_messages_max, self.config.limits.publish_batch_bytes_max);
        if made.len() > count_max {
            let what = format!("{} messages that the topic's transforms made of one", made.len());
            return Err(BrokerError::LimitReached { what, limit: count_max });
        }
        let (mut entering, mut warnings, mut bytes) = (Vec::with_capacity(made.len()), Vec::new(), 0);
        for one in made {
            let one = self.named(one).map_err(refused)?;
            // Who sent it, when, and to where is not for a transform to say.
            let (request_id, publish_time) = (original.request_id, original.publish_time);
            let (msg_id, producer_name) = (original.msg_id.clone(), original.producer_name.clone());
            let subscription_name = original.subscription_name.clone();
            let mut one = StreamMessage { request_id, publish_time, msg_id, producer_name, subscription_name, ..one };
            self.check_size(one.encoded_len())?;
            warnings.extend(self.admit(&topic, &mut one, reference).await?);
            bytes += one.encoded_len();
            entering.push(one);
        }
        if bytes > bytes_max {
            let what = format!("{bytes} bytes that the topic's transforms made of one message");
            return Err(BrokerError::LimitReached { what, limit: bytes_max });
        }
        let mut entering = entering.into_iter();
        let first = entering.next();
        let is_dropped = first.is_none();
        let message = first.unwrap_or(original);
        Ok(Admitted { topic, message, bytes, warnings, is_dropped, further: entering.collect() })
    }

    fn passing(&self, message: StreamMessage, partition: Option<u32>) -> Passing {
        let subject = message.schema_id.and_then(|schema_id| self.registry.name_of(schema_id));
        Passing { message, subject, partition }
    }

    /// The message with the id of the schema that its transforms name.
    fn named(&self, passing: Passing) -> Result<StreamMessage, TransformRefusal> {
        let Passing { mut message, subject, .. } = passing;
        if let Some(subject) = subject {
            let unknown = || format!("they name the schema {subject}, which is not registered");
            let found = self.registry.find(&subject).ok_or_else(|| TransformRefusal::Failed(unknown()))?;
            message.schema_id = Some(found.schema_id);
        }
        Ok(message)
    }

    /// Whether a topic would take a message that its transforms made; what the policy `warn` would let through is answered. Keeps and counts nothing.
    pub(crate) async fn examine(&self, topic: &str, made: Passing) -> Result<Vec<Violation>, BrokerError> {
        let name = TopicName::parse(topic, &self.config.limits)?;
        let Some(topic) = self.topics.expand(name.as_str()).into_iter().next() else {
            return Err(BrokerError::TopicMissing { topic: name.as_str().to_owned() });
        };
        let refused = |refusal| BrokerError::TransformRefused { topic: topic.base_name().to_owned(), refusal };
        let mut message = self.named(made).map_err(refused)?;
        self.check_size(message.encoded_len())?;
        self.judge(&topic, &mut message, None).await
    }

    /// Admits and stores one message, or hands it on.
    pub(super) async fn store_transformed(
        &self,
        topic: &Arc<Topic>,
        message: StreamMessage,
        reference: Option<&SchemaReference>,
    ) -> Result<(), BrokerError> {
        let topic = Arc::clone(topic);
        let mut verdicts = self.admit_transformed(vec![Addressed { topic, message }], reference).await;
        self.store(&mut verdicts).await;
        verdicts.into_iter().next().unwrap_or(Err(BrokerError::Closed)).map(|_| ())
    }

    /// Admits messages as [`Self::admit_transformed`] does, as many together as the limits allow. What was made of all of them together has at most
    /// `made_bytes_max` bytes; what goes over that is refused.
    pub(super) async fn admit_in_portions(
        &self,
        messages: Vec<(usize, Addressed)>,
        reference: Option<&SchemaReference>,
        made_bytes_max: usize,
    ) -> Vec<(usize, Verdict)> {
        let mut verdicts = Vec::with_capacity(messages.len());
        let mut made_bytes = 0;
        let mut rest = messages.into_iter().peekable();
        while rest.peek().is_some() {
            let (indexes, portion): (Vec<usize>, Vec<Addressed>) = self.portion(&mut rest).into_iter().unzip();
            for (index, verdict) in indexes.into_iter().zip(self.admit_transformed(portion, reference).await) {
                verdicts.push((index, within(verdict, &mut made_bytes, made_bytes_max)));
            }
        }
        verdicts
    }

    /// What goes together, one message at least.
    fn portion(&self, rest: &mut Peekable<impl Iterator<Item = (usize, Addressed)>>) -> Vec<(usize, Addressed)> {
        let limits = &self.config.limits;
        let mut portion: Vec<(usize, Addressed)> = Vec::new();
        let mut bytes = 0;
        while let Some(next) = rest.next_if(|(_, next)| {
            bytes += next.message.encoded_len();
            portion.is_empty()
                || (portion.len() < limits.transformed_together_messages_max
                    && bytes <= limits.transformed_together_bytes_max)
        }) {
            portion.push(next);
        }
        portion
    }
}

/// Holds what transforms make of the messages of one call to its bytes.
fn within(verdict: Verdict, made_bytes: &mut usize, made_bytes_max: usize) -> Verdict {
    let admitted = verdict?;
    if *made_bytes + admitted.bytes > made_bytes_max {
        let what = format!("{} bytes that the topic's transforms made of one call", *made_bytes + admitted.bytes);
        return Err(BrokerError::LimitReached { what, limit: made_bytes_max });
    }
    *made_bytes += admitted.bytes;
    Ok(admitted)
}

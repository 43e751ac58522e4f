//! Which topics have transforms: kept with the topic, so that they go when it goes, and loaded by whoever runs them. What they are is not known here.

use crate::inner::Inner;
use crate::names::TopicName;
use crate::publish::TopicTransforms;
use crate::topic::{Topic, Transforms};
use crate::{BrokerError, documents};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Inner {
    pub(crate) async fn set_transforms(
        self: &Arc<Self>,
        topic: &str,
        transforms: Option<(Vec<u8>, Arc<dyn TopicTransforms>)>,
    ) -> Result<(), BrokerError> {
        let name = TopicName::parse(topic, &self.config.limits)?;
        let next = match transforms {
            None => Transforms::default(),
            Some((kept, _)) if kept.is_empty() => {
                return Err(BrokerError::InvalidArgument {
                    what: "transforms of which nothing is kept are none".into(),
                });
            }
            Some((kept, live)) => Transforms { kept, live: Some(live) },
        };
        let limit = self.config.limits.topic_transforms_bytes_max;
        if next.kept.len() > limit {
            let what = format!("{} bytes for the transforms of one topic", next.kept.len());
            return Err(BrokerError::LimitReached { what, limit });
        }
        let inner = Arc::clone(self);
        // A caller that goes away must not leave memory and disk apart: the work is detached.
        let work = tokio::spawn(async move {
            let _changing = inner.changes.lock().await;
            inner.check_open()?;
            let topics = inner.whole(&name)?;
            let mut writes = Vec::with_capacity(topics.len());
            for topic in &topics {
                let mut document = topic.document(topic.binding().as_deref());
                document.transforms.clone_from(&next.kept);
                writes.push(documents::set(documents::key(documents::TOPICS, topic.name()), &document));
            }
            inner.commits.write(writes).await?;
            topics.iter().for_each(|topic| topic.set_transforms(next.clone()));
            Ok(())
        });
        work.await.map_err(|_| BrokerError::Closed)?
    }

    pub(crate) fn load_transforms(&self, topic: &str, live: &Arc<dyn TopicTransforms>) -> Result<(), BrokerError> {
        let topics = self.whole(&TopicName::parse(topic, &self.config.limits)?)?;
        let loaded = topics.iter().filter(|topic| topic.load_transforms(live)).count();
        if loaded == 0 {
            return Err(BrokerError::Precondition { what: format!("the topic {topic} has no transforms") });
        }
        Ok(())
    }

    pub(crate) fn transforms(&self) -> Vec<(String, Vec<u8>)> {
        let topics = self.topics.all();
        let transformed = topics.iter().filter(|topic| topic.is_transformed());
        let kept: BTreeMap<_, _> =
            transformed.map(|topic| (topic.base_name().to_owned(), topic.transforms().kept)).collect();
        kept.into_iter().collect()
    }

    /// The topic, or all its partitions, which share their transforms.
    fn whole(&self, name: &TopicName) -> Result<Vec<Arc<Topic>>, BrokerError> {
        let topics = self.topics.expand(name.as_str());
        if topics.is_empty() {
            return Err(BrokerError::TopicMissing { topic: name.as_str().to_owned() });
        }
        if let Some((base, _)) = topics[0].full_name().partition().filter(|(base, _)| *base != name.as_str()) {
            let what = format!("{} is a partition, and all of them share their transforms: name {base}", name.as_str());
            return Err(BrokerError::InvalidArgument { what });
        }
        Ok(topics)
    }
}

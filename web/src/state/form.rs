//! The form of the Produce page: what the user typed, and the request it makes. Knows
//! nothing of verdicts and answers.

use std::rc::Rc;

use bytes::Bytes;
use irongate_proto::danube::DispatchStrategy;
use irongate_proto::irongate_v1::{OutgoingMessage, PublishRequest};
use yew::Reducible;

use super::encoding::Encoding;
use super::schema_choice::{VersionChoice, reference};
use super::topic_facts::TopicFacts;
use super::topic_name;

/// The attribute that tells whoever reads a message that a person sent it.
pub const SENT_BY: &str = "x-irongate-sent-by";

/// What it says then.
pub const BY_HAND: &str = "hand";

/// One attribute as two fields; an empty row is allowed while typing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttributeRow {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// Everything the user can set on the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProduceForm {
    /// `/namespace/topic`, as typed.
    pub topic: Rc<str>,
    /// A count as typed; empty: as the topic is, or one topic without partitions.
    pub partitions: Rc<str>,
    /// Empty: no routing key.
    pub routing_key: Rc<str>,
    /// In the order of the page.
    pub attributes: Rc<[AttributeRow]>,
    /// Empty: the subject the topic is bound to, if any.
    pub subject: Rc<str>,
    /// Which version of the subject.
    pub version: VersionChoice,
    /// How the message travels; none: as is usual for its type of schema.
    pub encoding: Option<Encoding>,
    /// The message itself.
    pub payload: Rc<str>,
    /// For a topic that this message creates.
    pub reliable: bool,
    /// The history keeps nothing of it.
    pub private: bool,
    /// Payload, routing key and attributes are templates, filled in before they are checked and sent.
    pub template: bool,
    /// What decides the random values of a template.
    pub seed: u64,
}

/// A change to the form.
#[derive(Clone, Debug, PartialEq)]
pub enum FormAction {
    /// The topic's name.
    Topic(String),
    /// The count of partitions.
    Partitions(String),
    /// The routing key.
    RoutingKey(String),
    /// One more empty attribute row.
    AddAttribute,
    /// The row with this index goes.
    RemoveAttribute(usize),
    /// The row with this index becomes this.
    SetAttribute(usize, AttributeRow),
    /// Marked as sent by hand or not.
    ByHand(bool),
    /// The subject; its version falls back to the latest.
    Subject(String),
    /// The version.
    Version(VersionChoice),
    /// How it travels.
    Encoding(Encoding),
    /// The message.
    Payload(String),
    /// Reliable or not.
    Reliable(bool),
    /// Kept in the history or not.
    Private(bool),
    /// A template or not.
    Template(bool),
    /// What decides the random values.
    Seed(u64),
    /// All of it, from a draft or an example.
    Replace(ProduceForm),
}

impl Reducible for ProduceForm {
    type Action = FormAction;

    fn reduce(self: Rc<Self>, action: FormAction) -> Rc<Self> {
        let mut form = (*self).clone();
        match action {
            FormAction::Topic(topic) => form.topic = topic.trim().into(),
            FormAction::Partitions(partitions) => form.partitions = partitions.trim().into(),
            FormAction::RoutingKey(key) => form.routing_key = key.into(),
            FormAction::AddAttribute => {
                form.attributes = form.attributes.iter().cloned().chain([AttributeRow::default()]).collect();
            }
            FormAction::RemoveAttribute(index) => {
                let others = form.attributes.iter().enumerate().filter(|(at, _)| *at != index);
                form.attributes = others.map(|(_, row)| row.clone()).collect();
            }
            FormAction::SetAttribute(index, row) => {
                let replaced = |(at, old): (usize, &AttributeRow)| if at == index { row.clone() } else { old.clone() };
                form.attributes = form.attributes.iter().enumerate().map(replaced).collect();
            }
            FormAction::ByHand(by_hand) => {
                let others = form.attributes.iter().filter(|row| row.key != SENT_BY).cloned();
                let mark = AttributeRow { key: SENT_BY.to_owned(), value: BY_HAND.to_owned() };
                form.attributes = others.chain(by_hand.then_some(mark)).collect();
            }
            FormAction::Subject(subject) => {
                form.subject = subject.into();
                form.version = VersionChoice::Latest;
            }
            FormAction::Version(version) => form.version = version,
            FormAction::Encoding(encoding) => form.encoding = Some(encoding),
            FormAction::Payload(payload) => form.payload = payload.into(),
            FormAction::Reliable(reliable) => form.reliable = reliable,
            FormAction::Private(private) => form.private = private,
            FormAction::Template(template) => form.template = template,
            FormAction::Seed(seed) => form.seed = seed,
            FormAction::Replace(other) => form = other,
        }
        Rc::new(form)
    }
}

impl ProduceForm {
    /// Whether it is marked as sent by hand.
    #[must_use]
    pub fn by_hand(&self) -> bool {
        self.attributes.iter().any(|row| row.key == SENT_BY && row.value == BY_HAND)
    }

    /// Why the form makes no request yet: a sentence for each field at fault.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = topic_name::problem(&self.topic).into_iter().collect();
        problems.extend(self.partitions_problem());
        problems.extend((0..self.attributes.len()).filter_map(|index| self.attribute_problem(index)));
        problems
    }

    /// What is wrong with the count of partitions, if anything.
    #[must_use]
    pub fn partitions_problem(&self) -> Option<String> {
        let count = self.partitions.parse::<u32>();
        let fine = self.partitions.is_empty() || count.is_ok_and(|count| count > 0);
        (!fine).then(|| format!("partitions is a whole number from 1; this is “{}”", self.partitions))
    }

    /// What is wrong with one attribute row, if anything.
    #[must_use]
    pub fn attribute_problem(&self, index: usize) -> Option<String> {
        let row = self.attributes.get(index)?;
        if row.key.is_empty() {
            let value = &row.value;
            return (!value.is_empty()).then(|| format!("the attribute with the value “{value}” needs a name"));
        }
        let twice = self.attributes.iter().take(index).any(|other| other.key == row.key);
        twice.then(|| format!("the attribute “{}” is there twice", row.key))
    }

    /// The request that publishes this message as these bytes. Where the topic exists, it says itself whether
    /// it is reliable and partitioned, so the request does not. `publish_time_ms` must be unique
    /// for this producer: the tail finds the message by it.
    #[must_use]
    pub fn request(
        &self,
        facts: &TopicFacts,
        payload: Bytes,
        producer_name: &str,
        publish_time_ms: u64,
    ) -> PublishRequest {
        let create = !matches!(facts, TopicFacts::Exists(_));
        let strategy = if self.reliable { DispatchStrategy::Reliable } else { DispatchStrategy::NonReliable };
        let rows = self.attributes.iter().filter(|row| !row.key.is_empty());
        PublishRequest {
            topic: self.topic.to_string(),
            producer_name: producer_name.to_owned(),
            dispatch_strategy: create.then_some(strategy as i32),
            partitions: if create { self.partitions.parse().unwrap_or(0) } else { 0 },
            schema_ref: reference(&self.subject, self.version),
            messages: vec![OutgoingMessage {
                payload,
                attributes: rows.map(|row| (row.key.clone(), row.value.clone())).collect(),
                routing_key: (!self.routing_key.is_empty()).then(|| self.routing_key.to_string()),
                partition: None,
                publish_time_ms,
            }],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::topic_facts::ExistingTopic;

    fn after(actions: Vec<FormAction>) -> Rc<ProduceForm> {
        actions.into_iter().fold(Rc::new(ProduceForm::default()), |form, action| form.reduce(action))
    }

    fn row(key: &str, value: &str) -> AttributeRow {
        AttributeRow { key: key.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn attributes_are_added_changed_and_removed_by_row() {
        let form = after(vec![
            FormAction::AddAttribute,
            FormAction::AddAttribute,
            FormAction::SetAttribute(1, row("source", "web")),
            FormAction::SetAttribute(7, row("nowhere", "")),
            FormAction::RemoveAttribute(0),
        ]);
        assert_eq!(*form.attributes, [row("source", "web")]);
    }

    #[test]
    fn a_message_is_marked_as_sent_by_hand_once_or_not_at_all() {
        let marked = after(vec![FormAction::AddAttribute, FormAction::ByHand(true), FormAction::ByHand(true)]);
        assert_eq!(*marked.attributes, [row("", ""), row("x-irongate-sent-by", "hand")]);
        assert!(marked.by_hand());
        let unmarked = marked.reduce(FormAction::ByHand(false));
        assert_eq!((&*unmarked.attributes, unmarked.by_hand()), (&[row("", "")][..], false));
        assert!(!ProduceForm::default().by_hand(), "nobody is marked who does not ask for it");
    }

    #[test]
    fn another_subject_forgets_the_version() {
        let form = after(vec![
            FormAction::Subject("a".to_owned()),
            FormAction::Version(VersionChoice::Pinned(3)),
            FormAction::Subject("b".to_owned()),
        ]);
        assert_eq!(form.version, VersionChoice::Latest);
    }

    #[test]
    fn each_field_at_fault_has_a_sentence() {
        let form = after(vec![
            FormAction::Topic("orders".to_owned()),
            FormAction::Partitions("many".to_owned()),
            FormAction::AddAttribute,
            FormAction::AddAttribute,
            FormAction::AddAttribute,
            FormAction::SetAttribute(0, row("a", "1")),
            FormAction::SetAttribute(1, row("a", "2")),
            FormAction::SetAttribute(2, row("", "3")),
        ]);
        assert_eq!(
            form.problems(),
            [
                "a topic is /namespace/topic, such as /default/user-events; this is orders",
                "partitions is a whole number from 1; this is “many”",
                "the attribute “a” is there twice",
                "the attribute with the value “3” needs a name",
            ]
        );
        assert!(after(vec![FormAction::Partitions("0".to_owned())]).partitions_problem().is_some());
        assert_eq!(after(vec![FormAction::Topic(" /default/x ".to_owned())]).problems(), Vec::<String>::new());
    }

    #[test]
    fn a_new_topic_is_made_as_the_form_says_and_an_existing_one_is_left_as_it_is() {
        let form = after(vec![
            FormAction::Topic("/default/x".to_owned()),
            FormAction::Partitions("8".to_owned()),
            FormAction::Reliable(true),
            FormAction::Payload("{}".to_owned()),
            FormAction::AddAttribute,
        ]);
        let request = form.request(&TopicFacts::Missing, Bytes::from_static(b"{}"), "console", 7);
        assert_eq!((request.partitions, request.dispatch_strategy), (8, Some(DispatchStrategy::Reliable as i32)));
        assert_eq!((request.messages[0].publish_time_ms, &request.messages[0].payload[..]), (7, b"{}".as_slice()));
        assert!(request.messages[0].attributes.is_empty(), "an empty row is no attribute");
        assert_eq!(request.messages[0].routing_key, None);
        let request = form.request(&TopicFacts::Exists(ExistingTopic::default()), Bytes::new(), "console", 7);
        assert_eq!((request.partitions, request.dispatch_strategy), (0, None));
    }
}

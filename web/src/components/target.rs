//! Where a message goes: topic, partitions, routing key.

use irongate_proto::irongate_v1::TopicSummary;
use yew::prelude::*;
use yew::props;

use super::field::{TextFieldProps, text_field};
use crate::hooks::use_remote::Remote;
use crate::state::form::{FormAction, ProduceForm};
use crate::state::topic_facts::TopicFacts;
use crate::state::topic_name;

/// Properties of [`target_fields`].
#[derive(Clone, PartialEq, Properties)]
pub struct TargetProps {
    /// The form.
    pub form: UseReducerHandle<ProduceForm>,
    /// What is known of the topic.
    pub facts: TopicFacts,
    /// All topics, for suggestions.
    pub topics: Remote<Vec<TopicSummary>>,
}

/// The fields. Test ids: `produce-topic`, `produce-partitions`, `produce-key`. The partitions of an
/// existing topic are shown, not asked for.
pub fn target_fields(props: &TargetProps) -> Html {
    let form = &props.form;
    let set = |action: fn(String) -> FormAction| {
        let form = form.dispatcher();
        Callback::from(move |text| form.dispatch(action(text)))
    };
    let topic_problem = (!form.topic.is_empty()).then(|| topic_name::problem(&form.topic)).flatten();
    let names = props.topics.ready().map(Vec::as_slice).unwrap_or_default();
    let (partitions, fixed, hint) = partitions_shown(&props.facts, &form.partitions);
    let topic_hint = match &props.facts {
        TopicFacts::Missing => "A new topic: the first message creates it.",
        TopicFacts::Exists(topic) if topic.reliable => "An existing reliable topic.",
        TopicFacts::Exists(_) => "An existing non-reliable topic.",
        TopicFacts::Unasked | TopicFacts::Pending | TopicFacts::Unreachable(_) => "/namespace/topic",
    };
    let partitions_problem = (!fixed).then(|| form.partitions_problem()).flatten();
    html! {
        <div class="target">
            { text_field(&props!(TextFieldProps {
                id: "produce-topic", label: "Topic", value: form.topic.to_string(),
                onchange: set(FormAction::Topic), mono: true, search: true,
                placeholder: "/default/user-events", suggestions: "topic-names", hint: topic_hint,
                problem: topic_problem.map(AttrValue::from), class: "grow",
            })) }
            <datalist id="topic-names">
                { for names.iter().map(|topic| html! { <option key={topic.name.clone()} value={topic.name.clone()} /> }) }
            </datalist>
            { text_field(&props!(TextFieldProps {
                id: "produce-partitions", label: "Partitions", value: partitions,
                onchange: set(FormAction::Partitions), mono: true, readonly: fixed, placeholder: "1",
                input_mode: "numeric", hint, problem: partitions_problem.map(AttrValue::from),
                class: "partitions",
            })) }
            { text_field(&props!(TextFieldProps {
                id: "produce-key", label: "Routing key", value: form.routing_key.to_string(),
                onchange: set(FormAction::RoutingKey), mono: true, placeholder: "none",
                hint: "same key, same partition", class: "key",
            })) }
        </div>
    }
}

/// The partitions of a topic: what to show, whether the topic has them already, and what that means.
pub fn partitions_shown(facts: &TopicFacts, typed: &str) -> (String, bool, &'static str) {
    match facts {
        TopicFacts::Exists(topic) if topic.partitions == 0 => ("1".to_owned(), true, "not partitioned"),
        TopicFacts::Exists(topic) => (topic.partitions.to_string(), true, "as the topic is"),
        _ => (typed.to_owned(), false, "for a new topic"),
    }
}

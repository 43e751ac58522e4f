//! What the host knows of the topic being typed. Asks when typing rests, not at every key.

use gloo_timers::future::TimeoutFuture;
use yew::prelude::*;

use crate::api;
use crate::browser::Task;
use crate::state::topic_facts::TopicFacts;
use crate::state::topic_name;

/// How long typing must rest, in milliseconds.
const REST_MS: u32 = 150;

/// The facts of a topic; asked again when `revision` changes.
#[hook]
pub fn use_topic_facts(topic: &AttrValue, revision: u32) -> TopicFacts {
    let facts = use_state(|| (AttrValue::default(), TopicFacts::Unasked));
    {
        let setter = facts.setter();
        use_effect_with((topic.clone(), revision), move |(topic, _)| {
            let topic = topic.clone();
            let task = Task::spawn(async move {
                if topic_name::problem(&topic).is_some() {
                    return setter.set((topic, TopicFacts::Unasked));
                }
                TimeoutFuture::new(REST_MS).await;
                let found = api::topics::facts(&topic).await;
                setter.set((topic, found));
            });
            move || drop(task)
        });
    }
    // What is known of another topic says nothing about this one.
    match &*facts {
        (known, found) if known == topic => found.clone(),
        _ if topic_name::problem(topic).is_some() => TopicFacts::Unasked,
        _ => TopicFacts::Pending,
    }
}
